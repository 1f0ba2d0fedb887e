"""The log on a real Apache Kafka, which deploy/kafka/start brings up: API.md, `geleit log info|create`."""

import pytest

from brokers import shared_address
from client import new_id
from program import geleit, geleit_json

DONE, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3


@pytest.fixture(scope="module")
def kafka():
    """kafka://HOST:PORT"""
    return shared_address()


@pytest.fixture
def topic(kafka):
    return f"{kafka}/geleit-{new_id()}"


def test_create_makes_a_log_and_info_tells_of_it(topic):
    """geleit log create kafka://…: exit status 0 done, 1 refused"""
    made = geleit_json("log", "create", topic, "--partitions", "3", "--json")
    assert (made["kind"], made["where"], made["events"], len(made["partitions"])) == ("kafka", topic, 0, 3)
    assert geleit_json("log", "info", "--log", topic, "--json") == made
    again = geleit("log", "create", topic, "--partitions", "3")
    assert again.returncode == REFUSED and "already" in again.stderr


def test_create_makes_a_directory_too(tmp_path):
    """geleit log create: the same on the embedded log"""
    made = geleit_json("log", "create", tmp_path / "log", "--json")
    assert (made["kind"], len(made["partitions"])) == ("embedded", 8)
    assert geleit("log", "create", tmp_path / "log").returncode == REFUSED


def test_what_is_no_address_is_usage(kafka):
    """2 usage"""
    for wrong in ("kafka://nowhere", kafka + "/", "http://127.0.0.1:1/topic", kafka + "/a/b"):
        done = geleit("log", "create", wrong)
        assert done.returncode == USAGE and "kafka://HOST:PORT" in done.stderr, wrong
    assert geleit("log", "create", kafka + "/t", "--partitions", "0").returncode == USAGE


def test_nobody_there_is_unavailable(topic):
    """3 unavailable"""
    assert geleit("log", "info", "--log", topic).returncode == UNAVAILABLE  # no such topic
    assert geleit("log", "create", "kafka://127.0.0.1:9/geleit").returncode == UNAVAILABLE
