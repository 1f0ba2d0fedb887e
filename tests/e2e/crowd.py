"""Rush hour through several intakes at once, whatever happens to them meanwhile: every client goes to any of
them, and sends again what had no answer before it goes on with that case."""

import asyncio
import time

from ledger import Broken, Sent
from rush import CLIENTS, HOT_CASES, Connection, Rush

RETRY_SECONDS = 0.2
# How long nothing may be accepted before the crowd gives up.
PATIENCE_SECONDS = 120


class Crowd(Rush):
    """Rush.run with more than one address. `refused_lives`: commands of a case that only one client knows,
    all of which are acceptable, and were refused all the same."""

    def __init__(self, chance, ledger):
        super().__init__(chance, ledger)
        self.of_lives: set[str] = set()
        self.served = time.monotonic()

    def life(self) -> list[Sent]:
        commands = super().life()
        self.of_lives.update(sent.command["id"] for sent in commands)
        return commands

    def refused_lives(self) -> list[Sent]:
        return [
            sent
            for id_, sent in self.ledger.sent.items()
            if id_ in self.of_lives and sent.answer is None and not sent.is_open
        ]

    async def post(self, urls: list[str], lines: dict, commands: list[Sent], many: bool) -> None:
        """One request to one of them; what becomes of it stands in the ledger."""
        url = self.chance.choice(urls)
        try:
            if url not in lines:
                host, _, port = url.removeprefix("http://").rpartition(":")
                lines[url] = await Connection.open(host, int(port), lambda: None)
            await asyncio.wait_for(lines[url].post(self.ledger, commands, many), PATIENCE_SECONDS)
        except (OSError, EOFError, TimeoutError):
            if url in lines:
                lines.pop(url).close()
        if any(sent.answer for sent in commands):
            self.served = time.monotonic()

    async def insist(self, urls: list[str], lines: dict, commands: list[Sent], many: bool) -> None:
        """Until every one of them was decided."""
        await self.post(urls, lines, commands, many)
        while left := [sent for sent in commands if sent.is_open]:
            if time.monotonic() - self.served > PATIENCE_SECONDS:
                raise Broken(f"nothing was accepted for {PATIENCE_SECONDS} s")
            await asyncio.sleep(RETRY_SECONDS)
            await self.post(urls, lines, left, many)

    async def member(self, number: int, urls: list[str], count: int) -> None:
        lines: dict = {}
        try:
            while len(self.ledger.sent) < count:
                commands, many = self.next_request(number)
                await self.insist(urls, lines, commands, many)
                self.recent.extend(sent for sent in commands[:2] if sent.answer)
        finally:
            for line in lines.values():
                line.close()

    async def open_hot_cases(self, urls: list[str]) -> None:
        lines: dict = {}
        while len(self.hot) < HOT_CASES:
            case = self.new_id()
            await self.insist(urls, lines, [self.opening(case)], False)
            self.hot[case] = 0
        for line in lines.values():
            line.close()

    def through(self, urls: list[str], count: int, meanwhile=None) -> None:
        """Until so many commands have been sent and all are decided; `meanwhile()` is a coroutine beside."""

        async def all_of_them():
            self.served = time.monotonic()
            await self.open_hot_cases(urls)
            beside = [meanwhile()] if meanwhile else []
            done = await asyncio.gather(
                *(self.member(n, urls, count) for n in range(CLIENTS)), *beside, return_exceptions=True
            )
            for outcome in done:
                if isinstance(outcome, BaseException):
                    raise outcome

        asyncio.run(all_of_them())
