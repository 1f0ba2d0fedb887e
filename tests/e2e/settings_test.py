"""API.md: `AdoptSettings` → `SettingsAdopted`; schema/README.md, Settings. A new dated rule set applies to
what happens from its date; old cases keep their answers; nothing changes elsewhere."""

import json

import contract
from client import findings, new_id, refused
from program import geleit, geleit_json
from story import Story

TODAY = "2026-06-30"  # conftest's clock
HOME = {"rules": {"SMN-HOME": {"units": 1}}}
MORE_UNITS = {"rules": {"SMN-MAX-UNITS": {"units": 24}}}
START_LATER = {"rules": {"SMN-START": {"days": 56}}}


def adopt(client, provider, settings, start="2026-01-01", **envelope):
    """The answer to settings that may be refused."""
    data = {"from": start, "settings": settings}
    if provider:
        data["provider"] = provider
    return client.command("AdoptSettings", None, data, **envelope)


def adopted(client, provider, settings, start="2026-01-01", **envelope) -> dict:
    answer = adopt(client, provider, settings, start, **envelope)
    assert answer.status_code == 200, answer.text
    return answer.json()


def in_force(client, provider=None, **params) -> dict:
    return client.get("settings", **({"provider": provider} if provider else {}), **params)


def value_of(view: dict, rule: str, name: str) -> tuple[str, str]:
    values = next(r for r in view["rules"] if r["rule"] == rule)["values"]
    return next((v["value"], v["set_by"]) for v in values if v["name"] == name)


# -- what is decided afterwards


def test_a_value_that_a_provider_has_set_counts_there_from_then_on_and_nowhere_else(story, client):
    """in force for what is decided afterwards"""
    refused(story.tries_referral(units=24), 422, rule="SMN-MAX-UNITS", reasons=["SMN-MAX-UNITS"])
    answer = adopted(client, story.provider, MORE_UNITS)
    assert answer["event"] == "SettingsAdopted" and answer["version"] == 1 and answer["findings"] == []
    assert story.tries_referral(units=24).status_code == 200
    refused(story.tries_referral(units=25), 422, rule="SMN-MAX-UNITS", reasons=["SMN-MAX-UNITS"])
    refused(
        story.tries_referral(units=24, provider=story.provider + "-x"), 422, reasons=["SMN-MAX-UNITS"]
    )


def test_what_follows_in_the_same_lines_is_judged_by_it(story, client):
    """answered line by line in order"""
    referral = {"command": "ReceiveReferral", "id": new_id(), "data": story.data(units=24)}
    settings = {
        "command": "AdoptSettings",
        "id": new_id(),
        "data": {"provider": story.provider, "from": "2026-01-01", "settings": MORE_UNITS},
    }
    first, second, third = client.lines([referral, settings, {**referral, "id": new_id()}])
    assert first["status"] == 422
    assert second["event"] == "SettingsAdopted"
    assert third["event"] == "ReferralReceived"


def test_what_happened_before_its_day_is_judged_by_what_held_then(story, client):
    """a new dated rule set applies to what happens from its date"""
    adopted(client, story.provider, MORE_UNITS, "2026-06-15")
    before = client.command("ReceiveReferral", None, story.data(units=24), happened="2026-06-14")
    refused(before, 422, reasons=["SMN-MAX-UNITS"])
    after = client.command("ReceiveReferral", None, story.data(units=24), happened="2026-06-15")
    assert after.status_code == 200


def test_a_day_ahead_changes_nothing_today(story, client):
    adopted(client, story.provider, MORE_UNITS, "2026-07-01")
    refused(story.tries_referral(units=24), 422, reasons=["SMN-MAX-UNITS"])
    assert value_of(in_force(client, story.provider), "SMN-MAX-UNITS", "units") == ("20", "shipped")
    later = in_force(client, story.provider, on="2026-07-01")
    assert value_of(later, "SMN-MAX-UNITS", "units") == ("24", "provider")


def test_old_cases_keep_their_deadlines_and_say_which_set_they_were_computed_by(story, client):
    """a case says under which set each deadline was computed"""
    old = story.referral()
    adopted(client, story.provider, START_LATER)
    new = story.referral()
    before, after = old.deadline("SMN-START"), new.deadline("SMN-START")
    assert (before["due_on"], before["rule_set"]) == ("2026-04-03", "2026-01")
    assert after["due_on"] == "2026-04-17"
    assert after["rule_set"].startswith(f"2026-01+{story.provider}@2026-01-01.")
    assert "56 Tage" in after["explanation"] and "42 Tage" in before["explanation"]
    assert new.now()["deadlines"][0]["rule_set"] == after["rule_set"]
    assert [e["rule_set"] for e in new.told()] == [after["rule_set"]]
    assert new.rows("deadlines", rule_set=after["rule_set"]) == [after]


def test_fewer_units_at_home_are_no_finding_where_that_is_agreed(story, client):
    old = story.running()
    assert "SMN-HOME" in findings(old.completes("2026-05-08"))
    adopted(client, story.provider, HOME)
    new = story.running()
    assert "SMN-HOME" not in findings(new.completes("2026-05-08"))


def test_a_contract_counts_for_the_insured_of_its_insurers(story, client):
    """per insurer contract"""
    contracts = [{"contract": "vdek", "insurers": ["104212059"], "rules": MORE_UNITS["rules"]}]
    adopted(client, story.provider, {"contracts": contracts})
    person = story.data()["person"]
    covered = {**person, "insurer_ik": "104212059"}
    assert story.tries_referral(units=24, person=covered).status_code == 200
    other = {**person, "insurer_ik": "999999999"}
    refused(story.tries_referral(units=24, person=other), 422, reasons=["SMN-MAX-UNITS"])
    refused(story.tries_referral(units=24), 422, reasons=["SMN-MAX-UNITS"])


def test_who_collects_the_co_payment_is_shown_and_set(story, client):
    """ST-COPAY-COLLECTOR: who collects: insurer or provider (contract)"""
    assert value_of(in_force(client, story.provider), "ST-COPAY-COLLECTOR", "collector")[0] == "insurer"
    adopted(client, story.provider, {"rules": {"ST-COPAY-COLLECTOR": {"collector": "provider"}}})
    now = value_of(in_force(client, story.provider), "ST-COPAY-COLLECTOR", "collector")
    assert now == ("provider", "provider")
    neither = adopt(client, story.provider, {"rules": {"ST-COPAY-COLLECTOR": {"collector": "nobody"}}})
    refused(neither, 422, rule="ST-COPAY-COLLECTOR")


def test_a_contract_cannot_change_what_deadlines_and_tables_go_by(story, client):
    contracts = [{"contract": "vdek", "insurers": ["104212059"], "rules": START_LATER["rules"]}]
    problem = refused(adopt(client, story.provider, {"contracts": contracts}), 422, rule="SMN-START")
    assert problem["field"] == "settings.contracts[0].rules.SMN-START.days"


def test_the_providers_word_goes_before_the_installations(serve):
    _, client = serve()
    adopted(client, None, {"rules": {"SMN-MAX-UNITS": {"units": 30}, "SMN-MIN-UNITS": {"units": 3}}})
    adopted(client, "hana", MORE_UNITS)
    here, elsewhere = in_force(client, "hana"), in_force(client, "other")
    assert value_of(here, "SMN-MAX-UNITS", "units") == ("24", "provider")
    assert value_of(here, "SMN-MIN-UNITS", "units") == ("3", "installation")
    assert value_of(elsewhere, "SMN-MAX-UNITS", "units") == ("30", "installation")
    assert here["installation"]["settings"]["rules"]["SMN-MIN-UNITS"] == {"units": 3}
    assert here["provider_set"]["settings"] == MORE_UNITS


def test_nothing_set_takes_everything_back(story, client):
    adopted(client, story.provider, MORE_UNITS)
    adopted(client, story.provider, {})
    refused(story.tries_referral(units=24), 422, reasons=["SMN-MAX-UNITS"])


# -- answered as any command


def test_a_retry_gets_the_same_answer(story, client):
    """a retry gets the same answer with "repeated": true"""
    command = new_id()
    first = adopted(client, story.provider, MORE_UNITS, id=command)
    adopted(client, story.provider, HOME)
    again = adopted(client, story.provider, MORE_UNITS, id=command)
    assert again == {**first, "repeated": True}


def test_the_same_id_with_other_content_is_refused(story, client):
    """same id with other content: 409"""
    command = new_id()
    adopted(client, story.provider, MORE_UNITS, id=command)
    refused(adopt(client, story.provider, HOME, id=command), 409, field="id")
    refused(adopt(client, story.provider, MORE_UNITS, "2026-01-02", id=command), 409, field="id")


def test_versions_are_chained_and_can_be_expected(story, client):
    """`expect_version`"""
    first = adopted(client, story.provider, MORE_UNITS)
    second = adopted(client, story.provider, HOME, expect_version=1)
    assert (first["version"], second["version"], second["case"]) == (1, 2, first["case"])
    problem = refused(adopt(client, story.provider, {}, expect_version=1), 409, field="expect_version")
    assert problem["version"] == 2


def test_a_dry_run_adopts_nothing(story, client):
    """`?dry_run=true` decides without recording"""
    answer = adopted(client, story.provider, MORE_UNITS, dry_run=True)
    assert answer["dry_run"] is True
    assert in_force(client, story.provider)["provider_set"] is None
    refused(story.tries_referral(units=24), 422, reasons=["SMN-MAX-UNITS"])


def test_the_stream_of_settings_is_no_case(story, client):
    """404 is for cases"""
    stream = adopted(client, story.provider, {})["case"]
    refused(client.command("AssignCareTeam", stream, {"lead": "m.roth"}), 404)
    assert client.ask(f"cases/{stream}").status_code == 404


# -- refused with a sentence


def test_a_locked_rule_is_refused(story, client):
    problem = refused(
        adopt(client, story.provider, {"rules": {"GKV-DECISION": {"weeks": 4}}}), 422, rule="GKV-DECISION"
    )
    assert problem["field"] == "settings.rules.GKV-DECISION.weeks"
    assert "GKV-DECISION ist fest" in problem["detail"]


def test_an_unknown_rule_is_refused(story, client):
    answer = adopt(client, story.provider, {"rules": {"SMN-FOO": {"units": 4}}})
    refused(answer, 400, field="settings.rules.SMN-FOO")


def test_a_value_out_of_range_or_of_another_unit_or_type_is_refused(story, client):
    for values in ({"units": 121}, {"units": 0}, {"days": 20}, {"units": "24"}, {"units": ["24"]}):
        problem = refused(
            adopt(client, story.provider, {"rules": {"SMN-MAX-UNITS": values}}), 422, rule="SMN-MAX-UNITS"
        )
        assert problem["field"].startswith("settings.rules.SMN-MAX-UNITS.")


def test_what_belongs_to_no_rule_is_400_with_its_field(story, client):
    free = {"benefit": "ST", "cents_per_unit": -1, "from": "2026-01-01"}
    for settings, field in (
        ({"rooms": []}, "settings.rooms"),
        ({"prices": [free]}, "settings.prices[0].cents_per_unit"),
        ({"targets": [{"year": 2025}]}, "settings.targets[0].units"),
        ({"teams": [{"team": "nord", "lead": "M Roth"}]}, "settings.teams[0].lead"),
        ({"alerts": {"quiet": {"from": "25:00", "until": "07:00"}}}, "settings.alerts.quiet.from"),
        ({"alerts": {"quiet": {"from": "19:00"}}}, "settings.alerts.quiet.until"),
        ({"alerts": {"warnings": {"SMN-AGE": [3]}}}, "settings.alerts.warnings.SMN-AGE"),
        ({"alerts": {"warnings": {"SMN-START": [91]}}}, "settings.alerts.warnings.SMN-START"),
        ({"alerts": {"urgent": ["SMN-HOME"]}}, "settings.alerts.urgent[0]"),
        ({"alerts": {"escalate_after_hours": [4]}}, "settings.alerts.escalate_after_hours"),
        ({"alerts": {"singles_max": 0}}, "settings.alerts.singles_max"),
        ({"alerts": {"land": "BY"}}, "settings.alerts.land"),
        ({"alerts": {"sound": True}}, "settings.alerts.sound"),
    ):
        assert contract.complaints(contract.named("Settings"), settings), settings
        refused(adopt(client, story.provider, settings), 400, field=field)
    refused(client.command("AdoptSettings", new_id(), {"from": TODAY, "settings": {}}), 400, field="case")


def test_sentences_are_english_where_that_is_asked(story, english):
    answer = adopt(english, story.provider, {"rules": {"SMN-MAX-UNITS": {"units": 121}}})
    problem = refused(answer, 422, rule="SMN-MAX-UNITS")
    assert problem["detail"] == "expected units to be a whole number from 1 to 120, but got 121"


def test_what_no_shape_forbids_about_alerts_is_400_too(story, client):
    for alerts, field in (
        ({"work": {"from": "08:00", "until": "08:00"}}, "settings.alerts.work.until"),
        ({"digest_at": "07:00", "quiet": {"from": "19:00", "until": "07:30"}}, "settings.alerts.digest_at"),
    ):
        assert not contract.complaints(contract.named("Settings"), {"alerts": alerts})
        refused(adopt(client, story.provider, {"alerts": alerts}), 400, field=field)


# -- shown


EVERYTHING = {
    "rules": {"SMN-HOME": {"units": 2}, "SMN-INDICATION": {"prefixes": ["P05-P08", "Q00"]}},
    "contracts": [{"contract": "vdek", "insurers": ["104212059"], "rules": {"SMN-MIN-UNITS": {"units": 4}}}],
    "prices": [
        {"benefit": "ST", "cents_per_unit": 5400, "from": "2025-01-01"},
        {"benefit": "ST", "cents_per_unit": 5600, "from": "2026-01-01", "contract": "vdek"},
    ],
    "targets": [{"year": 2024, "units": 2500}, {"year": 2025, "units": 2700}],
    "steps": [{"step": "agree_care_plan", "days": 10, "title": {"de": "Hilfeplan schreiben"}}],
    "checklists": [
        {"step": "send_final_report", "items": [{"item": "sign", "text": {"de": "Unterschrift"}}]}
    ],
    "teams": [{"team": "nord", "lead": "m.roth", "members": ["a.b"]}],
    "alerts": {
        "warnings": {"SMN-START": [10, 5, 2], "GKV-DECISION": []},
        "urgent": ["SMN-START", "SMN-COMPLETE"],
        "escalate_after_hours": [4, 8],
        "work": {"from": "08:00", "until": "16:30"},
        "quiet": {"from": "19:00", "until": "07:30", "free_days": True},
        "digest_at": "07:30",
        "singles_max": 10,
        "snooze_days_max": 14,
        "land": "DE-BY",
    },
}


def test_what_was_adopted_is_shown_as_it_was_sent(story, client):
    adopted(client, story.provider, EVERYTHING)
    view = in_force(client, story.provider)
    assert view["provider_set"]["settings"] == EVERYTHING
    assert view["rule_set"] == f"2026-01+{view['provider_set']['name']}"
    assert value_of(view, "SMN-INDICATION", "prefixes") == ("P05-P08, Q00", "provider")


def test_the_status_lists_the_sets(story, client):
    """`status`: rule sets"""
    adopted(client, story.provider, HOME)
    name = in_force(client, story.provider)["provider_set"]["name"]
    (found,) = [s for s in client.get("status")["rule_sets"] if s["name"] == name]
    assert (found["provider"], found["version"], found["from"]) == (story.provider, 1, "2026-01-01")


def test_a_route_that_is_asked_wrongly_says_so(client):
    for question, field in (({"on": "gestern"}, "on"), ({"provider": "Hana"}, "provider"), ({"x": "1"}, "x")):
        refused(client.ask("settings", **question), 400, field=field)


# -- the same answers after a restart and a rebuild


def test_a_restart_and_a_rebuild_give_the_same_answers(serve, tmp_path):
    server, client = serve()
    provider = "hana-muenchen"
    story = Story(client, provider)
    old = story.referral()
    adopted(client, provider, START_LATER, "2026-02-01")
    between = story.referral()
    adopted(client, provider, {"rules": {"SMN-START": {"days": 63}, "SMN-HOME": {"units": 1}}}, "2026-02-01")
    new = story.referral()

    def answers(client):
        return (
            [client.rows("deadlines", case=case.id) for case in (old, between, new)],
            in_force(client, provider),
            client.get("status")["rule_sets"],
        )

    before = answers(client)
    assert [rows[0]["due_on"] for rows in before[0]] == ["2026-04-03", "2026-04-17", "2026-04-24"]
    assert server.stop() == 0
    checked = geleit("check", "--data", server.data)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    rebuilt = geleit("rebuild", "--data", server.data)
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    _, again = serve()
    assert answers(again) == before
    adopted(again, provider, {}, "2026-02-01")
    assert Story(again, provider).referral().deadline("SMN-START")["due_on"] == "2026-04-03"


def test_an_export_carries_their_content(serve):
    """`SettingsAdopted` carries their content"""
    server, client = serve()
    stream = adopted(client, "hana", MORE_UNITS)["case"]
    server.stop()
    done = geleit("export", "--data", server.data)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (event,) = [e for e in events if e["subject"] == stream]
    assert event["type"] == "de.geleit.SettingsAdopted"
    assert event["data"]["scope"] == "provider" and event["data"]["from"] == "2026-01-01"
    assert json.loads(event["data"]["content"])["settings"] == MORE_UNITS


# -- the command line


TOML = """
from = 2026-01-01

[rules.SMN-MAX-UNITS]
units = 24

[[prices]]
benefit = "ST"
cents_per_unit = 5400
from = 2025-01-01

[alerts]
warnings.SMN-START = [10, 5]
quiet = { from = "19:00", until = "07:00" }
"""


def test_the_command_line_adopts_shows_and_compares(story, client, server, tmp_path):
    """`geleit settings adopt FILE`, `geleit settings show|diff`"""
    file = tmp_path / "settings.toml"
    file.write_text(TOML)
    where = ["--provider", story.provider, "--server", server.url]
    differs = geleit("settings", "diff", file, *where, "--json")
    assert differs.returncode == 1
    assert {"path": "rules.SMN-MAX-UNITS.units", "before": None, "after": "24"} in json.loads(differs.stdout)
    dry = geleit("settings", "adopt", file, "--dry-run", *where)
    assert dry.returncode == 0, dry.stderr
    assert in_force(client, story.provider)["provider_set"] is None
    command = new_id()
    first = geleit("settings", "adopt", file, "--id", command, "--json", *where)
    assert first.returncode == 0, first.stderr
    again = geleit_json("settings", "adopt", file, "--id", command, "--json", *where)
    assert again == {**json.loads(first.stdout), "repeated": True}
    assert geleit("settings", "diff", file, *where).returncode == 0
    shown = geleit_json("settings", "show", "--json", *where)
    assert shown["provider_set"]["settings"]["rules"] == MORE_UNITS["rules"]
    told = geleit("settings", "show", *where)
    assert "rules.SMN-MAX-UNITS.units = 24" in told.stdout and told.returncode == 0
    assert "alerts.warnings.SMN-START = [10,5]" in told.stdout
    assert "alerts.quiet.from = 19:00" in told.stdout
    rules = geleit("rules", "show", "SMN-MAX-UNITS", *where)
    assert "units = 24 (provider)" in rules.stdout, rules.stdout + rules.stderr
    every = geleit("rules", *where)
    assert "units = 24 [provider]" in every.stdout and "SMN-HOME" in every.stdout
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"rules": {"SMN-MAX-UNITS": {"units": 20}}}))
    compared = geleit("settings", "diff", file, other)
    assert compared.returncode == 1
    assert "- rules.SMN-MAX-UNITS.units = 24\n+ rules.SMN-MAX-UNITS.units = 20\n" in compared.stdout


def test_the_command_line_says_what_is_wrong(story, server, tmp_path):
    """exit status 0 done, 1 refused or findings, 2 usage, 3 unavailable"""
    file = tmp_path / "settings.toml"
    where = ["--provider", story.provider, "--server", server.url]
    file.write_text("from = 2026-01-01\n[rules.GKV-DECISION]\nweeks = 4\n")
    locked = geleit("settings", "adopt", file, *where)
    assert locked.returncode == 1 and "GKV-DECISION" in locked.stderr
    file.write_text("this is no TOML [")
    assert geleit("settings", "adopt", file, *where).returncode == 2
    assert geleit("settings", "adopt", tmp_path / "none", *where).returncode == 2
    assert geleit("settings").returncode == 2
    file.write_text("from = 2026-01-01\n")
    gone = geleit("settings", "adopt", file, "--server", "http://127.0.0.1:1")
    assert gone.returncode == 3


def test_the_document_describes_the_settings():
    """a documented shape, in openapi.json"""
    assert not contract.complaints(contract.named("Settings"), EVERYTHING)
    assert contract.complaints(contract.named("Settings"), {"rooms": []})
