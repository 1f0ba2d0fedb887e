"""`geleit log copy` between one machine and Kafka, and the local copy that a service on Kafka keeps: removing
it costs a fetch, a shorter one is continued, one of another log is noticed."""

import shutil

import pytest

import brokers
from client import Client, new_id
from program import Server, geleit, geleit_json
from story import referral_data

REFUSED = 1


@pytest.fixture
def topic():
    """kafka://HOST:PORT/TOPIC of a log with nothing in it."""
    return brokers.new_log(brokers.shared_address())


def opening() -> dict:
    return {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": referral_data()}


def submit(client: Client, count: int) -> list[str]:
    commands = [opening() for _ in range(count)]
    for command in commands:
        assert client.post(command).status_code == 200
    return [command["case"] for command in commands]


def serve(data, log) -> tuple[Server, Client]:
    server = Server(data, extra=("--log", str(log), "--roles", "intake,query")).start()
    return server, Client(server.url)


def seen(client: Client) -> dict:
    """What people see of every case, with the names, which need the keys."""
    with_names = {row["case"]: row for row in client.rows("cases")}
    assert all(row["person"]["given_name"] for row in with_names.values())
    return with_names


def is_sound(data, log) -> None:
    told = geleit_json("check", "--data", data, "--log", log, "--json")
    assert told["same"] and told["foreign"] == 0, told


def test_a_history_moves_to_kafka_with_its_keys_and_comes_back(tmp_path):
    """geleit log copy, both ways: same answers, keys included, and work goes on there"""
    here, there, back = (tmp_path / name for name in ("here", "there", "back"))
    server, client = serve(here, here / "log")
    submit(client, 20)
    before = seen(client)
    server.stop()

    topic = f"{brokers.shared_address()}/geleit-{new_id()}"
    told = geleit_json("log", "copy", here / "log", topic, "--json")
    assert (told["copied"], told["keys"], told["erased"], told["not_copied"]) == (told["events"], 20, 0, 0)
    again = geleit_json("log", "copy", here / "log", topic, "--json")
    assert (again["copied"], again["events"]) == (0, told["events"])

    there.mkdir()
    shutil.copy(here / "master.key", there)
    server, client = serve(there, topic)
    assert seen(client) == before
    more = submit(client, 5)
    after = seen(client)
    assert after.keys() == before.keys() | set(more)
    server.stop()
    is_sound(there, topic)
    refused = geleit("log", "copy", here / "log", topic)
    assert refused.returncode == REFUSED and "empty" in refused.stderr

    back.mkdir()
    shutil.copy(here / "master.key", back)
    assert geleit_json("log", "copy", topic, back / "log", "--json")["keys"] == 25
    server, client = serve(back, back / "log")
    assert seen(client) == after
    server.stop()
    is_sound(back, back / "log")


def test_without_its_master_key_a_history_is_copied_and_it_is_said(tmp_path):
    """--data: whose person keys go along"""
    assert geleit("log", "create", tmp_path / "log", "--partitions", "2").returncode == 0
    done = geleit("log", "copy", tmp_path / "log", f"{brokers.shared_address()}/geleit-{new_id()}")
    assert done.returncode == 0 and "--data" in done.stderr


@pytest.mark.parametrize("how", ["kept", "removed", "shorter", "of another log"])
def test_a_local_copy_is_expendable(tmp_path, topic, how):
    """killed and started again: the same answers, whatever became of the copy"""
    data, other = tmp_path / "data", tmp_path / "other"
    server, client = serve(data, topic)
    submit(client, 10)
    server.kill()
    # Another process goes on meanwhile; it has the same master key and a copy of its own.
    other.mkdir()
    shutil.copy(data / "master.key", other)
    if how == "shorter":
        server, client = serve(other, topic)
        submit(client, 10)
        server.stop()
    elif how == "of another log":
        foreign = brokers.new_log(brokers.shared_address())
        server, client = serve(other, foreign)
        submit(client, 3)
        server.stop()
        shutil.rmtree(data / "log")
        shutil.copytree(other / "log", data / "log")
    elif how == "removed":
        shutil.rmtree(data / "log")
    begun = (data / "log" / "IDENTITY").stat().st_ino if how != "removed" else None
    server, client = serve(data, topic)
    assert len(seen(client)) == (20 if how == "shorter" else 10)
    assert ((data / "log" / "IDENTITY").stat().st_ino == begun) == (how in ("kept", "shorter"))
    submit(client, 1)
    server.stop()
    is_sound(data, topic)
