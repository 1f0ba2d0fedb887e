"""A second opinion on what follows from accepted commands, written from API.md and RULES.md alone and as
plainly as possible: a case is a list of facts, and each answer is counted afresh from all of them."""

import calendar
import collections
import datetime
import fractions
import math

import holidays

from story import BERLIN

date = datetime.date
ENDS = {"CompleteCare": "completed", "DiscontinueCare": "discontinued", "WithdrawReferral": "withdrawn"}


def day(text: str | None) -> date | None:
    """The civil day of a date, or Berlin's of an instant."""
    if text is None:
        return None
    if len(text) == 10:
        return date.fromisoformat(text)
    return datetime.datetime.fromisoformat(text).astimezone(BERLIN).date()


def text(value: date | None) -> str | None:
    return value.isoformat() if value else None


def days_after(value: date, days: int) -> date:
    return value + datetime.timedelta(days)


def months_after(value: date, months: int) -> date:
    """CAL-MONTHS: the same number, or the last of the month where it is missing."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    return date(year, month + 1, min(value.day, calendar.monthrange(year, month + 1)[1]))


_holidays: dict = {}


def rolled(value: date, land: str) -> date:
    """CAL-ROLL: the day itself, or the next working day of the Land."""
    known = _holidays.setdefault(land, holidays.Germany(subdiv=land.removeprefix("DE-")))
    while value.weekday() >= 5 or value in known:
        value = days_after(value, 1)
    return value


class Facts:
    """What the accepted commands of one case say, in the order in which they were accepted."""

    def __init__(self, case: str):
        self.case = case
        self.referral: dict = {}
        self.discharged: date | None = None
        self.lead = None
        self.follow_ups: list[dict] = []
        self.applications: list[dict] = []  # and extension requests
        self.approvals: dict[str, dict] = {}
        self.denials: list[dict] = []
        self.denied: date | None = None  # the insurer's last word was no
        self.visits: dict[str, dict] = {}
        self.end: tuple[str, date] | None = None
        self.ended_by: dict = {}  # what the command said that ended it
        self.version = 0

    def tell(self, command: dict) -> None:
        name, data = command["command"], command["data"]
        happened = day(command.get("happened") or command["entered"])
        self.version += 1
        if name in ("ReceiveReferral", "AmendReferral"):
            self.referral |= data
            if name == "ReceiveReferral":
                self.referral.setdefault("received_on", text(happened))
            self.discharged = day(data.get("discharged_on")) or self.discharged
        elif name == "RecordDischarge":
            self.discharged = day(data["discharged_on"])
        elif name == "RecordCoverage":
            self.referral["coverage"] = data["coverage"]
        elif name == "AssignCareTeam":
            self.lead = data["lead"]
        elif name == "ReceiveFollowUpReferral":
            self.follow_ups.append(data)
        elif name in ("SubmitApplication", "RequestExtension"):
            extension = name == "RequestExtension"
            anchor = (
                data["requested_on"] if extension else data.get("received_on", data.get("submitted_on"))
            )
            self.applications.append(
                {
                    "extension": extension,
                    "units": data["units"],
                    "anchor": day(anchor),
                    "regime": data.get("regime"),
                    "decided": None,
                    "told": None,
                    "opinion": None,
                    "granted": False,
                }
            )
            if not extension:
                self.denied = None
        elif name == "NoteExpertOpinion":
            oldest = next(a for a in self.applications if not a["decided"])
            oldest["told"] = min(filter(None, (oldest["told"], day(data["told_on"]))))
            oldest["opinion"] = day(data.get("opinion_on")) or oldest["opinion"]
        elif name in ("GrantApproval", "GrantExtension"):
            extension = name == "GrantExtension"
            decides = self.decide(extension, day(data["decided_on"]), True)
            self.approvals[data["approval"]] = {
                **data,
                "extension": extension,
                "decides": decides,
                "version": self.version,
            }
        elif name == "CorrectApproval":
            approval = self.approvals[data["approval"]]
            approval |= data
            if approval["decides"] and "decided_on" in data:
                approval["decides"]["decided"] = day(data["decided_on"])
        elif name == "RevokeApproval":
            del self.approvals[data["approval"]]
        elif name in ("DenyApproval", "DenyExtension"):
            extension = name == "DenyExtension"
            self.decide(extension, day(data["decided_on"]), False)
            self.denials.append({**data, "extension": extension, "filed": None, "version": self.version})
            if not extension:
                self.denied = day(data["decided_on"])
        elif name == "FileObjection":
            self.denials[-1]["filed"] = day(data["filed_on"])
            if not self.denials[-1]["extension"]:
                self.denied = None
        elif name == "DecideObjection":
            if not data["upheld"] and not self.denials[-1]["extension"]:
                self.denied = day(data["decided_on"])
        elif name == "ScheduleVisit":
            self.visits[data["visit"]] = {**data, "state": "scheduled", "corrected": 0}
        elif name == "RescheduleVisit":
            self.visits[data["visit"]] |= data
        elif name == "CancelVisit":
            self.visits[data["visit"]]["state"] = "cancelled"
        elif name == "MissVisit":
            self.visits[data["visit"]]["state"] = "missed"
        elif name == "DeliverVisit":
            visit = self.visits.setdefault(data["visit"], {"corrected": 0})
            visit |= data
            visit["state"] = "delivered"
        elif name == "CorrectVisit":
            self.visits[data["visit"]] |= {k: v for k, v in data.items() if k != "reason"}
            self.visits[data["visit"]]["corrected"] += 1
        elif name == "VoidVisit":
            self.visits[data["visit"]]["state"] = "voided"
        elif name in ENDS:
            on = day(data.get("completed_on") or data.get("discontinued_on")) or happened
            self.end, self.ended_by = (ENDS[name], on), data
        elif name == "ReopenCase":
            self.end = None

    def decide(self, extension: bool, decided: date, granted: bool):
        for application in self.applications:
            if application["extension"] == extension and application["decided"] is None:
                application["decided"], application["granted"] = decided, granted
                return application
        return None

    # -- states

    def starts_at(self, visit: dict) -> datetime.datetime:
        return datetime.datetime.fromisoformat(visit.get("started_at") or visit["starts_at"])

    def on(self, visit: dict) -> date:
        return self.starts_at(visit).astimezone(BERLIN).date()

    def delivered(self) -> list[dict]:
        known = [{**v, "visit": k} for k, v in self.visits.items() if v["state"] == "delivered"]
        return sorted(known, key=lambda v: (self.starts_at(v), v["visit"]))

    @property
    def benefit(self) -> str:
        return self.referral["benefit"]

    def trial(self, visit: dict) -> bool:
        """ST-TRIAL: the visit belongs to a referral that is a trial."""
        if self.benefit != "ST":
            return False
        referrals = [self.referral, *self.follow_ups]
        known = [r for r in referrals if day(r["prescribed_on"]) <= self.on(visit)] or [self.referral]
        return max(reversed(known), key=lambda r: r["prescribed_on"]).get("trial", False)

    def preparatory(self, visit: dict) -> bool:
        if self.benefit == "ST":
            return False
        return self.discharged is None or self.on(visit) < self.discharged

    def units(self) -> list[date]:
        return [self.on(v) for v in self.delivered() if not self.preparatory(v)]

    def state(self) -> str:
        if self.end:
            return self.end[0]
        if self.denied and not self.approvals:
            return "denied"
        if self.units():
            return "running"
        if self.approvals:
            return "approved"
        return "applied" if self.applications else "referred"

    def closed_on(self) -> date | None:
        return self.end[1] if self.end else self.denied if self.state() == "denied" else None

    def row(self) -> dict:
        units = self.units()
        return {
            "case": self.case,
            "version": self.version,
            "benefit": self.benefit,
            "provider": self.referral["provider"],
            "land": self.referral["land"],
            "state": self.state(),
            "lead": self.lead,
            "referred_on": self.referral["received_on"],
            "discharged_on": text(self.discharged),
            "first_unit_on": text(min(units, default=None)),
            "last_unit_on": text(max(units, default=None)),
            "closed_on": text(self.closed_on()),
        }

    # -- balance

    def booked(self) -> dict[str, int]:
        """Billable minutes by visit."""
        left = {k: a["units"] * 60 for k, a in self.approvals.items()}
        order = sorted(
            self.approvals, key=lambda k: (self.approvals[k]["until"], self.approvals[k]["decided_on"], k)
        )
        billable = {}
        for visit in self.delivered():
            if self.trial(visit):
                billable[visit["visit"]] = 0
                continue
            minutes = visit["minutes"]
            for key in order:
                approval = self.approvals[key]
                if day(approval["from"]) <= self.on(visit) <= day(approval["until"]):
                    taken = min(minutes, left[key])
                    left[key] -= taken
                    minutes -= taken
            billable[visit["visit"]] = visit["minutes"] - minutes
        return billable

    def balance(self) -> dict:
        delivered, billable = self.delivered(), sum(self.booked().values())
        minutes = sum(v["minutes"] for v in delivered)
        approved = 60 * sum(a["units"] for a in self.approvals.values())
        ended = self.closed_on() is not None

        def of(state):
            return sum(v["minutes"] for v in self.visits.values() if v["state"] == state)

        return {
            "case": self.case,
            "benefit": self.benefit,
            "prescribed": 60 * (self.referral["units"] + sum(f["units"] for f in self.follow_ups)),
            "applied": 60 * sum(a["units"] for a in self.applications),
            "approved": approved,
            "extended": 60 * sum(a["units"] for a in self.approvals.values() if a["extension"]),
            "scheduled": 0 if ended else of("scheduled"),
            "delivered": minutes,
            "at_home": sum(v["minutes"] for v in delivered if v["place"] == "home"),
            "preparatory": sum(v["minutes"] for v in delivered if self.preparatory(v)),
            "group": sum(v["minutes"] for v in delivered if v.get("group_size", 1) > 1),
            "voided": of("voided"),
            "billable": billable,
            "at_risk": minutes - billable - sum(v["minutes"] for v in delivered if self.trial(v)),
            "remaining": approved - billable,
        }

    def visit_rows(self) -> dict[str, dict]:
        booked = self.booked()
        ended = self.closed_on() is not None
        rows = {}
        for key, visit in self.visits.items():
            state = "cancelled" if ended and visit["state"] == "scheduled" else visit["state"]
            billable = booked.get(key, 0)
            rows[key] = {
                "visit": key,
                "case": self.case,
                "state": state,
                "starts_at": self.starts_at(visit),
                "minutes": visit["minutes"],
                "staff": visit["staff"],
                "place": visit["place"],
                "category": visit.get("category"),
                "billable": billable,
                "at_risk": 0
                if state != "delivered" or self.trial(visit)
                else visit["minutes"] - billable,
                "corrected": visit["corrected"],
            }
        return rows

    # -- deadlines

    def regime(self) -> str:
        """GKV-REGIME: per case either one; the application says which."""
        return next((a["regime"] for a in self.applications if a["regime"]), "Sgb5_13_3a")

    def settled(self, today: date, acts_on: date, met: date | None, ended: date | None) -> tuple:
        """(state, met_on, days_left)"""
        if met and met <= acts_on:
            return "met", text(met), None
        if ended and ended <= acts_on:
            return "moot", None, None
        if today > acts_on:
            return "missed", text(met), None
        return "open", text(met), (acts_on - today).days

    def deadlines(self, today: date) -> list[tuple]:
        """(rule, anchor date, due_on, acts_on, state, met_on, days_left) of each."""
        land, ended = self.referral["land"], self.closed_on()
        gkv_ended = self.end[1] if self.end else None
        first = min(self.units(), default=None)
        found = []

        def add(rule, anchor, due, acts, met, ended):
            found.append(
                (rule, text(anchor), text(due), text(acts), *self.settled(today, acts, met, ended))
            )

        if self.discharged:
            due = days_after(self.discharged, 42)
            add("SMN-START", self.discharged, due, due, first, ended)
        if self.benefit == "ST":
            begins = None  # ST-TOTAL: the period that the last unit lies in
            for unit in sorted(self.units()):
                if begins is None or unit > months_after(begins, 36):
                    begins = unit
            if begins:
                due = months_after(begins, 36)
                add("ST-TOTAL", begins, due, due, None, ended)
        elif first:
            due = days_after(first, 84)
            met = self.end[1] if self.end and self.end[0] != "withdrawn" else None
            add("SMN-COMPLETE", first, due, due, met, ended)
        for application in self.applications:
            due = days_after(application["anchor"], 21)
            in_time = application["told"] and application["told"] <= rolled(due, land)
            if in_time and self.regime() == "Sgb5_13_3a":
                due = days_after(application["anchor"], 35)
            elif in_time and application["opinion"]:
                due = min(days_after(application["opinion"], 14), months_after(application["anchor"], 2))
            add(
                "GKV-DECISION",
                application["anchor"],
                due,
                rolled(due, land),
                application["decided"],
                gkv_ended,
            )
        for denial in self.denials:
            posted = day(denial["posted_on"])
            notified = days_after(posted, 4 if posted >= date(2025, 1, 1) else 3)
            due = months_after(notified, 1 if denial["instruction_given"] else 12)
            acts = rolled(due, land)
            granted = [
                day(a["decided_on"])
                for a in self.approvals.values()
                if a["extension"] == denial["extension"] and a["version"] > denial["version"]
            ]
            ended_by = min(filter(None, [gkv_ended, *granted]), default=None)
            add("GKV-OBJECTION", posted, due, acts, denial["filed"], ended_by)
        return found

    def overdue(self, today: date) -> bool:
        return bool(
            self.discharged
            and self.closed_on() is None
            and not self.units()
            and today > days_after(self.discharged, 42)
        )


# Figures that count how often something was.
COUNTED = (
    "starts_in_time",
    "completions_home_met",
    "completions_goal_reached",
    "discontinuations",
    "discontinued_moved",
    "discontinued_refused",
    "discontinued_readmitted",
    "discontinued_died",
    "discontinued_other",
    "withdrawals",
    "denials",
    "coverage_unresolved",
    "coverage_uninsured",
    "voids",
)


def nearest_rank(values: list[int], share: float) -> int | None:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def key_figures(cases: list[Facts], today: date, benefit: str | None = None) -> dict[tuple, dict]:
    """The figures of each provider and month in which anything happened, of one benefit or of both."""
    figures: dict = collections.defaultdict(lambda: collections.defaultdict(list))
    for facts in cases:
        if benefit and facts.benefit != benefit:
            continue

        def add(figure, on, value=1, provider=facts.referral["provider"]):
            figures[provider, text(on)[:7]][figure].append(value)

        add("referrals", day(facts.referral["received_on"]))
        if facts.referral.get("coverage") in ("unresolved", "uninsured"):
            add("coverage_" + facts.referral["coverage"], day(facts.referral["received_on"]))
        first, booked = min(facts.units(), default=None), facts.booked()
        if first:
            add("starts", first)
            if facts.discharged:
                add("start_days", first, (first - facts.discharged).days)
        for rule, _, due, acts, state, *_ in facts.deadlines(today):
            if state == "missed" and rule == "SMN-START":
                add("starts_missed", days_after(day(due), 1))
            if state == "met" and rule == "SMN-START":
                add("starts_in_time", first)
            if state == "missed" and rule == "GKV-DECISION":
                add("fictions", days_after(day(acts), 1))
        for visit in facts.delivered():
            add("delivered", facts.on(visit), visit["minutes"])
            add("billable", facts.on(visit), booked[visit["visit"]])
            add("home", facts.on(visit), visit["minutes"] if visit["place"] == "home" else 0)
            # Each of a group's cases counts the same minutes of whoever leads it.
            add("staff", facts.on(visit), fractions.Fraction(visit["minutes"], visit.get("group_size", 1)))
        for visit in facts.visits.values():
            add("corrections", facts.on(visit), visit["corrected"])
            if visit["state"] == "voided":
                add("voids", facts.on(visit))
        for approval in facts.approvals.values():
            if approval["extension"]:
                add("extensions", day(approval["decided_on"]))
        for application in facts.applications:
            if application["granted"]:
                add(
                    "approval_days",
                    application["decided"],
                    (application["decided"] - application["anchor"]).days,
                )
        if facts.end and facts.end[0] == "completed":
            add("completions", facts.end[1])
            if facts.ended_by["goal_reached"]:
                add("completions_goal_reached", facts.end[1])
            if facts.benefit == "SMN":
                add("completions_smn", facts.end[1])
                if facts.balance()["at_home"] >= 180:
                    add("completions_home_met", facts.end[1])
        if facts.end and facts.end[0] == "discontinued":
            add("discontinuations", facts.end[1])
            add("discontinued_" + facts.ended_by["cause"], facts.end[1])
        if facts.end and facts.end[0] == "withdrawn":
            add("withdrawals", facts.end[1])
        if facts.state() == "denied":
            add("denials", facts.closed_on())
    return {
        key: {
            "referrals": len(f["referrals"]),
            "starts": len(f["starts"]),
            "starts_missed": len(f["starts_missed"]),
            "start_days_median": nearest_rank(f["start_days"], 0.5),
            "start_days_p90": nearest_rank(f["start_days"], 0.9),
            "units_delivered": round(sum(f["delivered"]) / 60, 2),
            "units_billable": round(sum(f["billable"]) / 60, 2),
            "home_share": sum(f["home"]) / sum(f["delivered"]) if f["delivered"] else None,
            "extensions": len(f["extensions"]),
            "completions": len(f["completions"]),
            "approval_days_median": nearest_rank(f["approval_days"], 0.5),
            "approval_days_p90": nearest_rank(f["approval_days"], 0.9),
            "fictions": len(f["fictions"]),
            "benefit": benefit,
            "starts_in_time_share": share(
                len(f["starts_in_time"]), len(f["starts_in_time"]) + len(f["starts_missed"])
            ),
            "completions_home_met_share": share(len(f["completions_home_met"]), len(f["completions_smn"])),
            "coverage_unsettled_share": share(
                len(f["coverage_unresolved"]) + len(f["coverage_uninsured"]), len(f["referrals"])
            ),
            "corrections": sum(f["corrections"]),
            "staff_hours": float(sum(f["staff"]) / 60),
            **{name: len(f[name]) for name in COUNTED},
        }
        for key, f in figures.items()
    }
