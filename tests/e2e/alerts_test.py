"""A missed deadline becomes a fact, once, and its alert lives until what was missed is true no longer
(DESIGN.md, Time; API.md, alerts). Channels, which tell people of it, have tests of their own.

Mia was discharged on 2026-02-20: her start is due until Good Friday, 2026-04-03, and missed from Saturday on.
Easter Monday is no working day either, so the team's first working hour is on Tuesday, 2026-04-07, at
08:00."""

import random
import re
import time

import httpx
import pytest

from client import Client, new_id, refused
from program import geleit, geleit_json
from story import Case, Story, at, day_after

DUE = "2026-04-03"
MISSED_AT = "2026-04-04T00:00:00+02:00"
LATER = at("2026-04-10", "12:00")  # a Friday
TODAY = "2026-04-10"
CLOCK = LATER  # of the server that most tests here share
ANSWERS = ("acknowledged", "snoozed_until", "snoozed")
DONE, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3


def missed(case: Case) -> list[dict]:
    """The lines of its history that say that a deadline was missed."""
    return [row for row in case.history() if row["event"] in ("StartDeadlineMissed", "DeadlineMissed")]


class House:
    """One service, started at one time after the other."""

    def __init__(self, serve):
        self.serve = serve
        self.server = None

    def opens(self, clock: str) -> Client:
        self.server, client = self.serve(clock=clock)
        return client

    def opens_again(self, clock: str, kill=False) -> Client:
        """Once it has recorded what is due by then."""
        self.server.kill() if kill else self.server.stop()
        client = self.opens(clock)
        client.settles()
        return client


@pytest.fixture
def house(serve):
    return House(serve)


def acknowledges(case: Case, alert: str, **envelope) -> dict:
    return case.does("AcknowledgeAlert", {"alert": alert, "note": "Familie ruft zurück"}, **envelope)


def snoozes(case: Case, alert: str, until: str, **envelope) -> dict:
    data = {"alert": alert, "until": until, "reason": "Kind im Urlaub"}
    return case.does("SnoozeAlert", data, **envelope)


@pytest.fixture
def overdue(story) -> Case:
    """A case whose start was missed a week ago, and watch has recorded it."""
    return story.referral().settles()


# ---------------------------------------------------------------- a missed start becomes a fact, once


def test_a_missed_start_is_recorded_at_midnight(serve):
    """A deadline acts at 00:00 Europe/Berlin of the day after; `happened` is that, whenever it is recorded"""
    _, client = serve(clock=at(DUE, "23:59:55"))
    case = Story(client).referral()
    status = client.settles()
    if status["clock"]["now"] < MISSED_AT:  # a slow machine may have come too late
        assert (status["watch"]["next_due"], status["watch"]["oldest_due"]) == (MISSED_AT, None)
        assert case.alerts() == [] or client.get("status")["clock"]["now"] >= MISSED_AT
    end = time.monotonic() + 30
    while not missed(case):
        assert time.monotonic() < end, client.get("status")
        time.sleep(0.05)
    event = case.history()[-1]
    assert (event["version"], event["event"], event["happened"]) == (2, "StartDeadlineMissed", MISSED_AT)
    assert event["data"] == {"generation": 1, "due_on": DUE, "acts_on": DUE}
    assert event["by"] is None
    assert MISSED_AT <= event["recorded"] < at("2026-04-04", "00:00:20")
    alert = case.alert()
    assert (alert["state"], alert["level"], alert["raised"], alert["rule"]) == (
        "open",
        1,
        MISSED_AT,
        "SMN-START",
    )


def test_the_last_day_is_not_missed(house):
    """missed, alerts … go by `acts_on`: `missed` from the day after"""
    case = Story(house.opens(at(DUE, "12:00"))).referral().settles()
    assert (case.events(), case.alerts()) == (["ReferralReceived"], [])
    client = house.opens_again(MISSED_AT)
    assert [row["happened"] for row in missed(Case(client, case.id))] == [MISSED_AT]


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_no_later_start_records_it_again(house, kill):
    """recorded exactly once whoever crashes"""
    case = Story(house.opens(LATER)).referral().settles()
    once = case.history()
    assert [row["event"] for row in once] == ["ReferralReceived", "StartDeadlineMissed"]
    client = house.opens_again(LATER, kill)
    assert Case(client, case.id).history() == once


def test_the_same_whoever_records_it(serve):
    """a deterministic id (case, rule, generation)"""
    case, alerts = new_id(), set()
    for data in ("here", "there"):
        _, client = serve(clock=LATER, data=data)
        client.done("ReceiveReferral", case, Story(client).data())
        alerts.add(Case(client, case).settles().alert()["alert"])
    assert len(alerts) == 1
    assert re.fullmatch(r"[0-9a-f-]{14}5[0-9a-f-]{21}", alerts.pop())


def test_killed_while_it_records_each_is_recorded_once(house):
    """`StartDeadlineMissed` … any number of … crashes and restarts record each exactly once"""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    client = house.opens(at(DUE, "12:00"))
    story = Story(client)
    lines = [
        {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
        for _ in range(400)
    ]
    assert all("status" not in answer for answer in client.lines(lines))
    house.server.stop()
    for _ in range(4):
        house.opens(LATER)
        time.sleep(chance.uniform(0, 0.05))
        house.server.kill()
    client = house.opens(LATER)
    assert client.settles()["trouble"] == [], seed
    raised = client.rows("alerts")
    assert sorted(row["case"] for row in raised) == sorted(line["case"] for line in lines)
    for case in chance.sample([line["case"] for line in lines], 20):
        assert Case(client, case).events() == ["ReferralReceived", "StartDeadlineMissed"]
    assert {row["version"] for row in client.rows("cases")} == {2}


def test_what_was_missed_while_the_service_stood_still_is_caught_up_with(house):
    """After a month's stop it catches up, oldest first"""
    client = house.opens(at("2026-03-01"))
    story = Story(client)
    cases = [story.referral(discharged_on=day_after("2026-02-10", n)).id for n in range(14, -1, -1)]
    assert client.settles()["watch"]["due"] == 0
    client = house.opens_again(at("2026-05-04"))
    found = [missed(Case(client, case)) for case in cases]
    assert [[row["happened"][:10] for row in rows] for rows in found] == [
        [day_after("2026-02-10", n + 43)] for n in range(14, -1, -1)
    ]
    raised = [row["raised"] for row in client.rows("alerts", sort="raised")]
    assert raised == sorted(raised) and len(raised) == len(cases)
    recorded = [rows[0]["recorded"] for rows in found]
    assert recorded == sorted(recorded, reverse=True)


def test_the_tables_tell_of_it_too(overdue):
    """overdue-starts: `alert` {`id`, `state`, `raised`}; one case adds … `alerts`"""
    alert = overdue.alert()
    row = overdue.rows("overdue-starts")[0]
    assert row["alert"] == {"id": alert["alert"], "state": "open", "raised": MISSED_AT}
    assert overdue.now()["alerts"] == [alert]
    assert (alert["due_on"], alert["acts_on"]) == (DUE, DUE)
    assert (alert["benefit"], alert["closed_by"]) == ("SMN", None)
    assert alert["sent"] == [] and all(alert[answer] is None for answer in ANSWERS)


def test_who_is_responsible_stands_in_the_row(story):
    """alerts: `lead`, and the team that the settings put the lead into"""
    settings = {"teams": [{"team": "nord", "members": ["m.roth"]}]}
    story.client.done(
        "AdoptSettings", None, {"provider": story.provider, "from": "2026-01-01", "settings": settings}
    )
    case = story.referral()
    assert (case.settles().alert()["lead"], case.alert()["team"]) == (None, None)
    case.does("AssignCareTeam", {"lead": "m.roth"})
    assert (case.alert()["lead"], case.alert()["team"]) == ("m.roth", "nord")
    assert [row["alert"] for row in story.client.rows("alerts", team="nord")] == [case.alert()["alert"]]


@pytest.mark.parametrize(
    "filters,found",
    [
        ({"state": "open"}, True),
        ({"state": "closed"}, False),
        ({"state": "escalated"}, False),
        ({"rule": "SMN-START"}, True),
        ({"rule": "GKV-DECISION"}, False),
        ({"raised": "2026-04-04"}, True),
        ({"raised": MISSED_AT}, True),
        ({"raised__from": "2026-04-05"}, False),
        ({"raised__to": "2026-04-03"}, False),
        ({"due_on": DUE}, True),
        ({"acts_on__from": day_after(DUE)}, False),
        ({"level": 1}, True),
        ({"level__from": 2}, False),
        ({"benefit": "ST"}, False),
        ({"closed_by": "met"}, False),
    ],
    ids=str,
)
def test_alerts_are_filtered(overdue, filters, found):
    """filters in the query string (any scalar column `=`, dates and numbers also `.from`, `.to`)"""
    rows = overdue.client.rows("alerts", provider=overdue.now()["provider"], **filters)
    assert [row["case"] for row in rows] == [overdue.id] * found


def test_a_filter_that_no_alert_can_have_is_refused(client):
    """unknown words are 400"""
    for name, value in (("state", "angry"), ("closed_by", "open"), ("closed_by", "hand"), ("sent", "1")):
        refused(client.ask("alerts", **{name: value}), 400, field=name)


# ---------------------------------------------------------------- what closes it


def test_the_first_unit_closes_it(overdue):
    """Truth closes an alert: first unit delivered"""
    alert = overdue.alert()["alert"]
    overdue.is_visited("2026-04-09")
    row = overdue.alert()
    assert (row["alert"], row["state"], row["closed_by"]) == (alert, "closed", "met")
    assert overdue.rows("overdue-starts") == []
    assert overdue.client.settles() and len(missed(overdue)) == 1


def test_a_unit_taken_back_opens_another(overdue):
    """A deadline opens anew … when what met it is taken back"""
    first = overdue.alert()["alert"]
    overdue.is_visited("2026-04-09")
    voided = overdue.does("VoidVisit", {"visit": overdue.visit, "reason": "falsches Kind"})
    rows = {row["alert"]: row for row in overdue.settles().alerts()}
    assert (rows[first]["state"], rows[first]["closed_by"]) == ("closed", "corrected")
    second = next(row for row in rows.values() if row["alert"] != first)
    assert (second["state"], second["raised"], len(rows)) == ("open", MISSED_AT, 2)
    assert missed(overdue)[-1]["data"]["generation"] == voided["version"]


def test_a_unit_that_was_in_time_closes_it_too(overdue):
    """a fact dated on or before `acts_on` meets it even if recorded after"""
    overdue.is_visited("2026-03-20")
    assert (overdue.alert()["state"], overdue.alert()["closed_by"]) == ("closed", "met")


def test_a_corrected_discharge_opens_a_new_generation(house):
    """A discharge corrected later opens a new generation and closes the old alert with the reason"""
    case = Story(house.opens(LATER)).referral().settles()
    old = case.alert()["alert"]
    acknowledges(case, old)
    corrected = case.does("RecordDischarge", {"discharged_on": "2026-03-01"})  # due until 2026-04-12
    row = case.settles().alert()
    assert (row["alert"], row["state"], row["closed_by"]) == (old, "closed", "corrected")
    assert len(missed(case)) == 1
    case = Case(house.opens_again(at("2026-04-12", "23:00")), case.id)
    assert len(case.alerts()) == 1
    case = Case(house.opens_again(at("2026-04-13", "00:00:01")), case.id)
    rows = {row["alert"]: row for row in case.alerts()}
    new = next(row for row in rows.values() if row["alert"] != old)
    assert (rows[old]["closed_by"], new["state"], new["due_on"]) == ("corrected", "open", "2026-04-12")
    assert new["raised"] == "2026-04-13T00:00:00+02:00" and new["acknowledged"] is None
    assert missed(case)[-1]["data"]["generation"] == corrected["version"]


def test_a_discharge_corrected_to_an_earlier_day_is_missed_at_once(serve):
    """opens anew … when its anchor date … change"""
    _, client = serve(clock=at("2026-04-01"))
    case = Story(client).referral().settles()
    assert case.alerts() == []
    case.does("RecordDischarge", {"discharged_on": "2026-02-10"})  # due until 2026-03-24
    assert case.settles().alert()["raised"] == "2026-03-25T00:00:00+01:00"


def test_the_end_of_the_case_closes_it_and_a_reopening_opens_it(overdue):
    """Truth closes an alert: … case ended; reopened if the cause returns"""
    alert = overdue.alert()["alert"]
    overdue.discontinues(TODAY)
    assert (overdue.alert()["state"], overdue.alert()["closed_by"]) == ("closed", "ended")
    overdue.does("ReopenCase", {"reason": "Irrtum"})
    row = overdue.settles().alert()
    assert (row["alert"], row["state"], row["closed_by"]) == (alert, "open", None)
    overdue.does("WithdrawReferral", {"reason": "Familie verzichtet"})
    assert (overdue.alert()["state"], overdue.alert()["closed_by"]) == ("closed", "ended")
    assert len(missed(overdue)) == 1


def test_a_case_that_ended_in_time_has_missed_nothing(story):
    """A case that ended on or before `acts_on` without meeting it makes it `moot`"""
    moot, late = story.referral(discharged_on=None), story.referral(discharged_on=None)
    for case, day in ((moot, DUE), (late, day_after(DUE))):
        case.discontinues(day)
        case.does("RecordDischarge", {"discharged_on": "2026-02-20"})
        case.settles()
    assert (moot.alerts(), missed(moot)) == ([], [])
    assert (late.alert()["state"], late.alert()["closed_by"]) == ("closed", "ended")


# ---------------------------------------------------------------- what people answer


def test_who_acknowledges_it_takes_care_of_it(overdue):
    """`acknowledged` {`by`, `at`, `note`}"""
    alert = overdue.alert()["alert"]
    when = at(TODAY, "11:30")
    accepted = acknowledges(overdue, alert, by="m.roth", happened=when)
    assert accepted["event"] == "AlertAcknowledged"
    row = overdue.alert()
    assert row["state"] == "acknowledged"
    assert row["acknowledged"] == {"by": "m.roth", "at": when, "note": "Familie ruft zurück"}
    assert row["snoozed"] is None and row["snoozed_until"] is None
    assert overdue.rows("overdue-starts")[0]["alert"]["state"] == "acknowledged"
    assert overdue.history()[-1]["data"]["alert"] == alert
    assert overdue.history()[-1]["data"]["note"] == "Familie ruft zurück"


def test_a_note_may_be_left_out(overdue):
    """`alert`, `note`?"""
    overdue.does("AcknowledgeAlert", {"alert": overdue.alert()["alert"]})
    answer = overdue.alert()["acknowledged"]
    assert (answer["by"], answer["note"]) == (None, None)


def test_acknowledging_a_closed_one_changes_nothing(overdue):
    """always (no effect on a closed alert); also not after the case was reopened"""
    alert = overdue.alert()["alert"]
    overdue.discontinues(TODAY)
    closed = overdue.alert()
    assert acknowledges(overdue, alert)["event"] == "AlertAcknowledged"
    assert snoozes(overdue, alert, "2026-04-20")["event"] == "AlertSnoozed"
    assert overdue.alert() == closed
    overdue.does("ReopenCase", {"reason": "Irrtum"})
    row = overdue.settles().alert()
    assert row["state"] == "open" and all(row[answer] is None for answer in ANSWERS)


def test_a_reopened_one_has_the_answer_that_it_had(overdue):
    """reopened if the cause returns, with the answers it had"""
    acknowledges(overdue, overdue.alert()["alert"])
    overdue.discontinues(TODAY)
    overdue.does("ReopenCase", {"reason": "Irrtum"})
    assert overdue.settles().alert()["state"] == "acknowledged"


@pytest.mark.parametrize(
    "today,state",
    [("2026-04-10", "snoozed"), ("2026-04-13", "snoozed"), ("2026-04-14", "open"), ("2026-05-20", "open")],
)
def test_a_snooze_ends_by_itself(overdue, today, state):
    """snooze ends by itself, at the beginning of that day"""
    when = at(TODAY, "11:30")
    snoozes(overdue, overdue.alert()["alert"], "2026-04-14", happened=when)
    row = overdue.alert(today=today)
    assert (row["state"], row["snoozed_until"]) == (state, "2026-04-14")
    assert row["snoozed"] == {"by": None, "at": when, "reason": "Kind im Urlaub"}
    assert row["acknowledged"] is None
    assert overdue.alerts(state=state, today=today) == [row]
    assert overdue.rows("overdue-starts", today=today)[0]["alert"]["state"] == state


def test_the_last_answer_counts(overdue):
    """open → acknowledged → snoozed → …"""
    alert = overdue.alert()["alert"]
    snoozes(overdue, alert, "2026-04-20")
    acknowledges(overdue, alert)
    assert (overdue.alert()["state"], overdue.alert()["snoozed_until"]) == ("acknowledged", None)
    snoozes(overdue, alert, "2026-04-21")
    assert (overdue.alert()["state"], overdue.alert()["acknowledged"]) == ("snoozed", None)


@pytest.mark.parametrize("until", ["2026-04-09", "2026-04-10", "2026-05-11", "2027-04-10"])
def test_nobody_can_silence_an_alert_for_good(overdue, until):
    """`until` after today, and for no longer than the settings allow: 30 days as shipped"""
    data = {"alert": overdue.alert()["alert"], "until": until, "reason": "Kind im Urlaub"}
    refused(overdue.tries("SnoozeAlert", data), 400, field="until")
    assert overdue.alert()["state"] == "open"
    snoozes(overdue, data["alert"], "2026-04-11")
    snoozes(overdue, data["alert"], "2026-05-10")


def test_a_provider_sets_how_long_one_may_be_snoozed(story):
    """… as the settings of the provider allow"""
    settings = {"alerts": {"snooze_days_max": 3}}
    story.client.done(
        "AdoptSettings", None, {"provider": story.provider, "from": "2026-01-01", "settings": settings}
    )
    case = story.referral().settles()
    data = {"alert": case.alert()["alert"], "until": "2026-04-14", "reason": "Kind im Urlaub"}
    refused(case.tries("SnoozeAlert", data), 400, field="until")
    snoozes(case, data["alert"], "2026-04-13")


def test_an_alert_of_another_case_is_unknown(story):
    """an unknown visit, alert or approval is 409 with `field`"""
    one, other = story.referral().settles(), story.referral().settles()
    for command, more in (
        ("AcknowledgeAlert", {}),
        ("SnoozeAlert", {"until": "2026-04-14", "reason": "Kind im Urlaub"}),
    ):
        refused(one.tries(command, {"alert": other.alert()["alert"], **more}), 409, field="alert")
        refused(one.tries(command, {"alert": new_id(), **more}), 409, field="alert")
    assert (one.alert()["state"], other.alert()["state"]) == ("open", "open")


# ---------------------------------------------------------------- when nobody answers


def escalations(case: Case) -> list[tuple]:
    return [(r["happened"], r["data"]["level"]) for r in case.history() if r["event"] == "AlertEscalated"]


def test_an_alert_that_nobody_answers_goes_up_after_working_hours(house):
    """unacknowledged for N working hours escalates to the next level: 8 as shipped, then 16, on working days
    from 08:00 to 17:00"""
    case = Story(house.opens(at("2026-04-04", "00:00:10"))).referral()
    assert case.settles().alert()["level"] == 1
    first = case.client.get("status")["watch"]["next_due"]
    assert first == at("2026-04-07", "16:00"), "8 working hours from Easter Saturday"

    case = Case(house.opens_again(at("2026-04-07", "15:58")), case.id)
    assert (case.alert()["state"], escalations(case)) == ("open", [])

    case = Case(house.opens_again(at("2026-04-07", "16:05")), case.id)
    assert (case.alert()["state"], case.alert()["level"]) == ("escalated", 2)
    assert escalations(case) == [(first, 2)]
    second = case.client.get("status")["watch"]["next_due"]
    assert second[:15] == "2026-04-09T14:0", "16 working hours from Tuesday 16:05: 55 min, 9 h, 6 h 5 min"

    case = Case(house.opens_again(at("2026-04-09", "15:00")), case.id)
    assert (case.alert()["state"], case.alert()["level"]) == ("escalated", 3)
    assert escalations(case) == [(first, 2), (second, 3)]
    assert case.client.get("status")["watch"]["next_due"] is None, "there is no level above"
    assert case.alerts(level=3, state="escalated") == case.alerts()
    assert case.rows("overdue-starts")[0]["alert"]["state"] == "escalated"


def test_who_acknowledges_it_stops_it_going_up(house):
    """acknowledging stops further notices"""
    case = Story(house.opens(at("2026-04-07", "08:00"))).referral().settles()
    acknowledges(case, case.alert()["alert"])
    assert case.client.settles()["watch"]["next_due"] is None
    case = Case(house.opens_again(at("2026-04-17", "12:00")), case.id)
    assert (case.alert()["state"], case.alert()["level"], escalations(case)) == ("acknowledged", 1, [])


def test_who_snoozes_it_gives_the_time_anew(house):
    """snooze ends by itself; from then on the working hours count"""
    case = Story(house.opens(at("2026-04-07", "08:00"))).referral().settles()
    snoozes(case, case.alert()["alert"], "2026-04-13")  # a Monday
    assert case.client.settles()["watch"]["next_due"] == at("2026-04-13", "16:00")
    case = Case(house.opens_again(at("2026-04-13", "16:05")), case.id)
    assert (case.alert()["state"], escalations(case)) == ("escalated", [(at("2026-04-13", "16:00"), 2)])
    acknowledges(case, case.alert()["alert"])
    assert (case.alert()["state"], case.alert()["level"]) == ("acknowledged", 2)


def test_a_closed_alert_does_not_go_up(house):
    """Truth closes an alert"""
    case = Story(house.opens(at("2026-04-07", "08:00"))).referral().settles()
    case.is_visited("2026-04-06")
    case = Case(house.opens_again(at("2026-04-17", "12:00")), case.id)
    assert escalations(case) == []


def test_a_provider_sets_after_how_many_hours_it_goes_up(house):
    """after N working hours"""
    client = house.opens(at("2026-04-07", "08:00"))
    story = Story(client)
    settings = {"alerts": {"escalate_after_hours": [2, 3]}}
    data = {"provider": story.provider, "from": "2026-01-01", "settings": settings}
    client.done("AdoptSettings", None, data)
    case = story.referral().settles()
    assert client.settles()["watch"]["next_due"][:16] == "2026-04-07T10:00"
    case = Case(house.opens_again(at("2026-04-07", "10:30")), case.id)
    assert case.alert()["level"] == 2
    assert case.client.get("status")["watch"]["next_due"][:16] == "2026-04-07T13:30"


# ---------------------------------------------------------------- other deadlines, and approvals


def test_a_decision_that_did_not_come_is_a_missed_deadline(story):
    """`DeadlineMissed` (other rules)"""
    case = story.referral(discharged_on=None)
    applied = case.applies(received_on="2026-02-19")  # three weeks: until Thursday, 2026-03-12
    row = case.settles().alert()
    assert (row["rule"], row["due_on"], row["raised"]) == (
        "GKV-DECISION",
        "2026-03-12",
        "2026-03-13T00:00:00+01:00",
    )
    event = missed(case)[0]
    assert (event["event"], event["happened"]) == ("DeadlineMissed", "2026-03-13T00:00:00+01:00")
    assert event["data"] == {
        "rule": "GKV-DECISION",
        "generation": applied["version"],
        "due_on": "2026-03-12",
        "acts_on": "2026-03-12",
    }
    case.is_approved(decided_on="2026-04-09")
    assert (case.settles().alert()["state"], case.alert()["closed_by"]) == ("closed", "met")
    assert len(missed(case)) == 1


def test_a_rolled_deadline_is_missed_after_the_day_that_it_is_rolled_to(house):
    """`acts_on` where the rule rolls"""
    case = Story(house.opens(at("2026-04-07", "12:00"))).referral(discharged_on=None)
    case.applies(submitted_on="2026-03-12", received_on="2026-03-13")  # ends on Good Friday, acts on Tuesday
    assert case.settles().alerts() == []
    row = Case(house.opens_again(at("2026-04-08", "00:00")), case.id).alert()
    assert (row["due_on"], row["acts_on"], row["raised"]) == (
        "2026-04-03",
        "2026-04-07",
        "2026-04-08T00:00:00+02:00",
    )


def test_each_deadline_of_a_case_has_its_own_alert(overdue):
    """an alert belongs to one deadline: case, rule, generation"""
    overdue.applies()
    rows = overdue.settles().alerts()
    assert sorted(row["rule"] for row in rows) == ["GKV-DECISION", "SMN-START"]
    first = next(row for row in rows if row["rule"] == "GKV-DECISION")
    acknowledges(overdue, first["alert"])
    assert {row["rule"]: row["state"] for row in overdue.alerts()} == {
        "GKV-DECISION": "acknowledged",
        "SMN-START": "open",
    }


def test_an_approval_that_ran_out_is_a_fact_once(house):
    """`ApprovalPeriodLapsed`; a lapsed approval period changes no state and no minutes"""
    case = Story(house.opens(at("2026-06-30", "12:00"))).running()

    def lapsed(case):
        return [row for row in case.history() if row["event"] == "ApprovalPeriodLapsed"]

    before = case.settles().now()
    assert lapsed(case) == []
    now = Case(house.opens_again(at("2026-07-01", "00:00")), case.id)
    (event,) = lapsed(now)
    assert (event["happened"], event["by"]) == ("2026-07-01T00:00:00+02:00", None)
    assert event["data"] == {"approval": case.approval, "until": "2026-06-30"}
    for member in ("state", "balance", "visits"):
        assert now.now()[member] == before[member]
    assert [row for row in now.alerts() if row["raised"] >= "2026-07-01"] == [], "nobody is alerted of it"

    change = {"approval": case.approval, "until": "2026-07-31", "reason": "verlängert"}
    now.does("CorrectApproval", change)
    client = house.opens_again(at("2026-07-31", "12:00"), kill=True)
    assert len(lapsed(Case(client, case.id))) == 1
    client = house.opens_again(at("2026-08-01", "12:00"), kill=True)
    assert [row["data"]["until"] for row in lapsed(Case(client, case.id))] == ["2026-06-30", "2026-07-31"]


# ---------------------------------------------------------------- a clock that follows the commands


def entered(name: str, case: str, data: dict, when: str) -> dict:
    return {"command": name, "id": new_id(), "case": case, "data": data, "entered": when}


def test_what_comes_due_between_two_commands_is_recorded_at_its_own_time(serve):
    """`--clock entered`: due timers are recorded before the first later command"""
    _, client = serve(clock="entered")
    story = Story(client)
    # The later one comes first: the order is that of what falls due.
    cases = {"2026-02-22": new_id(), "2026-02-20": new_id(), "2026-02-23": new_id()}
    referrals = [
        entered("ReceiveReferral", case, story.data(discharged_on=day), at("2026-02-23"))
        for day, case in cases.items()
    ]
    third = cases["2026-02-23"]
    team = entered("AssignCareTeam", third, {"lead": "m.roth"}, at("2026-04-10", "09:30"))
    assert all("status" not in line for line in client.lines([*referrals, team]))
    assert client.get("status")["clock"]["now"][:16] == "2026-04-10T09:30"
    wanted = {"2026-02-20": "2026-04-04", "2026-02-22": "2026-04-06", "2026-02-23": "2026-04-07"}
    for discharged, day in wanted.items():
        (event,) = missed(Case(client, cases[discharged]))
        midnight = f"{day}T00:00:00+02:00"
        assert (event["happened"], event["recorded"]) == (midnight, midnight)
    history = Case(client, third).history()
    assert history[-1]["event"] == "CareTeamAssigned"
    assert history[-1]["recorded"] == at("2026-04-10", "09:30:00")
    recorded = [row["recorded"] for row in history]
    assert recorded == sorted(recorded)


def test_what_goes_up_between_two_commands_does_so_at_its_own_time(serve):
    """`--clock entered`: … recorded times of its own, of what follows from what was recorded, too"""
    _, client = serve(clock="entered")
    story = Story(client)
    early, late = new_id(), new_id()
    client.lines(
        [
            entered("ReceiveReferral", early, story.data(), at("2026-03-10")),
            entered("ReceiveReferral", late, story.data(discharged_on="2026-03-09"), at("2026-03-10")),
            entered("AssignCareTeam", early, {"lead": "m.roth"}, at("2026-05-04")),
        ]
    )
    times = [(row["event"], row["recorded"][:16]) for row in Case(client, early).history()]
    assert times == [
        ("ReferralReceived", "2026-03-10T10:00"),
        ("StartDeadlineMissed", "2026-04-04T00:00"),
        ("AlertEscalated", "2026-04-07T16:00"),
        ("AlertEscalated", "2026-04-09T14:00"),
        ("CareTeamAssigned", "2026-05-04T10:00"),
    ]
    times = [(row["event"], row["recorded"][:16]) for row in Case(client, late).history()]
    assert times == [
        ("ReferralReceived", "2026-03-10T10:00"),
        ("StartDeadlineMissed", "2026-04-21T00:00"),
        ("AlertEscalated", "2026-04-21T16:00"),
        ("AlertEscalated", "2026-04-23T14:00"),
    ]


def test_what_comes_due_between_two_commands_of_one_day_is_recorded_between_them(serve):
    """`--clock entered`: due timers are recorded before the first later command"""
    _, client = serve(clock="entered")
    story = Story(client)
    case = new_id()
    lines = client.lines(
        [
            entered("ReceiveReferral", case, story.data(discharged_on="2026-03-01"), at("2026-03-10")),
            entered("AssignCareTeam", case, {"lead": "m.roth"}, at("2026-04-07", "09:00")),
            # The right day makes the start due before this was known.
            entered("RecordDischarge", case, {"discharged_on": "2026-02-20"}, at("2026-04-07", "09:30")),
            entered("AssignCareTeam", case, {"lead": "l.winter"}, at("2026-04-07", "09:31")),
            entered("AssignCareTeam", case, {"lead": "m.roth"}, at("2026-04-08", "08:00")),
            entered("AssignCareTeam", case, {"lead": "l.winter"}, at("2026-04-08", "09:00")),
        ]
    )
    assert all("status" not in line for line in lines)
    times = [(row["event"], row["recorded"][:16]) for row in Case(client, case).history()][2:]
    assert times == [
        ("DischargeRecorded", "2026-04-07T09:30"),
        ("StartDeadlineMissed", "2026-04-07T09:30"),
        ("CareTeamAssigned", "2026-04-07T09:31"),
        ("CareTeamAssigned", "2026-04-08T08:00"),
        ("AlertEscalated", "2026-04-08T08:30"),
        ("CareTeamAssigned", "2026-04-08T09:00"),
    ]


def test_nothing_comes_due_by_itself_while_the_clock_stands(serve):
    """`--clock entered` takes it from the commands' `entered`"""
    _, client = serve(clock="entered")
    story = Story(client)
    case = new_id()
    client.lines([entered("ReceiveReferral", case, story.data(), at(DUE, "23:00"))])
    time.sleep(0.5)
    assert missed(Case(client, case)) == []


# ---------------------------------------------------------------- warnings


@pytest.mark.parametrize(
    "today,warning",
    [
        ("2026-03-15", None),
        ("2026-03-16", 14),
        ("2026-03-24", 14),
        ("2026-03-25", 7),
        ("2026-03-31", 7),
        ("2026-04-01", 2),
        ("2026-04-02", 2),
        ("2026-04-03", 2),
        ("2026-04-04", None),
    ],
)
def test_a_start_warns_14_7_and_2_working_days_before(story, today, warning):
    """Warnings before: 14, 7 and 2 working days before SMN-START, without an event each"""
    case = story.referral()
    row = case.deadline("SMN-START", today=today)
    assert row["warning"] == warning
    found = case.rows("deadlines", rule="SMN-START", warning__from=1, today=today)
    assert found == ([row] if warning else [])
    if warning:
        assert case.rows("deadlines", warning=warning, today=today) == [row]
        assert [d["warning"] for d in case.now(today=today)["deadlines"]] == [warning]


@pytest.mark.parametrize(
    "land,discharged,wanted",
    [
        # Due on the Tuesday after Easter: Friday and Monday are no working days.
        ("DE-BY", "2026-02-24", {"2026-03-24": 14, "2026-03-25": 7, "2026-03-31": 7, "2026-04-01": 2}),
        # Due on the day after Epiphany, a holiday in Bavaria and not in Berlin.
        ("DE-BY", "2025-11-26", {"2025-12-22": 14, "2025-12-23": 7, "2026-01-01": 7, "2026-01-02": 2}),
        ("DE-BE", "2025-11-26", {"2025-12-23": 14, "2025-12-24": 7, "2026-01-04": 7, "2026-01-05": 2}),
    ],
)
def test_holidays_bring_a_warning_forward(story, land, discharged, wanted):
    """working days … of the case's Land"""
    case = story.referral(
        land=land, prescribed_on="2025-11-24", received_on="2025-11-25", discharged_on=discharged
    )
    told = {day: case.deadline("SMN-START", today=day)["warning"] for day in wanted}
    assert told == wanted


def test_what_is_met_warns_of_nothing(story):
    """`warning`: of an open one"""
    case = story.referral()
    case.is_visited("2026-02-27")
    assert case.deadline("SMN-START", today="2026-04-02")["warning"] is None
    assert not [name for name in case.events() if "Warn" in name], "no event tells of a warning"


def test_a_provider_sets_when_it_is_warned(story):
    """(a setting per rule)"""
    settings = {"alerts": {"warnings": {"SMN-START": [10], "GKV-DECISION": [3]}}}
    story.client.done(
        "AdoptSettings", None, {"provider": story.provider, "from": "2026-01-01", "settings": settings}
    )
    case = story.referral()
    case.applies(submitted_on="2026-03-12", received_on="2026-03-13")  # acts on 2026-04-07
    told = [case.deadline("SMN-START", today=day)["warning"] for day in ("2026-03-19", "2026-03-20")]
    assert told == [None, 10]
    told = [case.deadline("GKV-DECISION", today=day)["warning"] for day in ("2026-03-30", "2026-03-31")]
    assert told == [None, 3]


# ---------------------------------------------------------------- versions


def test_what_the_service_adds_is_passed_over(overdue):
    """Events that the service adds take versions like all, but `expect_version` passes over them; a 409 on it
    carries the current `version`"""
    assert overdue.version == 2
    accepted = overdue.does("AssignCareTeam", {"lead": "m.roth"}, expect_version=1)
    assert accepted["version"] == 3
    for wrong in (1, 2, 4):
        problem = refused(overdue.tries("AssignCareTeam", {"lead": "a.ander"}, expect_version=wrong), 409)
        assert problem["version"] == 3
    overdue.applies()
    assert overdue.settles().version == 5  # and GKV-DECISION was missed
    tag = {"If-Match": '"4"'}
    assert overdue.tries("AssignCareTeam", {"lead": "a.ander"}, headers=tag).json()["version"] == 6
    assert [row["version"] for row in overdue.history()] == [1, 2, 3, 4, 5, 6]


def test_the_version_that_was_read_may_be_that_of_the_service(overdue):
    """… `expect_version` passes over them: whoever has seen them names them"""
    tag = overdue.client.ask(f"cases/{overdue.id}").headers["etag"]
    assert tag == '"2"'
    answer = overdue.tries("AssignCareTeam", {"lead": "m.roth"}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


# ---------------------------------------------------------------- status and metrics


def metrics_of(client: Client) -> dict[str, float]:
    lines = httpx.get(client.url + "/metrics", timeout=10).text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_watch_tells_what_it_did(house):
    """`geleit_watch_delay_seconds` as histogram; count of alerts that should exist and do not = 0 is a metric
    and a line in `/status`"""
    Story(house.opens(at(DUE, "12:00"))).referral()
    client = house.opens_again(LATER)
    watch = client.settles()["watch"]
    assert (watch["recorded"], watch["refused"], watch["late"], watch["oldest_due"]) == (1, 0, 0, None)
    told = metrics_of(client)
    assert told["geleit_watch_recorded_total"] == 1
    assert told["geleit_watch_delay_seconds_count"] == 1
    late = 6.5 * 86_400  # from Saturday's midnight to Friday noon
    assert late <= told["geleit_watch_delay_seconds_sum"] < late + 60
    assert told['geleit_watch_delay_seconds_bucket{le="86400"}'] == 0
    assert told['geleit_watch_delay_seconds_bucket{le="+Inf"}'] == 1
    for gauge in ("due", "due_seconds", "missing_alerts", "missing_timers"):
        assert told[f"geleit_watch_{gauge}"] == 0, gauge


def test_late_paper_is_no_delay(serve):
    """`geleit_watch_delay_seconds`: of what was told of after it was due, from then on"""
    _, client = serve(clock=LATER)
    client.settles()
    Story(client).referral()
    assert client.settles()["watch"]["recorded"] == 1
    told = metrics_of(client)
    assert told["geleit_watch_delay_seconds_count"] == 1
    assert told["geleit_watch_delay_seconds_sum"] < 60


def test_watch_checks_all_cases_again_and_again(serve):
    """derive all due keys afresh from the cases and compare, continuously"""
    _, client = serve(clock=LATER)
    story = Story(client)
    for _ in range(3):
        story.referral()
    client.settles()
    end = time.monotonic() + 30
    while True:
        watch = client.get("status")["watch"]
        if watch["cases_checked"] > 10 and watch["checked_all_at"]:
            break
        assert time.monotonic() < end, watch
        time.sleep(0.1)
    assert (watch["wrong_timers"], watch["wrong_case"]) == (0, None)


def test_who_does_not_watch_says_so(serve):
    """Status: `watch` {…} | null; `--roles`"""
    _, client = serve(clock=LATER, extra=("--roles", "intake,query"))
    case = Story(client).referral()
    time.sleep(0.5)
    status = client.get("status")
    assert (status["watch"], status["roles"]) == (None, ["intake", "query"])
    assert (case.events(), case.alerts()) == (["ReferralReceived"], [])
    assert not [name for name in metrics_of(client) if name.startswith("geleit_watch")]
    assert case.is_overdue(TODAY), "overdue is derivable at any moment"


# ---------------------------------------------------------------- geleit alert


def alert_command(client: Client, *arguments, **options):
    return geleit("alert", *arguments, "--server", client.url, **options)


def listed(client: Client, provider: str, *arguments) -> list[str]:
    """The cases that it lists."""
    rows = geleit_json(
        "alert", "list", "--json", "--provider", provider, *arguments, "--server", client.url
    )
    return [row["case"] for row in rows]


def test_geleit_alert_list_shows_what_waits_for_an_answer(client, story):
    """`geleit alert list`: everything that is not closed"""
    cases = [story.referral().settles() for _ in range(4)]
    waiting, known, silent, over = (case.id for case in cases)
    acknowledges(cases[1], cases[1].alert()["alert"])
    snoozes(cases[2], cases[2].alert()["alert"], "2026-04-20")
    cases[3].is_visited("2026-04-09")
    everybody = listed(client, story.provider)
    assert sorted(everybody) == sorted([waiting, known, silent])
    assert sorted(listed(client, story.provider, "--all")) == sorted([waiting, known, silent, over])
    for state, case in (
        ("open", waiting),
        ("acknowledged", known),
        ("snoozed", silent),
        ("closed", over),
    ):
        assert listed(client, story.provider, "--state", state) == [case]
    assert listed(client, story.provider, "--state", "escalated") == []
    assert listed(client, story.provider + "-x") == []
    shown = alert_command(client, "list", "--provider", story.provider)
    assert shown.returncode == DONE, shown.stderr
    head, *lines = shown.stdout.splitlines()
    assert head.split()[:4] == ["alert", "case", "rule", "due_on"] and len(lines) == 3
    assert cases[0].alert()["alert"] in shown.stdout and over not in shown.stdout
    nothing = alert_command(client, "list", "--provider", story.provider + "-x")
    assert (nothing.returncode, nothing.stdout) == (DONE, "")
    assert nothing.stderr == "Keine Alarme.\n"


def test_geleit_alert_list_is_in_order_and_whole(serve):
    """… the oldest first, page by page"""
    _, client = serve(clock=LATER)
    story = Story(client)
    days = [day_after("2026-01-10", n % 40) for n in range(620)]
    lines = [
        {
            "command": "ReceiveReferral",
            "id": new_id(),
            "case": new_id(),
            "data": story.data(discharged_on=day, received_on="2026-01-05", prescribed_on="2026-01-05"),
        }
        for day in days
    ]
    assert all("status" not in answer for answer in client.lines(lines))
    client.settles()
    rows = geleit_json("alert", "list", "--json", "--server", client.url)
    due = [row["due_on"] for row in rows]
    assert due == sorted(day_after(day, 42) for day in days)


def test_geleit_alert_ack(client, overdue):
    """`geleit alert ack ALERT [--note TEXT] [--by SLUG]`"""
    alert = overdue.alert()["alert"]
    done = alert_command(client, "ack", alert, "--note", "Familie ruft zurück", "--by", "m.roth")
    assert done.returncode == DONE, done.stderr
    assert done.stdout == (
        f"Alarm {alert} zu Fall {overdue.id} ist bestätigt; niemand wird mehr benachrichtigt.\n"
    )
    row = overdue.alert()
    assert (row["state"], row["acknowledged"]["by"]) == ("acknowledged", "m.roth")
    assert row["acknowledged"]["note"] == "Familie ruft zurück"
    english = alert_command(client, "ack", alert, "--lang", "en")
    assert english.stdout == f"Alert {alert} of case {overdue.id} is acknowledged; nobody is told any more.\n"


def test_geleit_alert_ack_of_a_closed_one_says_that_it_changes_nothing(client, overdue):
    """no effect on a closed alert"""
    alert = overdue.alert()["alert"]
    overdue.is_visited("2026-04-09")
    done = alert_command(client, "ack", alert)
    assert done.returncode == DONE, done.stderr
    assert "ändert nichts" in done.stdout and "closed" in done.stdout
    assert overdue.alert()["state"] == "closed"


def test_geleit_alert_snooze(client, overdue):
    """`geleit alert snooze ALERT --until DATE --reason TEXT [--by SLUG]`"""
    alert = overdue.alert()["alert"]
    why = ("--reason", "Kind im Urlaub")
    done = alert_command(client, "snooze", alert, "--until", "2026-04-20", *why, "--by", "m.roth")
    assert done.returncode == DONE, done.stderr
    assert done.stdout == f"Alarm {alert} zu Fall {overdue.id} ruht bis 2026-04-20.\n"
    row = overdue.alert()
    assert (row["state"], row["snoozed_until"], row["snoozed"]["by"]) == ("snoozed", "2026-04-20", "m.roth")
    answer = geleit_json(
        "alert", "snooze", alert, "--until", "2026-04-21", *why, "--json", "--server", client.url
    )
    assert (answer["event"], answer["case"]) == ("AlertSnoozed", overdue.id)


def test_geleit_alert_tells_of_refusals(client, overdue):
    """exit status 1 refused"""
    alert = overdue.alert()["alert"]
    late = alert_command(client, "snooze", alert, "--until", "2027-04-20", "--reason", "später")
    assert (late.returncode, late.stdout) == (REFUSED, "")
    assert "until" in late.stderr and "400" in late.stderr
    unknown = alert_command(client, "ack", new_id())
    assert (unknown.returncode, unknown.stdout) == (REFUSED, "")
    assert unknown.stderr.startswith("geleit alert: erwartet einen Alarm"), unknown.stderr
    nobody = alert_command(client, "list", "--provider", "Hana München")
    assert (nobody.returncode, nobody.stdout) == (REFUSED, "")
    again = alert_command(client, "resend", new_id())
    assert (again.returncode, again.stdout) == (REFUSED, "")
    assert overdue.alert()["state"] == "open"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("list", "--state", "angry"),
        ("list", "--state", "open", "--all"),
        ("ack",),
        ("ack", "mia"),
        ("snooze", "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "--until", "2026-04-20"),
        ("snooze", "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "--until", "soon", "--reason", "x"),
        ("resend",),
        ("shout", "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e"),
    ],
    ids=" ".join,
)
def test_geleit_alert_used_wrongly(arguments):
    """exit status 2 usage"""
    assert geleit("alert", *arguments).returncode == USAGE


def test_geleit_alert_without_a_service():
    """exit status 3 unavailable"""
    for arguments in (("list",), ("ack", new_id()), ("resend", new_id())):
        assert geleit("alert", *arguments, "--server", "http://127.0.0.1:9").returncode == UNAVAILABLE
