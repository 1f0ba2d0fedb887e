"""Watch and alert as processes of their own, two of each, on one real broker: each missed start is one event,
and who ends while sending has a successor within seconds."""

import time
from collections import Counter

import pytest

from brokers import new_log, shared_address
from channels import Channels, eventually, told_by
from client import Client, new_id
from program import Server
from sinks import HANGS, OK, WebhookSink
from story import Case, referral_data

TAKEN_OVER_SECONDS_MAX = 30


@pytest.fixture
def hook():
    with WebhookSink() as sink:
        yield sink


@pytest.fixture
def begin(tmp_path):
    """Starts a process with some of the roles on one log."""
    where = ("--log", new_log(shared_address()), "--master-key", str(tmp_path / "master.key"))
    begun = []

    def start(name: str, roles: str, *extra: str) -> Server:
        begun.append(Server(tmp_path / name, extra=(*where, "--roles", roles, *extra)).start())
        return begun[-1]

    yield start
    for server in reversed(begun):
        server.stop()


def opens(client: Client, count: int) -> list[str]:
    """So many cases whose start is missed."""
    cases = [new_id() for _ in range(count)]
    opening = {"command": "ReceiveReferral", "data": referral_data()}
    lines = [{**opening, "id": new_id(), "case": case} for case in cases]
    assert all("status" not in answer for answer in client.lines(lines))
    return cases


def test_two_of_each_and_one_of_them_killed_while_sending(begin, tmp_path, hook):
    channels = Channels(tmp_path).hook(hook)
    intake = begin("intake", "intake,query")
    client = Client(intake.url)
    for name in ("watch-1", "watch-2"):
        begin(name, "watch", "--intake", intake.url)
    tellers = [
        begin(name, "alert", "--intake", intake.url, *channels.arguments()) for name in ("alert-1", "alert-2")
    ]
    cases = opens(client, 10)

    def told() -> set[str]:
        return {one["data"]["case"] for request in hook.requests for one in told_by(request)}

    eventually(lambda: told() == set(cases), 60)
    shares = [Client(teller.url).get("status")["alert"]["channels"][0]["delivered"] for teller in tellers]
    assert sum(shares) == len(hook.requests) and all(shares), f"both have partitions: {shares}"

    hook.otherwise = HANGS  # what is being sent when the process ends does not come to its end
    cases += opens(client, 10)
    hook.inbox.wait(11, 30)
    tellers[0].kill()
    hook.otherwise = OK
    began = time.monotonic()
    eventually(lambda: told() == set(cases), TAKEN_OVER_SECONDS_MAX)
    print(f"taken over within {time.monotonic() - began:.1f} s")

    def all_recorded() -> bool:
        rows = client.get("alerts", limit=500)["items"]
        return len(rows) == len(cases) and all(
            [one["outcome"] for one in row["sent"]] == ["delivered"] for row in rows
        )

    eventually(all_recorded, 60)
    for case in cases:
        names = Counter(row["event"] for row in Case(client, case).history())
        assert names == {"ReferralReceived": 1, "StartDeadlineMissed": 1, "AlertSent": 1}, names
    ids = {}
    for request in hook.requests:
        for one in told_by(request):
            assert ids.setdefault(one["data"]["alert"], one["data"]["id"]) == one["data"]["id"]
