"""`geleit audit show` and `geleit audit diff`: the story of a case, told from the log alone, in German and
English, as text, JSON and a page; and what differs between two versions of it.

stories/ holds one invented case as it is to be told; GELEIT_WRITE_STORIES=1 writes it anew, to be read."""

import json
import os
import re
import threading
import time

import pytest

from channels import Channels, eventually
from client import Client, new_id
from program import NO_WATCH, ROOT, Server, geleit, geleit_json
from story import at, referral_data

pytestmark = pytest.mark.embedded

CASE = "7b1c2d3e-4f50-4a61-8b72-000000000001"
NOW = "2026-06-30T12:00:00+02:00"
GOLDEN = ROOT / "tests" / "e2e" / "stories"
ODD = 'Nur ein kurzer Anschluss vorgesehen <script>alert("x")</script> & Ähnliches'


def visit(number: int) -> str:
    return f"7b1c2d3e-4f50-4a61-8b72-0000000001{number:02d}"


class Teller:
    """Sends commands of the one case, each at a time of its own."""

    def __init__(self, client: Client):
        self.client = client

    def __call__(self, when: str, by: str, command: str, data: dict, **envelope) -> dict:
        day, time_of_day = when.split(" ")
        return self.client.done(command, CASE, data, by=by, entered=at(day, time_of_day), **envelope)


def tell(say: Teller) -> None:
    """Mia Musterkind, whose first visit came too late."""
    say(
        "2026-02-19 10:12", "k.adler", "ReceiveReferral",
        referral_data(
            units=4, discharged_on=None, expected_discharge_on="2026-02-20",
            prescriber={"kind": "hospital", "name": "Dr. Ina Beispiel"},
        ),
        reasons={"SMN-MIN-UNITS": ODD},
    )  # fmt: skip
    say("2026-02-19 10:20", "k.adler", "AssignCareTeam", {"lead": "m.roth", "members": ["t.lenz"]})
    say(
        "2026-02-19 11:00", "k.adler", "SubmitApplication",
        {"units": 4, "submitted_on": "2026-02-19", "care_plan_attached": False},
    )  # fmt: skip
    say("2026-02-23 09:05", "k.adler", "RecordDischarge", {"discharged_on": "2026-02-20"})
    say(
        "2026-03-03 08:30", "k.adler", "GrantApproval",
        {
            "approval": "7b1c2d3e-4f50-4a61-8b72-000000000200", "reference": "AZ 4711",
            "decided_on": "2026-02-27", "units": 4, "from": "2026-02-20", "until": "2026-06-30",
        },
    )  # fmt: skip
    say(
        "2026-03-05 16:00", "m.roth", "AgreeCarePlan",
        {"agreed_on": "2026-03-05", "goals": ["Sonde sicher bedienen", "Wege zur Frühförderung"]},
    )  # fmt: skip
    schedule = {
        "visit": visit(1), "starts_at": at("2026-03-30"), "minutes": 60, "staff": "m.roth",
        "place": "home", "category": "guidance",
    }  # fmt: skip
    say("2026-03-20 09:00", "m.roth", "ScheduleVisit", schedule)
    say("2026-03-30 10:40", "m.roth", "MissVisit", {"visit": visit(1), "reason": "niemand zu Hause"})
    # The deadline passes at midnight after 3 April; watch says so before the next command.
    later = {**schedule, "visit": visit(2), "starts_at": at("2026-04-08")}
    say("2026-04-07 08:00", "t.lenz", "ScheduleVisit", later)
    alert = say.client.get(f"cases/{CASE}")["alerts"][0]["alert"]
    note = "Termin steht für morgen."
    say("2026-04-07 08:30", "leitung", "AcknowledgeAlert", {"alert": alert, "note": note})
    delivery = {"visit": visit(2), "minutes": 45, "note": "Sonde geübt"}
    say("2026-04-08 11:15", "m.roth", "DeliverVisit", delivery)
    say(
        "2026-04-09 07:50", "m.roth", "CorrectVisit",
        {"visit": visit(2), "minutes": 90, "reason": "Fahrt nicht mitgezählt"},
    )  # fmt: skip
    say(
        "2026-04-20 12:00", "t.lenz", "DeliverVisit",
        {
            "visit": visit(3), "starts_at": at("2026-04-20"), "minutes": 30, "staff": "t.lenz",
            "place": "phone", "category": "coordination",
        },
    )  # fmt: skip
    say("2026-04-21 09:00", "t.lenz", "VoidVisit", {"visit": visit(3), "reason": "falscher Fall"})
    say("2026-05-29 14:00", "m.roth", "CompleteCare", {"completed_on": "2026-05-29", "goal_reached": True})
    say("2026-06-02 10:00", "m.roth", "SendFinalReport", {"sent_on": "2026-06-02", "to": "Praxis am Markt"})


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The data directory of the golden case; nobody serves it any more."""
    place = tmp_path_factory.mktemp("told")
    with Server(place / "data", "entered") as server:
        client = Client(server.url)
        tell(Teller(client))
        client.close()
    return place / "data"


def show(data, *more, case=CASE, lang="de", clock=NOW):
    return geleit("--lang", lang, "audit", "show", case, "--data", data, "--clock", clock, *more)


def shown(data, *more, **options):
    done = show(data, *more, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def story_of(data, *more, **options) -> dict:
    return json.loads(shown(data, "--json", *more, **options))


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_case_is_told_as_a_person_would(told, lang):
    """every event with when it happened, when it was recorded, who, why, what changed; text"""
    text = re.sub(r"(Log|log) [0-9a-f-]{36}", r"\1 LOG", shown(told, lang=lang))
    golden = GOLDEN / f"mia-musterkind-{lang}.txt"
    if os.environ.get("GELEIT_WRITE_STORIES"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_json_says_what_each_event_changed(told):
    """only what changed: deadlines, balance, state; codes in every language the same"""
    story = story_of(told)
    events = {(e["event"], i): e for i, e in enumerate(story["events"])}
    assert [e["version"] for e in story["events"]] == list(range(1, len(events) + 1))
    missed = next(e for e in story["events"] if e["event"] == "StartDeadlineMissed")
    assert missed["by"] is None and missed["recorded"] == "2026-04-04T00:00:00+02:00"
    assert {c["table"] for c in missed["changes"]} == {"alerts"}
    corrected = next(e for e in story["events"] if e["event"] == "VisitCorrected")
    balance = next(c for c in corrected["changes"] if c["table"] == "unit-balances")
    assert balance["fields"] == {
        "delivered": {"before": 45, "after": 90},
        "at_home": {"before": 45, "after": 90},
        "billable": {"before": 45, "after": 90},
        "remaining": {"before": 195, "after": 150},
    }
    assert corrected["data"]["reason"] == "Fahrt nicht mitgezählt"
    discharge = next(e for e in story["events"] if e["event"] == "DischargeRecorded")
    start = next(c for c in discharge["changes"] if c.get("rule") == "SMN-START")
    assert start["change"] == "added" and start["fields"]["due_on"] == {"before": None, "after": "2026-04-03"}
    alert = story["alerts"][0]
    assert alert["answer"]["by"] == "leitung" and alert["answer"]["text"] == "Termin steht für morgen."
    english = story_of(told, lang="en")
    for one in (story, english):
        for event in one["events"]:
            event.pop("text")
    assert story == english


def test_alerts_are_told_with_whom(tmp_path):
    """which alerts were raised, sent to whom, answered by whom"""
    channels = Channels(tmp_path).ndjson()
    with Server(tmp_path / "data", at("2026-04-07", "10:00"), channels.arguments()) as server:
        client = Client(server.url)
        case = client.done("ReceiveReferral", None, referral_data())["case"]

        def of_case(event):
            return [e for e in client.rows(f"cases/{case}/history") if e["event"] == event]

        eventually(lambda: of_case("AlertSent"))
        alert = client.get(f"cases/{case}")["alerts"][0]["alert"]
        client.done("AcknowledgeAlert", case, {"alert": alert, "note": "Ich rufe an."}, by="leitung")
        client.close()
    story = story_of(tmp_path / "data", case=case)
    (one,) = story["alerts"]
    assert one["rule"] == "SMN-START" and one["raised"].startswith("2026-04-04T00:00")
    assert [s["channel"] for s in one["sent"]] == ["datei"]
    assert one["answer"]["by"] == "leitung" and one["answer"]["text"] == "Ich rufe an."
    text = shown(tmp_path / "data", case=case)
    assert "Alarm zu SMN-START (Beginn der Nachsorge) an datei gemeldet (Stufe 1) am 07.04.2026" in text
    assert "bestätigt von leitung (07.04.2026, 10:0" in text and "„Ich rufe an.“" in text


def test_sealed_leaves_personal_data_alone(told):
    """`--sealed` leaves it"""
    for more in ((), ("--json",), ("--html",)):
        text = shown(told, "--sealed", *more)
        for secret in ("Musterkind", "Sonde", "AZ 4711", "Ina Beispiel", "kurzer Anschluss", "P07.1"):
            assert secret not in text
    assert "Personendaten: versiegelt" in shown(told, "--sealed")
    assert story_of(told, "--sealed")["personal_data"] == "sealed"


def test_the_page_holds_nothing_but_itself(told, tmp_path):
    """HTML: self-contained, everything escaped"""
    page = tmp_path / "story.html"
    assert shown(told, "--html", "--out", page) == ""
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; Ähnliches" in text
    assert not re.search(r"(src|href|url|@import)\s*[=(]", text)
    assert '<html lang="de">' in text and "Mia Musterkind" in text
    assert '<html lang="en">' in shown(told, "--html", lang="en")


def test_until_a_moment_and_up_to_a_version(told):
    """`--until INSTANT|DATE`, `--at VERSION`"""
    whole = story_of(told)
    early = story_of(told, "--until", "2026-03-05")
    assert [e["event"] for e in early["events"]][-1] == "CarePlanAgreed" and early["version"] == 6
    assert early["known_at"] == "2026-03-05T23:59:59.999+01:00"
    just = story_of(told, "--until", at("2026-03-05", "15:59"))
    assert just["version"] == 5
    third = story_of(told, "--at", "3")
    assert third["events"] == whole["events"][:3] and third["state"] == "applied"
    # Without a clock it is then.
    done = geleit("audit", "show", CASE, "--data", told, "--until", "2026-04-05", "--json")
    rows = json.loads(done.stdout)["rows"]
    start = next(r for r in rows if r["table"] == "deadlines" and r["rule"] == "SMN-START")
    assert start["fields"]["state"]["after"] == "missed"


def diff(data, first, second, *more):
    return geleit("audit", "diff", CASE, first, second, "--data", data, *more)


def test_two_versions_differ(told):
    """`diff CASE V1 V2`: state, deadlines, balance, visits, approvals, tasks"""
    done = diff(told, 3, 5, "--json")
    assert done.returncode == 1, done.stderr
    changes = json.loads(done.stdout)["changes"]
    tables = {c["table"] for c in changes}
    assert {"cases", "deadlines", "unit-balances", "tasks", "approvals"} <= tables
    state = next(c for c in changes if c["table"] == "cases")["fields"]["state"]
    assert state == {"before": "applied", "after": "approved"}
    approval = next(c for c in changes if c["table"] == "approvals")
    assert approval["change"] == "added" and approval["fields"]["units"]["after"] == 4
    back = json.loads(diff(told, 5, 3, "--json").stdout)["changes"]
    assert next(c for c in back if c["table"] == "approvals")["change"] == "removed"
    assert next(c for c in back if c["table"] == "cases")["fields"]["state"]["after"] == "applied"
    same = diff(told, 4, 4)
    assert same.returncode == 0
    text = diff(told, 3, 5).stdout
    assert "Genehmigung vom 27.02.2026: neu" in text and "Stand beantragt → genehmigt" in text


def test_beside_a_running_service_and_two_at_once(tmp_path):
    """also beside a running service; two auditors at once"""
    with Server(tmp_path / "data", "2026-06-30T12:00:00+02:00", NO_WATCH) as server:
        client = Client(server.url)
        case = client.done("ReceiveReferral", None, referral_data())["case"]
        results = []

        def audit():
            results.append(story_of(tmp_path / "data", case=case))

        auditors = [threading.Thread(target=audit) for _ in range(2)]
        for one in auditors:
            one.start()
        client.done("AssignCareTeam", case, {"lead": "m.roth"})
        for one in auditors:
            one.join()
        assert len(results) == 2 and all(r["version"] in (1, 2) for r in results)
        assert story_of(tmp_path / "data", case=case)["version"] == 2
        client.close()


def test_a_case_with_five_thousand_events(tmp_path):
    """a case with 5,000 events is told in time"""
    case = new_id()
    commands = [{"command": "ReceiveReferral", "id": new_id(), "case": case, "data": referral_data(units=20)}]
    for i in range(2_500):
        one = new_id()
        start = at(f"2026-03-{1 + i // 100:02d}", f"{8 + i % 100 // 10:02d}:{i % 10 * 6:02d}")
        data = {
            "visit": one, "starts_at": start, "minutes": 15, "staff": "m.roth", "place": "home",
            "category": "guidance",
        }  # fmt: skip
        commands.append({"command": "DeliverVisit", "id": new_id(), "case": case, "data": data})
        commands.append(
            {
                "command": "CorrectVisit", "id": new_id(), "case": case,
                "data": {"visit": one, "minutes": 30, "reason": "nachgetragen"},
            }
        )  # fmt: skip
    lines = "".join(json.dumps(c) + "\n" for c in commands)
    with Server(tmp_path / "data", NOW, NO_WATCH) as server:
        done = geleit("submit", "-", "--server", server.url, stdin=lines, timeout=300)
        assert done.returncode == 0, done.stderr
    began = time.monotonic()
    story = story_of(tmp_path / "data", case=case)
    took = time.monotonic() - began
    assert story["version"] == 5_001 and took < 60, took
    assert "5001" in shown(tmp_path / "data", "--html", case=case)


def test_without_the_keys_it_stays_sealed(tmp_path):
    """personal data is opened where the keys can be read; the story is told all the same"""
    with Server(tmp_path / "data", NOW, NO_WATCH) as server:
        client = Client(server.url)
        case = client.done("ReceiveReferral", None, referral_data())["case"]
        client.close()
    (tmp_path / "data" / "master.key").rename(tmp_path / "master.key")
    story = story_of(tmp_path / "data", case=case)
    assert story["personal_data"] == "sealed" and story["person"] is None
    elsewhere = story_of(tmp_path / "data", "--master-key", tmp_path / "master.key", case=case)
    assert elsewhere["personal_data"] == "open"


@pytest.mark.parametrize(
    "arguments, told_of",
    [
        (("show", "no-uuid"), "expected a case's UUID"),
        (("show", CASE, "--until", "gestern"), "expected a date"),
        (("show", CASE, "--until", "2026-02-30"), "expected a date"),
        (("show", CASE, "--at", "0"), "expected a version"),
        (("show", CASE, "--at", "-1"), "expected a version"),
        (("show", CASE, "--at", "zwei"), "expected a version"),
        (("show", CASE, "--clock", "12:00"), "expected an instant"),
        (("show", CASE, "--json", "--html"), "--html"),
        (("show",), "case"),
        (("diff", CASE, "1"), "second"),
        (("diff", CASE, "1", "x"), "expected a version"),
        (("tell", CASE), ""),
    ],
)
def test_nonsense_is_refused(told, arguments, told_of):
    """nonsense arguments give clear errors with exit 2"""
    done = geleit("audit", *arguments, "--data", told)
    assert done.returncode == 2, done.stdout
    assert told_of in done.stderr + done.stdout


def test_what_is_not_there(told, tmp_path):
    """unknown case 1; no log 3"""
    unknown = geleit("audit", "show", new_id(), "--data", told)
    assert unknown.returncode == 1 and "steht nicht darin" in unknown.stderr and not unknown.stdout
    early = geleit("audit", "show", CASE, "--data", told, "--until", "2026-01-01")
    assert early.returncode == 1 and "2026-01-01" in early.stderr
    beyond = geleit("audit", "show", CASE, "--data", told, "--at", "999")
    assert beyond.returncode == 1 and "999" in beyond.stderr
    assert geleit("audit", "diff", CASE, "1", "999", "--data", told).returncode == 1
    assert geleit("audit", "show", CASE, "--data", tmp_path / "nothing").returncode == 3
    unwritable = geleit("audit", "show", CASE, "--data", told, "--out", tmp_path / "no" / "where.html")
    assert unwritable.returncode == 3


def test_a_log_that_lies_elsewhere(told):
    """`--log` names the log where it lies elsewhere"""
    story = geleit_json("audit", "show", CASE, "--data", told.parent, "--log", told / "log", "--json")
    assert story["case"] == CASE and story["personal_data"] == "sealed"
