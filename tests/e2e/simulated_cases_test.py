"""Every case that `geleit simulate` tells, of both benefits and with all that goes wrong in practice, runs
through the service; nothing is refused but what the simulator was asked to get wrong.

GELEIT_SIMULATED_CASES says how many (tests/run --only cases: 100,000)."""

import collections
import json
import math
import os
import re
import subprocess
import threading

import httpx
import pytest

from program import Server, executable, geleit

pytestmark = pytest.mark.embedded  # the clock follows the commands

CASES = int(os.environ.get("GELEIT_SIMULATED_CASES", "1000"))
CASES_A_FACILITY_AND_YEAR = 85  # 10,000 children a year in 120 facilities, and Soziotherapie beside them
WRONG_VERSION = 0.002  # of the documented visits: somebody corrects an older case than there is
INSURER = re.compile(r'"insurer_ik":"(\d+)"')
REFUSED = re.compile(r'"status":(4\d\d|5\d\d)')

SPECIAL = {
    "the child died": '"cause":"died"',
    "readmitted during care": '"cause":"readmitted"',
    "cover not settled": '"coverage":"unresolved"',
    "cover settled later": '"command":"RecordCoverage"',
    "a closing unit after a death": '"SMN-DEATH":',
    "late, with the reason": '"SMN-COMPLETE":',
    "a trial in Soziotherapie": '"trial":true',
    "a group": '"group_size":',
    "exempt from co-payment": '"command":"RecordExemption"',
    "beside SAPV": '"sapv":true',
    "denied": '"command":"DenyApproval"',
    "an objection": '"command":"FileObjection"',
    "an extension": '"command":"GrantExtension"',
    "reopened": '"command":"ReopenCase"',
    "withdrawn": '"command":"WithdrawReferral"',
}


class Tale:
    """What was told, counted as it goes by."""

    def __init__(self):
        self.lines = 0
        self.cases = set()
        self.insurer: dict[str, str] = {}
        self.special = collections.Counter()
        self.approved, self.visited = set(), set()

    def hear(self, line: str) -> None:
        self.lines += 1
        case = line[line.index('"case":"') + 8 :][:36]
        if found := INSURER.search(line):
            before = self.insurer.setdefault(case, found[1])
            self.special["another insurer"] += before != found[1]
        if '"command":"ReceiveReferral"' in line:
            self.cases.add(case)
        elif '"command":"DeliverVisit"' in line:
            self.special["care before approval"] += case not in self.approved
            self.visited.add(case)
        elif '"command":"GrantApproval"' in line:
            self.approved.add(case)
        elif '"command":"RecordDischarge"' in line:
            self.special["discharge told after the start"] += case in self.visited
        for name, mark in SPECIAL.items():
            self.special[name] += mark in line


def simulation(tmp_path) -> list[str]:
    """The command line of a simulation with that many cases, a few of its commands wrong on purpose."""
    facilities = 12 if CASES < 20_000 else 120
    years = max(1, math.ceil(CASES / CASES_A_FACILITY_AND_YEAR / facilities))
    shipped = geleit("simulate", "--show-priors").stdout
    priors = shipped.replace("wrong_version = 0\n", f"wrong_version = {WRONG_VERSION}\n")
    assert priors != shipped
    (tmp_path / "priors.toml").write_text(priors, encoding="utf-8")
    size = ["--facilities", str(facilities), "--years", str(years)]
    return [executable(), "simulate", "--seed", "11", *size, "--priors", str(tmp_path / "priors.toml")]


def test_nothing_is_refused_but_what_was_meant_to_be(tmp_path):
    """100,000 simulated cases run through without an unexplained refusal"""
    tale = Tale()
    told = collections.deque()  # lines that are not answered yet
    refused, unexplained = collections.Counter(), []
    with Server(tmp_path / "data", "entered") as server:
        simulate = subprocess.Popen(simulation(tmp_path), stdout=subprocess.PIPE, text=True, bufsize=1 << 20)
        submit = subprocess.Popen(
            [executable(), "submit", "-", "--server", server.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1 << 20,
        )

        def listen():
            for answer in submit.stdout:
                line = told.popleft()
                if not (found := REFUSED.search(answer)):
                    continue
                problem = json.loads(answer)
                refused[found[1], problem.get("rule") or problem.get("field") or problem["title"]] += 1
                meant = '"expect_version":' in line and problem["status"] == 409 and "version" in problem
                if not meant and len(unexplained) < 20:
                    unexplained.append((line, answer))

        ear = threading.Thread(target=listen)
        ear.start()
        for line in simulate.stdout:
            tale.hear(line)
            told.append(line)
            submit.stdin.write(line)
        submit.stdin.close()
        ear.join()
        assert (simulate.wait(60), submit.wait(60)) == (0, 1), "some commands were wrong on purpose"
        status = httpx.get(server.url + "/v1/status", timeout=60).json()
    # --capture=no shows it; the summary of tests/run is pytest's.
    print(f"\n{len(tale.cases)} cases, {tale.lines} commands, refused: {dict(refused)}")
    assert not unexplained, unexplained
    assert not told, f"{len(told)} commands were never answered"
    assert refused.total() > 0 and len(tale.cases) >= CASES
    assert not status["parked"], status["parked"]
    wanted = {*SPECIAL, "another insurer", "care before approval", "discharge told after the start"}
    assert {name for name in wanted if not tale.special[name]} == set(), tale.special
