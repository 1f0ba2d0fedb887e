#!/usr/bin/env python3
"""A thousand listeners of GET /v1/stream while rows change: how soon a change is heard, at what cost.

    tests/.venv/bin/python tests/bench/stream.py [LISTENERS] [CHANGES_PER_S] [SECONDS]

Every listener hears of every change; ten of them read what they are told, the others only take it. Visits are
scheduled, which changes some rows each. The delay counts from a command's answer. Prints what was measured as
JSON; client, listeners and service share the machine."""

import json
import multiprocessing
import os
import queue
import re
import resource
import selectors
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from client import Client, new_id  # noqa: E402
from listening import open_stream  # noqa: E402
from program import NO_WATCH, Server  # noqa: E402
from story import Story, at  # noqa: E402

READERS = 10
CASES = 200
SENDERS = 4
WARM_SECONDS = 3


def listen(url: str, listeners: int, ready, stop, results) -> None:
    """Takes what all of them are given; what the first ones read is (visit, moment)."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    chosen = selectors.DefaultSelector()
    buffer, held = bytearray(1 << 18), [b""] * READERS
    for number in range(listeners):
        connection = open_stream(url)
        connection.setblocking(False)
        chosen.register(connection, selectors.EVENT_READ, number)
    ready.set()
    heard, octets, writes, lost = [], 0, 0, 0
    visit = re.compile(rb'"table":"visits","key":"[^/"]+/([^"]+)"')
    while not stop.is_set():
        for key, _ in chosen.select(0.2):
            try:
                got = key.fileobj.recv_into(buffer)
            except BlockingIOError:
                continue
            if got == 0:
                lost += 1
                chosen.unregister(key.fileobj)
                continue
            octets, writes = octets + got, writes + 1
            if key.data < READERS:
                now = time.monotonic()
                text = held[key.data] + bytes(buffer[:got])
                whole, _, held[key.data] = text.rpartition(b"\n\n")
                heard += [(found.decode(), now) for found in visit.findall(whole)]
    results.put((heard, octets, writes, lost))


def send(url: str, cases: list[str], per_second: float, until: float, answered: dict, refused: list) -> None:
    http = httpx.Client(base_url=url, timeout=30)
    begin, n = time.monotonic(), 0
    while (now := time.monotonic()) < until:
        if (early := begin + n / per_second - now) > 0:
            time.sleep(early)
        case, visit = cases[n % len(cases)], new_id()
        data = {"visit": visit, "starts_at": at("2026-05-04", f"{8 + n % 10:02}:{n % 60:02}"), "minutes": 45}
        data |= {"staff": "m.roth", "place": "home", "category": "guidance"}
        answer = http.post("/v1/commands", json={"command": "ScheduleVisit", "case": case, "data": data})
        if answer.status_code == 200:
            answered[visit] = time.monotonic()
        else:
            refused.append(answer.text)
        n += 1


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def metric(url: str, name: str) -> float:
    lines = httpx.get(url + "/metrics").text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(name + " ")))


def measure(server: Server, listeners: int, changes: float, seconds: float) -> dict:
    client = Client(server.url)
    story = Story(client, "strom")
    cases = [story.approved().id for _ in range(CASES)]
    context = multiprocessing.get_context("spawn")
    ready, stop, results = context.Event(), context.Event(), context.Queue()
    ear = context.Process(target=listen, args=(server.url, listeners, ready, stop, results))
    ear.start()
    assert ready.wait(60)
    while metric(server.url, "geleit_stream_listeners") < listeners:
        time.sleep(0.1)
    # How many rows one command changes is found out first.
    before = metric(server.url, "geleit_stream_changes")
    answered: dict = {}
    refused: list = []
    send(server.url, cases, 50, time.monotonic() + WARM_SECONDS, answered, refused)
    time.sleep(0.3)
    rows = (metric(server.url, "geleit_stream_changes") - before) / len(answered)
    answered.clear()
    began, used = time.monotonic(), processor_seconds(server.process.pid)
    rate = changes / rows / SENDERS
    threads = [
        threading.Thread(
            target=send, args=(server.url, cases[n::SENDERS], rate, began + seconds, answered, refused)
        )
        for n in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, used = time.monotonic() - began, processor_seconds(server.process.pid) - used
    time.sleep(1)
    stop.set()
    try:
        heard, octets, writes, lost = results.get(timeout=30)
    except queue.Empty:
        ear.kill()
        raise
    ear.join()
    delays = sorted(moment - answered[visit] for visit, moment in heard if visit in answered)
    client.close()
    return {
        "listeners": listeners,
        "commands_per_s": round(len(answered) / took),
        "row_changes_per_s": round(len(answered) * rows / took),
        "heard_of": round(len(delays) / max(1, len(answered) * min(READERS, listeners)), 4),
        "median_ms": round(statistics.median(delays) * 1000),
        "p99_ms": round(delays[int(len(delays) * 0.99)] * 1000),
        "megabytes_per_s": round(octets / took / 1e6, 1),
        "reads_per_listener_and_s": round(writes / listeners / took, 1),
        "service_cores": round(used / took, 2),
        "lost": lost,
        "refused": len(refused),
    }


def main() -> None:
    given = [float(argument) for argument in sys.argv[1:]]
    listeners, changes, seconds = [*given, *(1000.0, 500.0, 20.0)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder:
        with Server(Path(folder) / "data", "2026-04-04T09:00:00+02:00", NO_WATCH) as server:
            print(json.dumps(measure(server, int(listeners), changes, seconds)))


if __name__ == "__main__":
    main()
