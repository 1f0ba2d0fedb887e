"""Rush hour: many clients at once, on cases of their own and on a few that all of them want, one command a
request and NDJSON mixed. Every answer goes into a ledger."""

import asyncio
import collections
import json
import random
import uuid

from ledger import Ledger, Sent
from story import Case, day_after, referral_data

CLIENTS = 64
HOT_CASES = 6
# Then another case takes the place: rows are derived per case, and a case with thousands of visits is none.
HOT_COMMANDS_MAX = 250
LINES_MAX = 60
REQUEST_HEAD = b"""POST /v1/commands HTTP/1.1\r
Host: localhost\r
Content-Type: %b\r
Content-Length: %d\r
\r
"""


class Connection:
    """Just enough HTTP/1.1 for the load: keep-alive, Content-Length."""

    def __init__(self, reader, writer, answered):
        self.reader, self.writer, self.answered = reader, writer, answered

    @classmethod
    async def open(cls, host: str, port: int, answered) -> "Connection":
        """`answered` is called as soon as an answer begins to arrive."""
        return cls(*await asyncio.open_connection(host, port, limit=1 << 20), answered)

    async def post(self, ledger: Ledger, all_sent: list[Sent], many: bool) -> None:
        """One request; what arrives goes into the ledger, line by line even if the rest never comes.
        Raises OSError or EOFError when the service is gone."""
        body = b"\n".join(sent.text for sent in all_sent)
        head = REQUEST_HEAD % (b"application/x-ndjson" if many else b"application/json", len(body))
        for sent in all_sent:
            ledger.sends(sent)
        told = 0
        try:
            self.writer.write(head + body)
            await self.writer.drain()
            status, length = await self.read_head()
            try:
                answer = await self.reader.readexactly(length)
            except asyncio.IncompleteReadError as torn:
                answer = torn.partial[: torn.partial.rfind(b"\n") + 1] if many else b""
                if status != 200:
                    raise
            if many and status == 200:
                for sent, line in zip(all_sent, answer.splitlines()):
                    said = json.loads(line)
                    ledger.hears(sent, said.get("status", 200), said)
                    told += 1
            elif answer:
                said = json.loads(answer)
                for sent in all_sent:
                    ledger.hears(sent, status, said)
                    told += 1
            if told < len(all_sent):
                raise EOFError
        finally:
            for sent in all_sent[told:]:
                ledger.hears_nothing(sent)

    async def read_head(self) -> tuple[int, int]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.answered()
        status, length = int(head[9:12]), None
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length is not None, head
        return status, length

    def close(self) -> None:
        self.writer.close()


class Rush:
    """What is asked for, by a seed; the cases carry on from one life of the service to the next."""

    def __init__(self, chance: random.Random, ledger: Ledger):
        self.chance, self.ledger = chance, ledger
        self.hot: dict[str, int] = {}  # commands by case
        self.lives: list = [collections.deque() for _ in range(CLIENTS)]  # what is left, by client
        self.end, self.ripe = None, False
        # Accepted ones, which may be sent again at any time: a "no" could become a "yes" meanwhile.
        self.recent: collections.deque = collections.deque(maxlen=200)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def command(self, name: str, case: str, data: dict, **envelope) -> Sent:
        return Sent({"command": name, "id": self.new_id(), "case": case, "data": data, **envelope})

    def opening(self, case: str) -> Sent:
        data = referral_data(provider=f"haus-{self.chance.randrange(5)}", units=self.chance.randint(6, 20))
        # A name that only this case has: an event opened with another key would say another.
        data["person"]["given_name"] = "Mia " + case[:8]
        return self.command("ReceiveReferral", case, data)

    def visit(self) -> dict:
        return Case.delivery_data(
            day_after("2026-02-21", self.chance.randrange(60)),
            f"{self.chance.randint(8, 17):02}:{self.chance.choice(['00', '15', '30'])}",
            visit=self.new_id(),
            minutes=self.chance.randint(1, 8) * 15,
            place=self.chance.choice(["home", "phone", "facility"]),
        )

    def life(self) -> list[Sent]:
        """The commands of one case, in order."""
        case = self.new_id()
        units = self.chance.randint(6, 20)
        approval = Case.approval_data(units=units, approval=self.new_id())
        commands = [
            self.opening(case),
            self.command("SubmitApplication", case, {"units": units, "submitted_on": "2026-02-20"}),
            self.command("GrantApproval", case, approval),
        ]
        visits = [self.visit() for _ in range(self.chance.randrange(6))]
        commands += [self.command("DeliverVisit", case, visit) for visit in visits]
        if visits and self.chance.random() < 0.3:
            change = {"visit": visits[0]["visit"], "minutes": 45, "reason": "Tippfehler"}
            commands.append(self.command("CorrectVisit", case, change))
        if visits and self.chance.random() < 0.2:
            change = {"visit": visits[-1]["visit"], "reason": "doppelt"}
            commands.append(self.command("VoidVisit", case, change))
        if len(visits) > 1 and self.chance.random() < 0.3:
            done = {"completed_on": "2026-05-08", "goal_reached": True}
            commands.append(self.command("CompleteCare", case, done))
        return commands

    def of_hot_case(self) -> Sent:
        case = self.chance.choice(list(self.hot))
        self.hot[case] += 1
        if self.hot[case] > HOT_COMMANDS_MAX:
            del self.hot[case]
            self.hot[case := self.new_id()] = 0
            return self.opening(case)
        drawn = self.chance.random()
        if drawn < 0.5:
            return self.command("DeliverVisit", case, self.visit())
        if drawn < 0.6:
            # Of those who expect the same version one is served.
            expected = self.chance.randint(max(1, self.hot[case] - 10), self.hot[case] + 1)
            return self.command("AssignCareTeam", case, {"lead": "m.roth"}, expect_version=expected)
        return self.command("AssignCareTeam", case, {"lead": f"staff-{self.chance.randrange(9)}"})

    def hopeless(self) -> Sent:
        """A command that must be refused."""
        case = self.chance.choice(list(self.hot))
        return self.chance.choice(
            [
                lambda: self.command("AssignCareTeam", self.new_id(), {"lead": "m.roth"}),
                lambda: self.command("VoidVisit", case, {"visit": self.new_id(), "reason": "nie gewesen"}),
                lambda: self.command("DeliverVisit", case, {**self.visit(), "minutes": 0}),
                lambda: self.command("GrantApproval", case, Case.approval_data(approval=self.new_id())),
            ]
        )()

    def next_request(self, client: int) -> tuple[list[Sent], bool]:
        """(commands, as NDJSON)"""
        drawn = self.chance.random()
        if drawn < 0.35:
            return [self.of_hot_case()], False
        if drawn < 0.6:
            if not self.lives[client]:
                self.lives[client].extend(self.life())
            return [self.lives[client].popleft()], False
        if drawn < 0.65:
            return [self.hopeless()], False
        if drawn < 0.75 and self.recent:
            return [self.chance.choice(self.recent)], False
        lines: list[Sent] = []
        wanted = self.chance.randint(2, LINES_MAX)
        while len(lines) < wanted:
            drawn = self.chance.random()
            if drawn < 0.5:
                lines += self.life()
            elif drawn < 0.9:
                lines.append(self.of_hot_case())
            elif lines and drawn < 0.95:
                lines.append(self.chance.choice(lines))
            else:
                lines.append(self.hopeless())
        return lines, True

    async def settle(self, host: str, port: int) -> None:
        """Sends again what had no answer, and opens the cases that everybody wants."""
        connection = await Connection.open(host, port, self.answered)
        try:
            open_ = self.ledger.open()
            for first in range(0, len(open_), 500):
                await connection.post(self.ledger, open_[first : first + 500], True)
            while len(self.hot) < HOT_CASES:
                case = self.new_id()
                await connection.post(self.ledger, [self.opening(case)], False)
                self.hot[case] = 0
        finally:
            connection.close()

    async def client(self, number: int, host: str, port: int) -> None:
        connection = await Connection.open(host, port, self.answered)
        try:
            while True:
                commands, many = self.next_request(number)
                await connection.post(self.ledger, commands, many)
                self.recent.extend(sent for sent in commands[:2] if sent.answer)
        finally:
            connection.close()

    def answered(self) -> None:
        if self.ripe:
            self.ripe = False
            self.end()

    def is_time(self, with_an_answer: bool) -> None:
        if with_an_answer:
            self.ripe = True
        else:
            self.end()

    async def run(self, url: str, end_after: float, end, *, with_an_answer: bool) -> None:
        """Load until the service is gone; `end` is called after so many seconds and sees to that, or in the
        moment in which the next answer arrives: what it says must be durable by then."""
        host, _, port = url.removeprefix("http://").rpartition(":")
        self.end, self.ripe = end, False
        asyncio.get_running_loop().call_later(end_after, self.is_time, with_an_answer)
        try:
            await self.settle(host, int(port))
        except (OSError, EOFError):
            return
        clients = (self.client(number, host, int(port)) for number in range(CLIENTS))
        done = await asyncio.gather(*clients, return_exceptions=True)
        for outcome in done:
            if not isinstance(outcome, (OSError, EOFError)):
                raise outcome


def interleaved(rush: Rush, count: int) -> list[Sent]:
    """The commands of many cases as a busy month would bring them; every one of them is acceptable."""
    lives: list[collections.deque] = []
    commands: list[Sent] = []
    while len(commands) < count:
        while len(lives) < 50:
            lives.append(collections.deque(rush.life()))
        life = rush.chance.choice(lives)
        commands.append(life.popleft())
        if not life:
            lives.remove(life)
    return commands
