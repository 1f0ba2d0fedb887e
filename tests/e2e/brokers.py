"""A real Apache Kafka for a test file: deploy/kafka/start in a directory of its own."""

import atexit
import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

from program import ROOT, geleit

KAFKA = ROOT / "deploy" / "kafka"
BIN = KAFKA / "bin"  # Kafka's own tools, by their names


def guard(where: Path) -> subprocess.Popen:
    """Ends the brokers there when the other end of its pipe closes, which it does when the tests are killed
    too."""
    return subprocess.Popen(
        ["sh", "-c", 'cat >/dev/null; "$0" --dir "$1"', KAFKA / "stop", where],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextlib.contextmanager
def brokers(where: Path, *arguments):
    """kafka://HOST:PORT of brokers that are gone afterwards."""
    ends_them = guard(where)
    try:
        yield start_brokers(where, *arguments)
    finally:
        ends_them.communicate(timeout=60)


def start_brokers(where: Path, *arguments) -> str:
    started = subprocess.run(
        [KAFKA / "start", "--dir", where, *arguments], capture_output=True, text=True, timeout=300
    )
    assert started.returncode == 0, started.stderr
    return started.stdout.strip()


def tool(*command: str, stdin: str | None = None) -> str:
    """What one of Kafka's own tools says."""
    path = f"{BIN}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": path},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Cluster:
    """Brokers that a test stops, kills and starts again; `address` is kafka://HOST:PORT,…"""

    def __init__(self, where: Path, brokers: int = 1):
        self.where, self.brokers = where, brokers
        self.guard = guard(where)
        self.address = ""
        self.start()

    def start(self) -> None:
        """Starts what does not run."""
        self.address = start_brokers(self.where, "--brokers", str(self.brokers))

    def halt(self) -> None:
        """Stops all of them; data, addresses and this object stay."""
        subprocess.run([KAFKA / "stop", "--dir", self.where], check=True, timeout=60)

    def pid(self, broker: int) -> int:
        return int((self.where / str(broker) / "pid").read_text())

    def stop(self) -> None:
        self.guard.communicate(timeout=60)

    def log(self, partitions: int = 8) -> str:
        """A new log: kafka://HOST:PORT,…/TOPIC"""
        return new_log(self.address, partitions)


def new_log(address: str, partitions: int = 8) -> str:
    where = f"{address}/geleit-{uuid.uuid4()}"
    made = geleit("log", "create", where, "--partitions", partitions)
    assert made.returncode == 0, made.stderr
    return where


shared: dict = {}


def shared_address() -> str:
    """kafka://HOST:PORT of a broker that all tests of this run share, or of GELEIT_KAFKA_BROKERS=3;
    GELEIT_KAFKA names one that runs already."""
    if "GELEIT_KAFKA" in os.environ:
        return os.environ["GELEIT_KAFKA"]
    if "cluster" not in shared:
        where = Path(tempfile.mkdtemp(prefix="geleit-kafka-"))
        shared["cluster"] = Cluster(where, int(os.environ.get("GELEIT_KAFKA_BROKERS", "1")))

        def end():
            shared["cluster"].stop()
            shutil.rmtree(where, ignore_errors=True)

        atexit.register(end)
    return shared["cluster"].address
