"""Overload: idle and slow connections, endless bodies and more requests than the service takes. Who behaves
is still served, refusals are 429 or 503 with `Retry-After`, memory stays bounded, and every queue shows its
limit among the metrics."""

import re
import resource
import selectors
import socket
import threading
import time

from client import Client, new_id
from story import referral_data

CLOCK = "2026-06-30T12:00:00+02:00"
IDLE, SLOW, ENDLESS, FLOOD = 3_000, 300, 40, 48
RESIDENT_MIB_MAX = 700
ANSWER_SECONDS_MAX = 5


def allow_open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= wanted, f"this machine allows {hard} open files, the test needs {wanted}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, wanted)), hard))


def address_of(server) -> tuple[str, int]:
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


def connect(server) -> socket.socket:
    return socket.create_connection(address_of(server), timeout=30)


def resident_mib(server) -> float:
    with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) / 1024


def gauges(client) -> dict[str, float]:
    text = client.http.get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^(geleit_\w+) (\S+)$", text, re.M)}


class Nuisance:
    """Sends to many connections what never comes to an end, from a thread of its own."""

    def __init__(self, sockets, piece: bytes, pause: float):
        self.sockets, self.piece, self.pause = list(sockets), piece, pause
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        for each in self.sockets:
            each.setblocking(False)
        while not self.over.wait(self.pause):
            for each in list(self.sockets):
                try:
                    each.send(self.piece)
                except BlockingIOError:
                    pass
                except OSError:
                    self.sockets.remove(each)

    def stop(self):
        self.over.set()
        self.thread.join()


class Flood:
    """Bodies of many lines, always another one on each connection, answers counted by their status."""

    def __init__(self, server, connections: int):
        self.statuses: dict[int, int] = {}
        self.without_retry_after = 0
        self.over = threading.Event()
        line = b'{"command":"WithdrawReferral","case":"%s","data":{"reason":"%s"}}\n'
        body = b"".join(line % (new_id().encode(), b"x" * 1_200) for _ in range(8_000))
        self.request = (
            b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        ) + body
        self.server, self.connections = server, connections
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        at = selectors.DefaultSelector()

        def begin():
            each = connect(self.server)
            each.setblocking(False)
            at.register(each, selectors.EVENT_READ | selectors.EVENT_WRITE, [0, b""])

        for _ in range(self.connections):
            begin()
        while not self.over.is_set():
            for key, ready in at.select(timeout=0.1):
                each, state = key.fileobj, key.data
                try:
                    if ready & selectors.EVENT_READ:
                        piece = each.recv(1 << 20)
                        head = (state[1] + piece)[:400]
                        if not piece or b"\r\n\r\n" in head:
                            self.count(head)
                            at.unregister(each)
                            each.close()
                            begin()
                            continue
                        state[1] = head
                    if ready & selectors.EVENT_WRITE:
                        state[0] += each.send(self.request[state[0] : state[0] + (1 << 18)])
                        if state[0] == len(self.request):
                            at.modify(each, selectors.EVENT_READ, state)
                except OSError:
                    at.unregister(each)
                    each.close()
                    begin()
        for key in list(at.get_map().values()):
            key.fileobj.close()

    def count(self, head: bytes):
        if not head:
            return
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status in (429, 503) and b"retry-after:" not in head.lower():
            self.without_retry_after += 1

    def stop(self):
        self.over.set()
        self.thread.join()


def test_whoever_behaves_is_served_while_others_do_not(server):
    allow_open_files(IDLE + SLOW + ENDLESS + FLOOD + 500)
    idle = [connect(server) for _ in range(IDLE)]
    slow = [connect(server) for _ in range(SLOW)]
    endless = [connect(server) for _ in range(ENDLESS)]
    for each in slow:
        each.sendall(b"GET /v1/cases HTTP/1.1\r\nX-Slow: ")
    for each in endless:
        each.sendall(
            b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
    trickle = Nuisance(slow, b"x", 0.2)
    pour = Nuisance(endless, b"10000\r\n" + b" " * 0x10000 + b"\r\n", 0.05)
    flood = Flood(server, FLOOD)
    client = Client(server.url)
    most, longest, served, refused = 0.0, 0.0, 0, 0
    try:
        end = time.monotonic() + 12
        while time.monotonic() < end:
            began = time.monotonic()
            answer = client.http.post(
                "/v1/commands",
                json={"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": referral_data()},
            )
            took = time.monotonic() - began
            if answer.status_code == 200:
                served += 1
                longest = max(longest, took)
            else:
                assert answer.status_code in (429, 503), answer.text
                assert int(answer.headers["retry-after"]) >= 1
                refused += 1
                time.sleep(0.1)
            began = time.monotonic()
            assert client.http.get("/v1/cases?limit=5").status_code == 200
            longest = max(longest, time.monotonic() - began)
            most = max(most, resident_mib(server))
        shown = gauges(client)
    finally:
        flood.stop()
        pour.stop()
        trickle.stop()
        for each in [*idle, *slow, *endless]:
            each.close()
        client.close()
    about = (f"served {served}, refused {refused}, longest {longest:.2f} s, most {most:.0f} MiB, "
             f"flood {flood.statuses}")
    print(about)
    assert served > 20, about
    assert longest < ANSWER_SECONDS_MAX, about
    assert most < RESIDENT_MIB_MAX, about
    assert flood.without_retry_after == 0, about
    assert set(flood.statuses) <= {200, 408, 413, 429, 503}, about
    assert shown["geleit_http_connections"] >= IDLE, shown


def test_every_queue_shows_its_limit(everybody):
    shown = gauges(everybody)
    for queue in (
        "geleit_intake_queue",
        "geleit_intake_unanswered_commands",
        "geleit_intake_unanswered_bytes",
        "geleit_log_append_queue_records",
        "geleit_log_append_queue_bytes",
        "geleit_http_connections",
        "geleit_http_in_flight",
        "geleit_http_body_bytes",
    ):
        assert 0 <= shown[queue] <= shown[f"{queue}_max"], (queue, shown)
