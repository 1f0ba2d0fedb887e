"""API.md, Command line: submit, get, export, log info, rebuild, check, version; exit status 0 done, 1
refused or findings, 2 usage, 3 unavailable. (`deadline`, `copay` and `rules` are in calculator_test.py.)"""

import csv
import http.server
import io
import json
import socket
import threading
import time

import pytest

from client import Client, new_id
from program import Server, geleit, geleit_json
from story import Case, Story

ROLES = "intake,query"  # versions and events are counted
DONE, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3
NOBODY = "http://127.0.0.1:9"


def write(path, commands):
    path.write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in commands), encoding="utf-8")
    return path


def answers_of(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def life(provider: str, units=12) -> list[dict]:
    """The commands of one case."""
    case = new_id()
    steps = [
        ("ReceiveReferral", Story(None, provider).data(units=units)),
        ("SubmitApplication", {"units": units, "submitted_on": "2026-02-19"}),
        ("GrantApproval", Case.approval_data(units=units)),
        ("DeliverVisit", Case.delivery_data("2026-02-27", minutes=90)),
        ("DeliverVisit", Case.delivery_data("2026-03-02", minutes=45, place="phone")),
    ]
    return [{"command": name, "id": new_id(), "case": case, "data": data} for name, data in steps]


@pytest.fixture
def provider(request):
    return "zeile-" + new_id()[:12]


# ---------------------------------------------------------------- submit


def test_submit_answers_every_line_in_order(server, client, provider, tmp_path):
    """geleit submit FILE|- [--server URL]: NDJSON commands in, NDJSON answers out, progress on stderr"""
    commands = life(provider) + life(provider)
    done = geleit("submit", write(tmp_path / "in.ndjson", commands), "--server", server.url)
    assert done.returncode == DONE, done.stderr
    answers = answers_of(done)
    assert [(a["id"], a["case"]) for a in answers] == [(c["id"], c["case"]) for c in commands]
    assert [a["version"] for a in answers] == [1, 2, 3, 4, 5] * 2
    for answer in answers:
        client.remember(answer)
    assert {row["state"] for row in client.rows("cases", provider=provider)} == {"running"}


def test_submit_reads_standard_input(server, client, provider):
    """geleit submit FILE|-"""
    text = "".join(json.dumps(c) + "\n" for c in life(provider))
    done = geleit("submit", "-", "--server", server.url, stdin=text)
    assert done.returncode == DONE and len(answers_of(done)) == 5
    without_end = geleit("submit", "-", "--server", server.url, stdin=text.rstrip("\n"))
    assert [a["repeated"] for a in answers_of(without_end)] == [True] * 5


def test_submit_again_repeats_the_answers(server, provider, tmp_path):
    """resumable: submitting the same file again answers what is known and records what is not"""
    commands = life(provider)
    first = geleit("submit", write(tmp_path / "a.ndjson", commands[:3]), "--server", server.url)
    again = geleit("submit", write(tmp_path / "b.ndjson", commands), "--server", server.url)
    assert (first.returncode, again.returncode) == (DONE, DONE)
    told, retold = answers_of(first), answers_of(again)
    assert retold[:3] == [{**a, "repeated": True} for a in told]
    assert [a.get("repeated") for a in retold[3:]] == [None, None]


def test_submit_tells_of_refusals(server, client, provider, tmp_path):
    """exit status … 1 refused; each line is answered on its own"""
    commands = life(provider)
    commands.insert(4, {**commands[3], "id": new_id(), "data": {**commands[3]["data"], "minutes": 0}})
    done = geleit("submit", write(tmp_path / "in.ndjson", commands), "--server", server.url)
    assert done.returncode == REFUSED
    answers = answers_of(done)
    assert [a.get("status", 200) for a in answers] == [200, 200, 200, 200, 400, 200]
    assert answers[4]["field"] == "minutes"


def test_submit_splits_what_is_too_much_for_one_body(server, client, provider, tmp_path):
    """one NDJSON body holds at most 10,000 lines or 16 MiB (413; `geleit submit` splits)"""
    case = new_id()
    commands = [
        {"command": "ReceiveReferral", "id": new_id(), "case": case, "data": Story(None, provider).data()}
    ]
    commands += [
        {"command": "AssignCareTeam", "id": new_id(), "case": case, "data": {"lead": f"m.{n}"}}
        for n in range(10_500)
    ]
    done = geleit("submit", write(tmp_path / "in.ndjson", commands), "--server", server.url)
    assert done.returncode == DONE, done.stderr[-500:]
    answers = answers_of(done)
    assert [a["version"] for a in answers] == list(range(1, len(commands) + 1))
    client.remember(answers[-1])
    assert client.get(f"cases/{case}")["lead"] == "m.10499"


def test_submit_splits_many_bytes(server, client, provider, tmp_path):
    """at most 10,000 lines or 16 MiB (413; `geleit submit` splits)"""
    case = new_id()
    commands = [
        {"command": "ReceiveReferral", "id": new_id(), "case": case, "data": Story(None, provider).data()}
    ]
    commands += [
        {
            "command": "AgreeCarePlan",
            "id": new_id(),
            "case": case,
            "data": {"agreed_on": "2026-03-01", "goals": ["x" * 4000] * 25},
        }
        for _ in range(200)
    ]
    done = geleit("submit", write(tmp_path / "in.ndjson", commands), "--server", server.url)
    assert done.returncode == DONE, done.stdout[-500:] + done.stderr[-500:]
    assert len(answers_of(done)) == 201


class Busy(http.server.BaseHTTPRequestHandler):
    """Has no room for the first requests, and says when to come again."""

    protocol_version = "HTTP/1.1"
    refusals = [(429, "Too many requests"), (503, "No room in the queue")]
    asked = []  # when, and what

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((time.monotonic(), body))
        if len(self.asked) <= len(self.refusals):
            status, detail = self.refusals[len(self.asked) - 1]
            answer = json.dumps({"status": status, "detail": detail}).encode()
        else:
            status = 200
            answer = b"".join(
                json.dumps({"id": json.loads(line)["id"], "version": 1}).encode() + b"\n"
                for line in body.splitlines()
            )
        self.send_response(status)
        if status != 200:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def test_submit_comes_again_when_it_is_told_to(provider, tmp_path):
    """429 and 503 carry `Retry-After`: submit waits for so long, says so, and goes on"""
    busy = http.server.HTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=busy.serve_forever, daemon=True).start()
    try:
        commands = life(provider)[:3]
        url = f"http://127.0.0.1:{busy.server_port}"
        done = geleit("submit", write(tmp_path / "in.ndjson", commands), "--server", url)
    finally:
        busy.shutdown()
        busy.server_close()
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [c["id"] for c in commands]
    when, bodies = zip(*Busy.asked)
    assert len(set(bodies)) == 1 and len(bodies) == 3
    assert all(later - earlier >= 0.95 for earlier, later in zip(when, when[1:]))
    for status, detail in Busy.refusals:
        assert f"{status}: {detail}" in done.stderr


def test_submit_of_nothing_is_done(server, tmp_path):
    """exit status 0 done"""
    empty = tmp_path / "empty.ndjson"
    empty.write_text("")
    done = geleit("submit", empty, "--server", server.url)
    assert (done.returncode, done.stdout) == (DONE, "")


def test_submit_without_a_server_or_a_file(server, provider, tmp_path):
    """exit status … 2 usage, 3 unavailable"""
    some = write(tmp_path / "in.ndjson", life(provider))
    assert geleit("submit", some, "--server", NOBODY, "--wait", 1).returncode == UNAVAILABLE
    assert geleit("submit", tmp_path / "nothing.ndjson", "--server", server.url).returncode in (
        USAGE,
        UNAVAILABLE,
    )
    assert geleit("submit").returncode == USAGE
    assert geleit("submit", some, "--server", "nonsense://").returncode == USAGE
    assert geleit("submit", some, "--colour", "blue").returncode == USAGE


# ---------------------------------------------------------------- get


def test_get_prints_the_rows(server, client, provider):
    """geleit get TABLE [--filter k=v …] [--json|--csv]"""
    client.lines(life(provider) + life(provider, units=6))
    for table in (
        "cases",
        "deadlines",
        "unit-balances",
        "tasks",
        "visits",
        "key-figures",
        "overdue-starts",
    ):
        rows = client.rows(table, provider=provider)
        told = geleit_json(
            "get", table, "--filter", f"provider={provider}", "--json", "--server", server.url
        )
        items = told["items"] if isinstance(told, dict) else told
        assert items == rows, table
        text = geleit(
            "get", table, "--filter", f"provider={provider}", "--csv", "--server", server.url
        ).stdout
        assert len(list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))) == len(rows), (
            table
        )
    both = geleit_json(
        "get",
        "visits",
        "--filter",
        f"provider={provider}",
        "--filter",
        "place=phone",
        "--json",
        "--server",
        server.url,
    )
    assert len(both["items"] if isinstance(both, dict) else both) == 2


def test_get_prints_for_people(server, client, provider):
    """geleit get TABLE"""
    client.lines(life(provider))
    done = geleit("get", "cases", "--filter", f"provider={provider}", "--server", server.url)
    assert done.returncode == DONE and "running" in done.stdout


def test_get_knows_what_is_wrong(server):
    """exit status … 1 refused, 2 usage, 3 unavailable"""
    assert geleit("get", "cases", "--server", NOBODY).returncode == UNAVAILABLE
    assert geleit("get", "cases", "--filter", "colour=blue", "--server", server.url).returncode in (
        REFUSED,
        USAGE,
    )
    assert geleit("get", "cases", "--filter", "state=asleep", "--server", server.url).returncode in (
        REFUSED,
        USAGE,
    )
    assert geleit("get", "pictures", "--server", server.url).returncode in (REFUSED, USAGE)
    assert geleit("get", "--server", server.url).returncode == USAGE
    assert geleit("get", "cases", "--filter", "state", "--server", server.url).returncode == USAGE
    assert geleit("get", "cases", "--json", "--csv", "--server", server.url).returncode == USAGE


# ---------------------------------------------------------------- what works on the data directory


@pytest.fixture
def house(serve, tmp_path):
    """A stopped house with two cases: (data directory, commands, answers)."""
    server, client = serve(data="haus")
    commands = life("hana-muenchen") + life("hana-augsburg", units=6)
    answers = client.lines(commands)
    assert server.stop() == 0
    return server.data, commands, answers


def exported(*arguments):
    done = geleit("export", *arguments)
    assert done.returncode == DONE, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def name_of(event: dict) -> str:
    return event["type"].rsplit(".", 1)[-1]


def test_export_tells_every_event(house):
    """geleit export …: events as NDJSON (CloudEvents JSON, data opened or sealed)"""
    data, commands, answers = house
    events = [e for e in exported("--data", data) if e["id"] in {c["id"] for c in commands}]
    by_id = {event["id"]: event for event in events}
    assert len(events) == len(by_id) == len(commands)
    for command, answer in zip(commands, answers):
        event = by_id[command["id"]]
        assert event["specversion"] == "1.0" and event["source"]
        assert name_of(event) == answer["event"]
        assert command["case"] in (event.get("subject"), event.get("case"))


def test_export_of_one_case_or_one_provider(house):
    """geleit export [--case ID] [--provider P]"""
    data, commands, _ = house
    case = commands[0]["case"]
    assert [name_of(e) for e in exported("--data", data, "--case", case)] == [
        "ReferralReceived",
        "ApplicationSubmitted",
        "ApprovalGranted",
        "VisitDelivered",
        "VisitDelivered",
    ]
    mine = [e["id"] for e in exported("--data", data, "--provider", "hana-augsburg")]
    assert [i for i in mine if i in {c["id"] for c in commands}] == [c["id"] for c in commands[5:]]


def test_export_of_nobody(house):
    """exit status 0 done; 2 usage"""
    data, _, _ = house
    assert exported("--data", data, "--provider", "niemand") == []
    assert geleit("export", "--data", data, "--case", "mia").returncode == USAGE


@pytest.mark.embedded
def test_log_info_tells_of_the_log(house):
    """geleit log info"""
    data, commands, _ = house
    done = geleit("log", "info", "--data", data)
    assert done.returncode == DONE and "embedded" in done.stdout


def test_check_finds_nothing(house):
    """geleit check: derive everything afresh and compare"""
    data, _, _ = house
    done = geleit("check", "--data", data)
    assert done.returncode == DONE, done.stdout + done.stderr


def test_rebuild_makes_the_same_rows(house, serve):
    """geleit rebuild [TABLE]: everything is computed from the events and can be computed again"""
    data, commands, _ = house
    tables = ("cases", "deadlines", "unit-balances", "tasks", "visits")

    def picture():
        server, client = serve(data="haus")
        told = {table: client.rows(table) for table in tables}
        server.stop()
        return told

    before = picture()
    assert len(before["cases"]) == 2
    for arguments in ((), ("deadlines",)):
        done = geleit("rebuild", *arguments, "--data", data)
        assert done.returncode == DONE, done.stderr
        assert picture() == before
    assert geleit("rebuild", "pictures", "--data", data).returncode == USAGE
    assert geleit("check", "--data", data).returncode == DONE


def test_a_log_serves_one_process(serve, tmp_path):
    """the embedded log is locked against a second process with a clear message"""
    server, client = serve(data="haus")
    Story(client).referral()
    second = geleit("serve", "--data", server.data, "--listen", "127.0.0.1:0", timeout=30)
    assert second.returncode == UNAVAILABLE and second.stderr.strip()
    assert client.ask("cases").status_code == 200


def test_an_address_in_use_is_unavailable(server, tmp_path):
    """exit status … 3 unavailable"""
    listen = server.url.removeprefix("http://")
    done = geleit("serve", "--data", tmp_path / "anderes", "--listen", listen, timeout=30)
    assert done.returncode == UNAVAILABLE and done.stderr.strip()


@pytest.mark.embedded
def test_no_log_is_unavailable(tmp_path):
    """exit status … 3 unavailable (nothing is made by looking)"""
    nowhere = tmp_path / "nirgends"
    for arguments in (("check",), ("log", "info"), ("export",), ("rebuild",)):
        assert geleit(*arguments, "--data", nowhere).returncode in (USAGE, UNAVAILABLE), arguments
        assert not nowhere.exists(), arguments


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--listen", "nowhere"),
        ("serve", "--clock", "noon"),
        ("serve", "--clock", "2026-06-30T12:00:00"),
        ("serve", "--colour", "blue"),
        ("log",),
        ("log", "sing"),
        ("check", "--colour", "blue"),
        ("export", "--from", "x"),
    ],
)
def test_wrong_usage_is_2(arguments, tmp_path):
    """exit status … 2 usage"""
    done = geleit(*arguments, timeout=30, cwd=tmp_path)
    assert done.returncode == USAGE, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.strip()


def test_a_stop_is_graceful(serve):
    """graceful stop: what was accepted is there at the next start"""
    server, client = serve(data="haus")
    cases = [Story(client).referral().id for _ in range(20)]
    assert server.stop() == 0
    _, client = serve(data="haus")
    assert {row["case"] for row in client.rows("cases")} == set(cases)


def test_the_default_address_is_that_of_the_documents(tmp_path):
    """geleit serve [--listen 127.0.0.1:8480]"""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8480)) == 0:
            pytest.skip("somebody listens at 127.0.0.1:8480")
    server = Server(tmp_path / "haus", "2026-06-30T12:00:00+02:00", listen="127.0.0.1:8480")
    with server:
        client = Client("http://127.0.0.1:8480")
        case = Story(client).referral().id
        told = geleit_json("get", "cases", "--json")
        assert [row["case"] for row in (told["items"] if isinstance(told, dict) else told)] == [case]
        client.close()


@pytest.mark.embedded
def test_the_keys_are_for_the_owner_only(house):
    """keys in their own store, wrapped by a master key file made with mode 0600 at the first start"""
    data, _, _ = house
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in data.rglob("*")
        if path.is_file() and "master" in path.name
    }
    assert modes and set(modes.values()) == {0o600}, modes
    for part in ("log", "keys", "tables"):
        assert (data / part).stat().st_mode & 0o777 == 0o700, part


def test_no_name_is_readable_in_the_files(serve):
    """Personal data is sealed per person before it reaches the log (REC-PSEUDONYM)"""
    server, client = serve(data="haus")
    person = {
        "given_name": "Zyklameline",
        "family_name": "Quittenbaumer",
        "born": "2025-11-02",
        "insurance_number": "Q987654321",
    }
    case = Story(client).referral(person=person)
    case.is_visited("2026-03-02", note="Zauberwortnotiz")
    server.stop()
    for path in server.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for word in (b"Zyklameline", b"Quittenbaumer", b"Q987654321", b"Zauberwortnotiz"):
                assert word not in content, (path, word)
