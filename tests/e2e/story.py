"""The verbs of a case, so that a test reads like a sentence and sets only what matters.

The child is Mia Musterkind, an invention like everybody here. Unless a test says otherwise she was born on
2025-11-02, lay in hospital until 2026-02-20, was referred on 2026-02-19 with twelve units and lives in
Bavaria."""

import datetime
from zoneinfo import ZoneInfo

import contract
from client import Client, new_id

BERLIN = ZoneInfo("Europe/Berlin")
DISCHARGED = "2026-02-20"


def at(day: str, time: str = "10:00") -> str:
    """An instant in Berlin's time with its offset: at("2026-03-02", "14:10") ==
    "2026-03-02T14:10:00+01:00"."""
    return datetime.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=BERLIN).isoformat()


def day_after(day: str, days: int = 1) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days)).isoformat()


def changed(data: dict, changes: dict) -> dict:
    """A referral's data with changes: `born` is the person's, a prescriber may be told by its kind alone, and
    None leaves a field out."""
    if "born" in changes:
        data["person"]["born"] = changes.pop("born")
    if isinstance(changes.get("prescriber"), str):
        changes["prescriber"] = {"kind": changes["prescriber"]}
    data.update(changes)
    return {k: v for k, v in data.items() if v is not None}


def referral_data(**changes) -> dict:
    """The data of a referral that no rule objects to; a change to None leaves the field out."""
    data = {
        "benefit": "SMN",
        "provider": "hana-muenchen",
        "land": "DE-BY",
        "person": {"given_name": "Mia", "family_name": "Musterkind", "born": "2025-11-02"},
        "prescriber": {"kind": "hospital"},
        "prescribed_on": "2026-02-18",
        "received_on": "2026-02-19",
        "units": 12,
        "diagnoses": [{"icd": "P07.1"}],
        "setting": "inpatient",
        "discharged_on": DISCHARGED,
    }
    return changed(data, changes)


def st_referral_data(**changes) -> dict:
    """The same for Soziotherapie: Karl Musterfrau, born 1984-05-10, thirty units from a psychiatrist for a
    listed diagnosis, prescribed on 2026-01-07."""
    data = {
        "benefit": "ST",
        "provider": "hana-muenchen",
        "land": "DE-BY",
        "person": {"given_name": "Karl", "family_name": "Musterfrau", "born": "1984-05-10"},
        "prescriber": {"kind": "psychiatry"},
        "prescribed_on": "2026-01-07",
        "received_on": "2026-01-08",
        "units": 30,
        "diagnoses": [{"icd": "F20.0"}],
    }
    return changed(data, changes)


class Case:
    """One case as its case manager lives it. A verb sends one command and returns what was accepted."""

    def __init__(self, client: Client, case: str, opened: dict | None = None):
        self.client = client
        self.id = case
        self.opened = opened
        self.approval = None  # the latest one granted
        self.visit = None  # the latest one scheduled or delivered

    # -- saying

    def does(self, name: str, data=None, **envelope) -> dict:
        return self.client.done(name, self.id, data, **envelope)

    def tries(self, name: str, data=None, **envelope):
        """Sends a command that may be refused and returns the answer."""
        return self.client.command(name, self.id, data, **envelope)

    def applies(self, **changes) -> dict:
        return self.does("SubmitApplication", {"units": 12, "submitted_on": "2026-02-19", **changes})

    def is_approved(self, **changes) -> dict:
        return self.granted("GrantApproval", **changes)

    def granted(self, command: str, **changes) -> dict:
        reasons = changes.pop("reasons", None)
        data = {"approval": new_id(), **self.approval_data(**changes)}
        self.approval = data["approval"]
        return self.does(command, data, reasons=reasons)

    @staticmethod
    def approval_data(**changes) -> dict:
        if "from_" in changes:
            changes["from"] = changes.pop("from_")
        return {
            "reference": "AZ 4711",
            "decided_on": "2026-02-27",
            "units": 12,
            "from": "2026-02-20",
            "until": "2026-06-30",
            **changes,
        }

    @staticmethod
    def denial_data(**changes) -> dict:
        return {
            "reference": "AZ 4712",
            "decided_on": "2026-02-27",
            "posted_on": "2026-02-27",
            "instruction_given": True,
            **changes,
        }

    def is_denied(self, **changes) -> dict:
        return self.does("DenyApproval", self.denial_data(**changes))

    @staticmethod
    def visit_data(day: str, time: str = "10:00", **changes) -> dict:
        """The data of ScheduleVisit."""
        return {
            "visit": new_id(),
            "starts_at": at(day, time),
            "minutes": 60,
            "staff": "m.roth",
            "place": "home",
            "category": "guidance",
            **changes,
        }

    def schedules(self, day: str, time: str = "10:00", reasons=None, **changes) -> dict:
        data = self.visit_data(day, time, **changes)
        self.visit = data["visit"]
        return self.does("ScheduleVisit", data, reasons=reasons)

    @staticmethod
    def delivery_data(day: str, time: str = "10:00", **changes) -> dict:
        """The data of DeliverVisit for a visit that was not scheduled."""
        data = {
            "visit": new_id(),
            "started_at": at(day, time),
            "minutes": 60,
            "staff": "m.roth",
            "place": "home",
            "category": "guidance",
            **changes,
        }
        return {k: v for k, v in data.items() if v is not None}

    def is_visited(self, day: str, minutes: int = 60, time: str = "10:00", reasons=None, **changes) -> dict:
        """Delivers a visit that was not scheduled; its id is `self.visit`."""
        data = self.delivery_data(day, time, minutes=minutes, **changes)
        self.visit = data["visit"]
        return self.does("DeliverVisit", data, reasons=reasons)

    def completes(self, on: str, **changes) -> dict:
        return self.does("CompleteCare", {"completed_on": on, "goal_reached": True, **changes})

    def discontinues(self, on: str, cause: str = "moved") -> dict:
        return self.does("DiscontinueCare", {"discontinued_on": on, "cause": cause})

    def is_extended(
        self, units: int, requested_on: str = "2026-04-20", decided_on: str = "2026-04-27", **changes
    ):
        """Follow-up referral, request and grant."""
        self.asks_to_extend(units, requested_on)
        return self.granted("GrantExtension", units=units, decided_on=decided_on, **changes)

    def asks_to_extend(self, units: int, requested_on: str = "2026-04-20") -> dict:
        self.does(
            "ReceiveFollowUpReferral",
            {"prescribed_on": requested_on, "units": units, "prescriber": {"kind": "hospital"}},
        )
        return self.does("RequestExtension", self.extension_data(units, requested_on))

    @staticmethod
    def extension_data(units: int, requested_on: str = "2026-04-20") -> dict:
        return {
            "units": units,
            "requested_on": requested_on,
            "documentation_form_on": requested_on,
            "reason": "Das Nachsorgeziel ist noch nicht erreicht",
        }

    # -- asking

    def now(self, **params) -> dict:
        """The case with all that is derived from it."""
        return self.client.get(f"cases/{self.id}", **params)

    def settles(self) -> "Case":
        """Once watch has recorded what is due."""
        self.client.settles()
        return self

    def alerts(self, **params) -> list[dict]:
        return self.rows("alerts", **params)

    def alert(self, **params) -> dict:
        """The one alert of the case."""
        rows = self.alerts(**params)
        assert len(rows) == 1, f"expected one alert, but {rows}"
        return rows[0]

    def events(self) -> list[str]:
        return [row["event"] for row in self.history()]

    @property
    def state(self) -> str:
        return self.now()["state"]

    @property
    def version(self) -> int:
        return self.now()["version"]

    def history(self, **params) -> list[dict]:
        return self.client.rows(f"cases/{self.id}/history", **params)

    def told(self) -> list[dict]:
        """Its history without what the service has recorded by itself."""
        return [row for row in self.history() if row["event"] not in contract.OWN_EVENTS]

    def rows(self, table: str, **filters) -> list[dict]:
        return self.client.rows(table, case=self.id, **filters)

    def deadlines(self, rule: str, **params) -> list[dict]:
        return self.rows("deadlines", rule=rule, **params)

    def deadline(self, rule: str, **params) -> dict:
        """The one deadline of that rule."""
        rows = self.deadlines(rule, **params)
        assert len(rows) == 1, f"expected one {rule}, but {rows}"
        return rows[0]

    def balance(self, **params) -> dict:
        rows = self.rows("unit-balances", **params)
        assert len(rows) == 1, f"expected one balance, but {rows}"
        return rows[0]

    def visit_row(self, visit: str | None = None, **params) -> dict:
        rows = self.rows("visits", visit=visit or self.visit, **params)
        assert len(rows) == 1, f"expected one visit, but {rows}"
        return rows[0]

    def is_overdue(self, today: str) -> bool:
        return bool(self.rows("overdue-starts", today=today))


class Soziotherapie(Case):
    """A case of Soziotherapie: its visits have no category, its application carries the care plan."""

    def applies(self, **changes) -> dict:
        data = {"units": 30, "submitted_on": "2026-01-09", "care_plan_attached": True, **changes}
        return self.does("SubmitApplication", {k: v for k, v in data.items() if v is not None})

    @staticmethod
    def approval_data(**changes) -> dict:
        return Case.approval_data(
            **{
                "decided_on": "2026-01-20",
                "units": 30,
                "from": "2026-01-10",
                "until": "2026-12-31",
                **changes,
            }
        )

    @staticmethod
    def visit_data(day: str, time: str = "10:00", **changes) -> dict:
        data = Case.visit_data(day, time, **{"category": None, **changes})
        return {k: v for k, v in data.items() if v is not None}

    @staticmethod
    def delivery_data(day: str, time: str = "10:00", **changes) -> dict:
        return Case.delivery_data(day, time, **{"category": None, **changes})

    def tries_visit(self, day: str, minutes: int = 60, **changes):
        return self.tries("DeliverVisit", self.delivery_data(day, minutes=minutes, **changes))

    @staticmethod
    def follow_up_data(prescribed_on: str, units: int = 30, prescriber: str = "psychiatry", **changes):
        return {
            "prescribed_on": prescribed_on,
            "units": units,
            "prescriber": {"kind": prescriber},
            **changes,
        }

    def is_followed_up(self, prescribed_on: str, units: int = 30, **changes) -> dict:
        return self.does("ReceiveFollowUpReferral", self.follow_up_data(prescribed_on, units, **changes))

    def is_visited_for(self, minutes: int, first: str) -> None:
        """That many minutes in visits of twelve hours at most, one a day from that day on."""
        day = first
        while minutes > 0:
            self.is_visited(day, minutes=min(minutes, 720), time="08:00")
            minutes, day = minutes - 720, day_after(day)


class Story:
    """Opens cases at one server."""

    def __init__(self, client: Client, provider: str = "hana-muenchen"):
        self.client = client
        self.provider = provider

    def data(self, **changes) -> dict:
        return referral_data(**{"provider": self.provider, **changes})

    def tries_referral(self, *, reasons=None, case=None, headers=None, dry_run=None, **changes):
        """Sends a referral that may be refused and returns the answer."""
        return self.client.command(
            "ReceiveReferral", case, self.data(**changes), reasons=reasons, headers=headers, dry_run=dry_run
        )

    def referral(self, *, reasons=None, happened=None, **changes) -> Case:
        """A case that has just been referred."""
        accepted = self.client.done(
            "ReceiveReferral", new_id(), self.data(**changes), reasons=reasons, happened=happened
        )
        return Case(self.client, accepted["case"], accepted)

    def approved(self, units: int = 12, **changes) -> Case:
        case = self.referral(**changes)
        case.applies(units=units)
        case.is_approved(units=units)
        return case

    def running(self, first: str = "2026-02-27", **changes) -> Case:
        """Approved and visited once, at home, for 60 minutes."""
        case = self.approved(**changes)
        case.is_visited(first)
        return case

    # -- Soziotherapie

    def tries_st(self, *, reasons=None, **changes):
        """Sends a referral to Soziotherapie that may be refused and returns the answer."""
        data = st_referral_data(**{"provider": self.provider, **changes})
        return self.client.command("ReceiveReferral", None, data, reasons=reasons)

    def st(self, *, reasons=None, **changes) -> Soziotherapie:
        """A case of Soziotherapie that has just been referred."""
        data = st_referral_data(**{"provider": self.provider, **changes})
        accepted = self.client.done("ReceiveReferral", new_id(), data, reasons=reasons)
        return Soziotherapie(self.client, accepted["case"], accepted)

    def trial(self, **changes) -> Soziotherapie:
        """A case opened with a trial of five units."""
        return self.st(**{"units": 5, "trial": True, **changes})

    def st_approved(self, units: int = 30, **changes) -> Soziotherapie:
        case = self.st(**changes)
        case.applies(units=units)
        case.is_approved(units=units)
        return case
