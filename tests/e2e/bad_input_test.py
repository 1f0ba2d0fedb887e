"""Bad input: each kind gets the answer that API.md names, changes nothing, and says “expected …, but …” in
the reader's language. The harness holds every detail against that form (contract.judge_problem)."""

import json
import re
import socket

import pytest

from client import Client, new_id, refused
from story import Case, Story, at, day_after

ROLES = "intake,query"  # versions and records are counted

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(params=["de", "en"])
def speaker(request, server):
    """A client that says nothing of its language, and one that asks for English."""
    client = Client(server.url, language="en" if request.param == "en" else None)
    yield client
    client.close()


@pytest.fixture
def unchanged(client):
    """What the log and the tables hold before and after the test must be the same."""
    story = Story(client, "unberuehrt-" + new_id()[:8])
    case = story.running()

    def picture():
        status = client.get("status")
        return status["positions"], case.now() | {"as_at": None}, len(case.history())

    before = picture()
    yield case
    assert picture() == before


def raw(speaker, body: bytes, headers=None):
    return speaker.request("POST", "/v1/commands", content=body, headers=headers or JSON)


def command(case, name, data, **envelope) -> dict:
    return {"command": name, "id": new_id(), "case": case.id, "data": data, **envelope}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"command": }',
        b'{"command": "DeliverVisit"',
        b"[]",
        b"null",
        b"true",
        b"17",
        b'"DeliverVisit"',
        b"<command/>",
        b'{"command": "DeliverVisit"}}',
        b"{'command': 'DeliverVisit'}",
        b'{"command": "DeliverVisit", }',
        b"\x00",
        b"[" * 10_000,
    ],
)
def test_malformed_json(speaker, unchanged, body):
    """malformed JSON"""
    assert "field" in refused(raw(speaker, body), 400)


@pytest.mark.parametrize(
    "changes,field",
    [
        ({"minutes": "sixty"}, "minutes"),
        ({"minutes": [60]}, "minutes"),
        ({"minutes": {}}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"visit": 5}, "visit"),
        ({"place": 1}, "place"),
        ({"staff": ["m.roth"]}, "staff"),
        ({"started_at": 1772457000}, "started_at"),
        ({"note": {"text": "gut"}}, "note"),
    ],
)
def test_wrong_types(speaker, unchanged, changes, field):
    """wrong types"""
    data = Case.delivery_data("2026-03-02") | changes
    refused(speaker.post(command(unchanged, "DeliverVisit", data)), 400, field=field)


def test_unknown_fields(speaker, unchanged):
    """unknown fields"""
    data = Case.delivery_data("2026-03-02")
    refused(speaker.post(command(unchanged, "DeliverVisit", data | {"mood": "good"})), 400, field="mood")
    refused(speaker.post(command(unchanged, "DeliverVisit", data, mood="good")), 400, field="mood")


@pytest.mark.parametrize(
    "name",
    [
        "PaintTheWall",
        "",
        "delivervisit",
        "DELIVERVISIT",
        "VisitDelivered",
        " DeliverVisit",
        "DeliverVisit\x00",
        "x" * 10_000,
        "💥",
    ],
)
def test_unknown_command(speaker, unchanged, name):
    """unknown command"""
    refused(speaker.post(command(unchanged, name, Case.delivery_data("2026-03-02"))), 400, field="command")


@pytest.mark.parametrize(
    "day",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "2025-02-29",
        "0000-01-01",
        "26-02-20",
        "2026-2-20",
        "2026/02/20",
        "20260220",
        "2026-02-20 ",
        "2026-W08-5",
        "+2026-02-20",
        "99999-01-01",
        "",
    ],
)
def test_impossible_dates(speaker, unchanged, day):
    """impossible dates"""
    refused(
        speaker.post(command(unchanged, "RecordDischarge", {"discharged_on": day})),
        400,
        field="discharged_on",
    )


@pytest.mark.parametrize(
    "instant",
    [
        "2026-03-02T10:00:00",
        "2026-03-02T10:00",
        "2026-03-02 10:00:00+01:00",
        "2026-03-02T25:00:00+01:00",
        "2026-03-02T10:60:00+01:00",
        "2026-03-02T10:00:61+01:00",
        "2026-03-02T10:00:00+0100",
        "2026-03-02T10:00:00+24:00",
        "2026-03-02T10:00:00CET",
        "2026-02-30T10:00:00Z",
        "2026-03-02",
        "T10:00:00Z",
        "",
    ],
)
def test_instants_without_offset_and_impossible_ones(speaker, unchanged, instant):
    """instants without offset"""
    data = Case.delivery_data("2026-03-02", started_at=instant)
    refused(speaker.post(command(unchanged, "DeliverVisit", data)), 400, field="started_at")


@pytest.mark.parametrize(
    "minutes", [0, -1, -45, 1441, 100_000, 2**31, 2**63, 2**64, -(2**63), 10**40, 0.5, 59.999]
)
def test_minutes_out_of_bounds(speaker, unchanged, minutes):
    """minutes 0, negative or 100,000"""
    data = Case.delivery_data("2026-03-02", minutes=minutes)
    refused(speaker.post(command(unchanged, "DeliverVisit", data)), 400, field="minutes")
    schedule = Case.visit_data("2026-07-10", minutes=minutes)
    refused(speaker.post(command(unchanged, "ScheduleVisit", schedule)), 400, field="minutes")


def test_a_visit_before_birth(speaker, unchanged):
    """a visit before birth"""
    data = Case.delivery_data("2025-11-01")  # Mia was born on 2025-11-02
    refused(speaker.post(command(unchanged, "DeliverVisit", data)), 422, rule="REC-BIRTH")


@pytest.mark.parametrize("day", ["2026-07-01", "2027-01-01", "2126-06-30", "9999-12-31"])
def test_a_discharge_in_the_future(speaker, unchanged, day):
    """a discharge in the far future"""
    refused(
        speaker.post(command(unchanged, "RecordDischarge", {"discharged_on": day})),
        400,
        field="discharged_on",
    )


def test_a_version_conflict(speaker, unchanged):
    """version conflict"""
    problem = refused(
        speaker.post(command(unchanged, "AssignCareTeam", {"lead": "m.roth"}, expect_version=3)), 409
    )
    assert problem["version"] == 4
    answer = speaker.post(
        command(unchanged, "AssignCareTeam", {"lead": "m.roth"}), headers={"If-Match": '"3"'}
    )
    assert refused(answer, 409)["version"] == 4


def test_the_same_id_with_other_content(speaker, unchanged):
    """same id with other content"""
    known = unchanged.opened["id"]
    refused(speaker.post(command(unchanged, "AssignCareTeam", {"lead": "m.roth"}, id=known)), 409)


def test_an_ended_case(speaker, client):
    """ended case"""
    case = Story(client, "beendet-" + new_id()[:8]).running()
    case.completes("2026-05-08")
    before = case.now() | {"as_at": None}
    for name, data in (
        ("ScheduleVisit", case.visit_data("2026-07-10")),
        ("AssignCareTeam", {"lead": "m.roth"}),
        ("DeliverVisit", case.delivery_data("2026-05-09")),
    ):
        refused(speaker.post(command(case, name, data)), 409, state="completed")
    assert case.now() | {"as_at": None} == before


def test_an_unknown_case(speaker, unchanged):
    """unknown case"""
    nowhere = Case(speaker, new_id())
    refused(speaker.post(command(nowhere, "AssignCareTeam", {"lead": "m.roth"})), 404)
    refused(speaker.ask(f"cases/{nowhere.id}"), 404)


def test_a_body_over_the_limit(speaker, unchanged):
    """a body over the limit"""
    data = Case.delivery_data("2026-03-02", note="x" * (16 * 1024 * 1024))
    refused(raw(speaker, json.dumps(command(unchanged, "DeliverVisit", data)).encode()), 413)
    line = json.dumps(command(unchanged, "AssignCareTeam", {"lead": "m.roth"})).encode() + b"\n"
    refused(raw(speaker, line + b" " * (16 * 1024 * 1024), NDJSON), 413)


def test_a_body_announced_over_the_limit_is_not_read(server, unchanged):
    """a body over the limit"""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_one_bad_line_among_thousands(client):
    """NDJSON with one bad line among thousands (the others are recorded)"""
    story = Story(client, "tausende-" + new_id()[:8])
    good = [
        {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
        for _ in range(4000)
    ]
    for bad in (
        b"{",
        b"\xff\xfe{}",
        json.dumps({**good[0], "id": new_id(), "case": new_id(), "data": 5}).encode(),
    ):
        batch = [{**c, "id": new_id(), "case": new_id()} for c in good[:1000]]
        answers = client.lines([*batch[:700], bad, *batch[700:]])
        assert answers[700]["status"] == 400
        assert [a["version"] for a in answers if "status" not in a] == [1] * 1000
        assert [a["case"] for i, a in enumerate(answers) if i != 700] == [c["case"] for c in batch]
    assert len(client.rows("cases", provider=story.provider)) == 3000


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"Mia\xe9"]
)
def test_invalid_utf_8(speaker, unchanged, text):
    """invalid UTF-8"""
    body = (
        json.dumps(command(unchanged, "WithdrawReferral", {"reason": "@@"})).encode().replace(b"@@", text)
    )
    assert "field" in refused(raw(speaker, body), 400)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800x"])
def test_half_a_surrogate(speaker, unchanged, escape):
    """invalid UTF-8 (an escape that names no character)"""
    body = json.dumps(command(unchanged, "AgreeCarePlan", {"agreed_on": "2026-03-01", "goals": ["@@"]}))
    refused(raw(speaker, body.replace("@@", escape).encode()), 400)


@pytest.mark.parametrize(
    "params,field",
    [
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"state": "asleep"}, "state"),
        ({"referred_on.from": "yesterday"}, "referred_on.from"),
        ({"case": "1"}, "case"),
        ({"limit": "many"}, "limit"),
        ({"sort": "beauty"}, "sort"),
        ({"colour": "blue"}, "colour"),
        ({"today": "never"}, "today"),
        ({"wait_for": "soon"}, "wait_for"),
    ],
)
def test_nonsense_in_cursor_and_filters(speaker, unchanged, params, field):
    """nonsense in cursor and filters"""
    refused(speaker.ask("cases", fresh=False, **params), 400, field=field)


def test_texts_of_every_script_survive(client):
    """what is well-formed is kept as it is"""
    story = Story(client, "schrift-" + new_id()[:8])
    for name in (
        "Müller-Lüdenscheidt",
        "Ólafur",
        "Ὀδυσσεύς",
        "山田",
        "بيان",
        "👩‍👧",
        "O'Neil; DROP TABLE",
        '"quoted"',
        "a\\b",
        "<b>fett</b>",
        "\u202eaim",
        "x" * 200,
    ):
        person = {"given_name": "Mia", "family_name": name, "born": "2025-11-02"}
        assert story.referral(person=person).now()["person"]["family_name"] == name


def test_the_connection_survives_a_refusal(server):
    """keep-alive: a client that erred goes on on the same connection"""
    client = Client(server.url)
    story = Story(client, "verbunden-" + new_id()[:8])
    for _ in range(3):
        refused(story.tries_referral(units=0), 400, field="units")
        story.referral()
    assert len(client.rows("cases", provider=story.provider)) == 3
    client.close()


def test_requests_may_be_pipelined(server):
    """keep-alive, pipelining"""
    host, port = server.url.removeprefix("http://").split(":")
    ask = b"GET /v1/cases?limit=%d HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(ask % (0, b"") + ask % (1, b"") + ask % (501, b"Connection: close\r\n"))
        told = b""
        while part := connection.recv(65536):
            told += part
    assert re.findall(rb"HTTP/1\.1 (\d+)", told) == [b"400", b"200", b"400"]


def test_a_case_that_ends_today_keeps_tomorrow_out(client):
    """ended case: the day after its end"""
    case = Story(client, "morgen-" + new_id()[:8]).running()
    case.discontinues("2026-06-29")
    refused(
        case.tries(
            "DeliverVisit",
            case.delivery_data(day_after("2026-06-29"), started_at=at("2026-06-30", "08:00")),
        ),
        409,
        state="discontinued",
    )
