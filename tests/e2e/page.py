"""A page of the documentation as a test: every command line on it runs as it is written, only the address and
the program are those of the test, and its answer is held against what the page shows."""

import os
import re
import subprocess
import time
from pathlib import Path

from program import executable

ADDRESS = "http://127.0.0.1:8480"


def shown(page: Path) -> list[tuple[str, list[str]]]:
    """(command line, lines of its answer), in the order of the page. A command goes on in the lines that are
    indented below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
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


def expect_answers(page: Path, url: str) -> int:
    """Runs the page from top to bottom; how many command lines there are."""
    lines = shown(page)
    for line, answer in lines:
        said = run(line, url)
        patience = time.monotonic() + 10
        # Tables follow the log; whoever reads by hand is slower than that.
        while " get " in line and not is_told(said, answer) and time.monotonic() < patience:
            said = run(line, url)
        assert is_told(said, answer), f"$ {line}\n{said}\nis not\n" + "\n".join(answer)
    return len(lines)
