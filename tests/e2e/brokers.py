"""A real Apache Kafka for a test file: deploy/kafka/start in a directory of its own."""

import contextlib
import os
import subprocess
from pathlib import Path

from program import ROOT

KAFKA = ROOT / "deploy" / "kafka"
BIN = KAFKA / "bin"  # Kafka's own tools, by their names


@contextlib.contextmanager
def brokers(where: Path, *arguments):
    """kafka://HOST:PORT of brokers that are gone afterwards."""
    # Ends them when the other end of its pipe closes, which it does when the tests are killed too.
    guard = subprocess.Popen(
        ["sh", "-c", 'cat >/dev/null; "$0" --dir "$1"', KAFKA / "stop", where],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield start_brokers(where, *arguments)
    finally:
        guard.communicate(timeout=60)


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
