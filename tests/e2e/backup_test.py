"""`geleit backup` and `geleit restore`: while commands come in, verified, and the drill: a data directory
that is lost comes back with every command that was answered before the backup began."""

import fcntl
import hashlib
import json
import os
import random
import shutil
import subprocess
import threading
import time

import pytest

from client import Client, new_id, refused
from program import NO_WATCH, Server, executable, geleit
from story import Story, referral_data

pytestmark = pytest.mark.embedded

CLOCK = "2026-06-30T12:00:00+02:00"


def filled(place, cases=5):
    with Server(place / "data", CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        for _ in range(cases):
            Story(client).running()
        client.close()
    return place / "data"


def backup(data, to, *more):
    return geleit("--lang", "en", "backup", to, "--data", data, *more)


def restore(source, data, *more):
    return geleit("--lang", "en", "restore", source, "--data", data, *more)


def flip_middle(victim):
    with victim.open("r+b") as file:
        file.seek(victim.stat().st_size // 2)
        octet = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([octet ^ 1]))


def events(data):
    done = geleit("export", "--data", data)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_drill(tmp_path):
    """tables are copied before the log, the log before the keys; while running; verified; restore drill"""
    data = tmp_path / "data"
    server = Server(data, CLOCK, NO_WATCH).start()
    client = Client(server.url)
    for _ in range(5):
        Story(client).running()
    assert client.get("status")["backup"] is None
    stop, told, lock = threading.Event(), [], threading.Lock()

    def load():
        mine = Client(server.url)
        while not stop.is_set():
            accepted = mine.done("ReceiveReferral", new_id(), referral_data())
            with lock:
                told.append(accepted)
        mine.close()

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(told) < 100:
        stop.wait(0.01)
    for number in range(3):
        with lock:
            before = list(told)
        done = backup(data, tmp_path / f"backup-{number}", "--server", server.url)
        assert done.returncode == 0, done.stderr
        assert "is not in it" in done.stdout
    stop.set()
    for thread in threads:
        thread.join()
    assert not (data / "checkpoint").exists()
    status = client.get("status")["backup"]
    assert status["to"] == str(tmp_path / "backup-2") and status["events"] >= len(before)
    assert "geleit_last_backup_timestamp_seconds 1" in client.request("GET", "/metrics", judged=False).text
    client.close()
    server.kill()
    shutil.copy(data / "master.key", tmp_path / "kept.key")
    shutil.rmtree(data)

    missing = restore(tmp_path / "backup-2", data)
    assert missing.returncode == 2 and "--no-erasures" in missing.stderr
    done = restore(tmp_path / "backup-2", data, "--no-erasures", "--master-key", tmp_path / "kept.key")
    assert done.returncode == 0, done.stderr
    assert "Restored" in done.stdout
    assert geleit("check", "--data", data).returncode == 0
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        rows = {row["case"]: row for row in client.rows("cases")}
        for accepted in before:
            assert rows[accepted["case"]]["version"] == 1
            assert rows[accepted["case"]]["person"]["given_name"] == "Mia"
        again = Story(client).running()
        assert again.state == "running"
        client.close()
    ids = [json.loads(line)["id"] for line in events(data).splitlines()]
    assert len(ids) == len(set(ids))
    assert {a["id"] for a in before} <= set(ids)


def test_a_backup_without_a_service_gives_the_same_lists(tmp_path):
    """`geleit backup`/`restore` (log, keys, checkpoint; while running; verified)"""
    data = filled(tmp_path)
    before = events(data)
    assert backup(data, tmp_path / "b").returncode == 0
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert manifest["events"] == len(before.splitlines()) and manifest["keys"] == 5
    assert not list((tmp_path / "b").rglob("master.key"))
    assert backup(data, tmp_path / "b").returncode == 3, "a backup is never written over"
    done = restore(tmp_path / "b", tmp_path / "new", "--no-erasures", "--master-key", data / "master.key")
    assert done.returncode == 0, done.stderr
    assert events(tmp_path / "new") == before
    assert geleit("check", "--data", tmp_path / "new").returncode == 0
    assert restore(tmp_path / "b", tmp_path / "new", "--no-erasures").returncode == 3
    again = backup(tmp_path / "new", tmp_path / "second")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("folder", ["log", "tables", "keys"])
def test_a_flipped_octet_of_a_backup_is_named(tmp_path, folder):
    """names the file that is wrong"""
    data = filled(tmp_path, 1)
    assert backup(data, tmp_path / "b").returncode == 0
    victim = max((tmp_path / "b" / folder).glob("*.sst"), key=lambda f: f.stat().st_size)
    flip_middle(victim)
    done = restore(tmp_path / "b", tmp_path / "new", "--no-erasures", "--master-key", data / "master.key")
    assert done.returncode == 3 and victim.name in done.stderr
    victim.unlink()
    done = restore(tmp_path / "b", tmp_path / "new", "--no-erasures", "--master-key", data / "master.key")
    assert done.returncode == 3 and victim.name in done.stderr
    assert not (tmp_path / "new" / "log").exists()


@pytest.mark.parametrize("folder", ["log", "tables", "keys"])
def test_what_is_damaged_is_not_called_a_backup(tmp_path, folder):
    """verified: what lies damaged where it is copied from is noticed, and no copy is left"""
    data = tmp_path / "data"
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        for _ in range(20):
            Story(client).running()
        client.close()
        assert backup(data, tmp_path / "whole", "--server", server.url).returncode == 0
        victim = max((data / folder).glob("*.sst"), key=lambda f: f.stat().st_size)
        flip_middle(victim)
        done = backup(data, tmp_path / "b", "--server", server.url)
        assert done.returncode == 3, done
        assert victim.name in done.stderr and "geleit check" in done.stderr
        assert not list(tmp_path.glob("b*"))
    assert geleit("check", "--data", data).returncode == 1


def test_tables_of_a_backup_can_be_left_out(tmp_path):
    """tables can always be rebuilt"""
    data = filled(tmp_path, 3)
    before = events(data)
    assert backup(data, tmp_path / "b").returncode == 0
    flip_middle(max((tmp_path / "b" / "tables").glob("*.sst"), key=lambda f: f.stat().st_size))
    key = ["--no-erasures", "--master-key", data / "master.key"]
    done = restore(tmp_path / "b", tmp_path / "new", *key)
    assert done.returncode == 3 and "--without-tables" in done.stderr
    done = restore(tmp_path / "b", tmp_path / "new", "--without-tables", *key)
    assert done.returncode == 0, done.stderr
    with Server(tmp_path / "new", CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        assert len(client.rows("cases")) == 3
        client.close()
    assert events(tmp_path / "new") == before
    assert geleit("check", "--data", tmp_path / "new").returncode == 0


def test_a_restore_that_was_cut_off_is_no_empty_directory(tmp_path):
    """never starts silently on less; one restore at a time"""
    data = filled(tmp_path, 1)
    assert backup(data, tmp_path / "b").returncode == 0
    key = ["--no-erasures", "--master-key", data / "master.key"]
    new = tmp_path / "new"
    (new / "restoring" / "keys").mkdir(parents=True)
    (new / "restoring" / "keys" / "CURRENT").write_text("cut off")
    done = geleit("--lang", "en", "serve", "--data", new, "--listen", "127.0.0.1:0")
    assert done.returncode == 3 and "geleit restore" in done.stderr
    assert not (new / "log").exists()
    held = os.open(new / "restoring", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    done = restore(tmp_path / "b", new, *key)
    assert done.returncode == 3 and "one restore at a time" in done.stderr
    os.close(held)
    done = restore(tmp_path / "b", new, *key)
    assert done.returncode == 0, done.stderr
    assert geleit("check", "--data", new).returncode == 0


def test_a_service_elsewhere_is_asked_for(tmp_path):
    """an error says what to do"""
    with Server(tmp_path / "data", CLOCK, NO_WATCH):
        done = backup(tmp_path / "data", tmp_path / "b", "--server", "http://127.0.0.1:1")
        assert done.returncode == 3 and "--server" in done.stderr and str(tmp_path / "data") in done.stderr
        assert not list(tmp_path.glob("b*"))


def test_another_master_key_is_refused_by_name(tmp_path):
    """a wrong one is refused by name"""
    data = filled(tmp_path, 1)
    assert backup(data, tmp_path / "b").returncode == 0
    other = tmp_path / "other.key"
    other.write_text("00" * 32 + "\n")
    other.chmod(0o600)
    done = restore(tmp_path / "b", tmp_path / "new", "--no-erasures", "--master-key", other)
    assert done.returncode == 3 and str(other) in done.stderr
    none = restore(tmp_path / "b", tmp_path / "new", "--no-erasures")
    assert none.returncode == 3 and "master.key" in none.stderr
    # One that is there already may be all that opens something else.
    (tmp_path / "new").mkdir(exist_ok=True)
    shutil.copy(other, tmp_path / "new" / "master.key")
    done = restore(tmp_path / "b", tmp_path / "new", "--no-erasures", "--master-key", data / "master.key")
    assert done.returncode == 3 and "move it away" in done.stderr
    assert (tmp_path / "new" / "master.key").read_text() == other.read_text()
    (tmp_path / "new" / "master.key").unlink()
    done = restore(tmp_path / "b", tmp_path / "new", "--no-erasures", "--master-key", data / "master.key")
    assert done.returncode == 0, done.stderr


def test_the_service_holds_one_checkpoint_at_a_time(tmp_path):
    """works while the service runs"""
    with Server(tmp_path / "data", CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        Story(client).referral()
        assert client.request("POST", "/v1/backup").status_code == 200
        refused(client.request("POST", "/v1/backup"), 409)
        assert backup(tmp_path / "data", tmp_path / "b", "--server", server.url).returncode == 0
        with Server(tmp_path / "other", CLOCK, NO_WATCH) as other:
            wrong = backup(tmp_path / "data", tmp_path / "c", "--server", other.url)
            assert wrong.returncode == 3 and str(tmp_path / "other") in wrong.stderr
        client.close()


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(tmp_path):
    """whatever is killed when: what is called DEST is whole, and the next backup goes on"""
    data = tmp_path / "data"
    chance = random.Random(7)
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        for _ in range(5):
            Story(client).running()
        for number in range(6):
            to = tmp_path / f"killed-{number}"
            process = subprocess.Popen(
                [executable(), "backup", to, "--data", data, "--server", server.url],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(chance.random() * 0.25)
            process.kill()
            process.wait(10)
            if to.exists():
                assert (to / "manifest.sha256").exists()
        Story(client).running()
        done = backup(data, tmp_path / "b", "--server", server.url)
        assert done.returncode == 0, done.stderr
        assert not (data / "checkpoint").exists() and not (tmp_path / "b.partial").exists()
        client.close()


def test_who_was_erased_after_the_backup_stays_erased(tmp_path):
    """erasures also go to a journal outside the backups, applied at restore"""
    data = filled(tmp_path, 2)
    assert backup(data, tmp_path / "b").returncode == 0
    sealed = geleit("export", "--sealed", "--data", data)
    opened = [json.loads(line) for line in sealed.stdout.splitlines()]
    event = next(e for e in opened if e["type"].endswith("ReferralReceived"))
    said = f"{event['key']} {event['data']['person_id']} 2026-07-01T12:00:00+02:00"
    journal = tmp_path / "erasures.journal"
    journal.write_text(f"{said} {hashlib.sha256(said.encode()).hexdigest()[:16]}\n")
    done = restore(
        tmp_path / "b",
        tmp_path / "new",
        "--erasures",
        journal,
        "--master-key",
        data / "master.key",
    )
    assert done.returncode == 0, done.stderr
    assert "1 erased since" in done.stdout
    assert (tmp_path / "new" / "erasures.journal").read_text() == journal.read_text()
    with Server(tmp_path / "new", CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        persons = {row["case"]: row["person"] for row in client.rows("cases")}
        erased = event.get("subject") or event["case"]
        assert sorted(p is None for p in persons.values()) == [False, True]
        assert persons[erased] is None
        client.close()
    assert geleit("check", "--data", tmp_path / "new").returncode == 0
    # A backup of that directory knows it too, and needs no journal beside it.
    assert backup(tmp_path / "new", tmp_path / "c").returncode == 0
    assert json.loads((tmp_path / "c" / "manifest.json").read_text())["erased"] == 1
    # A journal that lacks what the backup knows is not the last one.
    older = tmp_path / "older.journal"
    older.touch()
    key = ["--master-key", data / "master.key"]
    done = restore(tmp_path / "c", tmp_path / "again", "--erasures", older, *key)
    assert done.returncode == 3 and "older than the backup" in done.stderr
    done = restore(tmp_path / "c", tmp_path / "again", "--no-erasures", *key)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again" / "erasures.journal").read_text() == journal.read_text()
    # The key store itself knows that a key was destroyed and not lost.
    (tmp_path / "again" / "erasures.journal").unlink()
    assert backup(tmp_path / "again", tmp_path / "d").returncode == 0
    assert json.loads((tmp_path / "d" / "manifest.json").read_text())["erased"] == 1
