"""What does not go as planned is first-class: the child dies, is readmitted, changes the insurer, has no
settled cover, is cared for before the approval, or was discharged on another day than was told."""

import pytest

from client import findings, refused
from story import DISCHARGED, at, st_referral_data

INSURER, OTHER_INSURER = "104212059", "109900012"


def insured_at(insurer: str) -> dict:
    """The person of every story, with an insurer."""
    return {"given_name": "Mia", "family_name": "Musterkind", "born": "2025-11-02", "insurer_ik": insurer}


def task_names(case, today: str) -> set[str]:
    """What is to be done in the case on that day."""
    return {row["task"] for row in case.rows("tasks", today=today)} - {None}



# ---------------------------------------------------------------- the child dies


def test_a_death_freezes_the_balance_and_ends_what_was_planned(story):
    """SMN-DEATH: child died: no new visits; balance frozen"""
    case = story.running()
    case.schedules("2026-07-10", minutes=45)
    planned, before = case.visit, case.balance()
    case.discontinues("2026-04-01", "died")
    now = case.now()
    assert (now["state"], now["closed_on"]) == ("discontinued", "2026-04-01")
    assert case.visit_row(planned)["state"] == "cancelled"
    assert case.balance() == {**before, "scheduled": 0}
    death = {"SMN-DEATH": "Abschied"}
    refused(case.tries("ScheduleVisit", case.visit_data("2026-07-11"), reasons=death), 409)
    for command in ("RescheduleVisit", "DeliverVisit"):
        data = {"visit": planned, "starts_at": at("2026-06-29")}
        if command == "DeliverVisit":
            data = {"visit": planned, "started_at": at("2026-04-02"), "minutes": 45}
        assert case.tries(command, data).status_code in (409, 422), command
    assert case.balance() == {**before, "scheduled": 0}


def test_a_closing_unit_is_booked_and_its_reason_stays_to_be_reviewed(story):
    """SMN-DEATH: closing units only with reason, review before billing"""
    case = story.running()
    case.discontinues("2026-04-01", "died")
    visit = case.delivery_data("2026-04-08")
    refused(case.tries("DeliverVisit", visit), 422, rule="SMN-DEATH", reasons=["SMN-DEATH"])
    case.does("DeliverVisit", visit, reasons={"SMN-DEATH": "Abschlussgespräch mit den Eltern"})
    assert case.told()[-1]["reasons"] == {"SMN-DEATH": "Abschlussgespräch mit den Eltern"}
    balance = case.balance()
    assert (balance["delivered"], balance["billable"]) == (120, 120)
    assert case.now()["state"] == "discontinued"


def test_a_child_that_dies_before_the_first_unit_is_nobodys_delay(story):
    """Overdue: … case not ended; a case that ended on or before `acts_on` makes the deadline moot"""
    case = story.approved()
    case.discontinues("2026-03-01", "died")
    row = case.deadline("SMN-START")
    assert (row["state"], row["met_on"]) == ("moot", None)
    assert not case.is_overdue(today="2026-06-30")
    assert task_names(case, "2026-06-30") <= {"send_final_report"}


def test_what_the_insurer_decides_after_a_death_is_still_recorded(story):
    """GrantApproval, DenyApproval: … also when completed or discontinued since"""
    case = story.referral()
    case.applies()
    case.is_visited("2026-02-25")
    case.discontinues("2026-02-26", "died")
    assert case.balance()["at_risk"] == 60
    case.is_approved()
    assert case.state == "discontinued"
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (60, 0)


# ---------------------------------------------------------------- readmission during care


def test_a_readmitted_child_comes_back_with_a_new_case(story):
    """SMN one discharge: a readmission ends the case; the next discharge is a new one of the same person,
    with a contingent and deadlines of its own"""
    first = story.running()
    first.discontinues("2026-03-10", "readmitted")
    person = first.history()[0]["data"]["person_id"]
    second = story.referral(
        person=None,
        person_id=person,
        prescribed_on="2026-04-10",
        received_on="2026-04-10",
        discharged_on="2026-04-13",
    )
    assert second.now()["person"]["given_name"] == "Mia"
    assert second.deadline("SMN-START")["due_on"] == "2026-05-25"
    second.applies(submitted_on="2026-04-13")
    refused(second.tries("CompleteCare", {"completed_on": "2026-04-20", "goal_reached": True}), 409)
    second.is_visited("2026-04-20")
    # The old approval is the old case's.
    assert (second.balance()["at_risk"], second.balance()["billable"]) == (60, 0)
    assert (first.balance()["billable"], first.now()["closed_on"]) == (60, "2026-03-10")
    first.is_visited("2026-03-09")  # late paper
    refused(first.tries("DeliverVisit", first.delivery_data("2026-03-11")), 409, state="discontinued")
    assert {first.now()["state"], second.now()["state"]} == {"discontinued", "running"}


def test_a_readmission_that_was_none_goes_on(story):
    """Reopening removes the end: state, deadlines and `closed_on` are what the other facts say"""
    case = story.running()
    before = case.deadline("SMN-COMPLETE")
    case.discontinues("2026-03-10", "readmitted")
    case.does("ReopenCase", {"reason": "nur zwei Nächte zur Beobachtung"})
    assert case.state == "running" and case.deadline("SMN-COMPLETE") == before
    case.is_visited("2026-03-16")


def test_a_case_that_goes_on_after_a_second_stay_starts_again(story):
    """`RecordDischarge`: `discharged_on` (again = correction): the new discharge is the one that counts"""
    case = story.running()
    case.discontinues("2026-03-10", "readmitted")
    case.does("ReopenCase", {"reason": "dieselbe Verordnung gilt weiter"})
    case.does("RecordDischarge", {"discharged_on": "2026-03-23"})
    now = case.now()
    assert (now["state"], now["first_unit_on"]) == ("approved", None)
    assert case.deadline("SMN-START")["due_on"] == "2026-05-04"
    assert case.deadlines("SMN-COMPLETE") == []
    # What was delivered before stays delivered and billed.
    balance = case.balance()
    assert (balance["delivered"], balance["preparatory"], balance["billable"]) == (60, 60, 60)
    case.is_visited("2026-03-30")
    assert (case.state, case.deadline("SMN-COMPLETE")["due_on"]) == ("running", "2026-06-22")


# ---------------------------------------------------------------- change of insurer


def test_another_insurer_decides_anew_and_pays_what_it_approved(story):
    """`AmendReferral`: the fields that change; consumption is booked on the covering approval"""
    case = story.running(person=insured_at(INSURER))
    # From April on another one: the first approval ends with March, the new one is not there yet.
    case.does("AmendReferral", {"person": insured_at(OTHER_INSURER)}, happened="2026-04-01")
    case.does(
        "CorrectApproval",
        {"approval": case.approval, "until": "2026-03-31", "reason": "Kassenwechsel zum 01.04.2026"},
    )
    case.is_visited("2026-04-02")
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (60, 60)
    case.applies(units=11, submitted_on="2026-04-01")
    assert case.deadlines("GKV-DECISION")[-1]["due_on"] == "2026-04-22"
    case.is_approved(
        units=11, decided_on="2026-04-20", from_="2026-04-01", until="2026-06-30", reference="AZ neu"
    )
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (120, 0)
    assert case.now()["person"]["insurer_ik"] == OTHER_INSURER
    first, *_, amended = [e for e in case.history() if "person" in e["data"]]
    assert first["data"]["person"]["insurer_ik"] == INSURER
    assert (amended["data"]["person"]["insurer_ik"], amended["happened"]) == (OTHER_INSURER, "2026-04-01")


def test_the_new_insurers_contract_holds_from_then_on(story, client):
    """per insurer contract: overrides of P and O rules, for what is decided afterwards"""
    rules = {"SMN-MAX-UNITS": {"units": 24}}
    contracts = [{"contract": "neu", "insurers": [OTHER_INSURER], "rules": rules}]
    settings = {"from": "2026-01-01", "provider": story.provider, "settings": {"contracts": contracts}}
    client.done("AdoptSettings", None, settings)
    case = story.referral(person=insured_at(INSURER))
    refused(case.tries("AmendReferral", {"units": 24}), 422, reasons=["SMN-MAX-UNITS"])
    case.does("AmendReferral", {"person": insured_at(OTHER_INSURER)})
    case.does("AmendReferral", {"units": 24})
    case.does("AmendReferral", {"person": insured_at(INSURER)})
    refused(case.tries("AmendReferral", {"units": 23}), 422, reasons=["SMN-MAX-UNITS"])


def test_the_new_insurers_price_is_the_cost_of_the_day(story, client):
    """ST-COPAY, from a price per unit set per insurer contract; amendments count from the start of what they
    correct: the insurer told last is the case's"""
    prices = [
        {"benefit": "ST", "cents_per_unit": 6000, "from": "2026-01-01", "insurer_ik": INSURER},
        {"benefit": "ST", "cents_per_unit": 8000, "from": "2026-01-01", "insurer_ik": OTHER_INSURER},
    ]
    settings = {"from": "2026-01-01", "provider": story.provider, "settings": {"prices": prices}}
    client.done("AdoptSettings", None, settings)
    person = {**st_referral_data()["person"], "insurer_ik": INSURER}
    case = story.st_approved(person=person)
    case.is_visited("2026-02-02")
    assert [day["copay"] for day in case.now()["copay_days"]] == [600]
    case.does("AmendReferral", {"person": {**person, "insurer_ik": OTHER_INSURER}})
    assert [day["copay"] for day in case.now()["copay_days"]] == [800]


# ---------------------------------------------------------------- cover not settled


@pytest.mark.parametrize("coverage", ["unresolved", "uninsured"])
def test_cover_that_is_not_settled_is_a_task_and_stops_no_clock(story, coverage):
    """`coverage`, `RecordCoverage`: whoever is not insured yet is cared for, and somebody has to settle it"""
    case = story.referral(coverage=coverage)
    assert "clarify_coverage" in task_names(case, "2026-02-19")
    assert case.deadline("SMN-START")["due_on"] == "2026-04-03"
    assert case.is_overdue(today="2026-04-04")
    case.is_visited("2026-02-27")
    assert (case.state, case.balance()["at_risk"], case.balance()["billable"]) == ("running", 60, 0)
    case.does("RecordCoverage", {"coverage": "insured", "since": "2026-02-01"}, happened="2026-03-20")
    assert "clarify_coverage" not in task_names(case, "2026-03-20")
    recorded = case.told()[-1]
    assert (recorded["event"], recorded["data"], recorded["happened"]) == (
        "CoverageRecorded",
        {"coverage": "insured", "since": "2026-02-01"},
        "2026-03-20",
    )
    case.applies(submitted_on="2026-03-20")
    case.is_approved(decided_on="2026-04-01")
    assert (case.balance()["at_risk"], case.balance()["billable"]) == (0, 60)


def test_cover_may_be_lost_again(story):
    """RecordCoverage: all but withdrawn"""
    case = story.st_approved(coverage="insured")
    assert "clarify_coverage" not in task_names(case, "2026-02-01")
    case.does("RecordCoverage", {"coverage": "uninsured", "since": "2026-02-01"})
    assert "clarify_coverage" in task_names(case, "2026-02-01")
    case.does("RecordCoverage", {"coverage": "insured", "since": "2026-02-01"})
    assert "clarify_coverage" not in task_names(case, "2026-02-01")
    case.does("WithdrawReferral", {"reason": "Umzug ins Ausland"})
    refused(case.tries("RecordCoverage", {"coverage": "insured", "since": "2026-02-01"}), 409)


# ---------------------------------------------------------------- care before approval


def test_care_before_the_approval_is_at_risk_until_it_covers_the_day(story):
    """A unit may be delivered before approval; the state is then `running`, its minutes at risk"""
    case = story.referral()
    case.is_visited("2026-02-18", minutes=30, place="hospital", category="preparation")
    case.is_visited("2026-02-23", minutes=45)
    assert (case.state, case.balance()["at_risk"]) == ("running", 75)
    case.applies(submitted_on="2026-02-24")
    case.is_visited("2026-03-02", minutes=60)
    # It holds from the application on; what came before stays with the provider.
    case.is_approved(units=6, from_="2026-02-24", until="2026-06-30")
    balance = case.balance()
    assert (balance["billable"], balance["at_risk"], balance["remaining"]) == (60, 75, 300)
    case.does(
        "CorrectApproval",
        {"approval": case.approval, "from": "2026-02-20", "reason": "gilt ab der Entlassung"},
    )
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (105, 30)


def test_care_before_a_denial_is_never_billable(story):
    """Nothing is billable without approval; a denial makes the case `denied`"""
    case = story.referral()
    case.applies()
    case.is_visited("2026-02-25")
    case.is_denied()
    assert case.state == "denied"
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (0, 60)
    refused(case.tries("DeliverVisit", case.delivery_data("2026-03-05")), 409, state="denied")
    case.does("FileObjection", {"filed_on": "2026-03-10"})
    case.is_visited("2026-03-12")
    case.does("DecideObjection", {"decided_on": "2026-04-01", "upheld": True})
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (0, 120)
    case.is_approved(decided_on="2026-04-08")
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (120, 0)


def test_trial_units_need_no_approval_and_get_none(story):
    """ST-APPROVAL: every referral needs the insurer's approval, trial units excepted"""
    case = story.trial()
    case.is_visited("2026-01-21", minutes=90)
    case.is_followed_up("2026-02-10")
    case.is_visited("2026-02-11", minutes=60)
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (0, 60)
    case.applies(submitted_on="2026-02-12")
    case.is_approved(decided_on="2026-02-20", from_="2026-01-01")
    assert (case.balance()["billable"], case.balance()["at_risk"]) == (60, 0)
    assert case.balance()["delivered"] == 150


# ---------------------------------------------------------------- the discharge was another day


def test_a_discharge_corrected_after_the_start_may_make_it_late_and_good_again(story):
    """a changed `land` or discharge recomputes all deadlines; met late it stays `missed`, with `met_on`"""
    case = story.running(first="2026-04-02")
    assert case.deadline("SMN-START")["state"] == "met"
    case.does("RecordDischarge", {"discharged_on": "2026-02-18"})
    row = case.deadline("SMN-START")
    assert (row["due_on"], row["state"], row["met_on"]) == ("2026-04-01", "missed", "2026-04-02")
    assert row["anchor"] == {"event": "DischargeRecorded", "date": "2026-02-18"}
    assert not case.is_overdue(today="2026-06-30")
    case.does("RecordDischarge", {"discharged_on": DISCHARGED})
    row = case.deadline("SMN-START")
    assert (row["due_on"], row["state"], row["met_on"]) == ("2026-04-03", "met", "2026-04-02")


def test_a_later_discharge_makes_the_start_a_preparation(story):
    """SMN-BEFORE-DISCHARGE: a preparatory unit meets no start and makes no case running"""
    case = story.running(first="2026-02-27")
    case.does("RecordDischarge", {"discharged_on": "2026-03-02"})
    assert (case.state, case.balance()["preparatory"]) == ("approved", 60)
    assert case.deadline("SMN-START", today="2026-04-13")["state"] == "open"
    assert not case.is_overdue(today="2026-04-13")
    assert case.is_overdue(today="2026-04-14")
    data = {"completed_on": "2026-04-10", "goal_reached": False}
    refused(case.tries("CompleteCare", data), 409, state="approved")
    case.is_visited("2026-04-13")
    assert case.deadline("SMN-START")["state"] == "met" and case.state == "running"


def test_a_discharge_corrected_after_the_end_reaches_its_deadlines(story):
    """AmendReferral, RecordDischarge (SMN): all but withdrawn; rules are judged on what is known when the
    command is decided, it undoes nothing"""
    case = story.running(first="2026-02-27")
    for day in ("2026-03-04", "2026-03-11"):
        case.is_visited(day)
    assert findings(case.completes("2026-05-08")) == set()
    case.does("RecordDischarge", {"discharged_on": "2026-03-02"})
    now = case.now()
    assert (now["state"], now["first_unit_on"], now["closed_on"]) == (
        "completed",
        "2026-03-04",
        "2026-05-08",
    )
    assert case.deadline("SMN-COMPLETE")["due_on"] == "2026-05-27"
    assert case.deadline("SMN-COMPLETE")["state"] == "met"
