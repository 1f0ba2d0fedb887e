"""API.md, Meanings that must not be guessed: Getting in; and the envelope of POST /v1/commands."""

import datetime
import json
import time
import uuid

import pytest

from client import new_id, refused
from story import Case, Story

ROLES = "intake,query"  # versions and records are counted

V5 = str(uuid.uuid5(uuid.NAMESPACE_URL, "chosen by nobody"))


def instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def test_without_tokens_every_caller_has_all_providers(client, story):
    """Without configured tokens `serve` on loopback asks for none: every caller has all roles and
    providers."""
    here = story.referral()
    there = Story(client, story.provider + "-b").referral()
    assert [row["case"] for row in client.rows("cases", provider=story.provider)] == [here.id]
    assert [row["case"] for row in client.rows("cases", provider=story.provider + "-b")] == [there.id]
    assert here.now()["person"]["given_name"] == "Mia"


def test_a_page_of_another_site_gets_nothing(client, story):
    """Without tokens only this machine may call, and its browser calls for others too."""
    story.referral()
    for headers, field in [
        ({"Host": "evil.example"}, "Host"),
        ({"Origin": "http://evil.example"}, "Origin"),
        ({"Origin": "null"}, "Origin"),
    ]:
        answer = client.http.get("/v1/cases", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (403, field)
    assert client.http.get("/v1/cases", headers={"Host": "localhost"}).status_code == 200


def test_by_is_the_commands(story):
    """… and `by` is the command's."""
    case = story.referral()
    case.does("AssignCareTeam", {"lead": "m.roth"}, by="k.leitung")
    case.does("AssignCareTeam", {"lead": "m.roth"})
    opened, by_somebody, by_nobody = case.history()
    assert (opened["by"], by_somebody["by"], by_nobody["by"]) == (None, "k.leitung", None)


def test_a_referral_may_name_a_new_case(client, story):
    """`ReceiveReferral` may name a new `case`; one already in use is 409."""
    case = new_id()
    accepted = client.done("ReceiveReferral", case, story.data())
    assert (accepted["case"], accepted["version"], accepted["event"]) == (case, 1, "ReferralReceived")
    problem = refused(client.command("ReceiveReferral", case, story.data()), 409)
    assert problem["case"] == case
    assert len(Case(client, case).history()) == 1


def test_a_case_in_use_is_409_for_another_provider_too(client, story):
    """one already in use is 409 (whose it is plays no part)"""
    case = story.referral().id
    refused(client.command("ReceiveReferral", case, story.data(provider=story.provider + "-b")), 409)


def test_ids_are_read_in_any_case_and_answered_in_lower_case(client, story):
    """ids are UUIDs v4 or v7 (RFC 9562: upper case is understood, lower case is written)"""
    case, command = new_id(), new_id()
    accepted = client.done("ReceiveReferral", case.upper(), story.data(), id=command.upper())
    assert (accepted["case"], accepted["id"]) == (case, command)
    assert client.get(f"cases/{case.upper()}")["case"] == case


@pytest.mark.embedded
def test_the_clock_starts_at_its_instant_and_runs_at_normal_pace(serve):
    """`--clock INSTANT` sets the time at the start, then runs at normal pace; `recorded` and today follow
    the clock"""
    clock = "2026-04-04T09:00:00+02:00"
    _, client = serve(clock=clock)
    case = Story(client).referral()
    first = instant(case.opened["recorded"])
    assert instant(clock) <= first <= instant(clock) + datetime.timedelta(seconds=60)
    time.sleep(1.5)
    second = instant(case.applies()["recorded"])
    assert datetime.timedelta(seconds=1.4) < second - first < datetime.timedelta(seconds=15)
    assert client.get("cases")["as_at"]["today"] == "2026-04-04"
    now = instant(client.get("status")["clock"]["now"])
    assert second <= now < second + datetime.timedelta(seconds=15)


def test_today_is_the_berlin_date_of_the_clock(serve):
    """All dates are civil dates in Europe/Berlin; an instant becomes a date by that zone, never by UTC."""
    _, client = serve(clock="2026-03-02T23:30:00Z")
    assert client.get("cases")["as_at"]["today"] == "2026-03-03"
    story = Story(client)
    story.referral(received_on="2026-03-03")
    refused(story.tries_referral(received_on="2026-03-04"), 400, field="received_on")


@pytest.mark.embedded
def test_the_entered_clock_takes_the_largest_entered(serve):
    """`--clock entered` takes it from the commands' `entered` (the largest seen)"""
    _, client = serve(clock="entered")
    data = Story(client).data(discharged_on=None)
    case = Case(client, new_id())
    opened = client.done("ReceiveReferral", case.id, data, entered="2026-02-19T14:00:00+01:00")
    assert instant(opened["recorded"]) == instant("2026-02-19T14:00:00+01:00")
    assert client.get("cases")["as_at"]["today"] == "2026-02-19"
    later = case.does("AssignCareTeam", {"lead": "m.roth"}, entered="2026-03-01T08:00:00+01:00")
    assert instant(later["recorded"]) == instant("2026-03-01T08:00:00+01:00")
    behind = case.does("AssignCareTeam", {"lead": "a.ander"}, entered="2026-02-25T08:00:00+01:00")
    assert instant(behind["recorded"]) == instant("2026-03-01T08:00:00+01:00")
    without = case.does("AssignCareTeam", {"lead": "m.roth"})
    assert instant(without["recorded"]) == instant("2026-03-01T08:00:00+01:00")
    assert client.get("cases")["as_at"]["today"] == "2026-03-01"
    assert [instant(row["recorded"]) for row in case.history()][0] == instant("2026-02-19T14:00:00+01:00")


@pytest.mark.embedded
def test_what_is_a_fact_follows_the_entered_clock(serve):
    """a *fact* dated after today is 400; today follows the clock"""
    _, client = serve(clock="entered")
    data = Story(client).data(received_on="2026-02-20")
    early = client.command("ReceiveReferral", new_id(), data, entered="2026-02-19T14:00:00+01:00")
    refused(early, 400, field="received_on")
    client.done("ReceiveReferral", new_id(), data, entered="2026-02-20T00:00:00+01:00")


@pytest.mark.embedded
def test_happened_defaults_to_the_entered_clock(serve):
    """`happened` defaults to now"""
    _, client = serve(clock="entered")
    data = Story(client).data(received_on=None)
    case = client.done("ReceiveReferral", new_id(), data, entered="2026-02-24T14:00:00+01:00")["case"]
    assert client.get(f"cases/{case}")["referred_on"] == "2026-02-24"


@pytest.mark.embedded
def test_any_other_clock_ignores_entered(client, story):
    """with any other clock the field is ignored"""
    accepted = client.done("ReceiveReferral", new_id(), story.data(), entered="2031-01-01T00:00:00+01:00")
    assert accepted["recorded"].startswith("2026-06-30T")
    accepted = client.done("ReceiveReferral", new_id(), story.data(), entered="2001-01-01T00:00:00+01:00")
    assert accepted["recorded"].startswith("2026-06-30T")


def test_recorded_never_goes_back(serve):
    """`recorded` never goes back (the running maximum in its partition)"""
    first, client = serve(clock="2026-06-30T12:00:00+02:00")
    case = Story(client).referral()
    before = instant(case.opened["recorded"])
    assert first.stop() == 0
    _, client = serve(clock="2026-03-30T12:00:00+02:00")
    after = Case(client, case.id).does("AssignCareTeam", {"lead": "m.roth"})
    assert instant(after["recorded"]) >= before
    assert client.get("cases")["as_at"]["today"] == "2026-03-30"


def test_a_case_id_left_out_is_made_of_the_commands_id(client, story):
    """An id that is left out (case, person, visit, approval) is UUIDv5 of the command's id and the kind"""
    command = new_id()
    accepted = client.done("ReceiveReferral", None, story.data(), id=command)
    assert accepted["case"] == str(uuid.uuid5(uuid.UUID(command), "case"))


def test_a_person_visit_or_approval_id_left_out_is_made_of_the_commands_id(client, story):
    """An id that is left out (case, person, visit, approval) is UUIDv5 of the command's id and the kind"""
    referral, schedule, grant = new_id(), new_id(), new_id()
    case = Case(client, client.done("ReceiveReferral", new_id(), story.data(), id=referral)["case"])
    assert case.now()["person"]["person_id"] == str(uuid.uuid5(uuid.UUID(referral), "person"))
    scheduled = case.visit_data("2026-07-10")
    del scheduled["visit"]
    case.does("ScheduleVisit", scheduled, id=schedule)
    assert [v["visit"] for v in case.rows("visits")] == [str(uuid.uuid5(uuid.UUID(schedule), "visit"))]
    case.applies()
    case.does("GrantApproval", case.approval_data(), id=grant)
    assert [a["approval"] for a in case.now()["approvals"]] == [
        str(uuid.uuid5(uuid.UUID(grant), "approval"))
    ]


def test_clients_may_refer_to_v5_ids(client, story):
    """clients may refer to v5 ids but not choose them"""
    case = Case(client, client.done("ReceiveReferral", None, story.data())["case"])
    assert uuid.UUID(case.id).version == 5
    case.applies()
    case.does("GrantApproval", case.approval_data())
    approval = case.now()["approvals"][0]["approval"]
    case.does("RevokeApproval", {"approval": approval, "reason": "Versehen der Kasse"})
    scheduled = case.visit_data("2026-06-30", "08:00")
    del scheduled["visit"]
    case.does("ScheduleVisit", scheduled)
    visit = case.rows("visits")[0]["visit"]
    case.does("DeliverVisit", {"visit": visit, "minutes": 45})
    assert case.visit_row(visit)["state"] == "delivered"


def test_clients_may_not_choose_v5_ids(client, story):
    """… not choose them (as a command's `id` or the `case` of a new referral: 400)"""
    refused(client.command("ReceiveReferral", new_id(), story.data(), id=V5), 400, field="id")
    refused(client.command("ReceiveReferral", V5, story.data()), 400, field="case")
    assert client.rows("cases", provider=story.provider) == []


@pytest.mark.parametrize("version", [1, 2, 3, 6, 8])
def test_ids_of_other_versions_are_malformed(client, story, version):
    """ids are UUIDs v4 or v7"""
    other = new_id()
    other = other[:14] + str(version) + other[15:]
    refused(client.command("ReceiveReferral", new_id(), story.data(), id=other), 400, field="id")


def test_a_v7_id_is_taken(client, story):
    """ids are UUIDs v4 or v7"""
    made = "019500a0-" + new_id()[9:14] + "7" + new_id()[15:]
    assert client.done("ReceiveReferral", new_id(), story.data(), id=made)["id"] == made


def test_an_id_left_out_is_minted(client, story):
    """`id` may be left out (then minted, and not safe to retry); Geleit mints v7 (DESIGN.md)"""
    command = {"command": "ReceiveReferral", "data": story.data()}
    first, second = client.post(command).json(), client.post(command).json()
    assert uuid.UUID(first["id"]).version == 7
    assert first["id"] != second["id"] and first["case"] != second["case"]


def test_the_idempotency_key_is_the_id(client, story):
    """`id` … be given by the `Idempotency-Key` header"""
    key, case = new_id(), new_id()
    command = {"command": "ReceiveReferral", "case": case, "data": story.data()}
    first = client.post(command, headers={"Idempotency-Key": key})
    again = client.post(command, headers={"Idempotency-Key": key})
    assert first.json()["id"] == key
    assert again.json() == {**first.json(), "repeated": True}
    assert client.post({**command, "id": key}).json() == {**first.json(), "repeated": True}
    refused(client.post(command, headers={"Idempotency-Key": "nonsense"}), 400)
    refused(client.post(command, headers={"Idempotency-Key": V5}), 400)


def test_expect_version_and_if_match_are_the_same(client, story):
    """`expect_version` (or `If-Match`) is optional; `ETag`/`If-Match` = case version (DESIGN.md)"""
    case = story.referral()
    seen = case.client.ask(f"cases/{case.id}")
    assert seen.headers["etag"] == '"1"'
    lead = {"lead": "m.roth"}
    assert case.does("AssignCareTeam", lead, expect_version=1)["version"] == 2
    assert refused(case.tries("AssignCareTeam", lead, expect_version=1), 409)["version"] == 2
    assert refused(case.tries("AssignCareTeam", lead, headers={"If-Match": '"1"'}), 409)["version"] == 2
    assert case.does("AssignCareTeam", lead, headers={"If-Match": '"2"'})["version"] == 3
    assert refused(case.tries("AssignCareTeam", lead, expect_version=9), 409)["version"] == 3
    assert case.version == 3


def test_happened_is_an_instant_or_a_whole_day(story):
    """`happened` defaults to now; a date means the whole civil day"""
    day = story.referral(happened="2026-02-19", received_on=None)
    moment = story.referral(happened="2026-02-19T23:30:00Z", received_on=None)
    default = story.referral(received_on=None)
    assert day.now()["referred_on"] == "2026-02-19"
    assert day.history()[0]["happened"] == "2026-02-19"
    assert moment.now()["referred_on"] == "2026-02-20"
    assert instant(moment.history()[0]["happened"]) == instant("2026-02-19T23:30:00+00:00")
    assert default.now()["referred_on"] == "2026-06-30"


def test_wait_for_reads_ones_own_write(client, story):
    """`wait_for=<partition>:<offset>` (read your own write)"""
    for _ in range(20):
        case = story.referral()
        position = case.opened["position"]
        rows = client.get(
            "cases", fresh=False, case=case.id, wait_for=f"{position['partition']}:{position['offset']}"
        )["items"]
        assert [row["case"] for row in rows] == [case.id]


def test_wait_for_may_be_repeated_and_all_must_be_reached(client, story):
    """`wait_for` may be repeated; all positions must be reached, else 503 with `Retry-After` after 5 s."""
    one = story.referral().opened["position"]
    reached = f"{one['partition']}:{one['offset']}"
    far = f"{one['partition']}:{one['offset'] + 1_000_000}"
    assert client.ask("cases", fresh=False, wait_for=[reached, reached], limit=1).status_code == 200
    begun = time.monotonic()
    late = client.ask("cases", fresh=False, wait_for=[reached, far], limit=1)
    took = time.monotonic() - begun
    assert late.status_code == 503 and int(late.headers["retry-after"]) >= 0
    assert 4.5 <= took <= 9, took


@pytest.mark.parametrize(
    "nonsense", ["", "1", "a:b", "0:", ":5", "-1:5", "0:-5", "0:5:7", "0:1e3", "99999999999:1"]
)
def test_wait_for_is_a_partition_and_an_offset(client, nonsense):
    """`wait_for=<partition>:<offset>`"""
    refused(client.ask("cases", fresh=False, wait_for=nonsense), 400, field="wait_for")


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1.5", ""])
def test_limit_is_1_to_500(client, limit):
    """`limit` is 1 to 500"""
    refused(client.ask("cases", limit=limit), 400, field="limit")


def test_limit_is_100_by_default(client, story):
    """`limit` is 1 to 500, default 100"""
    answers = client.lines(
        {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
        for _ in range(101)
    )
    assert all(a.get("version") == 1 for a in answers), answers
    page = client.get("cases", provider=story.provider)
    assert len(page["items"]) == 100 and page["next"]
    assert len(client.get("cases", provider=story.provider, cursor=page["next"])["items"]) == 1
    assert len(client.get("cases", provider=story.provider, limit=500)["items"]) == 101
    assert len(client.get("cases", provider=story.provider, limit=1)["items"]) == 1


def test_a_list_without_filters_holds_all_states(client, story):
    """a list without filters holds all states, ended cases included"""
    open_case, ended = story.referral(), story.referral()
    ended.does("WithdrawReferral", {"reason": "Familie verzichtet"})
    listed = {row["case"]: row["state"] for row in client.rows("cases", provider=story.provider)}
    assert listed == {open_case.id: "referred", ended.id: "withdrawn"}


def test_ndjson_is_answered_line_by_line_in_order(client, story):
    """many, one a line, answered line by line in order, each independently accepted or refused"""
    case = new_id()
    referral = {"command": "ReceiveReferral", "id": new_id(), "case": case, "data": story.data()}
    visit = Case.delivery_data("2026-03-02")
    lines = [
        referral,
        {"command": "DeliverVisit", "id": new_id(), "case": case, "data": visit},
        "this is no JSON",
        {"command": "DeliverVisit", "id": new_id(), "case": case, "data": {**visit, "minutes": 0}},
        {"command": "AssignCareTeam", "id": new_id(), "case": new_id(), "data": {"lead": "m.roth"}},
        {
            "command": "ScheduleVisit",
            "id": new_id(),
            "case": case,
            "data": {k: v for k, v in Case.visit_data("2026-07-10").items() if k != "category"},
        },
        referral,
        {
            "command": "CorrectVisit",
            "id": new_id(),
            "case": case,
            "data": {"visit": visit["visit"], "minutes": 45, "reason": "Tippfehler"},
        },
    ]
    answers = client.lines(lines)
    assert [a.get("status", a.get("version")) for a in answers] == [1, 2, 400, 400, 404, 422, 1, 3]
    assert [a.get("repeated", False) for a in answers] == [False] * 6 + [True, False]
    assert answers[3]["field"] == "minutes" and answers[5]["rule"] == "SMN-CATEGORY"
    assert Case(client, case).visit_row(visit["visit"])["minutes"] == 45


def test_ndjson_answers_are_ndjson(client, story):
    """`application/x-ndjson`: many, one a line"""
    answer = client.request(
        "POST", "/v1/commands", content=b"{}\n{}", headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.headers["content-type"].split(";")[0] == "application/x-ndjson"
    assert answer.text.count("\n") == 2 and answer.text.endswith("\n")


def test_ndjson_holds_10000_lines(client):
    """one NDJSON body holds at most 10,000 lines or 16 MiB (413)"""
    answers = client.lines(["{}"] * 10_000)
    assert len(answers) == 10_000 and {a["status"] for a in answers} == {400}


def test_ndjson_of_10001_lines_is_too_large(client, story):
    """one NDJSON body holds at most 10,000 lines or 16 MiB (413); nothing of it is recorded"""
    command = {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
    body = (json.dumps(command) + "\n").encode() + b"{}\n" * 10_000
    answer = client.request(
        "POST", "/v1/commands", content=body, headers={"Content-Type": "application/x-ndjson"}
    )
    refused(answer, 413)
    assert client.rows("cases", provider=story.provider) == []


@pytest.mark.parametrize("media", ["application/x-ndjson", "application/json"])
def test_a_body_beyond_16_mib_is_too_large(client, media):
    """at most 10,000 lines or 16 MiB (413)"""
    body = b'{"command": "' + b"x" * (16 * 1024 * 1024) + b'"}'
    refused(client.request("POST", "/v1/commands", content=body, headers={"Content-Type": media}), 413)
    assert client.ask("cases", limit=1).status_code == 200


def test_dry_run_decides_without_recording(client, story):
    """`?dry_run=true` decides without recording."""
    case = story.referral()
    before = case.now()
    command = {
        "command": "DeliverVisit",
        "id": new_id(),
        "case": case.id,
        "data": case.delivery_data("2026-03-02", minutes=50),
    }
    tried = client.post(command, dry_run=True).json()
    assert (tried["event"], tried["version"], tried["case"]) == ("VisitDelivered", 2, case.id)
    assert {f["rule"] for f in tried["findings"]} >= {"SMN-UNIT"}
    bad = {**command, "data": {**command["data"], "minutes": 0}}
    refused(client.post(bad, dry_run=True), 400, field="minutes")
    after = case.now()
    assert {**after, "as_at": None} == {**before, "as_at": None}
    assert len(case.history()) == 1
    really = client.post(command, dry_run=False).json()
    assert really["version"] == 2 and "repeated" not in really
    assert really["findings"] == tried["findings"]


def test_a_dry_run_of_a_new_case_leaves_no_case(client, story):
    """`?dry_run=true` decides without recording."""
    case = new_id()
    tried = client.command("ReceiveReferral", case, story.data(), dry_run=True)
    assert tried.status_code == 200 and tried.json()["version"] == 1
    assert client.rows("cases", provider=story.provider) == []
    refused(client.ask(f"cases/{case}"), 404)
    assert client.command("ReceiveReferral", case, story.data()).json()["version"] == 1


def test_dry_run_of_ndjson_records_nothing(client, story):
    """`?dry_run=true` decides without recording."""
    lines = [
        {"command": "ReceiveReferral", "id": new_id(), "case": new_id(), "data": story.data()}
        for _ in range(3)
    ]
    answers = client.lines(lines, params={"dry_run": "true"})
    assert [a["event"] for a in answers] == ["ReferralReceived"] * 3
    assert client.rows("cases", provider=story.provider) == []


def test_dry_run_is_true_or_false(client, story):
    """`?dry_run=true`: a word that is neither is malformed, and records nothing"""
    answer = client.request(
        "POST",
        "/v1/commands",
        params={"dry_run": "perhaps"},
        json={"command": "ReceiveReferral", "id": new_id(), "data": story.data()},
    )
    refused(answer, 400, field="dry_run")
    assert client.rows("cases", provider=story.provider) == []


def test_sentences_are_german_by_default(server, client, english, story):
    """Human sentences follow `Accept-Language`, German by default; codes, rules and field names are the
    same."""
    case = story.referral()
    german = refused(
        case.tries("ScheduleVisit", case.visit_data("2026-07-10", minutes=0)), 400, field="minutes"
    )
    other = Case(english, case.id)
    said = refused(
        other.tries("ScheduleVisit", case.visit_data("2026-07-10", minutes=0)), 400, field="minutes"
    )
    assert german["detail"] != said["detail"]
    assert german["type"] == said["type"]
    english.positions.update(client.positions)
    deutsch, englisch = case.deadline("SMN-START"), other.deadline("SMN-START")
    assert deutsch.pop("explanation") != englisch.pop("explanation")
    assert deutsch == englisch
    for language, expected in {
        "en-GB,en;q=0.9": "en",
        "fr, en;q=0.5": "en",
        "de-AT": "de",
        "fr": "de",
        "en;q=0.2, de;q=0.8": "de",
        "*": "de",
        "": "de",
        "en;q=0": "de",
    }.items():
        answer = client.request(
            "GET", "/v1/cases", params={"limit": "0"}, headers={"Accept-Language": language}, judged=False
        )
        assert ("erwartet" in answer.json()["detail"].lower()) == (expected == "de"), (
            language,
            answer.text,
        )


def test_a_media_type_that_is_neither_json_nor_ndjson_is_refused(client, story):
    """`application/json`: one command. `application/x-ndjson`: many"""
    for media in ("text/plain", "application/xml"):
        answer = client.request("POST", "/v1/commands", content=b"{}", headers={"Content-Type": media})
        assert answer.status_code == 415, answer.text
    charset = client.request(
        "POST",
        "/v1/commands",
        headers={"Content-Type": "application/json; charset=utf-8"},
        content=b'{"command": "Nothing"}',
    )
    refused(charset, 400, field="command")
