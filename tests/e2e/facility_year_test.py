"""A simulated year of two facilities, submitted as `deploy/run` does, and every row of every table held
against a second opinion (second_opinion.py) that knows the accepted commands and API.md, and nothing of the
program."""

import collections
import datetime
import json

import pytest

import contract
from client import Client
from program import Server
from second_opinion import COUNTED, Facts, day, key_figures, text
from simulated import simulate, submit

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """(client of the running server, commands, answers, facts by case)"""
    place = tmp_path_factory.mktemp("jahr")
    file = simulate(place / "year.ndjson", seed=11)
    commands = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    with Server(place / "data", "entered") as server:
        client = Client(server.url)
        answers = submit(server, client, file)
        cases: dict[str, Facts] = {}
        for command, answer in zip(commands, answers, strict=True):
            if "status" in answer:
                continue
            if not answer.get("repeated"):
                cases.setdefault(answer["case"], Facts(answer["case"])).tell(command)
        yield client, commands, answers, cases
        client.close()


def test_what_the_simulator_writes_is_well_formed(year):
    """`geleit simulate`: realistic commands with `entered`, NDJSON"""
    _, commands, *_ = year
    wrong = [c for c in commands if not contract.command_is_well_formed(c)]
    assert not wrong, wrong[:3]
    assert [c["entered"] for c in commands] == sorted(
        (c["entered"] for c in commands), key=datetime.datetime.fromisoformat
    )


def test_hardly_a_line_is_refused(year):
    """realistic commands: what is refused is what a real facility gets wrong too, and says so as
    documented"""
    _, commands, answers, _ = year
    refusals = [a for a in answers if "status" in a]
    for answer in answers:
        assert not contract.judge_line(answer), answer
    assert len(refusals) <= len(commands) // 100, refusals[:5]
    assert not [a for a in refusals if a["status"] == 400], refusals


def test_recorded_follows_entered(year):
    """`--clock entered` takes it from the commands' `entered`"""
    _, commands, answers, _ = year
    for command, answer in zip(commands, answers):
        if "status" not in answer and not answer.get("repeated"):
            assert datetime.datetime.fromisoformat(answer["recorded"]) == datetime.datetime.fromisoformat(
                command["entered"]
            ), (command, answer)


def test_cases(year):
    """`cases`, row by row"""
    client, _, _, cases = year
    rows = {row.pop("case"): row for row in client.rows("cases")}
    assert rows.keys() == cases.keys()
    for case, facts in cases.items():
        wanted = facts.row()
        history = client.rows(f"cases/{case}/history")
        # The second opinion knows nothing of what the service records by itself.
        wanted["version"] += sum(row["event"] in contract.OWN_EVENTS for row in history)
        assert {k: rows[case][k] for k in wanted if k != "case"} == {
            k: v for k, v in wanted.items() if k != "case"
        }
        assert rows[case]["person"]["born"] == facts.referral["person"]["born"]


def test_balances(year):
    """`unit-balances`, row by row"""
    client, _, _, cases = year
    rows = {row["case"]: row for row in client.rows("unit-balances")}
    wrong = [
        (row, facts.balance()) for case, facts in cases.items() if (row := rows[case]) != facts.balance()
    ]
    assert not wrong, (len(wrong), wrong[:3])
    assert rows.keys() == cases.keys()


def test_visits(year):
    """`visits`, row by row"""
    client, _, _, cases = year
    rows = {row["visit"]: row for row in client.rows("visits")}
    for row in rows.values():
        row["starts_at"] = datetime.datetime.fromisoformat(row["starts_at"])
    wanted = {key: row for facts in cases.values() for key, row in facts.visit_rows().items()}
    assert rows.keys() == wanted.keys()
    wrong = [(rows[key], row) for key, row in wanted.items() if rows[key] != row]
    assert not wrong, (len(wrong), wrong[:3])


@pytest.mark.parametrize("today", [None, "2025-03-31", "2025-07-01", "2025-12-01", "2027-01-01"])
def test_deadlines(year, today):
    """`deadlines`, row by row, on several days"""
    client, _, _, cases = year
    params = {"today": today} if today else {}
    on = day(today or client.get("cases", limit=1)["as_at"]["today"])
    rows: dict = {case: [] for case in cases}
    for row in client.rows("deadlines", **params):
        rows[row["case"]].append(
            (
                row["rule"],
                row["anchor"]["date"],
                row["due_on"],
                row["acts_on"],
                row["state"],
                row["met_on"],
                row["days_left"],
            )
        )
    wrong = [
        (case, sorted(rows[case], key=str), wanted)
        for case, facts in cases.items()
        if sorted(rows[case], key=str) != (wanted := sorted(facts.deadlines(on), key=str))
    ]
    assert not wrong, (len(wrong), wrong[:3])


@pytest.mark.parametrize("today", [None, "2025-03-31", "2025-07-01", "2027-01-01"])
def test_overdue_starts(year, today):
    """`overdue-starts`, on several days"""
    client, _, _, cases = year
    params = {"today": today} if today else {}
    on = day(today or client.get("cases", limit=1)["as_at"]["today"])
    rows = {row["case"]: row for row in client.rows("overdue-starts", **params)}
    assert rows.keys() == {case for case, facts in cases.items() if facts.overdue(on)}
    for case, row in rows.items():
        assert row["discharged_on"] == text(cases[case].discharged) and row["lead"] == cases[case].lead
        assert row["days_overdue"] == (on - day(row["due_on"])).days


@pytest.mark.parametrize("benefit", [None, "SMN", "ST"])
def test_key_figures(year, benefit):
    """`key-figures`, month by month, of both benefits together and of each"""
    client, _, _, cases = year
    today = day(client.get("cases", limit=1)["as_at"]["today"])
    asked = {"benefit": benefit} if benefit else {}
    rows = {
        (row["provider"], row["period"]): row
        for row in client.rows("key-figures", by="month", from_="2024-01-01", to="2027-12-31", **asked)
    }
    wanted = key_figures(list(cases.values()), today, benefit)
    assert {provider for provider, _ in rows} == {provider for provider, _ in wanted}
    assert len({provider for provider, _ in wanted}) == 2
    told_in_all = collections.Counter()
    for key, figures in wanted.items():
        told = {name: rows[key][name] for name in figures}
        told_in_all.update({name: 1 for name, value in told.items() if value})
        for name in [name for name in figures if name.endswith("_share") or name == "staff_hours"]:
            share, mine = told.pop(name), figures.pop(name)
            assert (share is None) == (mine is None), (key, name)
            assert share is None or abs(share - mine) <= 0.0051, (key, name)
        assert told == figures, key
    if benefit is None:
        never = {name for figures in wanted.values() for name in figures} - told_in_all.keys()
        # The simulator knows nobody without any insurance.
        assert never <= {"benefit", "coverage_uninsured"}, never


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
def test_the_benefits_add_up(year, by):
    """without `benefit` both together"""
    client, *_ = year
    span = {"by": by, "from_": "2024-01-01", "to": "2027-12-31"}
    whole = {(row["provider"], row["period"]): row for row in client.rows("key-figures", **span)}
    parts = [row for benefit in ("SMN", "ST") for row in client.rows("key-figures", benefit=benefit, **span)]
    for key, row in whole.items():
        mine = [part for part in parts if (part["provider"], part["period"]) == key]
        for name in ("referrals", "starts", "starts_missed", "completions", "fictions", *COUNTED):
            assert sum(part[name] for part in mine) == row[name], (key, name)
        for name in ("units_delivered", "units_billable", "staff_hours"):
            assert abs(sum(part[name] for part in mine) - row[name]) <= 0.0101, (key, name)


def test_a_single_case_agrees_with_the_lists(year):
    """one case adds `deadlines`, `balance`, `visits`, `tasks`"""
    client, _, _, cases = year
    for case in list(cases)[::40]:
        now = client.get(f"cases/{case}")
        assert now["balance"] == client.rows("unit-balances", case=case)[0]
        assert sorted(map(str, now["deadlines"])) == sorted(map(str, client.rows("deadlines", case=case)))
        assert sorted(map(str, now["visits"])) == sorted(map(str, client.rows("visits", case=case)))
        assert sorted(map(str, now["tasks"])) == sorted(map(str, client.rows("tasks", case=case)))
        assert sorted(map(str, now["alerts"])) == sorted(map(str, client.rows("alerts", case=case)))
        history = [row["event"] for row in client.rows(f"cases/{case}/history")]
        assert len([event for event in history if event not in contract.OWN_EVENTS]) == cases[case].version


def test_every_overdue_start_is_an_alert(year):
    """`--clock entered`: … due timers are recorded before the first later command"""
    client, *_ = year
    overdue = client.rows("overdue-starts")
    alerts = {row["alert"]: row for row in client.rows("alerts", rule="SMN-START")}
    assert len(alerts) > 10 and {row["state"] for row in alerts.values()} > {"closed"}
    for row in overdue:
        assert row["alert"] is not None, row
        assert alerts[row["alert"]["id"]]["state"] in ("open", "escalated"), row
    held = {row["case"] for row in alerts.values() if row["state"] != "closed"}
    assert held == {row["case"] for row in overdue}


def test_what_fell_due_was_recorded_in_its_own_time(year):
    """… with recorded times of its own: a Missed event at its midnight, an escalation on its day"""
    client, _, _, cases = year
    told = collections.Counter()
    for case in cases:
        for row in client.rows(f"cases/{case}/history"):
            if row["event"] not in contract.OWN_EVENTS:
                continue
            told[row["event"]] += 1
            happened, recorded = (datetime.datetime.fromisoformat(row[at]) for at in ("happened", "recorded"))
            assert happened <= recorded, row
            # What was entered late, and what follows from it, falls due at once.
            late = recorded - happened > datetime.timedelta(days=1)
            told["late"] += late
    assert told["StartDeadlineMissed"] > 10 and told["AlertEscalated"] > 10
    assert told["late"] < told.total() / 4


def test_every_case_has_a_task_or_none(year):
    """`tasks`: the next step of each case, or that it has none"""
    client, _, _, cases = year
    assert {row["case"] for row in client.rows("tasks")} == cases.keys()
