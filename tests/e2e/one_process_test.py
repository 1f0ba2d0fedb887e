"""One process holds a directory; a signal ends it within its bound."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time

import httpx
import pytest

from client import Client, new_id
from program import NO_WATCH, Server, executable, geleit
from story import Story, referral_data

pytestmark = pytest.mark.embedded

CLOCK = "2026-06-30T12:00:00+02:00"


@pytest.fixture
def service(tmp_path):
    with Server(tmp_path / "data", CLOCK) as server:
        client = Client(server.url)
        Story(client).referral()
        client.close()
        yield server


def refused(*arguments, about, language="de"):
    """A second process: its one sentence, which names the directory."""
    done = geleit("serve", "--listen", "127.0.0.1:0", "--lang", language, *arguments, timeout=30)
    assert done.returncode == 3, done.stderr
    sentence = [line for line in done.stderr.splitlines() if line.startswith("geleit serve: ")]
    assert len(sentence) == 1, done.stderr
    assert str(about) in sentence[0], sentence
    expected = "ein anderer Prozess" if language == "de" else "another process"
    assert expected in sentence[0], sentence
    return sentence[0]


def test_a_second_process_on_the_directory_is_refused_with_a_sentence(service):
    """Two processes on one data directory: the second is refused with a sentence"""
    for language in ("de", "en"):
        refused("--data", service.data, about=service.data / "log", language=language)
    assert httpx.get(service.url + "/readyz").status_code == 200


def test_only_the_log_is_shared(service, tmp_path):
    """also when only the log is shared (`--log DIR`)"""
    refused("--data", tmp_path / "other", "--log", service.data / "log", about=service.data / "log")


@pytest.mark.parametrize("part", ["keys", "tables"])
def test_only_keys_or_tables_are_shared(service, tmp_path, part):
    """also when only keys or tables are shared"""
    other = tmp_path / "other"
    shutil.copytree(service.data, other)
    shutil.rmtree(other / part)
    (other / part).symlink_to(service.data / part)
    refused("--data", other, about=other / part)
    assert httpx.get(service.url + "/readyz").status_code == 200


@pytest.mark.parametrize("command", ["rebuild"])
def test_tools_that_write_are_refused_too(service, command):
    """one that writes beside the service"""
    done = geleit(command, "--data", service.data, timeout=30)
    assert done.returncode == 3, done.stderr
    assert str(service.data) in done.stderr


def commands_until_the_end(url, accepted, refusals):
    """Sends one command after the other until nobody answers any more."""
    with httpx.Client(base_url=url, timeout=30) as http:
        while True:
            command = {
                "command": "ReceiveReferral",
                "id": new_id(),
                "case": new_id(),
                "data": referral_data(),
            }
            try:
                answer = http.post("/v1/commands", json=command)
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                accepted.append(command["case"])
            else:
                refusals.append(answer.status_code)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_finished_and_the_status_is_0(tmp_path, sent):
    """SIGTERM: finishes what it has accepted within a bound, then ends with 0"""
    server = Server(tmp_path / "data", CLOCK).start()
    accepted, refusals = [], []
    threads = [
        threading.Thread(target=commands_until_the_end, args=(server.url, accepted, refusals))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    while len(accepted) < 100:
        assert any(thread.is_alive() for thread in threads)
        time.sleep(0.05)
    started = time.monotonic()
    server.process.send_signal(sent)
    assert server.process.wait(20) == 0
    assert time.monotonic() - started < 5
    for thread in threads:
        thread.join(30)
    assert accepted
    assert set(refusals) <= {503}
    with Server(tmp_path / "data", CLOCK) as again:
        client = Client(again.url)
        known = {row["case"] for row in client.rows("cases")}
        client.close()
    assert set(accepted) <= known


def test_a_second_signal_ends_at_once(tmp_path):
    """a second signal ends at once"""
    server = Server(tmp_path / "data", CLOCK).start()
    host, port = server.url.removeprefix("http://").split(":")
    # A request that never ends keeps the first signal waiting.
    import socket

    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.process.poll() is None, "else there is nothing for the second one to end"
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) == 3
        assert time.monotonic() - started < 1
    with Server(tmp_path / "data", CLOCK):
        pass


def test_a_signal_while_the_tables_are_made_ends_it(tmp_path):
    """also during start-up"""
    data = tmp_path / "data"
    with Server(data, "entered") as server:
        lines = []
        for _ in range(6_000):
            lines.append(
                {
                    "command": "ReceiveReferral",
                    "id": new_id(),
                    "case": new_id(),
                    "entered": "2026-03-01T10:00:00+01:00",
                    "data": referral_data(),
                }
            )
        file = tmp_path / "commands.ndjson"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert geleit("submit", file, "--server", server.url).returncode == 0
    for wait in (0.0, 0.05, 0.15):
        shutil.rmtree(data / "tables")
        process = subprocess.Popen(
            # Without watch: by today's clock every start was missed, which it would record.
            [executable(), "serve", "--data", str(data), "--listen", "127.0.0.1:0", *NO_WATCH],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        process.stdout.readline()  # listening, making the tables ready
        time.sleep(wait)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stdout.close()
        process.stderr.close()
    with Server(data, "entered") as server:
        status = httpx.get(server.url + "/v1/status").json()
        assert status["events"] == 6_001
    assert geleit("check", "--data", data).returncode == 0
