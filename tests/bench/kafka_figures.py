"""What tests/bench/run measures on a real Apache Kafka: brokers of its own, the service on them, and beside
it librdkafka with nothing around it on the same brokers."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KAFKA = ROOT / "deploy" / "kafka"
BUILD = ROOT / "build"

FAILOVER_THREADS = 8
FAILOVER_PAUSE_SECONDS = 0.2
RETRY_SECONDS = 0.2
PATIENCE_SECONDS = 60


def output_of(*command) -> str:
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}")
    return done.stdout


def line_of(*command) -> dict:
    """The last line of JSON that a benchmark prints."""
    return json.loads([line for line in output_of(*command).splitlines() if line.startswith("{")][-1])


class Brokers:
    """deploy/kafka/start in a directory, until the block ends."""

    def __init__(self, where: Path, brokers: int = 1):
        self.where, self.brokers, self.address = where, brokers, ""

    def __enter__(self) -> "Brokers":
        self.start()
        return self

    def __exit__(self, *_):
        subprocess.run([KAFKA / "stop", "--dir", self.where], check=False)

    def start(self) -> None:
        self.address = output_of(KAFKA / "start", "--dir", self.where, "--brokers", self.brokers).strip()

    def kill(self, broker: int) -> None:
        os.kill(int((self.where / str(broker) / "pid").read_text()), signal.SIGKILL)

    def topic(self, name: str = "") -> str:
        return f"{self.address}/{name or uuid.uuid4()}"

    def log(self) -> str:
        """A new log with nothing in it."""
        where = self.topic()
        output_of(BUILD / "geleit", "log", "create", where)
        return where


# ---------------------------------------------------------------- a whole topic

def topic_of(brokers: Brokers, log: Path) -> str:
    """The topic that holds these records; filled once, and kept with the brokers' data."""
    filled = brokers.where / f"filled-{log.parent.name}"
    if not filled.exists():
        name = f"{log.parent.name}-{uuid.uuid4()}"
        output_of(BUILD / "kafka_bench", "fill", brokers.topic(name), "--log", log)
        filled.write_text(name)
    return brokers.topic(filled.read_text())


def fetch_and_rebuild(data: Path, log: Path) -> dict:
    """From nothing to all tables, and then once more from the local copy, beside the embedded log."""
    used = data / "kafka-used"
    with Brokers(data / "kafka") as brokers:
        fetch = line_of(BUILD / "kafka_bench", "fetch", topic_of(brokers, log), "--dir", used)
    embedded = line_of(BUILD / "rebuild_bench", 0, 64, log)
    rebuild = line_of(BUILD / "rebuild_bench", 0, 64, used / "log-copy")
    shutil.rmtree(used)
    rebuild["embedded_per_s"] = embedded["rebuild_per_s"]
    return {"kafka-fetch": fetch, "kafka-rebuild": rebuild}


# ---------------------------------------------------------------- commands

# How many, how many of them are under way at once, and how commands_bench is told.
COMMANDS = {
    "kafka-single": (3_000, 1, ["--only", "singles", "--connections", 1, "--commands"]),
    "kafka-bulk": (300_000, 512, ["--only", "bulk", "--lines", 128, "--bodies", 4, "--bulk-commands"]),
    "kafka-http": (100_000, 64, ["--only", "singles", "--connections", 64, "--commands"]),
}


def commands(bench: str, log: Path) -> dict:
    """The service between two bare runs, of which the better one counts."""
    count, in_flight, told = COMMANDS[bench]
    with tempfile.TemporaryDirectory(prefix="geleit-bench-") as place:
        with Brokers(Path(place) / "kafka") as brokers:

            def bare():
                return line_of(BUILD / "kafka_bench", "bare", brokers.log(), "--log", log,
                               "--records", count, "--in-flight", in_flight)

            before = bare()
            line = line_of(BUILD / "commands_bench", *told, count, "--log", brokers.log(),
                           "--dir", Path(place) / "service", "--geleit", BUILD / "geleit")
            after = bare()
    line.update(bench=bench, raw_p50_ms=min(before["p50_ms"], after["p50_ms"]),
                raw_per_s=max(before["per_s"], after["per_s"]), raw_octets=before["octets"])
    return line


# ---------------------------------------------------------------- a killed broker

@contextlib.contextmanager
def service(data: Path, log: str):
    """The port of `geleit serve`."""
    serve = [BUILD / "geleit", "serve", "--data", data, "--log", log, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for text in process.stdout:
            if text.startswith("listening on "):
                yield int(text.rsplit(":", 1)[1])
                break
        else:
            raise SystemExit("geleit serve did not start")
    finally:
        process.terminate()
        process.wait()


class Crowd:
    """Clients that send one new case after the other, each again until it is accepted."""

    def __init__(self, port: int):
        simulated = output_of(BUILD / "geleit", "simulate", "--seed", 7, "--facilities", 40, "--years", 1,
                              "--start", "2014-01-01")
        self.left = [text for text in simulated.splitlines() if '"command":"ReceiveReferral"' in text]
        self.port, self.ended = port, False
        self.accepted = 0
        self.longest = 0.0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.go) for _ in range(FAILOVER_THREADS)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.ended = True
        for thread in self.threads:
            thread.join()

    def worst(self) -> float:
        """The longest that one took until it was accepted, since this was asked last."""
        with self.lock:
            longest, self.longest = self.longest, 0.0
        return longest

    def go(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        while not self.ended:
            with self.lock:
                command = self.left.pop()
            began = time.monotonic()
            while self.status(connection, command) in (429, 503):
                if time.monotonic() - began > PATIENCE_SECONDS:
                    raise SystemExit(f"nothing was accepted for {PATIENCE_SECONDS} s")
                time.sleep(RETRY_SECONDS)
            with self.lock:
                self.accepted += 1
                self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(FAILOVER_PAUSE_SECONDS)

    @staticmethod
    def status(connection: http.client.HTTPConnection, command: str) -> int:
        connection.request("POST", "/v1/commands", command, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def failover() -> dict:
    """Each of three brokers is killed once, so one of them is the active controller too; the longest that a
    command took until it was accepted, and a bare client's record until it was read back."""
    each = []
    with tempfile.TemporaryDirectory(prefix="geleit-bench-") as place:
        with Brokers(Path(place) / "kafka", 3) as brokers:
            bare = subprocess.Popen([BUILD / "kafka_bench", "steady", brokers.log(), "--seconds", "600"],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                with service(Path(place) / "data", brokers.log()) as port:
                    crowd = Crowd(port)
                    try:
                        time.sleep(3)
                        for broker in (1, 2, 3):
                            crowd.worst()
                            brokers.kill(broker)
                            time.sleep(20)
                            each.append(round(crowd.worst(), 2))
                            brokers.start()
                            time.sleep(5)
                    finally:
                        crowd.end()
                    each[-1] = max(each[-1], round(crowd.worst(), 2))
            finally:
                told, _ = bare.communicate("", timeout=90)
    raw = json.loads(told)
    return {"bench": "kafka-failover", "longest_s": max(each), "each_s": each, "commands": crowd.accepted,
            "raw_longest_s": raw["longest_s"], "raw_lost": raw["records"] - raw["read_back"]}
