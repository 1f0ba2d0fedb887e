"""Holidays and deadlines against a calendar that somebody else wrote (the package `holidays`) and a plain
count."""

import calendar as months
from datetime import date, timedelta

import holidays
import pytest

from program import geleit_json

LAENDER = ["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"]
# The package knows united Germany only, from October 1990 on. There is no known difference.
YEARS = range(1991, 2051)


def ours(land: str, year: int) -> dict[date, str]:
    rows = geleit_json("rules", "holidays", "--land", land, "--year", year, "--json")
    return {date.fromisoformat(row["date"]): row["name"] for row in rows}


@pytest.mark.parametrize("land", LAENDER)
def test_every_holiday_of_the_land_is_known_and_no_other(land):
    theirs = holidays.country_holidays("DE", subdiv=land, years=YEARS)
    days = {day for year in YEARS for day in ours(f"DE-{land}", year)}
    assert days == set(theirs)


def test_holidays_everywhere_are_those_that_every_land_has():
    of_all = set.intersection(*({day for day in holidays.country_holidays("DE", subdiv=land, years=YEARS)}
                                for land in LAENDER))
    assert {day for year in YEARS for day in ours("DE", year)} == of_all


def rolled(day: date, free) -> date:
    while day.weekday() >= 5 or day in free:
        day += timedelta(days=1)
    return day


def month_later(day: date) -> date:
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    return date(year, month, min(day.day, months.monthrange(year, month)[1]))


@pytest.mark.parametrize("land", ["BY", "BE", "SN", "BB"])
def test_decisions_and_objections_end_where_a_plain_count_ends(land):
    free = holidays.country_holidays("DE", subdiv=land, years=range(2024, 2028))
    for start in (date(2024, 12, 1) + timedelta(days=11 * n) for n in range(60)):
        decision = geleit_json("deadline", "GKV-DECISION", start, "--land", f"DE-{land}", "--json")
        due = start + timedelta(weeks=3)
        assert (decision["due_on"], decision["acts_on"]) == (str(due), str(rolled(due, free)))

        objection = geleit_json("deadline", "GKV-OBJECTION", start, "--land", f"DE-{land}", "--json")
        due = month_later(start + timedelta(days=4 if start >= date(2025, 1, 1) else 3))
        assert (objection["due_on"], objection["acts_on"]) == (str(due), str(rolled(due, free)))
