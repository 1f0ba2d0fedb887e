"""API.md, Reading: filters, order, pages, CSV, `wait_for`, `today`, `as_at`."""

import csv
import io

import pytest

import contract
from client import new_id, refused
from program import on_kafka
from story import Story, at

LISTS = {
    "cases": ("case", "referred_on", "discharged_on", "closed_on"),
    "deadlines": ("acts_on", "due_on", "case"),
    "overdue-starts": ("due_on", "case"),
    "unit-balances": ("case", "remaining"),
    "tasks": ("due_on", "case"),
    "visits": ("starts_at", "case"),
}
TABLES = [*LISTS, "key-figures"]


@pytest.fixture(scope="module")
def world(everybody):
    """Thirty cases of one provider in all states, with visits; made once and only read."""
    story = Story(everybody, f"viele-{new_id()[:8]}")
    for number in range(30):
        day = f"2026-02-{number % 20 + 1:02}"
        case = story.referral(
            discharged_on=day,
            prescribed_on="2026-02-01",
            received_on=f"2026-02-{number % 7 + 19}",
            land=("DE-BY", "DE-BE", "DE-SN")[number % 3],
            units=6 + number % 15,
        )
        case.does("AssignCareTeam", {"lead": ("m.roth", "a.ander")[number % 2]})
        if number % 5:
            case.applies(units=6 + number % 15, submitted_on=f"2026-02-{number % 7 + 20}")
        if number % 5 > 1:
            case.is_approved(units=6 + number % 15, from_="2026-02-01")
        if number % 5 > 2:
            for visit in range(number % 4 + 1):
                case.is_visited(
                    f"2026-03-{visit + number % 20 + 1:02}",
                    minutes=15 * (visit + 1),
                    place=("home", "phone")[visit % 2],
                )
        case.schedules("2026-07-10", minutes=45)
        if number % 10 == 4:
            case.completes(f"2026-05-{number % 28 + 1:02}")
        if number % 10 == 5:
            case.does(
                "WithdrawReferral",
                {"reason": "Familie verzichtet"},
                happened=f"2026-05-{number % 28 + 1:02}",
            )
    everybody.settles()
    return story


def parameters_of(table: str) -> dict:
    return {
        p["name"]: p
        for p in map(contract.resolve, contract.DOCUMENT["paths"][f"/v1/{table}"]["get"]["parameters"])
    }


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize("table", TABLES)
def test_a_page_says_where_it_stands(world, table):
    """in JSON `{"items": […], "next": …, "as_at": {"positions": {"0": 123, …}, "last_event": "…", "lag_ms":
    0, "today": …}}`"""
    page = world.client.get(table, provider=world.provider)
    assert page["as_at"]["today"] == "2026-06-30"
    # On Kafka the brokers' clocks say when.
    assert page["as_at"]["last_event"].startswith("2026-06-30T") or on_kafka()
    assert page["as_at"]["lag_ms"] >= 0
    reached = page["as_at"]["positions"]
    for partition, offset in world.client.positions.items():
        assert reached[str(partition)] >= offset
    assert page["items"]


def test_today_asks_as_if_today_were(world):
    """`today=<date>` asks “as if today were”."""
    for today in ("2026-03-01", "2031-12-31"):
        assert world.client.get("cases", today=today, limit=1)["as_at"]["today"] == today
    early = world.client.rows(
        "deadlines", provider=world.provider, rule="SMN-START", today="2026-01-01", state="missed"
    )
    late = world.client.rows(
        "deadlines", provider=world.provider, rule="SMN-START", today="2031-01-01", state="open"
    )
    assert early == late == []
    assert world.client.rows("overdue-starts", provider=world.provider, today="2026-03-01") == []


def test_a_filter_on_what_today_decides_goes_by_today(world):
    """any scalar column `=`; "Now" is never in a row (DESIGN.md)"""
    for today in ("2026-03-20", "2026-03-28", "2026-04-01", "2026-06-30"):
        rows = world.client.rows("deadlines", provider=world.provider, today=today)
        for state in ("open", "met", "missed", "moot"):
            wanted = [row for row in rows if row["state"] == state]
            assert (
                world.client.rows("deadlines", provider=world.provider, today=today, state=state) == wanted
            )
        soon = [row for row in rows if row["days_left"] is not None and 0 <= row["days_left"] <= 7]
        assert (
            world.client.rows(
                "deadlines", provider=world.provider, today=today, days_left__from=0, days_left__to=7
            )
            == soon
        )
        overdue = world.client.rows("overdue-starts", provider=world.provider, today=today)
        assert world.client.rows(
            "overdue-starts", provider=world.provider, today=today, days_overdue__from=3
        ) == [row for row in overdue if row["days_overdue"] >= 3]


@pytest.mark.parametrize("today", ["", "2026-02-30", "tomorrow", "2026-06-30T00:00:00Z", "20260630"])
def test_today_is_a_date(client, today):
    """`today=<date>`"""
    for table in TABLES:
        refused(client.ask(table, today=today), 400, field="today")


# ---------------------------------------------------------------- filters


def scalars(rows):
    for row in rows:
        for column, value in row.items():
            if not isinstance(value, (dict, list)):
                yield column, value


@pytest.mark.parametrize("table", list(LISTS))
def test_every_scalar_column_is_a_filter(world, table):
    """filters in the query string (any scalar column `=`)"""
    rows = world.client.rows(table, provider=world.provider)
    assert rows
    tried = set()
    for column, value in scalars(rows):
        if value is None or (column, value) in tried or sum(c == column for c, _ in tried) >= 3:
            continue
        tried.add((column, value))
        found = world.client.rows(table, **{"provider": world.provider, column: value})
        assert found == [row for row in rows if row[column] == value], (column, value)
    assert {column for column, _ in tried} >= set(LISTS[table])


@pytest.mark.parametrize("table", list(LISTS))
def test_dates_and_numbers_have_bounds(world, table):
    """dates and numbers also `.from`, `.to` (both inclusive)"""
    rows = world.client.rows(table, provider=world.provider)
    ranged = [name.removesuffix(".from") for name in parameters_of(table) if name.endswith(".from")]
    assert ranged
    for column in ranged:
        values = sorted({row[column] for row in rows if row.get(column) is not None})
        if not values:
            continue
        low, high = values[len(values) // 3], values[2 * len(values) // 3]
        for bounds, keep in (
            ({".from": low}, lambda v: v >= low),
            ({".to": high}, lambda v: v <= high),
            ({".from": low, ".to": high}, lambda v: low <= v <= high),
            ({".from": high, ".to": high}, lambda v: v == high),
        ):
            params = {f"{column}{edge}": value for edge, value in bounds.items()}
            found = world.client.rows(table, provider=world.provider, **params)
            assert found == [r for r in rows if r.get(column) is not None and keep(r[column])], (
                column,
                bounds,
            )


def test_filters_are_joined_by_and(world):
    """filters in the query string"""
    rows = world.client.rows("cases", provider=world.provider)
    wanted = [
        row
        for row in rows
        if row["land"] == "DE-BY" and row["lead"] == "m.roth" and row["state"] == "approved"
    ]
    assert wanted
    assert (
        world.client.rows("cases", provider=world.provider, land="DE-BY", lead="m.roth", state="approved")
        == wanted
    )


def test_instants_are_filtered_by_instant_or_day(world):
    """dates and numbers also `.from`, `.to`; a date means the whole civil day"""
    rows = world.client.rows("visits", provider=world.provider, state="delivered")
    day = sorted(row["starts_at"][:10] for row in rows)[len(rows) // 2]
    wanted = [row for row in rows if row["starts_at"][:10] == day]
    for params in (
        {"starts_at": day},
        {"starts_at.from": day, "starts_at.to": day},
        {"starts_at.from": at(day, "00:00"), "starts_at.to": at(day, "23:59")},
    ):
        assert (
            world.client.rows("visits", provider=world.provider, state="delivered", **params) == wanted
        ), params


def test_provider_is_a_filter_on_every_read(world, client):
    """On every read: … `provider`"""
    nobody = "niemand-" + new_id()[:8]
    for table in TABLES:
        assert client.rows(table, provider=nobody) == []
    cases = {row["case"] for row in client.rows("cases", provider=world.provider)}
    assert len(cases) == 30
    for table in LISTS:
        listed = client.rows(table, provider=world.provider)
        assert {row["case"] for row in listed} <= cases
    assert {row["case"] for row in client.rows("tasks", provider=world.provider)} == cases
    assert {row["case"] for row in client.rows("unit-balances", provider=world.provider)} == cases


@pytest.mark.parametrize("table", [*TABLES, "status", "cases/{case}", "cases/{case}/history"])
def test_an_unknown_parameter_is_400(world, table):
    """nonsense in cursor and filters …: the answer that API.md names: 400 names the field"""
    case = world.client.get("cases", provider=world.provider, limit=1)["items"][0]["case"]
    refused(world.client.ask(table.format(case=case), fresh=False, colour="blue"), 400, field="colour")
    refused(world.client.ask(table.format(case=case), fresh=False, **{"": "blue"}), 400, field="")


@pytest.mark.parametrize(
    "table,params,field",
    [
        ("cases", {"state": "asleep"}, "state"),
        ("cases", {"case": "mia"}, "case"),
        ("cases", {"version": "many"}, "version"),
        ("cases", {"version.from": "1.5"}, "version.from"),
        ("cases", {"land": "Bavaria"}, "land"),
        ("cases", {"benefit": "XY"}, "benefit"),
        ("cases", {"referred_on": "2026-02-30"}, "referred_on"),
        ("cases", {"closed_on.to": "late"}, "closed_on.to"),
        ("cases", {"person": "Mia"}, "person"),
        ("cases", {"state.from": "applied"}, "state.from"),
        ("cases", {"provider": ""}, "provider"),
        ("deadlines", {"rule": "SMN-SLEEP"}, "rule"),
        ("deadlines", {"state": ""}, "state"),
        ("deadlines", {"calendar": "AT"}, "calendar"),
        ("deadlines", {"days_left": "few"}, "days_left"),
        ("deadlines", {"anchor": "x"}, "anchor"),
        ("visits", {"starts_at.from": "2026-03-01T10:00:00"}, "starts_at.from"),
        ("visits", {"place": "moon"}, "place"),
        ("visits", {"minutes": "1e1000"}, "minutes"),
        ("unit-balances", {"remaining.to": "x"}, "remaining.to"),
        ("overdue-starts", {"days_overdue": "-"}, "days_overdue"),
        ("tasks", {"why": "because"}, "why"),
        ("visits", {"visit": "x"}, "visit"),
        ("unit-balances", {"delivered": "99999999999999999999"}, "delivered"),
    ],
)
def test_nonsense_in_a_filter_is_400(client, table, params, field):
    """nonsense in cursor and filters (400 names the field)"""
    refused(client.ask(table, **params), 400, field=field)


def test_a_broken_escape_in_the_query_is_400(client):
    """nonsense in cursor and filters (400)"""
    for query in ("state=%zz", "state=%ff%fe", "lead=%00", "=x", "limit=1&limit=2"):
        answer = client.request("GET", "/v1/cases?" + query, judged=False)
        assert answer.status_code == 400, (query, answer.text)


# ---------------------------------------------------------------- order


def ordered(rows, column, descending, key):
    """Whether rows stand in the order of a column (None at one end), ties by key ascending."""
    known = [row for row in rows if row[column] is not None]
    flags = [row[column] is None for row in rows]
    assert flags in (sorted(flags), sorted(flags, reverse=True)), "rows without a value stand together"
    values = [row[column] for row in known]
    assert values == sorted(values, reverse=descending)
    return [row[key] for row in rows]


@pytest.mark.parametrize("table,column", [(t, c) for t, columns in LISTS.items() for c in columns])
def test_order(world, table, column):
    """`sort=±column` (from a listed, indexed set; ties by key)"""
    rows = world.client.rows(table, provider=world.provider, sort=column)
    back = world.client.rows(table, provider=world.provider, sort="-" + column)
    ordered(rows, column, False, "case")
    ordered(back, column, True, "case")
    assert len(rows) == len(back)
    as_set = lambda items: {str(sorted(row.items(), key=lambda i: i[0])) for row in items}  # noqa: E731
    assert as_set(rows) == as_set(back)
    assert world.client.rows(table, provider=world.provider, sort="+" + column) == rows


@pytest.mark.parametrize("table", LISTS)
def test_the_default_order_is_the_first_of_the_set(world, table):
    """sort sets: cases: case; deadlines: acts_on; overdue-starts: due_on; unit-balances: case; tasks:
    due_on; visits: starts_at"""
    default = world.client.rows(table, provider=world.provider)
    assert default == world.client.rows(table, provider=world.provider, sort=LISTS[table][0])


def test_a_plus_in_the_query_is_a_plus(world):
    """`sort=±column`, as people type it"""
    query = f"provider={world.provider}&sort=+referred_on&limit=5"
    answer = world.client.request("GET", "/v1/cases?" + query, judged=False)
    assert answer.status_code == 200, answer.text
    assert (
        answer.json()["items"]
        == world.client.get("cases", provider=world.provider, sort="referred_on", limit=5)["items"]
    )


@pytest.mark.parametrize(
    "table,sort",
    [
        ("cases", "lead"),
        ("cases", ""),
        ("cases", "-"),
        ("cases", "--case"),
        ("deadlines", "rule"),
        ("visits", "minutes"),
        ("tasks", "task"),
        ("unit-balances", "delivered"),
        ("overdue-starts", "lead"),
        ("cases", "case,referred_on"),
        ("cases", "CASE"),
    ],
)
def test_another_order_is_400(client, table, sort):
    """`sort=±column` (from a listed, indexed set …)"""
    refused(client.ask(table, sort=sort), 400, field="sort")


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("limit", [1, 7, 30])
def test_pages_join_to_the_whole(world, table, limit):
    """`limit` and `cursor`; `"next": "<cursor>"|null`"""
    by = {"by": "month", "from_": "2026-01-01", "to": "2026-12-31"} if table == "key-figures" else {}
    whole = world.client.rows(table, provider=world.provider, **by)
    pages, cursor = [], None
    while True:
        page = world.client.get(
            table, provider=world.provider, limit=limit, **by, **({"cursor": cursor} if cursor else {})
        )
        assert len(page["items"]) <= limit
        pages += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
        assert len(page["items"]) == limit
        if len(pages) > len(whole):
            break
    assert pages == whole


@pytest.mark.parametrize(
    "table,sort",
    [
        ("cases", "-referred_on"),
        ("cases", "closed_on"),
        ("cases", "-closed_on"),
        ("deadlines", "-acts_on"),
        ("deadlines", "due_on"),
        ("visits", "-starts_at"),
        ("unit-balances", "-remaining"),
        ("tasks", "-due_on"),
    ],
)
def test_pages_in_any_order_join_to_the_whole(world, table, sort):
    """`limit` and `cursor`, `sort=±column`, ties by key"""
    whole = world.client.rows(table, provider=world.provider, sort=sort)
    assert world.client.rows(table, provider=world.provider, sort=sort, limit=4) == whole


def test_pages_with_filters_join_to_the_whole(world):
    """filters …, `limit` and `cursor`"""
    for table, filters in (
        ("deadlines", {"state": "missed"}),
        ("visits", {"place": "home", "state": "delivered"}),
        ("cases", {"land": "DE-BY", "referred_on.from": "2026-02-20"}),
    ):
        whole = world.client.rows(table, provider=world.provider, **filters)
        assert len(whole) > 3
        assert world.client.rows(table, provider=world.provider, limit=2, **filters) == whole


def test_a_page_stays_whole_when_rows_come_in_between(client):
    """cursor-paged: what was there all the time is seen once"""
    story = Story(client, "seiten-" + new_id()[:8])
    there = {story.referral().id for _ in range(10)}
    page = client.get("cases", provider=story.provider, limit=4)
    seen = [row["case"] for row in page["items"]]
    for _ in range(5):
        story.referral()
    while page["next"]:
        page = client.get("cases", provider=story.provider, limit=4, cursor=page["next"])
        seen += [row["case"] for row in page["items"]]
    assert len(seen) == len(set(seen)) and there <= set(seen)


@pytest.mark.parametrize(
    "cursor", ["", "x", "0", "-1", "null", "%00", "AAAA", "e30", "../../etc/passwd", "é", "a" * 5000]
)
@pytest.mark.parametrize("table", TABLES)
def test_nonsense_in_a_cursor_is_400(client, table, cursor):
    """nonsense in cursor and filters (400 names the field)"""
    refused(client.ask(table, cursor=cursor), 400, field="cursor")


def test_a_cursor_belongs_to_its_list_and_order(world):
    """`cursor`: of the page before, with the same filters and order (openapi.json)"""
    cursor = world.client.get("cases", provider=world.provider, limit=2)["next"]
    refused(world.client.ask("visits", provider=world.provider, cursor=cursor), 400, field="cursor")
    refused(
        world.client.ask("cases", provider=world.provider, sort="-referred_on", cursor=cursor),
        400,
        field="cursor",
    )


# ---------------------------------------------------------------- CSV


def read_csv(answer) -> list[dict]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].lower().replace(" ", "") == "text/csv;charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf"), answer.content[:10]
    text = answer.content[3:].decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True))


@pytest.mark.parametrize("table", [table for table in TABLES if table != "key-figures"])
def test_every_list_is_asked_by_its_cases_and_counts_itself(world, table):
    """`leads`, `name`, `ended`, `with`, `count` (openapi.json)"""
    cases = {row["case"]: row for row in world.client.rows("cases", provider=world.provider)}
    rows = world.client.rows(table, provider=world.provider)

    def asked(**params):
        return world.client.rows(table, provider=world.provider, **params)

    assert asked(leads="m.roth") == [row for row in rows if cases[row["case"]]["lead"] == "m.roth"] != rows
    assert asked(leads="a.ander,m.roth") == rows
    assert asked(ended="true") == [row for row in rows if cases[row["case"]]["closed_on"]]
    assert asked(ended="false") == [row for row in rows if not cases[row["case"]]["closed_on"]]
    family = cases[rows[0]["case"]]["person"]["family_name"]
    assert rows[0] in asked(name=family.upper()) and asked(name="Niemand-Heißt-So") == []
    page = world.client.get(table, provider=world.provider, limit=1, count="true", **{"with": "person"})
    assert page["count"] == len(rows)
    assert page["items"][0]["person"] == cases[page["items"][0]["case"]]["person"]
    assert page["items"][0]["lead"] == cases[page["items"][0]["case"]]["lead"]
    assert not asked(leads="niemand")


def test_a_case_that_has_no_next_step_is_found(world):
    """the next step of each case, or that it has none"""
    rows = world.client.rows("tasks", provider=world.provider)
    none = world.client.rows("tasks", provider=world.provider, task="none")
    assert none == [row for row in rows if row["task"] is None]


@pytest.mark.parametrize("table", TABLES)
def test_csv_has_the_same_rows(world, table):
    """JSON or CSV by `Accept` (CSV: UTF-8 with BOM, `;`)"""
    rows = world.client.rows(table, provider=world.provider)
    told = read_csv(
        world.client.ask(table, provider=world.provider, limit=500, headers={"Accept": "text/csv"})
    )
    assert len(told) == len(rows) > 0
    for row, line in zip(rows, told):
        for column, value in row.items():
            if isinstance(value, (dict, list)):
                continue
            assert column in line, f"no column {column} in {list(line)}"
            if value is None:
                assert line[column] == ""
            elif isinstance(value, float):
                assert float(line[column].replace(",", ".")) == value
            else:
                assert line[column] == str(value), column


def test_csv_keeps_order_filters_and_limit(world):
    """Every list: filters …, `limit`, `sort`, JSON or CSV"""
    params = dict(provider=world.provider, sort="-referred_on", land="DE-BY", limit=3)
    rows = world.client.get("cases", **params)["items"]
    told = read_csv(world.client.ask("cases", headers={"Accept": "text/csv"}, **params))
    assert [line["case"] for line in told] == [row["case"] for row in rows]


@pytest.mark.parametrize("table", ["cases", "visits", "history"])
def test_pages_of_csv_join_to_the_whole(world, table):
    """`limit` and `cursor` (in CSV the next page's cursor stands in a header field, openapi.json)"""
    case = world.client.get("visits", provider=world.provider, state="delivered", limit=1)["items"][0][
        "case"
    ]
    path = f"cases/{case}/history" if table == "history" else table
    params = {"provider": world.provider, "headers": {"Accept": "text/csv"}}
    whole = read_csv(world.client.ask(path, limit=500, **params))
    pages, more = [], {}
    while len(pages) <= len(whole):
        answer = world.client.ask(path, limit=3, **params, **more)
        pages += read_csv(answer)
        if "next-cursor" not in answer.headers:
            break
        more = {"cursor": answer.headers["next-cursor"]}
    assert pages == whole and len(whole) > 3


def test_csv_of_nothing_is_the_names_of_the_columns(client):
    """CSV: UTF-8 with BOM, `;`"""
    answer = client.ask("cases", provider="niemand-" + new_id()[:8], headers={"Accept": "text/csv"})
    assert read_csv(answer) == []
    assert answer.content.decode("utf-8-sig").splitlines()[0].split(";")[0] == "case"


def test_csv_of_a_history(world):
    """Every list: … JSON or CSV by `Accept`"""
    case = world.referral(provider=world.provider + "-b").settles()
    told = read_csv(case.client.ask(f"cases/{case.id}/history", headers={"Accept": "text/csv"}))
    assert [(line["version"], line["event"]) for line in told] == [
        ("1", "ReferralReceived"),
        ("2", "StartDeadlineMissed"),
    ]


@pytest.mark.parametrize(
    "accept,media",
    [
        ("text/csv", "text/csv"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.1, text/csv", "text/csv"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/*", "text/csv"),
    ],
)
def test_json_or_csv_by_accept(client, accept, media):
    """JSON or CSV by `Accept`"""
    answer = client.ask("cases", limit=1, headers={"Accept": accept})
    assert answer.headers["content-type"].split(";")[0] == media


def test_a_refusal_is_problem_json_whatever_was_asked(client):
    """Refused: RFC 9457 `application/problem+json`"""
    refused(client.ask("cases", limit=0, headers={"Accept": "text/csv"}), 400, field="limit")


# ---------------------------------------------------------------- tasks, history, status


def test_every_case_has_its_next_step(client):
    """`tasks`: the next step of each case, or that it has none"""
    story = Story(client, "schritte-" + new_id()[:8])
    fresh = story.referral()
    done = story.running()
    done.completes("2026-05-08")
    done.does("SendFinalReport", {"sent_on": "2026-05-20", "to": "Krankenkasse"})
    tasks = {row["case"]: row for row in client.rows("tasks", provider=story.provider)}
    assert set(tasks) == {fresh.id, done.id}
    assert tasks[fresh.id]["task"] and tasks[fresh.id]["role"]
    assert (tasks[done.id]["task"], tasks[done.id]["due_on"]) == (None, None)


def test_a_history_is_a_list_like_others(client):
    """Every list: filters, `limit` and `cursor`, `sort`"""
    story = Story(client, "verlauf-" + new_id()[:8])
    case = story.running()
    whole = case.settles().history()
    assert [row["event"] for row in case.told()] == [
        "ReferralReceived",
        "ApplicationSubmitted",
        "ApprovalGranted",
        "VisitDelivered",
    ]
    assert case.history(limit=1) == whole
    delivered = [row for row in whole if row["event"] == "VisitDelivered"]
    assert case.history(event="VisitDelivered") == delivered and len(delivered) == 1
    assert case.history(version__from=2, version__to=3) == whole[1:3]
    assert case.history(sort="-version") == whole[::-1]
    positions = [(row["position"]["partition"], row["position"]["offset"]) for row in whole]
    assert len({partition for partition, _ in positions}) == 1 and positions == sorted(positions)
    assert (
        case.opened["position"] == whole[0]["position"] and case.opened["recorded"] == whole[0]["recorded"]
    )


def test_the_status_tells_all(client):
    """`status`: roles, version, rule sets, positions, lag, parked cases, stale records, tables and
    versions, rebuild progress, clock"""
    story = Story(client, "stand-" + new_id()[:8])
    story.referral()
    status = client.settles()
    assert {"intake", "query"} <= set(status["roles"])
    assert status["log"]["kind"] == ("kafka" if on_kafka() else "embedded")
    assert status["parked"] == [] and status["stale"] == 0 and status["rebuild"] is None
    assert status["positions"] == client.get("cases", limit=1)["as_at"]["positions"]
    assert status["clock"]["now"].startswith("2026-06-30T")
    names = {table["name"]: table for table in status["tables"]}
    assert names["cases"]["rows"] >= 1


def test_health_and_metrics(client):
    """`/livez`, `/readyz`, `/metrics` (DESIGN.md)"""
    assert client.request("GET", "/livez").status_code == 200
    assert client.request("GET", "/readyz").status_code == 200
    metrics = client.request("GET", "/metrics").text
    assert "# TYPE" in metrics and "geleit_" in metrics


def test_the_document_is_served(client):
    """Everything is described again, in full, by `schema/openapi.json`, and the running program is checked
    against that."""
    assert client.request("GET", "/v1/openapi.json").json() == contract.DOCUMENT
