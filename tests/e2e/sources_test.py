"""services/intake/README.md shows each number of the sources at work by a command line and its answer: every
line runs here as it is written, only the address and the program are those of the test."""

import pytest

from page import expect_answers, is_told, shown
from program import ROOT, Server

PAGE = ROOT / "services" / "intake" / "README.md"


@pytest.mark.parametrize("clock", ["2026-06-30T12:00:00+02:00", "2034-01-02T09:00:00+01:00"])
def test_every_command_line_of_the_page_answers_as_shown(tmp_path, clock):
    """the four seeds' statements about numbers … can each be shown at work with one command line"""
    with Server(tmp_path / "data", clock) as server:
        assert expect_answers(PAGE, server.url) > 30


def test_the_page_shows_each_rule_with_a_number_of_the_sources():
    page = PAGE.read_text(encoding="utf-8")
    for rule in (
        "SMN-START",
        "SMN-COMPLETE",
        "SMN-MIN-UNITS",
        "SMN-MAX-UNITS",
        "SMN-HOME",
        "SMN-UNIT",
        "SMN-EXTENSION",
        "SMN-PRESCRIBER",
        "SMN-PRESCRIBER-WINDOW",
        "SMN-AGE",
        "SMN-SEVERE",
        "GKV-DECISION",
        "ST-TOTAL",
        "ST-TRIAL",
        "ST-PRESCRIBER",
        "ST-COPAY",
    ):
        assert f"`{rule}`" in page, rule
    assert all(answer for _, answer in shown(PAGE)), "a command line without an answer"


def test_an_answer_is_held_against_what_is_shown():
    assert is_told('{"a":1,"b":2}', ['… "a":1 … "b":2 …'])
    assert not is_told('{"a":1,"b":2}', ['… "b":2 … "a":1 …'])
    assert not is_told('{"a":1}', ['… "a":2 …'])
