"""Every rule has worked examples that a social worker can read (tests/examples), and the program keeps to
them."""

import re
from collections import Counter

import pytest

from program import ROOT, geleit_json
from worked_examples import all_examples, hold, rules_without_examples

EXAMPLES = all_examples()
EXAMPLES_MIN = 5


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}-{example.place}")
def test_the_program_keeps_to_the_example(example, story):
    """A table of worked examples per rule: rule id, facts, expected, source"""
    try:
        hold(example, story)
    except AssertionError as wrong:
        raise AssertionError(f"{example}\n{wrong}") from wrong


def test_every_rule_has_five_examples_or_a_reason_why_not():
    """at least five per rule; `geleit rules` lists every row of the rulebook"""
    rules = {entry["rule"] for rule_set in geleit_json("rules", "--json") for entry in rule_set["rules"]}
    count = Counter(example.rule for example in EXAMPLES)
    without = rules_without_examples()
    assert set(count) <= rules and set(without) <= rules
    enough = {rule for rule in rules if count[rule] >= EXAMPLES_MIN}
    assert rules - enough == set(without), {rule: count[rule] for rule in (rules - enough) ^ set(without)}


def test_no_example_stands_twice():
    twice = Counter((e.rule, e.facts, e.expected) for e in EXAMPLES)
    assert [key for key, times in twice.items() if times > 1] == []


def test_a_reason_names_tests_that_are_there():
    for rule, reason in rules_without_examples().items():
        for path in re.findall("`([^`]+)`", reason):
            assert (ROOT / path).exists(), f"{rule}: {path} is not there"
