"""API.md, Meanings that must not be guessed: Refusals. The server's clock stands at 2026-06-30 12:00, a
Tuesday; nothing is recorded but what is sent (alerts_test.py has the rest)."""

import copy
import json

import pytest

import contract
from client import Client, findings, new_id, refused
from story import Case, Story, at, referral_data

ROLES = "intake,query"
TODAY, TOMORROW = "2026-06-30", "2026-07-01"


def without(data: dict, *names: str) -> dict:
    return {k: v for k, v in data.items() if k not in names}


def with_person(**changes) -> dict:
    person = {"given_name": "Mia", "family_name": "Musterkind", "born": "2025-11-02", **changes}
    return {"person": {k: v for k, v in person.items() if v is not None}}


# ---------------------------------------------------- 400: seen without the case and without a rule

REFERRALS = {
    # a field that is missing
    "benefit missing": (dict(benefit=None), "benefit"),
    "provider missing": (dict(provider=None), "provider"),
    "land missing": (dict(land=None), "land"),
    "prescriber missing": (dict(prescriber=None), "prescriber"),
    "prescribed_on missing": (dict(prescribed_on=None), "prescribed_on"),
    "units missing": (dict(units=None), "units"),
    "diagnoses missing": (dict(diagnoses=None), "diagnoses"),
    "setting missing": (dict(setting=None), "setting"),
    "kind missing": (dict(prescriber={"name": "Dr. Muster"}), "prescriber.kind"),
    "born missing": (with_person(born=None), "person.born"),
    "given_name missing": (with_person(given_name=None), "person.given_name"),
    "family_name missing": (with_person(family_name=None), "person.family_name"),
    # exactly one of person and person_id
    "neither person nor person_id": (dict(person=None), {"person", "person_id"}),
    "both person and person_id": (
        dict(person_id="0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e"),
        {"person", "person_id"},
    ),
    # unknown fields
    "unknown field": (dict(colour="blue"), "colour"),
    "unknown field of the person": (with_person(nickname="Mimi"), "person.nickname"),
    "unknown field of the prescriber": (
        dict(prescriber={"kind": "hospital", "mood": "good"}),
        "prescriber.mood",
    ),
    "unknown field of severe": (dict(severe={"tall": True}), "severe.tall"),
    # unknown words
    "unknown benefit": (dict(benefit="ABC"), "benefit"),
    "benefit in small letters": (dict(benefit="smn"), "benefit"),
    "unknown land": (dict(land="DE-XX"), "land"),
    "land of another country": (dict(land="AT-9"), "land"),
    "unknown kind": (dict(prescriber={"kind": "astrologer"}), "prescriber.kind"),
    "unknown setting": (dict(setting="hotel"), "setting"),
    "unknown coverage": (dict(coverage="maybe"), "coverage"),
    # types
    "units as text": (dict(units="12"), "units"),
    "units with a fraction": (dict(units=12.5), "units"),
    "units as boolean": (dict(units=True), "units"),
    "sapv as text": (dict(sapv="true"), "sapv"),
    "sapv as number": (dict(sapv=1), "sapv"),
    "person as text": (dict(person="Mia Musterkind"), "person"),
    "born as number": (with_person(born=20251102), "person.born"),
    "stays as text": (dict(severe={"inpatient_stays_12_months": "3"}), "severe.inpatient_stays_12_months"),
    "provider as number": (dict(provider=7), "provider"),
    # numbers out of bounds
    "no units": (dict(units=0), "units"),
    "negative units": (dict(units=-1), "units"),
    "121 units": (dict(units=121), "units"),
    "units beyond every integer": (dict(units=10**30), "units"),
    "negative stays": (dict(severe={"inpatient_stays_12_months": -1}), "severe.inpatient_stays_12_months"),
    # impossible dates
    "30 February": (dict(prescribed_on="2026-02-30"), "prescribed_on"),
    "29 February of a common year": (dict(prescribed_on="2026-02-29"), "prescribed_on"),
    "month 13": (dict(received_on="2026-13-01"), "received_on"),
    "day 0": (dict(received_on="2026-02-00"), "received_on"),
    "a German date": (dict(discharged_on="20.02.2026"), "discharged_on"),
    "a date without zeros": (dict(discharged_on="2026-2-20"), "discharged_on"),
    "an instant for a date": (dict(discharged_on="2026-02-20T00:00:00+01:00"), "discharged_on"),
    "an empty date": (dict(expected_discharge_on=""), "expected_discharge_on"),
    "born on no day": (with_person(born="2025-02-29"), "person.born"),
    # slugs
    "provider with a space": (dict(provider="hana muenchen"), "provider"),
    "empty provider": (dict(provider=""), "provider"),
}


@pytest.mark.parametrize("name", REFERRALS)
def test_a_malformed_referral_is_400_and_names_the_field(client, story, name):
    """What can be seen to be wrong without the case and without a rule is 400 with `field`: syntax, types,
    missing or unknown fields, unknown words, impossible dates, numbers out of bounds"""
    changes, field = REFERRALS[name]
    refused(
        story.tries_referral(**{"provider": story.provider, **copy.deepcopy(changes)}), 400, field=field
    )
    assert client.rows("cases", provider=story.provider) == []


def test_the_diagnoses_are_a_list_with_codes(story):
    """… missing or unknown fields, types"""
    for wrong in (
        [],
        "P07.1",
        [{}],
        [{"icd": 7}],
        [{"icd": ""}],
        ["P07.1"],
        [{"icd": "P07.1", "since": "2026"}],
    ):
        problem = refused(story.tries_referral(diagnoses=wrong), 400)
        assert problem["field"].startswith("diagnoses"), problem


ENVELOPES = {
    "no command": (dict(command=None), "command"),
    "unknown command": (dict(command="PaintTheWall"), "command"),
    "an event's name": (dict(command="CareTeamAssigned"), "command"),
    "command of the service itself": (dict(command="StartDeadlineMissed"), "command"),
    "command as number": (dict(command=5), "command"),
    "id as number": (dict(id=5), "id"),
    "id without hyphens": (dict(id="0d7ff3a57a1c4b0e9a573f1a2b3c4d5e"), "id"),
    "id in braces": (dict(id="{0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e}"), "id"),
    "nil id": (dict(id="00000000-0000-0000-0000-000000000000"), "id"),
    "case missing": (dict(case=None), "case"),
    "case as word": (dict(case="mia"), "case"),
    "data missing": (dict(data=None), "data"),
    "data as list": (dict(data=[]), "data"),
    "data as text": (dict(data="lead=m.roth"), "data"),
    "happened without offset": (dict(happened="2026-03-02T14:10:00"), "happened"),
    "happened at no time": (dict(happened="2026-03-02T24:10:00+01:00"), "happened"),
    "happened with an impossible offset": (dict(happened="2026-03-02T14:10:00+25:00"), "happened"),
    "happened on no day": (dict(happened="2026-02-30"), "happened"),
    "happened with a space": (dict(happened="2026-03-02 14:10:00+01:00"), "happened"),
    "happened in words": (dict(happened="yesterday"), "happened"),
    "happened as number": (dict(happened=1772457000), "happened"),
    "happened tomorrow": (dict(happened=TOMORROW), "happened"),
    "happened this evening": (dict(happened=at(TODAY, "20:00")), "happened"),
    "expect_version as text": (dict(expect_version="1"), "expect_version"),
    "negative expect_version": (dict(expect_version=-1), "expect_version"),
    "expect_version with a fraction": (dict(expect_version=1.5), "expect_version"),
    "reasons as list": (dict(reasons=["SMN-COMPLETE"]), "reasons"),
    "reason as number": (dict(reasons={"SMN-COMPLETE": 5}), {"reasons", "reasons.SMN-COMPLETE"}),
    "by as number": (dict(by=7), "by"),
    "entered without offset": (dict(entered="2026-03-02T14:10:00"), "entered"),
    "unknown member": (dict(urgent=True), "urgent"),
    "member of the wrong spelling": (dict(expectVersion=1), "expectVersion"),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_malformed_envelope_is_400_and_names_the_field(story, name):
    """400 with `field`: syntax, types, missing or unknown fields, unknown words, impossible dates"""
    changes, field = ENVELOPES[name]
    case = story.referral()
    command = {
        "command": "AssignCareTeam",
        "id": new_id(),
        "case": case.id,
        "data": {"lead": "m.roth"},
        **changes,
    }
    refused(case.client.post({k: v for k, v in command.items() if v is not None}), 400, field=field)
    assert case.version == 1


DELIVERIES = {
    "minutes 0": (dict(minutes=0), "minutes"),
    "minutes -30": (dict(minutes=-30), "minutes"),
    "minutes 1441": (dict(minutes=1441), "minutes"),
    "minutes 100000": (dict(minutes=100_000), "minutes"),
    "minutes with a fraction": (dict(minutes=45.5), "minutes"),
    "minutes as text": (dict(minutes="45"), "minutes"),
    "visit as number": (dict(visit=1), "visit"),
    "unknown place": (dict(place="moon"), "place"),
    "unknown category": (dict(category="dancing"), "category"),
    "staff with a space": (dict(staff="M Roth"), "staff"),
    "started_at without offset": (dict(started_at="2026-03-02T10:00:00"), "started_at"),
    "started_at as date": (dict(started_at="2026-03-02"), "started_at"),
    "started_at on no day": (dict(started_at="2026-02-30T10:00:00+01:00"), "started_at"),
    "started_at tomorrow": (dict(started_at=at(TOMORROW)), "started_at"),
    "started_at this evening": (dict(started_at=at(TODAY, "20:00")), "started_at"),
    "note as number": (dict(note=1), "note"),
    "unknown field": (dict(mood="good"), "mood"),
}


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_malformed_delivery_is_400_and_names_the_field(story, name):
    """numbers out of bounds (`minutes` 1 to 1440 …), a *fact* dated after today (instants: more than 5
    minutes ahead)"""
    changes, field = DELIVERIES[name]
    case = story.referral()
    refused(case.tries("DeliverVisit", case.delivery_data("2026-03-02", **changes)), 400, field=field)
    assert case.version == 1


@pytest.mark.parametrize(
    "command,missing",
    [
        ("RecordDischarge", "discharged_on"),
        ("AssignCareTeam", "lead"),
        ("WithdrawReferral", "reason"),
        ("SubmitApplication", "units"),
        ("SubmitApplication", "submitted_on"),
        ("NoteExpertOpinion", "told_on"),
        ("GrantApproval", "reference"),
        ("GrantApproval", "decided_on"),
        ("GrantApproval", "units"),
        ("GrantApproval", "from"),
        ("GrantApproval", "until"),
        ("CorrectApproval", "approval"),
        ("CorrectApproval", "reason"),
        ("RevokeApproval", "approval"),
        ("RevokeApproval", "reason"),
        ("DenyApproval", "reference"),
        ("DenyApproval", "decided_on"),
        ("DenyApproval", "posted_on"),
        ("DenyApproval", "instruction_given"),
        ("FileObjection", "filed_on"),
        ("DecideObjection", "decided_on"),
        ("DecideObjection", "upheld"),
        ("RecordCoverage", "coverage"),
        ("RecordCoverage", "since"),
        ("AgreeCarePlan", "agreed_on"),
        ("AgreeCarePlan", "goals"),
        ("ScheduleVisit", "starts_at"),
        ("ScheduleVisit", "minutes"),
        ("ScheduleVisit", "staff"),
        ("ScheduleVisit", "place"),
        ("RescheduleVisit", "visit"),
        ("RescheduleVisit", "starts_at"),
        ("CancelVisit", "visit"),
        ("CancelVisit", "reason"),
        ("MissVisit", "visit"),
        ("DeliverVisit", "visit"),
        ("DeliverVisit", "minutes"),
        ("CorrectVisit", "visit"),
        ("CorrectVisit", "reason"),
        ("VoidVisit", "visit"),
        ("VoidVisit", "reason"),
        ("RequestExtension", "units"),
        ("RequestExtension", "requested_on"),
        ("RequestExtension", "documentation_form_on"),
        ("RequestExtension", "reason"),
        ("GrantExtension", "reference"),
        ("GrantExtension", "decided_on"),
        ("GrantExtension", "units"),
        ("DenyExtension", "posted_on"),
        ("DenyExtension", "instruction_given"),
        ("CompleteCare", "completed_on"),
        ("CompleteCare", "goal_reached"),
        ("DiscontinueCare", "discontinued_on"),
        ("DiscontinueCare", "cause"),
        ("ReopenCase", "reason"),
        ("SendFinalReport", "sent_on"),
        ("SendFinalReport", "to"),
        ("ReceiveFollowUpReferral", "prescribed_on"),
        ("ReceiveFollowUpReferral", "units"),
        ("ReceiveFollowUpReferral", "prescriber"),
        ("TickChecklist", "step"),
        ("TickChecklist", "item"),
        ("AcknowledgeAlert", "alert"),
        ("SnoozeAlert", "alert"),
        ("SnoozeAlert", "until"),
        ("SnoozeAlert", "reason"),
    ],
)
def test_a_missing_field_is_400_and_named(story, command, missing):
    """400 with `field`: … missing or unknown fields"""
    case = story.referral()
    refused(case.tries(command, without(WELL_FORMED[command], missing)), 400, field=missing)


WELL_FORMED = {
    "AmendReferral": {"units": 13},
    "ReceiveFollowUpReferral": {
        "prescribed_on": "2026-04-20",
        "units": 6,
        "prescriber": {"kind": "hospital"},
    },
    "WithdrawReferral": {"reason": "Familie verzichtet"},
    "RecordDischarge": {"discharged_on": "2026-02-20"},
    "AssignCareTeam": {"lead": "m.roth", "members": ["a.ander"]},
    "SubmitApplication": {"units": 12, "submitted_on": "2026-02-19", "received_on": "2026-02-20"},
    "NoteExpertOpinion": {"told_on": "2026-02-25", "opinion_on": "2026-02-25"},
    "GrantApproval": Case.approval_data(),
    "CorrectApproval": {
        "approval": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e",
        "units": 13,
        "reason": "Tippfehler",
    },
    "RevokeApproval": {"approval": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "reason": "Versehen"},
    "DenyApproval": Case.denial_data(),
    "FileObjection": {"filed_on": "2026-03-10"},
    "DecideObjection": {"decided_on": "2026-04-10", "upheld": True},
    "RecordCoverage": {"coverage": "insured", "since": "2026-01-01"},
    "AgreeCarePlan": {"agreed_on": "2026-03-01", "goals": ["Sondenernährung sicher"]},
    "ScheduleVisit": Case.visit_data("2026-07-10"),
    "RescheduleVisit": {"visit": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "starts_at": at("2026-07-11")},
    "CancelVisit": {"visit": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "reason": "Kind krank"},
    "MissVisit": {"visit": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "reason": "niemand zu Hause"},
    "DeliverVisit": Case.delivery_data("2026-03-02"),
    "CorrectVisit": {
        "visit": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e",
        "minutes": 45,
        "reason": "Tippfehler",
    },
    "VoidVisit": {"visit": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "reason": "doppelt"},
    "RequestExtension": Case.extension_data(4),
    "GrantExtension": Case.approval_data(units=4),
    "DenyExtension": Case.denial_data(),
    "CompleteCare": {"completed_on": "2026-05-08", "goal_reached": True},
    "DiscontinueCare": {"discontinued_on": "2026-04-10", "cause": "moved"},
    "ReopenCase": {"reason": "Irrtum"},
    "SendFinalReport": {"sent_on": "2026-05-20", "to": "Krankenkasse"},
    "TickChecklist": {"step": "agree_care_plan", "item": "sign", "ticked": True},
    "AcknowledgeAlert": {"alert": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "note": "Familie ruft zurück"},
    "SnoozeAlert": {
        "alert": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e",
        "until": "2026-07-03",
        "reason": "Kind im Urlaub",
    },
}


@pytest.mark.parametrize("command", WELL_FORMED)
def test_an_unknown_field_is_400_in_every_command(story, command):
    """400 with `field`: … missing or unknown fields"""
    case = story.referral()
    refused(case.tries(command, {**WELL_FORMED[command], "colour": "blue"}), 400, field="colour")
    assert case.version == 1


@pytest.mark.parametrize("command", WELL_FORMED)
def test_what_is_malformed_is_400_whatever_the_case(client, command):
    """What can be seen to be wrong without the case and without a rule is 400 with `field`"""
    refused(
        client.command(command, new_id(), {**WELL_FORMED[command], "colour": "blue"}), 400, field="colour"
    )


@pytest.mark.parametrize("command", WELL_FORMED)
def test_an_unknown_case_is_404(client, command):
    """404 is for cases only"""
    case = new_id()
    assert refused(client.command(command, case, WELL_FORMED[command]), 404)["case"] == case


@pytest.mark.parametrize(
    "command,changes,field",
    [
        ("GrantApproval", {"from": "2026-05-02", "until": "2026-05-01"}, "until"),
        ("GrantExtension", {"from": "2026-05-02", "until": "2026-05-01"}, "until"),
        ("CorrectApproval", {"from": "2026-05-02", "until": "2026-05-01"}, "until"),
        ("SubmitApplication", {"units": 0}, "units"),
        ("SubmitApplication", {"units": 121}, "units"),
        ("SubmitApplication", {"regime": "Sgb11"}, "regime"),
        ("GrantApproval", {"units": 0}, "units"),
        ("GrantApproval", {"units": 121}, "units"),
        ("RequestExtension", {"units": 0}, "units"),
        ("RequestExtension", {"units": 121}, "units"),
        ("ReceiveFollowUpReferral", {"units": 0}, "units"),
        ("ScheduleVisit", {"minutes": 1441}, "minutes"),
        ("RescheduleVisit", {"minutes": 0}, "minutes"),
        ("CorrectVisit", {"minutes": 100_000}, "minutes"),
        ("DiscontinueCare", {"cause": "bored"}, "cause"),
        ("RecordCoverage", {"coverage": "half"}, "coverage"),
        ("DenyApproval", {"instruction_given": "yes"}, "instruction_given"),
        ("DecideObjection", {"upheld": 1}, "upheld"),
        ("AgreeCarePlan", {"goals": "alles gut"}, "goals"),
        ("AssignCareTeam", {"members": "a.ander"}, "members"),
        ("ScheduleVisit", {"starts_at": "2026-07-10T10:00:00"}, "starts_at"),
        ("ScheduleVisit", {"starts_at": "2026-07-10"}, "starts_at"),
        ("WithdrawReferral", {"reason": ""}, "reason"),
        ("WithdrawReferral", {"reason": "  \n "}, "reason"),
        ("CompleteCare", {"goal_reached": None}, "goal_reached"),
        ("AcknowledgeAlert", {"alert": "mia"}, "alert"),
        ("AcknowledgeAlert", {"note": "  "}, "note"),
        ("SnoozeAlert", {"until": "03.07.2026"}, "until"),
        ("SnoozeAlert", {"reason": ""}, "reason"),
    ],
)
def test_a_wrong_value_is_400_and_its_field_named(story, command, changes, field):
    """types, unknown words, numbers out of bounds (`minutes` 1 to 1440, `units` 1 to 120), `until` before
    `from`"""
    case = story.referral()
    refused(case.tries(command, {**WELL_FORMED[command], **changes}), 400, field=field)
    assert case.version == 1


def test_the_bounds_themselves_are_allowed(story):
    """numbers out of bounds (`minutes` 1 to 1440, `units` 1 to 120), `until` before `from`"""
    why = {"SMN-MIN-UNITS": "Einzelfall", "SMN-MAX-UNITS": "Einzelfall"}
    story.referral(units=1, reasons=why)
    case = story.referral(units=120, reasons=why)
    case.does("SubmitApplication", {"units": 120, "submitted_on": TODAY, "received_on": TODAY})
    case.is_approved(units=1, decided_on=TODAY, from_="2026-03-02", until="2026-03-02")
    case.is_visited("2026-03-02", minutes=1)
    case.is_visited("2026-03-03", minutes=1440)
    assert case.balance()["delivered"] == 1441


FACTS = [
    ("ReceiveReferral", "prescribed_on"),
    ("ReceiveReferral", "received_on"),
    ("ReceiveReferral", "discharged_on"),
    ("ReceiveReferral", "person.born"),
    ("RecordDischarge", "discharged_on"),
    ("SubmitApplication", "submitted_on"),
    ("SubmitApplication", "received_on"),
    ("NoteExpertOpinion", "told_on"),
    ("NoteExpertOpinion", "opinion_on"),
    ("GrantApproval", "decided_on"),
    ("DenyApproval", "decided_on"),
    ("DenyApproval", "posted_on"),
    ("FileObjection", "filed_on"),
    ("DecideObjection", "decided_on"),
    ("AgreeCarePlan", "agreed_on"),
    ("RequestExtension", "requested_on"),
    ("RequestExtension", "documentation_form_on"),
    ("GrantExtension", "decided_on"),
    ("DenyExtension", "decided_on"),
    ("DenyExtension", "posted_on"),
    ("CompleteCare", "completed_on"),
    ("DiscontinueCare", "discontinued_on"),
    ("SendFinalReport", "sent_on"),
    ("ReceiveFollowUpReferral", "prescribed_on"),
    ("AmendReferral", "received_on"),
    ("AmendReferral", "discharged_on"),
]


@pytest.mark.parametrize("command,field", FACTS)
def test_a_fact_after_today_is_400(story, command, field):
    """400 with `field`: … a *fact* dated after today"""
    for day in (TOMORROW, "2126-06-30"):
        if command == "ReceiveReferral":
            changes = with_person(born=day) if field == "person.born" else {field: day}
            refused(story.tries_referral(**changes), 400, field=field)
        else:
            case = story.referral()
            refused(case.tries(command, {**WELL_FORMED[command], field: day}), 400, field=field)
            assert case.version == 1


def test_a_fact_of_today_is_none_of_the_future(story):
    """400: a fact dated *after* today"""
    case = story.referral(received_on=TODAY, prescribed_on=TODAY, discharged_on=TODAY)
    case.applies(submitted_on=TODAY)
    case.is_approved(decided_on=TODAY)
    case.is_visited(TODAY, time="11:00")
    case.completes(TODAY)
    assert case.state == "completed"


def test_an_instant_may_be_five_minutes_ahead(story):
    """(instants: more than 5 minutes ahead …)"""
    # The server's clock started at 12:00 and has run on since, so 12:04:50 is at most five minutes ahead of
    # it.
    soon = "2026-06-30T12:04:50+02:00"
    case = story.referral(happened=soon)
    case.does("DeliverVisit", case.delivery_data(TODAY, started_at=soon), happened=soon)
    case.does("AssignCareTeam", {"lead": "m.roth"}, happened="2026-06-30T10:04:50Z")


def test_plans_may_lie_ahead(story):
    """plans such as `starts_at` of a schedule, `expected_discharge_on`, approval periods may lie ahead"""
    case = story.referral(discharged_on=None, expected_discharge_on="2026-08-01")
    case.schedules("2026-07-10")
    case.does("RescheduleVisit", {"visit": case.visit, "starts_at": at("2027-07-11")})
    case.applies()
    case.is_approved(from_="2026-07-01", until="2027-12-31")
    case.does("AmendReferral", {"expected_discharge_on": "2026-09-01"})
    assert case.state == "approved"


# ---------------------------------------------------------------- 422 names a rule


@pytest.mark.parametrize("command", ["ScheduleVisit", "DeliverVisit"])
def test_a_missing_category_is_smn_category(story, command):
    """A missing visit `category` is SMN-CATEGORY, 422, for SMN"""
    case = story.referral()
    data = without(WELL_FORMED[command], "category") | {"visit": new_id()}
    refused(case.tries(command, data), 422, rule="SMN-CATEGORY")
    assert case.version == 1


def test_a_scheduled_visit_keeps_its_category(story):
    """A missing visit `category` is SMN-CATEGORY (a scheduled visit has one already)"""
    case = story.referral()
    case.schedules("2026-03-02", category="coordination")
    case.does("DeliverVisit", {"visit": case.visit, "minutes": 60})
    assert case.visit_row()["category"] == "coordination"


def test_an_unknown_visit_or_approval_is_409_with_field(story):
    """404 is for cases only; an unknown visit, alert or approval is 409 with `field`."""
    case = story.running()
    for command in ("RescheduleVisit", "CancelVisit", "MissVisit", "CorrectVisit", "VoidVisit"):
        refused(case.tries(command, WELL_FORMED[command]), 409, field="visit")
    for command in ("CorrectApproval", "RevokeApproval"):
        refused(case.tries(command, WELL_FORMED[command]), 409, field="approval")
    for command in ("AcknowledgeAlert", "SnoozeAlert"):
        refused(case.tries(command, WELL_FORMED[command]), 409, field="alert")


def test_a_visit_or_approval_of_another_case_is_unknown(story):
    """an unknown visit, alert or approval is 409 with `field`"""
    other, case = story.running(), story.running()
    refused(case.tries("VoidVisit", {"visit": other.visit, "reason": "doppelt"}), 409, field="visit")
    refused(
        case.tries("RevokeApproval", {"approval": other.approval, "reason": "Irrtum"}),
        409,
        field="approval",
    )
    assert other.state == "running"


def test_a_visit_that_is_not_known_needs_all_its_fields(story):
    """DeliverVisit of a visit the case does not know needs `visit`, `starts_at` or `started_at`, `minutes`,
    `staff`, `place`, for SMN `category`."""
    case = story.referral()
    for missing in ("started_at", "staff", "place"):
        problem = refused(
            case.tries("DeliverVisit", case.delivery_data("2026-03-02", **{missing: None})), 409
        )
        assert problem["field"] in {"visit", missing, "starts_at"}, problem
    assert case.version == 1
    planned = without(case.delivery_data("2026-03-02"), "started_at") | {
        "starts_at": at("2026-03-02", "09:30")
    }
    case.does("DeliverVisit", planned)
    assert case.visit_row(planned["visit"])["starts_at"].startswith("2026-03-02T09:30")


def test_several_reasons_are_asked_for_together(story):
    """Several rules that want a reason are listed together in `reasons_required`"""
    unusual = dict(units=5, setting="ambulatory", diagnoses=[{"icd": "F90.0"}])
    wanted = ["SMN-INDICATION", "SMN-MIN-UNITS", "SMN-SETTING"]
    problem = refused(story.tries_referral(**unusual), 422, reasons=wanted)
    assert problem["rule"] in wanted
    one = {"SMN-SETTING": "Tagesklinik hat keinen Platz"}
    refused(story.tries_referral(reasons=one, **unusual), 422, reasons=["SMN-INDICATION", "SMN-MIN-UNITS"])
    case = story.referral(reasons={rule: "Einzelfall" for rule in wanted}, **unusual)
    assert case.history()[0]["reasons"] == {rule: "Einzelfall" for rule in wanted}


def test_a_rejecting_rule_comes_first_and_alone(story):
    """a rejecting rule comes first and alone"""
    problem = refused(
        story.tries_referral(units=5, setting="ambulatory", prescriber="other"), 422, rule="SMN-PRESCRIBER"
    )
    assert "reasons_required" not in problem
    problem = refused(story.tries_referral(units=5, born="2010-01-01"), 422, rule="SMN-AGE")
    assert "reasons_required" not in problem


def test_reasons_nobody_asked_for_are_stored(story):
    """Reasons nobody asked for are stored"""
    case = story.referral(reasons={"SMN-SETTING": "nur zur Sicherheit"})
    assert case.history()[0]["reasons"] == {"SMN-SETTING": "nur zur Sicherheit"}


@pytest.mark.parametrize("blank", ["", "   ", "\n\t", "\u00a0"])
def test_a_blank_reason_is_none(story, blank):
    """a blank one is none"""
    refused(
        story.tries_referral(units=5, reasons={"SMN-MIN-UNITS": blank}),
        422,
        rule="SMN-MIN-UNITS",
        reasons=["SMN-MIN-UNITS"],
    )


def test_a_refused_command_leaves_nothing_behind(story):
    """A refused command leaves nothing behind, its id may be used again."""
    case = story.referral()
    before = case.now()
    command = new_id()
    refused(case.tries("DeliverVisit", case.delivery_data("2026-03-02", minutes=0), id=command), 400)
    refused(case.tries("DeliverVisit", case.delivery_data("2026-03-02", category=None), id=command), 422)
    refused(case.tries("ReopenCase", {"reason": "Irrtum"}, id=command), 409)
    after = case.now()
    assert {**after, "as_at": None} == {**before, "as_at": None}
    accepted = case.does("AssignCareTeam", {"lead": "m.roth"}, id=command)
    assert accepted["version"] == 2 and "repeated" not in accepted


def test_a_refused_referral_leaves_no_case(client, story):
    """A refused command leaves nothing behind, its id may be used again."""
    case, command = new_id(), new_id()
    refused(client.command("ReceiveReferral", case, story.data(units=5), id=command), 422)
    refused(client.ask(f"cases/{case}"), 404)
    assert client.done("ReceiveReferral", case, story.data(), id=command)["version"] == 1


# ---------------------------------------------------------------- retries


def test_a_retry_gets_the_same_answer(client, story):
    """Accepted, `200` (a retry gets the same answer with `"repeated": true`)"""
    case = new_id()
    command = {
        "command": "ReceiveReferral",
        "id": new_id(),
        "case": case,
        "data": story.data(prescriber="general_practitioner", sapv=True),
    }
    first = client.post(command).json()
    assert findings(first) == {"SMN-PRESCRIBER-GP", "SMN-SAPV"}
    for _ in range(2):
        assert client.post(command).json() == {**first, "repeated": True}
    assert len(Case(client, case).history()) == 1


def test_member_order_and_number_spelling_do_not_matter(client, story):
    """(member order and number spelling do not matter …)"""
    case = story.referral()
    command = new_id()
    first = case.does(
        "DeliverVisit", case.delivery_data("2026-03-02", minutes=60) | {"visit": command}, id=command
    )
    started = at("2026-03-02")
    spelled = (
        '{"data": {"category": "guidance", "place": "home", "staff": "m.roth", "minutes": %s,\n'
        '"started_at": "'
        + started
        + '", "visit": "'
        + command
        + '"}, "case": "'
        + case.id
        + '", "id": "'
        + command
        + '", "command": "DeliverVisit"}'
    )
    for minutes in ("60", "60.0", "6e1", "6.0E+1", "600e-1"):
        answer = client.request(
            "POST",
            "/v1/commands",
            content=(spelled % minutes).encode(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.json() == {**first, "repeated": True}, minutes
    other = client.request(
        "POST",
        "/v1/commands",
        content=(spelled % "61").encode(),
        headers={"Content-Type": "application/json"},
    )
    refused(other, 409)


def test_expect_version_entered_and_by_do_not_count(story):
    """(… `expect_version`, `entered` and `by` do not count)"""
    case = story.referral()
    command = {
        "command": "AssignCareTeam",
        "id": new_id(),
        "case": case.id,
        "data": {"lead": "m.roth"},
        "by": "m.roth",
        "expect_version": 1,
        "entered": at("2026-06-30"),
    }
    first = case.client.post(command).json()
    again = {**first, "repeated": True}
    assert case.client.post({**command, "by": "a.ander"}).json() == again
    assert case.client.post(without(command, "by", "expect_version", "entered")).json() == again
    assert case.client.post({**command, "expect_version": 77}).json() == again
    assert case.client.post({**command, "entered": at("2026-06-29")}).json() == again
    assert case.client.post(without(command, "expect_version"), headers={"If-Match": '"1"'}).json() == again
    assert case.history()[-1]["by"] == "m.roth"


def test_other_content_under_the_same_id_is_409(story):
    """*Content* of a command is `command`, `case`, `happened`, `reasons` and `data` as sent"""
    case = story.referral()
    command = {
        "command": "AssignCareTeam",
        "id": new_id(),
        "case": case.id,
        "happened": "2026-03-01",
        "reasons": {"SMN-START": "so"},
        "data": {"lead": "m.roth", "members": ["a.ander", "b.ander"]},
    }
    case.client.post(command)
    for changes in (
        {"data": {"lead": "a.ander", "members": ["a.ander", "b.ander"]}},
        {"data": {"lead": "m.roth"}},
        {"data": {"lead": "m.roth", "members": ["b.ander", "a.ander"]}},
        {"happened": "2026-03-02"},
        {"happened": None},
        {"reasons": {"SMN-START": "anders"}},
        {"reasons": None},
        {"command": "WithdrawReferral", "data": {"reason": "Familie verzichtet"}},
    ):
        changed = {k: v for k, v in {**command, **changes}.items() if v is not None}
        refused(case.client.post(changed), 409)
    assert case.version == 2
    assert case.client.post(command).json()["repeated"] is True


def test_happened_that_was_left_out_is_content_as_sent(story):
    """*Content* … as sent: a retry may leave out what the first left out, but not add it"""
    case = story.referral()
    command = {"command": "AssignCareTeam", "id": new_id(), "case": case.id, "data": {"lead": "m.roth"}}
    first = case.client.post(command).json()
    assert case.client.post(command).json() == {**first, "repeated": True}
    refused(case.client.post({**command, "happened": "2026-06-30T11:00:00+02:00"}), 409)


def test_a_retry_of_a_referral_whose_case_was_left_out(client, story):
    """a retry cannot open a second case (DESIGN.md)"""
    command = {"command": "ReceiveReferral", "id": new_id(), "data": story.data()}
    first = client.post(command).json()
    assert client.post(command).json() == {**first, "repeated": True}
    refused(client.post({**command, "data": story.data(units=13)}), 409)
    assert len(client.rows("cases", provider=story.provider)) == 1


def test_a_retry_is_answered_in_every_later_state(client, story):
    """a retry is answered from the log before any other check but token and provider, in every later
    state"""
    case = Case(client, new_id())
    sent = []

    def send(name, data, **envelope):
        command = {"command": name, "id": new_id(), "case": case.id, "data": data, **envelope}
        answer = client.post(command)
        assert answer.status_code == 200, answer.text
        sent.append((command, answer.json()))
        for earlier, first in sent:
            again = client.post(earlier)
            assert again.json() == {**first, "repeated": True}, f"{earlier['command']} after {name}"

    approval, visit, unknown = new_id(), new_id(), new_id()
    send("ReceiveReferral", story.data())
    send("SubmitApplication", {"units": 12, "submitted_on": "2026-02-19"}, expect_version=1)
    send("GrantApproval", {**case.approval_data(), "approval": approval})
    send("ScheduleVisit", {**case.visit_data("2026-02-27"), "visit": visit})
    send("DeliverVisit", {"visit": visit, "minutes": 50})
    send("DeliverVisit", case.delivery_data("2026-03-05", visit=unknown))
    send("CorrectVisit", {"visit": visit, "minutes": 60, "reason": "Tippfehler"})
    send("VoidVisit", {"visit": unknown, "reason": "doppelt"})
    send("CompleteCare", {"completed_on": "2026-05-08", "goal_reached": True})
    send("SendFinalReport", {"sent_on": "2026-05-20", "to": "Krankenkasse"})
    send("ReopenCase", {"reason": "Irrtum"})
    send("RevokeApproval", {"approval": approval, "reason": "Versehen der Kasse"})
    send("VoidVisit", {"visit": visit, "reason": "doppelt"})
    send("WithdrawReferral", {"reason": "Familie verzichtet"})
    assert [row["event"] for row in case.history()] == [first["event"] for _, first in sent]
    assert [row["version"] for row in case.history()] == list(range(1, len(sent) + 1))


def test_a_retry_is_answered_after_a_restart(serve):
    """a retry is answered from the log …"""
    server, client = serve()
    story = Story(client)
    case = story.referral()
    command = {
        "command": "DeliverVisit",
        "id": new_id(),
        "case": case.id,
        "data": case.delivery_data("2026-03-02", minutes=50),
    }
    first = client.post(command).json()
    server.stop()
    _, client = serve()
    assert client.post(command).json() == {**first, "repeated": True}
    refused(client.post({**command, "data": case.delivery_data("2026-03-02")}), 409)


def test_the_same_id_within_one_body_is_a_retry(client, story):
    """a retry gets the same answer with `"repeated": true`"""
    command = {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
    team = {
        "command": "AssignCareTeam",
        "id": new_id(),
        "case": command["case"],
        "data": {"lead": "m.roth"},
    }
    answers = client.lines([command, command, team, team, command])
    assert answers[1] == {**answers[0], "repeated": True} == answers[4]
    assert answers[3] == {**answers[2], "repeated": True}
    assert answers[2]["version"] == 2


# ---------------------------------------------------------------- what is not yours to do

OWN_COMMANDS = {
    "MissStartDeadline": {"generation": 1},
    "MissDeadline": {"rule": "GKV-DECISION", "generation": 2},
    "LapseApprovalPeriod": {"approval": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "until": "2026-06-29"},
    "SendAlert": {
        "alert": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e",
        "channel": "mail",
        "level": 1,
        "number": 1,
        "at": at(TODAY, "11:00"),
        "outcome": "delivered",
    },
    "EscalateAlert": {"alert": "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e", "level": 2},
}


@pytest.mark.parametrize("command", OWN_COMMANDS)
def test_what_the_service_records_by_itself_nobody_else_may(client, story, command):
    """Made by the service itself: … `403` not yours to do"""
    assert set(OWN_COMMANDS) == set(contract.OF_THE_SERVICE)
    case = story.referral()  # its start was missed: with watch running it would be recorded
    sent = {"command": command, "case": case.id, "data": OWN_COMMANDS[command]}
    for headers in ({}, {"Authorization": "Bearer " + "0" * 64}, {"Authorization": "Bearer"}):
        refused(client.post(sent, headers=headers), 403, field="command")
        refused(client.post({**sent, "id": new_id()}, headers=headers), 403, field="command")
        refused(client.post(sent, headers=headers, dry_run=True), 403, field="command")
    line = client.lines([sent])[0]
    assert (line["status"], line["field"]) == (403, "command")
    assert case.version == 1


# ---------------------------------------------------------------- versions, births, persons


def test_a_version_conflict_carries_the_current_version(story):
    """a 409 on it carries the current `version`"""
    case = story.approved()
    problem = refused(case.tries("AssignCareTeam", {"lead": "m.roth"}, expect_version=2), 409)
    assert (problem["version"], problem["case"]) == (3, case.id)
    assert case.version == 3


BORN = "2026-03-01"
BEFORE = "2026-02-28"


@pytest.mark.parametrize("field", ["prescribed_on", "received_on", "discharged_on"])
def test_no_fact_of_a_referral_lies_before_the_birth(story, field):
    """No fact lies before the person's birth (422 REC-BIRTH)."""
    dates = dict(prescribed_on=BORN, received_on=BORN, discharged_on=BORN)
    refused(story.tries_referral(born=BORN, **{**dates, field: BEFORE}), 422, rule="REC-BIRTH")
    story.referral(born=BORN, **dates)


@pytest.mark.parametrize(
    "command,field",
    [
        pair
        for pair in FACTS
        if pair[0]
        not in (
            "ReceiveReferral",
            "NoteExpertOpinion",
            "FileObjection",
            "DecideObjection",
            "GrantExtension",
            "DenyExtension",
            "SendFinalReport",
            "RequestExtension",
            "CompleteCare",
        )
    ],
)
def test_no_fact_lies_before_the_birth(story, command, field):
    """No fact lies before the person's birth (422 REC-BIRTH)."""
    case = story.referral(born=BORN, prescribed_on=BORN, received_on=BORN, discharged_on=BORN)
    case.applies(submitted_on=BORN)
    dates = {name: BORN for name in WELL_FORMED[command] if name.endswith("_on") or name == "from"}
    refused(case.tries(command, {**WELL_FORMED[command], **dates, field: BEFORE}), 422, rule="REC-BIRTH")
    case.does(command, {**WELL_FORMED[command], **dates, field: BORN})


def test_no_visit_lies_before_the_birth(story):
    """No fact lies before the person's birth (422 REC-BIRTH)."""
    case = story.referral(born=BORN, prescribed_on=BORN, received_on=BORN, discharged_on=None)
    refused(case.tries("DeliverVisit", case.delivery_data(BEFORE, "23:59")), 422, rule="REC-BIRTH")
    case.is_visited(BORN, time="00:00")
    refused(
        case.tries(
            "CorrectVisit", {"visit": case.visit, "started_at": at(BEFORE, "23:59"), "reason": "früher"}
        ),
        422,
        rule="REC-BIRTH",
    )


def test_an_amended_birth_may_not_lie_after_the_facts(story):
    """No fact lies before the person's birth (422 REC-BIRTH)."""
    case = story.running()
    later = {"given_name": "Mia", "family_name": "Musterkind", "born": "2026-02-28"}
    refused(case.tries("AmendReferral", {"person": later}), 422, rule="REC-BIRTH")
    case.does("AmendReferral", {"person": {**later, "born": "2026-02-18"}})


def test_a_person_is_known_within_the_provider(client, story):
    """`person_id` is known only within the same provider (unknown: 409)"""
    first = story.referral()
    person = first.now()["person"]["person_id"]
    again = story.referral(person=None, person_id=person)
    row = again.now()
    assert (row["person"]["given_name"], row["person"]["born"]) == ("Mia", "2025-11-02")
    assert row["person"]["person_id"] == person
    other = Story(client, story.provider + "-b")
    refused(other.tries_referral(person=None, person_id=person), 409, field="person_id")
    refused(story.tries_referral(person=None, person_id=new_id()), 409, field="person_id")


def test_later_amendments_stay_in_their_case(story):
    """the person's data is sealed anew into the new case, later amendments stay in their case"""
    first = story.referral()
    again = story.referral(person=None, person_id=first.now()["person"]["person_id"])
    first.does(
        "AmendReferral",
        {"person": {"given_name": "Mila", "family_name": "Musterkind", "born": "2025-11-02"}},
    )
    assert first.now()["person"]["given_name"] == "Mila"
    assert again.now()["person"]["given_name"] == "Mia"


def test_a_planned_visit_is_not_delivered_before_it_starts(story):
    """A scheduled visit delivered without `started_at` before its `starts_at` is 409 with `field`
    `started_at`."""
    case = story.referral()
    case.schedules("2026-07-10")
    refused(case.tries("DeliverVisit", {"visit": case.visit, "minutes": 60}), 409, field="started_at")
    case.does("DeliverVisit", {"visit": case.visit, "minutes": 60, "started_at": at(TODAY, "11:00")})
    assert case.visit_row()["starts_at"] == at(TODAY, "11:00")


# ---------------------------------------------------------------- unknown routes and parameters


def test_an_unknown_case_is_404_to_readers(client):
    """`404` no such case"""
    case = new_id()
    assert refused(client.ask(f"cases/{case}"), 404)["case"] == case
    refused(client.ask(f"cases/{case}/history"), 404)
    assert client.ask("cases/mia").status_code in (400, 404)  # no case has such an id


def test_every_problem_is_problem_json(client):
    """Refused: RFC 9457 `application/problem+json` with `type`, `title`, `status`, `detail`"""
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("GET", "/v2/cases", 404),
        ("DELETE", "/v1/cases", 405),
        ("GET", "/v1/commands", 405),
        ("POST", "/v1/cases", 405),
    ):
        answer = client.request(method, path, judged=False)
        problem = refused(answer, status)
        assert {"type", "title", "status", "detail"} <= problem.keys()
        assert problem["status"] == status
        if status == 405:
            assert answer.headers["allow"]


def test_a_body_that_is_no_command_is_400(server, client):
    """400: syntax"""
    for body in (
        b"",
        b" ",
        b"{",
        b"[]",
        b"null",
        b"5",
        b'"x"',
        b'{"command": "AssignCareTeam",}',
        b"\xff\xfe",
        b'{"command": "\xc3\x28"}',
        b'{"command": "AssignCareTeam", "command": "AssignCareTeam"}',
        b"{} {}",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"command": NaN}',
        b"\xef\xbb\xbf{}",
    ):
        answer = client.request(
            "POST", "/v1/commands", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, (body[:50], answer.text)


def test_a_number_may_not_be_spelled_beyond_json(client, story):
    """400: syntax; `units` is a whole number however long it is written"""
    text = json.dumps(
        {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
    )
    for spelled, status in (
        ("0012", 400),
        ("12.", 400),
        ("+12", 400),
        ("0x0c", 400),
        ("1e400", 400),
        ("1e-400", 400),
        ("1.2e1", 200),
    ):
        body = text.replace('"units": 12', f'"units": {spelled}')
        answer = client.request(
            "POST", "/v1/commands", content=body.encode(), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == status, (spelled, answer.text)


def test_other_clients_are_not_disturbed_by_refusals(server):
    """A refused command leaves nothing behind"""
    before, after = Client(server.url), Client(server.url)
    data = referral_data(provider="ruhig-" + new_id()[:8])
    before.done("ReceiveReferral", new_id(), data)
    refused(after.command("ReceiveReferral", new_id(), {**data, "units": 0}), 400)
    after.positions.update(before.positions)
    assert len(after.rows("cases", provider=data["provider"])) == 1
    before.close()
    after.close()
