"""?format= on every list: links that a spreadsheet polls, and XLSX files as openpyxl reads them."""

import csv
import datetime
import io
import zipfile

import openpyxl
import pytest

from client import new_id, refused
from story import BERLIN, referral_data

CLOCK = "2026-04-04T09:00:00+02:00"
ROLES = "intake,query"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LISTS = [
    "cases",
    "deadlines",
    "overdue-starts",
    "unit-balances",
    "tasks",
    "visits",
    "alerts",
    "key-figures",
]


def sheet_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert len(book.sheetnames) == 1
    return book.active


def csv_rows(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def plain(value) -> str:
    """A cell as CSV writes it."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return value.date().isoformat()
        return value.replace(tzinfo=BERLIN).isoformat()
    return str(value)


@pytest.fixture
def year(story):
    """A case with something in every list that has it."""
    case = story.running()
    case.schedules("2026-04-20", "14:10")
    story.referral(discharged_on="2026-01-10", received_on="2026-01-11", prescribed_on="2026-01-09")
    return case


@pytest.mark.parametrize("table", LISTS)
def test_a_sheet_holds_what_the_csv_does(client, story, year, table):
    """XLSX export of any list; typed dates and numbers, header row frozen, filter"""
    answer = client.ask(table, provider=story.provider, format="xlsx")
    sheet = sheet_of(answer)
    told = csv_rows(client.ask(table, provider=story.provider, format="csv").text)
    head, *rows = sheet.iter_rows(values_only=True)
    assert sheet.title == table and sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions or not rows
    if told:
        assert list(head) == list(told[0])
    assert [[plain(cell) for cell in row] for row in rows] == [
        [normal(value) for value in row.values()] for row in told
    ]
    assert "attachment" in answer.headers["content-disposition"]
    assert f"geleit-{table}-2026-04-04.xlsx" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "asked",
    [
        {"with": "person"},
        {"leads": "m.roth,nobody"},
        {"name": "muster kind", "with": "person"},
        {"ended": "false", "count": "true"},
        {"as_of": "2026-02-25"},
        {"as_of": "2026-02-25", "with": "person", "name": "mia"},
        {"known_at": "2026-04-04T23:00:00+02:00", "with": "person"},
    ],
    ids=lambda asked: "&".join(f"{name}={value}" for name, value in asked.items()),
)
@pytest.mark.parametrize("table", ["cases", "deadlines", "tasks", "visits"])
def test_every_form_has_the_same_filters_and_pasts(client, story, table, asked):
    """CSV and XLSX of any list, with its filters, as of any day and as known at any time"""
    case = story.running()
    case.does("AssignCareTeam", {"lead": "m.roth"})
    case.schedules("2026-04-20", "14:10")
    story.running(person={"given_name": "Bo", "family_name": "Anders", "born": "2025-11-02"})
    asked = {"provider": story.provider, **asked}
    items = client.get(table, **asked, limit=500)["items"]
    told = csv_rows(client.ask(table, **asked, format="csv").text)
    head, *rows = sheet_of(client.ask(table, **asked, format="xlsx")).iter_rows(values_only=True)
    assert [row["case"] for row in told] == [item["case"] for item in items]
    assert [[plain(cell) for cell in row] for row in rows] == [
        [normal(value) for value in row.values()] for row in told
    ]
    if told:
        assert list(head) == list(told[0])
    if "with" in asked or table == "cases":
        names = [item["person"]["family_name"] for item in items]
        assert [row["person.family_name"] for row in told] == names
    if "leads" in asked or "name" in asked:
        assert {row["case"] for row in told} <= {case.id}
    if "as_of" in asked:
        everything = client.get(table, provider=story.provider, limit=500)["items"]
        assert items != everything
        # A day before the first visit: it was neither given nor planned.
        assert bool(items) is (table != "visits")
    else:
        assert items


def normal(value: str) -> str:
    """A CSV's number as a cell shows it: 1.50 is 1.5."""
    try:
        number = float(value)
    except ValueError:
        return value.removeprefix("'")
    return str(int(number)) if number == int(number) else str(number)


def test_dates_and_numbers_are_such(client, story, year):
    """typed dates and numbers"""
    sheet = sheet_of(client.ask("visits", provider=story.provider, state="scheduled", format="xlsx"))
    head, row = sheet.iter_rows()
    cell = {name.value: cell for name, cell in zip(head, row, strict=True)}
    assert cell["starts_at"].value == datetime.datetime(2026, 4, 20, 14, 10) and cell["starts_at"].is_date
    assert cell["minutes"].value == 60 and cell["minutes"].data_type == "n"
    sheet = sheet_of(client.ask("deadlines", case=year.id, format="xlsx"))
    assert all(isinstance(row[0].value, datetime.datetime) for row in sheet["G2":f"G{sheet.max_row}"])


def test_a_text_is_never_a_formula(client, story):
    """what somebody typed is not run by whoever opens the file"""
    person = {"given_name": "=1+1", "family_name": "@SUM(A1)", "born": "2025-11-02"}
    case = story.referral(person=person)
    sheet = sheet_of(client.ask("cases", case=case.id, format="xlsx"))
    head, row = sheet.iter_rows()
    cell = {name.value: cell for name, cell in zip(head, row, strict=True)}
    assert cell["person.given_name"].value == "=1+1" and cell["person.given_name"].data_type != "f"


def test_a_link_holds_the_whole_list_and_a_page_a_page(client, story):
    """CSV links that a spreadsheet can poll"""
    lines = [
        {"command": "ReceiveReferral", "id": new_id(), "data": referral_data(provider=story.provider)}
        for _ in range(620)
    ]
    assert all("status" not in answer for answer in client.lines(lines, judged=False))
    whole = client.ask("cases", provider=story.provider, format="csv")
    assert whole.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(csv_rows(whole.text)) == 620 and "next-cursor" not in whole.headers
    assert sheet_of(client.ask("cases", provider=story.provider, format="xlsx")).max_row == 621
    by_accept = client.ask("cases", provider=story.provider, headers={"Accept": XLSX})
    assert sheet_of(by_accept).max_row == 621
    page = client.ask("cases", provider=story.provider, format="csv", limit=7)
    assert len(csv_rows(page.text)) == 7 and page.headers["next-cursor"]
    page = client.ask("cases", provider=story.provider, format="xlsx", limit=7)
    assert sheet_of(page).max_row == 8 and page.headers["next-cursor"]
    accepted = client.ask("cases", provider=story.provider, headers={"Accept": "text/csv"})
    assert len(csv_rows(accepted.text)) == 100
    assert len(client.get("cases", provider=story.provider, format="json")["items"]) == 100


def test_a_history_is_a_sheet_too(client, year):
    sheet = sheet_of(client.ask(f"cases/{year.id}/history", format="xlsx"))
    assert sheet.title == "history" and sheet.max_row > 4


def test_what_is_no_format_is_named(client):
    """bad input gets a clear error naming the field"""
    refused(client.ask("cases", format="pdf"), 400, field="format")
    refused(client.ask("cases", format=["csv", "xlsx"]), 400, field="format")
    refused(client.ask("cases", format="xlsx", farbe="rot"), 400, field="farbe")
    refused(client.ask("cases", headers={"Accept": "application/pdf"}), 406)
