"""API.md, Meanings that must not be guessed: Figures. What a row holds is said in schema/openapi.json."""

import datetime

import pytest

from client import refused
from story import day_after


def figures(story, **params):
    """The rows of the test's provider, by period."""
    rows = story.client.rows("key-figures", provider=story.provider, **params)
    assert {row["provider"] for row in rows} <= {story.provider}
    return {row["period"]: row for row in rows}


def year(story, **params):
    return figures(story, by="year", from_="2026-01-01", to="2026-12-31", **params)["2026"]


def test_a_referral_counts_by_referred_on(story):
    """a referral counts by `referred_on`"""
    for day in ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01", "2026-03-31"):
        story.referral(received_on=day, prescribed_on="2026-01-30", discharged_on="2026-01-30")
    rows = figures(story, by="month", from_="2026-01-01", to="2026-03-31")
    assert {period: row["referrals"] for period, row in rows.items() if row["referrals"]} == {
        "2026-01": 1,
        "2026-02": 2,
        "2026-03": 2,
    }


def test_periods_are_months_quarters_and_years(story):
    """`key-figures?from=&to=&by=month|quarter|year`"""
    for day in ("2025-12-31", "2026-01-01", "2026-03-31", "2026-04-01"):
        story.referral(received_on=day, prescribed_on="2025-12-30", discharged_on="2025-12-30")
    span = {"from_": "2025-01-01", "to": "2026-12-31"}
    counted = {}
    for by in ("month", "quarter", "year"):
        rows = figures(story, by=by, **span)
        counted.update(
            {p: (r["from"], r["until"], r["referrals"]) for p, r in rows.items() if r["referrals"]}
        )
    assert counted == {
        "2025-12": ("2025-12-01", "2025-12-31", 1),
        "2026-01": ("2026-01-01", "2026-01-31", 1),
        "2026-03": ("2026-03-01", "2026-03-31", 1),
        "2026-04": ("2026-04-01", "2026-04-30", 1),
        "2025-Q4": ("2025-10-01", "2025-12-31", 1),
        "2026-Q1": ("2026-01-01", "2026-03-31", 2),
        "2026-Q2": ("2026-04-01", "2026-06-30", 1),
        "2025": ("2025-01-01", "2025-12-31", 1),
        "2026": ("2026-01-01", "2026-12-31", 3),
    }


def test_a_start_counts_by_first_unit_on(story):
    """a start by `first_unit_on`"""
    for first in ("2026-02-28", "2026-03-01", "2026-03-31"):
        case = story.referral()
        case.is_visited(first)
        case.is_visited(day_after(first, 7))
    preparatory = story.referral()
    preparatory.is_visited("2026-02-19")
    rows = figures(story, by="month", from_="2026-02-01", to="2026-04-30")
    assert {p: r["starts"] for p, r in rows.items() if r["starts"]} == {"2026-02": 1, "2026-03": 2}


def test_a_missed_start_counts_on_the_day_after(story):
    """a missed start by the day after `due_on`"""
    for discharged in ("2026-02-16", "2026-02-17", "2026-02-18"):  # due on 30 and 31 March and 1 April
        story.referral(discharged_on=discharged, prescribed_on=discharged, received_on=discharged)
    late = story.referral()  # due on 3 April
    late.is_visited("2026-04-20")
    in_time = story.referral()
    in_time.is_visited("2026-04-03")
    rows = figures(story, by="month", from_="2026-03-01", to="2026-04-30")
    assert {p: r["starts_missed"] for p, r in rows.items() if r["starts_missed"]} == {
        "2026-03": 1,
        "2026-04": 3,
    }


def test_a_start_is_not_missed_before_its_day_has_passed(story):
    """a missed start by the day after `due_on`; `today=<date>` asks “as if today were”"""
    story.referral()
    assert year(story, today="2026-04-03")["starts_missed"] == 0
    assert year(story, today="2026-04-04")["starts_missed"] == 1


@pytest.mark.parametrize(
    "days,median,p90",
    [
        ([7], 7, 7),
        ([1, 2], 1, 2),
        ([1, 2, 3], 2, 3),
        ([10, 1, 4, 2], 2, 10),
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4, 8),  # the 5th and the 9th of ten
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5, 9),  # the 6th and the 10th of eleven
    ],
)
def test_percentiles_are_nearest_rank(story, days, median, p90):
    """Percentiles are nearest-rank; days from discharge to first unit (median, p90)"""
    for count in days:
        story.referral().is_visited(day_after("2026-02-20", count))
    row = year(story)
    assert (row["starts"], row["start_days_median"], row["start_days_p90"]) == (len(days), median, p90)


def test_units_count_by_the_visits_date(story):
    """units by the visit's date in minutes / 60 to two decimals; the month is Berlin's"""
    case = story.approved()
    case.is_visited("2026-02-28", minutes=50)
    case.is_visited("2026-03-01", minutes=50)
    case.is_visited("2026-03-31", minutes=50, started_at="2026-03-31T21:59:00Z")
    case.is_visited("2026-04-01", minutes=20, started_at="2026-03-31T22:00:00Z")
    rows = figures(story, by="month", from_="2026-02-01", to="2026-04-30")
    # Fifty and fifty minutes are 1.67 units, not twice 0.83.
    assert {p: r["units_delivered"] for p, r in rows.items()} == {
        "2026-02": 0.83,
        "2026-03": 1.67,
        "2026-04": 0.33,
    }
    assert year(story)["units_delivered"] == 2.83


def test_units_billable_are_those_booked(story):
    """units delivered and billable"""
    case = story.approved(units=1)
    case.is_visited("2026-02-28", minutes=45)
    case.is_visited("2026-03-02", minutes=45)
    story.referral().is_visited("2026-03-02", minutes=30)
    rows = figures(story, by="month", from_="2026-02-01", to="2026-03-31")
    assert {p: (r["units_delivered"], r["units_billable"]) for p, r in rows.items()} == {
        "2026-02": (0.75, 0.75),
        "2026-03": (1.25, 0.25),
    }


def test_voided_units_do_not_count_and_corrected_ones_as_corrected(story):
    """units by the visit's date; a correction counts from the start"""
    case = story.approved()
    case.is_visited("2026-02-28", minutes=60)
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    case.is_visited("2026-02-28", minutes=60)
    case.does(
        "CorrectVisit",
        {
            "visit": case.visit,
            "started_at": "2026-03-02T10:00:00+01:00",
            "minutes": 90,
            "reason": "falscher Tag",
        },
    )
    rows = figures(story, by="month", from_="2026-02-01", to="2026-03-31")
    assert {p: (r["starts"], r["units_delivered"]) for p, r in rows.items() if r["starts"]} == {
        "2026-03": (1, 1.5)
    }


def test_the_share_at_home(story):
    """at home share (of the minutes delivered)"""
    case = story.approved()
    case.is_visited("2026-03-02", minutes=30, place="home")
    case.is_visited("2026-03-03", minutes=90, place="phone")
    assert year(story)["home_share"] == 0.25


def test_completions_and_extensions(story):
    """extensions, completions"""
    done = story.running()
    done.is_extended(4, requested_on="2026-04-13", decided_on="2026-04-20")
    done.is_extended(2, requested_on="2026-04-27", decided_on="2026-04-30")
    done.completes("2026-05-22")
    denied = story.running()
    denied.asks_to_extend(4)
    denied.does("DenyExtension", denied.denial_data(decided_on="2026-04-27", posted_on="2026-04-27"))
    reopened = story.running()
    reopened.completes("2026-05-20")
    reopened.does("ReopenCase", {"reason": "Irrtum"})
    row = year(story)
    assert (row["extensions"], row["completions"]) == (2, 1)
    rows = figures(story, by="month", from_="2026-04-01", to="2026-06-30")
    assert {p: r["completions"] for p, r in rows.items() if r["completions"]} == {"2026-05": 1}


def test_days_of_the_approval(story):
    """approval days (median, p90): from the insurer's receipt to the decision"""
    for decided_on in ("2026-02-24", "2026-02-26", "2026-03-05"):
        case = story.referral()
        case.applies(submitted_on="2026-02-19", received_on="2026-02-23")
        case.is_approved(decided_on=decided_on)
    row = year(story)
    assert (row["approval_days_median"], row["approval_days_p90"]) == (3, 10)


def test_fictions(story):
    """fictions: the insurer let its decision period pass (GKV-FICTION)"""
    case = story.referral()
    case.applies(submitted_on="2026-03-13")
    assert year(story, today="2026-04-07")["fictions"] == 0
    assert year(story, today="2026-04-08")["fictions"] == 1
    decided = story.referral()
    decided.applies(submitted_on="2026-03-13")
    decided.is_approved(decided_on="2026-04-07")
    assert year(story)["fictions"] == 1


def test_nothing_to_tell_is_null(story):
    """null where there is nothing to tell (openapi.json)"""
    story.referral()
    row = year(story)
    for name in (
        "start_days_median",
        "start_days_p90",
        "home_share",
        "approval_days_median",
        "approval_days_p90",
    ):
        assert row[name] is None, name
    assert (row["units_delivered"], row["units_billable"], row["starts"]) == (0, 0, 0)


def test_providers_are_told_apart(story, client):
    """one row per provider and period"""
    story.referral()
    rows = client.rows("key-figures", by="year", from_="2026-01-01", to="2026-12-31")
    keys = [(row["provider"], row["period"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert (story.provider, "2026") in keys
    referrals = len(client.rows("cases", referred_on__from="2026-01-01", referred_on__to="2026-12-31"))
    assert sum(row["referrals"] for row in rows) == referrals


def test_the_months_add_up_to_the_year(client):
    """units by the visit's date in minutes / 60"""
    span = {"from_": "2026-01-01", "to": "2026-12-31"}
    months = client.rows("key-figures", by="month", **span)
    years = {row["provider"]: row for row in client.rows("key-figures", by="year", **span)}
    for provider, row in years.items():
        own = [m for m in months if m["provider"] == provider]
        for name in ("referrals", "starts", "starts_missed", "extensions", "completions", "fictions"):
            assert sum(m[name] for m in own) == row[name], (provider, name)
        assert (
            abs(sum(m["units_delivered"] for m in own) - row["units_delivered"]) <= 0.005 * len(own) + 1e-9
        )


@pytest.mark.parametrize(
    "params,field",
    [
        ({"by": "week"}, "by"),
        ({"from_": "2026-02-30"}, "from"),
        ({"to": "soon"}, "to"),
        ({"from_": "2026-03-01", "to": "2026-02-01"}, ("to", "from")),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_malformed_figures_are_400(client, params, field):
    """`key-figures?from=&to=&by=month|quarter|year`"""
    refused(client.ask("key-figures", **params), 400, field=field)


def test_a_row_is_told_for_the_whole_of_its_period(story):
    """`from=&to=` choose the periods"""
    story.referral(received_on="2026-02-03", prescribed_on="2026-02-02", discharged_on="2026-02-02")
    rows = figures(story, by="month", from_="2026-02-01", to="2026-02-28")
    assert list(rows) == ["2026-02"]
    assert datetime.date.fromisoformat(rows["2026-02"]["until"]) == datetime.date(2026, 2, 28)
