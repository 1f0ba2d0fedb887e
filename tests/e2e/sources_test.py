"""services/intake/README.md shows each number of the sources at work by a command line and its answer: every
line runs here as it is written, only the address and the program are those of the test."""

import os
import re
import subprocess
import time

import pytest

from program import ROOT, Server, executable

PAGE = ROOT / "services" / "intake" / "README.md"
ADDRESS = "http://127.0.0.1:8480"


def shown() -> list[tuple[str, list[str]]]:
    """(command line, lines of its answer), in the order of the page. A command goes on in the lines that are
    indented below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            elif line.startswith("    "):
                assert not found[-1][1], f"a command goes on after its answer: {line}"
                found[-1] = (f"{found[-1][0]}\n{line}", [])
            else:
                found[-1][1].append(line)
    return found


def run(line: str, url: str) -> str:
    """What the command line prints in bash; the program and the service are those of the test."""
    line = line.replace(ADDRESS, url).replace("build/geleit", executable())
    environment = {**os.environ, "GELEIT_SERVER": url, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, f"{line}: {done.returncode} {done.stderr}"
    return done.stdout


def is_told(answer: str, lines: list[str]) -> bool:
    """Whether the answer holds what the page shows, piece by piece between the ellipses, in order."""
    at = 0
    for piece in " ".join(lines).split("…"):
        at = answer.find(piece.strip(), at)
        if at < 0:
            return False
        at += len(piece.strip())
    return True


@pytest.mark.parametrize("clock", ["2026-06-30T12:00:00+02:00", "2034-01-02T09:00:00+01:00"])
def test_every_command_line_of_the_page_answers_as_shown(tmp_path, clock):
    """the four seeds' statements about numbers … can each be shown at work with one command line"""
    with Server(tmp_path / "data", clock) as server:
        for line, answer in shown():
            said = run(line, server.url)
            patience = time.monotonic() + 10
            # Tables follow the log; whoever reads by hand is slower than that.
            while " get " in line and not is_told(said, answer) and time.monotonic() < patience:
                said = run(line, server.url)
            assert is_told(said, answer), f"$ {line}\n{said}\nis not\n" + "\n".join(answer)
    assert len(shown()) > 30


def test_the_page_shows_each_rule_with_a_number_of_the_sources():
    page = PAGE.read_text(encoding="utf-8")
    for rule in (
        "SMN-START",
        "SMN-COMPLETE",
        "SMN-MIN-UNITS",
        "SMN-MAX-UNITS",
        "SMN-HOME",
        "SMN-UNIT",
        "SMN-EXTENSION",
        "SMN-PRESCRIBER",
        "SMN-PRESCRIBER-WINDOW",
        "SMN-AGE",
        "SMN-SEVERE",
        "GKV-DECISION",
        "ST-TOTAL",
        "ST-TRIAL",
        "ST-PRESCRIBER",
        "ST-COPAY",
    ):
        assert f"`{rule}`" in page, rule
    assert all(answer for _, answer in shown()), "a command line without an answer"


def test_an_answer_is_held_against_what_is_shown():
    assert is_told('{"a":1,"b":2}', ['… "a":1 … "b":2 …'])
    assert not is_told('{"a":1,"b":2}', ['… "b":2 … "a":1 …'])
    assert not is_told('{"a":1}', ['… "a":2 …'])
