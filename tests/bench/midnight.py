#!/usr/bin/env python3
"""Ten thousand deadlines due at one midnight: how long until all are recorded, and what that costs commands.

    tests/.venv/bin/python tests/bench/midnight.py [CASES]

A service whose clock is set shortly before midnight is given the cases, then 64 clients send one command
after another, before the midnight and over it. Prints what was measured as JSON; figures of one run, to be
compared with each other only."""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from client import Client, new_id  # noqa: E402
from program import Server  # noqa: E402
from story import Story, at  # noqa: E402

CLIENTS = 64
LEAD_SECONDS = 60  # from the start of the clock to midnight


def cases_of(client: Client, count: int) -> list[str]:
    story, ids = Story(client), []
    for begin in range(0, count, 2_000):
        lines = []
        for _ in range(min(2_000, count - begin)):
            ids.append(new_id())
            opening = {"command": "ReceiveReferral", "id": new_id(), "case": ids[-1]}
            lines.append({**opening, "data": story.data()})
        assert all("status" not in answer for answer in client.lines(lines))
    return ids


async def commands(url: str, ids: list[str], stop: asyncio.Event, counted: list[float]) -> None:
    async def one(number: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            n = number
            while not stop.is_set():
                body = {"command": "AssignCareTeam", "case": ids[n % len(ids)], "data": {"lead": f"s.{n}"}}
                answer = await http.post("/v1/commands", json=body)
                assert answer.status_code == 200, answer.text
                counted.append(time.monotonic())
                n += CLIENTS

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))


async def measure(url: str, ids: list[str], count: int) -> dict:
    counted, stop = [], asyncio.Event()
    sending = asyncio.create_task(commands(url, ids, stop, counted))
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        due_since = recorded_at = None
        while recorded_at is None:
            await asyncio.sleep(0.05)
            status = (await http.get("/v1/status")).json()
            now = time.monotonic()
            if due_since is None and status["clock"]["now"] >= at("2026-04-04", "00:00:00"):
                due_since = now
            if due_since and status["watch"]["recorded"] >= count:
                recorded_at = now
    stop.set()
    await sending
    window = recorded_at - due_since
    before = sum(due_since - 10 <= moment < due_since for moment in counted) / 10
    during = sum(due_since <= moment < recorded_at for moment in counted) / max(window, 0.001)
    return {
        "deadlines": count,
        "recorded_within_s": round(window, 2),
        "commands_before_per_s": round(before),
        "commands_meanwhile_per_s": round(during),
        "ratio": round(during / before, 2),
    }


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        start = at("2026-04-03", f"23:{59 - LEAD_SECONDS // 60:02}:59")
        with Server(Path(folder) / "data", start) as server:
            client = Client(server.url)
            ids = cases_of(client, count)
            print(json.dumps(asyncio.run(measure(server.url, ids, count))))


if __name__ == "__main__":
    main()
