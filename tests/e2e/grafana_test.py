"""deploy/grafana: a dashboard that asks for nothing that the running program does not tell, and the business
gauges that it draws."""

import json
import re
import subprocess
import time

import httpx
import pytest

from program import ROOT
from story import Story

CLOCK = "2026-04-04T09:00:00+02:00"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "geleit.json").read_text("utf-8"))
FRESH_SECONDS_MAX = 30


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def told(url: str) -> dict[str, float]:
    """Every sample by its name and labels."""
    lines = httpx.get(url + "/metrics").text.splitlines()
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in lines
        if line and not line.startswith("#")
    }


def counted_after(url: str, met) -> dict[str, float]:
    """What the metrics tell once they were counted again and `met`."""
    end = time.monotonic() + FRESH_SECONDS_MAX
    while not met(samples := told(url)):
        assert time.monotonic() < end, {k: v for k, v in samples.items() if "geleit_cases" in k}
        time.sleep(0.5)
    return samples


def sample(samples: dict, name: str, **labels) -> float:
    """Whatever the order in which the labels stand."""
    for key, value in samples.items():
        if key.split("{")[0] == name and dict(re.findall(r'(\w+)="([^"]*)"', key)) == labels:
            return value
    return 0


@pytest.fixture(scope="module")
def filled(server, everybody):
    """Two running cases, a start that is overdue, one that ended without ever beginning."""
    story = Story(everybody, "gezaehlt")
    for _ in range(2):
        story.running()
    old = {"prescribed_on": "2026-01-08", "received_on": "2026-01-09", "discharged_on": "2026-01-10"}
    story.referral(**old)
    story.referral(**old).discontinues("2026-03-20")
    everybody.settles()
    samples = counted_after(
        server.url, lambda s: sample(s, "geleit_cases", benefit="SMN", state="discontinued") == 1
    )
    return samples, everybody


def test_every_metric_that_it_asks_for_exists(filled):
    """deploy/grafana/ dashboard JSON that uses exactly these and the service metrics"""
    samples, _ = filled
    shown = {key.split("{")[0] for key in samples}
    asked = {name for text in expressions() for name in re.findall(r"\bgeleit_\w+", text)}
    assert asked <= shown, asked - shown
    business = {"geleit_deadlines", "geleit_overdue_starts", "geleit_alerts", "geleit_units", "geleit_cases"}
    assert business <= asked


def test_every_expression_is_one_of_prometheus(tmp_path):
    """as promtool reads it"""
    rules = [
        {"record": f"tried:{n}", "expr": text.replace("$instance", ".*")}
        for n, text in enumerate(expressions())
    ]
    file = tmp_path / "tried.yml"
    file.write_text(json.dumps({"groups": [{"name": "tried", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and f"{len(rules)} rules found" in done.stdout, done.stdout + done.stderr


def test_panels_are_told_apart_and_do_not_overlap():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(" / " in panel["title"] for panel in DASHBOARD["panels"]), "in both languages"


def test_the_gauges_count_what_the_lists_hold(filled):
    """open deadlines by rule and bucket, overdue starts, open alerts by level/state, units by kind"""
    samples, client = filled
    assert sample(samples, "geleit_overdue_starts") == len(client.rows("overdue-starts")) == 1
    ended = {c["case"] for c in client.rows("cases") if c["state"] == "discontinued"}
    buckets = {"overdue": 0, "0-2 days": 0, "3-7 days": 0, "8-14 days": 0, "15 days and more": 0}
    expected: dict = {}
    for row in client.rows("deadlines"):
        left = row["days_left"]
        if row["case"] in ended or (left is None and (row["state"] != "missed" or row["met_on"])):
            continue
        bucket = (
            "overdue"
            if left is None
            else "0-2 days"
            if left <= 2
            else "3-7 days"
            if left <= 7
            else "8-14 days"
            if left <= 14
            else "15 days and more"
        )
        expected[row["rule"], bucket] = expected.get((row["rule"], bucket), 0) + 1
    assert expected and ("SMN-START", "overdue") in expected
    told_of = {
        tuple(dict(re.findall(r'(\w+)="([^"]*)"', key))[name] for name in ("rule", "bucket")): value
        for key, value in samples.items()
        if key.startswith("geleit_deadlines{")
    }
    assert {key: value for key, value in told_of.items() if value} == expected
    assert {bucket for _, bucket in told_of} <= set(buckets)
    balances = client.rows("unit-balances")
    for kind in ("prescribed", "approved", "delivered", "at_home", "billable", "remaining"):
        units = sum(row[kind] for row in balances) / 60
        assert sample(samples, "geleit_units", benefit="SMN", kind=kind) == units, kind
    for row in client.rows("alerts", state="open"):
        assert sample(samples, "geleit_alerts", level=str(row["level"]), state="open") >= 1


def test_no_label_names_anybody(filled):
    """no ids in labels"""
    samples, client = filled
    names = {row["case"] for row in client.rows("cases")} | {"gezaehlt", "m.roth"}
    assert not [key for key in samples for name in names if name in key]
