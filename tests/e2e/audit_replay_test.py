"""`geleit audit replay`: the log played once more and held against the tables, an earlier export, or other
rules."""

import datetime
import json
import threading

import pytest

from client import Client, new_id
from program import NO_WATCH, ROOT, Server, geleit, geleit_json
from simulated import simulate, submit
from story import Story, at, referral_data

pytestmark = pytest.mark.embedded

RULES = ROOT / "schema" / "rules" / "smn-st-2026-01.toml"
NOW = "2026-03-01T12:00:00+01:00"
LISTS = ("cases", "deadlines", "unit-balances", "visits")


class Year:
    """A simulated year of two facilities, with exports of its tables; nobody serves it any more."""

    def __init__(self, place):
        file = simulate(place / "year.ndjson", seed=7)
        self.data = place / "data"
        self.exports = place
        with Server(self.data, "entered") as server:
            client = Client(server.url)
            submit(server, client, file)
            self.today = client.get("cases", limit=1)["as_at"]["today"]
            for table in LISTS:
                for kind in ("json", "csv"):
                    got = geleit("get", table, f"--{kind}", "--all", "--server", server.url, timeout=300)
                    assert got.returncode == 0, got.stderr
                    (place / f"{table}.{kind}").write_text(got.stdout, "utf-8", newline="")
            client.close()
        self.deadlines = json.loads((place / "deadlines.json").read_text("utf-8"))
        self.cases = json.loads((place / "cases.json").read_text("utf-8"))
        self.clock = self.today + "T12:00:00+01:00"


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    return Year(tmp_path_factory.mktemp("jahr"))


def replay(data, *more, **options):
    return geleit("audit", "replay", "--data", data, "--json", *more, **options)


def replayed(data, *more, status=0):
    done = replay(data, *more, timeout=300)
    assert done.returncode == status, done.stdout[-2000:] + done.stderr
    return json.loads(done.stdout)


def test_the_tables_are_what_the_log_says(year):
    """replay equal to live, byte for byte; the scratch directory is gone"""
    before = sorted(p.name for p in year.data.iterdir())
    told = replayed(year.data)
    assert told["same"] and told["compared_with"] == "live" and told["cases"] >= len(year.cases)
    assert len(told["tables"]) == 13 and not any(t["differences"] for t in told["tables"])
    assert sorted(p.name for p in year.data.iterdir()) == before
    text = geleit("audit", "replay", "--data", year.data)
    assert text.returncode == 0 and "Byte für Byte" in text.stdout


def test_narrowed_it_is_the_same(year):
    """`--case`, `--provider`, `--from/--to` narrow it"""
    provider = year.cases[0]["provider"]
    of_provider = replayed(year.data, "--provider", provider)
    assert of_provider["same"]
    assert of_provider["cases"] == sum(c["provider"] == provider for c in year.cases)
    assert "key-figures" in {t["table"] for t in of_provider["tables"]}
    one = replayed(year.data, "--case", year.cases[0]["case"], "--table", "deadlines", "--table", "tasks")
    assert one["same"] and one["cases"] == 1 and len(one["tables"]) == 2
    month = replayed(year.data, "--from", "2025-03-01", "--to", "2025-03-31")
    assert month["same"] and 0 < month["cases"] < len(year.cases)


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize("table", LISTS)
def test_an_export_is_what_the_log_says(year, table, kind):
    """compares with an earlier export of the table, JSON or CSV"""
    file = year.exports / f"{table}.{kind}"
    told = replayed(year.data, "--table", table, "--compare", file, "--clock", year.clock)
    assert told["same"] and told["cases"] >= len(year.cases)


def test_a_changed_export_is_found(year, tmp_path):
    """listing differences by case and field"""
    rows = json.loads((year.exports / "deadlines.json").read_text("utf-8"))
    rows[3]["due_on"] = "2031-01-01"
    gone = rows.pop(7)
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(rows), "utf-8")
    told = replayed(
        year.data, "--table", "deadlines", "--compare", changed, "--clock", year.clock, status=1
    )
    by_case = {(d["case"], d["rule"]): d for d in told["differences"]}
    assert set(by_case) == {(rows[3]["case"], rows[3]["rule"]), (gone["case"], gone["rule"])}
    one = by_case[rows[3]["case"], rows[3]["rule"]]
    assert one["change"] == "changed" and one["fields"]["due_on"]["before"] == "2031-01-01"
    assert by_case[gone["case"], gone["rule"]]["change"] == "added"
    # A case that the log has never had.
    rows.append({**rows[0], "case": new_id()})
    changed.write_text(json.dumps(rows), "utf-8")
    told = replayed(
        year.data, "--table", "deadlines", "--compare", changed, "--clock", year.clock, status=1
    )
    assert len(told["differences"]) == 3


def test_a_page_of_the_interface_says_where_it_stood(tmp_path):
    """an earlier export is compared at its own position and day"""
    with Server(tmp_path / "data", NOW, NO_WATCH) as server:
        client = Client(server.url)
        story = Story(client, "hana-muenchen")
        story.running()
        page = client.get("unit-balances")
        assert page["items"]
        (tmp_path / "page.json").write_text(json.dumps(page), "utf-8")
        story.running()
        client.close()
    told = replayed(
        tmp_path / "data", "--table", "unit-balances", "--compare", tmp_path / "page.json"
    )
    assert told["same"] and told["cases"] == 1


def test_to_a_position_and_to_a_moment(year):
    """`--to P:OFFSET`, `--known-at`: rows and digests that two auditors can compare"""
    whole = replayed(year.data, "--known-at", year.today)
    again = replayed(year.data, *[x for p, end in whole["positions"].items() if end
                                  for x in ("--to", f"{p}:{end - 1}")], "--clock", whole["now"])  # fmt: skip
    assert whole["tables"] == again["tables"] and whole["compared_with"] is None
    half = replayed(year.data, "--known-at", "2025-06-30", "--table", "cases")
    assert 0 < half["tables"][0]["rows"] < len(year.cases)
    since = replayed(year.data, "--known-at", "2025-06-30", "--table", "cases", "--compare", "live", status=1)
    assert since["differences"] and {d["table"] for d in since["differences"]} == {"cases"}


def what_if(tmp_path, days: int):
    text = RULES.read_text("utf-8")
    at_start = text.index('id = "SMN-START"')
    new = text[at_start:].replace("values = { days = 42 }", f"values = {{ days = {days} }}", 1)
    file = tmp_path / "other.toml"
    other = (text[:at_start] + new).replace('name = "2026-01"', 'name = "was-waere-wenn"', 1)
    file.write_text(other, "utf-8")
    return file


def week_before(day: str) -> str:
    return (datetime.date.fromisoformat(day) - datetime.timedelta(7)).isoformat()


def test_what_if_lists_exactly_the_deadlines_that_differ(year, tmp_path):
    """what-if with SMN-START 42 -> 35 days"""
    told = replayed(year.data, "--rules", what_if(tmp_path, 35), "--clock", year.clock, status=1)
    assert told["rules"] == "was-waere-wenn"
    starts = {d["case"]: d for d in year.deadlines if d["rule"] == "SMN-START"}
    found = [d for d in told["differences"] if d["table"] == "deadlines"]
    assert {d["case"] for d in found} == set(starts) and len(found) == len(starts)
    for difference in found:
        was = starts[difference["case"]]
        assert difference["rule"] == "SMN-START" and difference["change"] == "changed"
        dates = {"before": was["due_on"], "after": week_before(was["due_on"])}
        assert difference["fields"]["due_on"] == dates
        assert difference["fields"].keys() <= {"due_on", "acts_on", "hint_on", "state", "met_on"}
    assert not [d for d in told["differences"] if d["table"] == "unit-balances"]
    # Alerts: raised a week earlier where it is missed anyway, and new where only 35 days are missed.
    alerts = [d for d in told["differences"] if d["table"] == "alerts"]
    assert {d["rule"] for d in alerts} == {"SMN-START"}
    raised = {d["case"] for d in alerts if d["change"] == "changed"}
    late = {c for c, d in starts.items() if d["state"] == "missed"}
    assert late <= raised | {d["case"] for d in alerts}
    assert any(d["change"] == "added" for d in alerts) or len(raised) == len(alerts)


def test_what_if_can_be_narrowed(year, tmp_path):
    """narrow by --case/--provider"""
    rules = what_if(tmp_path, 35)
    one = next(d for d in year.deadlines if d["rule"] == "SMN-START")
    told = replayed(year.data, "--rules", rules, "--case", one["case"], "--clock", year.clock, status=1)
    assert {d["case"] for d in told["differences"]} == {one["case"]}
    provider = year.cases[0]["provider"]
    of = {c["case"] for c in year.cases if c["provider"] == provider}
    told = replayed(year.data, "--rules", rules, "--provider", provider, "--clock", year.clock, status=1)
    assert {d["case"] for d in told["differences"]} <= of and told["cases"] == len(of)
    same = replayed(year.data, "--rules", "2026-01", "--clock", year.clock)
    assert same["same"] and not same["differences"]


def test_what_if_takes_settings_too(year, tmp_path):
    """provider overrides as `geleit settings adopt` takes"""
    provider = year.cases[0]["provider"]
    file = tmp_path / "settings.toml"
    file.write_text(f'provider = "{provider}"\n[rules.SMN-START]\ndays = 35\n', "utf-8")
    told = replayed(year.data, "--rules", file, "--table", "deadlines", "--clock", year.clock, status=1)
    of = {c["case"] for c in year.cases if c["provider"] == provider}
    starts = {d["case"] for d in year.deadlines if d["rule"] == "SMN-START" and d["case"] in of}
    assert {d["case"] for d in told["differences"]} == starts
    text = geleit("audit", "replay", "--data", year.data, "--rules", file, "--clock", year.clock)
    assert text.returncode == 1 and "Frist SMN-START (Beginn der Nachsorge): letzter Tag" in text.stdout


def test_while_live_writing_goes_on_and_two_at_once(tmp_path):
    """replay while live writing goes on; two auditors at once"""
    with Server(tmp_path / "data", NOW, NO_WATCH) as server:
        client = Client(server.url)
        first = client.done("ReceiveReferral", None, referral_data())["case"]
        client.get("cases")
        going = threading.Event()
        written = [1]

        def write():
            writer = Client(server.url)
            while not going.is_set():
                writer.done("ReceiveReferral", None, referral_data())
                written[0] += 1
            writer.close()

        results = []

        def audit(*more):
            for _ in range(3):
                results.append(replay(tmp_path / "data", *more))

        writer = threading.Thread(target=write)
        auditors = [threading.Thread(target=audit, args=more) for more in ((), ("--case", first))]
        for thread in (writer, *auditors):
            thread.start()
        for thread in auditors:
            thread.join()
        going.set()
        writer.join()
        client.close()
    assert len(results) == 6 and written[0] > 10
    for done in results:
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr
        assert json.loads(done.stdout)["same"]


@pytest.mark.parametrize(
    "arguments, told_of",
    [
        (("--table", "visitors"), "expected one of"),
        (("--to", "3"), "expected a position"),
        (("--to", "99:1"), "expected a position of the log"),
        (("--to", "0:99999999"), "ends before"),
        (("--to", "0:1", "--to", "0:2"), "once"),
        (("--to", "0:0", "--known-at", "2025-06-30"), "--known-at or positions"),
        (("--known-at", "gestern"), "expected a date"),
        (("--from", "2025-05-01", "--to", "2025-04-01"), "before --from"),
        (("--case", "x"), "UUID"),
        (("--provider", "Ä b"), "slug"),
        (("--compare", "/nowhere/export.json"), "the one table"),
        (("--table", "cases", "--compare", "/nowhere/export.json"), "expected an export"),
        (("--table", "trail", "--compare", "/nowhere/export.json"), "the one table"),
        (("--rules", "/nowhere/rules.toml"), "expected a rule set"),
        (("--rules", "2026-01", "--compare", "live"), "--rules or --compare"),
        (("--rules", "2026-01", "--table", "trail"), "a table of lists"),
        (("--case", "7b1c2d3e-4f50-4a61-8b72-000000000009", "--table", "key-figures"), "told by case"),
        (("--clock", "noon"), "expected an instant"),
    ],
)
def test_nonsense_is_refused(year, arguments, told_of):
    """nonsense arguments give clear errors with exit 2"""
    done = geleit("audit", "replay", "--data", year.data, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told_of in done.stderr + done.stdout


def test_files_that_are_no_export_are_refused(year, tmp_path):
    """what is wrong in an export names the file and the row"""
    file = tmp_path / "export"
    for text, told_of in [
        ("[1]", "row 1"), ("{}", "a list of rows"), ("[{]", "expected JSON"),
        ('[{"case": "x"}]', "name its case"),
        ("case;version\n1\n", "2 fields in line 2"), ("nonsense\nx\n", "name its case"),
        (f'[{{"case": "{new_id()}", "colour": "red"}}]', "'colour' is none"),
    ]:  # fmt: skip
        file.write_text(text, "utf-8")
        done = replay(year.data, "--table", "cases", "--compare", file)
        assert done.returncode == 2 and told_of in done.stderr + done.stdout, done.stderr
    file.write_text("[rules.SMN-START]\ndays = -4\n", "utf-8")
    done = replay(year.data, "--rules", file)
    assert done.returncode == 2 and "SMN-START" in done.stderr


def test_what_is_not_there(year, tmp_path):
    """unknown case 1; no log, no tables 3"""
    unknown = replay(year.data, "--case", new_id())
    assert unknown.returncode == 1 and "steht nicht darin" in unknown.stderr
    assert replay(tmp_path / "nothing").returncode == 3
    no_tables = geleit("audit", "replay", "--data", tmp_path, "--log", year.data / "log")
    assert no_tables.returncode == 3 and "geleit rebuild" in no_tables.stderr
    where = ("--data", tmp_path, "--log", year.data / "log")
    told = geleit_json("audit", "replay", *where, "--known-at", "2025-02-01", "--json")
    assert told["compared_with"] is None and told["tables"][0]["sha256"]
