"""Facilities as `geleit simulate` invents them, submitted as `deploy/run` does."""

import json
from pathlib import Path

from client import Client
from program import Server, geleit


def simulate(file: Path, seed: int, facilities: int = 2, years: int = 1, start: str = "2025-01-01") -> Path:
    size = ("--facilities", facilities, "--years", years, "--start", start)
    made = geleit("simulate", "--seed", seed, *size, "--out", file)
    assert made.returncode == 0, made.stderr
    return file


def submit(server: Server, client: Client, file: Path) -> list[dict]:
    """The answers, in order; the client has seen the positions of those that were accepted."""
    done = geleit("submit", file, "--server", server.url, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in answers:
        if "status" not in answer:
            client.remember(answer)
    return answers
