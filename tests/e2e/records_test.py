"""The rules about records (REC-*) at work: a correction keeps the original visible, events carry no readable
personal data, the dates of retention are told. (No fact before birth: refusals_test.py; erasing:
unit/erasures_test.cc, backup_test.py.)"""

import json

from client import new_id
from program import geleit, geleit_json
from story import Case, Story

# Words and numbers that stand in nothing but the personal data of one case.
PERSON = {
    "given_name": "Zyklameline",
    "family_name": "Quittenbaumer",
    "born": "2025-11-03",
    "insurance_number": "Q987654321",
    "insurer_ik": "109876543",
    "guardian": "Petunia Quittenmutter",
    "phone": "+49 30 23125 987",
    "email": "zyklameline@example.org",
    "postal_code": "24680",
}
PRESCRIBER = {"kind": "hospital", "name": "Dr. Kornelkirsche"}


def told(case: Case, event: str) -> list[dict]:
    return [row for row in case.history() if row["event"] == event]


def test_a_corrected_discharge_and_approval_keep_the_original(story):
    """REC-ORIGINAL: a correction keeps the original visible, with when and by whom"""
    case = story.referral(discharged_on=None)
    case.does("RecordDischarge", {"discharged_on": "2026-02-20"}, by="m.roth", happened="2026-02-21")
    case.does("RecordDischarge", {"discharged_on": "2026-02-23"}, by="l.winter", happened="2026-02-24")
    said = [(e["data"]["discharged_on"], e["by"], e["happened"]) for e in told(case, "DischargeRecorded")]
    assert said == [("2026-02-20", "m.roth", "2026-02-21"), ("2026-02-23", "l.winter", "2026-02-24")]
    assert case.now()["discharged_on"] == "2026-02-23"
    case.applies()
    case.is_approved(units=12)
    data = {"approval": case.approval, "units": 10, "reason": "im Bescheid verlesen"}
    case.does("CorrectApproval", data, by="l.winter")
    (granted,), (corrected,) = told(case, "ApprovalGranted"), told(case, "ApprovalCorrected")
    assert (granted["data"]["units"], corrected["data"]["units"]) == (12, 10)
    assert (corrected["by"], corrected["data"]["reason"]) == ("l.winter", "im Bescheid verlesen")
    assert corrected["recorded"] >= granted["recorded"] and case.balance()["approved"] == 600


def test_an_amended_person_keeps_the_original(story):
    """REC-ORIGINAL: a correction keeps the original visible"""
    case = story.referral()
    renamed = {"given_name": "Mila", "family_name": "Musterkind", "born": "2025-11-02"}
    case.does("AmendReferral", {"person": renamed}, by="l.winter")
    first, second = case.told()
    assert (first["data"]["person"]["given_name"], second["data"]["person"]["given_name"]) == ("Mia", "Mila")
    assert second["by"] == "l.winter" and case.now()["person"]["given_name"] == "Mila"


def case_events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def whole_life(client) -> tuple[Case, set[str]]:
    """A case with every kind of personal data, and the words that only that data holds."""
    secret = iter(f"Geheimwort-{n:02}" for n in range(1, 99))
    said: set[str] = set()

    def word() -> str:
        said.add(next_word := next(secret))
        return next_word

    reasons = {"SMN-INDICATION": word()}
    data = Story(client).data(person=PERSON, prescriber=PRESCRIBER, diagnoses=[{"icd": "Z76.5"}])
    case = Case(client, client.done("ReceiveReferral", new_id(), data, reasons=reasons)["case"])
    case.applies()
    case.does("DenyApproval", case.denial_data(reference=word(), reason=word()))
    case.does("FileObjection", {"filed_on": "2026-03-02"})
    case.is_approved(reference=word(), decided_on="2026-03-03")
    case.does("CorrectApproval", {"approval": case.approval, "units": 11, "reason": word()})
    case.does("AgreeCarePlan", {"agreed_on": "2026-03-03", "goals": [word(), word()]})
    case.schedules("2026-03-04")
    case.does("CancelVisit", {"visit": case.visit, "reason": word()})
    case.schedules("2026-03-05")
    case.does("MissVisit", {"visit": case.visit, "reason": word()})
    case.is_visited("2026-03-06", note=word())
    case.does("CorrectVisit", {"visit": case.visit, "minutes": 45, "note": word(), "reason": word()})
    case.is_visited("2026-03-07")
    case.does("VoidVisit", {"visit": case.visit, "reason": word()})
    case.asks_to_extend(4)
    case.does("DenyExtension", case.denial_data(decided_on="2026-04-27", reference=word(), reason=word()))
    case.completes("2026-05-08")
    case.does("ReopenCase", {"reason": word()})
    case.completes("2026-05-08")
    case.does("SendFinalReport", {"sent_on": "2026-05-11", "to": word()})
    personal = {*PERSON.values(), PRESCRIBER["name"], "Z76.5"}
    return case, said | personal


def test_events_carry_no_readable_personal_data(serve):
    """REC-PSEUDONYM: events carry no readable personal data; names, birth date and insurance number are
    encrypted per person"""
    server, client = serve(data="haus")
    case, words = whole_life(client)
    assert server.stop() == 0
    exported = ["export", "--data", server.data, "--case", case.id]
    opened, sealed = geleit(*exported), geleit(*exported, "--sealed")
    assert (opened.returncode, sealed.returncode) == (0, 0)
    assert {word for word in words if word not in opened.stdout} == set(), "never said, so nothing is proved"
    assert {word for word in words if word in sealed.stdout} == set()
    assert opened.stdout.count("\n") == sealed.stdout.count("\n") == len(case_events(sealed.stdout))


def test_every_person_has_a_key_of_their_own(serve):
    """REC-PSEUDONYM: … encrypted per person"""
    server, client = serve(data="haus")
    story = Story(client)
    cases = [story.running(), story.running()]
    assert server.stop() == 0
    keys = []
    for case in cases:
        events = case_events(geleit("export", "--data", server.data, "--case", case.id, "--sealed").stdout)
        keys.append({event["key"] for event in events if "key" in event})
    assert keys[0] and keys[1] and not keys[0] & keys[1]


def test_the_dates_of_retention_are_told():
    """REC-RETENTION: treatment records 10 years after the end of treatment; invoices 8 years"""
    assert geleit_json("deadline", "REC-RETENTION", "2026-05-22", "--json")["due_on"] == "2036-05-22"
    invoice = geleit_json("deadline", "REC-RETENTION", "2026-05-22", "--invoice", "--json")
    assert invoice["due_on"] == "2034-12-31"
