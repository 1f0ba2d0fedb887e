"""`geleit deadline`, `copay`, `rules` and `version`: what they print and how they end."""

import pytest

from program import geleit, geleit_json


@pytest.mark.parametrize("rule, anchor, due_on, acts_on, hint_on", [
    ("GKV-DECISION", "2026-03-13", "2026-04-03", "2026-04-07", None),
    ("SMN-START", "2026-02-20", "2026-04-03", "2026-04-03", "2026-04-07"),
    ("SMN-PRESCRIBER-WINDOW", "2026-02-20", "2026-04-03", "2026-04-03", "2026-04-07"),
    ("GKV-OBJECTION", "2026-01-27", "2026-02-28", "2026-03-02", None),
    ("SMN-COMPLETE", "2026-03-02", "2026-05-25", "2026-05-25", None),
    ("ST-TOTAL", "2026-03-02", "2029-03-02", "2029-03-02", None),
])
def test_a_deadline_is_computed_with_its_explanation(rule, anchor, due_on, acts_on, hint_on):
    answer = geleit_json("deadline", rule, anchor, "--json")
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
    bavaria = geleit_json("deadline", "GKV-DECISION", "2026-05-14", "--land", "DE-BY", "--json")
    assert (bavaria["acts_on"], bavaria["calendar"]) == ("2026-06-05", "DE-BY")


def test_json_is_german_whatever_the_machine_says_unless_asked():
    for language in ("de_DE.UTF-8", "en_US.UTF-8", "C"):
        answer = geleit_json("deadline", "SMN-START", "2026-02-20", "--json", env={"LANG": language})
        assert answer["explanation"].startswith("Entlassung am Fr 20.02.2026")
    answer = geleit_json("deadline", "SMN-START", "2026-02-20", "--json", "--lang", "en")
    assert answer["explanation"].startswith("Discharged on Fri 2026-02-20")


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


def test_the_version_is_told():
    done = geleit("version")
    assert done.returncode == 0 and done.stdout.startswith("geleit ")
