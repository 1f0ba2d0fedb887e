"""`geleit deadline`, `copay`, `rules` and `version`: what they print and how they end."""

import json

import pytest

from program import ROOT, geleit, geleit_json


# RULES.md has no other rule with a date; more of each in tests/examples.
@pytest.mark.parametrize("rule, anchor, options, due_on, acts_on, hint_on", [
    ("GKV-DECISION", "2026-03-13", (), "2026-04-03", "2026-04-07", None),
    ("SMN-START", "2026-02-20", (), "2026-04-03", "2026-04-03", "2026-04-07"),
    ("SMN-PRESCRIBER-WINDOW", "2026-02-20", (), "2026-04-03", "2026-04-03", "2026-04-07"),
    ("GKV-OBJECTION", "2026-01-27", (), "2026-02-28", "2026-03-02", None),
    ("SMN-COMPLETE", "2026-03-02", (), "2026-05-25", "2026-05-25", None),
    ("SMN-COMPLETE", "2026-03-02", ("--discharged-on", "2026-02-20"),
     "2026-05-25", "2026-05-25", "2026-05-15"),
    ("ST-TOTAL", "2026-03-02", (), "2029-03-02", "2029-03-02", None),
    ("SMN-AGE", "2012-05-10", (), "2026-05-09", "2026-05-09", None),
    ("SMN-AGE", "2012-05-10", ("--severe",), "2030-05-09", "2030-05-09", None),
    ("ST-COPAY", "1950-05-10", (), "1968-05-09", "1968-05-09", None),
    ("GKV-DECISION-EXPERT", "2026-02-27", (), "2026-04-03", "2026-04-07", None),
    ("GKV-FICTION", "2026-03-13", (), "2026-04-03", "2026-04-07", None),
    ("GKV-NOTICE", "2026-03-30", (), "2026-04-03", "2026-04-03", None),
    ("CAL-EVENT-DAY", "2026-02-20", ("--count", "42"), "2026-04-03", "2026-04-03", None),
    ("CAL-BIRTHDAY", "2012-02-29", ("--count", "14"), "2026-02-28", "2026-02-28", None),
    ("CAL-WEEKS", "2026-03-13", ("--count", "3"), "2026-04-03", "2026-04-03", None),
    ("CAL-MONTHS", "2026-01-31", ("--count", "1"), "2026-02-28", "2026-02-28", None),
    ("CAL-ROLL", "2026-04-03", (), "2026-04-03", "2026-04-07", None),
    ("CAL-NO-ROLL", "2026-04-03", (), "2026-04-03", "2026-04-03", "2026-04-07"),
    ("REC-RETENTION", "2026-05-22", (), "2036-05-22", "2036-05-22", None),
    ("REC-RETENTION", "2026-05-22", ("--invoice",), "2034-12-31", "2034-12-31", None),
])
def test_a_deadline_is_computed_with_its_explanation(rule, anchor, options, due_on, acts_on, hint_on):
    answer = geleit_json("deadline", rule, anchor, *options, "--json")
    explanation = answer.pop("explanation")
    assert answer == {
        "rule": rule, "anchor": anchor, "due_on": due_on, "acts_on": acts_on,
          "hint_on": hint_on, "calendar": "DE",
        "rule_set": "2026-01",
    }
    day, month, year = due_on[8:], due_on[5:7], due_on[:4]
    assert f"{day}.{month}.{year}" in explanation


def test_options_change_the_count():
    expert = geleit_json("deadline", "GKV-DECISION", "2026-03-13", "--expert", "--json")
    assert expert["due_on"] == "2026-04-17"
    year = geleit_json("deadline", "GKV-OBJECTION", "2026-01-27", "--no-instruction", "--json")
    assert year["due_on"] == "2027-01-31"
    sgb9 = ("deadline", "GKV-DECISION", "2026-03-02", "--regime", "Sgb9_14_18", "--json")
    assert geleit_json(*sgb9)["due_on"] == "2026-03-23"
    assert geleit_json(*sgb9, "--opinion-on", "2026-03-23")["due_on"] == "2026-04-06"
    assert geleit_json(*sgb9, "--opinion-on", "2026-04-27")["due_on"] == "2026-05-02"
    bavaria = geleit_json("deadline", "GKV-DECISION", "2026-05-14", "--land", "DE-BY", "--json")
    assert (bavaria["acts_on"], bavaria["calendar"]) == ("2026-06-05", "DE-BY")


def test_json_is_german_whatever_the_machine_says_unless_asked():
    for language in ("de_DE.UTF-8", "en_US.UTF-8", "C"):
        answer = geleit_json("deadline", "SMN-START", "2026-02-20", "--json", env={"LANG": language})
        assert answer["explanation"].startswith("Entlassung am Fr 20.02.2026")
    answer = geleit_json("deadline", "SMN-START", "2026-02-20", "--json", "--lang", "en")
    assert answer["explanation"].startswith("Discharged on Fri 2026-02-20")


def test_the_explanation_is_what_a_case_manager_would_say():
    """with the days named: Fr 03.04.2026 (Karfreitag) → Di 07.04.2026"""
    decision = ("deadline", "GKV-DECISION", "2026-03-13", "--json")
    assert geleit_json(*decision)["explanation"] == (
        "Antragseingang bei der Krankenkasse am Fr 13.03.2026. Sie hat 3 Wochen Zeit zu entscheiden, also "
        "bis Fr 03.04.2026 (Karfreitag) → Di 07.04.2026. An einem Wochenende oder Feiertag endet diese Frist "
        "nicht, sondern am nächsten Werktag."
    )
    assert geleit_json(*decision, "--lang", "en")["explanation"] == (
        "Application received by the insurer on Fri 2026-03-13. It has 3 weeks to decide, that is until Fri "
        "2026-04-03 (Karfreitag) → Tue 2026-04-07. This period does not end on a weekend or holiday but on "
        "the next working day."
    )


def test_people_read_their_machines_language():
    german = geleit("deadline", "SMN-START", "2026-02-20", env={"LANG": "de_DE.UTF-8"}).stdout
    english = geleit("deadline", "SMN-START", "2026-02-20", env={"LANG": "en_GB.UTF-8"}).stdout
    assert "Beginn der Nachsorge" in german and "Start of the aftercare" in english


@pytest.mark.parametrize("arguments", [
    (),
    ("deadline",),
    ("deadline", "SMN-START"),
    ("deadline", "SMN-START", "2026-02-30"),
    ("deadline", "SMN-START", "20.02.2026"),
    ("deadline", "SMN-START", "1989-12-31"),
    ("deadline", "SMN-START", "2097-01-01"),
    ("deadline", "SMN-HOME", "2026-02-20"),
    ("deadline", "smn-start", "2026-02-20"),
    ("deadline", "NO-SUCH", "2026-02-20"),
    ("deadline", "SMN-START", "2026-02-20", "--land", "BY"),
    ("deadline", "SMN-START", "2026-02-20", "--expert"),
    ("deadline", "GKV-DECISION", "2026-02-20", "--no-instruction"),
    ("deadline", "SMN-START", "2026-02-20", "--lang", "fr"),
    ("deadline", "CAL-HOLIDAYS", "2026-02-20"),
    ("deadline", "GKV-REGIME", "2026-02-20"),
    ("deadline", "SMN-AGE", "1899-12-31"),
    ("deadline", "SMN-START", "2026-02-20", "--severe"),
    ("deadline", "SMN-START", "2026-02-20", "--invoice"),
    ("deadline", "SMN-START", "2026-02-20", "--count", "3"),
    ("deadline", "SMN-START", "2026-02-20", "--regime", "Sgb9_14_18"),
    ("deadline", "SMN-START", "2026-02-20", "--discharged-on", "2026-02-20"),
    ("deadline", "GKV-DECISION", "2026-02-20", "--regime", "Sgb10"),
    ("deadline", "GKV-DECISION", "2026-02-20", "--opinion-on", "2026-03-02"),
    ("deadline", "GKV-DECISION", "2026-02-20", "--regime", "Sgb9_14_18", "--expert"),
    ("deadline", "GKV-DECISION", "2026-02-20", "--regime", "Sgb9_14_18", "--opinion-on", "2026-02-19"),
    ("deadline", "CAL-WEEKS", "2026-02-20"),
    ("deadline", "CAL-WEEKS", "2026-02-20", "--count", "0"),
    ("rules", "diff"),
    ("rules", "diff", "2026-01"),
    ("rules", "diff", "2026-01", "no-such-set"),
    ("rules", "diff", "2026-01", "tests/README.md"),
    ("copay", "100"),
    ("copay", "-1", "--on", "2026-03-02", "--born", "1980-01-01"),
    ("copay", "1.5", "--on", "2026-03-02", "--born", "1980-01-01"),
    ("copay", "100", "--on", "2026-03-02", "--born", "2026-03-03"),
    ("copay", "100", "--on", "2026-03-02", "--born", "1980-01-01", "--exempt-from", "2026-02-02",
     "--exempt-until", "2026-02-01"),
    ("rules", "show"),
    ("rules", "show", "NO-SUCH"),
    ("rules", "holidays", "--year", "1989"),
    ("no-such-command",),
])
def test_a_wrong_command_line_ends_with_2_and_says_why(arguments):
    done = geleit(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr != ""


@pytest.mark.parametrize("cents, born, exemption, expected", [
    (7000, "1980-01-01", (), 700),
    (7005, "1980-01-01", (), 701),
    (499, "1980-01-01", (), 499),
    (501, "1980-01-01", (), 500),
    (50000, "1980-01-01", (), 1000),
    (7000, "2008-03-02", (), 700),
    (7000, "2008-03-03", (), 0),
    (7000, "1980-01-01", ("--exempt-from", "2026-03-02"), 0),
    (7000, "1980-01-01", ("--exempt-from", "2026-03-03"), 700),
    (7000, "1980-01-01", ("--exempt-from", "2026-01-01", "--exempt-until", "2026-03-02"), 0),
    (7000, "1980-01-01", ("--exempt-from", "2026-01-01", "--exempt-until", "2026-03-01"), 700),
    (7000, "1980-01-01", ("--exempt-until", "2026-03-02"), 0),
])
def test_a_copayment_is_computed_in_cents(cents, born, exemption, expected):
    answer = geleit_json("copay", cents, "--on", "2026-03-02", "--born", born, *exemption, "--json")
    assert answer == {"copay": expected}


def test_every_rule_can_be_shown_with_its_source():
    listed = geleit_json("rules", "--json")
    assert [rule_set["rule_set"] for rule_set in listed] == ["2026-01"]
    ids = list(dict.fromkeys(entry["rule"] for entry in listed[0]["rules"]))
    assert len(ids) == 52
    for rule in ("SMN-HOME", "GKV-NOTICE", "CAL-ROLL"):
        entries = geleit_json("rules", "show", rule, "--json")
        assert entries and all(entry["source"] for entry in entries)
    shown = geleit("rules", "show", "SMN-HOME", "--lang", "en").stdout
    assert "At least 3 units are delivered at home." in shown and "units = 3" in shown


def test_the_list_of_rules_has_the_value_and_the_source_of_each():
    listed = geleit("rules", "--lang", "en").stdout
    for rule_set in geleit_json("rules", "--json"):
        for entry in rule_set["rules"]:
            assert entry["source"].strip() and entry["source"] in listed, entry["rule"]
            for name, value in entry["values"].items():
                assert f"{name} = {value['value']}" in listed, entry["rule"]


# ---------------------------------------------------------------- how two rule sets differ

SHIPPED = ROOT / "schema" / "rules" / "smn-st-2026-01.toml"


@pytest.fixture
def newer(tmp_path):
    """The shipped set with four units at home instead of three."""
    text = SHIPPED.read_text(encoding="utf-8")
    changed = text.replace('name = "2026-01"', 'name = "2027-01"').replace(
        "values = { units = 3 }", "values = { units = 4 }"
    )
    path = tmp_path / "newer.toml"
    path.write_text(changed, encoding="utf-8")
    return path


def test_a_set_is_the_same_under_its_name_its_hash_and_its_path():
    (shipped,) = geleit_json("rules", "--json")
    for name in ("2026-01", shipped["hash"], shipped["hash"][:8], SHIPPED):
        done = geleit("rules", "diff", "2026-01", name, "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["old"] == answer["new"] == {key: shipped[key] for key in ("rule_set", "hash", "from")}
        assert answer["rules"] == []
    said = geleit("rules", "diff", "2026-01", SHIPPED, "--lang", "de").stdout
    assert "Keine Regel unterscheidet sich." in said


def test_two_sets_differ_rule_by_rule_in_value_and_sentence(newer):
    done = geleit("rules", "diff", "2026-01", newer, "--json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["old"]["rule_set"], answer["new"]["rule_set"]) == ("2026-01", "2027-01")
    (home,) = answer["rules"]
    assert (home["rule"], home["from"]) == ("SMN-HOME", "2000-01-01")
    assert home["changes"][0] == {"field": "units", "old": "3", "new": "4"}
    assert home["text"]["old"]["en"] == "At least 3 units are delivered at home."
    assert home["text"]["new"]["en"] == "At least 4 units are delivered at home."


def test_people_read_what_was_and_what_is(newer):
    german = geleit("rules", "diff", "2026-01", newer, "--lang", "de")
    assert german.returncode == 1
    for text in ("SMN-HOME · Hausbesuche", "units: 3 → 4", "Mindestens 3 ", "Mindestens 4 "):
        assert text in german.stdout
    back = geleit("rules", "diff", newer, "2026-01", "--lang", "en")
    assert back.returncode == 1 and "units: 4 → 3" in back.stdout


def test_the_version_is_told():
    done = geleit("version")
    assert done.returncode == 0 and done.stdout.startswith("geleit ")
