"""Records on a broker, read as a stranger reads them: with kcat, a Cap'n Proto reader and a CloudEvents
library that know nothing of Geleit but what schema/ publishes."""

import datetime
import hashlib
import json
import re
import subprocess
from dataclasses import dataclass

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from asyncapi import DOCUMENT, EVENT, PAYLOAD, Event, resolved
from brokers import brokers, tool
from client import Client, new_id
from program import Server, geleit, geleit_json
from story import Story

PARTITIONS = 5
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"



# ---------------------------------------------------------------- the records


@dataclass
class Record:
    """What any Kafka client tells of a record."""

    partition: int
    offset: int
    time_ms: int
    key: bytes
    headers: dict[str, str]
    value: bytes


def read(address: str, topic: str) -> list[Record]:
    """Every record of a topic, by kcat; a record is a line about it, then its key and value as they are."""
    form = r"%p|%o|%T|%K|%S|%h\n%k%s\n"
    done = subprocess.run(
        ["kcat", "-C", "-q", "-e", "-b", address.removeprefix("kafka://"), "-t", topic, "-f", form],
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    records, rest = [], done.stdout
    while rest:
        line, rest = rest.split(b"\n", 1)
        *numbers, headers = line.decode().split("|", 5)
        partition, offset, time_ms, key_size, value_size = (max(int(n), 0) for n in numbers)
        key, value = rest[:key_size], rest[key_size : key_size + value_size]
        rest = rest[key_size + value_size + 1 :]
        told = dict(header.split("=", 1) for header in headers.split(",")) if headers else {}
        records.append(Record(partition, offset, time_ms, key, told, value))
    return sorted(records, key=lambda r: (r.partition, r.offset))


@dataclass
class Log:
    address: str
    topic: str
    id: str
    records: list[Record]
    accepted: list[dict]  # what the service answered


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    with brokers(tmp_path_factory.mktemp("kafka")) as address:
        yield address


@pytest.fixture(scope="module")
def log(kafka, tmp_path_factory):
    """What a service has written when a few cases have been lived."""
    topic = f"geleit-{new_id()}"
    where = f"{kafka}/{topic}"
    made = geleit_json("log", "create", where, "--partitions", str(PARTITIONS), "--json")
    only_told = ("--log", where, "--roles", "intake,query")
    server = Server(tmp_path_factory.mktemp("geleit") / "data", extra=only_told).start()
    client = Client(server.url)
    accepted = []
    client.remember = accepted.append
    story = Story(client, "hana-muenchen")
    for _ in range(20):
        story.referral()
    story.running().discontinues("2026-03-10")
    story.approved().is_denied()
    traced = story.tries_referral(headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert traced.status_code == 200, traced.text
    client.close()
    assert server.stop() == 0
    return Log(kafka, topic, made["id"], read(kafka, topic), accepted)


def test_every_answer_is_a_record_at_its_position(log):
    """position of an answer = partition and offset in the topic"""
    ids = {(r.partition, r.offset): r.headers["ce_id"] for r in log.records}
    assert len(log.accepted) > 25
    for answer in log.accepted:
        position = answer["position"]
        assert ids[position["partition"], position["offset"]] == answer["id"]


def test_key_and_headers_are_as_described(log):
    """The document's schemas of key and headers hold for every record"""
    headers = jsonschema.Draft7Validator(EVENT["headers"])
    key = jsonschema.Draft7Validator(EVENT["bindings"]["kafka"]["key"])
    for record in log.records:
        headers.validate(record.headers)
        key.validate(record.key.decode())
        assert set(record.headers) <= set(EVENT["headers"]["properties"])
        assert record.headers["ce_subject"] == record.key.decode()
        assert record.headers["ce_source"] == f"urn:uuid:{log.id}"
        name = record.headers["ce_type"].removeprefix("de.geleit.")
        assert record.headers["ce_dataschema"] == f"urn:geleit:event:1:{name}"


def test_a_cloudevents_library_takes_every_record(log):
    """CloudEvents 1.0, Kafka protocol binding, binary content mode"""
    for record in log.records:
        headers = {name: value.encode() for name, value in record.headers.items()}
        event = from_binary(KafkaMessage(headers=headers, key=record.key, value=record.value), JSONFormat())
        assert event.get_datacontenttype() == EVENT["contentType"] and event.get_data() == record.value
        assert event.get_id() == record.headers["ce_id"] and event.get_time().tzinfo is not None
        told = datetime.datetime.fromtimestamp(record.time_ms / 1000, datetime.timezone.utc)
        assert abs((event.get_time() - told).total_seconds()) < 60, "decided, and recorded soon after"


def test_payloads_decode_and_say_what_the_headers_say(log):
    """content-type application/x-capnp: event.capnp's Event, then the SHA-256 of all before it"""
    octets = PAYLOAD["trailer"]["octets"]
    uuid = "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}".format

    def as_uuid(high, low):
        return uuid(high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFF)

    for record in log.records:
        assert hashlib.sha256(record.value[:-octets]).digest() == record.value[-octets:]
        # One segment: a zero, its size in words, and so much before the trailer.
        assert record.value[:4] == bytes(4)
        assert 8 + 8 * int.from_bytes(record.value[4:8], "little") + octets == len(record.value)
        with Event.from_bytes(record.value) as event:
            assert as_uuid(event.idHigh, event.idLow) == record.headers["ce_id"]
            assert as_uuid(event.streamHigh, event.streamLow) == record.key.decode()
            name = event.payload.which()
            assert record.headers["ce_type"] == "de.geleit." + name[0].upper() + name[1:]
            decided = datetime.datetime.fromisoformat(record.headers["ce_time"])
            assert decided.timestamp() * 1000 == pytest.approx(event.decidedAt, abs=0.5)
            if event.payload.which() == "referralReceived":
                assert event.provider == "hana-muenchen"
                assert event.payload.referralReceived.units == 12
                assert b"Musterkind" not in record.value, "sealed"


def test_which_events_count_follows_from_the_topic_alone(log):
    """info.description: version and previous hash, case by case"""
    heads = {}
    counted = []
    for record in log.records:
        with Event.from_bytes(record.value) as event:
            words = (event.previous0, event.previous1, event.previous2, event.previous3)
            previous = b"".join(word.to_bytes(8, "big") for word in words)
            version, last = heads.get(record.key, (0, bytes(32)))
            if (event.version, previous) == (version + 1, last):
                heads[record.key] = (event.version, record.value[-32:])
                counted.append(record.headers["ce_id"])
    assert {a["id"] for a in log.accepted} <= set(counted)
    exported = geleit("export", "--log", f"{log.address}/{log.topic}", "--sealed")
    events = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [e["id"] for e in events if not e.get("stale")] == counted


def test_the_trace_of_a_request_goes_on_in_its_record(log):
    """W3C traceparent"""
    traced = [r.headers["traceparent"] for r in log.records if "traceparent" in r.headers]
    assert len(traced) == 1
    assert re.fullmatch(f"00-{TRACE}-(?!0{{16}})[0-9a-f]{{16}}-01", traced[0])
    assert "00f067aa0ba902b7" not in traced[0], "a step of its own"


def test_kafkas_own_clients_choose_the_same_partitions(log):
    """x-partition: murmur2, by the Java client and by librdkafka"""
    chosen = {r.key.decode(): r.partition for r in log.records}
    assert len(set(chosen.values())) == PARTITIONS
    servers = log.address.removeprefix("kafka://")
    lines = "".join(f"{key}:x\n" for key in chosen)
    java, c = f"java-{new_id()}", f"c-{new_id()}"
    for topic in (java, c):
        tool(
            "kafka-topics.sh", "--bootstrap-server", servers, "--create", "--topic", topic,
            "--partitions", str(PARTITIONS),
        )  # fmt: skip
    tool(
        "kafka-console-producer.sh", "--bootstrap-server", servers, "--topic", java,
        "--property", "parse.key=true", "--property", "key.separator=:", stdin=lines,
    )  # fmt: skip
    subprocess.run(
        ["kcat", "-P", "-b", servers, "-t", c, "-K:", "-X", "topic.partitioner=murmur2"],
        input=lines, text=True, check=True, timeout=60,
    )  # fmt: skip
    for topic in (java, c):
        assert {r.key.decode(): r.partition for r in read(log.address, topic)} == chosen


# ---------------------------------------------------------------- the topics


def test_the_topics_are_as_described(log):
    """bindings.kafka of both channels that are topics"""
    servers = log.address.removeprefix("kafka://")
    topics = [channel for channel in DOCUMENT["channels"].values() if "{topic}" in channel["address"]]
    assert len(topics) == 2
    for channel in topics:
        topic = channel["address"].replace("{topic}", log.topic)
        told = tool("kafka-topics.sh", "--bootstrap-server", servers, "--describe", "--topic", topic)
        is_set = dict(s.split("=") for s in re.search(r"Configs: (\S*)", told).group(1).split(","))
        described = channel["bindings"]["kafka"]["topicConfiguration"]
        for name, value in described.items():
            text = ",".join(value) if isinstance(value, list) else json.dumps(value).strip('"')
            if name == "min.insync.replicas":  # here is one broker
                text = "1"
            assert is_set[name] == text, name


def test_the_keys_topic_holds_what_is_described(log):
    """identity, person keys, master key: each a message of the channel"""
    messages = [resolved(m) for m in DOCUMENT["channels"]["keys"]["messages"].values()]
    records = read(log.address, log.topic + ".keys")
    kinds = []
    for record in records:
        fitting = [
            m["name"]
            for m in messages
            if jsonschema.Draft7Validator(m["bindings"]["kafka"]["key"]).is_valid(record.key.decode())
            and jsonschema.Draft7Validator(m["payload"]).is_valid(record.value.decode("latin-1"))
        ]
        assert len(fitting) == 1, (record, fitting)
        kinds += fitting
    assert kinds[0] == "identity" and f"id {log.id}\npartitions {PARTITIONS}\n" in records[0].value.decode()
    assert set(kinds) == {"identity", "masterKey", "personKey"} and kinds.count("masterKey") == 1
    assert kinds.count("personKey") == len({a["case"] for a in log.accepted})
