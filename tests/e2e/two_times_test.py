"""API.md, Two times: what was known at an instant, what was true on a day."""

import http.server
import json
import threading

import httpx
import pytest

from page import expect_answers
from program import NO_WATCH, ROOT, Server, geleit, geleit_json

pytestmark = pytest.mark.embedded  # the clock follows the commands

LISTS = ("cases", "deadlines", "overdue-starts", "unit-balances", "tasks", "visits", "alerts", "key-figures")


def rows(url: str, table: str, **asked) -> list[dict]:
    """All of them, page by page."""
    found: list[dict] = []
    cursor = {}
    while True:
        answer = httpx.get(
            f"{url}/v1/{table}", params={**asked, **cursor, "limit": 500}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def submit(lines: list[str], file, url: str) -> None:
    file.write_text("".join(lines), encoding="utf-8")
    # 1: some are refused, as the simulation means them to be.
    assert geleit("submit", file, "--server", url, timeout=300).returncode in (0, 1)


def settle(url: str) -> None:
    """Until the tables hold all that the log holds."""
    while httpx.get(url + "/v1/status").json()["lag_records"] > 0:
        pass


def test_the_examples_of_the_page(tmp_path):
    with Server(tmp_path / "data", "entered") as server:
        assert expect_answers(ROOT / "services" / "audit" / "README.md", server.url) > 15


@pytest.fixture(scope="module")
def three_years(tmp_path_factory):
    """A facility's three years, and the same stopped on a day two years before their end."""
    where = tmp_path_factory.mktemp("two-times")
    tale = where / "tale.ndjson"
    assert geleit("simulate", "--seed", 8, "--facilities", 1, "--years", 3, "--out", tale).returncode == 0
    lines = tale.read_text(encoding="utf-8").splitlines(keepends=True)
    entered = [json.loads(line)["entered"] for line in lines]
    with Server(where / "whole", "entered") as whole, Server(where / "stopped", "entered") as stopped:
        submit(lines, where / "all.ndjson", whole.url)
        settle(whole.url)
        # Such a day on which somebody was overdue.
        days = entered[len(entered) // 3 :: 20]
        stop = next(day for day in days if rows(whole.url, "overdue-starts", known_at=day))
        until = len(entered) - entered[::-1].index(stop)
        submit(lines[:until], where / "some.ndjson", stopped.url)
        settle(stopped.url)
        yield whole.url, stopped.url, stop


@pytest.mark.parametrize("table", LISTS)
def test_known_at_a_day_two_years_ago_is_what_a_run_stopped_on_that_day_had_shown(three_years, table):
    whole, stopped, stop = three_years
    shown = rows(stopped, table)
    assert rows(whole, table, known_at=stop) == shown
    assert shown
    assert rows(whole, table) != shown


def test_a_case_and_its_history_known_at_that_day_are_what_the_stopped_run_shows(three_years):
    whole, stopped, stop = three_years
    for case in rows(stopped, "cases")[::25]:
        path = f"/v1/cases/{case['case']}"
        then = httpx.get(whole + path, params={"known_at": stop}).json()
        shown = httpx.get(stopped + path).json()
        assert then.pop("as_at")["final"] is True
        shown.pop("as_at")
        assert then == shown
        for event in (then_history := rows(whole, path[4:] + "/history", known_at=stop)):
            assert event["recorded"] <= then_history[-1]["recorded"]
        kept = ("version", "event", "happened", "recorded", "by", "rule_set")
        assert [[e[k] for k in kept] for e in then_history] == [
            [e[k] for k in kept] for e in rows(stopped, path[4:] + "/history")
        ]


@pytest.mark.parametrize("table", LISTS)
def test_as_of_today_is_the_present(three_years, table):
    whole, _, _ = three_years
    today = httpx.get(whole + "/v1/cases", params={"limit": 1}).json()["as_at"]["today"]
    assert rows(whole, table, as_of=today) == rows(whole, table)


@pytest.mark.parametrize("table", ["visits", "unit-balances", "deadlines", "tasks"])
def test_one_case_by_its_list_is_the_same_as_within_all(three_years, table):
    whole, _, stop = three_years
    day = stop[:10]
    everything = rows(whole, table, as_of=day)
    for case in {row["case"] for row in everything[::300]}:
        assert rows(whole, table, as_of=day, case=case) == sorted_as(
            rows(whole, table, as_of=day, case=case), [r for r in everything if r["case"] == case]
        )


def sorted_as(order: list[dict], found: list[dict]) -> list[dict]:
    """`found` in the order of `order`, where both hold the same rows."""
    keys = [json.dumps(row, sort_keys=True) for row in order]
    assert sorted(keys) == sorted(json.dumps(row, sort_keys=True) for row in found)
    return sorted(found, key=lambda row: keys.index(json.dumps(row, sort_keys=True)))


def test_get_reads_the_past_too_and_a_csv_has_the_same_rows(three_years):
    whole, _, stop = three_years
    got = geleit_json(
        "get", "overdue-starts", "--known-at", stop, "--all", "--json", "--server", whole
    )
    assert got == rows(whole, "overdue-starts", known_at=stop)
    csv = geleit("get", "visits", "--as-of", stop[:10], "--all", "--csv", "--server", whole).stdout
    assert csv.count("\n") == 1 + len(rows(whole, "visits", as_of=stop[:10]))


def test_a_cursor_belongs_to_its_times(three_years):
    whole, _, stop = three_years
    page = httpx.get(whole + "/v1/visits", params={"known_at": stop, "limit": 2}).json()
    for other in ({}, {"known_at": "2040-01-01T00:00:00Z"}, {"as_of": stop[:10]}):
        answer = httpx.get(whole + "/v1/visits", params={**other, "cursor": page["next"], "limit": 2})
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
    plain = httpx.get(whole + "/v1/visits", params={"limit": 2}).json()["next"]
    answer = httpx.get(whole + "/v1/visits", params={"known_at": stop, "cursor": plain, "limit": 2})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


def test_what_lies_ahead_is_what_is_known_now_and_is_not_final(three_years):
    whole, _, _ = three_years
    answer = httpx.get(whole + "/v1/cases", params={"known_at": "2060-01-01T00:00:00Z", "limit": 1}).json()
    assert answer["as_at"]["final"] is False
    assert answer["as_at"]["today"] == "2060-01-01"
    assert answer["as_at"]["positions"] == httpx.get(whole + "/v1/status").json()["positions"]


def test_settings_are_those_that_were_adopted_by_then(three_years):
    whole, stopped, stop = three_years
    then = httpx.get(whole + "/v1/settings", params={"known_at": stop})
    assert then.json() == httpx.get(stopped + "/v1/settings").json()
    before = httpx.get(whole + "/v1/settings", params={"known_at": "1990-01-01T00:00:00Z"})
    assert (before.status_code, before.json()["field"]) == (404, "known_at")


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("known_at", "2026-02-30T00:00:00Z"),
        ("known_at", "2026-02-03"),
        ("known_at", ""),
        ("as_of", "2026-02-30"),
        ("as_of", "2026-02-03T00:00:00Z"),
        ("as_of", "0001-01-01"),
    ],
)
def test_a_time_that_is_none_is_refused_by_name(three_years, parameter, value):
    whole, _, _ = three_years
    case = rows(whole, "cases")[0]["case"]
    for path in ("cases", "key-figures", "settings", f"cases/{case}", f"cases/{case}/history"):
        answer = httpx.get(f"{whole}/v1/{path}", params={parameter: value})
        assert (answer.status_code, answer.json()["field"]) == (400, parameter), path
        twice = httpx.get(f"{whole}/v1/{path}?as_of=2026-02-03&as_of=2026-02-03")
        assert (twice.status_code, twice.json()["field"]) == (400, "as_of"), path
    assert httpx.get(whole + "/v1/status", params={parameter: value}).json()["field"] == parameter


def test_a_case_that_is_not_known_yet_is_not_there(three_years):
    whole, _, stop = three_years
    later = next(row["case"] for row in rows(whole, "cases") if row["referred_on"] > stop[:10])
    for path in (f"cases/{later}", f"cases/{later}/history"):
        assert httpx.get(f"{whole}/v1/{path}", params={"known_at": stop}).status_code == 404
        assert httpx.get(f"{whole}/v1/{path}", params={"as_of": stop[:10]}).status_code == 404
    assert rows(whole, "visits", known_at=stop, case=later) == []


def test_writing_goes_on_while_a_past_is_read(tmp_path):
    with Server(tmp_path / "data", "2026-06-30T12:00:00+02:00", NO_WATCH) as server:
        tale = tmp_path / "tale.ndjson"
        told = ("--facilities", 1, "--years", 1, "--start", "2024-01-01")
        assert geleit("simulate", "--seed", 2, *told, "--out", tale).returncode == 0
        writing = threading.Thread(target=geleit, args=("submit", tale, "--server", server.url))
        writing.start()
        known = 0
        while writing.is_alive():
            now = len(rows(server.url, "cases", as_of="2026-06-30"))
            assert now >= known
            known = now
        writing.join()
        settle(server.url)
        assert len(rows(server.url, "cases", as_of="2026-06-30")) == len(rows(server.url, "cases"))


class Unhurried(http.server.BaseHTTPRequestHandler):
    """Has the tables made at the third time of asking."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        if len(self.asked) < 3:
            body = b'{"status":503,"title":"t","detail":"d","progress":{"events":70000,"of":200000}}'
            self.send_response(503)
        else:
            body = b'{"items":[{"case":"c"}],"next":null,"as_at":{}}'
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_get_asks_again_until_the_tables_are_made_and_shows_how_far_they_are():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unhurried) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = geleit(
            *("get", "cases", "--as-of", "2026-02-03", "--json"),
            *("--server", f"http://127.0.0.1:{server.server_port}"),
        )
        server.shutdown()
    assert json.loads(done.stdout) == [{"case": "c"}]
    assert len(Unhurried.asked) == 3
    assert "as_of=2026-02-03" in Unhurried.asked[0]
    assert "70000" in done.stderr and "200000" in done.stderr
