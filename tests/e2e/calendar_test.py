"""geleit calendar, GET /v1/calendars/{secret}.ics: a person's deadlines and visits in a calendar program."""

import datetime
import json
import stat

import httpx
import icalendar
import pytest

from client import Client, refused
from program import geleit, geleit_json
from story import BERLIN, Story

CLOCK = "2026-04-04T09:00:00+02:00"
ROLES = "intake,query"


def create(server, staff: str, *more) -> dict:
    return geleit_json(
        "calendar", "create", "--data", server.data, "--staff", staff, "--server", server.url, "--json", *more
    )


def fetch(address: str, **headers) -> icalendar.Calendar:
    answer = httpx.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert all(len(line.encode()) <= 75 for line in answer.text.split("\r\n"))
    return icalendar.Calendar.from_ical(answer.text)


def events(calendar) -> dict[str, icalendar.Event]:
    found = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
    assert len(found) == len(calendar.walk("VEVENT")), "a UID came twice"
    return found


@pytest.fixture
def leading(story):
    """A case that m.roth leads, with an open deadline and a visit to come."""
    case = story.running()
    case.does("AssignCareTeam", {"lead": story.provider})
    case.schedules("2026-04-20", "14:10", staff=story.provider, minutes=45)
    return case


def test_a_person_reads_deadlines_and_visits(server, client, story, leading):
    """an iCalendar feed of deadlines and visits per staff person; all-day for deadlines, VTIMEZONE"""
    made = create(server, story.provider)
    client.get("cases", limit=1)
    calendar = fetch(made["address"])
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    entries = events(calendar)
    visit = entries[f"{leading.visit}@geleit"]
    start = datetime.datetime(2026, 4, 20, 14, 10, tzinfo=BERLIN)
    assert visit.decoded("DTSTART") == start and visit["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert visit.decoded("DTEND") == start + datetime.timedelta(minutes=45)
    assert str(visit["SUMMARY"]) == f"Besuch · Fall {leading.id[:8]}"
    rows = client.rows("deadlines", case=leading.id, state="open")
    assert rows
    for row in rows:
        uid = next(u for u in entries if u.startswith(f"{leading.id}-{row['rule']}-"))
        due = datetime.date.fromisoformat(row["acts_on"])
        assert entries[uid].decoded("DTSTART") == due
        assert entries[uid].decoded("DTEND") == due + datetime.timedelta(1)
        assert str(entries[uid]["SUMMARY"]) == f"{row['rule']} fällig · Fall {leading.id[:8]}"
    assert len(entries) == 1 + len(rows)
    assert events(fetch(made["address"], **{"Accept-Language": "en"})).keys() == entries.keys()


def test_no_patient_is_named(server, story):
    """no names of patients"""
    person = {"given_name": "Wolfgangine", "family_name": "Unverwechselbar", "born": "2025-11-02"}
    case = story.referral(person=person)
    case.does("AssignCareTeam", {"lead": story.provider})
    made = create(server, story.provider)
    case.client.get("cases", case=case.id)
    text = httpx.get(made["address"]).text
    assert case.id in text.replace("\r\n ", "")
    assert not [word for word in ("Wolfgangine", "Unverwechselbar", "2025-11", "202511") if word in text]


def test_what_changes_changes_under_its_uid(server, client, story, leading):
    """stable UIDs"""
    made = create(server, story.provider)
    client.get("cases", limit=1)
    before = fetch(made["address"])
    assert fetch(made["address"]).to_ical() == before.to_ical()
    leading.does("RescheduleVisit", {"visit": leading.visit, "starts_at": "2026-04-27T09:00:00+02:00"})
    client.get("cases", limit=1)
    after = events(fetch(made["address"]))
    assert after.keys() == events(before).keys()
    moved = after[f"{leading.visit}@geleit"].decoded("DTSTART")
    assert moved == datetime.datetime(2026, 4, 27, 9, 0, tzinfo=BERLIN)
    leading.does("CancelVisit", {"visit": leading.visit, "reason": "Umzug"})
    client.get("cases", limit=1)
    assert f"{leading.visit}@geleit" not in events(fetch(made["address"]))


def test_winter_is_winter(server, client, story):
    """VTIMEZONE Europe/Berlin"""
    case = story.running()
    case.does("AssignCareTeam", {"lead": story.provider})
    case.schedules("2026-11-02", "08:30", staff=story.provider, reasons={"SMN-COMPLETE": "Familie verreist"})
    made = create(server, story.provider)
    client.get("cases", limit=1)
    visit = events(fetch(made["address"]))[f"{case.visit}@geleit"]
    assert visit.decoded("DTSTART").utcoffset() == datetime.timedelta(hours=1)


def test_a_calendar_of_one_provider_holds_no_others(server, client, story, leading):
    """--provider"""
    own = create(server, story.provider, "--provider", story.provider)
    other = create(server, story.provider, "--provider", "ein-anderer")
    client.get("cases", limit=1)
    assert events(fetch(own["address"])) and not events(fetch(other["address"]))


def test_a_revoked_address_is_gone_at_once(server, client, story, leading):
    """revoked -> 404 at once"""
    kept, ended = create(server, story.provider), create(server, story.provider)
    assert kept["address"] != ended["address"]
    fetch(ended["address"])
    assert geleit("calendar", "revoke", ended["calendar"], "--data", server.data).returncode == 0
    path = ended["address"].removeprefix(server.url)
    refused(client.request("GET", path), 404)
    fetch(kept["address"])
    again = geleit("calendar", "revoke", ended["calendar"], "--data", server.data, "--lang", "de")
    assert again.returncode == 1 and "es gibt keinen" in again.stderr
    listed = geleit_json("calendar", "list", "--data", server.data, "--json")
    assert ended["calendar"] not in {row["calendar"] for row in listed}
    mine = next(row for row in listed if row["calendar"] == kept["calendar"])
    assert mine["staff"] == story.provider and mine["provider"] is None and "address" not in mine


def test_what_is_kept_opens_nothing(server, story):
    """stored hashed in the data directory"""
    made = create(server, story.provider)
    secret = made["address"].rsplit("/", 1)[1].removesuffix(".ics")
    file = server.data / "calendars.json"
    assert len(secret) == 64 and secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    for other in (made["calendar"], json.loads(file.read_text())["calendars"][-1]["sha256"], secret.upper()):
        assert httpx.get(f"{server.url}/v1/calendars/{other}.ics").status_code == 404
    assert httpx.get(f"{server.url}/v1/calendars/{secret}").status_code == 404


def test_what_is_no_address_is_told_so(client):
    """bad input gets a clear error naming the field"""
    refused(client.request("GET", "/v1/calendars/" + "0" * 64 + ".ics"), 404)
    refused(client.request("GET", "/v1/calendars/" + "0" * 64 + ".ics?staff=m.roth"), 400, field="staff")


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "--staff", "Über"],
        ["create", "--staff", "a", "--provider", "A B"],
        ["revoke"],
        [],
    ],
)
def test_usage(arguments):
    assert geleit("calendar", *arguments).returncode == 2


def test_a_file_that_is_none_is_told(serve):
    """what cannot be read is said, and nothing is lost"""
    server, client = serve()
    made = create(server, "m.roth")
    file = server.data / "calendars.json"
    good = file.read_text()
    file.write_text("{")
    refused(client.request("GET", made["address"].removeprefix(server.url)), 503)
    ended = geleit("calendar", "list", "--data", server.data)
    assert ended.returncode == 3 and "calendars.json" in ended.stderr
    file.write_text(good)
    fetch(made["address"])
    assert Story(Client(server.url), "danach").referral()
