"""Who may see and do what: to whoever belongs to one provider nothing of another exists.

Two providers live the same kinds of cases. Then whoever belongs to the one tries every read, every filter and
every command with what is the other's and again with what exists nowhere; the answers must be the same. What
there is to try comes from schema/openapi.json."""

import base64
import datetime
import io
import json
import re
import time
import zipfile

import pytest

import contract
from allowed_when_test import Situation, tries
from client import Client, new_id, refused
from listening import Listener
from program import NO_WATCH, Server
from story import Case, Story, day_after, referral_data
from tokens_test import OF_A_PROVIDER, ROLE_NAMES, bearer, create, forbidden

pytestmark = pytest.mark.embedded

CLOCK = "2026-06-30T12:00:00+02:00"
HERE, THERE, NOWHERE = "nordhaus", "suedhaus", "westhaus"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
PAST_SECONDS_MAX = 20

READS = {
    path: operations["get"]
    for path, operations in contract.DOCUMENT["paths"].items()
    if "get" in operations and path.startswith("/v1/")
}


def parameters(path: str, where: str = "query") -> dict[str, dict]:
    """What may stand in the query: name -> schema."""
    found = map(contract.resolve, READS[path].get("parameters", []))
    return {p["name"]: contract.resolve(p["schema"]) for p in found if p["in"] == where}


LISTS = [path for path in READS if "cursor" in parameters(path) and "{" not in path]
OF_ONE_CASE = [path for path in READS if "{case}" in path]
# With walks of their own below.
APART = ["/v1/settings", "/v1/privacy/due", "/v1/privacy/status", "/v1/stream"]
# Of nobody's cases; tokens_test.py has those of tokens.
OF_NO_CASE = ["/v1/status", "/v1/openapi.json", "/v1/calendars/{calendar}", "/v1/me", "/v1/tokens"]
# Of a list as a whole; every other parameter is a column.
GENERAL = {
    "provider", "sort", "leads", "name", "ended", "with", "count", "limit", "cursor", "wait_for", "today",
    "format", "known_at", "as_of", "from", "to", "by",
}  # fmt: skip


class Recorder(Client):
    """Keeps what was accepted."""

    def __init__(self, url: str):
        super().__init__(url)
        self.sent: list[dict] = []

    def post(self, command, **options):
        answer = super().post(command, **options)
        if answer.status_code == 200:
            self.sent.append(command)
        return answer


class House:
    """One provider's cases: what the other's are too, on days and with numbers of its own."""

    def __init__(self, url: str, provider: str, number: int):
        self.provider = provider
        self.client = client = Recorder(url)
        self.lead = f"l.{provider}"
        self.name = f"{provider.capitalize()}mann"
        items = [{"item": "sign", "text": {"de": f"Unterschrift {provider}", "en": f"Signed {provider}"}}]
        settings = {
            "rules": {"SMN-HOME": {"units": 2 + number}},
            "checklists": [{"step": "agree_care_plan", "items": items}],
        }
        client.done("AdoptSettings", None, {"provider": provider, "from": "2026-01-01", "settings": settings})

        def day(text: str) -> str:
            return day_after(text, number)

        story = Story(client, provider)
        person = {"given_name": "Kind", "family_name": self.name, "born": day("2025-11-02")}
        told = {"person": person, "discharged_on": day("2026-02-20"), "units": 12 + number}

        self.running = self.led(story.referral(**told))
        self.running.applies(submitted_on=day("2026-02-20"), units=12 + number)
        self.running.is_approved(reference=f"AZ {provider}", units=12 + number)
        self.running.is_visited(
            day("2026-03-02"), minutes=60 + 15 * number, staff=self.lead, note=f"Notiz {provider}"
        )
        self.delivered = self.running.visit
        self.running.schedules(day("2026-07-10"), minutes=45 + 5 * number, staff=self.lead)
        self.waiting = self.led(story.referral(**told))  # its start was missed
        self.denied = self.led(story.referral(**told))
        self.denied.applies(submitted_on=day("2026-02-23"))
        self.denied.is_denied(reference=f"AZ {provider}", decided_on=day("2026-03-09"))
        self.completed = self.led(story.referral(**told))
        self.completed.is_visited(day("2026-03-03"), minutes=90 + 15 * number, staff=self.lead)
        self.completed.completes(day("2026-05-08"))
        self.restricted = self.led(story.referral(**told))
        self.restricted.does("WithdrawReferral", {"reason": f"Wunsch {provider}"}, happened=day("2026-05-11"))
        self.restricted.does("RestrictProcessing", {"reason": f"Streit {provider}"})
        self.st = story.st_approved(person={**person, "born": day("1984-05-10")})
        self.st.is_visited(day("2026-02-02"), staff=self.lead)
        self.cases: list[Case] = [
            self.running, self.waiting, self.denied, self.completed, self.restricted, self.st,
        ]  # fmt: skip

    def led(self, case: Case) -> Case:
        case.does("AssignCareTeam", {"lead": self.lead}, by=self.lead)
        return case

    def settled(self) -> None:
        """Once watch has recorded what was missed."""
        self.client.settles()
        self.alert = self.waiting.alerts()[0]["alert"]
        self.persons = {
            row["case"]: self.client.rows(f"cases/{row['case']}/history")[0]["data"]["person_id"]
            for row in self.client.rows("cases", provider=self.provider)
        }

    def situation(self) -> Situation:
        return Situation(
            self.running,
            "running",
            standing=self.running.approval,
            delivered=self.delivered,
            scheduled=self.running.visit,
            alert=self.alert,
        )


class World:
    def __init__(self, server: Server):
        self.here, self.there = House(server.url, HERE, 0), House(server.url, THERE, 1)
        houses = (self.here, self.there)
        for house in houses:
            house.settled()
        self.ids = {house.provider: self.all_ids(house) for house in houses}
        # Nothing is recorded from now on but what is sent.
        assert server.stop() == 0
        tokens = {
            provider: create(server.data, *OF_A_PROVIDER, provider=provider, name=f"t.{provider}")
            for provider in (HERE, THERE)
        }
        self.all_tokens = {**tokens, None: create(server.data, *ROLE_NAMES)}
        server.extra = ("--roles", "intake,query,alert")
        server.start()
        self.server = server
        self.asks, self.other, self.above = map(self.client, (HERE, THERE, None))
        for house in houses:
            house.client.close()

    def client(self, provider: str | None) -> Client:
        client = Client(self.server.url)
        client.http.headers["Authorization"] = bearer(self.all_tokens[provider])
        return client

    def all_ids(self, house: House) -> set[str]:
        """Every id that is in anything that can be read of its cases, the hashes of its events too."""
        texts = [json.dumps(house.client.sent)]
        for case in house.cases:
            texts += [json.dumps(case.now()), json.dumps(case.history())]
        texts += [json.dumps(house.client.rows(table, provider=house.provider)) for table in (
            "cases", "deadlines", "overdue-starts", "unit-balances", "tasks", "visits", "alerts",
        )]  # fmt: skip
        text = "".join(texts)
        return set(ID.findall(text)) | set(re.findall(r'"hash": "([0-9a-f]{64})"', text))

    def traces(self, text: str) -> set[str]:
        """What of the other provider's is in a text: all its words have its name in them."""
        named = {THERE} if THERE in text.lower() else set()
        return named | {found for found in self.ids[THERE] - self.ids[HERE] if found in text}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("foreign") / "data", CLOCK).start()
    made = World(server)
    yield made
    for client in (made.asks, made.other, made.above):
        client.close()
    assert server.stop() == 0


def asked(client: Client, path: str, params=(), **options):
    """The answer; the tables of a past are waited for."""
    end = time.monotonic() + PAST_SECONDS_MAX
    while True:
        answer = client.request("GET", path, params=dict(params), **options)
        if answer.status_code != 503:
            return answer
        assert time.monotonic() < end, answer.text
        time.sleep(0.05)


def rows(client: Client, path: str, **params) -> list[dict]:
    if path == "/v1/key-figures":
        params = YEAR | params
    items, cursor = [], {}
    while True:
        answer = asked(client, path, {"limit": 500, **params, **cursor})
        assert answer.status_code == 200, (path, params, answer.text)
        page = answer.json()
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


def plain(answer, *replaced: tuple[str, str]) -> tuple:
    """All of an answer but its date and length, with texts replaced."""

    def put(text: str) -> str:
        for this, that in replaced:
            text = text.replace(this, that)
        return text

    headers = {k: put(v) for k, v in answer.headers.items() if k not in ("date", "content-length")}
    return answer.status_code, headers, put(answer.text)


def as_nowhere(world, one, other, foreign: str, nowhere: str) -> None:
    """The answer about what is another's is that about what exists nowhere, and tells nothing."""
    assert plain(one, (foreign, nowhere)) == plain(other), (str(one.request.url), str(other.request.url))
    assert not world.traces(one.text.replace(foreign, nowhere))


def test_every_read_is_walked():
    """every read route x every foreign id"""
    assert sorted(LISTS + OF_ONE_CASE + APART + OF_NO_CASE) == sorted(READS)
    for path in LISTS:
        assert parameters(path).keys() & {"case", "provider"}, path


def test_both_have_the_same_kinds_of_data(world):
    """two providers with the same kind of data"""
    for path in LISTS:
        for provider in (HERE, THERE):
            assert rows(world.above, path, provider=provider), path
    assert world.traces(json.dumps(rows(world.other, "/v1/cases")))
    assert not world.ids[HERE] & {case.id for case in world.there.cases}


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_that_of_the_provider(world, path):
    """every list, count, cursor … key figures hold only that provider's"""
    known = parameters(path)
    recorded = world.above.request("GET", "/v1/cases").json()["as_at"]["last_event"]
    ways = [{}, {"today": "2026-05-01"}, {"as_of": "2026-05-01"}, {"known_at": recorded}]
    ways += [{"sort": word} for word in known.get("sort", {}).get("enum", []) if word[0] != "+"]
    ways += [{"by": word} for word in known.get("by", {}).get("enum", [])]
    ways += [{"with": "person"}] if "with" in known else []
    ways += [{"benefit": word} for word in known.get("benefit", {}).get("enum", [])]
    ways += [{"ended": word} for word in ("true", "false")] if "ended" in known else []
    for way in ways:
        own = rows(world.asks, path, **way)
        assert own == rows(world.above, path, provider=HERE, **way) == rows(
            world.asks, path, provider=HERE, **way
        ), way
        assert own == rows(world.asks, path, limit=1, **way), way
        assert not world.traces(json.dumps(own))
        period = YEAR if path == "/v1/key-figures" else {}
        if "count" in known:
            answer = asked(world.asks, path, {"count": "true", **way}).json()
            assert answer["count"] == len(own), way
        table = asked(world.asks, path, {"format": "csv", **period, **way})
        assert table.status_code == 200
        assert table.content == asked(
            world.above, path, {"format": "csv", "provider": HERE, **period, **way}
        ).content
        assert not world.traces(table.text)


@pytest.mark.parametrize("path", LISTS)
def test_a_spreadsheet_is_that_of_the_provider(world, path):
    """every list … hold only that provider's"""
    period = YEAR if path == "/v1/key-figures" else {}
    book = asked(world.asks, path, {"format": "xlsx", **period})
    assert book.status_code == 200
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        text = "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    assert not world.traces(text)
    assert path == "/v1/key-figures" or world.here.running.id in text or world.here.waiting.id in text


def nowhere_value(value, schema: dict, used: set) -> str | None:
    """A value of that kind that no row has; none where there is none."""
    text = str(value)
    if "enum" in schema or schema.get("type") == "boolean" or "anyOf" in schema:
        return next((word for word in schema.get("enum", []) if word not in used), None)
    if ID.fullmatch(text):
        return new_id()
    if re.fullmatch(r"\d{4}-\d\d", text):
        return "1999-09"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return "1999-09-09"
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        return "1999-09-09T09:09:09Z"
    if isinstance(value, int) or re.fullmatch(r"[\d.]+", text):
        return "987654"
    return "nirgends"


@pytest.mark.parametrize("path", LISTS)
def test_no_filter_finds_what_is_anothers(world, path):
    """every filter with foreign values"""
    own, foreign = rows(world.asks, path), rows(world.above, path, provider=THERE)
    period = YEAR if path == "/v1/key-figures" else {}
    tried = set()
    for name, schema in parameters(path).items():
        column, _, edge = name.partition(".")
        if column in GENERAL:
            continue
        ours, values = ({row.get(column) for row in some} - {None} for some in (own, foreign))
        only_theirs = sorted(values - ours, key=str)
        both = sorted(values - set(only_theirs), key=str)
        for value in only_theirs[:3] + both[:2]:
            found = rows(world.asks, path, **{name: value})
            assert found == rows(world.above, path, provider=HERE, **{name: value}), (name, value)
            assert not world.traces(json.dumps(found)), (name, value)
            if edge or value not in only_theirs:
                continue
            tried.add(name)
            assert found == [], (name, value)
            if (nowhere := nowhere_value(value, schema, ours | values)) is None:
                continue
            for more in ({}, {"count": "true"}, {"as_of": "2026-06-30"}, {"format": "csv"}):
                if more.keys() <= parameters(path).keys():
                    one, other = (
                        asked(world.asks, path, {**period, **more, name: word}) for word in (value, nowhere)
                    )
                    assert plain(one) == plain(other), (name, value, nowhere, more)
    assert path == "/v1/key-figures" or "case" in tried


@pytest.mark.parametrize("path", LISTS)
def test_ids_of_other_things_are_no_ids_here(world, path):
    """every foreign id (case, person, alert, visit, approval as filters too)"""
    there = world.there
    ids = [
        *(case.id for case in there.cases), *there.persons.values(), there.alert, there.delivered,
        there.running.approval, there.running.visit, world.all_tokens[THERE]["id"],
    ]  # fmt: skip
    period = YEAR if path == "/v1/key-figures" else {}
    columns = [
        n for n in ("case", "visit", "alert", "person", "approval", "token", "name") if n in parameters(path)
    ]
    for name in columns:
        for foreign in ids:
            nowhere = new_id() if ID.fullmatch(foreign) else "0" * 12
            one, other = (
                asked(world.asks, path, {**period, name: word}) for word in (foreign, nowhere)
            )
            as_nowhere(world, one, other, foreign, nowhere)


@pytest.mark.parametrize("path", [*LISTS, *OF_ONE_CASE, "/v1/settings"])
def test_another_provider_is_one_that_does_not_exist(world, path):
    """`provider=<other>` answers like a provider that does not exist"""
    about = path.replace("{case}", world.there.running.id)
    own = path.replace("{case}", world.here.running.id)
    more = [{}, {"today": "2026-05-01"}, {"as_of": "2026-06-29"}, {"count": "true"}, {"format": "csv"},
            {"case": world.there.running.id}, {"case": world.here.running.id}]  # fmt: skip
    for way in (w for w in more if w.keys() <= parameters(path).keys()):
        way = YEAR | way if path == "/v1/key-figures" else way
        for place in {about, own}:
            one, other = (
                asked(world.asks, place, {**way, "provider": word}) for word in (THERE, NOWHERE)
            )
            assert plain(one, (THERE, NOWHERE)) == plain(other), (place, way)
            if place != about or "case" not in way:
                assert not world.traces(one.text.replace(THERE, "").replace(world.there.running.id, ""))


@pytest.mark.parametrize("path", LISTS)
def test_nobody_of_another_provider_is_found_by_name(world, path):
    """every filter with foreign values: `name`, `leads`"""
    known = parameters(path)
    for name, foreign, nowhere in [
        ("name", world.there.name, "Westhausmann"),
        ("leads", world.there.lead, "l.westhaus"),
        ("leads", f"{world.there.lead},m.roth", "l.westhaus,m.roth"),
        ("lead", world.there.lead, "l.westhaus"),
    ]:
        if name in known:
            assert rows(world.above, path, **{name: foreign}) or path == "/v1/alerts"
            one, other = (asked(world.asks, path, {name: word}) for word in (foreign, nowhere))
            as_nowhere(world, one, other, foreign, nowhere)
            assert one.json()["items"] == []
    both = f"{world.here.lead},{world.there.lead}"
    if "leads" in known:
        assert rows(world.asks, path, leads=both) == rows(world.asks, path, leads=world.here.lead)


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_another_shows_nothing(world, path):
    """every … cursor … hold only that provider's"""
    period = YEAR if path == "/v1/key-figures" else {}
    sorts = parameters(path).get("sort", {}).get("enum", [None])
    for sort in (s for s in sorts if s is None or s[0] != "+"):
        way = {**period, "limit": 1, **({"sort": sort} if sort else {})}
        for client in (world.other, world.above):
            cursor = None
            for _ in range(6):
                page = asked(client, path, way | ({"cursor": cursor} if cursor else {})).json()
                if (cursor := page["next"]) is None:
                    break
                answer = asked(world.asks, path, {**way, "limit": 500, "cursor": cursor})
                assert answer.status_code in (200, 400), answer.text
                assert not world.traces(answer.text)
        cursor = None
        while True:
            page = asked(world.asks, path, way | ({"cursor": cursor} if cursor else {})).json()
            if (cursor := page["next"]) is None:
                break
            opened = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")
            assert not world.traces(cursor) and not world.traces(opened)


# ---------------------------------------------------------------- one case


def values_of(world, path: str, name: str, case: Case) -> list:
    """With what a parameter is tried on a case."""
    position = case.opened["position"]
    history = f"/v1/cases/{case.id}/history"
    last = rows(world.above, history)[-1]
    column = name.partition(".")[0]
    known = {
        "provider": [HERE, THERE, NOWHERE],
        "wait_for": [f"{position['partition']}:{position['offset']}"],
        "today": ["2026-05-01", "2031-01-01"],
        "as_of": ["2026-06-29", "2026-06-30", "2020-01-01"],
        "known_at": [last["recorded"], "2026-06-30T09:00:00Z"],
        "limit": [1, 500],
        "format": ["json", "csv", "xlsx"],
        "sort": ["-version"],
        "stale": ["false"],
        "cursor": [asked(world.above, history, {"limit": 1}).json()["next"]],
    }
    if name in known:
        return known[name]
    assert last.get(column) is not None or column == "by", (path, name)
    return [last[column] or world.there.lead]


@pytest.mark.parametrize("path", OF_ONE_CASE)
def test_a_case_of_another_provider_is_nowhere(world, path):
    """another provider's case is 404 exactly like one that exists nowhere (same body but for the id), for
    reads, history, `known_at`/`as_of`"""
    for case in world.there.cases:
        nowhere = new_id()
        places = [path.replace("{case}", id) for id in (case.id, nowhere)]
        ways = [{}]
        ways += [{name: value} for name in parameters(path) for value in values_of(world, path, name, case)]
        for way in ways:
            one, other = (asked(world.asks, place, way) for place in places)
            assert way.get("cursor") or other.status_code in (404, 406), (way, other.text)
            as_nowhere(world, one, other, case.id, nowhere)
        seen = asked(world.above, places[0])
        assert seen.status_code == 200
        for headers in (
            {"If-None-Match": seen.headers.get("etag", '"1"')},
            {"Accept": "text/csv"},
            {"Accept-Language": "en"},
            {"X-Geleit-By": "m.roth", "X-Geleit-Purpose": "audit"},
        ):
            one, other = (asked(world.asks, place, headers=headers) for place in places)
            as_nowhere(world, one, other, case.id, nowhere)
        shouted = world.asks.request("GET", path.replace("{case}", case.id.upper()))
        quiet = world.asks.request("GET", path.replace("{case}", nowhere.upper()))
        assert plain(shouted, (case.id, nowhere), (case.id.upper(), nowhere.upper())) == plain(quiet)
        heads = [world.asks.http.head(place) for place in places]
        assert heads[0].status_code == heads[1].status_code == 404


@pytest.mark.parametrize("path", OF_ONE_CASE)
def test_a_case_of_ones_own_is_there(world, path):
    """A token with a provider: … hold only that provider's"""
    for case in world.here.cases:
        place = path.replace("{case}", case.id)
        for way in ({}, {"provider": HERE}, {"as_of": "2026-06-30"}):
            own = asked(world.asks, place, way)
            assert own.status_code == 200, own.text
            assert plain(own) == plain(asked(world.above, place, way))
            assert not world.traces(own.text)


# ---------------------------------------------------------------- commands


def told_of(world, case: Case) -> list:
    return rows(world.above, f"/v1/cases/{case.id}/history")


def on_a_foreign_case(world) -> list[dict]:
    """One of each command that the foreign case would take."""
    case = world.there.running
    return [
        {"command": name, "case": case.id, "data": data} | ({"reasons": reasons} if reasons else {})
        for name, data, reasons, _ in tries(world.there.situation())
    ]


def test_every_command_on_a_foreign_case_is_404(world):
    """another provider's case is 404 … for every command on it"""
    case = world.there.running
    before = told_of(world, case)
    names = set()
    for command in on_a_foreign_case(world):
        names.add(command["command"])
        for more, dry in [({}, True), ({}, False), ({"expect_version": len(before)}, False)]:
            nowhere = new_id()
            one = world.asks.post({**command, **more, "id": new_id()}, dry_run=dry)
            other = world.asks.post({**command, **more, "id": new_id(), "case": nowhere}, dry_run=dry)
            refused(one, 404)
            as_nowhere(world, one, other, case.id, nowhere)
        etag = {"If-Match": f'"{len(before)}"'}
        refused(world.asks.post({**command, "id": new_id()}, headers=etag), 404)
    assert names == set(contract.DOCUMENT["components"]["schemas"]["CommandName"]["enum"]) - {
        "ReceiveReferral",
        "AdoptSettings",
    }
    assert told_of(world, case) == before


def test_every_line_on_a_foreign_case_is_404(world):
    """another provider's case is 404 … for every command on it"""
    case, nowhere = world.there.running, new_id()
    before = told_of(world, case)
    commands = [{**command, "id": new_id()} for command in on_a_foreign_case(world)]
    one = world.asks.lines(commands)
    other = world.asks.lines({**command, "id": new_id(), "case": nowhere} for command in commands)
    assert [line["status"] for line in one] == [404] * len(commands)
    assert json.dumps(one).replace(case.id, nowhere) == json.dumps(other)
    assert told_of(world, case) == before


def test_what_another_provider_sent_is_not_repeated(world):
    """(also retries of a command of the other provider with its very id and content)"""
    before = [told_of(world, case) for case in world.there.cases]
    statuses = {}
    for command in world.there.client.sent:
        again = {**command, "id": new_id()}
        opened = command.get("case")
        nowhere = new_id()
        if opened:
            again["case"] = nowhere
        for headers in ({}, {"Idempotency-Key": command["id"]}):
            sent = {k: v for k, v in command.items() if k != "id" or not headers}
            one, other = world.asks.post(sent, headers=headers), world.asks.post(again)
            assert plain(one, (opened or nowhere, nowhere)) == plain(other), command
            if one.status_code == 404:
                assert not world.traces(one.text.replace(opened, nowhere))
            statuses.setdefault(command["command"], set()).add(one.status_code)
        (line,) = world.asks.lines([command])
        assert line["status"] == one.status_code and line["detail"] == one.json()["detail"]
    expected = {name: {404} for name in statuses}
    assert statuses == expected | {"ReceiveReferral": {403}, "AdoptSettings": {403}}
    assert [told_of(world, case) for case in world.there.cases] == before


def test_an_id_of_anothers_command_tells_nothing(world):
    """`409` … same id with other content: whose it is plays no part"""
    case, team = world.here.running.id, {"lead": "m.roth"}
    for command in world.there.client.sent:
        answer = world.asks.command("AssignCareTeam", case, team, id=command["id"], dry_run=True)
        assert not world.traces(answer.text.replace(command["id"], ""))


def test_what_a_command_names_is_unknown_when_it_is_anothers(world):
    """an unknown visit, alert or approval is 409 with `field`; `person_id` is known only within the same
    provider"""
    case, there = world.here.running, world.there
    rescheduled = {"starts_at": "2026-07-13T10:00:00+02:00"}
    corrected = {"reference": "AZ 1", "reason": "Tippfehler"}
    for name, field, foreign, data in [
        ("RescheduleVisit", "visit", there.running.visit, rescheduled),
        ("CancelVisit", "visit", there.running.visit, {"reason": "Kind krank"}),
        ("MissVisit", "visit", there.running.visit, {}),
        ("CorrectVisit", "visit", there.delivered, {"minutes": 45, "reason": "Tippfehler"}),
        ("VoidVisit", "visit", there.delivered, {"reason": "doppelt"}),
        ("DeliverVisit", "visit", there.running.visit, {"minutes": 45}),
        ("CorrectApproval", "approval", there.running.approval, corrected),
        ("RevokeApproval", "approval", there.running.approval, {"reason": "Versehen"}),
        ("AcknowledgeAlert", "alert", there.alert, {"note": "Familie ruft zurück"}),
        ("SnoozeAlert", "alert", there.alert, {"until": "2026-07-03", "reason": "Urlaub"}),
    ]:
        nowhere = new_id()
        one, other = (
            world.asks.command(name, case.id, {field: word, **data}, dry_run=True)
            for word in (foreign, nowhere)
        )
        as_nowhere(world, one, other, foreign, nowhere)
        assert one.status_code >= 400, (name, one.text)
    for person in there.persons.values():
        nowhere, case_id = new_id(), new_id()
        data = Story(world.asks, HERE).data(person=None)
        one, other = (
            world.asks.command("ReceiveReferral", case_id, {**data, "person_id": word}, dry_run=True)
            for word in (person, nowhere)
        )
        refused(one, 409)
        as_nowhere(world, one, other, person, nowhere)
    own = world.here.persons[world.here.running.id]
    taken = world.asks.command("ReceiveReferral", new_id(), {**data, "person_id": own}, dry_run=True)
    assert taken.status_code == 200, taken.text


def test_a_referral_is_to_ones_own_provider(world):
    """ReceiveReferral with another `provider` than the token's: 403, field `provider`"""
    for dry in (True, False):
        for case in (None, new_id(), world.there.running.id, world.here.running.id):
            answers = [
                world.asks.command("ReceiveReferral", case, Story(world.asks, to).data(), dry_run=dry)
                for to in (THERE, NOWHERE)
            ]
            for answer in answers:
                forbidden(answer, field="provider")
            assert plain(answers[0], (THERE, NOWHERE)) == plain(answers[1])
    assert world.asks.command(
        "ReceiveReferral", new_id(), Story(world.asks, HERE).data(), dry_run=True
    ).status_code == 200


def test_a_case_in_use_is_all_that_is_told(world):
    """A ReceiveReferral naming a `case` id in use by another provider is 409 as for one's own (documented; it
    is the only thing that tells)"""
    data = Story(world.asks, HERE).data()
    foreign, own = world.there.running.id, world.here.running.id
    for dry in (True, False):
        one, other = (world.asks.command("ReceiveReferral", c, data, dry_run=dry) for c in (foreign, own))
        refused(one, 409)
        assert plain(one, (foreign, own)) == plain(other)
        assert not world.traces(one.text.replace(foreign, own))


def test_settings_are_adopted_for_ones_own_provider(world):
    """AdoptSettings for another provider or for the installation: 403, field `provider`"""
    data = {"from": "2026-07-01", "settings": {"rules": {"SMN-HOME": {"units": 1}}}}
    for dry in (True, False):
        for provider in (THERE, NOWHERE, None):
            said = {**data, **({"provider": provider} if provider else {})}
            forbidden(world.asks.command("AdoptSettings", None, said, dry_run=dry), field="provider")
    own = world.asks.command("AdoptSettings", None, {**data, "provider": HERE}, dry_run=True)
    assert own.status_code == 200, own.text


# ---------------------------------------------------------------- settings, privacy, acts


def test_settings_of_another_provider_are_nowhere(world):
    """`GET /v1/settings?provider=<other>` is 404 like for a provider that does not exist anywhere"""
    recorded = world.above.request("GET", "/v1/cases").json()["as_at"]["last_event"]
    for way in ({}, {"on": "2026-07-01"}, {"as_of": "2026-06-01"}, {"known_at": recorded}):
        one, other = (
            asked(world.asks, "/v1/settings", {**way, "provider": word}) for word in (THERE, NOWHERE)
        )
        refused(one, 404)
        as_nowhere(world, one, other, THERE, NOWHERE)
        own = asked(world.asks, "/v1/settings", {**way, "provider": HERE})
        assert own.status_code == 200, own.text
        assert own.json() == asked(world.above, "/v1/settings", {**way, "provider": HERE}).json()
        assert not world.traces(own.text)
        assert not world.traces(asked(world.asks, "/v1/settings", way).text)


def test_privacy_sees_only_the_provider(world):
    """Privacy routes see only persons all of whose cases are the provider's."""
    on = {"on": "2050-01-01"}
    due = asked(world.asks, "/v1/privacy/due", on)
    everything = asked(world.above, "/v1/privacy/due", on).json()["items"]
    assert not world.traces(due.text)
    wanted = [one for one in everything if {case["provider"] for case in one["cases"]} == {HERE}]
    assert due.json()["items"] == wanted != [] and len(wanted) < len(everything)
    status = asked(world.asks, "/v1/privacy/status")
    assert not world.traces(status.text)
    assert [one["case"] for one in status.json()["restricted"]] == [world.here.restricted.id]
    assert len(asked(world.above, "/v1/privacy/status").json()["restricted"]) == 2


ACTS = [
    path
    for path, operations in contract.DOCUMENT["paths"].items()
    if "post" in operations and "{" in path and path.startswith("/v1/")
]


@pytest.mark.parametrize("path", ACTS)
def test_nothing_is_done_to_what_is_anothers(world, path):
    """every foreign id: 404 as one that exists nowhere"""
    there = world.there
    foreign = [*there.persons, *there.persons.values(), there.alert, there.delivered]
    if "{token}" in path:
        foreign = [world.all_tokens[THERE]["id"], world.all_tokens[None]["id"]]
    before = asked(world.above, "/v1/privacy/status").json()
    for id in foreign:
        nowhere = new_id() if "-" in id else "0" * 12
        one, other = (
            world.asks.request(
                "POST", re.sub(r"\{\w+\}", word, path), json={"reason": "request"}
            )
            if "privacy" in path
            else world.asks.request("POST", re.sub(r"\{\w+\}", word, path))
            for word in (id, nowhere)
        )
        as_nowhere(world, one, other, id, nowhere)
        assert other.status_code == (403 if path == "/v1/cases/{case}/retry" else 404), other.text
    assert asked(world.above, "/v1/privacy/status").json() == before


def test_an_erasure_is_told_to_its_provider_only(serve):
    """Privacy routes see only persons all of whose cases are the provider's."""
    server, anybody = serve(extra=NO_WATCH)
    for provider in (HERE, THERE):
        case = Story(anybody, provider).referral()
        case.is_visited("2026-03-02")
        case.completes("2026-05-08")
    cases = {row["provider"]: row["case"] for row in anybody.rows("cases")}
    assert server.stop() == 0
    server, anybody = serve(clock="2040-06-30T12:00:00+02:00", extra=NO_WATCH)
    for case in cases.values():
        answer = anybody.request("POST", f"/v1/privacy/{case}/erase", json={"reason": "retention_over"})
        assert answer.status_code == 200, answer.text
    assert server.stop() == 0
    token = create(server.data, "team_lead", provider=HERE)
    server, client = serve(clock="2040-06-30T12:00:00+02:00", extra=NO_WATCH)
    client.http.headers["Authorization"] = bearer(token)
    erased = client.get("privacy/status", fresh=False)["erased"]
    assert [one["cases"] for one in erased] == [[cases[HERE]]]
    assert [row["case"] for row in client.rows("cases")] == [cases[HERE]]


def test_a_person_of_the_same_id_is_another_one(serve):
    """erasing a person: a command's id is unique within its case only, and the person's follows from it"""
    server, anybody = serve(extra=NO_WATCH)
    id, cases = new_id(), {}
    for provider, name in ((HERE, "Musterkind-Hier"), (THERE, "Musterkind-Dort")):
        person = {"given_name": "Mia", "family_name": name, "born": "2025-11-02"}
        data = referral_data(provider=provider, person=person)
        cases[provider] = anybody.done("ReceiveReferral", new_id(), data, id=id)["case"]
        Case(anybody, cases[provider]).does("WithdrawReferral", {"reason": "umgezogen"})
    assert server.stop() == 0
    token = create(server.data, "team_lead", provider=HERE)
    server, client = serve(clock="2040-06-30T12:00:00+02:00", extra=NO_WATCH)
    above = Client(server.url)
    above.http.headers["Authorization"] = bearer(create(server.data, "team_lead"))
    client.http.headers["Authorization"] = bearer(token)
    path = f"/v1/privacy/{cases[HERE]}"
    for act, reason in (("restrict", "Streit"), ("lift", "beigelegt"), ("erase", "retention_over")):
        answer = client.request("POST", f"{path}/{act}", json={"reason": reason})
        assert answer.status_code == 200 and answer.json()["cases"] == [cases[HERE]], answer.text
    assert answer.json()["keys"] == 1
    persons = {row["case"]: row["person"] for row in above.rows("cases", **{"with": "person"})}
    assert persons[cases[HERE]] is None
    assert persons[cases[THERE]]["family_name"] == "Musterkind-Dort"
    above.close()


# ---------------------------------------------------------------- the stream


def listen(world, *params, last=None) -> Listener:
    return Listener(
        world.server.url,
        *params,
        last=last,
        headers=(("Authorization", bearer(world.all_tokens[HERE])),),
    )


def changes_both(world) -> Case:
    """Something happens there, then here; the case here."""
    for provider, client in ((THERE, world.other), (HERE, world.asks)):
        case = Story(client, provider).referral()
        case.does("AssignCareTeam", {"lead": f"l.{provider}"})
        case.schedules("2026-07-20")
        case.does("CancelVisit", {"visit": case.visit, "reason": f"Wunsch {provider}"})
        case.does("WithdrawReferral", {"reason": f"Wunsch {provider}"})
        world.ids[provider] |= {case.id, case.visit}
        client.get("cases", limit=1)  # waits until the tables have it
    return case


def until_withdrawn(listener: Listener, case: Case) -> list:
    told = listener.until(
        lambda e: e.data.get("table") == "cases" and e.data["key"] == case.id
        and e.data["row"] and e.data["row"]["state"] == "withdrawn"
    )  # fmt: skip
    return told + listener.rest()


def test_the_stream_tells_only_of_the_provider(world):
    """every … stream … hold only that provider's"""
    with listen(world) as listener, listen(world, ("provider", HERE)) as asked_for:
        ready = listener.ready()
        asked_for.ready()
        case = changes_both(world)
        events = until_withdrawn(listener, case)
        until_withdrawn(asked_for, case)
    assert {e.data["key"].partition("/")[0] for e in events if e.name == "row"} == {case.id}
    assert not any(world.traces(json.dumps(e.data)) for e in events)
    assert listener.state == asked_for.state != {}
    # Neither does it when it goes on from before.
    place = ",".join(f"{partition}:{offset}" for partition, offset in ready["positions"].items())
    for again in (listen(world, last=place), listen(world, ("since", place))):
        with again:
            again.ready()
            told = until_withdrawn(again, case)
        assert {e.data["key"].partition("/")[0] for e in told if e.name == "row"} == {case.id}
        assert not any(world.traces(json.dumps(e.data)) for e in told)


@pytest.mark.parametrize("name", ["provider", "case", "lead"])
def test_the_stream_of_what_is_anothers_is_silent(world, name):
    """every filter with foreign values"""
    foreign = {"provider": THERE, "case": world.there.running.id, "lead": world.there.lead}[name]
    nowhere = {"provider": NOWHERE, "case": new_id(), "lead": "l.westhaus"}[name]
    tables = [("table", "cases")] if name == "lead" else []
    answers = []
    for value in (foreign, nowhere):
        with world.asks.http.stream(
            "GET", "/v1/stream", params=[*tables, (name, value)]
        ) as answer:
            headers = {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
            answers.append((answer.status_code, headers))
            if answer.status_code != 200:
                answers[-1] += (answer.read().decode().replace(foreign, nowhere),)
    assert answers[0] == answers[1]
    if answers[0][0] != 200:
        return
    with listen(world, *tables, (name, foreign)) as one, listen(world, *tables, (name, nowhere)) as other:
        assert one.ready() == other.ready()
        world.other.done(
            "AssignCareTeam", world.there.running.id, {"lead": world.there.lead, "members": ["m.suedhaus"]}
        )
        changes_both(world)
        assert [e for e in one.rest(1) if e.name == "row"] == []
        assert [e for e in other.rest(0.1) if e.name == "row"] == []
