"""API.md, Meanings that must not be guessed: Deadlines. Arithmetic is that of RULES.md, Computing dates."""

import pytest

from client import findings, new_id, refused
from program import geleit_json
from story import DISCHARGED, at

# ---------------------------------------------------------------- what every row says


def test_the_examples_of_the_rules(story):
    """RULES.md: Discharge Fri 2026-02-20: start window ends Fri 2026-04-03, not rolled. Receipt Fri
    2026-03-13 + 3 weeks ends Fri 2026-04-03 (Karfreitag), acts on Tue 2026-04-07. Denial posted 2026-01-27:
    notified Sat 2026-01-31, objection until Sat 2026-02-28, acts on Mon 2026-03-02."""
    case = story.referral()
    start = case.deadline("SMN-START")
    assert (start["due_on"], start["acts_on"], start["hint_on"]) == (
        "2026-04-03",
        "2026-04-03",
        "2026-04-07",
    )
    case.applies(submitted_on="2026-03-12", received_on="2026-03-13")
    decision = case.deadline("GKV-DECISION")
    assert (decision["due_on"], decision["acts_on"]) == ("2026-04-03", "2026-04-07")
    other = story.referral(prescribed_on="2026-01-19", received_on="2026-01-19", discharged_on=None)
    other.applies(submitted_on="2026-01-19")
    other.is_denied(decided_on="2026-01-26", posted_on="2026-01-27")
    objection = other.deadline("GKV-OBJECTION")
    assert (objection["due_on"], objection["acts_on"]) == ("2026-02-28", "2026-03-02")


def test_a_row_says_where_it_comes_from(story):
    """`anchor` is {`event`, `date`}; `calendar` is the Land (`DE-BY`), or `DE` for holidays everywhere"""
    case = story.referral()
    case.applies(submitted_on="2026-02-24", received_on="2026-02-25")
    start, decision = case.deadline("SMN-START"), case.deadline("GKV-DECISION")
    assert start["anchor"] == {"event": "ReferralReceived", "date": DISCHARGED}
    assert decision["anchor"] == {"event": "ApplicationSubmitted", "date": "2026-02-25"}
    assert start["calendar"] == decision["calendar"] == "DE-BY"
    rule_sets = case.client.get("status")["rule_sets"]
    assert start["rule_set"] in {s["name"] for s in rule_sets} | {s["hash"] for s in rule_sets}
    assert "03.04.2026" in start["explanation"]


def test_the_anchor_event_is_the_one_that_told_the_date(story):
    """`anchor` is {`event`, `date`}"""
    case = story.referral(discharged_on=None)
    case.does("RecordDischarge", {"discharged_on": DISCHARGED})
    assert case.deadline("SMN-START")["anchor"] == {"event": "DischargeRecorded", "date": DISCHARGED}
    case.is_visited("2026-02-27")
    assert case.deadline("SMN-COMPLETE")["anchor"] == {"event": "VisitDelivered", "date": "2026-02-27"}


def test_the_case_shows_its_deadlines(story):
    """one case adds `deadlines`, `balance`, `visits`, `tasks`, `approvals`, … `findings`"""
    case = story.running()
    now = case.now()
    key = lambda row: (row["rule"], row["due_on"])  # noqa: E731
    assert sorted(now["deadlines"], key=key) == sorted(case.rows("deadlines"), key=key)
    assert now["balance"] == case.balance()
    assert now["visits"] == case.rows("visits")
    assert now["tasks"] == case.rows("tasks")
    assert [a["approval"] for a in now["approvals"]] == [case.approval]


# ---------------------------------------------------------------- SMN-START


@pytest.mark.parametrize(
    "today,state,days_left",
    [
        ("2026-03-01", "open", 33),
        ("2026-04-02", "open", 1),
        ("2026-04-03", "open", 0),
        ("2026-04-04", "missed", None),
        ("2026-06-30", "missed", None),
    ],
)
def test_missed_from_the_day_after(story, today, state, days_left):
    """missed, alerts and `days_left` (= `acts_on` − today, null unless open) go by `acts_on`: met on or
    before it, `missed` from the day after."""
    row = story.referral().deadline("SMN-START", today=today)
    assert (row["state"], row["days_left"], row["met_on"]) == (state, days_left, None)


@pytest.mark.parametrize(
    "visited,state",
    [(DISCHARGED, "met"), ("2026-03-15", "met"), ("2026-04-03", "met"), ("2026-04-04", "missed")],
)
def test_start_is_met_by_the_first_unit(story, visited, state):
    """SMN-START: `discharged_on` + 42 days; met by the first delivered, not voided visit whose date is on
    or after `discharged_on`; met late it stays `missed`, with `met_on`."""
    case = story.referral()
    case.is_visited(visited)
    case.is_visited("2026-04-20")
    row = case.deadline("SMN-START")
    assert (row["state"], row["met_on"], row["days_left"]) == (state, visited, None)


def test_the_first_unit_is_the_earliest_however_late_it_is_recorded(story):
    """met by the first delivered … visit; a fact dated on or before `acts_on` meets it even if recorded
    after"""
    case = story.referral()
    case.is_visited("2026-04-20")
    assert case.deadline("SMN-START")["state"] == "missed"
    case.is_visited("2026-03-20")
    row = case.deadline("SMN-START")
    assert (row["state"], row["met_on"]) == ("met", "2026-03-20")


def test_a_preparatory_unit_meets_no_start(story):
    """… whose date is on or after `discharged_on`"""
    case = story.referral()
    case.is_visited("2026-02-19")
    assert case.deadline("SMN-START", today="2026-04-03")["state"] == "open"
    assert case.is_overdue(today="2026-04-04")


def test_a_void_of_the_first_unit_opens_the_start_again(story):
    """met by the first delivered, *not voided* visit"""
    case = story.referral()
    case.is_visited("2026-03-02")
    first = case.visit
    case.is_visited("2026-03-30")
    case.does("VoidVisit", {"visit": first, "reason": "doppelt"})
    assert case.deadline("SMN-START")["met_on"] == "2026-03-30"
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    row = case.deadline("SMN-START", today="2026-04-03")
    assert (row["state"], row["met_on"], row["days_left"]) == ("open", None, 0)
    assert case.is_overdue(today="2026-04-04")


def test_a_correction_of_the_first_unit_moves_the_start(story):
    """A correction counts from the start"""
    case = story.referral()
    case.is_visited("2026-03-02")
    case.does(
        "CorrectVisit", {"visit": case.visit, "started_at": at("2026-04-04"), "reason": "falscher Tag"}
    )
    row = case.deadline("SMN-START")
    assert (row["state"], row["met_on"]) == ("missed", "2026-04-04")


def test_the_berlin_date_of_the_first_unit_decides(story):
    """met … on or before it: an instant becomes a date by Europe/Berlin"""
    in_time, late = story.referral(), story.referral()
    in_time.is_visited("2026-04-03", started_at="2026-04-03T21:59:59Z")
    late.is_visited("2026-04-03", started_at="2026-04-03T22:00:00Z")
    assert in_time.deadline("SMN-START")["state"] == "met"
    assert late.deadline("SMN-START")["state"] == "missed"


def test_without_a_discharge_there_is_a_task(story):
    """Without a discharge date there is no row but a task."""
    case = story.referral(discharged_on=None)
    assert case.deadlines("SMN-START") == []
    assert not case.is_overdue(today="2031-01-01")
    assert "SMN-START" in {task["why"] for task in case.now()["tasks"] if task["task"]}
    case.does("RecordDischarge", {"discharged_on": DISCHARGED})
    assert case.deadline("SMN-START")["due_on"] == "2026-04-03"


@pytest.mark.parametrize(
    "today,days", [("2026-04-03", None), ("2026-04-04", 1), ("2026-04-07", 4), ("2026-06-30", 88)]
)
def test_overdue_from_the_day_after(story, today, days):
    """Overdue: today > `due_on`, no such visit, case not ended."""
    case = story.referral()
    case.does("AssignCareTeam", {"lead": "m.roth"})
    rows = case.rows("overdue-starts", today=today)
    if days is None:
        assert rows == []
    else:
        (row,) = rows
        assert (row["discharged_on"], row["due_on"], row["days_overdue"], row["lead"]) == (
            DISCHARGED,
            "2026-04-03",
            days,
            "m.roth",
        )


def test_a_delivered_visit_takes_the_case_off_the_list(story):
    """a child discharged six weeks and a day ago without a unit stands in `overdue-starts` and leaves it
    when the first visit is delivered"""
    case = story.referral(prescribed_on="2026-05-17", received_on="2026-05-17", discharged_on="2026-05-18")
    assert case.deadline("SMN-START")["due_on"] == "2026-06-29"
    assert [row["days_overdue"] for row in case.rows("overdue-starts")] == [1]
    case.is_visited("2026-06-30")
    assert case.rows("overdue-starts") == []


@pytest.mark.parametrize("end", ["completed", "discontinued", "withdrawn", "denied"])
def test_an_ended_case_is_not_overdue(story, end):
    """Overdue: … case not ended."""
    case = story.referral()
    if end == "discontinued":
        case.discontinues("2026-05-01")
    elif end == "withdrawn":
        case.does("WithdrawReferral", {"reason": "Familie verzichtet"})
    elif end == "denied":
        case.applies()
        case.is_denied()
    else:
        case.is_visited("2026-02-27")
        visit = case.visit
        case.completes("2026-05-01")
        case.does("VoidVisit", {"visit": visit, "reason": "doppelt"})
    assert case.state == end
    assert not case.is_overdue(today="2026-06-30")


# ---------------------------------------------------------------- moot


@pytest.mark.parametrize(
    "ended_on,state",
    [("2026-03-10", "moot"), ("2026-04-03", "moot"), ("2026-04-04", "missed"), ("2026-05-10", "missed")],
)
@pytest.mark.parametrize("end", ["discontinued", "withdrawn", "denied"])
def test_a_case_that_ended_in_time_makes_it_moot(story, end, ended_on, state):
    """A case that ended on or before `acts_on` without meeting it makes it `moot`, for good while it is
    ended, without `met_on`"""
    case = story.referral()
    if end == "discontinued":
        case.discontinues(ended_on)
    elif end == "withdrawn":
        case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened=ended_on)
    else:
        case.applies()
        case.is_denied(decided_on=ended_on, posted_on=ended_on)
    for today in ("2026-05-10", "2026-06-30", "2030-01-01"):
        row = case.deadline("SMN-START", today=today)
        assert (row["state"], row["met_on"], row["days_left"]) == (state, None, None)


def test_a_fact_in_time_meets_it_even_after_the_end(story):
    """a fact dated on or before `acts_on` meets it even if recorded after the end"""
    case = story.referral()
    case.discontinues("2026-04-01")
    assert case.deadline("SMN-START")["state"] == "moot"
    case.is_visited("2026-03-30")
    row = case.deadline("SMN-START")
    assert (row["state"], row["met_on"]) == ("met", "2026-03-30")


def test_a_fact_too_late_meets_nothing_of_an_ended_case(story):
    """moot …, for good while it is ended, without `met_on`"""
    case = story.referral()
    case.discontinues("2026-04-01", "died")
    case.is_visited("2026-04-10", reasons={"SMN-DEATH": "Abschlussgespräch mit den Eltern"})
    row = case.deadline("SMN-START")
    assert (row["state"], row["met_on"]) == ("moot", None)


def test_reopening_makes_it_count_again(story):
    """`moot`, for good *while it is ended*"""
    case = story.referral()
    case.discontinues("2026-03-10")
    case.does("ReopenCase", {"reason": "Irrtum"})
    assert case.deadline("SMN-START", today="2026-04-03")["state"] == "open"
    assert case.deadline("SMN-START", today="2026-04-04")["state"] == "missed"


# ---------------------------------------------------------------- SMN-COMPLETE


def test_complete_runs_from_the_first_unit(story):
    """SMN-COMPLETE: anchor as configured, + 84 days; … `hint_on` = `discharged_on` + 84."""
    case = story.referral()
    assert case.deadlines("SMN-COMPLETE") == []
    case.is_visited("2026-02-19")  # preparatory
    assert case.deadlines("SMN-COMPLETE") == []
    case.is_visited("2026-02-27")
    row = case.deadline("SMN-COMPLETE", today="2026-05-22")
    assert (row["due_on"], row["acts_on"], row["hint_on"]) == ("2026-05-22", "2026-05-22", "2026-05-15")
    assert (row["state"], row["days_left"]) == ("open", 0)
    assert case.deadline("SMN-COMPLETE", today="2026-05-23")["state"] == "missed"
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    assert case.deadlines("SMN-COMPLETE") == []


def test_complete_does_not_roll(story):
    """CAL-NO-ROLL: a *benefit window* (SMN-START, SMN-COMPLETE) does not move"""
    case = story.running(first="2026-03-02")  # + 84 days is Whit Monday
    row = case.deadline("SMN-COMPLETE")
    assert (row["due_on"], row["acts_on"]) == ("2026-05-25", "2026-05-25")


@pytest.mark.parametrize("end", ["completed", "discontinued"])
@pytest.mark.parametrize("on,state", [("2026-05-22", "met"), ("2026-05-23", "missed")])
def test_complete_is_met_by_the_end(story, end, on, state):
    """met by `completed_on` or `discontinued_on`"""
    case = story.running()
    case.completes(on) if end == "completed" else case.discontinues(on)
    row = case.deadline("SMN-COMPLETE")
    assert (row["state"], row["met_on"], row["days_left"]) == (state, on, None)


# ---------------------------------------------------------------- hints and calendars


@pytest.mark.parametrize(
    "discharged,due,hint",
    [
        ("2026-02-20", "2026-04-03", "2026-04-07"),  # Karfreitag -> Tuesday after Easter
        ("2026-02-16", "2026-03-30", None),  # a Monday that is no holiday
        ("2026-03-21", "2026-05-02", "2026-05-04"),  # a Saturday
        ("2026-03-20", "2026-05-01", "2026-05-04"),  # 1 May, a Friday
    ],
)
def test_the_rolled_date_is_a_hint_only(story, discharged, due, hint):
    """For the other benefit windows `hint_on` is the rolled date where it differs."""
    case = story.referral(prescribed_on=discharged, received_on=discharged, discharged_on=discharged)
    row = case.deadline("SMN-START", today="2026-06-30")
    assert (row["due_on"], row["acts_on"], row.get("hint_on")) == (due, due, hint)
    assert row["state"] == "missed"


def test_a_communitys_holiday_is_none(story):
    """calendars hold what is a holiday in the whole Land (15 August is not one in all of Bavaria, but is in
    the Saarland)"""
    for land, acts_on in (("DE-BY", "2025-08-15"), ("DE-SL", "2025-08-18")):
        case = story.referral(
            land=land,
            born="2024-01-01",
            prescribed_on="2025-07-20",
            received_on="2025-07-20",
            discharged_on="2025-07-20",
        )
        case.applies(submitted_on="2025-07-25")
        row = case.deadline("GKV-DECISION")
        assert (row["due_on"], row["acts_on"], row["calendar"]) == ("2025-08-15", acts_on, land)


# ---------------------------------------------------------------- GKV-DECISION


def decisions(case, **params):
    return {row["anchor"]["date"]: row for row in case.deadlines("GKV-DECISION", **params)}


def test_one_decision_for_each_application(story):
    """GKV-DECISION: one per application and per extension request (anchor `received_on` / `requested_on`):
    + 21 days"""
    case = story.running()
    case.applies(submitted_on="2026-03-02", received_on="2026-03-05")
    case.asks_to_extend(4, "2026-04-20")
    rows = decisions(case)
    assert {day: row["due_on"] for day, row in rows.items()} == {
        "2026-02-19": "2026-03-12",
        "2026-03-05": "2026-03-26",
        "2026-04-20": "2026-05-11",
    }
    assert [rows[day]["anchor"]["event"] for day in sorted(rows)] == [
        "ApplicationSubmitted",
        "ApplicationSubmitted",
        "ExtensionRequested",
    ]


def test_received_on_defaults_to_submitted_on(story):
    """`received_on`? (by the insurer; default `submitted_on`)"""
    case = story.referral()
    case.applies(submitted_on="2026-03-02")
    assert case.deadline("GKV-DECISION")["anchor"]["date"] == "2026-03-02"


@pytest.mark.parametrize(
    "decided_on,state", [("2026-04-03", "met"), ("2026-04-07", "met"), ("2026-04-08", "missed")]
)
@pytest.mark.parametrize("decision", ["approved", "denied"])
def test_a_decision_meets_it(story, decision, decided_on, state):
    """A decision meets the oldest undecided one of its kind; met on or before `acts_on`"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    if decision == "approved":
        case.is_approved(decided_on=decided_on)
    else:
        case.is_denied(decided_on=decided_on, posted_on=decided_on)
    row = case.deadline("GKV-DECISION")
    assert (row["state"], row["met_on"], row["acts_on"]) == (state, decided_on, "2026-04-07")


def test_missed_goes_by_the_rolled_day(story):
    """missed … and `days_left` go by `acts_on`"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    row = case.deadline("GKV-DECISION", today="2026-04-07")
    assert (row["state"], row["days_left"]) == ("open", 0)
    assert case.deadline("GKV-DECISION", today="2026-04-03")["days_left"] == 4
    assert case.deadline("GKV-DECISION", today="2026-04-08")["state"] == "missed"


def test_a_decision_meets_the_oldest_undecided_one(story):
    """A decision meets the oldest undecided one of its kind"""
    case = story.referral()
    case.applies(submitted_on="2026-03-02")
    case.applies(submitted_on="2026-03-09")
    case.is_denied(decided_on="2026-03-12", posted_on="2026-03-12")
    rows = decisions(case, today="2026-03-12")
    assert (rows["2026-03-02"]["state"], rows["2026-03-02"]["met_on"]) == ("met", "2026-03-12")
    assert (rows["2026-03-09"]["state"], rows["2026-03-09"]["met_on"]) == ("open", None)
    case.is_approved(decided_on="2026-03-16")
    assert decisions(case)["2026-03-09"]["met_on"] == "2026-03-16"


def test_a_decision_on_an_extension_meets_no_application(story):
    """A decision meets the oldest undecided one *of its kind*"""
    case = story.running()
    case.applies(submitted_on="2026-04-13")
    case.asks_to_extend(4, "2026-04-20")
    case.granted("GrantExtension", units=4, decided_on="2026-04-27")
    rows = decisions(case, today="2026-04-30")
    assert rows["2026-04-20"]["met_on"] == "2026-04-27"
    assert (rows["2026-04-13"]["state"], rows["2026-04-13"]["met_on"]) == ("open", None)


def test_a_further_approval_meets_no_deadline(story):
    """a further GrantApproval without one adds minutes and meets no deadline"""
    case = story.approved()
    before = case.deadlines("GKV-DECISION")
    case.is_approved(units=3, decided_on="2026-03-10")
    assert case.deadlines("GKV-DECISION") == before
    assert case.balance()["approved"] == 900
    case.applies(submitted_on="2026-03-20")
    assert decisions(case)["2026-03-20"]["met_on"] is None


@pytest.mark.parametrize(
    "told_on,due_on,flagged",
    [
        ("2026-03-20", "2026-04-17", False),
        ("2026-04-03", "2026-04-17", False),
        ("2026-04-07", "2026-04-17", False),
        ("2026-04-08", "2026-04-03", True),
    ],
)
def test_an_expert_opinion_told_in_time_moves_it(story, told_on, due_on, flagged):
    """+ 35 once an expert opinion was told in time (told after the 21-day `acts_on` it is flagged and moves
    nothing)"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    noted = case.does("NoteExpertOpinion", {"told_on": told_on})
    assert (findings(noted) & {"GKV-DECISION-EXPERT"} != set()) == flagged
    assert case.deadline("GKV-DECISION")["due_on"] == due_on


def test_an_expert_opinion_belongs_to_the_oldest_undecided_one(story):
    """it belongs to the oldest undecided one"""
    case = story.referral()
    case.applies(submitted_on="2026-03-02")
    case.applies(submitted_on="2026-03-09")
    case.does("NoteExpertOpinion", {"told_on": "2026-03-16"})
    assert {day: row["due_on"] for day, row in decisions(case).items()} == {
        "2026-03-02": "2026-04-06",
        "2026-03-09": "2026-03-30",
    }
    case.is_denied(decided_on="2026-03-17", posted_on="2026-03-17")
    case.does("NoteExpertOpinion", {"told_on": "2026-03-18"})
    assert decisions(case)["2026-03-09"]["due_on"] == "2026-04-13"


def test_an_expert_opinion_may_move_an_extension(story):
    """GKV-DECISION: one per application and per extension request …: + 35 once an expert opinion was told
    in time"""
    case = story.running()
    case.asks_to_extend(4, "2026-04-20")
    case.does("NoteExpertOpinion", {"told_on": "2026-04-27"})
    assert decisions(case)["2026-04-20"]["due_on"] == "2026-05-25"


@pytest.mark.parametrize(
    "told_on,opinion_on,due_on,acts_on",
    [
        (None, None, "2026-03-23", "2026-03-23"),  # 3 weeks
        ("2026-03-20", "2026-03-30", "2026-04-13", "2026-04-13"),  # 2 weeks from the opinion
        ("2026-03-20", "2026-04-17", "2026-05-01", "2026-05-04"),  # 1 May, a Friday
        ("2026-03-20", "2026-04-27", "2026-05-02", "2026-05-04"),  # 2 months in all, a Saturday
    ],
)
def test_a_decision_under_sgb_ix(story, told_on, opinion_on, due_on, acts_on):
    """Under `Sgb9_14_18`: 3 weeks; with an opinion 2 weeks from `opinion_on`; 2 months in all."""
    case = story.referral()
    case.applies(submitted_on="2026-03-02", regime="Sgb9_14_18")
    if told_on:
        case.does("NoteExpertOpinion", {"told_on": told_on, "opinion_on": opinion_on})
    row = case.deadline("GKV-DECISION")
    assert (row["due_on"], row["acts_on"]) == (due_on, acts_on)


@pytest.mark.parametrize("end", ["discontinued", "withdrawn"])
@pytest.mark.parametrize("ended_on,state", [("2026-04-07", "moot"), ("2026-04-08", "missed")])
def test_an_end_makes_an_undecided_one_moot(story, end, ended_on, state):
    """A case that ended on or before `acts_on` without meeting it makes it `moot`"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    if end == "discontinued":
        case.discontinues(ended_on)
    else:
        case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened=ended_on)
    assert case.deadline("GKV-DECISION")["state"] == state


def test_a_denial_makes_no_gkv_row_moot(story):
    """A denial makes no GKV row moot."""
    case = story.referral()
    case.applies(submitted_on="2026-06-15")
    case.applies(submitted_on="2026-06-16")
    case.is_denied(decided_on="2026-06-26", posted_on="2026-06-26")
    assert case.state == "denied"
    assert decisions(case)["2026-06-16"]["state"] == "open"
    case.is_denied(decided_on="2026-06-27", posted_on="2026-06-27")
    rows = case.deadlines("GKV-OBJECTION")
    assert {row["state"] for row in rows} == {"open"} and len(rows) == 2
    assert case.deadline("SMN-START")["state"] == "missed"


def test_an_extension_request_of_a_denied_case_is_not_moot(story):
    """A denial makes no GKV row moot."""
    case = story.referral()
    case.applies(submitted_on="2026-06-01")
    case.is_visited("2026-02-27")
    case.asks_to_extend(4, "2026-06-15")
    case.is_denied(decided_on="2026-06-22", posted_on="2026-06-22")
    assert case.state == "denied"
    assert decisions(case)["2026-06-15"]["state"] == "open"


# ---------------------------------------------------------------- GKV-OBJECTION


def denied(story, posted_on, instruction_given=True, **changes):
    early = {
        "born": "2022-05-05",
        "prescribed_on": "2024-11-01",
        "received_on": "2024-11-01",
        "discharged_on": "2024-11-01",
    }
    case = story.referral(**{**early, **changes})
    case.applies(submitted_on="2024-11-04" if posted_on < "2026" else "2026-01-05")
    case.is_denied(decided_on=posted_on, posted_on=posted_on, instruction_given=instruction_given)
    return case


@pytest.mark.parametrize(
    "posted_on,instruction_given,due_on,acts_on",
    [
        ("2026-01-27", True, "2026-02-28", "2026-03-02"),  # notified Saturday 31 January, not rolled
        ("2026-01-26", True, "2026-02-28", "2026-03-02"),  # notified 30 January; February has no 30th
        ("2026-02-24", True, "2026-03-28", "2026-03-30"),
        ("2026-03-30", True, "2026-05-03", "2026-05-04"),  # notified Karfreitag, 3 April, not rolled
        ("2024-12-31", True, "2025-02-03", "2025-02-03"),  # the third day: 3 January
        ("2025-01-01", True, "2025-02-05", "2025-02-05"),  # the fourth day: 5 January
        ("2025-01-27", False, "2026-01-31", "2026-02-02"),  # a year from 31 January
        ("2025-02-24", False, "2026-02-28", "2026-03-02"),  # a year from 28 February
    ],
)
def test_an_objection_is_due_a_month_after_the_notice(story, posted_on, instruction_given, due_on, acts_on):
    """GKV-OBJECTION: notified = `posted_on` + 4 days (posted before 2025-01-01: + 3), not rolled; + 1
    month, or + 1 year without instruction"""
    row = denied(story, posted_on, instruction_given).deadline("GKV-OBJECTION")
    assert (row["due_on"], row["acts_on"]) == (due_on, acts_on)
    assert row["anchor"] == {"event": "ApprovalDenied", "date": posted_on}


@pytest.mark.parametrize(
    "filed_on,state", [("2026-02-10", "met"), ("2026-03-02", "met"), ("2026-03-03", "missed")]
)
def test_an_objection_meets_it(story, filed_on, state):
    """met on or before `acts_on`; Objection commands belong to the latest denial."""
    case = denied(story, "2026-01-27")
    case.does("FileObjection", {"filed_on": filed_on})
    row = case.deadline("GKV-OBJECTION")
    assert (row["state"], row["met_on"]) == (state, filed_on)


def test_one_objection_for_each_denial(story):
    """GKV-OBJECTION: one per denial, extensions included; Objection commands belong to the latest
    denial."""
    case = story.referral()
    case.applies()
    case.is_denied(decided_on="2026-03-02", posted_on="2026-03-02")
    case.is_approved(decided_on="2026-04-20")  # after the first one's day has passed
    case.is_visited("2026-02-27")
    case.asks_to_extend(4, "2026-04-21")
    case.does("DenyExtension", case.denial_data(decided_on="2026-04-28", posted_on="2026-04-28"))
    case.does("FileObjection", {"filed_on": "2026-05-04"})
    rows = {row["anchor"]["date"]: row for row in case.deadlines("GKV-OBJECTION")}
    assert {day: (row["state"], row["met_on"]) for day, row in rows.items()} == {
        "2026-03-02": ("missed", None),
        "2026-04-28": ("met", "2026-05-04"),
    }
    assert rows["2026-04-28"]["anchor"]["event"] == "ExtensionDenied"


@pytest.mark.parametrize(
    "decided_on,state", [("2026-02-10", "moot"), ("2026-03-02", "moot"), ("2026-03-03", "missed")]
)
def test_an_approval_makes_the_objection_moot(story, decided_on, state):
    """moot when an approval of the same kind, withdrawal, completion or discontinuation comes on or before
    `acts_on`"""
    case = denied(story, "2026-01-27")
    case.is_approved(decided_on=decided_on)
    row = case.deadline("GKV-OBJECTION")
    assert (row["state"], row["met_on"]) == (state, None)


def test_an_approval_of_the_other_kind_makes_nothing_moot(story):
    """moot when an approval *of the same kind* … comes"""
    case = story.running()
    case.asks_to_extend(4, "2026-05-18")
    case.does("DenyExtension", case.denial_data(decided_on="2026-06-15", posted_on="2026-06-15"))
    case.is_approved(units=2, decided_on="2026-06-22")
    assert case.deadline("GKV-OBJECTION")["state"] == "open"
    case.is_extended(4, requested_on="2026-06-22", decided_on="2026-06-25")
    assert case.deadline("GKV-OBJECTION")["state"] == "moot"


@pytest.mark.parametrize("end", ["completed", "discontinued", "withdrawn"])
@pytest.mark.parametrize("ended_on,state", [("2026-03-02", "moot"), ("2026-03-03", "missed")])
def test_an_end_makes_the_objection_moot(story, end, ended_on, state):
    """moot when … withdrawal, completion or discontinuation comes on or before `acts_on`"""
    # A denied case cannot end in another way; a second application opens it again.
    case = denied(story, "2026-01-27")
    case.applies(submitted_on="2026-02-02")
    if end == "withdrawn":
        case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened=ended_on)
    else:
        case.is_visited("2025-01-15")
        case.does(
            "CompleteCare", {"completed_on": ended_on, "goal_reached": True}
        ) if end == "completed" else (case.discontinues(ended_on))
    row = case.deadline("GKV-OBJECTION")
    assert (row["state"], row["met_on"]) == (state, None)


def test_the_explanation_is_a_sentence_in_two_languages(story, english):
    """… and a sentence that a case manager can read (RULES.md)"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    for rule in ("SMN-START", "GKV-DECISION"):
        english.positions.update(case.client.positions)
        german = case.deadline(rule)["explanation"]
        said = english.rows("deadlines", case=case.id, rule=rule)[0]["explanation"]
        assert german != said and "Karfreitag" in german
        assert "2026" in german and "2026" in said


def calculated(rule: str, anchor: str, *options: str) -> str:
    return geleit_json("deadline", rule, anchor, "--land", "DE-BY", *options, "--json")["explanation"]


def test_the_calculator_says_the_same_sentence(story):
    """`geleit deadline --json` prints … `explanation`"""
    case = story.running("2026-02-27")
    assert case.deadline("SMN-START")["explanation"] == calculated("SMN-START", DISCHARGED)
    complete = calculated("SMN-COMPLETE", "2026-02-27", "--discharged-on", DISCHARGED)
    assert case.deadline("SMN-COMPLETE")["explanation"] == complete
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    assert case.deadline("GKV-DECISION")["explanation"] == calculated("GKV-DECISION", "2026-03-13")
    case.does("NoteExpertOpinion", {"told_on": "2026-03-20"})
    with_opinion = calculated("GKV-DECISION", "2026-03-13", "--expert")
    assert case.deadline("GKV-DECISION")["explanation"] == with_opinion
    case.is_denied(decided_on="2026-03-27", posted_on="2026-03-30", instruction_given=False)
    objection = calculated("GKV-OBJECTION", "2026-03-30", "--no-instruction")
    assert case.deadline("GKV-OBJECTION")["explanation"] == objection


@pytest.mark.parametrize("opinion_on", [None, "2026-03-20", "2026-04-19"])
def test_the_calculator_says_the_same_sentence_under_sgb9(story, opinion_on):
    """Under `Sgb9_14_18`: 3 weeks; with an opinion 2 weeks from `opinion_on`; 2 months in all."""
    case = story.referral()
    case.applies(submitted_on="2026-03-02", regime="Sgb9_14_18")
    options = ["--regime", "Sgb9_14_18"]
    if opinion_on:
        case.does("NoteExpertOpinion", {"told_on": "2026-03-09", "opinion_on": opinion_on})
        options += ["--opinion-on", opinion_on]
    assert case.deadline("GKV-DECISION")["explanation"] == calculated("GKV-DECISION", "2026-03-02", *options)


def test_a_fiction_raises_a_task_and_no_minutes(story):
    """GKV-FICTION: it never adds to the billable contingent; it raises a task"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    assert "GKV-FICTION" not in {t["why"] for t in case.now(today="2026-04-07")["tasks"]}
    now = case.now(today="2026-04-08")
    assert "GKV-FICTION" in {t["why"] for t in now["tasks"]}
    assert (now["balance"]["approved"], now["state"]) == (0, "applied")


def test_deadlines_of_unknown_cases(client):
    """404 is for cases only: a list of an unknown case is empty"""
    assert client.rows("deadlines", case=new_id()) == []
    refused(client.ask(f"cases/{new_id()}"), 404)
