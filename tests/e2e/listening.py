"""A listener of GET /v1/stream: what a browser's EventSource is, and can be told to be slow."""

import json
import queue
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import contract

SECONDS_MAX = 20
FORMS = {name: contract.named("Stream" + name.capitalize()) for name in ("ready", "row", "day", "reset")}
LISTS = {
    "cases": "CaseRow",
    "deadlines": "DeadlineRow",
    "overdue-starts": "OverdueStartRow",
    "unit-balances": "UnitBalanceRow",
    "tasks": "TaskRow",
    "visits": "VisitRow",
    "alerts": "AlertRow",
}


@dataclass
class Event:
    name: str
    data: dict
    id: str  # the last one seen, its own included


def open_stream(
    url: str, params=(), last: str | None = None, headers=(), receive_bytes: int | None = None
) -> socket.socket:
    """A connection on which the stream was asked for and nothing has been read."""
    place = urlsplit(url)
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(SECONDS_MAX)
    connection.connect((place.hostname, place.port))
    lines = [f"GET /v1/stream?{urlencode(list(params))} HTTP/1.1", f"Host: {place.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if last is not None:
        lines.append(f"Last-Event-ID: {last}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


class Listener:
    """Listens in a thread of its own. `state` is what a page would show: the rows it was told of."""

    def __init__(self, url: str, *params, last: str | None = None, headers=()):
        self.url, self.params, self.headers = url, params, headers
        self.last = last
        self.events: queue.Queue = queue.Queue()
        self.state: dict[tuple[str, str], dict] = {}
        self.comments = 0
        self.whole = False  # the answer has ended as it should
        self.connection = open_stream(url, params, last, headers)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(SECONDS_MAX)
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _listen(self) -> None:
        self.connection.settimeout(None)
        try:
            with self.connection.makefile("rb") as stream:
                status = int(stream.readline().split()[1])
                while stream.readline().strip():
                    pass
                assert status == 200, status
                self._take(self._lines(stream))
        except (OSError, ValueError):
            pass
        self.events.put(None)

    def _lines(self, stream):
        """The lines of a body in chunks."""
        held = b""
        while True:
            size = int(stream.readline(), 16)
            if size == 0:
                self.whole = True
                return
            held += stream.read(size)
            stream.readline()
            *lines, held = held.split(b"\n")
            yield from lines

    def _take(self, lines) -> None:
        name, data = "message", []
        for line in lines:
            field, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if field == "id":
                self.last = value
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif not line:
                if data:
                    self.events.put(Event(name, json.loads("\n".join(data)), self.last))
                name, data = "message", []
            elif not field:
                self.comments += 1

    def next(self, seconds: float = SECONDS_MAX) -> Event:
        """The next event; the rows among them are kept."""
        event = self.events.get(timeout=seconds)
        assert event is not None, "the stream has ended"
        wrong = contract.complaints(FORMS[event.name], event.data)
        if event.name == "row":
            row, key = event.data["row"], (event.data["table"], event.data["key"])
            if row is None:
                self.state.pop(key, None)
            else:
                wrong += contract.complaints(contract.named(LISTS[event.data["table"]]), row)
                self.state[key] = row
        assert not wrong, f"{event}: {wrong}"
        return event

    def ready(self) -> dict:
        event = self.next()
        assert event.name == "ready", event
        return event.data

    def until(self, met, seconds: float = SECONDS_MAX) -> list[Event]:
        """All events up to the first of which `met` says so."""
        seen, end = [], time.monotonic() + seconds
        while not seen or not met(seen[-1]):
            seen.append(self.next(max(0.01, end - time.monotonic())))
        return seen

    def rest(self, quiet: float = 0.4) -> list[Event]:
        """What comes until nothing has come for that long."""
        seen = []
        try:
            while True:
                seen.append(self.next(quiet))
        except queue.Empty:
            return seen


def key_of(table: str, row: dict) -> str | None:
    """What the stream calls a row of a list; none where the list does not tell."""
    if table in ("deadlines", "tasks"):
        return None
    about = {"visits": "visit", "alerts": "alert"}.get(table)
    return f"{row['case']}/{row[about]}" if about else row["case"]
