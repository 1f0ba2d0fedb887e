"""A real Apache Kafka for the tests, started when the first one asks for it: deploy/kafka/start. GELEIT_KAFKA
names one that runs already."""

import atexit
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import program

KAFKA = Path(__file__).resolve().parents[2] / "deploy" / "kafka"


class Cluster:
    """Brokers of a test's own; `address` is kafka://HOST:PORT,…"""

    def __init__(self, where: Path, brokers: int = 1):
        self.where = where
        # Ends the brokers when the other end of its pipe closes, which it does when the tests are killed too.
        self.guard = subprocess.Popen(
            ["sh", "-c", 'cat >/dev/null; "$0" --dir "$1"', KAFKA / "stop", where],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.brokers = brokers
        self.address = ""
        self.start()

    def start(self) -> None:
        """Starts what does not run."""
        started = subprocess.run(
            [KAFKA / "start", "--dir", self.where, "--brokers", str(self.brokers)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert started.returncode == 0, started.stderr
        self.address = started.stdout.strip()

    def pid(self, broker: int) -> int:
        return int((self.where / str(broker) / "pid").read_text())

    def stop(self) -> None:
        self.guard.communicate(timeout=60)

    def log(self, partitions: int = 8) -> str:
        """A new log: kafka://HOST:PORT,…/TOPIC"""
        return new_log(self.address, partitions)


def new_log(address: str, partitions: int = 8) -> str:
    where = f"{address}/geleit-{uuid.uuid4()}"
    made = program.geleit("log", "create", where, "--partitions", partitions)
    assert made.returncode == 0, made.stderr
    return where


shared: dict = {}


def shared_address() -> str:
    """kafka://HOST:PORT of a broker that all tests of this run share."""
    if "GELEIT_KAFKA" in os.environ:
        return os.environ["GELEIT_KAFKA"]
    if "cluster" not in shared:
        where = Path(tempfile.mkdtemp(prefix="geleit-kafka-"))
        shared["cluster"] = Cluster(where)

        def end():
            shared["cluster"].stop()
            shutil.rmtree(where, ignore_errors=True)

        atexit.register(end)
    return shared["cluster"].address
