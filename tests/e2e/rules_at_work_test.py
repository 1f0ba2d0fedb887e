"""API.md, Meanings that must not be guessed: Rules at work. How a rule acts (reject, reason, flag) is in
RULES.md."""

import pytest

from client import findings, refused
from story import DISCHARGED, at, day_after


# ---------------------------------------------------------------- SMN-AGE, SMN-SEVERE

SEVERE = {"no_self_care": True}
STAYS = {"inpatient_stays_12_months": 3}


@pytest.mark.parametrize(
    "born,received_on,severe,rule",
    [
        ("2012-05-10", "2026-05-09", None, None),  # the example of RULES.md, Computing dates
        ("2012-05-10", "2026-05-10", None, "SMN-AGE"),
        ("2012-05-10", "2026-05-10", SEVERE, None),
        ("2012-05-10", "2026-05-10", STAYS, None),
        ("2012-05-10", "2026-05-10", {**SEVERE, **STAYS}, None),
        ("2012-05-10", "2026-05-10", {"no_self_care": False, "inpatient_stays_12_months": 2}, "SMN-SEVERE"),
        ("2012-05-10", "2026-05-10", {"no_self_care": False}, "SMN-SEVERE"),
        ("2008-05-10", "2026-05-09", SEVERE, None),
        ("2008-05-10", "2026-05-10", SEVERE, "SMN-AGE"),
        ("2012-02-29", "2026-02-28", None, None),  # the 14th year is completed at the end of 28 February
        ("2012-02-29", "2026-03-01", None, "SMN-AGE"),
        ("2008-02-29", "2026-02-28", SEVERE, None),
        ("2008-02-29", "2026-03-01", SEVERE, "SMN-AGE"),
        ("2025-11-02", "2026-02-19", {"no_self_care": False}, None),  # nobody asks below 14
    ],
)
def test_age_is_judged_at_the_referral(story, born, received_on, severe, rule):
    """SMN-AGE, SMN-SEVERE: at the referral on `received_on`"""
    dates = dict(received_on=received_on, prescribed_on=min(received_on, "2026-02-18"))
    answer = story.tries_referral(born=born, severe=severe, **dates)
    if rule:
        refused(answer, 422, rule=rule)
    else:
        assert answer.status_code == 200, answer.text


def test_age_at_the_referral_is_that_of_the_receipt_not_of_the_prescription(story):
    """SMN-AGE: at the referral on `received_on`, which defaults to the date of `happened`"""
    changes = dict(born="2012-05-10", prescribed_on="2026-05-08", received_on=None)
    case = story.client
    accepted = case.command("ReceiveReferral", None, story.data(**changes), happened="2026-05-09T21:59:00Z")
    assert accepted.status_code == 200, accepted.text
    refused(
        case.command("ReceiveReferral", None, story.data(**changes), happened="2026-05-09T22:00:00Z"),
        422,
        rule="SMN-AGE",
    )


def teenager(story, **changes):
    return story.referral(
        **{
            "born": "2012-05-10",
            "prescribed_on": "2026-04-20",
            "received_on": "2026-04-20",
            "discharged_on": "2026-04-22",
            **changes,
        }
    )


def test_age_is_judged_at_the_first_unit(story):
    """SMN-AGE, SMN-SEVERE: … and at the first delivered unit"""
    in_time, late = teenager(story), teenager(story)
    in_time.is_visited("2026-05-09", time="23:59")
    refused(late.tries("DeliverVisit", late.delivery_data("2026-05-10", "00:00")), 422, rule="SMN-AGE")
    severe = teenager(story, severe=SEVERE)
    severe.is_visited("2026-05-10")


def test_age_is_judged_at_a_preparatory_first_unit(story):
    """… the first delivered unit (preparatory ones included); not again after that"""
    case = teenager(story, discharged_on=None)
    case.is_visited("2026-05-02", category="preparation", place="hospital")
    case.does("RecordDischarge", {"discharged_on": "2026-05-08"})
    case.is_visited("2026-05-12")
    late = teenager(story, discharged_on=None)
    refused(
        late.tries("DeliverVisit", late.delivery_data("2026-05-10", category="preparation")),
        422,
        rule="SMN-AGE",
    )


def test_age_is_not_judged_again(story):
    """not again after that, nor at a correction"""
    case = teenager(story)
    case.is_visited("2026-05-08")
    first = case.visit
    case.is_visited("2026-05-18")
    case.does("CorrectVisit", {"visit": first, "started_at": at("2026-05-11"), "reason": "falscher Tag"})
    assert case.now()["first_unit_on"] == "2026-05-11"


def test_what_becomes_known_later_raises_a_finding(story):
    """Rules are judged on what is known when the command is decided; what becomes known later raises a
    finding, it undoes nothing."""
    case = story.running()
    assert "SMN-AGE" not in {f["rule"] for f in case.now()["findings"]}
    case.does(
        "AmendReferral",
        {"person": {"given_name": "Mia", "family_name": "Musterkind", "born": "2010-01-01"}},
    )
    now = case.now()
    assert "SMN-AGE" in {f["rule"] for f in now["findings"]}
    assert (now["state"], now["balance"]["delivered"]) == ("running", 60)


# ---------------------------------------------------------------- SMN-INDICATION

LISTED = [
    "P05.0",
    "P07.1",
    "P08.2",
    "P20.1",
    "P25",
    "P29.9",
    "Q00.0",
    "Q21.3",
    "Q99.9",
    "C00.0",
    "C71.9",
    "C97",
    "E10.9",
    "E84.0",
    "G40.3",
    "G80.0",
    "J45.0",
]
UNLISTED = [
    "P04.9",
    "P09",
    "P19.9",
    "P30",
    "R00.0",
    "B99",
    "C98",
    "D00",
    "E11.9",
    "E83.1",
    "E85.0",
    "G41.0",
    "G81.0",
    "J44.0",
    "J46",
    "F90.0",
]


@pytest.mark.parametrize("icd", LISTED)
def test_a_listed_diagnosis_passes(story, icd):
    """SMN-INDICATION: … a dated, editable list of ICD prefixes (P05–P08, P20–P29, Q00–Q99, C00–C97, E10,
    E84, G40, G80, J45)"""
    case = story.referral(diagnoses=[{"icd": icd}])
    assert "SMN-INDICATION" not in findings(case.opened)


@pytest.mark.parametrize("icd", UNLISTED)
def test_an_unlisted_diagnosis_asks_for_a_reason(story, icd):
    """SMN-INDICATION: unlisted diagnosis possible (unlisted: reason)"""
    refused(
        story.tries_referral(diagnoses=[{"icd": icd}]),
        422,
        rule="SMN-INDICATION",
        reasons=["SMN-INDICATION"],
    )
    story.referral(diagnoses=[{"icd": icd}], reasons={"SMN-INDICATION": "Einzelfall"})


def test_one_listed_diagnosis_is_enough(story):
    """SMN-INDICATION: listed ICD-10 diagnosis"""
    story.referral(diagnoses=[{"icd": "F90.0"}, {"icd": "G80.1"}])


def test_an_impairment_that_is_denied_asks_for_a_reason(story):
    """`impairment: false` without `final_stage` asks for a reason, left out it is not asked."""
    refused(story.tries_referral(impairment=False), 422, reasons=["SMN-INDICATION"])
    refused(story.tries_referral(impairment=False, final_stage=False), 422, reasons=["SMN-INDICATION"])
    story.referral(impairment=False, reasons={"SMN-INDICATION": "Einzelfall"})
    story.referral(impairment=False, final_stage=True)
    story.referral(impairment=True)
    story.referral()


# ---------------------------------------------------------------- SMN-PRESCRIBER …

PHYSICIANS = [
    "general_practitioner",
    "neurology",
    "psychiatry",
    "child_psychiatry",
    "psychosomatics",
    "psychotherapy_title",
]


@pytest.mark.parametrize("kind", ["hospital", "rehab", "paediatrician"])
def test_these_prescribe_unflagged(story, kind):
    """hospital and rehab pass; paediatrician passes within SMN-PRESCRIBER-WINDOW"""
    assert findings(story.referral(prescriber=kind).opened) == set()


@pytest.mark.parametrize("kind", PHYSICIANS)
def test_other_physicians_are_flagged(story, kind):
    """general_practitioner, neurology, … likewise with SMN-PRESCRIBER-GP flagged"""
    case = story.referral(prescriber=kind)
    assert findings(case.opened) == {"SMN-PRESCRIBER-GP"}
    assert "SMN-PRESCRIBER-GP" in {f["rule"] for f in case.now()["findings"]}


@pytest.mark.parametrize(
    "kind",
    ["psychological_psychotherapist", "child_psychotherapist", "psychiatric_outpatient_clinic", "other"],
)
def test_all_others_are_rejected(story, kind):
    """the others are rejected"""
    refused(story.tries_referral(prescriber=kind), 422, rule="SMN-PRESCRIBER")
    refused(
        story.tries_referral(prescriber=kind, reasons={"SMN-PRESCRIBER": "bitte"}),
        422,
        rule="SMN-PRESCRIBER",
    )


@pytest.mark.parametrize("kind", ["paediatrician", *PHYSICIANS])
def test_a_vertragsarzt_prescribes_within_six_weeks(story, kind):
    """SMN-PRESCRIBER-WINDOW: a Vertragsarzt prescribes at most 6 weeks after discharge (reason)"""
    last, after = "2026-04-03", "2026-04-04"
    story.referral(prescriber=kind, prescribed_on=last, received_on=after)
    late = dict(prescriber=kind, prescribed_on=after, received_on=after)
    refused(
        story.tries_referral(**late), 422, rule="SMN-PRESCRIBER-WINDOW", reasons=["SMN-PRESCRIBER-WINDOW"]
    )
    story.referral(reasons={"SMN-PRESCRIBER-WINDOW": "Klinik hat es versäumt"}, **late)


@pytest.mark.parametrize("kind", ["hospital", "rehab"])
def test_hospital_and_rehab_have_no_window(story, kind):
    """hospital and rehab pass"""
    assert (
        findings(
            story.referral(prescriber=kind, prescribed_on="2026-04-04", received_on="2026-04-04").opened
        )
        == set()
    )


def test_the_window_is_not_judged_without_a_discharge(story):
    """Rules are judged on what is known when the command is decided"""
    case = story.referral(
        prescriber="paediatrician", discharged_on=None, prescribed_on="2026-04-04", received_on="2026-04-04"
    )
    case.does("RecordDischarge", {"discharged_on": DISCHARGED})
    assert "SMN-PRESCRIBER-WINDOW" in {f["rule"] for f in case.now()["findings"]}


def test_a_follow_up_referral_is_judged_by_its_prescriber_only(story):
    """To a follow-up referral only SMN-PRESCRIBER / ST-PRESCRIBER and ST-REFERRAL apply"""
    case = story.running()
    follow_up = {
        "prescribed_on": "2026-05-20",
        "units": 2,
        "prescriber": {"kind": "paediatrician"},
        "diagnoses": [{"icd": "F90.0"}],
    }
    assert findings(case.does("ReceiveFollowUpReferral", follow_up)) == set()
    case.does("ReceiveFollowUpReferral", {**follow_up, "units": 30})
    case.does("ReceiveFollowUpReferral", {**follow_up, "prescriber": {"kind": "general_practitioner"}})
    refused(
        case.tries("ReceiveFollowUpReferral", {**follow_up, "prescriber": {"kind": "other"}}),
        422,
        rule="SMN-PRESCRIBER",
    )


# ---------------------------------------------------------------- the other rules of the referral


@pytest.mark.parametrize(
    "setting", ["inpatient", "day_patient", "pre_post_inpatient", "ambulatory_surgery", "inpatient_rehab"]
)
def test_these_settings_pass(story, setting):
    """SMN-SETTING: follows directly on inpatient, day-patient, pre-/post-inpatient treatment, ambulatory
    surgery, or inpatient rehab"""
    assert findings(story.referral(setting=setting).opened) == set()


def test_an_ambulatory_illness_asks_for_a_reason(story):
    """SMN-SETTING: purely ambulatory illness is a reasoned single case (ambulatory: reason)"""
    refused(story.tries_referral(setting="ambulatory"), 422, rule="SMN-SETTING", reasons=["SMN-SETTING"])
    story.referral(setting="ambulatory", reasons={"SMN-SETTING": "Klinikaufenthalt wird vermieden"})


@pytest.mark.parametrize("units,rule", [(5, "SMN-MIN-UNITS"), (6, None), (20, None), (21, "SMN-MAX-UNITS")])
def test_units_of_the_first_contingent(story, units, rule):
    """SMN-MIN-UNITS: at least 6 units prescribed (reason); SMN-MAX-UNITS: at most 20 (reason to
    prescribe)"""
    if rule is None:
        assert findings(story.referral(units=units).opened) == set()
    else:
        refused(story.tries_referral(units=units), 422, rule=rule, reasons=[rule])
        case = story.referral(units=units, reasons={rule: "Einzelfall"})
        assert case.balance()["prescribed"] == units * 60


def test_sapv_is_flagged(story):
    """SMN-SAPV: not beside specialised palliative care (flag)"""
    assert findings(story.referral(sapv=True).opened) == {"SMN-SAPV"}
    assert findings(story.referral(sapv=False).opened) == set()


def test_rules_are_judged_at_an_amendment_too(story):
    """Rules are judged on what is known when the command is decided"""
    case = story.referral()
    refused(case.tries("AmendReferral", {"prescriber": {"kind": "other"}}), 422, rule="SMN-PRESCRIBER")
    refused(
        case.tries("AmendReferral", {"units": 21}), 422, rule="SMN-MAX-UNITS", reasons=["SMN-MAX-UNITS"]
    )
    case.does("AmendReferral", {"units": 21}, reasons={"SMN-MAX-UNITS": "Einzelfall"})
    assert case.balance()["prescribed"] == 1260


def test_a_deviation_is_kept_with_its_reason(story):
    """*reason* (accepted only with a written reason, which is stored in the event as a deviation of that
    rule)"""
    case = story.referral(units=5, reasons={"SMN-MIN-UNITS": "zweite Verordnung folgt"})
    assert case.history()[0]["reasons"] == {"SMN-MIN-UNITS": "zweite Verordnung folgt"}


# ---------------------------------------------------------------- visits


@pytest.mark.parametrize("minutes,flagged", [(15, False), (45, False), (60, False), (50, True), (1, True)])
def test_steps_of_a_quarter_hour(story, minutes, flagged):
    """SMN-UNIT: a unit is 60 minutes and may be split (step 15 min: flag)"""
    case = story.running()
    assert ("SMN-UNIT" in findings(case.is_visited("2026-03-02", minutes=minutes))) == flagged


def test_preparatory_units_are_flagged(story):
    """SMN-BEFORE-DISCHARGE: preparatory units during the stay are a category of their own (flag)"""
    case = story.referral(discharged_on=None, expected_discharge_on="2026-07-20")
    before = case.is_visited("2026-02-19", category="preparation", place="hospital")
    assert "SMN-BEFORE-DISCHARGE" in findings(before)
    other = story.referral()
    assert "SMN-BEFORE-DISCHARGE" in findings(other.is_visited("2026-02-19"))
    assert findings(other.is_visited(DISCHARGED)) == set()


def test_several_units_on_one_day_are_allowed(story):
    """SMN-SEVERAL-PER-DAY: several units on one day are allowed"""
    case = story.running()
    for time in ("08:00", "08:00", "12:00", "20:00"):
        assert findings(case.is_visited("2026-03-02", time=time)) == set()
    assert case.balance()["delivered"] == 300


# ---------------------------------------------------------------- SMN-EXTENSION


def follow_up(case, units=10):
    case.does(
        "ReceiveFollowUpReferral",
        {"prescribed_on": "2026-04-20", "units": units, "prescriber": {"kind": "hospital"}},
    )


def test_an_extension_needs_a_follow_up_referral(story):
    """Extensions (SMN only) need one (422 SMN-EXTENSION)"""
    case = story.running()
    refused(case.tries("RequestExtension", case.extension_data(4)), 422, rule="SMN-EXTENSION")
    follow_up(case)
    case.does("RequestExtension", case.extension_data(4))


def test_an_extension_has_at_most_ten_units(story):
    """its units are capped by SMN-EXTENSION at the request"""
    case = story.running()
    follow_up(case, units=12)
    refused(case.tries("RequestExtension", case.extension_data(11)), 422, rule="SMN-EXTENSION")
    case.does("RequestExtension", case.extension_data(10))
    case.granted("GrantExtension", units=10, decided_on="2026-04-27")
    assert case.balance()["extended"] == 600


def test_a_grant_of_more_than_ten_units_is_refused(story):
    """all that are granted to a case are at most 10 units"""
    case = story.running()
    case.asks_to_extend(10)
    grant = case.approval_data(decided_on="2026-04-27")
    refused(case.tries("GrantExtension", {**grant, "units": 11}), 422, rule="SMN-EXTENSION")
    case.does("GrantExtension", {**grant, "units": 10})


def test_all_extensions_of_a_case_together_have_at_most_ten_units(story):
    """all that are granted to a case are at most 10 units"""
    case = story.running()
    case.is_extended(6)
    case.asks_to_extend(4, "2026-05-04")
    grant = case.approval_data(decided_on="2026-05-11")
    refused(case.tries("GrantExtension", {**grant, "units": 5}), 422, rule="SMN-EXTENSION")
    case.does("GrantExtension", {**grant, "units": 4})
    assert case.balance()["extended"] == 600


def test_a_denied_extension_takes_nothing_of_the_ten_units(story):
    """all that are *granted* to a case are at most 10 units"""
    case = story.running()
    case.asks_to_extend(8)
    case.does("DenyExtension", case.denial_data(decided_on="2026-04-27", posted_on="2026-04-27"))
    case.is_extended(10, requested_on="2026-05-04", decided_on="2026-05-11")
    assert case.balance()["extended"] == 600


def test_the_cap_is_of_extensions_only(story):
    """SMN-EXTENSION: + at most 10 units (the first contingent is not counted)"""
    case = story.running(units=20)
    case.is_extended(10)
    balance = case.balance()
    assert (balance["approved"], balance["extended"]) == (1800, 600)


# ---------------------------------------------------------------- SMN-COMPLETE

DUE = "2026-05-22"  # twelve weeks after the first unit on 2026-02-27


def test_a_visit_after_twelve_weeks_needs_a_reason(story):
    """SMN-COMPLETE: DeliverVisit … dated after its `due_on` need the reason"""
    case = story.running()
    assert case.deadline("SMN-COMPLETE")["due_on"] == DUE
    case.is_visited(DUE, time="23:45")
    late = case.delivery_data(day_after(DUE), "00:00")
    refused(case.tries("DeliverVisit", late), 422, rule="SMN-COMPLETE", reasons=["SMN-COMPLETE"])
    case.does("DeliverVisit", late, reasons={"SMN-COMPLETE": "Familie war im Krankenhaus"})
    assert case.told()[-1]["reasons"] == {"SMN-COMPLETE": "Familie war im Krankenhaus"}


def test_the_first_unit_needs_no_such_reason_however_late(story):
    """SMN-COMPLETE: anchor as configured (the first unit after the discharge): without a first unit there
    is no due_on"""
    case = story.referral()
    assert findings(case.is_visited("2026-06-20")) == set()


def test_a_correction_beyond_twelve_weeks_needs_a_reason(story):
    """SMN-COMPLETE: DeliverVisit and CorrectVisit dated after its `due_on` need the reason"""
    case = story.running()
    case.is_visited("2026-03-06")
    correction = {"visit": case.visit, "started_at": at(day_after(DUE)), "reason": "falscher Tag"}
    refused(case.tries("CorrectVisit", correction), 422, rule="SMN-COMPLETE", reasons=["SMN-COMPLETE"])
    case.does("CorrectVisit", {**correction, "started_at": at(DUE)})
    case.does("CorrectVisit", correction, reasons={"SMN-COMPLETE": "Familie war im Krankenhaus"})


def test_a_correction_is_judged_by_the_due_on_before_it(story):
    """A correction is judged by the `due_on` before it."""
    # Moving the only unit moves the anchor too; what counts is the due_on as it was.
    case = story.running()
    correction = {"visit": case.visit, "started_at": at("2026-06-01"), "reason": "falscher Tag"}
    refused(case.tries("CorrectVisit", correction), 422, rule="SMN-COMPLETE", reasons=["SMN-COMPLETE"])
    case.does("CorrectVisit", correction, reasons={"SMN-COMPLETE": "Familie war im Krankenhaus"})
    assert case.deadline("SMN-COMPLETE")["due_on"] == "2026-08-24"


def test_a_correction_that_leaves_the_day_is_judged_by_its_day(story):
    """CorrectVisit dated after its `due_on` need the reason"""
    case = story.running()
    case.is_visited("2026-06-01", reasons={"SMN-COMPLETE": "Familie war im Krankenhaus"})
    shorter = {"visit": case.visit, "minutes": 30, "reason": "Tippfehler"}
    refused(case.tries("CorrectVisit", shorter), 422, rule="SMN-COMPLETE", reasons=["SMN-COMPLETE"])
    case.does("CorrectVisit", shorter, reasons={"SMN-COMPLETE": "Familie war im Krankenhaus"})


def test_a_schedule_beyond_twelve_weeks_is_flagged(story):
    """SMN-COMPLETE: … ScheduleVisit is flagged"""
    case = story.running()
    assert findings(case.schedules(DUE)) == set()
    assert findings(case.schedules(day_after(DUE))) == {"SMN-COMPLETE"}


def test_completion_beyond_twelve_weeks_needs_none(story):
    """SMN-COMPLETE: … CompleteCare needs none"""
    case = story.running()
    case.is_visited("2026-03-06", minutes=180)
    assert findings(case.completes("2026-06-29")) == set()


# ---------------------------------------------------------------- SMN-DEATH


def test_after_a_death_visits_need_a_reason(story):
    """SMN-DEATH: after DiscontinueCare with cause `died` a DeliverVisit dated after `closed_on` needs that
    reason (earlier is late paper); ScheduleVisit is 409"""
    case = story.running()
    case.discontinues("2026-04-10", "died")
    assert findings(case.is_visited("2026-04-10")) == set()
    late = case.delivery_data("2026-04-11")
    refused(case.tries("DeliverVisit", late), 422, rule="SMN-DEATH", reasons=["SMN-DEATH"])
    case.does("DeliverVisit", late, reasons={"SMN-DEATH": "Abschlussgespräch mit den Eltern"})
    refused(
        case.tries("ScheduleVisit", case.visit_data("2026-07-10"), reasons={"SMN-DEATH": "Abschluss"}),
        409,
        state="discontinued",
    )
    assert case.state == "discontinued"


def test_a_late_visit_after_a_death_needs_both_reasons(story):
    """Several rules that want a reason are listed together in `reasons_required`"""
    case = story.running()
    case.discontinues("2026-04-10", "died")
    late = case.delivery_data("2026-06-01")
    refused(case.tries("DeliverVisit", late), 422, reasons=["SMN-COMPLETE", "SMN-DEATH"])
    case.does(
        "DeliverVisit", late, reasons={"SMN-COMPLETE": "Trauerbegleitung", "SMN-DEATH": "Trauerbegleitung"}
    )


def test_other_causes_allow_no_later_visit(story):
    """on a completed or discontinued case if the visit's date is on or before `closed_on`"""
    for cause in ("moved", "refused", "readmitted", "other"):
        case = story.running()
        case.discontinues("2026-04-10", cause)
        refused(
            case.tries("DeliverVisit", case.delivery_data("2026-04-11"), reasons={"SMN-DEATH": "bitte"}),
            409,
            state="discontinued",
        )


# ---------------------------------------------------------------- SMN-HOME


@pytest.mark.parametrize("minutes,flagged", [(179, True), (180, False), (181, False)])
def test_three_units_at_home(story, minutes, flagged):
    """SMN-HOME: at least 3 delivered units at home: finding while open, flag at completion; SMN-HOME is met
    at 180"""
    case = story.approved()
    case.is_visited("2026-02-27", minutes=minutes)
    case.is_visited("2026-03-02", minutes=600, place="facility")
    assert ("SMN-HOME" in {f["rule"] for f in case.now()["findings"]}) == flagged
    assert ("SMN-HOME" in findings(case.completes("2026-05-08"))) == flagged


def test_voided_units_at_home_do_not_count(story):
    """SMN-HOME: at least 3 *delivered* units at home"""
    case = story.approved()
    case.is_visited("2026-02-27", minutes=60)
    case.is_visited("2026-02-28", minutes=120)
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    assert "SMN-HOME" in findings(case.completes("2026-05-08"))


# ---------------------------------------------------------------- corrections


def test_what_a_correction_may_change(story):
    """CorrectVisit may change started_at, minutes, place, category, staff, group_size, note"""
    case = story.running()
    changes = {
        "started_at": at("2026-03-02", "08:30"),
        "minutes": 75,
        "place": "video",
        "category": "coordination",
        "staff": "a.ander",
        "note": "Anruf statt Besuch",
    }
    for name, value in changes.items():
        case.does("CorrectVisit", {"visit": case.visit, name: value, "reason": "Tippfehler"})
    row = case.visit_row()
    assert {name: row[name] for name in ("minutes", "place", "category", "staff")} == {
        name: changes[name] for name in ("minutes", "place", "category", "staff")
    }
    assert (row["starts_at"], row["corrected"], row["state"]) == (
        changes["started_at"],
        len(changes),
        "delivered",
    )
    for field, value in {"state": "missed", "starts_at": at("2026-03-03"), "case": case.id}.items():
        refused(
            case.tries("CorrectVisit", {"visit": case.visit, "minutes": 60, field: value, "reason": "x"}),
            400,
            field=field,
        )


def test_a_correction_without_a_change_is_malformed(story):
    """`visit`, changed fields of the above, `reason`"""
    case = story.running()
    refused(case.tries("CorrectVisit", {"visit": case.visit, "reason": "nichts"}), 400)
    assert case.visit_row()["corrected"] == 0


def test_a_correction_is_judged_like_the_delivery(story):
    """CorrectVisit … is judged like the delivery"""
    case = story.running()
    flagged = case.does("CorrectVisit", {"visit": case.visit, "minutes": 50, "reason": "Tippfehler"})
    assert "SMN-UNIT" in findings(flagged)
    refused(
        case.tries("CorrectVisit", {"visit": case.visit, "started_at": at("2026-07-01"), "reason": "x"}),
        400,
        field="started_at",
    )
