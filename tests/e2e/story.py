"""The verbs of a case, so that a test reads like a sentence and sets only what matters.

The child is Mia Musterkind, an invention like everybody here. Unless a test says otherwise she was born on
2025-11-02, lay in hospital until 2026-02-20, was referred on 2026-02-19 with twelve units and lives in
Bavaria."""

import datetime
from zoneinfo import ZoneInfo

from client import Client, new_id

BERLIN = ZoneInfo("Europe/Berlin")
DISCHARGED = "2026-02-20"


def at(day: str, time: str = "10:00") -> str:
    """An instant in Berlin's time with its offset: at("2026-03-02", "14:10") ==
    "2026-03-02T14:10:00+01:00"."""
    return datetime.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=BERLIN).isoformat()


def day_after(day: str, days: int = 1) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days)).isoformat()


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
    if "born" in changes:
        data["person"]["born"] = changes.pop("born")
    if "prescriber" in changes and isinstance(changes["prescriber"], str):
        changes["prescriber"] = {"kind": changes["prescriber"]}
    data.update(changes)
    return {k: v for k, v in data.items() if v is not None}


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

    @property
    def state(self) -> str:
        return self.now()["state"]

    @property
    def version(self) -> int:
        return self.now()["version"]

    def history(self, **params) -> list[dict]:
        return self.client.rows(f"cases/{self.id}/history", **params)

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
