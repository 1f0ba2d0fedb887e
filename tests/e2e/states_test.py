"""API.md, Meanings that must not be guessed: States."""

import pytest

from client import refused
from story import DISCHARGED, at


def test_a_case_goes_its_way(story):
    """`referred` → `applied` → `approved` → `running` → `completed`"""
    case = story.referral()
    assert case.state == "referred"
    case.applies()
    assert case.state == "applied"
    case.is_approved()
    assert case.state == "approved"
    case.is_visited("2026-02-27")
    assert case.state == "running"
    case.completes("2026-05-08")
    assert case.state == "completed"


def test_a_case_is_discontinued_or_withdrawn_from_anywhere(story):
    """→ `completed` | `discontinued` | `withdrawn` | `denied`"""
    for steps in range(4):
        case = story.referral()
        if steps > 0:
            case.applies()
        if steps > 1:
            case.is_approved()
        other = story.referral()
        if steps > 2:
            case.is_visited("2026-02-27")
        case.discontinues("2026-04-10")
        assert case.state == "discontinued"
        other.does("WithdrawReferral", {"reason": "Familie verzichtet"})
        assert other.state == "withdrawn"


def test_planning_and_care_plans_change_no_state(story):
    """`referred` → `applied` → `approved` → `running` (first unit delivered …)"""
    case = story.referral()
    case.schedules("2026-03-02")
    case.does("AssignCareTeam", {"lead": "m.roth"})
    case.does("AgreeCarePlan", {"agreed_on": "2026-03-01", "goals": ["Ernährung sicher"]})
    case.does("RecordCoverage", {"coverage": "insured", "since": "2026-01-01"})
    case.does("MissVisit", {"visit": case.visit})
    assert case.state == "referred"
    assert case.now()["lead"] == "m.roth"


@pytest.mark.parametrize(
    "started_at,state",
    [
        ("2026-02-19T22:59:00Z", "approved"),  # 23:59 in Berlin, the day before the discharge
        ("2026-02-19T23:00:00Z", "running"),  # 00:00 on the day of the discharge
    ],
)
def test_running_from_the_day_of_the_discharge(story, started_at, state):
    """`running` (first unit delivered on or after discharge …)"""
    case = story.approved()
    case.is_visited(DISCHARGED, started_at=started_at)
    assert case.state == state


def test_a_unit_may_be_delivered_before_approval(story):
    """A unit may be delivered before approval; the state is then `running`, its minutes at risk."""
    for applied in (False, True):
        case = story.referral()
        if applied:
            case.applies()
        case.is_visited("2026-02-27", minutes=45)
        balance = case.balance()
        assert (case.state, balance["at_risk"], balance["billable"]) == ("running", 45, 0)


def test_the_state_follows_what_becomes_known_of_the_discharge(story):
    """`running` (first unit delivered on or after discharge); a changed discharge recomputes"""
    case = story.referral(discharged_on=None)
    case.is_visited("2026-02-27")
    assert case.state == "referred"
    case.does("RecordDischarge", {"discharged_on": DISCHARGED})
    assert case.state == "running"
    case.does("RecordDischarge", {"discharged_on": "2026-02-28"})
    assert case.state == "referred"
    case.does("AmendReferral", {"discharged_on": "2026-02-27"})
    assert case.state == "running"


def test_a_void_of_the_only_unit_takes_the_state_back(story):
    """`running` (first unit delivered …): deliveries that were voided are none"""
    case = story.running()
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    assert case.state == "approved"


def test_a_correction_to_before_the_discharge_takes_the_state_back(story):
    """A correction counts from the start"""
    case = story.running()
    case.does(
        "CorrectVisit", {"visit": case.visit, "started_at": at("2026-02-19"), "reason": "falscher Tag"}
    )
    assert case.state == "approved"
    case.does("CorrectVisit", {"visit": case.visit, "started_at": at(DISCHARGED), "reason": "doch"})
    assert case.state == "running"


def test_completed_and_discontinued_outrank_denied(story):
    """Completed, discontinued and withdrawn outrank denied."""
    for command, data, state in (
        ("CompleteCare", {"completed_on": "2026-04-10", "goal_reached": True}, "completed"),
        ("DiscontinueCare", {"discontinued_on": "2026-04-10", "cause": "moved"}, "discontinued"),
    ):
        case = story.referral()
        case.applies()
        case.is_visited("2026-02-27")
        case.does(command, data)
        case.is_denied(decided_on="2026-04-13", posted_on="2026-04-13")
        now = case.now()
        assert (now["state"], now["closed_on"]) == (state, "2026-04-10")
        case.does("ReopenCase", {"reason": "Irrtum"})
        now = case.now()
        assert (now["state"], now["closed_on"]) == ("denied", "2026-04-13")


def test_withdrawn_outranks_denied(story):
    """Completed, discontinued and withdrawn outrank denied."""
    case = story.referral()
    case.applies()
    case.is_denied()
    case.does("FileObjection", {"filed_on": "2026-03-10"})
    case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened="2026-03-20")
    case.does("DecideObjection", {"decided_on": "2026-04-01", "upheld": False})
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("withdrawn", "2026-03-20")


def test_a_denial_of_the_application_makes_the_case_denied(story):
    """A denial of the application makes the case `denied`"""
    case = story.referral()
    case.applies()
    case.is_denied(decided_on="2026-02-27", posted_on="2026-03-01")
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("denied", "2026-02-27")


def test_a_denial_makes_a_running_case_denied(story):
    """A denial of the application makes the case `denied` unless an approval stands now"""
    case = story.referral()
    case.applies()
    case.is_visited("2026-02-25")
    case.is_denied()
    assert case.state == "denied"


def test_a_denial_beside_a_standing_approval_changes_nothing(story):
    """… unless an approval stands now"""
    case = story.approved()
    case.applies(submitted_on="2026-03-02")
    case.is_denied(decided_on="2026-03-10", posted_on="2026-03-10")
    assert case.state == "approved"
    case.does("RevokeApproval", {"approval": case.approval, "reason": "Versehen der Kasse"})
    assert case.state == "denied"


def test_an_approval_after_a_denial_stands(story):
    """… unless an approval stands now"""
    case = story.referral()
    case.applies()
    case.is_denied()
    case.is_approved(decided_on="2026-04-01")
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("approved", None)
    case.is_visited("2026-03-02")
    assert case.state == "running"


@pytest.mark.parametrize("visited,state", [(False, "applied"), (True, "running")])
def test_an_objection_puts_the_case_back(story, visited, state):
    """filing an objection … puts it back to what the other facts say (`running` or `applied`)"""
    case = story.referral()
    case.applies()
    if visited:
        case.is_visited("2026-02-25")
    case.is_denied()
    case.does("FileObjection", {"filed_on": "2026-03-10"})
    now = case.now()
    assert (now["state"], now["closed_on"]) == (state, None)


@pytest.mark.parametrize("visited,state", [(False, "applied"), (True, "running")])
def test_a_new_application_puts_the_case_back(story, visited, state):
    """… or a new application puts it back to what the other facts say (`running` or `applied`)"""
    case = story.referral()
    case.applies()
    if visited:
        case.is_visited("2026-02-25")
    case.is_denied()
    case.applies(submitted_on="2026-03-10")
    now = case.now()
    assert (now["state"], now["closed_on"]) == (state, None)
    case.is_denied(decided_on="2026-03-20", posted_on="2026-03-20")
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("denied", "2026-03-20")


def test_an_objection_not_upheld_makes_it_denied_again(story):
    """an objection not upheld makes it `denied` again; `closed_on` = … the `decided_on` … of the objection
    that failed"""
    case = story.referral()
    case.applies()
    case.is_denied()
    case.does("FileObjection", {"filed_on": "2026-03-10"})
    case.does("DecideObjection", {"decided_on": "2026-04-01", "upheld": False})
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("denied", "2026-04-01")


def test_an_upheld_objection_waits_for_the_approval(story):
    """an upheld one leaves it until GrantApproval"""
    case = story.referral()
    case.applies()
    case.is_denied()
    case.does("FileObjection", {"filed_on": "2026-03-10"})
    case.does("DecideObjection", {"decided_on": "2026-04-01", "upheld": True})
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("applied", None)
    case.is_approved(decided_on="2026-04-08")
    assert case.state == "approved"


def test_a_denied_extension_changes_neither_state_nor_minutes(story):
    """A denied extension changes neither state nor minutes."""
    case = story.running()
    case.asks_to_extend(4)
    before = case.balance()
    case.does("DenyExtension", case.denial_data(decided_on="2026-04-27", posted_on="2026-04-27"))
    assert case.state == "running"
    assert case.balance() == before
    case.does("FileObjection", {"filed_on": "2026-05-04"})
    case.does("DecideObjection", {"decided_on": "2026-05-20", "upheld": False})
    now = case.now()
    assert (now["state"], now["closed_on"], case.balance()) == ("running", None, before)


def test_reopening_removes_the_end(story):
    """Reopening removes the end: state, deadlines and `closed_on` are what the other facts say."""
    for end, data in (
        ("CompleteCare", {"completed_on": "2026-05-08", "goal_reached": True}),
        ("DiscontinueCare", {"discontinued_on": "2026-05-08", "cause": "moved"}),
    ):
        case = story.running()
        before = case.now(today="2026-05-10")
        case.does(end, data)
        ended = case.now(today="2026-05-10")
        assert ended["closed_on"] == "2026-05-08"
        assert case.deadline("SMN-COMPLETE", today="2026-05-10")["state"] == "met"
        case.does("ReopenCase", {"reason": "Irrtum"})
        after = case.now(today="2026-05-10")
        assert (after["state"], after["closed_on"]) == ("running", None)
        assert after["deadlines"] == before["deadlines"]
        assert after["balance"] == before["balance"]


def test_reopening_a_withdrawn_case(story):
    """Reopening removes the end: state, deadlines and `closed_on` are what the other facts say."""
    case = story.approved()
    case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened="2026-03-10")
    assert case.deadline("SMN-START")["state"] == "moot"
    case.does("ReopenCase", {"reason": "Familie will doch"})
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("approved", None)
    assert case.deadline("SMN-START")["state"] == "missed"
    assert case.is_overdue(today="2026-06-30")


def test_a_denial_is_not_reopened(story):
    """ReopenCase: … (a denial is answered by an objection or a new application)"""
    case = story.referral()
    case.applies()
    case.is_denied()
    refused(case.tries("ReopenCase", {"reason": "Irrtum"}), 409, state="denied")


def test_closed_on_is_the_day_of_the_end(story):
    """`closed_on` = `completed_on`, `discontinued_on`"""
    case = story.running()
    assert case.now()["closed_on"] is None
    case.completes("2026-05-08")
    assert case.now()["closed_on"] == "2026-05-08"
    other = story.running()
    other.discontinues("2026-05-09")
    assert other.now()["closed_on"] == "2026-05-09"


@pytest.mark.parametrize(
    "happened,closed_on",
    [("2026-03-10", "2026-03-10"), ("2026-03-10T23:30:00Z", "2026-03-11"), (None, "2026-06-30")],
)
def test_a_withdrawal_closes_on_its_day(story, happened, closed_on):
    """`closed_on` = … the date of the withdrawal's `happened`"""
    case = story.referral()
    case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened=happened)
    assert case.now()["closed_on"] == closed_on


def test_scheduled_visits_of_an_ended_case_show_as_cancelled(story):
    """While a case is ended its scheduled visits show as `cancelled` and do not count as scheduled;
    reopening shows them again."""
    case = story.running()
    case.schedules("2026-07-10", minutes=45)
    visit = case.visit
    assert (case.visit_row(visit)["state"], case.balance()["scheduled"]) == ("scheduled", 45)
    case.completes("2026-05-08")
    assert (case.visit_row(visit)["state"], case.balance()["scheduled"]) == ("cancelled", 0)
    assert [v["state"] for v in case.now()["visits"] if v["visit"] == visit] == ["cancelled"]
    assert case.rows("visits", state="scheduled") == []
    case.does("ReopenCase", {"reason": "Irrtum"})
    assert (case.visit_row(visit)["state"], case.balance()["scheduled"]) == ("scheduled", 45)


def test_a_denied_case_is_ended_for_its_schedule_too(story):
    """While a case is ended (completed, discontinued, withdrawn, denied) its scheduled visits show as
    `cancelled`"""
    case = story.referral()
    case.applies()
    case.schedules("2026-07-10")
    case.is_denied()
    assert (case.visit_row()["state"], case.balance()["scheduled"]) == ("cancelled", 0)
    case.does("FileObjection", {"filed_on": "2026-03-10"})
    assert (case.visit_row()["state"], case.balance()["scheduled"]) == ("scheduled", 60)


def test_a_lapsed_approval_period_changes_nothing(story):
    """A lapsed approval period changes no state and no minutes."""
    case = story.approved()
    case.is_approved(units=3, decided_on="2026-02-28", from_="2026-02-20", until="2026-03-01")
    balance = case.balance(today="2026-02-28")
    for today in ("2026-03-02", "2026-06-30", "2029-01-01"):
        assert case.now(today=today)["state"] == "approved"
        assert case.balance(today=today) == balance
    assert balance["approved"] == 900


def test_referred_on_is_the_day_of_receipt(story):
    """`referred_on` = `received_on`, which defaults to the date of `happened`."""
    assert (
        story.referral(received_on="2026-02-17", happened="2026-02-19").now()["referred_on"] == "2026-02-17"
    )
    assert story.referral(received_on=None, happened="2026-02-19").now()["referred_on"] == "2026-02-19"
    assert (
        story.referral(received_on=None, happened="2026-02-19T23:30:00Z").now()["referred_on"]
        == "2026-02-20"
    )
    assert story.referral(received_on=None).now()["referred_on"] == "2026-06-30"
    case = story.referral()
    case.does("AmendReferral", {"received_on": "2026-02-18"})
    assert case.now()["referred_on"] == "2026-02-18"


def test_an_amendment_replaces_whole_fields(story):
    """AmendReferral replaces whole fields"""
    person = {
        "given_name": "Mia",
        "family_name": "Musterkind",
        "born": "2025-11-02",
        "phone": "000 0000000",
    }
    case = story.referral(person=person, severe={"no_self_care": True})
    assert case.now()["person"]["phone"] == "000 0000000"
    renamed = {"given_name": "Mila", "family_name": "Musterkind", "born": "2025-11-02"}
    case.does("AmendReferral", {"person": renamed, "units": 14})
    now = case.now()
    assert now["person"].get("phone") is None
    assert (now["person"]["given_name"], now["balance"]["prescribed"]) == ("Mila", 840)
    assert (now["discharged_on"], now["referred_on"], now["land"]) == (DISCHARGED, "2026-02-19", "DE-BY")


def test_benefit_and_provider_cannot_change(story):
    """`benefit` and `provider` cannot change"""
    case = story.referral()
    for data in (
        {"benefit": "SMN"},
        {"benefit": "ST"},
        {"provider": "anderswo"},
        {"provider": story.provider},
    ):
        refused(case.tries("AmendReferral", data), 400, field=next(iter(data)))
    assert len(case.told()) == 1


def test_a_changed_land_recomputes_all_deadlines(story):
    """a changed `land` or discharge recomputes all deadlines"""
    # Three weeks after Ascension Day is Corpus Christi, a holiday in Bavaria and not in Berlin.
    case = story.referral()
    case.applies(submitted_on="2026-05-14")
    row = case.deadline("GKV-DECISION")
    assert (row["due_on"], row["acts_on"], row["calendar"]) == ("2026-06-04", "2026-06-05", "DE-BY")
    case.does("AmendReferral", {"land": "DE-BE"})
    row = case.deadline("GKV-DECISION")
    assert (row["due_on"], row["acts_on"], row["calendar"]) == ("2026-06-04", "2026-06-04", "DE-BE")
    assert case.deadline("SMN-START")["calendar"] == "DE-BE"
    assert case.now()["land"] == "DE-BE"


def test_a_changed_discharge_recomputes_all_deadlines(story):
    """a changed `land` or discharge recomputes all deadlines"""
    case = story.running()
    start, complete = case.deadline("SMN-START"), case.deadline("SMN-COMPLETE")
    assert (start["due_on"], complete["due_on"], complete["hint_on"]) == (
        "2026-04-03",
        "2026-05-22",
        "2026-05-15",
    )
    for command, day, due, hint in (
        ("RecordDischarge", "2026-02-23", "2026-04-06", "2026-05-18"),
        ("AmendReferral", "2026-02-24", "2026-04-07", "2026-05-19"),
    ):
        case.does(command, {"discharged_on": day})
        start, complete = case.deadline("SMN-START"), case.deadline("SMN-COMPLETE")
        assert (start["due_on"], start["anchor"]["date"]) == (due, day)
        assert (complete["due_on"], complete["hint_on"]) == ("2026-05-22", hint)
        assert case.now()["discharged_on"] == day


def test_a_first_unit_before_the_new_discharge_no_longer_counts_as_first(story):
    """a changed `land` or discharge recomputes all deadlines"""
    case = story.running(first="2026-02-27")
    case.is_visited("2026-03-06")
    case.does("RecordDischarge", {"discharged_on": "2026-03-02"})
    now = case.now()
    assert (now["first_unit_on"], now["last_unit_on"]) == ("2026-03-06", "2026-03-06")
    assert case.deadline("SMN-COMPLETE")["due_on"] == "2026-05-29"
    assert case.deadline("SMN-START")["met_on"] == "2026-03-06"


def test_amendments_reach_into_ended_cases_but_not_withdrawn_ones(story):
    """AmendReferral, RecordDischarge (SMN), RecordCoverage: all but withdrawn"""
    case = story.running()
    case.completes("2026-05-08")
    case.does("AmendReferral", {"units": 14})
    case.does("RecordDischarge", {"discharged_on": "2026-02-19"})
    now = case.now()
    assert (now["state"], now["discharged_on"], now["balance"]["prescribed"]) == (
        "completed",
        "2026-02-19",
        840,
    )
