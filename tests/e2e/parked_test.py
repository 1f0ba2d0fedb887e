"""One bad case: what a fold or a read model cannot take parks that case there and nothing else; status and
metrics shout, and after a fix `geleit retry CASE` catches up. The program under test is the product's with
faults on demand (breakable.cc)."""

import re
import shutil
from pathlib import Path

import pytest

from client import Client, new_id, refused
from program import Server, executable, geleit
from story import Case, Story

CLOCK = "2026-06-30T12:00:00+02:00"
BREAKABLE = Path(executable()).parent / "geleit_breakable"

pytestmark = pytest.mark.skipif(not BREAKABLE.exists(), reason="built without the test programs")


class House:
    """A service whose fold and read model of tasks fail while `broken` is there."""

    def __init__(self, place: Path):
        self.data = place / "data"
        self.broken = place / "broken"
        self.server = self.client = None
        self.begin()

    def begin(self):
        self.server = Server(
            self.data, CLOCK, program=str(BREAKABLE), environment={"GELEIT_BREAK": str(self.broken)}
        ).start()
        self.client = Client(self.server.url)

    def end(self):
        self.client.close()
        self.server.stop()

    def again(self):
        self.end()
        self.begin()

    def breaks(self):
        self.broken.touch()

    def mends(self):
        self.broken.unlink()

    def parked(self) -> set[tuple[str, str]]:
        return {(one["case"], one["table"]) for one in self.client.get("status")["parked"]}

    def metrics(self) -> dict[str, int]:
        text = self.client.request("GET", "/metrics", judged=False).text
        return {
            table: int(count)
            for table, count in re.findall(r'geleit_parked\{table="([^"]+)"\} (\d+)', text)
            if int(count)
        }

    def retry(self, case: str):
        return geleit("--lang", "en", "retry", case, "--server", self.server.url)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.end()


def lead(case: Case, name: str):
    return case.does("AssignCareTeam", {"lead": name})


def test_a_fold_that_fails_parks_that_case_and_nothing_else(house):
    """that case is parked with its position and error, every other case flows on, the status says so
    loudly, and a retry after a fix catches up; commands on a case whose fold is parked get 503"""
    bad, good = Story(house.client).running(), Story(house.client).running()
    accepted = lead(bad, "fold.breaker")
    bad.is_visited("2026-03-06")
    before = bad.now()
    house.server.stop()
    shutil.rmtree(house.data / "tables")
    house.breaks()
    house.again()

    status = house.client.get("status")
    assert [p["case"] for p in status["parked"]] == [bad.id]
    assert status["parked"][0]["table"] == "stored-cases"
    assert status["parked"][0]["position"] == accepted["position"]
    assert status["parked"][0]["error"] == "this lead breaks the fold"
    assert house.metrics() == {"stored-cases": 1}
    assert house.client.request("GET", "/readyz").status_code == 200
    said = "".join(house.server.said)
    assert "warning" in said and f"geleit retry {bad.id}" in said

    answer = Case(house.client, bad.id).tries("AssignCareTeam", {"lead": "m.roth"})
    refused(answer, 503)
    assert int(answer.headers["Retry-After"]) >= 0
    good = Case(house.client, good.id)
    good.is_visited("2026-03-07")
    assert good.balance()["delivered"] == 120
    Story(house.client).running()
    assert house.parked() == {(bad.id, "stored-cases")}

    house.again()
    assert house.parked() == {(bad.id, "stored-cases")}
    still = house.retry(bad.id)
    assert still.returncode == 1 and "this lead breaks the fold" in still.stdout, still
    house.mends()
    done = house.retry(bad.id)
    assert done.returncode == 0 and "stored-cases" in done.stdout, done
    assert house.parked() == set() and house.metrics() == {}
    bad = Case(house.client, bad.id)
    now = bad.now()
    assert {k: v for k, v in now.items() if k != "as_at"} == {
        k: v for k, v in before.items() if k != "as_at"
    }
    lead(bad, "m.roth")
    assert bad.now()["lead"] == "m.roth"
    house.end()
    assert geleit("check", "--data", house.data).returncode == 0
    house.begin()


def test_a_read_model_that_fails_parks_that_case_in_that_table(house):
    """a read model that fails stops *that case in that table*"""
    bad, good = Story(house.client).running(), Story(house.client).running()
    house.breaks()
    lead(bad, "table.breaker")
    bad.is_visited("2026-03-06", 45)
    assert bad.balance()["delivered"] == 105, "its other tables flow on"
    assert house.parked() == {(bad.id, "tasks")}
    assert house.metrics() == {"tasks": 1}
    lead(good, "m.roth")
    assert good.rows("tasks")
    assert house.client.ask(f"cases/{bad.id}").status_code == 503

    house.again()
    assert house.parked() == {(bad.id, "tasks")}
    bad = Case(house.client, bad.id)
    bad.completes("2026-05-08")
    assert bad.rows("cases")[0]["state"] == "completed"
    assert house.retry(bad.id).returncode == 1
    house.mends()
    done = house.retry(bad.id)
    assert done.returncode == 0 and "tasks" in done.stdout, done
    assert house.parked() == set()
    assert bad.now()["tasks"] == [
        {k: v for k, v in row.items() if k != "case"} for row in bad.rows("tasks")
    ] or bad.rows("tasks") == bad.now()["tasks"]
    house.end()
    assert geleit("check", "--data", house.data).returncode == 0
    house.begin()


def test_retry_of_a_case_that_is_not_parked(house):
    """404 for an unknown case, nothing freed when it was not parked"""
    case = Story(house.client).referral()
    answer = house.client.request("POST", f"/v1/cases/{case.id}/retry")
    assert answer.status_code == 200
    assert answer.json() == {"case": case.id, "freed": [], "parked": []}
    done = house.retry(case.id)
    assert done.returncode == 0 and "does not stand still" in done.stdout
    refused(house.client.request("POST", f"/v1/cases/{new_id()}/retry"), 404)
    refused(house.client.request("POST", "/v1/cases/none/retry"), 404)
    refused(
        house.client.request("POST", f"/v1/cases/{case.id}/retry", params={"table": "tasks"}),
        400,
        field="table",
    )
    assert house.retry(new_id()).returncode == 1
    assert geleit("retry", "x").returncode == 2
    assert geleit("retry", case.id, "--server", "http://127.0.0.1:1").returncode == 3
