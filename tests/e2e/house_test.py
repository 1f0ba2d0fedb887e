"""deploy/run as people use it: the demonstration year, what it prints, interruption, the second start."""

import datetime
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

import contract
from client import Client
from program import ROOT, executable, free_port
from story import BERLIN

READY_SECONDS_MAX = 240
LAST_LINE = "Ctrl-C stops"

pytestmark = pytest.mark.skipif(
    Path(executable()).resolve() != ROOT / "build" / "geleit",
    reason="deploy/run starts the program of build/",
)


class House:
    """One deploy/run; its output grows in a file, so that it never waits for a reader."""

    def __init__(self, data: Path, *arguments: str):
        self.token = data / "login.token"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.output = data.parent / f"{data.name}-{time.monotonic_ns()}.txt"
        listen = self.url.removeprefix("http://")
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [ROOT / "deploy" / "run", "--data", data, "--listen", listen, *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=data.parent,
            )

    def text(self) -> str:
        return self.output.read_text("utf-8")

    def wait_for(self, words: str) -> "House":
        deadline = time.monotonic() + READY_SECONDS_MAX
        while words not in self.text():
            assert self.process.poll() is None, f"deploy/run ended early:\n{self.text()}"
            assert time.monotonic() < deadline, f"no '{words}' after {READY_SECONDS_MAX} s:\n{self.text()}"
            time.sleep(0.02)
        return self

    def stop(self, how: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(60)

    def headers(self) -> dict:
        return {"Authorization": f"Bearer {self.token.read_text().strip()}"}

    def get(self, path: str) -> dict:
        answer = httpx.get(self.url + path, headers=self.headers())
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def start():
    started = []

    def starter(*arguments):
        started.append(House(*arguments))
        return started[-1]

    yield starter
    for house in started:
        house.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A data directory with the demonstration year, and what deploy/run printed when it had filled it."""
    data = tmp_path_factory.mktemp("house") / "data"
    house = House(data)
    try:
        house.wait_for(LAST_LINE)
    finally:
        house.stop()
    return data


def printed_commands(text: str) -> list[str]:
    shown = r"\s+GELEIT_TOKEN_FILE=\S+ \S*geleit get "
    return [line.strip() for line in text.splitlines() if re.match(shown, line)]


def printed_curl(text: str) -> str:
    return re.search(r"^ +(curl .*?)\n\n", text, re.DOTALL | re.MULTILINE).group(1)


def bash(command: str) -> str:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}\nended with {done.returncode}: {done.stderr}"
    return done.stdout


def test_what_is_printed_works_when_it_is_pasted(filled, start):
    house = start(filled).wait_for(LAST_LINE)
    commands = printed_commands(house.text())
    assert [command.split(" get ")[1].split()[0] for command in commands] == [
        "overdue-starts", "deadlines", "key-figures",
    ]
    for command in commands:
        assert len(bash(command).splitlines()) > 1, f"{command} found no row"

    curl = printed_curl(house.text())
    first = json.loads(bash(curl))
    assert first["event"] == "VisitDelivered"
    again = json.loads(bash(curl))
    assert again["repeated"] is True and again["version"] == first["version"]


def test_a_second_start_is_quick_and_keeps_the_data(filled, start):
    first = start(filled).wait_for(LAST_LINE)
    case = json.loads(bash(printed_curl(first.text())))["case"]
    version = first.get(f"/v1/cases/{case}")["version"]
    assert first.stop() == 130

    begun = time.monotonic()
    second = start(filled).wait_for("http://")
    seconds = time.monotonic() - begun
    assert second.get(f"/v1/cases/{case}")["version"] == version
    assert "Meldungen" not in second.wait_for(LAST_LINE).text(), "the demonstration was loaded again"
    # A second on a free machine; the bound leaves room for one that has other things to do.
    assert seconds < 5


def test_the_demonstration_looks_like_a_facility_in_the_midst_of_its_work(filled, start):
    house = start(filled).wait_for(LAST_LINE)
    # The demonstration also tells the months before its year, in which the cases began that the year finds.
    today = datetime.datetime.now(BERLIN).date()
    begin = (today - datetime.timedelta(days=365)).replace(day=1)
    months = house.get(f"/v1/key-figures?by=month&benefit=SMN&from={begin}&limit=500")["items"]
    units = sum(month["units_delivered"] for month in months)
    # Seed 003: 1,811 units of children's aftercare in the year.
    assert 1300 < units < 2400, units
    assert house.get("/v1/cases?state=running&limit=1")["items"]
    assert house.get("/v1/cases?state=completed&limit=1")["items"]


def test_an_interrupted_demonstration_is_continued_at_the_next_start(tmp_path, start):
    data = tmp_path / "data"
    house = start(data).wait_for("submitting")
    time.sleep(0.2)
    house.stop(signal.SIGTERM)
    assert (data / "demo.ndjson").exists(), f"loading was over too soon:\n{house.text()}"
    commands = {json.loads(line)["id"] for line in (data / "demo.ndjson").read_text("utf-8").splitlines()}

    again = start(data).wait_for(LAST_LINE)
    assert "continuing" in again.text()
    assert not (data / "demo.ndjson").exists()
    client = Client(again.url)
    client.http.headers.update(again.headers())
    histories = [client.rows(f"cases/{row['case']}/history") for row in client.rows("cases")]
    client.close()
    told = [row for rows in histories for row in rows if row["event"] not in contract.OWN_EVENTS]
    assert len(told) == len(commands)


def test_empty_starts_without_the_demonstration(tmp_path, start):
    house = start(tmp_path / "data", "--empty").wait_for(LAST_LINE)
    assert house.get("/v1/cases")["items"] == []


def test_what_it_starts_ends_with_it_even_when_it_is_killed(tmp_path, start):
    house = start(tmp_path / "data", "--empty").wait_for(LAST_LINE)
    os.kill(house.process.pid, signal.SIGKILL)
    house.process.wait(10)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            httpx.get(house.url + "/livez", timeout=1)
        except httpx.HTTPError:
            return
        time.sleep(0.05)
    pytest.fail("the service still answers")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--with-alertmanager", "--config", "own.toml"),
        ("--config", "own.toml", "--with-alertmanager"),
        ("--config=own.toml", "--with-alertmanager"),
    ],
)
def test_an_alertmanager_and_a_configuration_of_ones_own_are_refused_together(tmp_path, start, arguments):
    house = start(tmp_path / "data", *arguments)
    assert house.process.wait(10) == 2
    assert "Erwartet wird --with-alertmanager oder --config, aber" in house.text()
    assert "Expected --with-alertmanager or --config, but" in house.text()
    assert not (tmp_path / "data").exists()


# What starts and ends it is tried in prometheus_test.py.
def test_an_alertmanager_runs_beside_it_for_as_long_as_it_does(tmp_path, start):
    house = start(tmp_path / "data", "--empty", "--with-alertmanager").wait_for(LAST_LINE)
    url = re.search(r"amtool --alertmanager.url=(http://127\.0\.0\.1:\d+) alert\n", house.text())[1]
    assert httpx.get(url + "/-/ready").status_code == 200
    assert house.stop() == 130
    with pytest.raises(httpx.ConnectError):
        httpx.get(url + "/-/ready")


def test_it_makes_one_token_with_all_rights_and_shows_the_link(tmp_path, start):
    """`deploy/run` makes a demo token and a login link"""
    data = tmp_path / "data"
    house = start(data, "--empty").wait_for(LAST_LINE)
    token = house.token.read_text().strip()
    assert house.token.stat().st_mode & 0o777 == 0o600
    assert f"{house.url}/heute#token={token}\n" in house.text()
    assert httpx.get(house.url + "/v1/cases").status_code == 401
    assert house.get("/v1/me")["name"] == "demo"
    assert house.stop() == 130
    again = start(data, "--empty").wait_for(LAST_LINE)
    assert again.token.read_text().strip() == token
    assert len(again.get("/v1/tokens")["items"]) == 1
