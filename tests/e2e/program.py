"""The program as its users start it: `geleit serve` as a process of its own, and every other subcommand.

GELEIT_TEST_LOG=kafka: every data directory gets a log of its own on one real broker, instead of one in it."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
# What a server is started with where versions and events are counted: nothing is recorded but what is sent.
NO_WATCH = ("--roles", "intake,query")
# The persons of all tests: invented names begin so, insurance numbers are a letter and nine digits.
PERSONAL = re.compile(r"Muster|\bMia\b|\b[A-Z][0-9]{9}\b")
READY_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def executable() -> str:
    """The program under test: GELEIT, else the one of the default build directory."""
    return os.environ.get("GELEIT", str(ROOT / "build" / "geleit"))


def on_kafka() -> bool:
    return os.environ.get("GELEIT_TEST_LOG") == "kafka"


def log_arguments(data) -> list[str]:
    """What every command on this data directory is given, so that it finds the log of it."""
    if not on_kafka():
        return []
    import brokers

    kept = Path(data).parent / f"{Path(data).name}.log-place"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(brokers.new_log(brokers.shared_address()))
    return ["--log", kept.read_text()]


def geleit(*arguments, stdin=None, timeout=120, **options) -> subprocess.CompletedProcess:
    """Runs a subcommand to its end; the caller looks at returncode, stdout and stderr (text)."""
    arguments = [*map(str, arguments)]
    if "--data" in arguments and "--log" not in arguments:
        arguments += log_arguments(arguments[arguments.index("--data") + 1])
    return subprocess.run(
        [executable(), *arguments],
        input=stdin,
        timeout=timeout,
        capture_output=True,
        text=True,
        encoding="utf-8",
        **options,
    )


def found_in(place: Path, texts) -> list[str]:
    """Files below `place` that hold one of the texts, or octets, in clear."""
    wanted = [text.encode() if isinstance(text, str) else text for text in texts]
    return [
        f"{file.relative_to(place)}: {text!r}"
        for file in place.rglob("*")
        if file.is_file()
        for text in wanted
        if text in file.read_bytes()
    ]


def geleit_json(*arguments, **options):
    """The JSON that a subcommand which must succeed prints."""
    done = geleit(*arguments, **options)
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout)


class Server:
    """One `geleit serve`; `url` is known once it is ready."""

    def __init__(
        self,
        data: Path,
        clock: str | None = None,
        extra: tuple = (),
        listen: str = "127.0.0.1:0",
        program: str | None = None,
        environment: dict | None = None,
    ):
        self.data = Path(data)
        self.clock = clock
        self.extra = tuple(extra)
        self.listen = listen
        self.program = program
        self.environment = environment
        self.url = ""
        self.process: subprocess.Popen | None = None
        self.said: list[str] = []  # its lines since it was started last
        self.errors = self.data.parent / f"{self.data.name}.stderr"

    def command(self) -> list[str]:
        """How it is started."""
        program = self.program or executable()
        command = [program, "serve", "--data", str(self.data), "--listen", self.listen]
        if "--log" not in self.extra:
            command += log_arguments(self.data)
        if self.clock and "kafka://" in " ".join([*command, *self.extra]):
            # Only this one takes a clock that the brokers do not have.
            command[0] = str(Path(executable()).with_name("geleit_breakable"))
        if self.clock:
            command += ["--clock", self.clock]
        return [*command, *self.extra]

    def start(self) -> "Server":
        command = self.command()
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **(self.environment or {})},
            )
        lines: queue.Queue = queue.Queue()
        said = self.said = []

        def pump(stream):
            for text in stream:
                said.append(text)
                lines.put(text)
            lines.put(None)

        self.pumping = threading.Thread(target=pump, args=(self.process.stdout,), daemon=True)
        self.pumping.start()
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.url or self.url.endswith(":0"):
            try:
                line = lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise AssertionError(
                    f"not listening after {READY_SECONDS_MAX} s: {self.complaints()}"
                ) from None
            if line is None:
                raise AssertionError(f"ended with {self.process.wait()}: {self.complaints()}")
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found.group(1).rstrip("/")
        while True:
            try:
                if httpx.get(self.url + "/readyz", timeout=5).status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"not ready after {READY_SECONDS_MAX} s: {self.complaints()}")
            time.sleep(0.02)

    def complaints(self) -> str:
        return self.errors.read_text(errors="replace")[-2000:] if self.errors.exists() else ""

    def stop(self) -> int:
        """Asks it to end, as an operator does, and returns its exit status."""
        if self.process is None or self.process.poll() is not None:
            return 0 if self.process is None else self.process.returncode
        self.judge_metrics()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
            self.judge_log()
            return status
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {STOP_SECONDS_MAX} s of SIGTERM") from None
        finally:
            self.url = ""

    def judge_metrics(self) -> None:
        """No personal data in metrics, where they may be read without a token."""
        try:
            shown = httpx.get(self.url + "/metrics", timeout=5).text
        except httpx.TransportError:
            return  # one that does not answer is judged by what it has said
        assert not PERSONAL.search(shown), PERSONAL.search(shown)

    def judge_log(self) -> None:
        """Every line is one JSON object, but the one for people; there is no personal data in any of them."""
        self.pumping.join(5)
        for line in self.said:
            if not line.startswith("listening on "):
                assert {"at", "level", "text"} <= json.loads(line).keys(), line
        errors = self.errors.read_text(errors="replace") if self.errors.exists() else ""
        found = PERSONAL.search("".join(self.said) + errors)
        assert not found, f"{found} in what {self.command()} logs"

    def kill(self) -> None:
        """SIGKILL: nothing of the program runs after this."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.url = ""

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_):
        self.stop()
