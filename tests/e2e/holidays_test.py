"""Holidays and deadlines against a calendar that somebody else wrote (the package `holidays`) and a plain
count."""

import calendar as months
import functools
from datetime import date, timedelta

import holidays
import pytest

from program import geleit_json

LAENDER = ["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"]
# The package knows united Germany only, from October 1990 on; 2015 to 2040 are what matters.
YEARS = range(1991, 2051)

# What the two call differently. Days that fall together have both names there ("Christi Himmelfahrt; Erster
# Mai") and one here.
NAMES = {
    "Erster Mai": "Tag der Arbeit",
    # Berlin's days of a single year.
    "75. Jahrestag der Befreiung vom Nationalsozialismus und der Beendigung des Zweiten Weltkriegs in Europa":
        "Tag der Befreiung",
    "80. Jahrestag der Befreiung vom Nationalsozialismus und der Beendigung des Zweiten Weltkriegs in Europa":
        "Tag der Befreiung",
    "75. Jahrestag des Aufstandes vom 17. Juni 1953": "Jahrestag des Aufstandes vom 17. Juni 1953",
}

# Of the days themselves there is no difference in what holds in a whole Land. The package also knows, apart
# from those, what holds in some communities only; here these are no holidays, one by one:
COMMUNITIES_ONLY = {
    "BY": "Mariä Himmelfahrt",  # 15 August, where most are Catholic (Art. 1(1) no. 2 BayFTG)
    "SN": "Fronleichnam",  # in Catholic communities of the Sorbs (SächsSFG)
    "TH": "Fronleichnam",  # in communities of the Eichsfeld and others (ThürFGtG)
    "Augsburg": "Augsburger Hohes Friedensfest",  # 8 August, in the city alone (Art. 1(2) BayFTG)
}


@functools.cache
def ours(land: str, year: int) -> dict[date, str]:
    rows = geleit_json("rules", "holidays", "--land", land, "--year", year, "--json")
    return {date.fromisoformat(row["date"]): row["name"] for row in rows}


def theirs(land: str, categories=("public",)) -> dict[date, str]:
    return dict(
        holidays.country_holidays("DE", subdiv=land, years=YEARS, language="de", categories=categories)
    )


@pytest.mark.parametrize("land", LAENDER)
def test_every_holiday_of_the_land_is_known_by_its_name_and_no_other(land):
    days = {day: name for year in YEARS for day, name in ours(f"DE-{land}", year).items()}
    expected = theirs(land)
    assert set(days) == set(expected)
    for day, name in days.items():
        known_as = {NAMES.get(one, one) for one in expected[day].split("; ")}
        assert name in known_as, f"{day} is {name} here and {expected[day]} there"


@pytest.mark.parametrize("land", [*LAENDER, "Augsburg"])
def test_days_of_some_communities_are_no_holidays_of_the_land(land):
    whole_land = "BY" if land == "Augsburg" else land
    everything = theirs(land, ("public", "catholic"))
    only_there = {
        day: name for day, name in everything.items() if day not in ours(f"DE-{whole_land}", day.year)
    }
    expected = {COMMUNITIES_ONLY[land]} if land in COMMUNITIES_ONLY else set()
    if land == "Augsburg":
        expected.add(COMMUNITIES_ONLY["BY"])  # the city is one of Bavaria's communities
    assert set(only_there.values()) == expected
    for name in expected:
        # Every year, unless it falls on another holiday.
        assert sum(one == name for one in only_there.values()) >= len(YEARS) - 2


def test_holidays_everywhere_are_those_that_every_land_has():
    of_all = set.intersection(*(set(theirs(land)) for land in LAENDER))
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
