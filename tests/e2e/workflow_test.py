"""`tasks`: the next step of each case; steps and checklists as a provider has set them (schema/README.md,
Workflow); `TickChecklist` → `ChecklistTicked`."""

import pytest
from client import new_id, refused

ITEMS = [
    {"item": "sign", "text": {"de": "Unterschrift der Eltern", "en": "Signed by the parents"}},
    {"item": "copy", "text": {"de": "Kopie für die Akte"}},
]
CHECKLIST = {"checklists": [{"step": "agree_care_plan", "items": ITEMS}]}


@pytest.fixture
def adopts(client, story):
    def adopts(settings, start="2026-01-01"):
        return client.done(
            "AdoptSettings", None, {"provider": story.provider, "from": start, "settings": settings}
        )

    return adopts


def task(case, step: str, **params) -> dict:
    found = [row for row in case.now(**params)["tasks"] if row["task"] == step]
    assert len(found) == 1, f"expected one {step}, but {found}"
    return found[0]


def steps(case, **params) -> set:
    return {row["task"] for row in case.now(**params)["tasks"]}


# -- the steps as they ship


def test_each_step_has_a_day_a_role_and_a_title(story):
    case = story.referral(discharged_on=None, coverage="unresolved")
    rows = case.now()["tasks"]
    assert {row["task"]: row["due_on"] for row in rows} == {
        "assign_team": "2026-02-22",
        "clarify_coverage": "2026-03-05",
        "agree_care_plan": "2026-03-05",
        "record_discharge": "2026-03-05",
        "submit_application": "2026-02-26",
    }
    assert all(row["role"] and row["title"] for row in rows)
    assert task(case, "assign_team")["title"] == "Team zuweisen"


def test_titles_are_english_where_that_is_asked(story, english):
    case = story.referral()
    english.positions = story.client.positions
    rows = english.get(f"cases/{case.id}")["tasks"]
    assert "Assign the team" in {row["title"] for row in rows}


def test_the_list_shows_the_same_steps(story):
    case = story.running()
    shown = case.now()["tasks"]
    assert shown == case.rows("tasks")
    assert case.rows("tasks", title="Nachsorge abschließen") == [
        row for row in shown if row["task"] == "complete_care"
    ]


def test_the_insurers_period_passes_and_has_passed(story):
    case = story.referral()
    case.applies(submitted_on="2026-03-13")  # acts on Tuesday 2026-04-07
    insurer = {"await_decision", "remind_insurer", "call_insurer"}
    for today, standing in (
        ("2026-04-01", {"await_decision"}),
        ("2026-04-02", {"await_decision", "remind_insurer"}),
        ("2026-04-07", {"await_decision", "remind_insurer"}),
        ("2026-04-08", {"call_insurer"}),
    ):
        assert steps(case, today=today) & insurer == standing, today


def test_units_run_out_and_an_extension_is_possible(story):
    case = story.approved(units=6)
    case.is_visited("2026-02-27", minutes=239)
    assert not steps(case) & {"plan_last_units", "prepare_extension"}
    case.is_visited("2026-02-28", minutes=1)
    assert steps(case) >= {"plan_last_units", "prepare_extension"}
    case.asks_to_extend(4, "2026-03-02")
    assert "prepare_extension" not in steps(case)


# -- as a provider has set them


def test_a_provider_has_its_own_days_roles_and_titles(story, adopts):
    old = story.referral().settles()
    adopts(
        {
            "steps": [
                {"step": "assign_team", "off": True},
                {
                    "step": "agree_care_plan",
                    "days": 10,
                    "role": "team",
                    "title": {"de": "Plan schreiben", "en": "Write the plan"},
                },
                {"step": "schedule_first_visit", "days": 7},
            ]
        }
    )
    new = story.referral()
    assert "assign_team" in steps(old) and "assign_team" not in steps(new)
    plan = task(new, "agree_care_plan")
    assert (plan["due_on"], plan["role"], plan["title"]) == ("2026-03-02", "team", "Plan schreiben")
    assert task(new, "schedule_first_visit")["due_on"] == "2026-03-27"  # a week before the last day
    assert [row["title"] for row in new.rows("tasks", role="team", task="agree_care_plan")] == [
        "Plan schreiben"
    ]
    other = story.client.command(
        "ReceiveReferral", None, story.data(provider=story.provider + "-x")
    ).json()["case"]
    rows = story.client.get(f"cases/{other}")["tasks"]
    assert "assign_team" in {row["task"] for row in rows}


def test_settings_count_for_a_case_from_its_next_event_on_and_late_paper_brings_nothing_back(story, adopts):
    case = story.referral()
    adopts({"steps": [{"step": "assign_team", "days": 5}]}, "2026-06-01")
    assert task(case, "assign_team")["due_on"] == "2026-02-22"
    case.does("AgreeCarePlan", {"agreed_on": "2026-06-02", "goals": []}, happened="2026-06-02")
    assert task(case, "assign_team")["due_on"] == "2026-02-24"
    case.does("AgreeCarePlan", {"agreed_on": "2026-05-02", "goals": []}, happened="2026-05-02")
    assert task(case, "assign_team")["due_on"] == "2026-02-24"


@pytest.mark.parametrize(
    "settings,field",
    [
        ({"steps": [{"step": "dance"}]}, "settings.steps[0].step"),
        ({"steps": [{"step": "assign_team", "role": "boss"}]}, "settings.steps[0].role"),
        ({"steps": [{"step": "complete_care", "off": True}]}, "settings.steps[0].off"),
        ({"checklists": [{"step": "dance", "items": ITEMS}]}, "settings.checklists[0].step"),
    ],
)
def test_a_step_that_is_none_or_cannot_be_off_is_refused(story, client, settings, field):
    data = {"provider": story.provider, "from": "2026-01-01", "settings": settings}
    refused(client.command("AdoptSettings", None, data), 400, field=field)


# -- checklists


def checklist(case, step="agree_care_plan", **params) -> list[tuple]:
    return [(i["item"], i["done"], i["by"], i["on"]) for i in task(case, step, **params)["checklist"]]


def test_an_item_is_ticked_and_says_by_whom_and_when(story, adopts):
    adopts(CHECKLIST)
    case = story.referral()
    assert checklist(case) == [("sign", False, None, None), ("copy", False, None, None)]
    assert "checklist" not in task(case, "assign_team")
    answer = case.does(
        "TickChecklist", {"step": "agree_care_plan", "item": "sign"}, by="m.roth", happened="2026-03-01"
    )
    assert answer["event"] == "ChecklistTicked"
    assert checklist(case) == [("sign", True, "m.roth", "2026-03-01"), ("copy", False, None, None)]
    texts = [item["text"] for item in task(case, "agree_care_plan")["checklist"]]
    assert texts == ["Unterschrift der Eltern", "Kopie für die Akte"]
    event = case.told()[-1]
    assert (event["event"], event["by"]) == ("ChecklistTicked", "m.roth")
    assert event["data"] == {"step": "agree_care_plan", "item": "sign", "ticked": True}


def test_who_ticked_first_stands_until_it_is_taken_back(story, adopts):
    adopts(CHECKLIST)
    case = story.referral()
    sign = {"step": "agree_care_plan", "item": "sign"}
    case.does("TickChecklist", sign, by="m.roth", happened="2026-03-01")
    case.does("TickChecklist", sign, by="a.ander", happened="2026-03-02")
    assert checklist(case)[0] == ("sign", True, "m.roth", "2026-03-01")
    case.does("TickChecklist", {**sign, "ticked": False})
    assert checklist(case)[0] == ("sign", False, None, None)


def test_a_retry_gets_the_same_answer(story, adopts):
    adopts(CHECKLIST)
    case = story.referral()
    command = new_id()
    sign = {"step": "agree_care_plan", "item": "sign"}
    first = case.does("TickChecklist", sign, id=command)
    assert case.does("TickChecklist", sign, id=command) == {**first, "repeated": True}


def test_what_no_checklist_has_is_409_with_the_field(story, adopts):
    adopts(CHECKLIST)
    case = story.referral()
    for data, field in (
        ({"step": "dance", "item": "sign"}, "step"),
        ({"step": "agree_care_plan", "item": "seal"}, "item"),
        ({"step": "assign_team", "item": "sign"}, "item"),
    ):
        refused(case.tries("TickChecklist", data), 409, field=field, state="referred")
    assert len(case.told()) == 1


def test_a_checklist_of_one_benefit_is_not_the_others(story, adopts):
    adopts({"checklists": [{"step": "agree_care_plan", "benefit": "ST", "items": ITEMS}]})
    refused(
        story.referral().tries("TickChecklist", {"step": "agree_care_plan", "item": "sign"}),
        409,
        field="item",
    )
    case = story.st()
    case.does("TickChecklist", {"step": "agree_care_plan", "item": "copy"})
    assert [item["done"] for item in task(case, "agree_care_plan")["checklist"]] == [False, True]
