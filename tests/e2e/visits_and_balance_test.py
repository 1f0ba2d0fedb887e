"""API.md, Meanings that must not be guessed: Visits and balance; and RULES.md, Balance."""

import pytest

from client import new_id, refused
from story import DISCHARGED, Case, at

ZERO = dict.fromkeys(
    (
        "applied",
        "approved",
        "extended",
        "scheduled",
        "delivered",
        "at_home",
        "preparatory",
        "group",
        "voided",
        "billable",
        "at_risk",
        "remaining",
    ),
    0,
)


def of(row, *names):
    return tuple(row[name] for name in names)


def test_a_new_case_has_only_what_was_prescribed(story):
    """`unit-balances`: … minutes: `prescribed`, `applied`, `approved` …"""
    case = story.referral(units=12)
    assert case.balance() == {"case": case.id, "benefit": "SMN", "prescribed": 720, **ZERO}


# ---------------------------------------------------------------- when a visit is


def test_a_visit_starts_at_its_starts_at(story):
    """A delivered visit starts at `started_at`, else at its `starts_at`"""
    case = story.referral()
    case.schedules("2026-03-02", "10:00", minutes=45)
    case.does("DeliverVisit", {"visit": case.visit, "minutes": 50}, happened="2026-03-09")
    row = case.visit_row()
    assert of(row, "state", "starts_at", "minutes") == ("delivered", at("2026-03-02", "10:00"), 50)
    assert case.now()["first_unit_on"] == "2026-03-02"


def test_a_visit_starts_at_its_started_at(story):
    """A delivered visit starts at `started_at`, else at its `starts_at`"""
    case = story.referral()
    case.schedules("2026-03-02", "10:00", minutes=45)
    case.does("DeliverVisit", {"visit": case.visit, "minutes": 50, "started_at": at("2026-03-03", "11:30")})
    assert of(case.visit_row(), "starts_at", "minutes") == (at("2026-03-03", "11:30"), 50)
    assert case.now()["first_unit_on"] == "2026-03-03"


def test_an_unscheduled_visit_has_both(story):
    """A delivered visit starts at `started_at`, else at its `starts_at`"""
    case = story.referral()
    data = case.delivery_data("2026-03-03") | {"starts_at": at("2026-03-02")}
    case.does("DeliverVisit", data)
    assert case.visit_row(data["visit"])["starts_at"] == at("2026-03-03")


def test_a_delivery_may_say_where_and_by_whom_it_was(story):
    """`DeliverVisit`: `visit`, `started_at`?, `minutes`, `place`?, `category`?, `staff`?"""
    case = story.referral()
    case.schedules("2026-03-02", place="home", category="guidance", staff="m.roth")
    case.does(
        "DeliverVisit",
        {
            "visit": case.visit,
            "minutes": 30,
            "place": "phone",
            "category": "coordination",
            "staff": "a.ander",
        },
    )
    assert of(case.visit_row(), "place", "category", "staff") == ("phone", "coordination", "a.ander")
    other = story.referral()
    other.schedules("2026-03-02", place="home", category="guidance", staff="m.roth")
    other.does("DeliverVisit", {"visit": other.visit, "minutes": 30})
    assert of(other.visit_row(), "place", "category", "staff") == ("home", "guidance", "m.roth")


def test_a_moved_visit_starts_where_it_was_moved(story):
    """`RescheduleVisit`: `visit`, `starts_at`, `minutes`?, `staff`?"""
    case = story.referral()
    case.schedules("2026-03-02", minutes=45)
    case.does("RescheduleVisit", {"visit": case.visit, "starts_at": at("2026-03-05")})
    assert of(case.visit_row(), "state", "starts_at", "minutes", "staff") == (
        "scheduled",
        at("2026-03-05"),
        45,
        "m.roth",
    )
    case.does(
        "RescheduleVisit",
        {"visit": case.visit, "starts_at": at("2026-03-06"), "minutes": 60, "staff": "a.ander"},
    )
    assert of(case.visit_row(), "starts_at", "minutes", "staff") == (at("2026-03-06"), 60, "a.ander")
    assert case.balance()["scheduled"] == 60
    case.does("DeliverVisit", {"visit": case.visit, "minutes": 30})
    assert case.visit_row()["starts_at"] == at("2026-03-06")
    assert of(case.balance(), "scheduled", "delivered") == (0, 30)


@pytest.mark.parametrize(
    "started_at,day",
    [
        ("2026-03-02T22:59:59Z", "2026-03-02"),
        ("2026-03-02T23:00:00Z", "2026-03-03"),
        ("2026-03-28T23:00:00Z", "2026-03-29"),
        ("2026-03-29T21:59:00Z", "2026-03-29"),  # the day that summer time begins
        ("2026-03-29T22:00:00Z", "2026-03-30"),
        ("2026-03-03T00:30:00+05:00", "2026-03-02"),
    ],
)
def test_the_berlin_date_is_the_date_everywhere(story, started_at, day):
    """the Berlin date of that is its date everywhere; `happened` plays no part"""
    case = story.approved()
    case.does("DeliverVisit", case.delivery_data(day, started_at=started_at), happened="2026-06-01")
    now = case.now()
    assert of(now, "first_unit_on", "last_unit_on") == (day, day)
    assert case.deadline("SMN-START")["met_on"] == day
    assert case.deadline("SMN-COMPLETE")["anchor"]["date"] == day


# ---------------------------------------------------------------- preparatory


def test_units_before_the_discharge_are_preparatory(story):
    """An SMN visit is *preparatory* while its date is before `discharged_on` or no discharge is recorded,
    whatever its category; it does not make the case `running`."""
    case = story.approved()
    for category in ("preparation", "coordination", "guidance"):
        case.is_visited("2026-02-19", minutes=30, category=category, place="hospital")
    case.is_visited(DISCHARGED, minutes=15, category="preparation")
    assert of(case.balance(), "delivered", "preparatory") == (105, 90)
    assert case.now()["first_unit_on"] == DISCHARGED


def test_without_a_discharge_all_units_are_preparatory(story):
    """… or no discharge is recorded"""
    case = story.referral(discharged_on=None)
    case.is_visited("2026-03-02")
    case.is_visited("2026-05-02")
    assert of(case.balance(), "delivered", "preparatory") == (120, 120)
    assert of(case.now(), "state", "first_unit_on", "last_unit_on") == ("referred", None, None)
    case.does("RecordDischarge", {"discharged_on": "2026-05-01"})
    assert of(case.balance(), "delivered", "preparatory") == (120, 60)
    assert of(case.now(), "state", "first_unit_on", "last_unit_on") == (
        "running",
        "2026-05-02",
        "2026-05-02",
    )


def test_preparatory_units_are_booked_the_same_way(story):
    """Preparatory visits are booked the same way."""
    case = story.referral()
    case.applies()
    case.is_approved(units=1, from_="2026-02-15")
    case.is_visited("2026-02-18", minutes=45)
    preparatory = case.visit
    case.is_visited("2026-02-27", minutes=60)
    assert of(case.visit_row(preparatory), "billable", "at_risk") == (45, 0)
    assert of(case.visit_row(), "billable", "at_risk") == (15, 45)
    before = story.approved()  # its approval begins on the day of the discharge
    before.is_visited("2026-02-18")
    assert of(before.balance(), "billable", "at_risk") == (0, 60)


def test_first_and_last_unit(story):
    """`first_unit_on`, `last_unit_on`: delivered, not voided, for SMN on or after the discharge."""
    case = story.referral()
    days = ("2026-02-19", "2026-03-10", "2026-02-25", "2026-03-02")
    visits = {}
    for day in days:
        case.is_visited(day)
        visits[day] = case.visit
    case.schedules("2026-07-10")
    assert of(case.now(), "first_unit_on", "last_unit_on") == ("2026-02-25", "2026-03-10")
    case.does("VoidVisit", {"visit": visits["2026-03-10"], "reason": "doppelt"})
    assert of(case.now(), "first_unit_on", "last_unit_on") == ("2026-02-25", "2026-03-02")
    case.does("VoidVisit", {"visit": visits["2026-02-25"], "reason": "doppelt"})
    assert of(case.now(), "first_unit_on", "last_unit_on") == ("2026-03-02", "2026-03-02")
    case.does("VoidVisit", {"visit": visits["2026-03-02"], "reason": "doppelt"})
    assert of(case.now(), "first_unit_on", "last_unit_on", "state") == (None, None, "referred")


# ---------------------------------------------------------------- columns of the balance


def test_applied_counts_all_applications(story):
    """`applied` = 60 × units of all applications and extension requests, denied ones included."""
    case = story.referral()
    case.applies(units=12)
    case.is_denied()
    assert case.balance()["applied"] == 720
    case.applies(units=10, submitted_on="2026-03-02")
    case.is_approved(units=10, decided_on="2026-03-09")
    case.is_visited("2026-03-10")
    case.asks_to_extend(4)
    assert of(case.balance(), "applied", "approved", "extended") == (60 * 26, 600, 0)
    case.does("DenyExtension", case.denial_data(decided_on="2026-04-27", posted_on="2026-04-27"))
    assert of(case.balance(), "applied", "approved", "extended") == (60 * 26, 600, 0)


def test_extensions_are_part_of_what_is_approved(story):
    """`approved` (extensions included), `extended`"""
    case = story.running(units=12)
    case.is_extended(4, from_="2026-05-01", until="2026-08-31")
    assert of(case.balance(), "approved", "extended", "remaining") == (960, 240, 900)
    case.does("RevokeApproval", {"approval": case.approval, "reason": "Versehen der Kasse"})
    assert of(case.balance(), "approved", "extended", "remaining") == (720, 0, 660)


def test_scheduled_counts_what_is_still_to_come(story):
    """`scheduled`: visits that are scheduled"""
    case = story.referral()
    for minutes in (30, 45, 60, 90):
        case.schedules("2026-03-05", minutes=minutes)
        if minutes == 30:
            case.does("CancelVisit", {"visit": case.visit, "reason": "Kind krank"})
        if minutes == 45:
            case.does("MissVisit", {"visit": case.visit})
        if minutes == 60:
            case.does("DeliverVisit", {"visit": case.visit, "minutes": 15})
    assert of(case.balance(), "scheduled", "delivered") == (90, 15)


def test_voided_sums_what_they_last_had(story):
    """`voided` sums the minutes voided visits last had."""
    case = story.running()
    case.does("CorrectVisit", {"visit": case.visit, "minutes": 90, "reason": "Tippfehler"})
    case.does("CorrectVisit", {"visit": case.visit, "minutes": 75, "reason": "Tippfehler"})
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    case.is_visited("2026-03-02", minutes=30)
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    case.is_visited("2026-03-03", minutes=20)
    assert of(case.balance(), "voided", "delivered", "billable", "at_home") == (105, 20, 20, 20)


def test_a_voided_visit_keeps_its_minutes_and_bills_none(story):
    """`visits`: … `state` `voided` …, `minutes`, `billable`, `at_risk`"""
    case = story.running()
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    assert of(case.visit_row(), "state", "minutes", "billable", "at_risk") == ("voided", 60, 0, 0)


def test_at_home_counts_delivered_minutes(story):
    """`at_home` and the like count delivered minutes"""
    case = story.approved()
    for place in ("home", "facility", "hospital", "phone", "video", "other"):
        case.is_visited("2026-03-02", minutes=40, place=place)
    case.schedules("2026-07-10", place="home")
    assert of(case.balance(), "delivered", "at_home", "group") == (240, 40, 0)
    case.does(
        "CorrectVisit",
        {
            "visit": case.rows("visits", place="video")[0]["visit"],
            "place": "home",
            "reason": "war doch dort",
        },
    )
    assert case.balance()["at_home"] == 80


# ---------------------------------------------------------------- booking


def test_nothing_is_billable_without_an_approval(story):
    """Booked minutes are `billable`, the rest `at_risk`; `remaining` = `approved` − `billable`."""
    case = story.referral()
    case.is_visited("2026-03-02", minutes=50)
    assert of(case.balance(), "billable", "at_risk", "remaining") == (0, 50, 0)
    case.applies()
    assert of(case.balance(), "billable", "at_risk", "remaining") == (0, 50, 0)
    case.is_approved(units=1)
    assert of(case.balance(), "billable", "at_risk", "remaining") == (50, 0, 10)


@pytest.mark.parametrize(
    "day,billable", [("2026-03-01", 0), ("2026-03-02", 60), ("2026-03-31", 60), ("2026-04-01", 0)]
)
def test_an_approval_covers_its_first_and_last_day(story, day, billable):
    """standing approvals whose [`from`, `until`] holds the visit's date"""
    case = story.referral()
    case.applies()
    case.is_approved(from_="2026-03-02", until="2026-03-31")
    case.is_visited(day, time="00:00")
    case.is_visited(day, time="23:59", minutes=1)
    balance = case.balance()
    assert balance["billable"] == (61 if billable else 0)
    assert balance["remaining"] == 720 - balance["billable"]


def test_a_visit_may_be_split(story):
    """… and which have minutes left; a visit may be split"""
    case = story.referral()
    case.applies()
    case.is_approved(units=1, until="2026-03-31")
    case.is_approved(units=1, until="2026-04-30")
    case.is_visited("2026-03-02", minutes=40)
    case.is_visited("2026-03-03", minutes=50)
    split = case.visit
    case.is_visited("2026-03-04", minutes=50)
    assert of(case.visit_row(split), "billable", "at_risk") == (50, 0)
    assert of(case.visit_row(), "billable", "at_risk") == (30, 20)
    assert of(case.balance(), "billable", "at_risk", "remaining") == (120, 20, 0)


def test_the_approval_that_ends_first_is_used_first(story):
    """the one that ends first, then the earlier `decided_on`, then its id (RULES.md: consumption is booked
    on the covering approval that ends first)"""
    case = story.referral()
    case.applies()
    case.is_approved(units=1, until="2026-06-30", decided_on="2026-02-24")  # granted and decided first
    case.is_approved(units=1, until="2026-03-31", decided_on="2026-02-27")  # ends first
    case.is_visited("2026-03-02", minutes=60)
    case.is_visited("2026-04-15", minutes=60)
    # Had the first visit used up the longer approval, the second one would stand without any.
    assert of(case.balance(), "billable", "at_risk") == (120, 0)


def test_visits_are_booked_in_the_order_of_their_start(story):
    """delivered visits in order of start (then visit id) are booked …"""
    case = story.approved(units=1)
    case.is_visited("2026-03-10", time="10:00", minutes=60)
    late = case.visit
    assert of(case.visit_row(late), "billable", "at_risk") == (60, 0)
    case.is_visited("2026-03-02", minutes=45)
    assert of(case.visit_row(), "billable", "at_risk") == (45, 0)
    assert of(case.visit_row(late), "billable", "at_risk") == (15, 45)
    case.is_visited("2026-03-10", time="09:59", minutes=10)
    assert of(case.visit_row(), "billable", "at_risk") == (10, 0)
    assert of(case.visit_row(late), "billable", "at_risk") == (5, 55)


def test_visits_that_start_together_are_booked_by_id(story):
    """in order of start (then visit id)"""
    case = story.approved(units=1)
    ids = sorted(new_id() for _ in range(3))
    for visit in (ids[1], ids[2], ids[0]):
        case.is_visited("2026-03-10", minutes=30, visit=visit)
    assert [of(case.visit_row(visit), "billable", "at_risk") for visit in ids] == [
        (30, 0),
        (30, 0),
        (0, 30),
    ]


def test_order_is_by_instant_whatever_the_offset(story):
    """in order of start"""
    case = story.approved(units=1)
    case.is_visited("2026-03-10", minutes=60, started_at="2026-03-10T09:30:00Z")  # 10:30 in Berlin
    second = case.visit
    case.is_visited("2026-03-10", minutes=60, started_at="2026-03-10T10:00:00+01:00")
    assert of(case.visit_row(), "billable", "at_risk") == (60, 0)
    assert of(case.visit_row(second), "billable", "at_risk") == (0, 60)


def test_a_late_approval_books_again(story):
    """A correction or a late approval re-books (RULES.md, Balance)"""
    case = story.referral()
    case.is_visited("2026-03-02", minutes=60)
    case.is_visited("2026-03-09", minutes=60)
    case.applies(submitted_on="2026-03-10")
    case.is_approved(units=12, from_="2026-03-09", decided_on="2026-06-01")
    assert of(case.balance(), "billable", "at_risk", "remaining") == (60, 60, 660)


def test_revoking_and_correcting_an_approval_books_again(story):
    """standing approvals …; `remaining` = `approved` − `billable`"""
    case = story.running()
    case.does("CorrectApproval", {"approval": case.approval, "from": "2026-03-01", "reason": "Tippfehler"})
    assert of(case.balance(), "approved", "billable", "at_risk", "remaining") == (720, 0, 60, 720)
    case.does(
        "CorrectApproval",
        {"approval": case.approval, "from": "2026-02-20", "units": 6, "reason": "Tippfehler"},
    )
    assert of(case.balance(), "approved", "billable", "at_risk", "remaining") == (360, 60, 0, 300)
    (approval,) = case.now()["approvals"]
    assert of(approval, "approval", "units", "from", "until", "reference") == (
        case.approval,
        6,
        "2026-02-20",
        "2026-06-30",
        "AZ 4711",
    )
    case.does("RevokeApproval", {"approval": case.approval, "reason": "Versehen der Kasse"})
    assert of(case.balance(), "approved", "billable", "at_risk", "remaining") == (0, 0, 60, 0)


def test_a_corrected_period_still_ends_after_it_begins(story):
    """`until` before `from` (here one of them stands in the approval)"""
    case = story.approved()
    answer = case.tries(
        "CorrectApproval", {"approval": case.approval, "until": "2026-02-19", "reason": "Tippfehler"}
    )
    # It cannot be seen without the case, so it is no 400 by the sentence on Refusals; that it is refused is
    # sure.
    assert answer.status_code in (400, 409), answer.text
    assert answer.json()["field"] in ("until", "from")


def test_minutes_beyond_the_approved_are_at_risk(story):
    """SMN-MAX-UNITS: … reject to bill above approved"""
    case = story.approved(units=6)
    for day in range(2, 10):
        case.is_visited(f"2026-03-{day:02}", minutes=60)
    assert of(case.balance(), "delivered", "billable", "at_risk", "remaining") == (480, 360, 120, 0)


def test_units_stay_billable_when_the_period_has_passed(story):
    """A lapsed approval period changes no state and no minutes."""
    case = story.approved()
    case.is_visited("2026-03-02")
    assert of(case.balance(today="2027-01-01"), "approved", "billable", "remaining") == (720, 60, 660)


# ---------------------------------------------------------------- corrections


def test_a_correction_counts_from_the_start(story):
    """A correction counts from the start; history keeps the original."""
    case = story.approved(units=2)
    case.is_visited("2026-03-02", minutes=60)
    case.is_visited("2026-03-09", minutes=60, place="facility")
    second = case.visit
    case.does(
        "CorrectVisit",
        {
            "visit": second,
            "minutes": 90,
            "started_at": at("2026-03-01"),
            "place": "home",
            "reason": "falsch eingetragen",
        },
    )
    assert of(case.visit_row(second), "minutes", "billable", "at_risk", "corrected", "place") == (
        90,
        90,
        0,
        1,
        "home",
    )
    assert of(case.balance(), "delivered", "at_home", "billable", "at_risk") == (150, 150, 120, 30)
    assert case.now()["first_unit_on"] == "2026-03-01"


def test_history_keeps_the_original(story):
    """history keeps the original (REC-ORIGINAL: with when and by whom)"""
    case = story.running()
    visit = case.visit
    case.does(
        "CorrectVisit",
        {"visit": visit, "minutes": 45, "reason": "Tippfehler"},
        by="a.ander",
        happened="2026-03-05",
    )
    case.does("VoidVisit", {"visit": visit, "reason": "doppelt"})
    history = case.told()
    delivered, corrected, voided = history[-3:]
    assert [row["event"] for row in history] == [
        "ReferralReceived",
        "ApplicationSubmitted",
        "ApprovalGranted",
        "VisitDelivered",
        "VisitCorrected",
        "VisitVoided",
    ]
    assert of(delivered["data"], "visit", "minutes", "started_at") == (visit, 60, at("2026-02-27"))
    assert of(corrected["data"], "visit", "minutes", "reason") == (visit, 45, "Tippfehler")
    assert of(corrected, "by", "happened") == ("a.ander", "2026-03-05")
    assert voided["data"]["reason"] == "doppelt"
    versions = [row["version"] for row in case.history()]
    assert versions == list(range(1, len(versions) + 1))
    assert not any(row["stale"] for row in history)
    assert len({row["hash"] for row in history}) == 6


def test_the_history_opens_what_was_sealed(story):
    """`history`: `data` (as the command said it)"""
    person = {
        "given_name": "Mia",
        "family_name": "Musterkind",
        "born": "2025-11-02",
        "guardian": "Petra Musterfrau",
        "insurance_number": "X000000000",
        "phone": "000 0000000",
        "email": "mia@example.invalid",
        "postal_code": "00000",
        "insurer_ik": "000000000",
    }
    prescriber = {"kind": "hospital", "name": "Dr. Muster", "lanr": "000000000", "bsnr": "000000000"}
    data = story.data(
        person=person,
        prescriber=prescriber,
        diagnoses=[{"icd": "P07.1"}, {"icd": "Q21.3"}],
        expected_discharge_on="2026-02-21",
        impairment=True,
        sapv=False,
        coverage="insured",
        severe={"no_self_care": True, "inpatient_stays_12_months": 3},
        final_stage=False,
    )
    case = Case(story.client, story.client.done("ReceiveReferral", new_id(), data)["case"])
    told = case.history()[0]["data"]
    # Whose case it is belongs to every event and may stand beside its data.
    assert {k: told.get(k) for k in data if k != "provider"} == {
        k: v for k, v in data.items() if k != "provider"
    }
    assert {k: v for k, v in case.now()["person"].items() if k != "person_id" and v is not None} == person
    case.does("AgreeCarePlan", {"agreed_on": "2026-03-01", "goals": ["Ernährung sicher", "Überleitung 🙂"]})
    assert case.told()[-1]["data"]["goals"] == ["Ernährung sicher", "Überleitung 🙂"]
    case.is_visited("2026-03-02", note='Sonde gewechselt; Mutter übt "allein"\nweiter')
    assert case.told()[-1]["data"]["note"] == 'Sonde gewechselt; Mutter übt "allein"\nweiter'


def test_a_group_is_no_matter_of_smn(story):
    """`group`: minutes in groups (ST); none for SMN"""
    case = story.running()
    assert case.balance()["group"] == 0


def test_the_whole_balance_of_a_long_case(story):
    """Per case, in minutes (RULES.md, Balance): the sums agree with the visits, row by row"""
    case = story.approved(units=6)
    case.is_visited("2026-02-18", minutes=45, place="hospital", category="preparation")
    for number in range(10):
        case.is_visited(f"2026-03-{number + 1:02}", minutes=50, place="home" if number % 2 else "phone")
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    case.schedules("2026-07-10", minutes=90)
    case.is_extended(2, from_="2026-03-06", until="2026-03-31")
    visits, balance = case.rows("visits"), case.balance()
    delivered = [v for v in visits if v["state"] == "delivered"]
    assert sum(v["minutes"] for v in delivered) == balance["delivered"] == 495
    assert sum(v["billable"] for v in visits) == balance["billable"]
    assert sum(v["at_risk"] for v in visits) == balance["at_risk"]
    assert balance["billable"] + balance["at_risk"] == balance["delivered"]
    # 45 preparatory minutes lie before both approvals; 450 later ones fit into 480 approved ones.
    assert of(
        balance, "approved", "billable", "at_risk", "remaining", "voided", "scheduled", "preparatory"
    ) == (480, 450, 45, 30, 50, 90, 45)
    refused(case.tries("GrantExtension", case.approval_data(units=2)), 409)
