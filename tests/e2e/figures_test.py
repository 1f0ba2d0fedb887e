"""API.md, Meanings that must not be guessed: Figures. What a row holds is said in schema/openapi.json."""

import datetime

import pytest

from client import new_id, refused
from program import geleit, geleit_json
from story import Case, day_after


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


# -- told apart by benefit


def test_benefits_are_told_apart(story):
    """`benefit=SMN|ST`; left out, both together"""
    story.approved().is_visited("2026-03-02", minutes=60)
    story.st_approved().is_visited("2026-03-02", minutes=150)
    both, smn, st = (year(story, **asked) for asked in ({}, {"benefit": "SMN"}, {"benefit": "ST"}))
    assert [row["units_billable"] for row in (both, smn, st)] == [3.5, 1, 2.5]
    assert [row["referrals"] for row in (both, smn, st)] == [2, 1, 1]
    assert [row["benefit"] for row in (both, smn, st)] == [None, "SMN", "ST"]
    assert st["start_days_median"] is None and st["starts_in_time_share"] is None


def test_who_does_not_do_a_benefit_has_no_rows_of_it(story):
    """`benefit=SMN|ST`"""
    story.referral()
    assert figures(story, benefit="ST") == {}


# -- quality


def test_the_share_started_within_six_weeks(story):
    """share started within six weeks: each child counts once, in time or missed"""
    story.referral().is_visited("2026-04-03")
    story.referral().is_visited("2026-04-04")
    story.referral()
    row = year(story)
    assert (row["starts"], row["starts_in_time"], row["starts_missed"]) == (2, 1, 2)
    assert row["starts_in_time_share"] == 0.33
    assert year(story, today="2026-04-03")["starts_in_time_share"] == 1


def test_the_share_with_three_home_units(story):
    """share with three home units, of the completed cases of children's aftercare"""
    met = story.approved()
    for day in ("2026-02-27", "2026-03-02", "2026-03-03"):
        met.is_visited(day)
    met.completes("2026-05-08")
    story.running().completes("2026-05-08", goal_reached=False)
    adult = story.st_approved()
    adult.is_visited("2026-03-02", minutes=240)
    adult.completes("2026-05-08")
    row = year(story)
    assert (row["completions"], row["completions_home_met"]) == (3, 1)
    assert row["completions_home_met_share"] == 0.5
    assert row["completions_goal_reached"] == 2


def test_why_cases_ended(story):
    """completion reasons"""
    for cause in ("moved", "refused", "readmitted", "died", "other", "moved"):
        story.referral().discontinues("2026-03-02", cause)
    story.referral().does("WithdrawReferral", {"reason": "Doppelt verordnet"}, happened="2026-03-03")
    denied = story.referral()
    denied.applies()
    denied.is_denied()
    row = year(story)
    causes = {name.split("_")[1]: row[name] for name in row if name.startswith("discontinued_")}
    assert causes == {"moved": 2, "refused": 1, "readmitted": 1, "died": 1, "other": 1}
    assert (row["discontinuations"], row["withdrawals"], row["denials"]) == (6, 1, 1)


def test_the_share_of_unsettled_cover(story):
    """share of unsettled cover (`coverage`, `RecordCoverage`)"""
    story.referral()
    story.referral(coverage="insured")
    story.referral(coverage="uninsured")
    unresolved = story.referral(coverage="unresolved")
    row = year(story)
    assert (row["coverage_unresolved"], row["coverage_uninsured"]) == (1, 1)
    assert row["coverage_unsettled_share"] == 0.5
    unresolved.does("RecordCoverage", {"coverage": "insured", "since": "2026-02-20"})
    assert year(story)["coverage_unsettled_share"] == 0.25


def test_corrections_and_voids_count_by_the_visits_date(story):
    """corrections"""
    case = story.approved()
    case.is_visited("2026-02-28")
    for minutes in (45, 30):
        case.does("CorrectVisit", {"visit": case.visit, "minutes": minutes, "reason": "Tippfehler"})
    case.is_visited("2026-03-02")
    case.does("CorrectVisit", {"visit": case.visit, "minutes": 45, "reason": "Tippfehler"})
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    rows = figures(story, by="month", from_="2026-02-01", to="2026-03-31")
    assert {p: (r["corrections"], r["voids"]) for p, r in rows.items()} == {
        "2026-02": (2, 0),
        "2026-03": (1, 1),
    }


def test_staff_hours_count_a_group_once(story):
    """staff hours: minutes delivered, those of a group shared by its cases"""
    for _ in range(3):
        story.st_approved().is_visited("2026-03-02", minutes=90, group_size=3)
    story.approved().is_visited("2026-03-03", minutes=30)
    row = year(story)
    assert (row["units_delivered"], row["staff_hours"]) == (5, 2)


# -- the year's target


def adopts(story, targets: list, start: str = "2024-01-01", provider: bool = True) -> None:
    data = {"from": start, "settings": {"targets": targets}}
    if provider:
        data["provider"] = story.provider
    story.client.done("AdoptSettings", None, data)


def bills(story, day: str, units: int) -> None:
    """Billable units of that day, in cases of twenty and a rest."""
    commands = []
    while units > 0:
        some = min(units, 20)
        units -= some
        case, month_before = new_id(), day_after(day, -31)
        referral = story.data(
            prescribed_on=month_before,
            received_on=month_before,
            discharged_on=month_before,
            born=day_after(day, -100),
            units=20,
        )
        granted = Case.approval_data(units=20, decided_on=month_before, from_=month_before, until=day)
        commands += [
            {"command": command, "case": case, "id": new_id(), "data": data}
            for command, data in (
                ("ReceiveReferral", referral),
                ("SubmitApplication", {"units": 20, "submitted_on": month_before}),
                ("GrantApproval", {"approval": new_id(), **granted}),
                ("DeliverVisit", Case.delivery_data(day, "01:00", minutes=60 * some)),
            )
        ]
    answers = story.client.lines(commands)
    assert all("status" not in answer for answer in answers), answers


def test_the_year_of_the_report(story, server):
    """1,811 of 2,500 in 2024; 2,700 in 2025 (seed 003): the month's units are billed, the year is held
    against the target that was adopted for it, for programs and for people"""
    units = [170, 160, 155, 150, 145, 140, 150, 130, 160, 165, 150, 136]
    assert sum(units) == 1811
    for month, some in enumerate(units, 1):
        bills(story, f"2024-{month:02}-20", some)
    adopts(story, [{"year": 2024, "units": 2500}, {"year": 2025, "units": 2700}])
    span = {"from_": "2024-01-01", "to": "2025-12-31"}
    rows = figures(story, by="year", **span)
    assert rows["2024"]["units_billable"] == 1811
    target = ("target_state", "target_units", "target_share", "forecast_units", "forecast_method")
    assert [rows["2024"][name] for name in target] == ["set", 2500, 0.72, None, None]
    months = figures(story, by="month", **span)
    assert [months[f"2024-{month:02}"]["units_billable"] for month in range(1, 13)] == units
    assert months["2024-03"]["target_state"] is None

    # Asked in the midst of the next year.
    bills(story, "2025-01-20", 180)
    bills(story, "2025-02-19", 200)
    asked = figures(story, by="year", today="2025-02-10", **span)["2025"]
    assert asked["target_units"] == 2700
    # November, December and January: 150 + 136 + 180; January as it was, and the mean for eleven months.
    assert asked["forecast_units"] == round(180 + (150 + 136 + 180) / 3 * 11, 2)
    assert asked["forecast_share"] == 0.7
    assert asked["forecast_method"] == "mean_of_full_months"
    assert (asked["forecast_from"], asked["forecast_until"]) == ("2024-11-01", "2025-01-31")

    filters = [f"provider={story.provider}", "by=year", "today=2025-02-10", "to=2025-12-31"]
    line = ["get", "key-figures", *(word for f in filters for word in ("--filter", f))]
    assert geleit_json(*line, "--json", "--server", server.url)[-1] == asked
    told = geleit(*line, "--server", server.url).stdout
    for shown in ("target_units", "2700", "forecast_units", str(asked["forecast_units"]), "0.72"):
        assert shown in told, told


def test_today_is_the_clocks(story):
    """today is the service's clock's (30 June 2026), or `today=`"""
    bills(story, "2026-02-27", 10)
    bills(story, "2026-05-04", 20)
    row = year(story)
    assert (row["forecast_from"], row["forecast_until"]) == ("2026-03-01", "2026-05-31")
    assert row["forecast_units"] == round(30 + 20 / 3 * 7, 2)
    # In May so far more than the mean of February to April.
    assert year(story, today="2026-05-04")["forecast_units"] == round(10 + 20 + 10 / 3 * 7, 2)
    over = year(story, today="2027-01-01")
    assert [over[name] for name in over if name.startswith("forecast_")] == [None] * 5


def test_who_has_no_target_is_told_so(story):
    """who has no target: no numbers, said so"""
    bills(story, "2026-03-02", 5)
    row = year(story)
    assert row["target_state"] == "none"
    assert [row[name] for name in ("target_units", "target_share", "forecast_share")] == [None] * 3
    adopts(story, [{"year": 2025, "units": 9}])
    assert year(story)["target_state"] == "none"
    adopts(story, [{"year": 2026, "units": 10}])
    assert (year(story)["target_state"], year(story)["target_share"]) == ("set", 0.5)


def test_targets_of_each_benefit(story):
    """targets are adopted settings with a date; of one benefit, or of both"""
    story.approved().is_visited("2026-03-02", minutes=120)
    story.st_approved().is_visited("2026-03-02", minutes=180)
    adopts(story, [{"year": 2026, "units": 20, "benefit": "SMN"}])
    assert year(story)["target_state"] == "none"
    assert year(story, benefit="SMN")["target_share"] == 0.1
    assert year(story, benefit="ST")["target_state"] == "none"
    adopts(
        story, [{"year": 2026, "units": 20, "benefit": "SMN"}, {"year": 2026, "units": 5, "benefit": "ST"}]
    )
    assert (year(story)["target_units"], year(story)["target_share"]) == (25, 0.2)
    assert year(story, benefit="ST")["target_share"] == 0.6


def test_a_target_of_the_past_is_the_one_that_held_then(story):
    """targets are adopted settings with a date"""
    bills(story, "2024-03-20", 5)
    adopts(story, [{"year": 2024, "units": 10}], start="2024-01-01")
    adopts(story, [{"year": 2025, "units": 20}], start="2025-01-01")
    span = {"by": "year", "from_": "2024-01-01", "to": "2025-12-31"}
    assert figures(story, **span)["2024"]["target_units"] == 10
    adopts(story, [{"year": 2024, "units": 8}, {"year": 2025, "units": 20}], start="2026-01-01")
    assert figures(story, **span)["2024"]["target_units"] == 8
    assert figures(story, today="2025-12-31", **span)["2024"]["target_units"] == 10


def test_only_a_whole_year_is_held_against_its_target(story):
    """per year the target of the provider"""
    bills(story, "2026-03-02", 5)
    adopts(story, [{"year": 2026, "units": 10}])
    for asked in ({"by": "year", "to": "2026-06-30"}, {"by": "quarter"}, {"by": "month"}):
        for row in figures(story, **asked).values():
            told = [row[name] for name in row if name.startswith(("target_", "forecast_"))]
            assert told == [None] * 8, asked
    assert figures(story, by="year")["2026"]["target_share"] == 0.5


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
        ({"benefit": "smn"}, "benefit"),
        ({"benefit": "SMN,ST"}, "benefit"),
        ({"target_state": "perhaps"}, "target_state"),
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
