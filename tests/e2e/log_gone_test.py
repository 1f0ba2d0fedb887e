"""The log on Kafka is slow or gone for a while: writing is refused and told to come again, reading goes on
and tells its lag, and all comes back by itself. What was sent meanwhile is answered truthfully when it is
sent again."""

import os
import signal
import threading
import time

import httpx
import pytest

from brokers import Cluster
from client import Client, new_id
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
    server = Server(tmp_path / "data", extra=("--log", cluster.log())).start()
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
