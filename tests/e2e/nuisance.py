"""A crowd that does not behave, as a process of its own: `nuisance.py HOST PORT` holds thousands of idle and
slow connections, pours endless bodies, floods with large ones and asks for lists that it never reads. It says
"begun" once all are connected, goes on until its input ends, and then prints what it was answered as JSON."""

import collections
import errno
import json
import resource
import select
import selectors
import socket
import sys
import time
import uuid

IDLE, SLOW_HEADERS, SLOW_BODIES, ENDLESS, FLOOD, DEAF = 9_000, 500, 500, 40, 48, 120
CONNECTIONS = IDLE + SLOW_HEADERS + SLOW_BODIES + ENDLESS + FLOOD + DEAF
FLOOD_LINES, REASON_OCTETS = 8_000, 1_200
SLOW_PAUSE, ENDLESS_PAUSE, REFUSED_PAUSE = 0.2, 0.05, 0.2
SEND_MAX = 1 << 18

ENDLESS_HEAD = (
    b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
ENDLESS_PIECE = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
SLOW_HEADER_HEAD = b"GET /v1/cases HTTP/1.1\r\nX-Slow: "
SLOW_BODY_HEAD = b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n{"
DEAF_REQUESTS = b"GET /v1/cases?limit=500 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 48


def flood_request() -> bytes:
    line = b'{"command":"WithdrawReferral","case":"%s","data":{"reason":"%s"}}\n'
    reason = b"x" * REASON_OCTETS
    body = b"".join(line % (str(uuid.uuid4()).encode(), reason) for _ in range(FLOOD_LINES))
    return (
        b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


class Crowd:
    """One loop over all connections. Whoever is closed or answered comes back as a new connection, but for
    those who do not read."""

    def __init__(self, host: str, port: int):
        self.address = (host, port)
        self.at = selectors.EpollSelector()
        self.answers = collections.defaultdict(collections.Counter)
        self.without_retry_after = 0
        self.request = memoryview(flood_request())
        self.slow = {"slow header": set(), "slow body": set()}
        self.endless = set()
        self.later = collections.deque()  # when, what kind

    def begin(self, kind: str):
        each = socket.socket()
        if kind == "deaf":
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.settimeout(30)
        each.connect(self.address)
        each.setblocking(False)
        events = selectors.EVENT_READ
        try:
            if kind == "slow header":
                each.send(SLOW_HEADER_HEAD)
                self.slow[kind].add(each)
            elif kind == "slow body":
                each.send(SLOW_BODY_HEAD)
                self.slow[kind].add(each)
            elif kind == "endless":
                each.send(ENDLESS_HEAD)
                self.endless.add(each)
            elif kind == "deaf":
                each.send(DEAF_REQUESTS)
                events = 0
            elif kind == "flood":
                events |= selectors.EVENT_WRITE
        except OSError:
            pass
        if events:
            self.at.register(each, events, [kind, 0, b""])
        else:
            # Nothing is read, but one wants to know when it was cut off.
            self.deaf.register(each.fileno(), select.EPOLLRDHUP | select.EPOLLET)
            self.deaf_sockets[each.fileno()] = each

    def gather(self):
        self.deaf = select.epoll()
        self.deaf_sockets = {}
        for kind, count in (
            ("idle", IDLE),
            ("slow header", SLOW_HEADERS),
            ("slow body", SLOW_BODIES),
            ("endless", ENDLESS),
            ("flood", FLOOD),
            ("deaf", DEAF),
        ):
            for _ in range(count):
                self.begin(kind)

    def end(self, each: socket.socket, kind: str, head: bytes):
        if head:
            status = int(head[9:12])
            self.answers[kind][status] += 1
            if status in (429, 503) and b"retry-after:" not in head.lower():
                self.without_retry_after += 1
        else:
            self.answers[kind]["closed"] += 1
        self.at.unregister(each)
        each.close()
        for those in (*self.slow.values(), self.endless):
            those.discard(each)
        self.later.append((time.monotonic() + REFUSED_PAUSE, kind))

    def read(self, each: socket.socket, state: list):
        try:
            piece = each.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        head = state[2] = (state[2] + piece)[:400]
        if not piece or b"\r\n\r\n" in head:
            self.end(each, state[0], head)

    def write(self, each: socket.socket, state: list):
        try:
            state[1] += each.send(self.request[state[1] : state[1] + SEND_MAX])
        except BlockingIOError:
            return
        except OSError as failure:
            if failure.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            state[1] = len(self.request)
        if state[1] == len(self.request):
            self.at.modify(each, selectors.EVENT_READ, state)

    def trickle(self, those, piece: bytes):
        for each in list(those):
            try:
                each.send(piece)
            except OSError:
                pass  # full, or over: reading tells

    def run(self):
        slow_at = endless_at = time.monotonic()
        ended = select.poll()
        ended.register(sys.stdin, select.POLLIN | select.POLLHUP)
        while not ended.poll(0):
            for key, ready in self.at.select(timeout=0.02):
                if ready & selectors.EVENT_READ:
                    self.read(key.fileobj, key.data)
                elif ready & selectors.EVENT_WRITE:
                    self.write(key.fileobj, key.data)
            for number, _ in self.deaf.poll(0):
                self.deaf.unregister(number)
                self.deaf_sockets.pop(number).close()
                self.answers["deaf"]["closed"] += 1
            now = time.monotonic()
            while self.later and self.later[0][0] <= now:
                self.begin(self.later.popleft()[1])
            if now >= slow_at:
                slow_at = now + SLOW_PAUSE
                for those in self.slow.values():
                    self.trickle(those, b"x")
            if now >= endless_at:
                endless_at = now + ENDLESS_PAUSE
                self.trickle(self.endless, ENDLESS_PIECE)


def main():
    wanted = CONNECTIONS + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= wanted, f"this machine allows {hard} open files, {wanted} are needed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    crowd = Crowd(sys.argv[1], int(sys.argv[2]))
    crowd.gather()
    print("begun", flush=True)
    crowd.run()
    print(json.dumps({"answers": crowd.answers, "without_retry_after": crowd.without_retry_after}))


if __name__ == "__main__":
    main()
