"""The log on Kafka is slow or gone for a while: writing is refused and told to come again, reading goes on
and tells its lag, and all comes back by itself. What was sent meanwhile is answered truthfully when it is
sent again."""

import concurrent.futures
import json
import os
import signal
import threading
import time

import httpx
import pytest

from brokers import Cluster
from client import Client, new_id
from overload_test import ANONYMOUS_MIB_MAX, QUEUES, anonymous_mib, gauges
from program import Server, geleit_json
from story import referral_data

BACK_SECONDS_MAX = 30


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("kafka"))
    yield cluster
    cluster.stop()


@pytest.fixture
def house(cluster, tmp_path):
    """(Server, Client) on a log of its own."""
    server = Server(tmp_path / "data", extra=("--log", cluster.log(), "--roles", "intake,query")).start()
    client = Client(server.url)
    yield server, client
    client.close()
    server.stop()


def opening() -> dict:
    return {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": referral_data()}


def until_back(client: Client) -> None:
    began = time.monotonic()
    while client.http.get("/readyz").status_code != 200:
        assert time.monotonic() - began < BACK_SECONDS_MAX, client.http.get("/readyz").text
        time.sleep(0.1)


def nothing_lags(client: Client) -> None:
    """Soon: the ends of a log are asked for now and then."""
    began = time.monotonic()
    while client.get("status")["lag_ms"] > 0:
        assert time.monotonic() - began < BACK_SECONDS_MAX, client.get("status")
        time.sleep(0.1)


def checked(server: Server, count: int) -> None:
    """The tables hold so many events beside the rule set, and are what the log says."""
    told = geleit_json("check", "--data", server.data, "--log", server.extra[1], "--json", timeout=120)
    assert (told["same"], told["events"], told["foreign"]) == (True, count + 1, 0), told


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_writing_is_refused_and_reading_goes_on_until_the_log_is_back(cluster, house, how):
    """503 with Retry-After; reads show their lag; recovers by itself"""
    server, client = house
    first = opening()
    assert client.post(first).status_code == 200
    client.get("cases")
    if how == "killed":
        os.kill(cluster.pid(1), signal.SIGKILL)
    else:
        os.kill(cluster.pid(1), signal.SIGSTOP)
    try:
        sent = [opening() for _ in range(3)]
        for command in sent:
            began = time.monotonic()
            answer = client.post(command)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - began < 40
        # Once that is known nobody waits for it.
        began = time.monotonic()
        answer = client.post(first)
        assert answer.status_code == 503 and time.monotonic() - began < 2
        began = time.monotonic()
        told = client.get("cases", fresh=False)
        assert len(told["items"]) == 1 and time.monotonic() - began < 2
        assert told["items"][0]["person"]["given_name"]
        assert told["as_at"]["lag_ms"] >= 3_000
        status = client.get("status", fresh=False)
        assert status["lag_ms"] >= 3_000 and status["trouble"]
        assert all(p["lag_ms"] >= 3_000 for p in status["partitions"])
        assert client.http.get("/readyz").status_code == 503
        assert client.http.get("/livez").status_code == 200
    finally:
        if how == "killed":
            cluster.start()
        else:
            os.kill(cluster.pid(1), signal.SIGCONT)
    until_back(client)
    for command in [first, *sent]:
        answer = client.post(command)
        while answer.status_code == 503:
            time.sleep(float(answer.headers["Retry-After"]))
            answer = client.post(command)
        assert answer.status_code == 200, answer.text
        assert answer.json()["version"] == 1
        again = client.post(command).json()
        assert again.pop("repeated") and {**answer.json(), "repeated": True} == {**again, "repeated": True}
    assert {row["version"] for row in client.rows("cases")} == {1}
    assert len(client.rows("cases")) == 4
    nothing_lags(client)
    checked(server, 4)


def test_a_command_in_flight_is_answered_truthfully_when_it_is_sent_again(cluster, house):
    """recorded or not: the log decides, and a retry is told"""
    server, client = house
    case = opening()
    assert client.post(case).status_code == 200
    os.kill(cluster.pid(1), signal.SIGSTOP)
    commands = [
        {"command": "AssignCareTeam", "id": new_id(), "case": case["case"], "data": {"lead": f"l.{n}"}}
        for n in range(20)
    ]
    answers: dict[int, int] = {}

    def send(n):
        answers[n] = httpx.post(server.url + "/v1/commands", json=commands[n], timeout=60).status_code

    threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(4)
    os.kill(cluster.pid(1), signal.SIGCONT)
    for thread in threads:
        thread.join()
    assert set(answers.values()) <= {200, 503}
    until_back(client)
    versions = []
    for n, command in enumerate(commands):
        answer = client.post(command)
        assert answer.status_code == 200, answer.text
        assert answer.json().get("repeated", False) or answers[n] == 503
        versions.append(answer.json()["version"])
    assert sorted(versions) == list(range(2, 22))
    checked(server, 21)


def test_a_flood_while_the_log_stands_still_is_bounded(cluster, house):
    """bounded queues everywhere: what cannot be written is refused, and counted once when it can"""
    server, client = house
    bodies = [[opening() for _ in range(1_000)] for _ in range(40)]

    def send(commands) -> list[dict]:
        """Those that were not accepted."""
        lines = "".join(json.dumps(command) + "\n" for command in commands)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = httpx.post(server.url + "/v1/commands", content=lines, headers=headers, timeout=120)
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            return commands
        told = [json.loads(line).get("status", 200) for line in answer.text.splitlines()]
        assert answer.status_code == 200 and set(told) <= {200, 503}, answer.text[:1000]
        return [command for command, status in zip(commands, told) if status == 503]

    most = 0.0
    os.kill(cluster.pid(1), signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            sending = [pool.submit(send, commands) for commands in bodies]
            began = time.monotonic()
            while time.monotonic() - began < 12:
                shown = gauges(client)
                for queue in QUEUES:
                    assert 0 <= shown[queue] <= shown[f"{queue}_max"], (queue, shown)
                most = max(most, anonymous_mib(server))
                assert client.http.get("/v1/cases").status_code == 200
                time.sleep(0.2)
            os.kill(cluster.pid(1), signal.SIGCONT)
            left = [commands for commands in (future.result() for future in sending) if commands]
    finally:
        os.kill(cluster.pid(1), signal.SIGCONT)
    assert most < ANONYMOUS_MIB_MAX
    until_back(client)
    print(f"{sum(map(len, left))} of 40,000 refused, most {most:.0f} MiB")
    began = time.monotonic()
    while left:
        assert time.monotonic() - began < 2 * BACK_SECONDS_MAX
        left = [commands for commands in map(send, left) if commands]
    while client.get("status", fresh=False)["lag_records"]:
        time.sleep(0.1)
    checked(server, 40_000)
