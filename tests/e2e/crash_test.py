"""kill -9 during a long `geleit submit`, start again, submit the same file again: every line is answered,
nothing is there twice, and `geleit check` (derive everything afresh and compare) finds nothing; the month
totals of `key-figures` equal a plain count over `geleit export`."""

import collections
import json
import random
import subprocess
import time

import pytest

from client import Client, new_id
from program import NO_WATCH, Server, executable, geleit
from story import Case, day_after, referral_data

CLOCK = "2026-06-30T12:00:00+02:00"
CASES = 6_000


def lives(count: int) -> list[dict]:
    """The commands of many cases, interleaved as a busy month would; every one of them is acceptable."""
    chance = random.Random(7)
    queues = []
    for number in range(count):
        case, born = new_id(), "2025-11-02"
        units = chance.randint(6, 20)
        steps = [
            ("ReceiveReferral", referral_data(provider=f"haus-{number % 5}", units=units, born=born)),
            ("SubmitApplication", {"units": units, "submitted_on": "2026-02-20"}),
            ("GrantApproval", Case.approval_data(units=units, approval=new_id())),
        ]
        visits = []
        for visit in range(chance.randint(0, 6)):
            day = day_after("2026-02-21", visit * 7 + chance.randint(0, 6))
            data = Case.delivery_data(
                day,
                f"{chance.randint(8, 17):02}:15",
                minutes=chance.randint(1, 8) * 15,
                place=chance.choice(["home", "phone", "facility"]),
            )
            visits.append(data["visit"])
            steps.append(("DeliverVisit", data))
        if visits and chance.random() < 0.2:
            steps.append(("CorrectVisit", {"visit": visits[0], "minutes": 45, "reason": "Tippfehler"}))
        if visits and chance.random() < 0.1:
            steps.append(("VoidVisit", {"visit": visits[-1], "reason": "doppelt"}))
        if len(visits) > 1 and chance.random() < 0.5:
            steps.append(("CompleteCare", {"completed_on": "2026-05-08", "goal_reached": True}))
        queues.append(
            [{"command": name, "id": new_id(), "case": case, "data": data} for name, data in steps]
        )
    commands = []
    while queues:
        queue = chance.choice(queues[-50:])
        commands.append(queue.pop(0))
        if not queue:
            queues.remove(queue)
    return commands


def submit(file, url, answers):
    """`geleit submit` with its answers written to a file, as its users would keep them."""
    return subprocess.Popen(
        [executable(), "submit", str(file), "--server", url, "--wait", "2"],
        stdout=open(answers, "wb"),
        stderr=subprocess.DEVNULL,
    )


def whole_lines(path) -> list[dict]:
    text = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def wait_for_lines(path, count, process, seconds=300):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        if process.poll() is not None:
            return
        time.sleep(0.01)
    raise AssertionError(f"not {count} answers after {seconds} s")


def finish(process, seconds):
    """Waits until the client gives up; it may hope for the server's return, but not for ever in this
    test."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(10)
        return None


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """A file submitted through three crashes: (Server running again, commands, the last answers)."""
    place = tmp_path_factory.mktemp("absturz")
    commands = lives(CASES)
    file = place / "commands.ndjson"
    file.write_text("".join(json.dumps(c) + "\n" for c in commands))
    known: dict[str, dict] = {}
    crashes_in_the_middle = 0
    for number, share in enumerate((0.1, 0.5, 0.85)):
        server = Server(place / "data", CLOCK, NO_WATCH).start()
        answers = place / f"answers-{number}.ndjson"
        process = submit(file, server.url, answers)
        wait_for_lines(answers, int(len(commands) * share), process)
        server.kill()
        status = finish(process, 60)
        told = whole_lines(answers)
        crashes_in_the_middle += status != 0 and 0 < len(told) < len(commands)
        for answer in told:
            if "version" in answer and "status" not in answer:
                first = {k: v for k, v in answer.items() if k != "repeated"}
                # What was answered before a crash is durable: it is answered again, the same, as a
                # repetition.
                if answer["id"] in known:
                    assert answer.get("repeated") is True and first == known[answer["id"]]
                known[answer["id"]] = first
    assert crashes_in_the_middle >= 1, "every submit had ended before its server was killed"
    server = Server(place / "data", CLOCK, NO_WATCH).start()
    answers = place / "answers.ndjson"
    process = submit(file, server.url, answers)
    status = finish(process, 600)
    yield server, commands, known, whole_lines(answers), status
    server.stop()


def test_every_line_is_answered(aftermath):
    """submit the same file again: every line is answered"""
    _, commands, known, answers, status = aftermath
    assert status == 0
    assert [a["id"] for a in answers] == [c["id"] for c in commands]
    assert not [a for a in answers if "status" in a]


def test_what_was_answered_before_the_crash_is_kept(aftermath):
    """A record that a reader has seen is durable: the same answer with `"repeated": true`"""
    _, commands, known, answers, _ = aftermath
    assert known
    for answer in answers:
        if answer["id"] in known:
            assert answer == {**known[answer["id"]], "repeated": True}


@pytest.fixture(scope="module")
def exported(aftermath):
    """All events of the log, the key figures that were told, and the server's end; the log is read when it
    rests."""
    server, commands, *_ = aftermath
    client = Client(server.url)
    figures = client.rows("key-figures", by="month", from_="2026-01-01", to="2026-12-31")
    client.close()
    assert server.stop() == 0
    done = geleit("export", "--data", server.data, timeout=300)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    ours = {c["case"] for c in commands}
    return [e for e in events if case_of(e) in ours], figures


def case_of(event: dict) -> str:
    return event.get("subject") or event.get("case")


def name_of(event: dict) -> str:
    return event["type"].rsplit(".", 1)[-1]


def test_nothing_is_there_twice(aftermath, exported):
    """nothing is there twice"""
    _, commands, *_ = aftermath
    events, _ = exported
    assert collections.Counter(e["id"] for e in events) == collections.Counter(c["id"] for c in commands)


def test_the_order_of_each_case_is_that_of_the_file(aftermath, exported):
    """answered line by line in order"""
    _, commands, *_ = aftermath
    events, _ = exported
    wanted, told = collections.defaultdict(list), collections.defaultdict(list)
    for command in commands:
        wanted[command["case"]].append(command["id"])
    for event in events:
        told[case_of(event)].append(event["id"])
    assert told == wanted


def test_check_finds_nothing(aftermath, exported):
    """`geleit check` (derive everything afresh and compare) finds nothing"""
    server, *_ = aftermath
    done = geleit("check", "--data", server.data, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_month_totals_equal_a_plain_count(exported):
    """the month totals of `key-figures` equal a plain count over `geleit export`"""
    events, figures = exported
    visits: dict[str, dict] = {}
    providers: dict[str, str] = {}
    referrals, completions = collections.Counter(), collections.Counter()
    for event in events:
        case, data = case_of(event), event["data"]
        match name_of(event):
            case "ReferralReceived":
                providers[case] = event["provider"]
                referrals[event["provider"], data["received_on"][:7]] += 1
            case "VisitDelivered":
                visits[data["visit"]] = {
                    "case": case,
                    "month": data["started_at"][:7],
                    "minutes": data["minutes"],
                    "home": data["place"] == "home",
                }
            case "VisitCorrected":
                visits[data["visit"]]["minutes"] = data["minutes"]
            case "VisitVoided":
                del visits[data["visit"]]
            case "CareCompleted":
                completions[providers[case], data["completed_on"][:7]] += 1
    minutes, home = collections.Counter(), collections.Counter()
    for visit in visits.values():
        key = providers[visit["case"]], visit["month"]
        minutes[key] += visit["minutes"]
        home[key] += visit["minutes"] if visit["home"] else 0
    told = {(row["provider"], row["period"]): row for row in figures}
    assert {key for key, row in told.items() if row["units_delivered"]} == set(minutes)
    for key, count in minutes.items():
        assert told[key]["units_delivered"] == round(count / 60, 2), key
        assert abs(told[key]["home_share"] - home[key] / count) <= 0.0051, key
    assert {k: r["referrals"] for k, r in told.items() if r["referrals"]} == dict(referrals)
    assert {k: r["completions"] for k, r in told.items() if r["completions"]} == dict(completions)
