"""Tokens of an installation on a real broker: they lie in the keys' topic, so every process knows them at
once; commands that a query process hands on are let in by the intake as by itself."""

import os
import time

import httpx
import pytest

from brokers import new_log, shared_address
from client import new_id
from program import Server, geleit, geleit_json
from story import referral_data

EFFECTIVE_SECONDS_MAX = 1


@pytest.fixture
def house(tmp_path):
    """An intake and two query processes, and what every command on their log is given."""
    where = ("--log", new_log(shared_address()), "--master-key", str(tmp_path / "master.key"))
    intake = Server(tmp_path / "intake", extra=(*where, "--roles", "intake")).start()
    queries = [
        Server(tmp_path / name, extra=(*where, "--roles", "query", "--intake", intake.url)).start()
        for name in ("query-1", "query-2")
    ]
    yield intake, queries, (*where, "--data", str(tmp_path / "tools"))
    for server in (*queries, intake):
        server.stop()


def create(where, role: str, *of: str) -> dict:
    return geleit_json("token", "create", "--role", role, "--json", *(of or ("--all-providers",)), *where)


def ask(url: str, token: dict | None, path: str = "/v1/me") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token['token']}"} if token else {}
    return httpx.get(url + path, headers=headers, timeout=10)


def within_a_second(holds) -> None:
    deadline = time.monotonic() + EFFECTIVE_SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_token_is_known_and_ended_in_every_process(house):
    """revocation effective within a second everywhere (on Kafka too)"""
    intake, queries, where = house
    urls = [server.url for server in (intake, *queries)]
    assert {ask(url, None).status_code for url in urls} == {200}
    token = create(where, "case_manager")
    within_a_second(lambda: {ask(url, token).status_code for url in urls} == {200})
    within_a_second(lambda: {ask(url, None).status_code for url in urls} == {401})
    assert [one["id"] for one in geleit_json("token", "list", "--json", *where)] == [token["id"]]
    assert geleit("token", "revoke", token["id"], *where).returncode == 0
    within_a_second(lambda: {ask(url, token).status_code for url in urls} == {401})


def test_a_command_that_is_handed_on_is_the_tokens(house):
    """Roles that run apart reach intake through one command port"""
    intake, (query, _), where = house
    hana = create(where, "case_manager", "--provider", "hana")
    other = create(where, "case_manager", "--provider", "anderswo")
    within_a_second(lambda: ask(query.url, other).status_code == ask(intake.url, other).status_code == 200)

    def send(token, command: dict) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token['token']}"} if token else {}
        return httpx.post(query.url + "/v1/commands", json=command, headers=headers, timeout=30)

    opening = {"command": "ReceiveReferral", "id": new_id(), "data": referral_data(provider="hana")}
    assert send(None, opening).status_code == 401
    assert send(other, opening).status_code == 403
    opened = send(hana, opening)
    assert opened.status_code == 200, opened.text
    case = opened.json()["case"]
    assign = {"command": "AssignCareTeam", "id": new_id(), "case": case, "data": {"lead": "m.roth"}}
    assert send(other, assign).status_code == 404
    assert send(hana, assign).status_code == 200


def test_a_backup_takes_them_along(house, tmp_path):
    """So that a restored installation is as closed as this one"""
    intake, _, where = house
    operator = create(where, "operator")
    within_a_second(lambda: ask(intake.url, operator).status_code == 200)
    log = where[: where.index("--data")]
    done = geleit(
        "backup", tmp_path / "copy", *log, "--data", intake.data, "--server", intake.url,
        env={**os.environ, "GELEIT_TOKEN": operator["token"]},
    )
    assert done.returncode == 0, done.stderr
    restored = tmp_path / "restored"
    master = ("--master-key", tmp_path / "master.key")
    done = geleit("restore", tmp_path / "copy", "--no-erasures", "--data", restored, *master)
    assert done.returncode == 0, done.stderr
    with Server(restored) as server:
        assert ask(server.url, None).status_code == 401
        assert ask(server.url, operator).status_code == 200
