"""From the missed deadline to the person: what goes out through which channel, when, how often, and what is
recorded of it (services/alert/README.md)."""

import datetime
import json
import os
import random
import re
import shutil
import subprocess
import time
from collections import Counter

import httpx
import pytest

from channels import SECRET, Channels, eventually, told_by
from client import new_id
from program import ROOT, free_port, geleit
from sinks import ERROR, GARBAGE, GONE, HALF_ANSWER, HANGS, SmtpSink, WebhookSink
from sinks import busy, moved, verify
from story import BERLIN, Case, Story, at

SATURDAY = at("2026-04-04", "00:00:00")  # the start of whoever was discharged on 2026-02-20 is missed
KILL_ROUNDS = int(os.environ.get("GELEIT_ALERT_KILL_ROUNDS", "20"))


@pytest.fixture
def channels(tmp_path):
    return Channels(tmp_path)


@pytest.fixture
def hook():
    with WebhookSink() as sink:
        yield sink


@pytest.fixture
def post():
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def alertmanager(tmp_path):
    """Debian's own, with the configuration that Geleit ships."""
    url = f"http://127.0.0.1:{free_port()}"
    with open(tmp_path / "alertmanager.log", "wb") as log:
        process = subprocess.Popen(
            [
                shutil.which("prometheus-alertmanager"),
                f"--config.file={ROOT / 'deploy' / 'prometheus' / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'alertmanager'}",
                f"--web.listen-address={url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        def ready():
            try:
                return httpx.get(url + "/-/ready").status_code == 200
            except httpx.TransportError:
                return False

        eventually(ready)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def shown_by(alertmanager: str) -> dict[str, dict]:
    """The alerts of cases that fire there, by id."""
    alerts = httpx.get(alertmanager + "/api/v2/alerts", params={"active": "true"}).json()
    return {one["labels"]["alert"]: one for one in alerts if "alert" in one["labels"]}


def discharged_so_long_ago(days: int) -> dict:
    day = (datetime.datetime.now(BERLIN).date() - datetime.timedelta(days)).isoformat()
    return {"discharged_on": day, "received_on": day, "prescribed_on": day}


def sent(case: Case) -> list[tuple]:
    return [(one["channel"], one["level"], one["number"], one["outcome"]) for one in case.alert()["sent"]]


# ---------------------------------------------------------------- the whole way


def test_six_weeks_and_a_day_later_everybody_knows_and_the_first_visit_ends_it(
    serve, channels, hook, post, alertmanager
):
    channels.add("am", "alertmanager", url=alertmanager).mail(post).ndjson().hook(hook)
    discharged = datetime.datetime.now(BERLIN) - datetime.timedelta(43)
    server, client = serve(clock=discharged.replace(microsecond=0).isoformat(), extra=channels.arguments())
    case = Story(client).referral(**discharged_so_long_ago(43))
    time.sleep(1.5)
    assert case.events() == ["ReferralReceived"]
    assert not hook.requests and not post.mails and not channels.lines()
    server.stop()

    _, client = serve(clock=None, extra=channels.arguments())
    case = Case(client, case.id)
    request, mail = hook.inbox.wait(1)[0], post.inbox.wait(1)[0]
    told = verify(request.headers, request.body, SECRET)
    event = case.history()[1]
    assert event["event"] == "StartDeadlineMissed"
    alert = case.alert()
    assert (told["type"], told["data"]["alert"]) == ("alert.opened", alert["alert"])
    assert told["data"]["case"] == case.id
    assert request.headers["webhook-id"] == told["data"]["id"]
    assert mail.recipients == ["team@example.org"]
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert f"https://geleit.example.org/cases/{case.id}" in mail.text()
    everything = request.body.decode() + mail.text() + mail.text("html") + json.dumps(channels.lines())
    assert not re.search("Mia|Musterkind|P07", everything)
    fires = eventually(lambda: shown_by(alertmanager).get(alert["alert"]))
    assert fires["labels"]["alertname"] == "GeleitStartDeadlineMissed"
    assert datetime.datetime.fromisoformat(fires["endsAt"]) > datetime.datetime.now(BERLIN)
    eventually(lambda: len(sent(case)) == 4)
    assert {one[0] for one in sent(case)} == {"am", "post", "datei", "hook"}
    assert {one[1:] for one in sent(case)} == {(1, 1, "delivered")}

    yesterday = datetime.datetime.now(BERLIN).date() - datetime.timedelta(1)
    case.is_visited(yesterday.isoformat())
    closed = verify(hook.inbox.wait(2)[1].headers, hook.requests[1].body, SECRET)
    assert (closed["type"], closed["data"]["cause"]) == ("alert.closed", "met")
    answer = post.inbox.wait(2)[1].message
    assert answer["In-Reply-To"] and answer["Subject"].startswith("Re: ")
    eventually(lambda: alert["alert"] not in shown_by(alertmanager))
    eventually(lambda: len(sent(case)) == 8)
    assert [line["type"] for line in channels.lines()] == ["alert.opened", "alert.closed"]
    assert (case.alert()["state"], case.alert()["closed_by"]) == ("closed", "met")
    assert client.get("status")["alert"]["open"] == 0


# ---------------------------------------------------------------- once


def test_nothing_goes_out_again_after_a_restart_nor_after_a_rebuild(serve, channels, hook):
    channels.hook(hook).ndjson()
    server, client = serve(clock=SATURDAY, extra=channels.arguments())
    case = Story(client).referral()
    hook.inbox.wait(1)
    eventually(lambda: case.alerts() and len(sent(case)) == 2)
    for rebuilt in (False, True):
        server.stop()
        if rebuilt:
            shutil.rmtree(server.data / "tables")
        server, client = serve(clock=SATURDAY, extra=channels.arguments())
        assert hook.inbox.is_quiet(2.5)
    assert len(channels.lines()) == 1
    assert len(sent(Case(client, case.id))) == 2


def test_killed_at_any_moment_each_missed_start_is_one_event_and_told_at_least_once(serve, channels, hook):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    channels.hook(hook).ndjson()
    cases = []
    for _ in range(KILL_ROUNDS):
        server, client = serve(clock=SATURDAY, extra=channels.arguments())
        story = Story(client)
        lines = []
        for _ in range(chance.randrange(1, 6)):
            cases.append(new_id())
            lines.append(
                {"command": "ReceiveReferral", "id": new_id(), "case": cases[-1], "data": story.data()}
            )
        assert all("status" not in answer for answer in client.lines(lines)), seed
        time.sleep(chance.uniform(0, 0.6))
        server.kill()
    _, client = serve(clock=SATURDAY, extra=channels.arguments())

    def all_told():
        rows = client.rows("alerts")
        return len(rows) == len(cases) and all(len(row["sent"]) == 2 for row in rows) and rows

    alerts = {row["alert"]: row["case"] for row in eventually(all_told, 60)}
    told = [told_by(request) for request in hook.requests]
    ids = {one["data"]["alert"] for body in told for one in body}
    assert ids == set(alerts), f"seed {seed}: told without an event, or the other way round"
    assert sorted(alerts.values()) == sorted(cases), seed
    for case in cases:
        names = Counter(row["event"] for row in Case(client, case).history())
        assert names == {"ReferralReceived": 1, "StartDeadlineMissed": 1, "AlertSent": 2}, (seed, names)
    # The same id, however often it was tried.
    by_alert = {}
    for request in hook.requests:
        for one in told_by(request):
            assert by_alert.setdefault(one["data"]["alert"], one["data"]["id"]) == one["data"]["id"], seed


def test_many_at_once_are_no_flood(serve, channels, hook, post):
    """More than singles_max (20) urgent ones of a team in a channel within an hour go together."""
    channels.hook(hook).mail(post)
    _, client = serve(clock=at("2026-04-03", "23:59:57"), extra=channels.arguments())
    story = Story(client)
    lines = [
        {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
        for _ in range(120)
    ]
    assert all("status" not in answer for answer in client.lines(lines))

    def told() -> set:
        return {one["data"]["alert"] for request in hook.requests for one in told_by(request)}

    eventually(lambda: len(told()) >= 100, 30)
    assert len(hook.requests) <= 21 and len(post.mails) <= 21
    assert any(request.json()["type"] == "alerts.opened" for request in hook.requests)


# ---------------------------------------------------------------- channels that fail


@pytest.mark.parametrize(
    "first", [ERROR, busy(1), GARBAGE, HALF_ANSWER, HANGS], ids=["500", "429", "garbage", "half", "hangs"]
)
def test_a_channel_that_fails_is_tried_again_and_holds_back_no_other(serve, channels, hook, first):
    hook.script = [first]
    channels.hook(hook).ndjson()
    _, client = serve(clock=SATURDAY, extra=channels.arguments())
    case = Story(client).referral()
    eventually(lambda: channels.lines(), 3)
    requests = hook.inbox.wait(2, 30)
    assert requests[0].headers["webhook-id"] == requests[1].headers["webhook-id"]
    assert requests[0].body == requests[1].body
    eventually(lambda: ("hook", 1, 1, "delivered") in sent(case))
    (channel,) = [one for one in client.get("status")["alert"]["channels"] if one["name"] == "hook"]
    assert (channel["again"], channel["delivered"]) == (1, 1)


@pytest.mark.parametrize("answer, outcome", [(moved("http://127.0.0.1:1/"), "refused"), (GONE, "gone")])
def test_a_channel_that_has_moved_or_is_gone_is_not_asked_again(serve, channels, hook, answer, outcome):
    hook.otherwise = answer
    channels.hook(hook)
    _, client = serve(clock=SATURDAY, extra=channels.arguments())
    case = Story(client).referral()
    hook.inbox.wait(1)
    eventually(lambda: case.alerts() and sent(case))
    assert hook.inbox.is_quiet(2)
    assert sent(case)[0][3].startswith(outcome)
    (channel,) = client.get("status")["alert"]["channels"]
    assert channel["disabled"] == (outcome == "gone")


def test_whoever_acknowledges_before_it_could_go_out_is_told_no_more(serve, channels, hook):
    hook.down()
    channels.hook(hook)
    _, client = serve(clock=SATURDAY, extra=channels.arguments())
    case = Story(client).referral().settles()
    case.does("AcknowledgeAlert", {"alert": case.alert()["alert"]})
    hook.up()
    assert hook.inbox.is_quiet(8)
    assert sent(case) == []


# ---------------------------------------------------------------- again, and up


def test_it_is_told_again_on_demand_and_when_a_snooze_has_ended(serve, channels, hook):
    channels.hook(hook)
    server, client = serve(clock=SATURDAY, extra=channels.arguments())
    case = Story(client).referral()
    hook.inbox.wait(1)
    eventually(lambda: case.alerts() and sent(case))
    alert = case.alert()["alert"]
    done = geleit("alert", "resend", alert, "--server", server.url)
    assert done.returncode == 0, done.stderr
    assert json.loads(hook.inbox.wait(2)[1].body)["data"]["number"] == 3
    eventually(lambda: len(sent(case)) == 2)
    case.does("SnoozeAlert", {"alert": alert, "until": "2026-04-07", "reason": "Feiertage"})
    server.stop()
    _, client = serve(clock=at("2026-04-07", "07:59:00"), extra=channels.arguments())
    assert json.loads(hook.inbox.wait(3)[2].body)["data"]["number"] == 5
    assert geleit("alert", "resend", new_id(), "--server", client.url).returncode == 1


def test_what_nobody_answers_reaches_the_next_level(serve, channels, hook):
    with WebhookSink() as lead:
        channels.hook(hook, "team", levels=[1]).hook(lead, "leitung", levels=[2])
        server, client = serve(clock=at("2026-04-07", "08:00:00"), extra=channels.arguments())
        case = Story(client).referral()
        hook.inbox.wait(1)
        eventually(lambda: case.alerts() and sent(case))
        server.stop()
        _, client = serve(clock=at("2026-04-07", "16:30:00"), extra=channels.arguments())
        told = json.loads(lead.inbox.wait(1)[0].body)["data"]
        assert (told["alert"], told["level"]) == (Case(client, case.id).alert()["alert"], 2)
        assert len(hook.requests) == 1


# ---------------------------------------------------------------- digests


def test_what_is_not_urgent_comes_by_mail_once_each_working_day_at_seven(serve, channels, post):
    channels.mail(post)
    server, client = serve(clock=at("2026-04-08", "06:59:57"), extra=channels.arguments())
    # The insurer's answer was due until the Tuesday after Easter; the other's start is due in two days.
    late = Story(client).referral(discharged_on="2026-03-20")
    late.does("SubmitApplication", {"units": 12, "submitted_on": "2026-03-13"})
    close = Story(client).referral(discharged_on="2026-02-27")
    mail = post.inbox.wait(1)[0]
    assert "GKV-DECISION" in mail.text() and late.id in mail.text()
    assert "Bald fällig" in mail.text() and close.id in mail.text()
    eventually(lambda: sent(late) == [("post", 1, 1, "delivered")])
    server.stop()
    _, client = serve(clock=at("2026-04-08", "07:01:00"), extra=channels.arguments())
    assert post.inbox.is_quiet(2.5), "once a day"


def test_a_day_with_nothing_to_say_has_no_digest(serve, channels, post):
    channels.mail(post)
    _, client = serve(clock=at("2026-04-08", "06:59:58"), extra=channels.arguments())
    Story(client).referral(discharged_on="2026-04-01")
    assert post.inbox.is_quiet(4)


# ---------------------------------------------------------------- configuration


def test_a_wrong_configuration_is_refused_by_name(tmp_path, channels):
    channels.add("post", "mail", url="smtp://127.0.0.1:1")
    done = geleit("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *channels.arguments())
    assert done.returncode == 2
    assert "config.toml" in done.stderr and "from" in done.stderr
