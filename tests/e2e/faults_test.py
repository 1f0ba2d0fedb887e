"""What may break on Kafka, on three real brokers: a crowd writes through two intakes, something dies or
stands still meanwhile, and afterwards its ledger, the topic and every process's tables say the same. Nothing
that was answered is lost or counted twice.

GELEIT_FAULT_COMMANDS: how many commands for each fault (4,000, for three of them; all with 20,000 or with
GELEIT_FAULT_ALL); GELEIT_FAULT_SEED brings back what a run drew."""

import asyncio
import concurrent.futures
import os
import random
import re
import secrets
import signal
import time

import httpx
import pytest

from brokers import Cluster, tool
from client import new_id
from crowd import Crowd
from ledger import Broken, Ledger
from lossy_line import LossyLine
from roles_test import Installation, opening

COMMANDS = int(os.environ.get("GELEIT_FAULT_COMMANDS", "4000"))
SEED = os.environ.get("GELEIT_FAULT_SEED") or secrets.token_hex(4)
# The long rounds freeze for as long as they are said to; the short ones for long enough to be noticed.
LONG = COMMANDS >= 20_000
FROZEN_BROKER_SECONDS = 30 if LONG else 12
FROZEN_INTAKE_SECONDS = 60 if LONG else 8
# For a machine that does much else; `tests/bench/run --only kafka-failover` measures how long it takes.
FLOWS_AGAIN_SECONDS_MAX = 40
# Of so many answers to a write one is lost.
LOST_OF = 20


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("kafka"), 3)
    yield cluster
    cluster.stop()


class LossyCluster(Cluster):
    """Brokers that clients, and one another, reach only through lines which may lose acknowledgements."""

    def __init__(self, where, brokers):
        super().__init__(where, brokers)
        self.halt()
        self.lines = []
        for broker in range(1, brokers + 1):
            settings = where / str(broker) / "server.properties"
            text = settings.read_text()
            port = int(re.search(r"^advertised\.listeners=\S+:(\d+)$", text, re.M).group(1))
            self.lines.append(LossyLine(port))
            detour = rf"\1:{self.lines[-1].port}"
            settings.write_text(re.sub(r"^(advertised\.listeners=\S+):\d+$", detour, text, flags=re.M))
        self.start()

    def lose(self, of: int) -> None:
        for line in self.lines:
            line.loses = of

    def lost(self) -> int:
        return sum(line.lost for line in self.lines)

    def stop(self) -> None:
        super().stop()
        for line in self.lines:
            line.end()


@pytest.fixture(scope="module")
def lossy_cluster(tmp_path_factory):
    cluster = LossyCluster(tmp_path_factory.mktemp("lossy"), 3)
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster_of_fault(fault, request):
    return request.getfixturevalue("lossy_cluster" if fault == "lose_acknowledgements" else "cluster")


def installed(cluster, tmp_path):
    cluster.start()
    house = Installation(tmp_path, cluster.log(6))
    yield house
    house.end()


@pytest.fixture
def house(cluster_of_fault, tmp_path):
    yield from installed(cluster_of_fault, tmp_path)


@pytest.fixture
def quiet_house(cluster, tmp_path):
    yield from installed(cluster, tmp_path)


def leader_of(cluster: Cluster, log: str, partition: int) -> int:
    """The broker that leads this partition, as Kafka's own tool says."""
    brokers, _, topic = log.removeprefix("kafka://").rpartition("/")
    told = tool("kafka-topics.sh", "--bootstrap-server", brokers, "--describe", "--topic", topic)
    for line in told.splitlines():
        fields = dict(part.split(": ", 1) for part in line.strip().split("\t") if ": " in part)
        if fields.get("Partition") == str(partition):
            return int(fields["Leader"])
    raise Broken(told)


class Faults:
    """Things that happen while the crowd writes; each waits until so much of it has been sent."""

    def __init__(self, cluster: Cluster, house: Installation, crowd: Crowd):
        self.cluster, self.house, self.crowd = cluster, house, crowd
        self.notes: list[str] = []
        self.urls = list(house.urls)
        self.leader = leader_of(cluster, house.log, 0)

    async def sent(self, share: float) -> None:
        while len(self.crowd.ledger.sent) < share * COMMANDS:
            await asyncio.sleep(0.02)

    async def flows_again(self, since: float, what: str) -> float:
        """Until everything that is open now is answered."""
        waits = [sent for sent in self.crowd.ledger.sent.values() if sent.answer is None and sent.is_open]
        while any(sent.is_open for sent in waits):
            await asyncio.sleep(0.05)
        took = time.monotonic() - since
        self.notes.append(f"{what}: all {len(waits)} open ones answered after {took:.1f} s")
        return took

    async def kill_the_leader(self) -> None:
        await self.sent(0.3)
        os.kill(self.cluster.pid(self.leader), signal.SIGKILL)
        began = time.monotonic()
        await asyncio.sleep(0.5)  # until the clients have asked for something that it would have to keep
        assert await self.flows_again(began, f"broker {self.leader} killed") < FLOWS_AGAIN_SECONDS_MAX
        await self.sent(0.8)
        await asyncio.to_thread(self.cluster.start)

    async def kill_two_brokers(self) -> None:
        await self.sent(0.3)
        for broker in (1, 2):
            os.kill(self.cluster.pid(broker), signal.SIGKILL)
        await asyncio.sleep(8)
        await asyncio.to_thread(self.cluster.start)
        await self.flows_again(time.monotonic(), "two brokers back")

    async def freeze_a_broker(self) -> None:
        await self.sent(0.3)
        os.kill(self.cluster.pid(self.leader), signal.SIGSTOP)
        began = time.monotonic()
        await asyncio.sleep(FROZEN_BROKER_SECONDS)
        os.kill(self.cluster.pid(self.leader), signal.SIGCONT)
        await self.flows_again(began, f"broker {self.leader} frozen for {FROZEN_BROKER_SECONDS} s")

    async def kill_an_intake(self) -> None:
        for share in (0.2, 0.4, 0.6):
            await self.sent(share)
            server = self.house.intakes[self.crowd.chance.randrange(2)]
            server.kill()
            await asyncio.to_thread(server.start)
            self.urls[:] = self.house.urls

    async def freeze_an_intake(self) -> None:
        await self.sent(0.3)
        process = self.house.intakes[0].process
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_INTAKE_SECONDS)
        process.send_signal(signal.SIGCONT)

    async def lose_acknowledgements(self) -> None:
        await self.sent(0.1)
        self.cluster.lose(LOST_OF)
        await self.sent(0.9)
        self.cluster.lose(0)
        await self.flows_again(time.monotonic(), f"{self.cluster.lost()} acknowledgements lost")
        assert self.cluster.lost() > 0

    async def kill_a_query(self) -> None:
        for share in (0.2, 0.6):
            await self.sent(share)
            server = self.house.queries[0]
            server.kill()
            began = time.monotonic()
            await asyncio.to_thread(server.start)
            self.notes.append(f"a query ready again after {time.monotonic() - began:.1f} s")


FAULTS = [
    "kill_the_leader",
    "kill_an_intake",
    "freeze_an_intake",
    "kill_two_brokers",
    "freeze_a_broker",
    "kill_a_query",
    "lose_acknowledgements",
]
if not LONG and "GELEIT_FAULT_ALL" not in os.environ:
    FAULTS = FAULTS[:3]


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_or_counted_twice(cluster_of_fault, house, fault):
    """an answered command is in the log exactly once as accepted; versions are 1..n without gap; stale
    records are counted and applied by no table; every process ends with equal tables"""
    print(f"GELEIT_FAULT_SEED={SEED} GELEIT_FAULT_COMMANDS={COMMANDS}")
    crowd = Crowd(random.Random(f"{SEED}/{fault}"), Ledger())
    faults = Faults(cluster_of_fault, house, crowd)
    began = time.monotonic()
    crowd.through(faults.urls, COMMANDS, getattr(faults, fault))
    took = time.monotonic() - began
    assert crowd.refused_lives() == []
    told = house.equal_tables()
    events = crowd.ledger.compare(house.queries[0].data, writers=2, where=house.where)
    assert (told["events"], told["stale"], told["foreign"]) == (len(events), crowd.ledger.stale, 0)
    for server in house.queries:
        status = httpx.get(server.url + "/v1/status", timeout=10).json()
        assert (status["stale"], status["parked"], status["trouble"]) == (crowd.ledger.stale, [], [])
    print(
        f"{fault}: {len(crowd.ledger.sent)} commands in {took:.1f} s, {len(events)} events, "
        f"{crowd.ledger.stale} stale, {crowd.ledger.repeated} repeated; {'; '.join(faults.notes)}"
    )


def assignment(case: str, lead: str, **members) -> dict:
    return {"command": "AssignCareTeam", "id": new_id(), "case": case, "data": {"lead": lead}, **members}


# Whether what is said to a frozen intake is decided before it reads on, is a race when it wakes.
FROZEN_INTAKE_ROUNDS = 6


def freeze_with_commands(house, cases: list[str]) -> None:
    """While one intake is frozen every case moves on through the other; then it finds what was said to it."""
    frozen, other = house.intakes
    assert {line["version"] for line in house.client(frozen).lines([opening(case) for case in cases])} == {1}
    house.positions()
    frozen.process.send_signal(signal.SIGSTOP)

    def later(command: dict) -> httpx.Response:
        """To the frozen intake, which decides when it wakes."""
        while True:
            answer = httpx.post(frozen.url + "/v1/commands", json=command, timeout=120)
            if answer.status_code != 503:
                return answer
            time.sleep(float(answer.headers["Retry-After"]))

    # What is meant for the first version of a case is refused once there is another.
    commands = [
        assignment(case, "a", **({"expect_version": 1} if n % 2 else {})) for n, case in enumerate(cases)
    ]
    with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
        answers = [pool.submit(later, command) for command in commands]
        try:
            time.sleep(FROZEN_INTAKE_SECONDS)
            told = house.client(other).lines([assignment(case, "b") for case in cases])
            assert [line["version"] for line in told] == [2] * len(cases)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        for n, answer in enumerate(future.result() for future in answers):
            told = answer.json()
            assert (answer.status_code, told["version"]) == ((409, 2) if n % 2 else (200, 3)), answer.text


def test_an_intake_that_was_frozen_goes_on_with_what_it_believed(quiet_house):
    """its records turn stale, its clients get the truth"""
    house = quiet_house
    cases = []
    for _ in range(FROZEN_INTAKE_ROUNDS):
        more = [new_id() for _ in range(300)]
        freeze_with_commands(house, more)
        cases += more
        checked = house.equal_tables()
        assert checked["events"] == 1 + len(cases) * 2 + len(cases) // 2
        if checked["stale"] > 0:
            break
    assert checked["stale"] > 0
    for server in house.servers:
        status = httpx.get(server.url + "/status", timeout=10).json()
        assert (status["stale"], status["parked"]) == (checked["stale"], [])
    for n, case in enumerate(cases):
        lead = house.client(house.queries[0]).get(f"cases/{case}")["lead"]
        assert lead == ("b" if n % 2 else "a"), case
    print(
        f"{checked['stale']} stale records of an intake that was frozen {len(cases) // 300} times "
        f"for {FROZEN_INTAKE_SECONDS} s"
    )
