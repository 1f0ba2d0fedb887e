"""The roles as processes of their own on one log: two intakes that take any case, two queries that hold all
partitions."""

import concurrent.futures
import itertools
import json
import os
import random
import secrets
import time
from pathlib import Path

import httpx
import pytest

from brokers import new_log, shared_address
from client import Client, new_id
from crowd import Crowd
from ledger import Ledger
from program import Server, executable, geleit, geleit_json
from rush import interleaved
from story import referral_data

SEED = os.environ.get("GELEIT_ROLES_SEED") or secrets.token_hex(4)
COMMANDS = int(os.environ.get("GELEIT_ROLES_COMMANDS", "3000"))
CAUGHT_UP_SECONDS_MAX = 60


class Installation:
    """Intakes and queries on one log, each a process with a data directory of its own."""

    def __init__(self, place: Path, log: str, intakes: int = 2, queries: int = 2):
        self.place, self.log = place, log
        self.where = ("--log", log, "--master-key", str(place / "master.key"))
        self.intakes = [self.begin(f"intake-{n}", "intake") for n in range(intakes)]
        relay = [part for server in self.intakes for part in ("--intake", server.url)]
        self.queries = [self.begin(f"query-{n}", "query", relay) for n in range(queries)]
        self.clients = [Client(server.url) for server in (*self.intakes, *self.queries)]

    def begin(self, name: str, roles: str, extra=()) -> Server:
        return Server(self.place / name, extra=(*self.where, "--roles", roles, *extra)).start()

    @property
    def servers(self) -> list[Server]:
        return [*self.intakes, *self.queries]

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.intakes]

    def client(self, server: Server) -> Client:
        return self.clients[self.servers.index(server)]

    def end(self) -> None:
        for client in self.clients:
            client.close()
        for server in self.servers:
            server.stop()

    def positions(self) -> dict:
        """Where every process stands, once all stand where the log ends."""
        ends = geleit_json("log", "info", "--log", self.log, "--json")["partitions"]
        wanted = {str(p["partition"]): p["end"] - 1 for p in ends if p["end"]}
        began = time.monotonic()
        for server in self.servers:
            while True:
                told = httpx.get(server.url + "/status", timeout=10).json()["positions"]
                if told == wanted:
                    break
                assert time.monotonic() - began < CAUGHT_UP_SECONDS_MAX, (server.data, told, wanted)
                time.sleep(0.05)
        return wanted

    def equal_tables(self) -> dict:
        """Every process has the same tables, and they are what the log says; what check tells of them."""
        self.positions()
        told = []
        for server in self.servers:
            done = geleit("check", "--data", server.data, *self.where, "--json", timeout=300)
            assert done.returncode == 0, (server.data, done.stdout, done.stderr)
            told.append(json.loads(done.stdout))
        assert all(one == told[0] and one["same"] for one in told), told
        return told[0]


@pytest.fixture
def installation(tmp_path):
    house = Installation(tmp_path, new_log(shared_address()))
    yield house
    house.end()


def opening(case: str | None = None, **changes) -> dict:
    return {
        "command": "ReceiveReferral",
        "id": new_id(),
        "case": case or new_id(),
        "data": referral_data(**changes),
    }


def chain(case: str) -> list[dict]:
    """The commands of one case, each of which needs the one before."""
    visit, approval = new_id(), new_id()
    scheduled = {
        "visit": visit, "starts_at": "2026-03-02T10:00:00+01:00", "minutes": 60, "staff": "m.roth",
        "place": "home", "category": "guidance",
    }  # fmt: skip
    granted = {
        "approval": approval, "reference": "A 1", "decided_on": "2026-02-25", "units": 12,
        "from": "2026-02-20", "until": "2026-08-20",
    }  # fmt: skip
    steps = [
        ("SubmitApplication", {"units": 12, "submitted_on": "2026-02-20"}),
        ("GrantApproval", granted),
        ("ScheduleVisit", scheduled),
        ("DeliverVisit", {"visit": visit, "minutes": 60, "started_at": "2026-03-02T10:00:00+01:00"}),
        ("CorrectVisit", {"visit": visit, "minutes": 45, "reason": "Tippfehler"}),
        ("RevokeApproval", {"approval": approval, "reason": "falscher Fall"}),
        ("CompleteCare", {"completed_on": "2026-05-08", "goal_reached": True}),
        ("ReopenCase", {"reason": "doch nicht"}),
    ]
    return [opening(case)] + [
        {"command": name, "id": new_id(), "case": case, "data": data} for name, data in steps
    ]


def test_a_chain_that_goes_to_both_intakes_in_turn_is_never_refused(installation):
    """a refusal is answered only by an intake that has read to the end that the log had when it came"""

    def go(turn: int) -> list[int]:
        urls = itertools.islice(itertools.cycle(installation.urls), turn, None)
        statuses = []
        with httpx.Client(timeout=60) as http:
            for command, url in zip(chain(new_id()), urls):
                answer = http.post(url + "/v1/commands", json=command)
                statuses.append(answer.status_code)
                assert answer.status_code == 200, (command, answer.text)
                assert answer.json()["version"] == len(statuses)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(len(statuses) == 9 for statuses in pool.map(go, range(40)))
    told = installation.equal_tables()
    assert told["events"] == 40 * 9 + 1


def test_a_refusal_is_still_one(installation):
    """what nobody has recorded is refused, by either"""
    for server in installation.intakes:
        client = installation.client(server)
        answer = client.command("AssignCareTeam", new_id(), {"lead": "m.roth"})
        assert answer.status_code == 404
        again = opening()
        assert client.post(again).status_code == 200
        other = [c for c in installation.clients[:2] if c is not client][0]
        taken = opening(again["case"])
        assert other.post(taken).status_code == 409
        unknown = opening(person=None, person_id=new_id())
        assert other.post(unknown).status_code == 409


def test_a_person_known_through_the_other_intake_is_known(installation):
    """`person_id` is known within the same provider, whoever recorded the person"""
    one, two = installation.clients[:2]
    for first, second in ((one, two), (two, one)):
        referral = opening()
        case = first.post(referral).json()["case"]
        person = None
        while person is None:
            query = httpx.get(f"{installation.queries[0].url}/v1/cases/{case}", timeout=10)
            if query.status_code == 200:
                person = query.json()["person"]["person_id"]
        later = opening(person=None, person_id=person)
        answer = second.post(later)
        assert answer.status_code == 200, answer.text


def test_both_intakes_make_a_key_for_the_same_new_person_at_once(installation):
    """one referral counts, the other is its repetition; everybody can read the name"""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for n in range(20):
            command = opening()
            command["data"]["person"]["given_name"] = f"Kind {n}"

            def send(url, command=command):
                return httpx.post(url + "/v1/commands", json=command, timeout=60)

            answers = [answer.json() for answer in pool.map(send, installation.urls)]
            assert sorted(answer.get("repeated", False) for answer in answers) == [False, True], answers
            assert answers[0]["position"] == answers[1]["position"]
            for server in installation.queries:
                where = f"{answers[0]['position']['partition']}:{answers[0]['position']['offset']}"
                told = httpx.get(f"{server.url}/v1/cases/{command['case']}?wait_for={where}", timeout=10)
                assert told.json()["person"]["given_name"] == f"Kind {n}", told.text
    installation.equal_tables()


def test_the_same_file_goes_through_both_intakes_at_once(installation, tmp_path):
    """each command is recorded once and answered as recorded to both"""
    ledger = Ledger()
    commands = interleaved(Crowd(random.Random(SEED), ledger), COMMANDS)
    file = tmp_path / "commands.ndjson"
    file.write_bytes(b"".join(sent.text + b"\n" for sent in commands))

    def submit(url):
        return geleit("submit", file, "--server", url, "--wait", "60", timeout=300)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(submit, installation.urls))
    answers = [[json.loads(line) for line in done.stdout.splitlines()] for done in both]
    for done, told in zip(both, answers):
        assert done.returncode == 0 and len(told) == len(commands), done.stderr
    new = 0
    for sent, one, two in zip(commands, *answers):
        same = {k: v for k, v in one.items() if k != "repeated"}
        assert same == {k: v for k, v in two.items() if k != "repeated"}, sent.command
        # A retry of its own after a lost answer may be a repetition, too.
        new += ("repeated" not in one) + ("repeated" not in two)
        ledger.sends(sent)
        ledger.hears(sent, 200, same)
    assert 0 < new <= len(commands)
    told = installation.equal_tables()
    events = ledger.compare(installation.queries[0].data, writers=2, where=installation.where)
    assert (told["events"], told["stale"]) == (len(events), ledger.stale)
    print(f"GELEIT_ROLES_SEED={SEED}: {len(events)} events, {ledger.stale} stale")


def test_a_crowd_through_both_intakes(installation):
    """64 clients on hot and cold cases: an answered command is in the log exactly once as accepted"""
    print(f"GELEIT_ROLES_SEED={SEED} GELEIT_ROLES_COMMANDS={COMMANDS}")
    crowd = Crowd(random.Random(SEED), Ledger())
    began = time.monotonic()
    crowd.through(installation.urls, COMMANDS)
    took = time.monotonic() - began
    assert crowd.refused_lives() == []
    told = installation.equal_tables()
    events = crowd.ledger.compare(
        installation.intakes[0].data, answered_only=True, writers=2, where=installation.where
    )
    assert (told["events"], told["stale"], told["foreign"]) == (len(events), crowd.ledger.stale, 0)
    for server in installation.queries:
        status = httpx.get(server.url + "/v1/status", timeout=10).json()
        assert (status["stale"], status["parked"]) == (crowd.ledger.stale, [])
    print(f"{len(crowd.ledger.sent)} commands in {took:.1f} s, {crowd.ledger.stale} stale")


def test_who_does_what_is_told(installation):
    """/status: roles, each partition's position, lag and who decides"""
    for server in installation.intakes:
        told = httpx.get(server.url + "/status", timeout=10).json()
        assert told["roles"] == ["intake"] and told["log"]["kind"] == "kafka"
        assert [p["decides"] for p in told["partitions"]] == [[server.url]] * 8
        assert httpx.get(server.url + "/v1/cases", timeout=10).status_code == 404
        assert httpx.get(server.url + "/readyz", timeout=10).status_code == 200
    for server in installation.queries:
        told = httpx.get(server.url + "/status", timeout=10).json()
        assert told["roles"] == ["query"]
        assert [p["partition"] for p in told["partitions"]] == list(range(8))
        assert all(p["decides"] == installation.urls for p in told["partitions"])
        assert told["rule_sets"]


def test_a_query_hands_commands_on_to_an_intake(installation):
    """the command port: HTTP to --intake URL, the next one where one does not answer"""
    client = installation.client(installation.queries[0])
    command = opening()
    answer = client.post(command)
    assert answer.status_code == 200 and answer.headers["ETag"] == '"1"'
    assert client.get(f"cases/{command['case']}")["version"] == 1
    stale = client.command("AssignCareTeam", command["case"], {"lead": "l"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 409 and stale.json()["version"] == 1
    english = client.post({"command": "No"}, headers={"Accept-Language": "en"})
    assert english.status_code == 400 and english.json()["detail"].startswith("expected")
    key = new_id()
    team = {"command": "AssignCareTeam", "case": command["case"], "data": {"lead": "m.roth"}}
    first = client.post(team, headers={"Idempotency-Key": key}).json()
    assert first["id"] == key and client.post(team, headers={"Idempotency-Key": key}).json()["repeated"]
    assert client.command("AssignCareTeam", command["case"], {"lead": "x"}, dry_run=True).status_code == 200
    lines = client.lines([chain(new_id())[0], "{", chain(new_id())[0]])
    assert [line.get("status", 200) for line in lines] == [200, 400, 200]
    installation.intakes[0].kill()
    statuses = []
    for n in range(20):
        answer = client.command("AssignCareTeam", command["case"], {"lead": f"l.{n}"})
        statuses.append(answer.status_code)
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
    assert statuses[-10:] == [200] * 10 and set(statuses) <= {200, 503}


def test_a_process_that_starts_again_goes_on_where_it_was(installation):
    """ready again without reading the topic from zero; a copy that is removed costs a fetch, nothing else"""
    import shutil

    client = installation.clients[0]
    client.lines([command for _ in range(300) for command in chain(new_id())[:3]])
    installation.positions()
    for server in installation.queries:
        server.kill()
    shutil.rmtree(installation.queries[1].data / "log")
    copy = installation.queries[0].data / "log" / "IDENTITY"
    made = copy.stat().st_ino
    client.lines([command for _ in range(10) for command in chain(new_id())[:3]])
    for server in installation.queries:
        server.start()
    assert copy.stat().st_ino == made
    told = installation.equal_tables()
    assert told["events"] == 310 * 3 + 1


def test_one_process_on_this_machine_has_all_roles(tmp_path):
    """roles apart need a log beyond the machine; usage"""
    command = ["serve", "--data", tmp_path / "data", "--log", tmp_path / "log", "--listen", "127.0.0.1:0"]
    for wrong in (["--roles", "query"], ["--roles", "watchmen"], ["--intake", "http://127.0.0.1:1"]):
        assert geleit(*command, *wrong).returncode == 2, wrong
    # A copy of a log is nobody's own log.
    server = Server(tmp_path / "far", extra=("--log", new_log(shared_address()))).start()
    server.stop()
    done = geleit("serve", "--data", tmp_path / "far", "--log", tmp_path / "far" / "log")
    assert done.returncode == 3 and "kafka://" in done.stderr and executable()
