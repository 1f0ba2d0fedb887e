"""`geleit audit export` and `geleit audit check-bundle`: a simulated year of two facilities, of which an
auditor gets one month as a ZIP. What is in it is looked at with Python's own zipfile, csv, sqlite3, hashlib
and json."""

import base64
import collections
import csv
import hashlib
import io
import json
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile

import pytest

from client import Client, new_id
from program import ROOT, Server, geleit, geleit_json
from simulated import simulate, submit
from story import referral_data

pytestmark = pytest.mark.embedded  # the clock follows the commands

PROVIDER = "hana-muenchen"
FROM, TO = "2025-06-01", "2025-06-30"
LISTS = ("cases", "deadlines", "overdue-starts", "unit-balances", "tasks", "visits", "alerts")
TABLES = (*LISTS, "key-figures")
# Whose aftercare nobody has begun.
NOT_BEGUN = referral_data(
    provider=PROVIDER, prescribed_on="2025-04-01", received_on="2025-04-02", discharged_on="2025-04-03",
    born="2025-03-01",
)  # fmt: skip
BOM = b"\xef\xbb\xbf"


def whole_table(client, name: str, **params) -> bytes:
    """A list as GET gives it in CSV, all its pages in one."""
    if name in LISTS:
        params["sort"] = "case"
    out, cursor = b"", {}
    while True:
        answer = client.ask(
            name, headers={"Accept": "text/csv"}, provider=PROVIDER, limit=500, **params, **cursor
        )
        assert answer.status_code == 200, answer.text
        head, rows = answer.content.split(b"\r\n", 1)
        out += rows if out else head + b"\r\n" + rows
        if "next-cursor" not in answer.headers:
            return out
        cursor = {"cursor": answer.headers["next-cursor"]}


def submit_lines(server, client, place, lines: list[str]) -> None:
    file = place / f"{len(lines)}.ndjson"
    file.write_text("".join(lines), "utf-8")
    submit(server, client, file)


class Bundle:
    """What an auditor sees of a ZIP."""

    def __init__(self, path):
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self.files = {info.filename: archive.read(info) for info in archive.infolist()}
            self.entries = archive.infolist()
        self.manifest = json.loads(self.files["manifest.json"])

    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.files["events.ndjson"].splitlines()]

    def of_cases(self) -> list[dict]:
        return [e for e in self.events() if not e["type"].endswith("SettingsAdopted")]

    def table(self, name: str) -> list[dict]:
        text = self.files[f"tables/{name}.csv"].decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))

    def sqlite(self, place) -> sqlite3.Connection:
        file = place / "geleit.sqlite"
        file.write_bytes(self.files["geleit.sqlite"])
        return sqlite3.connect(file)


class Year:
    """The data directory, what GET said on the evening of TO, and the names that were invented."""

    def __init__(self, data, then, names):
        self.data, self.then, self.names = data, then, names

    def export(self, out, *more, start=FROM, to=TO, provider=PROVIDER):
        return geleit(
            *("--lang", "en", "audit", "export", "--provider", provider, "--from", start, "--to", to),
            *("--out", out, "--data", self.data, *more),
        )

    def bundle(self, out, *more, **options) -> Bundle:
        done = self.export(out, *more, **options)
        assert done.returncode == 0, done.stderr
        return Bundle(out)


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    place = tmp_path_factory.mktemp("pruefung")
    file = simulate(place / "year.ndjson", seed=7)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    names = set()
    for line in lines:
        command = json.loads(line)
        if person := command["data"].get("person"):
            names |= {person["family_name"], person.get("guardian", person["family_name"])}
    evening = [line for line in lines if line[12:22] <= TO]
    assert 0 < len(evening) < len(lines)
    names.add(NOT_BEGUN["person"]["family_name"])
    with Server(place / "data", "entered") as server:
        client = Client(server.url, language="en")  # as Year.export
        adopted = client.command(
            "AdoptSettings", None,
            {"provider": PROVIDER, "from": "2025-01-01", "settings": {"rules": {"SMN-HOME": {"units": 2}}}},
            entered=json.loads(lines[0])["entered"],
        )  # fmt: skip
        assert adopted.status_code == 200, adopted.text
        half = sum(line[12:22] <= "2025-06-15" for line in evening)
        submit_lines(server, client, place, evening[:half])
        client.done("ReceiveReferral", new_id(), NOT_BEGUN)
        submit_lines(server, client, place, evening[half:])
        then = {name: whole_table(client, name, today=TO) for name in TABLES}
        submit_lines(server, client, place, lines[len(evening) :])
        client.close()
    return Year(place / "data", then, names)


@pytest.fixture(scope="module")
def opened(year, tmp_path_factory):
    return year.bundle(tmp_path_factory.mktemp("offen") / "bundle.zip", "--purpose", "Prüfung nach § 275")


@pytest.fixture(scope="module")
def sealed(year, tmp_path_factory):
    return year.bundle(tmp_path_factory.mktemp("versiegelt") / "bundle.zip", "--sealed")


# -- what is in it


def test_the_tables_are_what_get_said_on_that_evening(year, opened):
    """tables at the end, by the same code that the staff's tables ran on"""
    for name in TABLES:
        assert opened.files[f"tables/{name}.csv"] == year.then[name], name
    assert len(opened.table("cases")) > 50 and opened.table("overdue-starts") and opened.table("alerts")
    assert opened.manifest["tables_on"] == TO and opened.manifest["final"] is True


def test_csv_opens_in_a_spreadsheet(opened):
    """CSV: UTF-8 with BOM, `;`"""
    for name in TABLES:
        text = opened.files[f"tables/{name}.csv"]
        assert text.startswith(BOM) and b";" in text.splitlines()[0] and text.endswith(b"\r\n")


def test_events_are_whole_cases_and_nothing_else(year, opened):
    """every event of the provider's cases recorded in the range, and of those cases all before it"""
    exported = geleit("export", "--data", year.data, "--provider", PROVIDER)
    by_case = collections.defaultdict(list)
    for line in exported.stdout.splitlines():
        event = json.loads(line)
        if not event["type"].endswith("SettingsAdopted") and event["time"][:10] <= TO:
            by_case[event["subject"]].append(event)
    wanted = {
        case: events for case, events in by_case.items() if any(e["time"][:10] >= FROM for e in events)
    }
    assert 0 < len(wanted) < len(by_case)
    told = collections.defaultdict(list)
    for event in opened.of_cases():
        assert event.pop("inrange") == (FROM <= event["time"][:10] <= TO)
        assert event.pop("record") and event.pop("partitions")
        told[event["subject"]].append(event)
    assert told == wanted
    assert opened.manifest["events"] == sum(map(len, wanted.values()))
    assert opened.manifest["cases"] == len(wanted)
    places = [(e["partition"], e["offset"]) for e in opened.events()]
    assert places == sorted(places)


def test_anybody_can_recompute_hashes_and_chains(opened):
    """README: `hash` is the SHA-256 of `record` without its last 32 octets, `previous` the `hash` before"""
    heads = {}
    for event in opened.events():
        record = base64.b64decode(event["record"], validate=True)
        assert hashlib.sha256(record[:-32]).hexdigest() == event["hash"] == record[-32:].hex()
        if event["stale"]:
            continue
        version, head = heads.get(event["subject"], (0, None))
        assert (event["version"], event.get("previous")) == (version + 1, head)
        heads[event["subject"]] = (event["version"], event["hash"])
    versions = {row["case"]: int(row["version"]) for row in opened.table("cases")}
    assert all(
        versions[case] == heads[case][0] for case in {e["subject"] for e in opened.of_cases()}
    )


def test_rules_are_named_by_their_hash_and_are_all_there(opened):
    """rule sets and settings adopted that the events were judged by"""
    there = set()
    for name, content in opened.files.items():
        if name.startswith("rules/"):
            there.add(name[6:].split(".")[0])
            assert hashlib.sha256(content).hexdigest() == name[6:].split(".")[0]
    judged_by = {
        e[which]
        for e in opened.of_cases()
        for which in ("ruleset", "rulesetinstallation", "rulesetprovider")
        if which in e
    }
    assert judged_by == there
    assert {r["scope"] for r in opened.manifest["rules"]} == {"shipped", "provider"}


def test_manifest_and_sums_name_every_file(opened, tmp_path):
    """a manifest with SHA-256"""
    listed = {f["name"]: f for f in opened.manifest["files"]}
    assert set(listed) | {"manifest.json", "SHA256SUMS"} == set(opened.files)
    for name, file in listed.items():
        assert file["bytes"] == len(opened.files[name])
        assert file["sha256"] == hashlib.sha256(opened.files[name]).hexdigest()
    sums = dict(line.split("  ")[::-1] for line in opened.files["SHA256SUMS"].decode().splitlines())
    for name, content in opened.files.items():
        assert name == "SHA256SUMS" or sums[name] == hashlib.sha256(content).hexdigest()
    assert opened.manifest["purpose"] == "Prüfung nach § 275"
    assert opened.manifest["personal_data"] == "opened"


def test_sqlite_has_the_same_with_types_and_indices(opened, tmp_path):
    """an SQLite file of the same for questions nobody foresaw"""
    database = opened.sqlite(tmp_path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("PRAGMA application_id").fetchone() == (int.from_bytes(b"Gele"),)
    for name in TABLES:
        table = name.replace("-", "_")
        rows = opened.table(name)
        assert database.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (len(rows),)
        columns = [(c[1], c[2]) for c in database.execute(f'PRAGMA table_info("{table}")')]
        assert [c[0] for c in columns] == [c.replace(".", "_") for c in rows[0]]
        told = database.execute(f'SELECT * FROM "{table}" ORDER BY rowid').fetchall()
        for row, of_sqlite in zip(rows, told, strict=True):
            for text, value, (column, kind) in zip(row.values(), of_sqlite, columns, strict=True):
                if value is None:
                    assert text == "", (table, column)
                elif kind == "TEXT":
                    assert text.lstrip("'") == value, (table, column)
                else:
                    assert float(text.replace(",", ".")) == value, (table, column)
        assert name == "key-figures" or database.execute(f'PRAGMA index_list("{table}")').fetchall()
    assert sum(int(r["delivered"]) for r in opened.table("unit-balances")) > 0
    events = database.execute("SELECT count(*), sum(in_range) FROM events").fetchone()
    assert events == (len(opened.events()), sum(e["inrange"] for e in opened.events()))
    minutes = "SELECT sum(data ->> 'minutes') FROM events WHERE event = 'VisitDelivered'"
    assert database.execute(minutes).fetchone()[0] == sum(
        e["data"]["minutes"] for e in opened.of_cases() if e["type"].endswith("VisitDelivered")
    )


def test_the_questions_of_its_readme_run(opened, tmp_path):
    """ready SQL questions that really run; in German and English"""
    database = opened.sqlite(tmp_path)
    asked = []
    for name in ("README.de.md", "README.en.md"):
        text = opened.files[name].decode()
        assert PROVIDER in text.splitlines()[0]
        asked.append(re.findall(r"```sql\n(.*?)```", text, re.S))
        answers = [database.execute(question).fetchall() for question in asked[-1]]
        assert len(answers) >= 5 and all(answers), "in a year of a facility each has an answer"
    assert asked[0] == asked[1]
    overdue = database.execute(asked[0][0]).fetchall()
    assert len(overdue) == len(opened.table("overdue-starts"))


def test_its_proofs_hold_under_signed_heads(year, opened, tmp_path):
    """accepted by the program and by the independent checker, refused after one changed byte"""
    heads = [json.loads(line) for line in opened.files["heads.ndjson"].splitlines()]
    key = geleit("audit", "key", "--data", year.data).stdout.split()[-1]
    assert opened.manifest["public_keys"] == [key] and {h["key"] for h in heads} == {key}
    cases = {e["subject"] for e in opened.of_cases()}
    proven = {name for name in opened.files if name.startswith("proofs/")}
    assert proven == {f"proofs/{case}.json" for case in cases}
    assert opened.manifest["beyond_heads"] == 0 and opened.manifest["proofs"] == len(cases)
    told = collections.defaultdict(list)
    for event in opened.of_cases():
        told[event["subject"]].append(event["record"])
    checker = [sys.executable, ROOT / "deploy" / "audit" / "check_proof.py"]
    for number, case in enumerate(sorted(cases)):
        proof = json.loads(opened.files[f"proofs/{case}.json"])
        assert [e["record"] for e in proof["events"]] == told[case] and proof["head"] in heads
        if number >= 3:
            continue
        file = tmp_path / "proof.json"
        file.write_bytes(opened.files[f"proofs/{case}.json"])
        assert subprocess.run([*checker, file, key], capture_output=True).returncode == 0
        assert geleit("audit", "check", file, "--key", key).returncode == 0
        octets = bytearray(base64.b64decode(proof["events"][0]["record"]))
        octets[80] ^= 1
        proof["events"][0]["record"] = base64.b64encode(octets).decode()
        file.write_text(json.dumps(proof))
        assert subprocess.run([*checker, file, key], capture_output=True).returncode == 1


# -- personal data


def test_sealed_holds_no_clear_text(year, sealed, opened):
    """sealed or opened, by right"""
    for name, content in sealed.files.items():
        for secret in year.names | {"Musterkind", "familie."}:
            assert secret.encode() not in content, (name, secret)
    assert sealed.manifest["personal_data"] == "sealed"
    clear = [e["data"]["person"]["family_name"] for e in opened.of_cases() if "person" in e["data"]]
    assert clear and set(clear) <= year.names
    assert {row["person.family_name"] for row in opened.table("cases")} <= year.names
    assert not any(row["person.family_name"] for row in sealed.table("cases"))
    assert [e["hash"] for e in sealed.events()] == [e["hash"] for e in opened.events()]


def test_without_keys_it_stays_sealed_and_says_so(year, sealed, tmp_path):
    """opened where the keys can be read"""
    data = tmp_path / "data"
    shutil.copytree(year.data, data, ignore=shutil.ignore_patterns("keys", "master.key", "tables"))
    out = tmp_path / "bundle.zip"
    done = Year(data, {}, set()).export(out)
    assert done.returncode == 0 and "stays sealed" in done.stderr
    assert out.read_bytes() == sealed.path.read_bytes()


def test_nothing_of_another_provider_is_in_it(opened):
    for name, content in opened.files.items():
        assert b"nachsorge-001" not in content, name


# -- the same bytes


def test_the_same_range_gives_the_same_bytes(year, opened, tmp_path):
    """Reproducible: same range, same bytes; while live writing goes on, too"""
    data = tmp_path / "data"
    shutil.copytree(year.data, data)
    again = tmp_path / "again.zip"
    of_december = referral_data(
        provider=PROVIDER, prescribed_on="2025-12-18", received_on="2025-12-19", discharged_on="2025-12-20"
    )
    with Server(data, "entered") as server:
        client = Client(server.url)
        for _ in range(3):
            client.done("ReceiveReferral", new_id(), of_december)
            done = Year(data, {}, set()).export(
                again, "--force", "--purpose", "Prüfung nach § 275"
            )
            assert done.returncode == 0, done.stderr
            assert again.read_bytes() == opened.path.read_bytes()
        client.close()
    dates = {entry.date_time for entry in opened.entries}
    assert dates == {(1980, 1, 1, 0, 0, 0)}
    names = [entry.filename for entry in opened.entries]
    assert names == sorted(names)


def test_a_range_that_is_not_over_says_so(year, tmp_path):
    """`--to` in the future of the log is allowed but says that it is not final"""
    done = year.export(tmp_path / "bundle.zip", "--json", to="2199-12-31")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["final"] is False
    bundle = Bundle(tmp_path / "bundle.zip")
    assert bundle.manifest["final"] is False and bundle.manifest["tables_on"] < "2199"
    assert "Not final yet" in bundle.files["README.en.md"].decode()
    assert "Noch nicht abgeschlossen" in bundle.files["README.de.md"].decode()


def test_nothing_in_the_range_is_a_bundle_with_a_sentence(year, tmp_path):
    done = year.export(tmp_path / "bundle.zip", start="2010-01-01", to="2010-12-31")
    assert done.returncode == 0 and "Nothing was recorded" in done.stderr
    bundle = Bundle(tmp_path / "bundle.zip")
    assert bundle.of_cases() == [] and bundle.manifest["events"] == 0
    assert all(bundle.table(name) == [] for name in TABLES)
    assert "wurde für diesen Träger nichts aufgezeichnet" in bundle.files["README.de.md"].decode()
    assert geleit("audit", "check-bundle", bundle.path).returncode == 0


# -- asking for it


@pytest.mark.parametrize(
    "change, status, said",
    [
        (("--provider", "nobody"), 1, "expected a provider that is in the log, but nobody is not in it"),
        (("--provider", "No Body"), 2, "--provider: expected a provider"),
        (("--from", "2025-02-30"), 2, "--from: expected a date like"),
        (("--to", "2025-05-31"), 2, "--to: expected to not before from"),
        (("--out", "missing/bundle.zip"), 2, "--out: expected a name in a folder"),
        (("--data", "missing"), 3, "missing"),
    ],
)
def test_what_cannot_be_is_refused_clearly(year, tmp_path, change, status, said):
    """range and provider errors: clear, exit 2; unknown provider 1"""
    asked = {
        "--provider": PROVIDER, "--from": FROM, "--to": TO, "--out": "bundle.zip", "--data": year.data,
        **dict([change]),
    }  # fmt: skip
    arguments = [word for pair in asked.items() for word in pair]
    done = geleit("--lang", "en", "audit", "export", *arguments, cwd=tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (status, []), done.stderr
    assert said in done.stderr
    if status == 2:
        assert "erwartet" in geleit("--lang", "de", "audit", "export", *arguments, cwd=tmp_path).stderr


def test_a_file_that_is_there_needs_force(year, tmp_path):
    """existing file needs --force; only its owner reads it; nothing else is left behind"""
    out = tmp_path / "bundle.zip"
    out.write_text("precious")
    done = year.export(out)
    assert done.returncode == 2 and "is there already" in done.stderr and out.read_text() == "precious"
    bundle = year.bundle(out, "--force", "--sealed")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [out] and bundle.manifest["provider"] == PROVIDER


# -- checking it


def check(path, *more):
    done = geleit("--lang", "en", "audit", "check-bundle", path, "--json", *more)
    return done.returncode, json.loads(done.stdout)


def packed(path, files: dict, order=None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in order or sorted(files):
            archive.writestr(name, files[name])


def with_sums(files: dict) -> dict:
    """What somebody makes of altered files who knows about manifest and sums."""
    manifest = json.loads(files["manifest.json"])
    for file in manifest["files"]:
        content = files[file["name"]]
        file |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    kinds = [json.loads(line)["type"] for line in files["events.ndjson"].splitlines()]
    manifest["events"] = sum(not kind.endswith("SettingsAdopted") for kind in kinds)
    files = {**files, "manifest.json": json.dumps(manifest).encode()}
    sums = "".join(f"{f['sha256']}  {f['name']}\n" for f in manifest["files"])
    sums += f"{hashlib.sha256(files['manifest.json']).hexdigest()}  manifest.json\n"
    return {**files, "SHA256SUMS": sums.encode()}


def test_an_unaltered_bundle_is_whole(opened, sealed):
    for bundle in (opened, sealed):
        status, told = check(bundle.path)
        assert (status, told["findings"]) == (0, [])
        assert told["events"] == bundle.manifest["events"] and told["cases"] == bundle.manifest["cases"]
        assert told["sha256"] == hashlib.sha256(bundle.path.read_bytes()).hexdigest()
        assert check(bundle.path, "--sha256", told["sha256"])[0] == 0
        assert check(bundle.path, "--sha256", "0" * 64)[0] == 1
        said = geleit("--lang", "en", "audit", "check-bundle", bundle.path).stdout
        assert "nothing was altered" in said


def test_every_altered_file_is_named(opened, tmp_path):
    """a bundle altered in transit is found and the file named"""
    out = tmp_path / "altered.zip"
    # Of proofs there is one a case, all read by the same code: three of them stand for all.
    proofs = [name for name in opened.files if name.startswith("proofs/")]
    names = [name for name in opened.files if name not in proofs[3:]]
    for name in names:
        content = opened.files[name]
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        packed(out, {**opened.files, name: flipped})
        status, told = check(out)
        assert status == 1 and name in {f["file"] for f in told["findings"]}, (name, told)
    for name in names:
        packed(out, {k: v for k, v in opened.files.items() if k != name})
        status, told = check(out)
        assert status == 1 and name in {f["file"] for f in told["findings"]}, (name, told)
    packed(out, {**opened.files, "tables/more.csv": b"x"})
    assert {"file": "tables/more.csv", "what": "is not in the manifest"} in check(out)[1]["findings"]


def test_a_damaged_zip_is_found(sealed, tmp_path):
    """each of many flipped octets of the ZIP is found, or leaves every content as it was"""
    whole = sealed.path.read_bytes()
    out = tmp_path / "damaged.zip"
    found = 0
    for at in [*range(0, len(whole), len(whole) // 60), len(whole) - 1]:
        out.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        status, told = check(out)
        found += status
        if status == 0:
            assert Bundle(out).files == sealed.files
    assert found > 50
    out.write_bytes(whole[: len(whole) // 2])
    status, told = check(out)
    assert status == 1 and told["findings"][0]["file"] is None


def altered_events(bundle, alter) -> dict:
    lines = [json.loads(line) for line in bundle.files["events.ndjson"].splitlines()]
    alter(lines)
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    return with_sums({**bundle.files, "events.ndjson": text.encode()})


def of_kind(lines, kind):
    return next(line for line in lines if line["type"].endswith(kind) and not line["stale"])


def test_whoever_rewrites_the_sums_too_is_found_by_records_and_chains(opened, tmp_path):
    """chains of each case, record hashes; what a line says beside its record"""
    out = tmp_path / "rewritten.zip"

    def minutes(lines):
        of_kind(lines, "VisitDelivered")["data"]["minutes"] += 15

    def by(lines):
        of_kind(lines, "VisitDelivered")["by"] = "n.obody"

    def record(lines):
        line = of_kind(lines, "VisitDelivered")
        octets = bytearray(base64.b64decode(line["record"]))
        octets[100] ^= 1
        line["record"] = base64.b64encode(octets).decode()

    def removed(lines):
        lines.remove(of_kind(lines, "VisitDelivered"))

    def last(lines):
        case = of_kind(lines, "VisitDelivered")["subject"]
        lines.remove([line for line in lines if line["subject"] == case][-1])

    def swapped(lines):
        lines[-1], lines[-2] = lines[-2], lines[-1]

    def added(lines):
        of_kind(lines, "VisitDelivered")["data"]["approved"] = True

    def in_range(lines):
        of_kind(lines, "VisitDelivered")["inrange"] ^= True

    for alter in (minutes, by, record, removed, last, swapped, added, in_range):
        packed(out, altered_events(opened, alter))
        status, told = check(out)
        files = {f["file"] for f in told["findings"]}
        named = "tables/cases.csv" if alter is last else "events.ndjson"
        assert status == 1 and named in files, (alter.__name__, told)


def test_a_table_that_does_not_follow_from_the_events_is_found(opened, tmp_path):
    """tables can be checked: they are made again of the records"""
    out = tmp_path / "rewritten.zip"
    cases = {e["subject"] for e in opened.of_cases()}
    for table, column in (("visits", "minutes"), ("unit-balances", "billable"), ("deadlines", "state")):
        name = f"tables/{table}.csv"
        lines = opened.files[name].decode().split("\r\n")
        at = lines[0].lstrip("\ufeff").split(";").index(column)
        case = lines[0].lstrip("\ufeff").split(";").index("case")
        for number, line in enumerate(lines):
            fields = line.split(";")
            if len(fields) > case and fields[case] in cases:
                fields[at] += "1"
                lines[number] = ";".join(fields)
                break
        packed(out, with_sums({**opened.files, name: "\r\n".join(lines).encode()}))
        status, told = check(out)
        assert status == 1 and [f["file"] for f in told["findings"]] == [name], told
        assert f"line {number + 1}" in told["findings"][0]["what"]


def test_a_proof_or_head_that_was_exchanged_is_found(opened, tmp_path):
    """proofs and heads: also where whoever did it rewrote the sums"""
    out = tmp_path / "rewritten.zip"
    one, other = [name for name in opened.files if name.startswith("proofs/")][:2]
    packed(out, with_sums({**opened.files, one: opened.files[other]}))
    assert one in {f["file"] for f in check(out)[1]["findings"]}
    heads = opened.files["heads.ndjson"].replace(b'"size":', b'"size":1', 1)
    packed(out, with_sums({**opened.files, "heads.ndjson": heads}))
    assert "heads.ndjson" in {f["file"] for f in check(out)[1]["findings"]}


def test_what_is_no_bundle_is_refused(opened, tmp_path):
    out = tmp_path / "other.zip"
    out.write_text("no ZIP")
    assert check(out)[0] == 1
    packed(out, {"a.txt": b"a"})
    assert check(out)[1]["findings"][0]["file"] == "manifest.json"
    packed(out, {**opened.files, "manifest.json": b"{}"})
    assert check(out)[1]["findings"][0]["file"] == "manifest.json"
    assert geleit("audit", "check-bundle", tmp_path / "missing.zip").returncode == 2
    assert geleit("audit", "check-bundle").returncode == 2
    assert geleit_json("audit", "check-bundle", opened.path, "--json")["whole"] is True
