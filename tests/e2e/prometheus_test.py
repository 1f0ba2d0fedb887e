"""deploy/prometheus: the rules by which a Prometheus watches the service, tried by Prometheus's own tools,
and held against the metrics of the running program; and the Alertmanager of deploy/run."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import yaml

from program import ROOT

WHERE = ROOT / "deploy" / "prometheus"
RULES = yaml.safe_load((WHERE / "geleit.rules.yml").read_text("utf-8"))
TESTS = yaml.safe_load((WHERE / "geleit.rules.test.yml").read_text("utf-8"))



def rules() -> list[dict]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def named_metrics() -> set[str]:
    """What the rules ask for, by the name under which /metrics declares it."""
    asked = {name for rule in rules() for name in re.findall(r"\bgeleit_\w+", rule["expr"])}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}


def shown_metrics(client) -> dict[str, str]:
    """Name and type of each metric of the running program."""
    text = client.request("GET", "/metrics", judged=False).text
    return dict(re.findall(r"^# TYPE (geleit_\w+) (\w+)$", text, re.M))


def tool(*arguments) -> str:
    done = subprocess.run(
        [*map(str, arguments)], capture_output=True, text=True, cwd=WHERE, timeout=120, check=False
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


# -- the rules


def test_the_files_are_sound():
    assert "SUCCESS" in tool("promtool", "check", "config", "prometheus.yml")
    assert f"{len(rules())} rules found" in tool("promtool", "check", "rules", "geleit.rules.yml")
    assert "SUCCESS" in tool("amtool", "check-config", "alertmanager.yml")


def test_every_rule_fires_when_it_should_and_not_before():
    assert "SUCCESS" in tool("promtool", "test", "rules", "geleit.rules.test.yml")


def test_every_rule_is_tried():
    fired = {
        tried["alertname"]
        for test in TESTS["tests"]
        for tried in test.get("alert_rule_test", [])
        if tried["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in rules()}
    assert len(fired) == len(rules()), "an alert has two rules"


def test_every_rule_says_how_grave_it_is_and_tells_it_in_both_languages():
    for rule in rules():
        assert rule["labels"]["service"] == "geleit"
        assert rule["labels"]["severity"] in ("critical", "warning", "none"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "summary_en"}, rule["alert"]
        german, english = rule["annotations"]["summary"], rule["annotations"]["summary_en"]
        assert german != english
        filled_in = [sorted(re.findall(r"{{.*?}}", text)) for text in (german, english)]
        assert filled_in[0] == filled_in[1], rule["alert"]


def test_every_metric_that_a_rule_names_is_shown(serve, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[[alert.channel]]\nname = "datei"\nkind = "file"\npath = "alerts.ndjson"\n')
    _, client = serve(extra=("--config", str(config)))
    assert not named_metrics() - set(shown_metrics(client))


def test_the_dead_mans_switch_goes_on_for_ever():
    (heartbeat,) = [rule for rule in rules() if rule["alert"] == "GeleitHeartbeat"]
    assert (heartbeat["expr"], heartbeat["labels"]["severity"]) == ("vector(1)", "none")
    assert "for" not in heartbeat


def test_the_disk_is_measured(client):
    text = client.request("GET", "/metrics", judged=False).text
    free, size = (
        float(re.search(rf"^geleit_disk_{what}_bytes (\S+)$", text, re.M)[1]) for what in ("free", "size")
    )
    assert 0 < free < size


# -- who is told


def receiver_of(**labels) -> str:
    named = [f"{name}={value}" for name, value in labels.items()]
    return tool("amtool", "config", "routes", "test", "--config.file", "alertmanager.yml", *named).strip()


def test_alerts_of_cases_of_the_service_and_the_heartbeat_go_their_own_ways():
    of_case = {"alertname": "StartDeadlineMissed", "rule": "SMN-START", "provider": "hana", "team": "nord"}
    assert receiver_of(**of_case, service="geleit", severity="critical") == "people"
    assert receiver_of(**of_case, service="geleit", severity="warning") == "people"
    for rule in rules():
        expected = "heartbeat" if rule["alert"] == "GeleitHeartbeat" else "operators"
        assert receiver_of(alertname=rule["alert"], **rule["labels"]) == expected
    assert receiver_of(alertname="SomebodyElses", severity="critical") == "null"


def test_nobody_is_told_until_somebody_is_put_in():
    receivers = yaml.safe_load((WHERE / "alertmanager.yml").read_text("utf-8"))["receivers"]
    assert {receiver["name"] for receiver in receivers} == {"null", "heartbeat", "people", "operators"}
    assert all(set(receiver) == {"name"} for receiver in receivers)


# -- the Alertmanager of deploy/run

STARTER = """
set -euo pipefail
root=$1
source "$root/deploy/build.sh"
source "$root/deploy/alertmanager.sh"
alertmanager_start "$2"
printf '%s %s\\n' "$alertmanager_url" "$alertmanager_pid"
sleep 600 &
wait $!
"""


def listens_on(pid: str) -> list[str]:
    """The addresses on which a process listens."""
    its = {os.readlink(link) for link in Path("/proc", pid, "fd").iterdir() if link.is_symlink()}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in its:
                address, port = local.split(":")
                host = ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
                found.append(f"{host}:{int(port, 16)}")
    return found


def test_deploy_run_starts_an_alertmanager_tells_geleit_of_it_and_ends_it(tmp_path):
    starter = subprocess.Popen(
        ["bash", "-c", STARTER, "starter", ROOT, tmp_path], stdout=subprocess.PIPE, text=True
    )
    try:
        url, pid = starter.stdout.readline().split()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        config = (tmp_path / "alert.toml").read_text("utf-8")
        assert config == f'[[alert.channel]]\nname = "alertmanager"\nkind = "alertmanager"\nurl = "{url}"\n'
        assert listens_on(pid) == [url.removeprefix("http://")], "on loopback, and no port for a cluster"

        labels = {"alertname": "StartDeadlineMissed", "service": "geleit", "rule": "SMN-START"}
        httpx.post(url + "/api/v2/alerts", json=[{"labels": labels}]).raise_for_status()
        (told,) = json.loads(tool("amtool", f"--alertmanager.url={url}", "alert", "--output=json"))
        assert told["labels"] == labels
        assert [receiver["name"] for receiver in told["receivers"]] == ["people"]
    finally:
        starter.send_signal(signal.SIGTERM)
        status = starter.wait(60)
    assert status == 143
    ended = time.monotonic()
    while (alive := Path("/proc", pid).exists()) and time.monotonic() < ended + 5:
        time.sleep(0.05)
    assert not alive, "Alertmanager outlived the script"
