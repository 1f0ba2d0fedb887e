"""The log on a real Apache Kafka, which deploy/kafka/start brings up: API.md, `geleit log info|create`."""

import os
import pathlib
import subprocess

import pytest

from client import new_id
from program import geleit, geleit_json

DONE, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3
KAFKA = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "kafka"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """kafka://HOST:PORT of a broker that is there for this file; GELEIT_KAFKA names one that runs already."""
    if "GELEIT_KAFKA" in os.environ:
        yield os.environ["GELEIT_KAFKA"]
        return
    where = tmp_path_factory.mktemp("kafka")
    # Ends the broker when the other end of its pipe closes, which it does when the tests are killed too.
    guard = subprocess.Popen(["sh", "-c", 'cat >/dev/null; "$0" --dir "$1"', KAFKA / "stop", where],
                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    started = subprocess.run([KAFKA / "start", "--dir", where], capture_output=True, text=True, timeout=300)
    try:
        assert started.returncode == 0, started.stderr
        yield started.stdout.strip()
    finally:
        guard.communicate(timeout=60)


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
    for wrong in ("kafka://nowhere", kafka, kafka + "/", "http://127.0.0.1:1/topic", kafka + "/a/b"):
        done = geleit("log", "create", wrong)
        assert done.returncode == USAGE and "kafka://HOST:PORT" in done.stderr, wrong
    assert geleit("log", "create", kafka + "/t", "--partitions", "0").returncode == USAGE


def test_nobody_there_is_unavailable(topic):
    """3 unavailable"""
    assert geleit("log", "info", "--log", topic).returncode == UNAVAILABLE  # no such topic
    assert geleit("log", "create", "kafka://127.0.0.1:9/geleit").returncode == UNAVAILABLE
