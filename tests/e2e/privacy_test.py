"""Retention, erasure, restriction (REC-RETENTION, REC-ERASE) and who looked (REC-ACCESS)."""

import datetime
import hashlib
import json
import re
import shutil
import threading
import time
import zipfile

import pytest

from client import Client, new_id, refused
from listening import Listener
from program import NO_WATCH, Server, found_in, geleit, geleit_json
from story import Story, referral_data

pytestmark = pytest.mark.embedded

ROLES = "intake,query"
# Completed on 2026-05-08: kept until 2036-05-08.
LAST_DAY = "2036-05-08T12:00:00+02:00"
AFTER = "2036-05-09T12:00:00+02:00"
NAME = "Quittenbaumer"
SECRETS = [NAME, "Elfriede", "elfriede@example.org", "Lindenblüten-Notiz", "AZ-Holunder-99"]


def child(**more):
    return {"given_name": "Elfriede", "family_name": NAME, "born": "2025-11-02", "email": SECRETS[2], **more}


def ended(client, **changes):
    """A case of Elfriede's with everything sealed that there is, completed on 2026-05-08."""
    case = Story(client).referral(person=child(), **changes)
    case.applies()
    case.is_approved(reference=SECRETS[4])
    for day in ("2026-03-02", "2026-03-09", "2026-03-16"):
        case.is_visited(day, note=SECRETS[3])
    case.completes("2026-05-08")
    return case


def person_of(case) -> str:
    return case.history()[0]["data"]["person_id"]


def ask(client, what, about, reason, by=None):
    headers = {"X-Geleit-By": by} if by else {}
    return client.request("POST", f"/v1/privacy/{about}/{what}", json={"reason": reason}, headers=headers)


def erase(client, about, reason="retention_over", **more):
    return ask(client, "erase", about, reason, **more)


def figures(client) -> list:
    return client.rows("key-figures", from_="2026-01-01", to="2026-12-31", by="month")


def ten_years_later(tmp_path, prepare):
    """What `prepare(client)` makes in 2026; a client of the same service on the day after retention."""
    data = tmp_path / "data"
    with Server(data, "2026-06-30T12:00:00+02:00", NO_WATCH) as server:
        client = Client(server.url)
        made = prepare(client)
        client.close()
    return data, made


def again(client, case):
    """The case as another client sees it."""
    case.client = client
    return case


# ---------------------------------------------------------------- retention


def test_retention_is_counted_to_the_day(tmp_path):
    """treatment records 10 years after the end of treatment; before it, restriction instead of erasure"""
    data, (case, person) = ten_years_later(tmp_path, lambda c: ((made := ended(c)), person_of(made)))
    with Server(data, LAST_DAY, NO_WATCH) as server:
        client = Client(server.url)
        assert client.get("privacy/due", fresh=False)["items"] == []
        due = client.get("privacy/due", fresh=False, on="2036-05-09")
        assert [(one["person"], one["kept_until"]) for one in due["items"]] == [(person, "2036-05-08")]
        problem = refused(erase(client, person), 422, rule="REC-RETENTION")
        assert problem["kept_until"] == "2036-05-08" and "restrict" in problem["detail"]
        assert again(client, case).now()["person"]["family_name"] == NAME
        client.close()
    asked = ("privacy", "erase", person, "--reason", "request", "--data", data, "--clock")
    told = geleit("--lang", "en", *asked, LAST_DAY)
    assert told.returncode == 1 and "REC-RETENTION" in told.stderr and "2036-05-08" in told.stderr
    due = geleit_json("privacy", "due", "--json", "--data", data, "--clock", AFTER)
    assert [one["cases"][0]["case"] for one in due["items"]] == [case.id]
    done = geleit_json(*asked, AFTER, "--json")
    assert (done["keys"], done["cases"]) == (1, [case.id])


def test_all_cases_of_a_person_must_be_over(tmp_path):
    """for a person with several cases all must be over; a case that has not ended keeps all"""

    def prepare(client):
        first = ended(client)
        person = person_of(first)
        second = Story(client).referral(person=None, person_id=person)
        return first, second, person

    data, (first, second, person) = ten_years_later(tmp_path, prepare)
    with Server(data, AFTER, NO_WATCH) as server:
        client = Client(server.url)
        problem = refused(erase(client, person), 422, rule="REC-RETENTION")
        assert problem["kept_until"] is None
        again(client, second).does("WithdrawReferral", {"reason": "doppelt"}, happened="2026-06-01")
        assert refused(erase(client, person), 422, rule="REC-RETENTION")["kept_until"] == "2036-06-01"
        client.close()
    with Server(data, "2036-06-02T09:00:00+02:00", NO_WATCH) as server:
        client = Client(server.url)
        done = erase(client, second.id).json()  # a case names its person
        assert (done["person"], sorted(done["cases"])) == (person, sorted([first.id, second.id]))
        client.close()


# ---------------------------------------------------------------- erasure


def test_an_erased_person_is_unreadable_everywhere(tmp_path):
    """no clear text of that person in log, tables, exports or a fresh process; counts and key figures
    unchanged; chains verify; replay works; the case reads "erased" """

    def prepare(client):
        made = [ended(client), Story(client).running()]
        figures_before.append(figures(client))
        return made

    figures_before = []
    data, (case, other) = ten_years_later(tmp_path, prepare)
    with Server(data, AFTER, NO_WATCH) as server:
        client = Client(server.url)
        person = person_of(again(client, case))
        before = figures(client)
        row = case.now()
        assert (row["person"]["family_name"], row["personal_data"]) == (NAME, "kept")
        command = {"command": "SendFinalReport", "id": new_id(), "case": case.id}
        command["data"] = {"sent_on": "2026-05-20", "to": "Krankenkasse"}
        sent = client.post(command).json()

        known = case.history()[-1]["recorded"]
        answer = erase(client, person, by="d.schutz").json()
        assert (answer["person"], answer["keys"], answer["cases"]) == (person, 1, [case.id])
        assert answer["backups_gone_on"] is None and "repeated" not in answer

        # In the process that had the key at hand.
        row = case.now()
        assert (row["person"], row["personal_data"], row["state"]) == (None, "erased", "completed")
        assert row["approvals"][0]["reference"] is None
        assert client.rows("cases", personal_data="erased")[0]["person"] is None
        for past in ({"known_at": known}, {"as_of": "2026-06-01"}):
            row = case.now(**past)
            assert (row["person"], row["personal_data"], row["state"]) == (None, "erased", "completed")
            assert client.rows("cases", personal_data="erased", **past)[0]["case"] == case.id
            told = client.ask(f"cases/{case.id}/history", **past).text
            assert not [secret for secret in SECRETS if secret in told]
        last = case.history()[-1]
        assert (last["event"], last["by"]) == ("PersonalDataErased", "d.schutz")
        assert last["data"] == {"grounds": "retention_over", "kept_until": "2036-05-08"}
        told = json.dumps([case.history(), case.now(), client.rows("cases")], ensure_ascii=False)
        assert not [secret for secret in SECRETS if secret in told]
        assert figures(client) == before
        # A known id is answered as repeated, another command is refused.
        assert client.post(command).json() == {**sent, "repeated": True}
        refused(case.tries("SendFinalReport", {"sent_on": "2026-05-21", "to": "x"}), 409, state=None)
        refused(case.tries("ReopenCase", {"reason": "x"}), 409)
        known = referral_data(person=None, person_id=person)
        refused(client.command("ReceiveReferral", None, known), 409, field="person_id")
        assert again(client, other).now()["person"]["given_name"] == "Mia"
        # Twice is once.
        twice = erase(client, person).json()
        assert twice == {**answer, "repeated": True}
        assert case.events().count("PersonalDataErased") == 1
        status = client.get("privacy/status", fresh=False)
        (one,) = status["erased"]
        assert (one["person"], one["cases"], one["recorded"]) == (person, [case.id], True)
        client.close()

    assert found_in(data, SECRETS) == []
    assert geleit("check", "--data", data).returncode == 0
    exported = geleit("export", "--data", data)
    assert exported.returncode == 0 and not [secret for secret in SECRETS if secret in exported.stdout]
    assert "Musterkind" in exported.stdout
    for more in ((), ("--json",), ("--html",), ("--until", "2026-07-31")):
        story = geleit("--lang", "en", "audit", "show", case.id, "--data", data, *more)
        assert story.returncode == 0 and not [secret for secret in SECRETS if secret in story.stdout]
        assert "erased" in story.stdout
        assert ("retention is over" in story.stdout) == ("--until" not in more)
    bundle = tmp_path / "bundle.zip"
    asked = ("--from", "2026-01-01", "--to", "2036-12-31", "--data", data, "--out", bundle)
    made = geleit_json("audit", "export", "--provider", "hana-muenchen", *asked, "--json")
    assert made["keys_gone"] == 1
    with zipfile.ZipFile(bundle) as files:
        opened = b"".join(files.read(name) for name in files.namelist()).decode("utf-8", "replace")
    assert "Musterkind" in opened and not [secret for secret in SECRETS if secret in opened]
    assert geleit("rebuild", "--data", data).returncode == 0
    assert geleit("check", "--data", data).returncode == 0
    with Server(data, AFTER, NO_WATCH) as server:
        client = Client(server.url)
        row = again(client, case).now()
        assert (row["person"], row["personal_data"]) == (None, "erased")
        assert figures(client) == before
        assert again(client, other).now()["person"]["given_name"] == "Mia"
        client.close()


def test_who_is_unknown_cannot_be_erased(client):
    refused(erase(client, new_id()), 404, field="person")
    refused(erase(client, "nobody"), 400, field="person")
    refused(erase(client, new_id(), reason="weil Mia es will"), 400, field="reason")
    for body in ("", "{}", '{"reason": 7}', '{"reason": "request", "note": "x"}', "[]"):
        answer = client.request("POST", f"/v1/privacy/{new_id()}/erase", content=body)
        refused(answer, 400)
    refused(client.ask("privacy/due", fresh=False, on="2036-02-30"), 400, field="on")
    refused(client.ask("privacy/status", fresh=False, on="2036-02-01"), 400, field="on")
    unknown = geleit("privacy", "erase", new_id(), "--reason", "request", "--server", client.url)
    assert unknown.returncode == 1
    usage = geleit("privacy", "erase", new_id(), "--reason", "weil Mia es will", "--server", client.url)
    assert usage.returncode == 2


def journal_line(key: str, person: str, at: str) -> str:
    said = f"{key} {person} {at} request"
    return f"{said} {hashlib.sha256(said.encode()).hexdigest()[:16]}\n"


def test_what_a_kill_cut_off_is_finished_by_the_next_start(tmp_path):
    """kill -9 in the middle of an erasure (journal first, then keys, then events)"""
    data, cases = ten_years_later(tmp_path, lambda c: [ended(c) for _ in range(6)])
    journal = data / "erasures.journal"
    server = Server(data, AFTER, NO_WATCH).start()
    client = Client(server.url)
    erased = 0
    for number, case in enumerate(cases[:5]):
        person = person_of(again(client, case))
        already = journal.stat().st_size if journal.exists() else 0

        def asks(url=client.url, person=person):
            mine = Client(url)
            try:
                erase(mine, person)
            except Exception:  # the service is killed
                pass
            mine.close()

        asking = threading.Thread(target=asks)
        asking.start()
        end = time.monotonic() + 20
        while not (journal.exists() and journal.stat().st_size > already):
            assert time.monotonic() < end
            time.sleep(0.0005)
        time.sleep(0.004 * number)
        server.kill()
        asking.join()
        client.close()
        server = Server(data, AFTER, NO_WATCH).start()
        client = Client(server.url)
        end = time.monotonic() + 20
        while again(client, case).now()["personal_data"] != "erased":
            assert time.monotonic() < end, client.get("privacy/status", fresh=False)
            time.sleep(0.02)
        assert case.events().count("PersonalDataErased") == 1
        erased += 1
        assert erase(client, person).json()["repeated"] is True
    # Killed before the keys were destroyed: only the journal knows.
    last = again(client, cases[5])
    person = person_of(last)
    exported = geleit("export", "--data", data, "--sealed", "--case", last.id).stdout
    key = re.search(r'"key(?:id)?":"([0-9a-f-]{36})"', exported)
    client.close()
    server.stop()
    if key:
        with journal.open("a") as file:
            file.write(journal_line(key[1], person, "2036-05-09T10:00:00.000Z"))
        with Server(data, AFTER, NO_WATCH) as server:
            client = Client(server.url)
            end = time.monotonic() + 20
            while again(client, last).now()["personal_data"] != "erased":
                assert time.monotonic() < end
                time.sleep(0.02)
            assert last.history()[-1]["data"]["grounds"] == "request"
            client.close()
    assert erased == 5
    assert geleit("check", "--data", data).returncode == 0


def test_a_restored_backup_replays_the_erasure_before_it_opens(tmp_path):
    """a restored backup replays the erasure before it opens; the answer says when the last key backup will be
    gone"""
    data, case = ten_years_later(tmp_path, lambda c: ended(c))
    assert geleit("export", "--data", data).returncode == 0  # a look that is written down
    done = geleit("backup", tmp_path / "backup", "--data", data)
    assert done.returncode == 0, done.stderr
    made = json.loads((data / "backup.json").read_text())["made"]
    offline = ("--json", "--data", data, "--clock", AFTER)
    shown = geleit_json("audit", "access", "--json", "--data", tmp_path / "backup")["items"]
    assert shown and shown == geleit_json("audit", "access", "--json", "--data", data)["items"]
    person = geleit_json("privacy", "due", *offline)["items"][0]["person"]
    answer = geleit_json("privacy", "erase", person, "--reason", "request", *offline)
    days = datetime.date.fromisoformat(answer["backups_gone_on"]) - datetime.date.fromisoformat(made[:10])
    assert days.days in (29, 30, 31)  # 30, and the day may be another in Berlin
    journal = tmp_path / "kept.journal"
    shutil.copy(data / "erasures.journal", journal)
    shutil.copy(data / "master.key", tmp_path / "kept.key")
    shutil.rmtree(data)
    kept = ("--erasures", journal, "--master-key", tmp_path / "kept.key")
    back = geleit("restore", tmp_path / "backup", "--data", data, *kept)
    assert back.returncode == 0, back.stderr
    assert geleit_json("audit", "access", "--json", "--data", data)["items"] == shown
    exported = geleit("export", "--data", data).stdout
    assert case.id in exported and not [secret for secret in SECRETS if secret in exported]
    assert "PersonalDataErased" not in exported  # the log is older than the erasure
    with Server(data, AFTER, NO_WATCH) as server:
        client = Client(server.url)
        end = time.monotonic() + 20
        while again(client, case).now()["personal_data"] != "erased":
            assert time.monotonic() < end
            time.sleep(0.02)
        assert case.now()["person"] is None
        assert case.history()[-1]["data"]["grounds"] == "request"
        client.close()
    assert geleit("check", "--data", data).returncode == 0
    assert found_in(data, SECRETS) == []


# ---------------------------------------------------------------- restriction


def test_restricted_data_is_stored_and_nothing_else(client, story):
    """Before retention ends … restriction (`ProcessingRestricted`)"""
    case = story.running()
    person = person_of(case)
    answer = ask(client, "restrict", person, "Eltern widersprechen", by="d.schutz").json()
    assert answer == {"person": person, "personal_data": "restricted", "cases": [case.id]}
    row = case.now()
    assert (row["person"], row["personal_data"], row["state"]) == (None, "restricted", "running")
    assert client.rows("cases", case=case.id)[0]["person"] is None
    assert case.history()[-1]["data"] == {"reason": None}
    # For legal claims one case is opened.
    claims = {"X-Geleit-Purpose": "legal_claims"}
    assert case.now(headers=claims)["person"]["given_name"] == "Mia"
    assert case.history(headers=claims)[-1]["data"] == {"reason": "Eltern widersprechen"}
    assert client.rows("cases", case=case.id, headers=claims)[0]["person"] is None
    # Nothing is added to it.
    refused(case.tries("AssignCareTeam", {"lead": "m.roth"}), 409, rule="REC-ERASE", state="running")
    refused(case.tries("RestrictProcessing", {"reason": "x"}), 409)
    known = story.data(person=None, person_id=person)
    refused(client.command("ReceiveReferral", None, known), 409, field="person_id")
    told = client.get("privacy/status", fresh=False)["restricted"]
    assert {"case": case.id, "provider": story.provider, "person": person} in told
    assert ask(client, "restrict", case.id, "noch einmal").json()["repeated"] is True
    lifted = geleit_json("privacy", "lift", case.id, "--reason", "Einigung", "--json", "--server", client.url)
    assert lifted["personal_data"] == "kept"
    assert case.now()["person"]["given_name"] == "Mia"
    case.does("AssignCareTeam", {"lead": "m.roth"})
    refused(case.tries("LiftRestriction", {"reason": "x"}), 409)
    assert [e for e in case.events() if "estrict" in e] == ["ProcessingRestricted", "RestrictionLifted"]


def test_an_export_leaves_restricted_data_sealed(tmp_path):
    data, case = ten_years_later(tmp_path, lambda c: ended(c))
    assert NAME in geleit("export", "--data", data).stdout
    geleit_json("privacy", "restrict", case.id, "--reason", "Streit", "--json", "--data", data)
    exported = geleit("export", "--data", data).stdout
    assert "ProcessingRestricted" in exported and not [secret for secret in SECRETS if secret in exported]


# ---------------------------------------------------------------- pasts, stories, bundles


def test_who_is_restricted_stays_so_in_every_past(serve):
    """an erased or restricted person stays so in every past, whatever was known or true then"""
    server, client = serve()
    case = Story(client).running()
    before = case.history()[-1]["recorded"]
    alone = geleit_json("audit", "show", case.id, "--data", server.data, "--json")
    assert alone["person"]["given_name"] == "Mia"
    assert ask(client, "restrict", case.id, "Streit").status_code == 200
    claims = {"X-Geleit-Purpose": "legal_claims"}
    for past in ({"known_at": before}, {"as_of": "2026-06-29"}):
        row = case.now(**past)
        assert (row["person"], row["personal_data"]) == (None, "restricted")
        assert {one["reference"] for one in row["approvals"]} <= {None}
        listed = client.rows("cases", personal_data="restricted", **past)
        assert [(one["case"], one["person"]) for one in listed] == [(case.id, None)]
        assert client.rows("cases", personal_data="kept", **past) == []
        assert "Musterkind" not in client.ask(f"cases/{case.id}/history", **past).text
        assert case.now(**past, headers=claims)["person"]["given_name"] == "Mia"
    sealed = geleit("--lang", "en", "audit", "show", case.id, "--data", server.data, "--until", before)
    assert "Musterkind" not in sealed.stdout and "restricted: stored and nothing else" in sealed.stdout
    claimed = geleit("audit", "show", case.id, "--data", server.data, "--purpose", "legal_claims")
    assert "Musterkind" in claimed.stdout
    bundle = server.data.parent / "bundle.zip"
    made = geleit_json("audit", "export", "--provider", "hana-muenchen", "--from", "2026-06-30",
                       "--to", "2026-06-30", "--data", server.data, "--out", bundle, "--json")  # fmt: skip
    assert (made["restricted"], made["cases"]) == (1, 1)
    with zipfile.ZipFile(bundle) as files:
        assert not [name for name in files.namelist() if b"Musterkind" in files.read(name)]
    assert geleit("audit", "check-bundle", bundle).returncode == 0
    assert "Musterkind" not in geleit("export", "--records", "--data", server.data).stdout
    # Only what was opened is in the log of who looked.
    found = until_written(server.data, 5)
    assert [(one["what"], one["purpose"]) for one in found if "history" not in one["what"]] == [
        ("geleit audit show", "-"),
        ("GET /v1/cases/{case}", "legal_claims"),
        ("GET /v1/cases/{case}", "legal_claims"),
        ("geleit audit show", "legal_claims"),
    ]


def test_looking_into_a_past_or_from_outside_is_written_down_too(serve):
    server, client = serve()
    case = Story(client).referral()
    recorded = client.get(f"cases/{case.id}")["as_at"]["last_event"]
    until_written(server.data, 1)
    for past in ({"known_at": recorded}, {"as_of": "2026-06-30"}):
        assert case.now(**past)["person"] and client.rows("cases", **past)[0]["person"]
        assert client.get(f"cases/{case.id}/history", **past)["items"]
        client.rows("deadlines", **past)
    found = until_written(server.data, 7)[1:]
    lists = ["GET /v1/cases/{case}", "GET /v1/cases", "GET /v1/cases/{case}/history"]
    assert [one["what"] for one in found] == lists * 2
    assert geleit("audit", "show", case.id, "--data", server.data, "--sealed").returncode == 0
    assert geleit("audit", "diff", case.id, 1, 1, "--data", server.data).returncode == 0
    assert len(looks(server.data)) == 7
    geleit("audit", "show", case.id, "--data", server.data, "--purpose", "audit")
    bundle = ["audit", "export", "--provider", "hana-muenchen", "--from", "2026-06-30", "--to", "2026-06-30",
              "--data", server.data, "--force", "--out", server.data.parent / "b.zip"]  # fmt: skip
    assert geleit(*bundle, "--purpose", "Prüfung durch den MD").returncode == 0
    assert geleit(*bundle, "--purpose", "insurer").returncode == 0
    assert geleit(*bundle, "--sealed").returncode == 0
    assert geleit("export", "--records", "--data", server.data, "--purpose", "backup").returncode == 0
    found = looks(server.data)[7:]
    assert [(one["what"], one["purpose"], one["cases"]) for one in found] == [
        ("geleit audit show", "audit", [case.id]),
        ("geleit audit export", "audit", [case.id]),
        ("geleit audit export", "insurer", [case.id]),
        ("geleit export", "backup", [case.id]),
    ]
    assert geleit("audit", "access", "--data", server.data, "--verify").returncode == 0


def test_a_search_by_name_looks_at_those_whom_it_finds(serve):
    server, client = serve()
    child = {"given_name": "Elfriede", "family_name": NAME, "born": "2025-11-02"}
    found, *others = [Story(client).referral(**one) for one in ({"person": child}, {}, {}, {})]
    assert [row["case"] for row in client.rows("cases", name="elfr")] == [found.id]
    until_written(server.data, 1)
    assert {row["case"] for row in client.rows("tasks", name="quittenb")} == {found.id}
    until_written(server.data, 2)
    assert client.get("cases", name="nobody", count="true")["count"] == 0
    client.rows("tasks", ended="false")
    assert len(client.rows("unit-balances", case=others[0].id, with_="person")) == 1
    looked = until_written(server.data, 3)
    assert [one["cases"] for one in looked] == [[found.id], [found.id], [others[0].id]]
    # Whom no past opens no search finds.
    assert client.rows("tasks", name="quittenb", as_of="2026-06-29") != []
    assert ask(client, "restrict", found.id, "Streit").status_code == 200
    for past in ({}, {"as_of": "2026-06-29"}):
        for table in ("cases", "tasks"):
            assert client.rows(table, name="quittenb", **past) == []
        beside = client.rows("unit-balances", case=found.id, with_="person", **past)
        assert [row["person"] for row in beside] == [None]


def test_without_an_access_log_nothing_is_opened_from_outside(serve):
    server, client = serve()
    case = Story(client).referral()
    (server.data / "access").write_text("no directory")
    out = server.data.parent / "bundle.zip"
    for asked in (
        ["show", case.id],
        ["export", "--provider", "hana-muenchen", "--from", "2026-06-30", "--to", "2026-06-30", "--out", out],
    ):
        done = geleit("audit", *asked, "--data", server.data)
        assert (done.returncode, done.stdout, out.exists()) == (3, "", False) and "access" in done.stderr
        assert geleit("audit", *asked, "--sealed", "--data", server.data).returncode == 0


# ---------------------------------------------------------------- who looked


def looks(data, *more) -> list[dict]:
    return geleit_json("audit", "access", "--data", data, "--json", *more)["items"]


def until_written(data, wanted, *more) -> list[dict]:
    """Lines are written within a second."""
    end = time.monotonic() + 5
    while True:
        found = looks(data, *more)
        if len(found) >= wanted:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


def test_every_read_of_personal_data_is_written_down(serve):
    """reads of personal data (who, when, which case, which purpose) go to an access log apart from the
    events, append-only, with its own chain"""
    server, client = serve()
    cases = [Story(client).referral() for _ in range(7)]
    events = client.get("status")["events"]
    trace = "0af7651916cd43dd8448eb211c80319c"
    head = {
        "X-Geleit-By": "m.roth",
        "X-Geleit-Purpose": "treatment",
        "traceparent": f"00-{trace}-b7ad6b7169203331-01",
    }
    cases[0].now(headers=head)
    client.get("cases", headers=head)
    cases[1].history()
    client.get("deadlines")
    client.get("unit-balances", headers=head)
    client.get("cases", limit=1, personal_data="erased")
    found = until_written(server.data, 3)
    assert [(one["by"], one["purpose"], one["what"], one["trace"]) for one in found] == [
        ("m.roth", "treatment", "GET /v1/cases/{case}", trace),
        ("m.roth", "treatment", "GET /v1/cases", trace),
        ("-", "-", "GET /v1/cases/{case}/history", None),
    ]
    assert found[0]["cases"] == [cases[0].id] and found[2]["cases"] == [cases[1].id]
    assert sorted(found[1]["cases"]) == sorted(case.id for case in cases)
    assert client.get("status")["events"] == events
    assert len(looks(server.data, "--case", cases[2].id)) == 1
    assert len(looks(server.data, "--by", "m.roth")) == 2
    assert len(looks(server.data, "--from", "2026-07-01")) == 0
    assert len(looks(server.data, "--to", "2026-06-30")) == 3
    listed = geleit("audit", "access", "--data", server.data, "--csv").stdout
    assert listed.startswith("\ufeffat;by;") and listed.count("m.roth") == 2
    for name in ("X-Geleit-By", "X-Geleit-Purpose"):
        refused(client.ask("cases", headers={name: "Frau Roth"}), 400, field=name)
    geleit_json("get", "cases", "--json", "--by", "a.ander", "--purpose", "billing", "--server", client.url)
    until_written(server.data, 1, "--by", "a.ander")
    # Tools write into the same chain, beside the service.
    done = geleit("export", "--data", server.data, "--case", cases[3].id, "--purpose", "audit")
    assert done.returncode == 0
    geleit("export", "--data", server.data, "--sealed")
    cases[4].now()
    found = until_written(server.data, 6)
    assert [one["what"] for one in found[4:]] == ["geleit export", "GET /v1/cases/{case}"]
    assert found[3]["purpose"] == "billing"
    assert (found[4]["purpose"], found[4]["cases"]) == ("audit", [cases[3].id]) and found[4]["by"] != "-"
    assert found_in(server.data / "access", ["Mia", "Musterkind"]) == []
    whole = geleit("--lang", "en", "audit", "access", "--data", server.data, "--verify")
    assert whole.returncode == 0 and "6 lines" in whole.stderr


def test_without_an_access_log_no_personal_data_is_shown(serve):
    """if it cannot be written (disk full) reads of personal data answer 503, reads without go on"""
    server, client = serve()
    case = Story(client).referral()
    case.now()
    until_written(server.data, 1)
    access = server.data / "access"
    access.rename(server.data / "elsewhere")
    access.write_text("no directory")
    assert client.ask(f"cases/{case.id}").status_code == 200  # taken, and it is to be written
    end = time.monotonic() + 5
    while (answer := client.ask(f"cases/{case.id}")).status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.02)
    refused(answer, 503, rule="REC-ACCESS")
    assert "Retry-After" in answer.headers
    assert client.ask("cases").status_code == 503
    assert client.ask("deadlines").status_code == 200
    assert any("access" in trouble for trouble in client.get("status")["trouble"])
    case.does("AssignCareTeam", {"lead": "m.roth"})
    access.unlink()
    (server.data / "elsewhere").rename(access)
    end = time.monotonic() + 5
    while client.ask(f"cases/{case.id}").status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    found = until_written(server.data, 3)
    assert {tuple(one["cases"]) for one in found} == {(case.id,)}
    assert geleit("audit", "access", "--data", server.data, "--verify").returncode == 0


def test_what_a_stream_shows_is_written_down_unless_it_is_sealed(serve):
    """who looked: a listener of rows that name a person looks at them; what cannot be written is not shown"""
    server, client = serve()
    told = lambda e: e.data.get("table") == "cases" and e.data["row"]  # noqa: E731
    by = (("X-Geleit-By", "m.roth"), ("X-Geleit-Purpose", "treatment"))
    with (
        Listener(server.url, ("table", "cases"), headers=by) as opened,
        Listener(server.url, ("table", "cases"), ("sealed", "true"), headers=by) as sealed,
        Listener(server.url, ("table", "deadlines")) as of_no_person,
    ):
        for listener in (opened, sealed, of_no_person):
            listener.ready()
        case = Story(client).referral(person=child())
        assert opened.until(told)[-1].data["row"]["person"]["family_name"] == NAME
        assert sealed.until(told)[-1].data["row"]["person"] is None
        of_no_person.until(lambda e: e.name == "row")
        (found,) = until_written(server.data, 1)
        assert (found["by"], found["purpose"], found["what"]) == ("m.roth", "treatment", "GET /v1/stream")
        assert found["cases"] == [case.id]
        access = server.data / "access"
        access.rename(server.data / "elsewhere")
        access.write_text("no directory")
        end = time.monotonic() + 5
        while client.ask(f"cases/{case.id}").status_code == 200:
            assert time.monotonic() < end
            time.sleep(0.02)
        opened.rest()
        case.does("AssignCareTeam", {"lead": "m.roth"})
        assert opened.until(lambda e: e.name == "reset")[-1].data["why"] == "unreadable"
        assert sealed.until(told)[-1].data["row"]["lead"] == "m.roth"
        access.unlink()
        (server.data / "elsewhere").rename(access)
    nobody = {"X-Geleit-By": "Frau Roth"}
    refused(client.request("GET", "/v1/stream", headers=nobody), 400, field="X-Geleit-By")
    refused(client.request("GET", "/v1/stream", params="sealed=perhaps"), 400, field="sealed")


def test_a_stream_of_before_names_nobody_who_is_restricted_by_now(serve):
    """restricted data is opened for nobody: not in rows that changed before the restriction either"""
    server, client = serve()
    case = Story(client).referral(person=child())
    client.get("cases", case=case.id)
    told = lambda e: e.data.get("table") == "cases" and e.data["row"]  # noqa: E731
    with Listener(server.url, ("table", "cases")) as first:
        positions = first.ready()["positions"]
        case.does("AssignCareTeam", {"lead": "m.roth"})
        assert first.until(told)[-1].data["row"]["person"]["family_name"] == NAME
    case.does("RestrictProcessing", {"reason": "Eltern widersprechen"})
    until_written(server.data, 1)
    seen = len(looks(server.data))
    place = ",".join(f"{partition}:{offset}" for partition, offset in positions.items())
    with Listener(server.url, ("table", "cases"), last=place) as again:
        again.ready()
        rows = [e.data["row"] for e in again.until(lambda e: told(e) and e.data["row"]["lead"] == "m.roth")]
        rows += [e.data["row"] for e in again.rest() if e.name == "row"]
    assert rows and all(row["person"] is None for row in rows)
    assert len(looks(server.data)) == seen


@pytest.mark.parametrize("reason", ["\u00a0 \u2003", "x" * 4_001])
def test_what_is_no_reason_restricts_nobody(client, story, reason):
    """bad input gets a clear error that names the field"""
    case = story.referral()
    refused(ask(client, "restrict", case.id, reason), 400, field="reason")
    assert case.now()["personal_data"] == "kept"
    assert ask(client, "restrict", case.id, "ü" * 4_000).status_code == 200
    assert case.now()["personal_data"] == "restricted"


def test_a_changed_line_is_named_and_a_torn_one_tolerated(tmp_path):
    data = tmp_path / "data"
    server = Server(data, "2026-06-30T12:00:00+02:00", NO_WATCH).start()
    client = Client(server.url)
    case = Story(client).referral()
    for number in range(6):
        case.now(headers={"X-Geleit-By": f"staff-{number}"})
        until_written(data, number + 1)
    client.close()
    server.kill()
    day = data / "access" / "2026-06-30.ndjson"
    lines = day.read_text().splitlines(keepends=True)
    assert len(lines) == 6

    def verify():
        done = geleit("audit", "access", "--data", data, "--verify")
        return done.returncode, done.stderr

    assert verify()[0] == 0
    for wrong, named in [
        (lines[:2] + [lines[2].replace("staff-2", "staff-9")] + lines[3:], "2026-06-30.ndjson:3"),
        (lines[:2] + lines[3:], "2026-06-30.ndjson:2"),
        (lines[:2] + [lines[3], lines[2]] + lines[4:], "2026-06-30.ndjson:2"),
        (lines[:2] + ["no line\n"] + lines[3:], "2026-06-30.ndjson:3"),
        (lines[1:], "2026-06-30.ndjson:1"),
        (lines[:5], "its end was cut off"),
        (lines[:5] + [lines[5].replace("staff-5", "staff-9")], "its end was cut off or changed"),
    ]:
        day.write_text("".join(wrong))
        status, told = verify()
        assert status == 1 and named in told, (named, told)
    # A kill in the middle of a write leaves half a line, which the next one says.
    day.write_text("".join(lines) + lines[0][:50])
    status, told = verify()
    assert status == 0 and "not whole" in told
    with Server(data, "2026-07-01T12:00:00+02:00", NO_WATCH) as server:
        client = Client(server.url)
        again(client, case).now()
        client.close()
    status, told = verify()
    assert status == 0 and "2026-06-30.ndjson:7" in told
    assert [one["file"] for one in looks(data)][-1] == "2026-07-01.ndjson"


def test_looks_are_kept_at_a_stop(serve):
    server, client = serve()
    case = Story(client).referral()
    for _ in range(200):
        case.now()
    assert server.stop() == 0
    assert len(looks(server.data)) == 200
    assert geleit("audit", "access", "--data", server.data, "--verify").returncode == 0
