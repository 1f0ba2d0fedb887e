"""Overload: idle and slow connections, endless bodies, more requests than the service takes and clients that
never read their answers. Who behaves is still served, refusals are 429 or 503 with `Retry-After`, memory
stays bounded, and every queue shows its limit among the metrics."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from client import Client, new_id
from nuisance import CONNECTIONS
from program import executable
from story import referral_data

CLOCK = "2026-06-30T12:00:00+02:00"
SECONDS = 13
SUBMITTED = 2_500
SUBMIT_SECONDS_MAX = 60
ANONYMOUS_MIB_MAX = 600
ANSWER_SECONDS_MAX = 5
QUEUES = (
    "geleit_intake_queue",
    "geleit_intake_unanswered_commands",
    "geleit_intake_unanswered_bytes",
    "geleit_intake_cases",
    "geleit_log_append_queue_records",
    "geleit_log_append_queue_bytes",
    "geleit_http_connections",
    "geleit_http_in_flight",
    "geleit_http_request_bytes",
    "geleit_http_answer_bytes",
    "geleit_waiting_reads",
)


def anonymous_mib(server) -> float:
    with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) / 1024


def gauges(client) -> dict[str, float]:
    text = client.http.get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^(geleit_\w+(?:\{.*\})?) (\S+)$", text, re.M)}


class Nuisance:
    """nuisance.py while the block lasts; what it was answered afterwards."""

    def __init__(self, server):
        self.address = server.url.removeprefix("http://").split(":")
        self.answers, self.without_retry_after = {}, 0

    def __enter__(self):
        script = Path(__file__).with_name("nuisance.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), *self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "begun\n"
        return self

    def __exit__(self, *_):
        try:
            told, _ = self.process.communicate(timeout=20)
        finally:
            self.process.kill()
        said = json.loads(told)
        self.answers, self.without_retry_after = said["answers"], said["without_retry_after"]


class Polite:
    """One client who asks, waits for the answer and comes again when it is told to."""

    def __init__(self, server):
        self.client = Client(server.url)
        self.took, self.refused = [], 0

    def ask(self, send):
        began = time.monotonic()
        answer = send()
        if answer.status_code == 200:
            self.took.append(time.monotonic() - began)
            return True
        assert answer.status_code in (429, 503), answer.text
        assert int(answer.headers["retry-after"]) >= 1
        self.refused += 1
        time.sleep(0.1)
        return False

    def record(self):
        return self.ask(lambda: self.client.http.post("/v1/commands", json=referral()))

    def read(self):
        return self.ask(lambda: self.client.http.get("/v1/cases?limit=5"))


def referral() -> dict:
    return {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": referral_data()}


def lines(count: int) -> str:
    return "".join(json.dumps(referral()) + "\n" for _ in range(count))


def submit(server, file: Path) -> subprocess.Popen:
    command = [executable(), "submit", str(file), "--server", server.url, "--quiet"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_whoever_behaves_is_served_while_ten_thousand_do_not(server, tmp_path):
    polite = Polite(server)
    recorded, read, most, most_shown, open_most = 0, 0, 0.0, {}, 0.0
    # Lists worth not reading.
    answer = polite.client.http.post(
        "/v1/commands", content=lines(1_000), headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.text
    (tmp_path / "in.ndjson").write_text(lines(SUBMITTED))
    with Nuisance(server) as nuisance:
        submitting = submit(server, tmp_path / "in.ndjson")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            recorded += polite.record()
            read += polite.read()
            shown = gauges(polite.client)
            open_most = max(open_most, shown.get("geleit_http_connections", 0))
            for queue in QUEUES:
                most_shown[queue] = max(most_shown.get(queue, 0), shown.get(queue, 0))
            most = max(most, anonymous_mib(server))
    polite.client.close()
    said, progress = submitting.communicate(timeout=SUBMIT_SECONDS_MAX)
    took = sorted(polite.took)
    about = (
        f"recorded {recorded}, read {read}, refused {polite.refused}, median {took[len(took) // 2]:.3f} s, "
        f"longest {took[-1]:.2f} s, most {most:.0f} MiB, nuisance {nuisance.answers}, {most_shown}, "
        f"submit {progress}"
    )
    print(about)
    assert recorded > 20 and read > 20, about
    assert took[-1] < ANSWER_SECONDS_MAX, about
    assert most < ANONYMOUS_MIB_MAX, about
    assert open_most >= CONNECTIONS * 0.95, about
    assert nuisance.without_retry_after == 0, about
    assert nuisance.answers["flood"].get("200", 0) > 0, about
    assert set(nuisance.answers["flood"]) <= {"200", "408", "503", "closed"}, about
    assert nuisance.answers["slow header"].get("408", 0) > 0, about
    assert nuisance.answers["slow body"].get("408", 0) > 0, about
    assert nuisance.answers.get("deaf", {}).get("closed", 0) > 0, about
    assert "idle" not in nuisance.answers, about
    assert (submitting.returncode, said) == (0, ""), about


def test_every_queue_shows_its_limit(everybody):
    shown = gauges(everybody)
    for queue in QUEUES:
        assert 0 <= shown[queue] <= shown[f"{queue}_max"], (queue, shown)
