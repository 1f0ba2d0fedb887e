"""kill -9 at any moment, in rounds; SIGTERM under load; and a long `geleit submit` through it all. Each round
starts the service on what the round before left, loads it from many clients and ends it. Then every command
that was answered is in the log exactly once, no other is half there, versions are 1..n without gap, the chain
holds, and the tables equal a rebuild byte for byte.

GELEIT_KILL_ROUNDS says how many rounds (20), GELEIT_KILL_SEED brings back what a run drew: its commands and
when it killed; what the machine did meanwhile no seed brings back. A round that fails names the directory,
which is left as the service left it."""

import asyncio
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from ledger import Broken, Ledger
from program import NO_WATCH, Server, executable, geleit, log_arguments, on_kafka
from rush import Rush, interleaved

CLOCK = "2026-06-30T12:00:00+02:00"
ROUNDS = int(os.environ.get("GELEIT_KILL_ROUNDS", "20"))
SEED = os.environ.get("GELEIT_KILL_SEED") or secrets.token_hex(4)
# Every so many rounds there is a new directory, so that exporting and checking it stay quick.
ROUNDS_PER_DIRECTORY = 5
# The first start is taken to last so long; then a kill during a start is drawn from within the last one.
FIRST_START_SECONDS = 0.3
# What `serve` allows itself to end: to finish, to answer 503, and the rest.
ENDING_SECONDS_MAX = 10 + 2 + 3


class House:
    """One data directory and everything that was told about it, through many deaths."""

    def __init__(self, place: Path, chance: random.Random):
        self.data = place / "data"
        self.chance = chance
        self.start_seconds = FIRST_START_SECONDS
        self.ledger = Ledger()
        self.rush = Rush(chance, self.ledger)

    def die_early(self) -> str:
        """Killed before it is ready: opening, recovering or making the tables anew; or `rebuild`, offline."""
        kind = self.chance.choice(["start", "start without tables", "rebuild"])
        command = Server(self.data, CLOCK, NO_WATCH).command()
        if kind == "rebuild" and (self.data / "tables" / "CURRENT").exists():
            command = [executable(), "rebuild", "--data", self.data, *log_arguments(self.data)]
        elif kind == "start without tables":
            shutil.rmtree(self.data / "tables", ignore_errors=True)
        longest = self.start_seconds * (1 if kind == "start" else 1.5)
        seconds = self.chance.uniform(0, longest)
        with open(self.data.parent / "data.stderr", "ab") as errors:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        else:
            if status != 0 or command[1] == "serve":
                raise Broken(f"{command[1]} was not killed but ended with {status}")
        return f"{seconds:.3f} s of {kind}"

    def live(self, seconds: float, end, *, with_an_answer: bool) -> Server:
        """One life under load; `end(process)` ends it after so many seconds of it (see Rush.run)."""
        began = time.monotonic()
        server = Server(self.data, CLOCK, NO_WATCH).start()
        self.start_seconds = time.monotonic() - began
        try:
            self.ledger.service_started()
            self.read_back(server.url)
            load = self.rush.run(
                server.url, seconds, lambda: end(server.process), with_an_answer=with_an_answer
            )
            asyncio.run(load)
            return server
        except BaseException:
            server.kill()
            raise

    def read_back(self, url: str) -> None:
        """The service says what the log said: the versions and delivered minutes of some cases."""
        all_events = self.ledger.present.values()
        cases = sorted({event["subject"] for event in all_events if "person" in event["data"]})
        for case in self.chance.sample(cases, min(5, len(cases))):
            events = [event for event in all_events if event["subject"] == case]
            minutes: dict[str, int] = {}
            for event in events:
                if "minutes" in event["data"]:
                    minutes[event["data"]["visit"]] = event["data"]["minutes"]
                elif event["type"].endswith("VisitVoided"):
                    del minutes[event["data"]["visit"]]
            told = httpx.get(f"{url}/v1/cases/{case}", timeout=30).json()
            said = told["version"], told["balance"]["delivered"], told["person"]["given_name"]
            assert said == (len(events), sum(minutes.values()), "Mia " + case[:8]), told

    def compare(self, *, answered_only: bool = False) -> int:
        """The stopped directory against the ledger, and its tables against a rebuild; the count of events."""
        # What a killed process had sent may reach a broker when another has read the log already.
        writers = 2 if on_kafka() else 1
        events = self.ledger.compare(self.data, answered_only=answered_only, writers=writers)
        done = geleit("check", "--data", self.data, "--json", timeout=120)
        if done.returncode != 0:
            raise Broken(f"check ended with {done.returncode}: {done.stdout}{done.stderr}")
        told = json.loads(done.stdout)
        read = sum(told["positions"].values()) - told["stale"]
        found = told["same"], told["events"], told["foreign"], told["parked"]
        if found != (True, read, 0, 0) or read > len(events) or told["stale"] > self.ledger.stale:
            raise Broken(f"check of a log of {len(events)} events: {told}")
        return len(events)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """houses(number) -> the House of that round; after a round that failed, another one."""
    print(f"GELEIT_KILL_SEED={SEED} GELEIT_KILL_ROUNDS={ROUNDS}")
    now: dict = {}

    def house(number: int) -> House:
        if now.get("failed", True) or number % ROUNDS_PER_DIRECTORY == 0:
            if "house" in now and not now["failed"]:
                shutil.rmtree(now["house"].data.parent)
            place = tmp_path_factory.mktemp("absturz")
            now["house"] = House(place, random.Random(f"{SEED}/{number}"))
        now["failed"] = True
        return now["house"]

    def survived():
        now["failed"] = False

    house.survived = survived
    return house


@pytest.mark.parametrize("number", range(ROUNDS))
def test_killed_at_any_moment_nothing_is_lost(houses, number):
    """After each restart every command that was answered is in the log exactly once, no other is half there,
    versions are 1..n without gap, and the live tables equal a rebuild byte for byte."""
    house = houses(number)
    chance = house.chance
    story = []
    began = time.monotonic()
    try:
        while chance.random() < 0.45:
            story.append(house.die_early())
        seconds = chance.uniform(*chance.choice([(0, 0.2), (0.1, 0.6), (0.4, 1.5)]))
        answered = chance.random() < 0.7
        story.append(f"{seconds:.3f} s of load" + (" and an answer" if answered else ""))
        house.live(seconds, lambda process: process.kill(), with_an_answer=answered).kill()
        count = house.compare()
    except (AssertionError, subprocess.TimeoutExpired) as wrong:
        wrong.add_note(f"round {number}, killed after {', '.join(story)}; see {house.data}")
        wrong.add_note(f"GELEIT_KILL_SEED={SEED} GELEIT_KILL_ROUNDS={ROUNDS}")
        raise
    houses.survived()
    open_ = len(house.ledger.open())
    print(
        f"{number}: {', '.join(story)}: {count} events, {len(house.ledger.sent)} commands sent, "
        f"{open_} open, {house.ledger.repeated} repeated, {time.monotonic() - began:.1f} s"
    )


@pytest.mark.parametrize("number", range(max(1, ROUNDS // 10)))
def test_asked_to_end_it_answers_what_it_has_accepted(tmp_path, number):
    """SIGTERM: finishes what it has accepted within a bound, then ends"""
    chance = random.Random(f"{SEED}/end/{number}")
    house = House(tmp_path, chance)
    for _ in range(2):
        asked = []

        def ask(process):
            asked.append(time.monotonic())
            process.send_signal(signal.SIGTERM)

        server = house.live(chance.uniform(0.05, 0.8), ask, with_an_answer=False)
        status = server.process.wait(ENDING_SECONDS_MAX + 1)
        took = time.monotonic() - asked[0]
        assert status == 0, server.complaints()
        assert took < ENDING_SECONDS_MAX
        count = house.compare(answered_only=True)
        print(f"{number}: ended in {took:.2f} s, {count} events of {len(house.ledger.sent)} commands sent")


@pytest.mark.parametrize("number", range(max(1, ROUNDS // 20)))
def test_a_long_submit_goes_on_through_every_death(tmp_path, number):
    """`geleit submit`: NDJSON commands in, NDJSON answers out, resumable"""
    chance = random.Random(f"{SEED}/submit/{number}")
    house = House(tmp_path, chance)
    commands = interleaved(house.rush, 30_000)
    file, answers = tmp_path / "commands.ndjson", tmp_path / "answers.ndjson"
    file.write_bytes(b"".join(sent.text + b"\n" for sent in commands))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(house.data, CLOCK, NO_WATCH, listen=f"127.0.0.1:{port}").start()
    with open(answers, "wb") as out, open(tmp_path / "progress", "wb") as progress:
        process = subprocess.Popen(
            [executable(), "submit", file, "--server", server.url, "--wait", "60"],
            stdout=out,
            stderr=progress,
        )
    deaths = 0
    try:
        for share in sorted(chance.uniform(0, 0.9) for _ in range(4)):
            while process.poll() is None and answers.read_bytes().count(b"\n") < share * len(commands):
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.03))
            deaths += process.poll() is None
            server.kill()
            server.start()
        status = process.wait(120)
    finally:
        process.kill()
        server.kill()
    assert deaths > 0
    assert status == 0, (tmp_path / "progress").read_text()
    told = [json.loads(line) for line in answers.read_bytes().splitlines()]
    assert [answer["id"] for answer in told] == [sent.command["id"] for sent in commands]
    for sent, answer in zip(commands, told):
        sent.sent_now += 1  # it may have been sent more often, and then is a repetition
        house.ledger.sends(sent)
        house.ledger.hears(sent, answer.get("status", 200), answer)
    count = house.compare()
    print(f"{number}: {deaths} deaths, {count} events, {house.ledger.repeated} repeated")
    assert count == len(commands) + sum(sent not in house.ledger.sent for sent in house.ledger.present)
