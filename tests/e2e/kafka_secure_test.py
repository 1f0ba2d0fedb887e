"""A broker that asks for passwords and certificates, and `--config FILE` that has them."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from brokers import brokers, tool
from client import Client, new_id
from program import Server, geleit, geleit_json
from story import Story

DONE, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3
READERS = ("serve", "export", "rebuild", "check")  # of a log, beside `geleit log`


class Secure:
    """Where it answers, and what deploy/kafka/start has made for its clients."""

    def __init__(self, address, directory):
        self.address = address
        self.client = directory / "client"
        self.by_certificate = (self.client / "ssl.address").read_text()

    def config(self, name="geleit"):
        return self.client / f"{name}.toml"


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    where = tmp_path_factory.mktemp("kafka")
    with brokers(where, "--secure") as address:
        yield Secure(address, where)


@pytest.fixture(scope="module")
def log(secure):
    """A log that is there already."""
    where = f"{secure.address}/geleit-{new_id()}"
    made = geleit_json("log", "create", where, "--partitions", "2", "--config", secure.config(), "--json")
    assert made["where"] == where
    return where


@pytest.fixture
def copy(secure, tmp_path):
    """The clients' files, to be spoilt."""
    return shutil.copytree(secure.client, tmp_path / "client")


def info(log, config):
    return geleit("log", "info", "--log", log, "--config", config, "--json")


def test_plain_and_a_certificate_reach_the_log(secure, log):
    """--config with PLAIN over TLS, and with a client's certificate"""
    by_plain = geleit_json("log", "info", "--log", log, "--config", secure.config("plain"), "--json")
    other_port = log.replace(secure.address, secure.by_certificate)
    by_certificate = geleit_json(
        "log", "info", "--log", other_port, "--config", secure.config("certificate"), "--json"
    )
    assert by_plain == {**by_certificate, "where": log}
    assert geleit("export", "--log", log, "--config", secure.config()).returncode == DONE


def test_a_service_writes_and_reads_over_tls(log, secure, tmp_path):
    """geleit serve --log kafka://… --config FILE: what it wrote is read by it, by export, and by kcat"""
    only_told = ("--log", log, "--config", str(secure.config()), "--roles", "intake,query")
    server = Server(tmp_path / "data", extra=only_told).start()
    client = Client(server.url)
    story = Story(client)
    cases = [story.running().id for _ in range(5)]
    assert {case["case"] for case in client.rows("cases")} == set(cases)
    client.close()
    assert server.stop() == DONE
    exported = geleit("export", "--log", log, "--data", tmp_path / "data", "--config", secure.config())
    assert exported.returncode == DONE, exported.stderr
    events = [json.loads(line) for line in exported.stdout.splitlines()]
    opened = [e for e in events if e["type"] == "de.geleit.ReferralReceived"]
    assert {e["subject"] for e in opened} == set(cases)
    assert all(e["data"]["person"]["family_name"] == "Musterkind" for e in opened), "opened with the keys"
    seen = subprocess.run(
        ["kcat", "-C", "-q", "-e", "-b", secure.by_certificate.removeprefix("kafka://"),
         "-t", log.rsplit("/", 1)[1], "-f", r"%k\n", "-X", "security.protocol=ssl",
         *(f"-Xssl.{name}={secure.client / file}" for name, file in (
             ("ca.location", "ca.pem"),
             ("certificate.location", "certificate.pem"),
             ("key.location", "certificate.key"),
         ))],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert len(seen.stdout.splitlines()) == len(events) and set(cases) <= set(seen.stdout.splitlines())


def test_scram_reaches_the_log(log, secure):
    """--config with SASL/SCRAM over TLS; a librdkafka that cannot do that with this broker says so"""
    done = info(log, secure.config("scram"))
    if done.returncode != DONE:
        assert os.environ.get("GELEIT_KAFKA_VERSION", "3").startswith("4"), done.stderr
        assert done.returncode == UNAVAILABLE
        assert "cannot log in there by SCRAM, 2.6.1 and newer can" in done.stderr, done.stderr


def test_kafkas_own_tools_come_in_with_what_start_has_made(secure, log):
    """deploy/kafka/start --secure: client.properties"""
    servers = secure.address.removeprefix("kafka://")
    topics = tool(
        "kafka-topics.sh", "--bootstrap-server", servers, "--list",
        "--command-config", str(secure.client / "client.properties"),
    )  # fmt: skip
    assert {log.rsplit("/", 1)[1], log.rsplit("/", 1)[1] + ".keys"} <= set(topics.split())


def test_a_wrong_password_is_told(log, copy):
    """3 unavailable, with the broker's reason"""
    (copy / "geleit.password").write_text("wrong\n")
    for config in ("scram.toml", "plain.toml"):
        done = info(log, copy / config)
        assert done.returncode == UNAVAILABLE and "Kafka turns us away" in done.stderr, done.stderr
        assert "authentication" in done.stderr.lower(), done.stderr


def test_a_wrong_authority_is_told(log, copy):
    """3 unavailable, naming ssl.ca.location"""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=another", "-keyout", copy / "other.key", "-out", copy / "ca.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    done = info(log, copy / "geleit.toml")
    assert done.returncode == UNAVAILABLE and "Kafka turns us away" in done.stderr, done.stderr
    assert "verify that ssl.ca.location is correctly configured" in done.stderr


def test_without_a_certificate_or_tls_the_door_stays_shut(secure, log, copy):
    """3 unavailable, with what librdkafka makes of it"""
    other_port = log.replace(secure.address, secure.by_certificate)
    bare = copy / "bare.toml"
    bare.write_text('[kafka]\nsecurity.protocol = "ssl"\nssl.ca.location = "ca.pem"\n')
    with ThreadPoolExecutor() as both:
        no_certificate = both.submit(info, other_port, bare)
        no_tls = both.submit(geleit, "log", "info", "--log", log)
    for done, word in ((no_certificate.result(), "certificate"), (no_tls.result(), "security.protocol")):
        assert done.returncode == UNAVAILABLE and word in done.stderr, done.stderr


def test_a_secret_that_others_could_read_is_refused(log, copy):
    """2 usage: names the setting, the file, its mode and what mends it"""
    secret = copy / "geleit.password"
    secret.chmod(0o644)
    done = info(log, copy / "geleit.toml")
    assert done.returncode == USAGE, done.stderr
    assert "'sasl.password.file'" in done.stderr and "its mode is 0644" in done.stderr, done.stderr
    assert f"chmod 600 {secret}" in done.stderr
    secret.chmod(0o600)
    assert info(log, copy / "geleit.toml").returncode == DONE
    secret.unlink()
    done = info(log, copy / "geleit.toml")
    assert done.returncode == USAGE and f"expected to read {secret}, but: No such file" in done.stderr


def test_what_is_not_the_operators_is_refused_by_every_command(log, tmp_path):
    """2 usage: every command that takes --log takes --config"""
    config = tmp_path / "geleit.toml"
    config.write_text('[kafka]\nacks = "1"\n')
    commands = (
        ["log", "info", "--log", log],
        ["log", "create", log + "x"],
        *([command, "--data", tmp_path / "data", "--log", log] for command in READERS),
    )
    for command in commands:
        done = geleit(*command, "--config", config)
        assert done.returncode == USAGE, done.stderr
        assert f"{config}: the Kafka setting 'acks' is Geleit's own" in done.stderr, done.stderr
