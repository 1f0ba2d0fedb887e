"""A disk that is full or read-only: commands are answered 503, reads go on, and what was answered is kept."""

import os
import subprocess
import sys
import time
import warnings

import pytest

from client import Client, new_id
from program import Server, geleit, geleit_json
from story import Story, referral_data

pytestmark = pytest.mark.embedded

CLOCK = "2026-06-30T12:00:00+02:00"
RECOVERY_SECONDS_MAX = 30


def mount(*arguments) -> str:
    """Nothing when it was done, else why not."""
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, 24 MiB large."""
    place = tmp_path / "disk"
    place.mkdir()
    problem = mount("-t", "tmpfs", "-o", "size=24m,mode=0700", "geleit-test", place)
    if problem:
        told = f"NO FILE SYSTEM CAN BE MOUNTED, so a full disk is not tried: {problem}"
        print(told, file=sys.stderr)
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        warnings.warn(told, stacklevel=1)
        pytest.skip(told)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=False)


@pytest.fixture
def service(small_disk):
    with Server(small_disk / "data", CLOCK) as server:
        client = Client(server.url)
        yield server, client
        client.close()


def fill(place):
    """Takes all the room that is left; returns the file to remove."""
    stone = place / "stone"
    with open(stone, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return stone


def refused_until_full(client, story):
    """Sends commands until they are refused; returns the answer and what was accepted."""
    for number in range(3_000):
        answer = client.command("AssignCareTeam", story.id, {"lead": f"m.roth-{number}"})
        if answer.status_code != 200:
            return answer
    raise AssertionError("the disk is full, and everything was accepted")


def accepted_again(client, command):
    """Sends the same command as a client does who was told to come back."""
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while True:
        answer = client.post(command)
        if answer.status_code == 200:
            return answer.json()
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1, answer.text
        assert time.monotonic() < deadline, f"still refused: {answer.text}"
        time.sleep(0.2)


def until_ready(client):
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while client.request("GET", "/readyz").status_code != 200:
        assert time.monotonic() < deadline, client.request("GET", "/readyz").text
        time.sleep(0.1)


def until_untroubled(client):
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while trouble := client.get("status")["trouble"]:
        assert time.monotonic() < deadline, trouble
        time.sleep(0.1)


def expect_refusing_but_readable(client, story):
    """503 with Retry-After for commands; lists, cases, histories and the status are answered."""
    answer = client.command("AssignCareTeam", story.id, {"lead": "x"})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    for path in ("cases", f"cases/{story.id}", f"cases/{story.id}/history", "deadlines", "status"):
        assert client.ask(path, fresh=False).status_code == 200, path
    assert client.get("status", fresh=False)["trouble"]
    ready = client.request("GET", "/readyz")
    assert ready.status_code == 503 and int(ready.headers["Retry-After"]) >= 1
    metrics = client.request("GET", "/metrics", judged=False).text
    assert [
        line for line in metrics.splitlines() if line.startswith("geleit_trouble{") and line.endswith(" 1")
    ]


def test_a_full_disk_refuses_commands_and_nothing_else_until_there_is_room(service, small_disk):
    """full: writes answer 503 with `Retry-After`, reads go on, nothing is corrupt, recovery is by itself"""
    server, client = service
    story = Story(client).referral()
    before = len(client.get(f"cases/{story.id}/history")["items"])
    for _ in range(2):
        stone = fill(small_disk)
        refused = refused_until_full(client, story)
        assert refused.status_code == 503, refused.text
        command = {
            "command": "AssignCareTeam",
            "id": new_id(),
            "case": story.id,
            "data": {"lead": "m.roth"},
        }
        expect_refusing_but_readable(client, story)
        stone.unlink()
        accepted = accepted_again(client, command)
        assert client.post(command).json() == {**accepted, "repeated": True}
        until_ready(client)
        until_untroubled(client)
    history = client.get(f"cases/{story.id}/history", limit=500)["items"]
    assert len(history) > before
    assert server.stop() == 0
    done = geleit("check", "--data", server.data)
    assert done.returncode == 0, done.stdout + done.stderr
    # Who looked meanwhile has been written down since.
    looks = geleit_json("audit", "access", "--data", server.data, "--json")["items"]
    assert len([look for look in looks if look["what"] == "GET /v1/cases/{case}"]) >= 2
    assert geleit("audit", "access", "--data", server.data, "--verify").returncode == 0


def test_a_new_person_on_a_full_disk_is_refused_and_later_accepted(service, small_disk):
    """the key store is one of the three"""
    server, client = service
    first = Story(client).referral()
    stone = fill(small_disk)
    refused_until_full(client, first)
    referral = {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": referral_data()}
    assert client.post(referral).status_code == 503
    stone.unlink()
    accepted = accepted_again(client, referral)
    assert client.get(f"cases/{accepted['case']}")["person"]["family_name"] == "Musterkind"
    assert server.stop() == 0
    assert geleit("check", "--data", server.data).returncode == 0


def test_a_read_only_disk_is_read_by_the_tools_and_refused_by_the_service(small_disk):
    """read-only: it says so, changes nothing, and starts once it can write. (While the service runs its open
    files keep the file system writable; tests/simulation/faulty_disk_test.cc tries that.)"""
    data = small_disk / "data"
    with Server(data, CLOCK) as server:
        client = Client(server.url)
        story = Story(client).referral()
        client.close()
    assert not mount("-o", "remount,ro", small_disk)
    refused = geleit("serve", "--data", data, "--listen", "127.0.0.1:0", "--lang", "en")
    assert refused.returncode == 3
    assert str(data) in refused.stderr and "Read-only" in refused.stderr
    assert geleit("log", "info", "--data", data).returncode == 0
    exported = geleit("export", "--data", data, "--sealed")
    assert exported.returncode == 0 and story.id in exported.stdout
    # Who looks could not be written down (REC-ACCESS).
    opened = geleit("export", "--data", data)
    assert (opened.returncode, opened.stdout) == (3, "") and "access" in opened.stderr
    assert not mount("-o", "remount,rw", small_disk)
    with Server(data, CLOCK) as server:
        client = Client(server.url)
        assert client.get(f"cases/{story.id}")["case"] == story.id
        client.close()
    assert geleit("check", "--data", data).returncode == 0
