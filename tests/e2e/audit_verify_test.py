"""Signed heads, `geleit audit verify`, `prove` and `check`: what is altered is found and named, by the
program and, for proofs, by a script that shares nothing with it."""

import base64
import http.server
import importlib.util
import json
import random
import shutil
import subprocess
import sys
import threading
import time

import pytest

from client import Client, new_id
from program import NO_WATCH, ROOT, Server, executable, geleit, geleit_json
from story import Case, Story, referral_data

pytestmark = pytest.mark.embedded

CLOCK = "2026-06-30T12:00:00+02:00"
CHECKER = ROOT / "deploy" / "audit" / "check_proof.py"


def fill(data, cases=6, clock=CLOCK, kill=False, extra=()):
    """Running cases, one of them with a visit that others are about; its Case."""
    server = Server(data, clock, (*NO_WATCH, *extra)).start()
    client = Client(server.url)
    for _ in range(cases):
        Story(client).running()
    case = Story(client).running()
    case.is_visited("2026-03-09", note="Mutter und Kind wohlauf, nächster Besuch vereinbart")
    client.close()
    server.kill() if kill else server.stop()
    return case


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A data directory whose service was stopped: its log lies in sorted files, heads cover all of it."""
    data = tmp_path_factory.mktemp("stopped") / "data"
    return data, fill(data)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """One whose service was killed: its log lies in the write-ahead log, no head covers it."""
    data = tmp_path_factory.mktemp("killed") / "data"
    return data, fill(data, kill=True)


def verify(*arguments, status=None):
    done = geleit("--lang", "en", "audit", "verify", "--json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    if status is not None:
        assert done.returncode == status, report["findings"]
    return report


def checks(report) -> set[str]:
    return {finding["check"] for finding in report["findings"]}


def exported(data, *more) -> list[bytes]:
    command = [executable(), "export", "--data", data, "--records", *more]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return done.stdout.splitlines(keepends=True)


def heads_and_key(data) -> tuple:
    key = geleit("audit", "key", "--data", data).stdout.strip()
    return ("--heads", data / "heads.ndjson", "--key", key)


def visit_line(data, case) -> dict:
    lines = [json.loads(line) for line in exported(data, "--sealed", "--case", case.id)]
    return next(line for line in reversed(lines) if line["type"] == "de.geleit.VisitDelivered")


def alter(log, octets: bytes, at: int) -> str:
    """Changes one octet of what is found in the files of a log, as with a hex editor; the file's name."""
    for file in sorted(log.iterdir()):
        if file.suffix not in (".sst", ".log"):
            continue
        content = bytearray(file.read_bytes())
        found = content.find(octets)
        if found >= 0:
            content[found + at] ^= 1
            file.write_bytes(content)
            return file.name
    raise AssertionError("these octets are in no file of the log")


def position(line) -> tuple:
    return line["partition"], line["offset"]


# ---------------------------------------------------------------- heads


def test_heads_are_signed_and_told(tmp_path):
    data = tmp_path / "data"
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        Story(client).running()
        status = client.get("status")["audit"]
        assert status["key"] == geleit("audit", "key", "--data", data).stdout.strip()
        metrics = client.request("GET", "/metrics", judged=False).text
        assert "geleit_audit_last_head_timestamp_seconds" in metrics
        client.close()
    assert (data / "signing.key").stat().st_mode & 0o777 == 0o600
    heads = [json.loads(line) for line in (data / "heads.ndjson").read_text().splitlines()]
    assert heads and {head["key"] for head in heads} == {status["key"]}
    report = verify("--data", data, status=0)
    assert report["heads"]["key_known"] and report["heads"]["matched"] == len(heads)
    assert report["tables_compared"] and sum(report["covered"].values()) == report["records"]
    # A new start goes on, and its status knows the last heads.
    with Server(data, "2026-07-02T12:00:00+02:00", NO_WATCH) as server:
        client = Client(server.url)
        assert len(client.get("status")["audit"]["heads"]) == len({head["partition"] for head in heads})
        client.close()
    assert verify("--data", data, status=0)["heads"]["matched"] >= len(heads)


def test_a_signing_key_that_others_can_read_is_refused(stopped, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(stopped[0], data)
    (data / "signing.key").chmod(0o640)
    for arguments in (["serve", "--listen", "127.0.0.1:0"], ["audit", "key"]):
        done = geleit(*arguments, "--data", data)
        assert done.returncode == 3 and "chmod 600" in done.stderr


def test_heads_are_deposited_in_a_file_and_by_a_webhook(tmp_path):
    came = []

    class Notary(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    notary = http.server.HTTPServer(("127.0.0.1", 0), Notary)
    threading.Thread(target=notary.serve_forever, daemon=True).start()
    config = tmp_path / "config.toml"
    config.write_text(
        f'[audit]\nheads_every_records = 2\ndeposit_file = "deposited.ndjson"\nallow_private = true\n'
        f'deposit_webhook = "http://127.0.0.1:{notary.server_port}/heads"\n'
    )
    fill(tmp_path / "data", cases=2, extra=("--config", str(config)))
    notary.shutdown()
    heads = (tmp_path / "data" / "heads.ndjson").read_bytes()
    assert heads.count(b"\n") > 5
    assert (tmp_path / "deposited.ndjson").read_bytes() == heads == b"".join(came)
    verify("--data", tmp_path / "data", "--heads", tmp_path / "deposited.ndjson", status=0)


@pytest.mark.parametrize(
    "setting",
    ["heads_every_records = 0", 'deposit_webhook = "ftp://x"', 'deposit_webhook = "http://x"', "unknown = 1"],
)
def test_a_wrong_setting_is_named(tmp_path, setting):
    config = tmp_path / "config.toml"
    config.write_text(f"[audit]\n{setting}\n")
    done = geleit("serve", "--data", tmp_path / "data", "--config", config)
    assert done.returncode == 2 and setting.split()[0] in done.stderr and "[audit]" in done.stderr


def test_recorded_never_goes_back_when_the_clock_does(tmp_path):
    data = tmp_path / "data"
    fill(data, cases=2)
    fill(data, cases=2, clock="2026-06-29T08:00:00+02:00")
    times = {}
    for line in exported(data, "--sealed"):
        event = json.loads(line)
        assert event["time"] >= times.get(event["partition"], "")
        times[event["partition"]] = event["time"]
    verify("--data", data, status=0)


# ---------------------------------------------------------------- what is altered in a log


def test_nothing_is_found_in_what_was_not_altered(stopped, killed):
    assert verify("--data", stopped[0], status=0)["stale"] == 0
    assert verify("--data", killed[0], status=0)["heads"]["of_this_log"] == 0
    text = geleit("--lang", "en", "audit", "verify", "--data", stopped[0]).stdout
    assert "Nothing found" in text
    assert "Nichts gefunden" in geleit("--lang", "de", "audit", "verify", "--data", stopped[0]).stdout


@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_one_altered_visit_is_named(ending, request, tmp_path):
    source, case = request.getfixturevalue(ending)
    data = tmp_path / "data"
    shutil.copytree(source, data)
    line = visit_line(data, case)
    record = base64.b64decode(line["record"])
    # In sorted files records are compressed; their hashes cannot be.
    tail = record[-20:]
    name = alter(data / "log", tail, 3)
    assert name.endswith(".sst" if ending == "stopped" else ".log")
    report = verify("--data", data, status=1)
    named = [f for f in report["findings"] if f["check"] == "hash"]
    assert [position(f) for f in named] == [position(line)], report["findings"]
    assert position(report["first"]) == position(line) and report["cases"] == [case.id]
    assert case.id in geleit("audit", "verify", "--data", data).stdout


def test_an_altered_octet_of_the_write_ahead_log_is_found_wherever_it_is(killed, tmp_path):
    source, _ = killed
    (log,) = [f for f in (source / "log").iterdir() if f.suffix == ".log" and f.stat().st_size > 1000]
    whole = log.read_bytes()
    size = len(whole.rstrip(b"\0"))
    chance = random.Random(8)
    exported_before = exported(source, "--sealed")
    for at in sorted(chance.sample(range(size), 25)):
        data = tmp_path / "data"
        shutil.copytree(source, data)
        (data / "log" / log.name).write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        report = verify("--data", data)
        if report["ok"]:  # then it reads as it was written
            assert exported(data, "--sealed") == exported_before, at
        shutil.rmtree(data)


def test_a_log_that_lost_its_end_is_found(stopped, tmp_path):
    """The log is put back to an earlier state; the heads, kept elsewhere, know more."""
    data = tmp_path / "data"
    before = tmp_path / "before"
    shutil.copytree(stopped[0], data)
    shutil.copytree(data, before)
    fill(data, cases=3)
    for part in ("log", "tables", "keys"):
        shutil.rmtree(data / part)
        shutil.copytree(before / part, data / part)
    report = verify("--data", data, status=1)
    assert checks(report) == {"head_beyond"}
    # The service says so, too, and signs nothing more there.
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        assert any("was signed, but the log ends" in trouble for trouble in client.get("status")["trouble"])
        client.close()


def test_tables_witness_what_no_head_covers(killed, tmp_path):
    """Another history of the same length, without heads: the tables name what differs."""
    data = tmp_path / "data"
    shutil.copytree(killed[0], data)
    line = visit_line(data, killed[1])
    record = base64.b64decode(line["record"])
    alter(data / "log", record[-20:], 0)
    report = verify("--data", data, status=1)
    assert report["tables_compared"] and killed[1].id in report["cases"]


# ---------------------------------------------------------------- backups


def test_a_backup_is_verified(stopped, tmp_path):
    data, case = stopped
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    key = geleit("audit", "key", "--data", copy).stdout.strip()
    to = tmp_path / "backup"
    assert geleit("backup", to, "--data", copy).returncode == 0
    report = verify("--backup", to, "--key", key, status=0)
    assert report["heads"]["matched"] > 0 and sum(report["covered"].values()) == report["records"]
    # Whoever alters it with the manifest made anew still has to alter the heads.
    record = base64.b64decode(visit_line(copy, case)["record"])
    alter(to / "log", record[-20:], 5)
    report = verify("--backup", to, "--key", key, status=1)
    assert {"files", "hash"} <= checks(report) and case.id in report["cases"]
    restored = tmp_path / "restored"
    to_again = tmp_path / "again"
    assert geleit("backup", to_again, "--data", copy).returncode == 0
    master = ("--master-key", copy / "master.key")
    done = geleit("restore", to_again, "--data", restored, *master, "--no-erasures")
    assert done.returncode == 0, done.stderr
    assert verify("--data", restored, "--key", key, status=0)["heads"]["matched"] > 0


# ---------------------------------------------------------------- exports


def test_an_export_is_verified(stopped, tmp_path):
    data, case = stopped
    file = tmp_path / "export.ndjson"
    heads = heads_and_key(data)
    for more in ((), ("--sealed",)):
        lines = exported(data, *more)
        file.write_bytes(b"".join(lines))
        report = verify("--export", file, *heads, status=0)
        assert report["records"] == len(lines) and sum(report["covered"].values()) == len(lines)
    places = [position(json.loads(text)) for text in lines]
    visit = places.index(position(visit_line(data, case)))
    # In the midst of a partition.
    at = next(i for i in range(1, len(lines) - 1) if len({p for p, _ in places[i - 1 : i + 2]}) == 1)

    def altered(change) -> dict:
        copy = list(lines)
        change(copy)
        file.write_bytes(b"".join(copy))
        return verify("--export", file, *heads, status=1)

    def flip(copy):
        copy[visit] = copy[visit].replace(b'"minutes":60', b'"minutes":90')

    assert "line" in checks(altered(flip))
    assert "gap" in checks(altered(lambda copy: copy.pop(at)))
    assert "order" in checks(altered(lambda copy: copy.insert(at, copy[at])))
    assert checks(altered(lambda copy: copy.pop())) == {"head_beyond"}
    swapped = altered(lambda copy: copy.insert(at - 1, copy.pop(at)))
    assert {"gap", "order"} & checks(swapped)
    file.write_bytes(b"".join(json.dumps({"x": 1}).encode() + b"\n" for _ in range(2)))
    assert geleit("audit", "verify", "--export", file).returncode == 3


def test_every_octet_of_an_export_that_is_changed_is_found(stopped, tmp_path):
    data, _ = stopped
    whole = bytearray(b"".join(exported(data, "--sealed")))
    heads = heads_and_key(data)
    file = tmp_path / "export.ndjson"
    chance = random.Random(4)
    for at in chance.sample(range(len(whole)), 120):
        other = bytearray(whole)
        other[at] ^= 1 << chance.randrange(7)
        file.write_bytes(other)
        done = geleit("audit", "verify", "--json", "--export", file, *heads)
        assert done.returncode == 1, at


# ---------------------------------------------------------------- beside a running service


def test_two_verify_while_commands_come_in(tmp_path):
    data = tmp_path / "data"
    config = tmp_path / "config.toml"
    config.write_text("[audit]\nheads_every_records = 50\n")
    with Server(data, None, (*NO_WATCH, "--config", str(config))) as server:
        stop = threading.Event()

        def load():
            mine = Client(server.url)
            while not stop.is_set():
                referrals = (("ReceiveReferral", new_id(), referral_data()) for _ in range(50))
                mine.lines([dict(zip(("command", "id", "data"), r)) for r in referrals], judged=False)
            mine.close()

        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            matched = 0
            for _ in range(8):
                auditors = [
                    subprocess.Popen(
                        [executable(), "audit", "verify", "--json", "--data", data],
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        text=True,
                    )
                    for _ in range(2)
                ]
                for auditor in auditors:
                    out, err = auditor.communicate(timeout=60)
                    assert auditor.returncode == 0, out + err
                    matched = json.loads(out)["heads"]["matched"]
                time.sleep(0.2)
            assert matched > 0
        finally:
            stop.set()
            for thread in threads:
                thread.join()


# ---------------------------------------------------------------- proofs


@pytest.fixture(scope="module")
def checker():
    """The Python checker as a module, so that a thousand proofs are checked in seconds."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("check_proof", CHECKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checked_by_python(file, *key) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, CHECKER, file, *key], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_proof_is_accepted_by_both_and_says_what_it_does_not_prove(stopped, tmp_path):
    data, case = stopped
    key = geleit("audit", "key", "--data", data).stdout.strip()
    file = tmp_path / "proof.json"
    done = geleit("--lang", "en", "audit", "prove", case.id, "--data", data, "--out", file)
    assert done.returncode == 0, done.stderr
    nowhere = tmp_path / "nowhere"
    nowhere.symlink_to("/dev/null")
    assert geleit("audit", "prove", case.id, "--data", data, "--out", nowhere).returncode == 0
    assert nowhere.is_char_device()  # what is no file is not replaced by one
    proof = json.loads(file.read_text())
    assert proof["case"] == case.id and len(proof["does_not_prove"]["de"]) == 4
    assert any("no later event" in sentence for sentence in proof["does_not_prove"]["en"])
    ours = geleit_json("audit", "check", file, "--key", key, "--json")
    assert ours["holds"] and ours["key_known"] and ours["version"] == len(proof["events"])
    theirs = checked_by_python(file, key)
    assert theirs.returncode == 0, theirs.stdout
    assert ours["hash"] in theirs.stdout and f"version {ours['version']}," in theirs.stdout
    assert geleit("audit", "check", file).returncode == 0 and checked_by_python(file).returncode == 0
    other = "0" * 64
    assert geleit("audit", "check", file, "--key", other).returncode == 1
    assert checked_by_python(file, other).returncode == 1
    assert len(CHECKER.read_text().splitlines()) <= 150
    # The last event's hash is what the tables know the case by.
    assert geleit("audit", "prove", new_id(), "--data", data).returncode == 1


def test_a_proof_with_one_changed_octet_is_refused_by_both(stopped, tmp_path, checker):
    data, case = stopped
    file = tmp_path / "proof.json"
    assert geleit("audit", "prove", case.id, "--data", data, "--out", file).returncode == 0
    whole = file.read_text()
    same = json.loads(whole)
    del same["does_not_prove"]
    chance = random.Random(3)
    end = whole.index('"does_not_prove"')
    tried = 0
    places = sorted({*range(0, 700), *chance.sample(range(end), 700)})
    for at in places:
        for digit in ("1" if whole[at] != "1" else "2", chance.choice("aZ/+ ")):
            if whole[at] == digit:
                continue
            changed = whole[:at] + digit + whole[at + 1 :]
            try:
                found = json.loads(changed)
                found.pop("does_not_prove", None)
                if found == same:
                    continue
            except ValueError:
                continue
            tried += 1
            with pytest.raises((checker.Refused, ValueError, LookupError, TypeError, AttributeError)):
                checker.check(json.loads(changed, object_pairs_hook=checker.members), "")
            if tried % 40 == 0:
                file.write_text(changed)
                assert geleit("audit", "check", file).returncode == 1, at
                assert checked_by_python(file).returncode == 1, at
    assert tried > 500


def test_a_proof_of_what_no_head_covers_yet_gets_one_of_its_own(tmp_path):
    data = tmp_path / "data"
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        case = Story(client).running()
        file = tmp_path / "proof.json"
        assert geleit("audit", "prove", case.id, "--data", data, "--out", file).returncode == 0
        assert checked_by_python(file).returncode == 0
        without_key = tmp_path / "elsewhere"
        without_key.mkdir()
        done = geleit("--lang", "en", "audit", "prove", case.id, "--data", without_key, "--log", data / "log")
        assert done.returncode == 1 and "No signed head covers" in done.stderr
        client.close()
    assert isinstance(case, Case)
