"""API.md, Meanings that must not be guessed: every sentence about Soziotherapie (ST), with the border on both
sides. How a rule acts (reject, reason, flag) is in RULES.md."""

import pytest

from client import findings, refused
from story import st_referral_data

CLOCK = "2029-06-30T12:00:00+02:00"  # late enough for the three years of ST-TOTAL

SPECIALISTS = [
    "hospital",
    "neurology",
    "psychiatry",
    "child_psychiatry",
    "psychosomatics",
    "psychotherapy_title",
    "psychological_psychotherapist",
    "child_psychotherapist",
    "psychiatric_outpatient_clinic",
]
OTHERS = ["rehab", "paediatrician", "general_practitioner", "other"]


# ---------------------------------------------------------------- commands


def test_a_case_of_soziotherapie_from_the_referral_to_the_report(story):
    """States: `running` (…; ST: first unit)"""
    case = story.st()
    assert case.state == "referred"
    case.does("AssignCareTeam", {"lead": "m.roth"})
    case.applies()
    assert case.state == "applied"
    case.is_approved()
    assert case.state == "approved"
    case.is_visited("2026-01-21")
    now = case.now()
    assert (now["state"], now["first_unit_on"], now["benefit"]) == ("running", "2026-01-21", "ST")
    case.is_followed_up("2026-06-01")
    case.applies(submitted_on="2026-06-02")
    case.is_approved(decided_on="2026-06-10", **{"from": "2026-06-02", "until": "2027-06-01"})
    case.is_visited("2026-06-11", minutes=90, group_size=8, place="facility")
    case.does("RecordExemption", {"from": "2026-01-01", "until": "2026-12-31"})
    case.completes("2026-12-01")
    case.does("SendFinalReport", {"sent_on": "2026-12-03", "to": "Krankenkasse"})
    assert case.state == "completed"
    balance = case.balance()
    assert (balance["prescribed"], balance["applied"], balance["approved"]) == (3600, 3600, 3600)
    assert (balance["delivered"], balance["group"], balance["billable"]) == (150, 90, 150)
    assert (balance["at_risk"], balance["remaining"], balance["preparatory"]) == (0, 3450, 0)


@pytest.mark.parametrize(
    "field,value",
    [
        ("setting", "inpatient"),
        ("discharged_on", "2026-01-02"),
        ("expected_discharge_on", "2026-01-02"),
        ("severe", {"no_self_care": True}),
        ("final_stage", False),
        ("impairment", True),
        ("sapv", False),
    ],
)
def test_what_belongs_to_smn_has_no_place_in_an_st_referral(story, field, value):
    """SMN: `setting` …, `discharged_on`?, …, `sapv`?"""
    refused(story.tries_st(**{field: value}), 400, field=field)


@pytest.mark.parametrize("field,value", [("gaf", 40), ("trial", False), ("trial", True)])
def test_what_belongs_to_st_has_no_place_in_an_smn_referral(story, field, value):
    """ST: `gaf`?, `trial`? (boolean)"""
    refused(story.tries_referral(**{field: value}), 400, field=field)


@pytest.mark.parametrize("gaf,good", [(0, False), (1, True), (100, True), (101, False), (40.5, False)])
def test_gaf_is_a_number_of_its_scale(story, gaf, good):
    """`gaf`?: numbers out of bounds are 400 with `field`"""
    answer = story.tries_st(gaf=gaf)
    if good:
        assert answer.status_code == 200, answer.text
    else:
        refused(answer, 400, field="gaf")


def test_fields_of_the_other_benefit_are_no_change_of_a_case(story):
    """What cannot be seen without the case is 409 with the state"""
    st, smn = story.st(), story.running()
    refused(st.tries("AmendReferral", {"setting": "inpatient"}), 409, field="setting", state="referred")
    refused(st.tries("AmendReferral", {"units": 5, "severe": {}}), 409, field="severe")
    refused(smn.tries("AmendReferral", {"gaf": 40}), 409, field="gaf", state="running")
    refused(smn.tries("AmendReferral", {"trial": True}), 409, field="trial")
    follow_up = st.follow_up_data("2026-03-01", 5, trial=True)
    refused(smn.tries("ReceiveFollowUpReferral", follow_up), 409, field="trial")
    group = smn.delivery_data("2026-03-02", group_size=2)
    refused(smn.tries("DeliverVisit", group), 409, field="group_size")


def test_commands_of_the_other_benefit(story):
    """RecordDischarge (SMN); RecordExemption (co-payment, ST); Extensions (SMN only)"""
    st, smn = story.st_approved(), story.running()
    st.is_visited("2026-01-21")
    refused(st.tries("RecordDischarge", {"discharged_on": "2026-01-02"}), 409, state="running")
    st.is_followed_up("2026-04-20")
    refused(st.tries("RequestExtension", st.extension_data(5)), 409, state="running")
    exemption = {"from": "2026-01-01", "until": "2026-12-31"}
    refused(smn.tries("RecordExemption", exemption), 409, state="running")


def test_an_exemption_is_recorded_in_every_state_but_withdrawn(story):
    """AmendReferral, …, RecordExemption: all but withdrawn; `until` before `from` is 400"""
    exemption = {"from": "2026-01-01", "until": "2030-12-31"}
    case = story.st()
    case.does("RecordExemption", exemption)
    refused(case.tries("RecordExemption", {"from": "2026-02-01", "until": "2026-01-31"}), 400, field="until")
    refused(case.tries("RecordExemption", {"from": "2026-02-01"}), 400, field="until")
    case.does("WithdrawReferral", {"reason": "möchte nicht"})
    refused(case.tries("RecordExemption", exemption), 409, state="withdrawn")
    ended = story.st_approved()
    ended.is_visited("2026-01-21")
    ended.discontinues("2026-02-01")
    ended.does("RecordExemption", exemption)


# ---------------------------------------------------------------- ST-PRESCRIBER, ST-REFERRAL


@pytest.mark.parametrize("kind", SPECIALISTS)
def test_specialists_prescribe_thirty_units(story, kind):
    """ST-PRESCRIBER: hospital and the list of RULES.md pass"""
    assert story.tries_st(prescriber=kind, units=30).status_code == 200


@pytest.mark.parametrize("kind", OTHERS)
def test_others_prescribe_five_units(story, kind):
    """rehab, paediatrician, general_practitioner, other only up to 5 units"""
    assert story.tries_st(prescriber=kind, units=5).status_code == 200
    refused(story.tries_st(prescriber=kind, units=6), 422, rule="ST-PRESCRIBER")
    case = story.st()
    case.is_followed_up("2026-03-01", 5, prescriber=kind)
    data = case.follow_up_data("2026-03-01", 6, prescriber=kind)
    refused(case.tries("ReceiveFollowUpReferral", data), 422, rule="ST-PRESCRIBER")


def test_one_referral_covers_thirty_units(story):
    """ST-REFERRAL: at most 30 units, more with a reason; to a follow-up referral only ST-PRESCRIBER and
    ST-REFERRAL apply"""
    reasons = {"ST-REFERRAL": "Einzelfall"}
    assert story.tries_st(units=30).status_code == 200
    refused(story.tries_st(units=31), 422, rule="ST-REFERRAL", reasons=["ST-REFERRAL"])
    assert story.tries_st(units=31, reasons=reasons).status_code == 200
    case = story.st()
    case.is_followed_up("2026-03-01", 30, diagnoses=[{"icd": "G40.1"}])
    data = case.follow_up_data("2026-03-01", 31)
    refused(case.tries("ReceiveFollowUpReferral", data), 422, reasons=["ST-REFERRAL"])
    case.does("ReceiveFollowUpReferral", data, reasons=reasons)


# ---------------------------------------------------------------- ST-INDICATION


@pytest.mark.parametrize(
    "icd", ["F20.0", "F20.3", "F20.6", "F21", "F22.0", "F24", "F25.1", "F31.5", "F32.3", "F33.3"]
)
def test_listed_diagnoses(story, icd):
    """ST-INDICATION: F20.0–F20.6, F21, F22, F24, F25, F31.5, F32.3, F33.3"""
    assert story.tries_st(diagnoses=[{"icd": icd}]).status_code == 200
    assert story.tries_st(diagnoses=[{"icd": "J45.0"}, {"icd": icd}], gaf=60).status_code == 200


@pytest.mark.parametrize(
    "icd,gaf,passes",
    [
        ("F60.3", 40, True),
        ("F60.3", 41, False),
        ("F60.3", 50, False),
        ("F60.3", 51, False),
        ("F60.3", None, False),
        ("F20.8", 40, True),
        ("F31.4", 40, True),
        ("F00.0", 40, True),
        ("F99", 40, True),
        ("G40.1", 30, False),
        ("E99.9", 30, False),
    ],
)
def test_other_diagnoses(story, icd, gaf, passes):
    """other F00–F99 with GAF ≤ 40 (upper bound 50); other: reason"""
    changes = dict(diagnoses=[{"icd": icd}], gaf=gaf)
    if passes:
        assert story.tries_st(**changes).status_code == 200
    else:
        refused(story.tries_st(**changes), 422, rule="ST-INDICATION", reasons=["ST-INDICATION"])
        answer = story.tries_st(**changes, reasons={"ST-INDICATION": "im Einzelfall"})
        assert answer.status_code == 200, answer.text


# ---------------------------------------------------------------- ST-PLAN, ST-APPROVAL


def test_the_care_plan_goes_with_the_application(story):
    """ST-PLAN: reject application without it"""
    case = story.st()
    data = {"units": 30, "submitted_on": "2026-01-09"}
    refused(case.tries("SubmitApplication", data), 422, rule="ST-PLAN")
    refused(case.tries("SubmitApplication", {**data, "care_plan_attached": False}), 422, rule="ST-PLAN")
    assert case.state == "referred"
    case.does("SubmitApplication", {**data, "care_plan_attached": True})
    other = story.st()
    other.does("AgreeCarePlan", {"agreed_on": "2026-01-08", "goals": ["Tagesstruktur"]})
    other.does("SubmitApplication", data)
    refused(other.tries("SubmitApplication", {**data, "care_plan_attached": False}), 422, rule="ST-PLAN")


def test_unapproved_units_are_at_risk(story):
    """ST-APPROVAL: unapproved units are "at risk", never billable"""
    case = story.st()
    case.is_visited("2026-01-21")
    balance = case.balance()
    assert (balance["at_risk"], balance["billable"]) == (60, 0)
    case.applies()
    case.is_approved()
    balance = case.balance()
    assert (balance["at_risk"], balance["billable"], balance["remaining"]) == (0, 60, 1740)


# ---------------------------------------------------------------- ST-TRIAL


def test_a_trial_has_at_most_five_units(story):
    """ST-TRIAL: … `trial: true` (at most 5 units)"""
    assert story.tries_st(trial=True, units=5).status_code == 200
    refused(story.tries_st(trial=True, units=6), 422, rule="ST-TRIAL")
    case = story.st()
    refused(
        case.tries("ReceiveFollowUpReferral", case.follow_up_data("2026-03-01", 6, trial=True)),
        422,
        rule="ST-TRIAL",
    )
    refused(case.tries("AmendReferral", {"trial": True}), 422, rule="ST-TRIAL")
    case.does("AmendReferral", {"trial": True, "units": 5})


def test_trial_units_are_neither_billable_nor_at_risk(story):
    """They count as delivered, make the case `running`, … and are neither billable nor at risk; visits before
    the `prescribed_on` of the next regular referral are trial units"""
    case = story.trial()
    case.is_visited("2026-01-21", minutes=120)
    assert case.state == "running"
    balance = case.balance()
    assert (balance["delivered"], balance["billable"], balance["at_risk"]) == (120, 0, 0)
    assert (case.visit_row()["billable"], case.visit_row()["at_risk"]) == (0, 0)
    case.is_followed_up("2026-02-10")
    case.is_visited("2026-02-09", minutes=30)
    case.is_visited("2026-02-10", minutes=45)
    balance = case.balance()
    assert (balance["delivered"], balance["billable"], balance["at_risk"]) == (195, 0, 45)
    case.applies(submitted_on="2026-02-10")
    case.is_approved(decided_on="2026-02-11")
    balance = case.balance()
    assert (balance["delivered"], balance["billable"], balance["at_risk"]) == (195, 45, 0)


def test_a_trial_ends_at_three_hundred_minutes(story):
    """beyond 300 minutes they are refused"""
    case = story.trial()
    case.is_visited("2026-01-21", minutes=240)
    refused(case.tries_visit("2026-01-22", 61), 422, rule="ST-TRIAL")
    case.is_visited("2026-01-22", minutes=60)
    refused(case.tries_visit("2026-01-23", 1), 422, rule="ST-TRIAL")
    refused(
        case.tries("CorrectVisit", {"visit": case.visit, "minutes": 61, "reason": "verlesen"}),
        422,
        rule="ST-TRIAL",
    )
    assert case.balance()["delivered"] == 300
    case.is_followed_up("2026-02-10")
    refused(case.tries_visit("2026-02-09", 15), 422, rule="ST-TRIAL")
    case.is_visited("2026-02-10", minutes=600)


def test_a_third_trial_in_a_calendar_year(story):
    """a third trial in a calendar year is refused"""
    case = story.trial()
    case.is_followed_up("2026-03-01", 5, trial=True)
    third = case.follow_up_data("2026-12-31", 5, trial=True)
    refused(case.tries("ReceiveFollowUpReferral", third), 422, rule="ST-TRIAL")
    case.is_followed_up("2027-01-01", 5, trial=True)
    # Each has its own five units.
    case.is_visited("2026-01-21", minutes=300)
    case.is_visited("2026-03-01", minutes=300)
    case.is_visited("2027-01-01", minutes=300)
    refused(case.tries_visit("2026-03-02", 15), 422, rule="ST-TRIAL")


# ---------------------------------------------------------------- ST-TOTAL


def test_exactly_7200_minutes_are_allowed(story):
    """ST-TOTAL: DeliverVisit and CorrectVisit are refused when the delivered minutes of the window would pass
    7,200; exactly 7,200 is allowed"""
    case = story.st()
    case.is_visited_for(7140, "2026-01-21")
    refused(case.tries_visit("2026-03-01", 75), 422, rule="ST-TOTAL")
    refused(case.tries_visit("2026-03-01", 61), 422, rule="ST-TOTAL")
    case.is_visited("2026-03-01", minutes=60)
    assert case.balance()["delivered"] == 7200
    refused(case.tries_visit("2026-03-02", 1), 422, rule="ST-TOTAL")
    correction = {"visit": case.visit, "minutes": 75, "reason": "verlesen"}
    refused(case.tries("CorrectVisit", correction), 422, rule="ST-TOTAL")
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    case.is_visited("2026-03-02", minutes=60)


def test_the_window_runs_to_the_same_date_three_years_later(story):
    """The window runs from the first unit's date to the same date three years later, inclusive; renewed after
    three years"""
    case = story.st()
    case.is_visited_for(7200, "2026-01-21")
    refused(case.tries_visit("2029-01-21", 1), 422, rule="ST-TOTAL")
    case.is_visited("2029-01-22", minutes=720)
    refused(case.tries_visit("2028-12-31", 15), 422, rule="ST-TOTAL")
    row = case.deadline("ST-TOTAL", today="2029-06-30")
    assert (row["anchor"]["date"], row["due_on"]) == ("2029-01-22", "2032-01-22")


def test_trial_units_count_towards_the_total(story):
    """They … count towards ST-TOTAL (ST-TRIAL-COUNTS)"""
    case = story.trial()
    case.is_visited("2026-01-21", minutes=300)
    case.is_followed_up("2026-02-01")
    case.is_visited_for(6900, "2026-02-01")
    refused(case.tries_visit("2026-04-01", 1), 422, rule="ST-TOTAL")


def test_the_total_has_a_row_once_a_unit_was_delivered(story):
    """ST-TOTAL has a row once a unit was delivered; a benefit window does not move, the rolled date is shown
    as a hint only"""
    case = story.st_approved()
    case.schedules("2026-01-28")
    assert case.deadlines("ST-TOTAL") == []
    case.is_visited("2026-01-21")  # three years later it is a Sunday
    row = case.deadline("ST-TOTAL", today="2026-06-30")
    assert row["anchor"] == {"event": "VisitDelivered", "date": "2026-01-21"}
    assert (row["due_on"], row["acts_on"], row["hint_on"]) == ("2029-01-21", "2029-01-21", "2029-01-22")
    assert (row["state"], row["met_on"]) == ("open", None)
    assert "120" in row["explanation"]
    assert [d["rule"] for d in case.now()["deadlines"]].count("ST-TOTAL") == 1
    case.completes("2026-06-01")
    assert case.deadline("ST-TOTAL", today="2026-06-30")["state"] == "moot"
    assert case.deadlines("SMN-START") + case.deadlines("SMN-COMPLETE") == []


# ---------------------------------------------------------------- ST-GROUP


def test_more_than_twelve_people_are_flagged(story):
    """ST-GROUP: at most 12 people, flag above; `group_size` above 1 makes a group visit; by default it weighs
    its minutes"""
    case = story.st_approved()
    assert findings(case.is_visited("2026-01-21", minutes=90, group_size=12)) == set()
    assert findings(case.is_visited("2026-01-22", minutes=90, group_size=13)) == {"ST-GROUP"}
    changed = {"visit": case.visit, "group_size": 12, "reason": "verzählt"}
    assert findings(case.does("CorrectVisit", changed)) == set()
    assert findings(case.schedules("2029-07-10", group_size=13)) == {"ST-GROUP"}
    case.is_visited("2026-01-23", minutes=60, group_size=1)
    balance = case.balance()
    assert (balance["group"], balance["delivered"], balance["billable"]) == (180, 240, 240)


# ---------------------------------------------------------------- visits


def test_the_category_may_be_left_out(story):
    """A missing visit `category` is SMN-CATEGORY, 422, for SMN; for ST it may be left out"""
    case = story.st_approved()
    case.schedules("2026-02-02")
    case.does("DeliverVisit", {"visit": case.visit, "minutes": 60})
    assert case.visit_row()["category"] is None
    case.is_visited("2026-02-03", category="guidance")
    assert case.visit_row()["category"] == "guidance"
    smn = story.approved()
    left_out = smn.delivery_data("2026-02-27", category=None)
    refused(smn.tries("DeliverVisit", left_out), 422, rule="SMN-CATEGORY")


def test_nothing_is_preparatory(story):
    """An SMN visit is *preparatory* …; first_unit_on: delivered, not voided, for SMN on or after the
    discharge"""
    case = story.st()
    case.is_visited("2026-01-08")
    now = case.now()
    assert now["state"] == "running"
    assert (now["first_unit_on"], now["last_unit_on"]) == ("2026-01-08", "2026-01-08")
    assert now["balance"]["preparatory"] == 0
    assert case.rows("overdue-starts", today="2029-01-01") == []


def test_after_a_death_there_are_no_more_visits(story):
    """SMN-DEATH: … for ST both are 409"""
    case = story.st_approved()
    case.is_visited("2026-01-21")
    case.schedules("2026-02-10")
    case.discontinues("2026-02-01", "died")
    reasons = {"SMN-DEATH": "Abschlussgespräch"}
    late = case.delivery_data("2026-02-02")
    refused(case.tries("DeliverVisit", late, reasons=reasons), 409, state="discontinued")
    refused(
        case.tries("ScheduleVisit", case.visit_data("2029-07-10"), reasons=reasons), 409, state="discontinued"
    )
    planned = {"visit": case.visit, "minutes": 60}
    refused(case.tries("DeliverVisit", planned, reasons=reasons), 409, state="discontinued")
    case.is_visited("2026-02-01")  # late paper: dated on or before `closed_on`


def test_completion_asks_for_no_home_visits(story):
    """SMN-HOME is a rule of SMN"""
    case = story.st_approved()
    case.is_visited("2026-01-21", place="facility")
    assert case.now()["findings"] == []
    assert findings(case.completes("2026-06-01")) == set()


# ---------------------------------------------------------------- the insurer's answer


def test_the_insurers_deadline_in_both_regimes(story):
    """GKV-DECISION: + 21 days, or + 35 once an expert opinion was told in time. Under `Sgb9_14_18`: 3 weeks;
    with an opinion 2 weeks from `opinion_on`; 2 months in all"""
    case = story.st()
    case.applies(submitted_on="2026-01-09")
    assert case.deadline("GKV-DECISION")["due_on"] == "2026-01-30"
    case.does("NoteExpertOpinion", {"told_on": "2026-01-20"})
    assert case.deadline("GKV-DECISION")["due_on"] == "2026-02-13"
    other = story.st()
    other.applies(submitted_on="2026-01-09", regime="Sgb9_14_18")
    assert other.deadline("GKV-DECISION")["due_on"] == "2026-01-30"
    other.does("NoteExpertOpinion", {"told_on": "2026-01-20", "opinion_on": "2026-02-02"})
    assert other.deadline("GKV-DECISION")["due_on"] == "2026-02-16"


def test_a_denial_can_be_objected_to(story):
    """GKV-OBJECTION: one per denial; notified = `posted_on` + 4 days; + 1 month"""
    case = story.st()
    case.applies()
    case.is_denied(decided_on="2026-01-27", posted_on="2026-01-27")
    row = case.deadline("GKV-OBJECTION")
    assert (row["due_on"], row["acts_on"]) == ("2026-02-28", "2026-03-02")
    assert case.state == "denied"
    case.does("FileObjection", {"filed_on": "2026-02-10"})
    assert case.state == "applied"


# ---------------------------------------------------------------- tasks


def tasks(case, today: str) -> set[str]:
    return {row["task"] for row in case.rows("tasks", today=today)}


def test_the_next_step_of_a_case(story):
    """`tasks`: the next step of each case, or that it has none"""
    case = story.trial()
    assert tasks(case, "2026-01-08") == {
        "assign_team",
        "agree_care_plan",
        "obtain_referral",
        "schedule_first_visit",
    }
    case.does("AssignCareTeam", {"lead": "m.roth"})
    case.does("AgreeCarePlan", {"agreed_on": "2026-01-09", "goals": []})
    case.is_visited("2026-01-21", minutes=300)
    assert tasks(case, "2026-01-21") == {"obtain_referral", "complete_care"}
    case.is_followed_up("2026-02-01")
    assert tasks(case, "2026-02-01") == {"submit_application", "complete_care"}
    case.applies(submitted_on="2026-02-02")
    assert tasks(case, "2026-02-02") == {"await_decision", "complete_care"}
    case.is_approved(decided_on="2026-02-10")
    assert tasks(case, "2026-02-10") == {"schedule_visit", "complete_care"}
    case.is_visited_for(1800, "2026-02-11")
    assert tasks(case, "2026-03-01") == {"obtain_referral", "complete_care"}
    case.completes("2026-03-02")
    assert tasks(case, "2026-03-02") == {"send_final_report"}
    case.does("SendFinalReport", {"sent_on": "2026-03-03", "to": "Krankenkasse"})
    assert [row["task"] for row in case.rows("tasks", today="2026-03-03")] == [None]


def test_the_referral_keeps_what_it_says(story):
    """`gaf`?, `trial`? (boolean): in the history"""
    case = story.trial(gaf=38)
    data = case.history()[0]["data"]
    assert (data["gaf"], data["trial"], data["benefit"]) == (38, True, "ST")
    case.does("AmendReferral", {"gaf": 45})
    assert case.told()[1]["data"] == {"gaf": 45}


def test_a_known_person_may_be_referred_to_the_other_benefit(story):
    """`person_id` is known only within the same provider"""
    case = story.referral()
    person = case.history()[0]["data"]["person_id"]
    data = st_referral_data(provider=story.provider, person_id=person, person=None)
    answer = story.client.command("ReceiveReferral", None, data)
    assert answer.status_code == 200, answer.text
    early = st_referral_data(provider=story.provider, born="2026-01-08")
    refused(story.client.command("ReceiveReferral", None, early), 422, rule="REC-BIRTH")


# ---------------------------------------------------------------- co-payment


def test_days_of_co_payment_without_a_price(story, english):
    """`copay_days` [{`date`, `cost`, `copay`}] in the answer to an entitled reader of the case, from a price
    per unit set per insurer contract (none set: no amounts, said so)"""
    case = story.trial()
    case.is_visited("2026-01-21")
    case.is_followed_up("2026-02-01")
    case.is_visited("2026-02-03", time="15:00")
    case.is_visited("2026-02-02")
    case.is_visited("2026-02-03", time="09:00")
    now = case.now()
    none = {"cost": None, "copay": None}
    assert now["copay_days"] == [{"date": "2026-02-02", **none}, {"date": "2026-02-03", **none}]
    assert "kein Preis" in now["copay_note"]
    english.positions = story.client.positions
    assert "no price" in english.get(f"cases/{case.id}")["copay_note"]
    assert "copay_days" not in story.running().now()


def test_days_of_co_payment_with_a_price(story):
    """ST-COPAY: from 18: 10 % of the day's cost, at least 5 EUR, at most 10 EUR; per calendar day with a
    service; exempt with a certificate, which can arrive later and then applies from its own date"""
    case = story.st_approved(born="2008-02-03")
    for day, minutes, time in [
        ("2026-02-02", 60, "10:00"),
        ("2026-02-03", 60, "09:00"),
        ("2026-02-03", 60, "15:00"),
        ("2026-02-04", 30, "10:00"),
        ("2026-02-05", 75, "10:00"),
        ("2026-02-06", 75, "10:00"),
    ]:
        case.is_visited(day, minutes=minutes, time=time)
    # The price is agreed after the visits, and for them.
    prices = [
        {"benefit": "ST", "cents_per_unit": 6000, "from": "2026-01-01"},
        {"benefit": "ST", "cents_per_unit": 8025, "from": "2026-01-01", "insurer_ik": "104212059"},
    ]
    data = {"provider": story.provider, "from": "2026-06-01", "settings": {"prices": prices}}
    story.client.done("AdoptSettings", None, data)
    case.does("RecordExemption", {"from": "2026-02-06", "until": "2026-12-31"})
    now = case.now()
    assert [(day["date"], day["cost"], day["copay"]) for day in now["copay_days"]] == [
        ("2026-02-02", 6000, 0),  # the last day before the 18th birthday
        ("2026-02-03", 12000, 1000),
        ("2026-02-04", 3000, 500),
        ("2026-02-05", 7500, 750),
        ("2026-02-06", 7500, 0),
    ]
    assert now["copay_note"] is None
    person = {**st_referral_data()["person"], "insurer_ik": "104212059"}
    insured_there = story.st_approved(person=person)
    insured_there.is_visited("2026-02-05", minutes=75)
    assert insured_there.now()["copay_days"] == [{"date": "2026-02-05", "cost": 10031, "copay": 1000}]
    unpaid = story.st()
    unpaid.is_visited("2026-02-05")
    assert unpaid.now()["copay_days"] == [{"date": "2026-02-05", "cost": 0, "copay": 0}]
