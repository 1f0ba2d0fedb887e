"""The worked examples of tests/examples: read as a social worker reads them, and driven through the program.

A line is a rule, facts, what is expected, and the source. Facts about a date go to `geleit deadline`, costs
to `geleit copay`, a day in a Land to `geleit rules holidays`; everything else are commands to a running
service, and what is expected is what becomes of the last one. Every phrase that a line may use stands in one
of the tables below; any other is a mistake in the line."""

import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path

from client import findings, refused
from program import ROOT, geleit_json
from story import Case, Story, at, day_after

EXAMPLES = ROOT / "tests" / "examples"
WEEKDAYS = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"]
LAENDER = {
    "Baden-Württemberg": "DE-BW",
    "Bayern": "DE-BY",
    "Berlin": "DE-BE",
    "Brandenburg": "DE-BB",
    "Bremen": "DE-HB",
    "Hamburg": "DE-HH",
    "Hessen": "DE-HE",
    "Mecklenburg-Vorpommern": "DE-MV",
    "Niedersachsen": "DE-NI",
    "Nordrhein-Westfalen": "DE-NW",
    "Rheinland-Pfalz": "DE-RP",
    "Saarland": "DE-SL",
    "Sachsen": "DE-SN",
    "Sachsen-Anhalt": "DE-ST",
    "Schleswig-Holstein": "DE-SH",
    "Thüringen": "DE-TH",
}


@dataclass(frozen=True)
class Example:
    rule: str
    facts: tuple[str, ...]
    expected: str
    source: str
    place: str  # file and line

    def __str__(self):
        return f"{self.place} {self.rule}: {'; '.join(self.facts)} = {self.expected}"


def tables(path: Path):
    """(line number, head, cells) of every row of every table of the file."""
    head = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if head is None:
            head = cells
        elif not set(cells) <= {"---"}:
            yield number, head, cells


def all_examples() -> list[Example]:
    found = []
    for path in sorted(EXAMPLES.glob("*.md")):
        for number, head, cells in tables(path):
            if head == ["Regel", "Sachverhalt", "Erwartet", "Quelle"]:
                assert len(cells) == 4 and all(cells), (
                    f"{path.name}:{number}: expected four cells, but {cells}"
                )
                rule, facts, expected, source = cells
                found.append(
                    Example(rule, tuple(facts.split("; ")), expected, source, f"{path.name}:{number}")
                )
    return found


def rules_without_examples() -> dict[str, str]:
    """Rule and the reason why it has none."""
    return {
        cells[0]: cells[1]
        for path in sorted(EXAMPLES.glob("*.md"))
        for _, head, cells in tables(path)
        if head == ["Regel", "Warum"]
    }


def date(text: str) -> str:
    """ "Fr 20.02.2026" as "2026-02-20"; a wrong weekday is a mistake in the example."""
    weekday, day = text.split()
    found = datetime.datetime.strptime(day, "%d.%m.%Y").date()
    assert WEEKDAYS[found.weekday()] == weekday, f"{day} is a {WEEKDAYS[found.weekday()]}, not {weekday}"
    return found.isoformat()


DATE = "((?:Mo|Di|Mi|Do|Fr|Sa|So) [0-9]{2}[.][0-9]{2}[.][0-9]{4})"
NUMBER = "([0-9]+)"


def phrase(pattern: str) -> re.Pattern:
    """D stands for a date, N for a number."""
    return re.compile(pattern.replace("<D>", DATE).replace("<N>", NUMBER))


# ---------------------------------------------------------------- rules that yield a date: geleit deadline

ANCHORS = [
    phrase(pattern)
    for pattern in (
        "entlassen am <D>",
        "erste Einheit am <D>",
        "geboren am <D>",
        "Antrag eingegangen am <D>",
        "zur Post am <D>",
        "Ereignis am <D>",
        "Frist endet am <D>",
        "Behandlung beendet am <D>",
    )
]
OPTIONS = [
    (phrase("(?:in|im) (\\S+)"), lambda m: ("--land", LAENDER[m[1]])),
    (phrase("mit Gutachten"), lambda m: ("--expert",)),
    (phrase("nach SGB IX"), lambda m: ("--regime", "Sgb9_14_18")),
    (phrase("Gutachten vom <D>"), lambda m: ("--opinion-on", date(m[1]))),
    (phrase("ohne Rechtsbehelfsbelehrung"), lambda m: ("--no-instruction",)),
    (phrase("besonders schwerwiegend"), lambda m: ("--severe",)),
    (phrase("<N> (?:Tage?|Wochen?|Monate?)"), lambda m: ("--count", m[1])),
    (phrase("<N>[.] Lebensjahr"), lambda m: ("--count", m[1])),
]
# Rules that only say how another counts: it is the other that refuses.
REFUSED_BY = {"ST-WINDOW": "ST-TOTAL", "ST-TRIAL-COUNTS": "ST-TOTAL"}
# Rules whose dates are told under the name of another.
TOLD_BY = {"GKV-REGIME": "GKV-DECISION"}


def calculator_call(example: Example) -> list[str]:
    """The arguments of `geleit deadline`."""
    anchor, options = None, []
    for fact in example.facts:
        if found := phrase("Rechnung vom <D>").fullmatch(fact):
            anchor = date(found[1])
            options.append("--invoice")
        elif any(found := pattern.fullmatch(fact) for pattern in ANCHORS):
            if anchor is not None:
                assert example.rule == "SMN-COMPLETE", f"{example.place}: two dates"
                options += ["--discharged-on", date(found[1])]
            else:
                anchor = date(found[1])
        else:
            fits = [make(found) for pattern, make in OPTIONS if (found := pattern.fullmatch(fact))]
            assert len(fits) == 1, f"{example.place}: what is '{fact}'?"
            options += fits[0]
    return ["deadline", TOLD_BY.get(example.rule, example.rule), anchor, *options, "--json"]


def last_day(answer: dict) -> tuple:
    return answer["due_on"], answer["acts_on"], answer["hint_on"]


LAST_DAY = phrase("bis <D>(?: → <D>)?(?: [(]Hinweis <D>[)])?")


def last_day_expected(text: str) -> tuple:
    found = LAST_DAY.fullmatch(text)
    due_on = date(found[1])
    return due_on, date(found[2]) if found[2] else due_on, date(found[3]) if found[3] else None


def tell_date(example: Example) -> None:
    answer = geleit_json(*calculator_call(example))
    assert last_day(answer) == last_day_expected(example.expected)
    # The sentence names the last day, and the arrow as the example does; a hint is in brackets there.
    named = re.split(r" [(]Hinweis", example.expected.removeprefix("bis "))[0]
    for day in named.split(" → "):
        assert day in answer["explanation"], answer["explanation"]
    assert (" → " in named) == (" → " in answer["explanation"]), answer["explanation"]


# ---------------------------------------------------------------- co-payments and holidays


def cents(text: str) -> int:
    return int(text.replace(",", ""))


def tell_copay(example: Example) -> None:
    call = ["copay"]
    for fact in example.facts:
        if found := phrase("geboren am <D>").fullmatch(fact):
            call += ["--born", date(found[1])]
        elif found := phrase("befreit (ab|bis) <D>").fullmatch(fact):
            call += [{"ab": "--exempt-from", "bis": "--exempt-until"}[found[1]], date(found[2])]
        else:
            found = phrase("Kosten ([0-9]+,[0-9]{2}) EUR am <D>").fullmatch(fact)
            assert found, f"{example.place}: what is '{fact}'?"
            call += [cents(found[1]), "--on", date(found[2])]
    expected = re.fullmatch("Zuzahlung ([0-9]+,[0-9]{2}) EUR", example.expected)
    assert geleit_json(*call, "--json") == {"copay": cents(expected[1])}


def tell_holiday(example: Example) -> None:
    (fact,) = example.facts
    found = phrase("am <D> (?:in|im) (\\S+)").fullmatch(fact)
    assert found, f"{example.place}: what is '{fact}'?"
    day, land = date(found[1]), LAENDER[found[2]]
    rows = geleit_json("rules", "holidays", "--year", day[:4], "--land", land, "--json")
    names = [row["name"] for row in rows if row["date"] == day]
    assert names == (
        [] if example.expected == "kein Feiertag" else [example.expected.removeprefix("Feiertag ")]
    )


# ---------------------------------------------------------------- decisions: commands to a service


@dataclass
class Told:
    """What the facts say: the referral, and what happened then."""

    referral: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)  # each takes the case and gives (command, data)


PRESCRIBERS = {
    "vom Krankenhaus": "hospital",
    "von der Rehaklinik": "rehab",
    "vom Kinderarzt": "paediatrician",
    "vom Hausarzt": "general_practitioner",
    "vom Neurologen": "neurology",
    "vom Psychiater": "psychiatry",
    "vom Kinder- und Jugendpsychiater": "child_psychiatry",
    "vom Psychosomatiker": "psychosomatics",
    "vom Arzt mit Zusatztitel Psychotherapie": "psychotherapy_title",
    "vom psychologischen Psychotherapeuten": "psychological_psychotherapist",
    "vom Kinder- und Jugendlichenpsychotherapeuten": "child_psychotherapist",
    "von der psychiatrischen Institutsambulanz": "psychiatric_outpatient_clinic",
    "von jemand anderem": "other",
}
SETTINGS = {
    "stationärer Behandlung": "inpatient",
    "teilstationärer Behandlung": "day_patient",
    "vor- oder nachstationärer Behandlung": "pre_post_inpatient",
    "ambulanter Operation": "ambulatory_surgery",
    "stationärer Rehabilitation": "inpatient_rehab",
    "rein ambulanter Behandlung": "ambulatory",
}
PLACES = {
    "zu Hause": "home",
    "in der Einrichtung": "facility",
    "am Telefon": "phone",
    "in der Klinik": "hospital",
}
CATEGORIES = {
    "Vorbereitung": "preparation",
    "Koordination": "coordination",
    "Anleitung": "guidance",
    "ohne Art": None,
}


def visit_details(text: str) -> dict:
    """ ", 45 Minuten, zu Hause" """
    details = {}
    for detail in text.removeprefix(", ").split(", ") if text else []:
        if found := phrase("<N> Minuten").fullmatch(detail):
            details["minutes"] = int(found[1])
        elif found := phrase("Gruppe mit <N> Personen").fullmatch(detail):
            details["group_size"] = int(found[1])
        elif detail in PLACES:
            details["place"] = PLACES[detail]
        else:
            details["category"] = CATEGORIES[detail]
    return details


def says(**fields):
    """A fact of the referral."""
    return lambda told, m: told.referral.update(fields)


def severe(told: Told, **fields) -> None:
    told.referral.setdefault("severe", {}).update(fields)


def unit(case: Case, day: str, details: str):
    data = case.delivery_data(day, **visit_details(details))
    case.visit = data["visit"]
    return "DeliverVisit", data


def appointment(case: Case, day: str, details: str):
    data = {k: v for k, v in case.visit_data(day, **visit_details(details)).items() if v is not None}
    case.visit = data["visit"]
    return "ScheduleVisit", data


def follow_up(units: int) -> tuple:
    return "ReceiveFollowUpReferral", {
        "prescribed_on": "2026-04-20",
        "units": units,
        "prescriber": {"kind": "hospital"},
    }


def further_referral(day: str, units: int, prescriber: str | None, **changes) -> tuple:
    return "ReceiveFollowUpReferral", {
        "prescribed_on": day,
        "units": units,
        "prescriber": {"kind": PRESCRIBERS[prescriber] if prescriber else "psychiatry"},
        **changes,
    }


def units_until(case: Case, minutes: int, day: str) -> tuple:
    """Visits of twelve hours at most, one a day from that day on; the last is still to be sent."""
    while minutes > 720:
        case.is_visited(day, minutes=720, time="08:00")
        minutes, day = minutes - 720, day_after(day)
    return "DeliverVisit", case.delivery_data(day, "08:00", minutes=minutes)


def st_application(units: int, day: str, attached: bool | None) -> tuple:
    data = {"units": units, "submitted_on": day, "care_plan_attached": attached}
    return "SubmitApplication", {k: v for k, v in data.items() if v is not None}


ATTACHED = {" mit Betreuungsplan": True, " ohne Betreuungsplan": False, None: None}


def then(step):
    """Something that happened: `step` takes the case and the match."""
    return lambda told, m: told.steps.append(lambda case: step(case, m))


FACTS = [
    (phrase("geboren am <D>"), lambda told, m: told.referral.update(born=date(m[1]))),
    (phrase("entlassen am <D>"), lambda told, m: told.referral.update(discharged_on=date(m[1]))),
    (phrase("noch nicht entlassen"), says(discharged_on=None)),
    (phrase("verordnet am <D>"), lambda told, m: told.referral.update(prescribed_on=date(m[1]))),
    (phrase("eingegangen am <D>"), lambda told, m: told.referral.update(received_on=date(m[1]))),
    (phrase("verordnet (vo[nm] .+)"), lambda told, m: told.referral.update(prescriber=PRESCRIBERS[m[1]])),
    (phrase("<N> Einheit(?:en)? verordnet"), lambda told, m: told.referral.update(units=int(m[1]))),
    (
        phrase("Diagnose (\\S+)"),
        lambda told, m: told.referral.setdefault("diagnoses", []).append({"icd": m[1]}),
    ),
    (
        phrase("nach (.+ (?:Behandlung|Operation|Rehabilitation))"),
        lambda told, m: told.referral.update(setting=SETTINGS[m[1]]),
    ),
    (phrase("Finalstadium"), says(final_stage=True)),
    (phrase("keine Beeinträchtigung"), says(impairment=False)),
    (phrase("mit SAPV"), says(sapv=True)),
    (phrase("ohne SAPV"), says(sapv=False)),
    (phrase("keine Selbstversorgung"), lambda told, m: severe(told, no_self_care=True)),
    (phrase("Selbstversorgung vorhanden"), lambda told, m: severe(told, no_self_care=False)),
    (
        phrase("<N> Aufenthalte in 12 Monaten"),
        lambda told, m: severe(told, inpatient_stays_12_months=int(m[1])),
    ),
    (phrase("als Probe"), says(trial=True)),
    (phrase("GAF <N>"), lambda told, m: told.referral.update(gaf=int(m[1]))),
    (
        phrase("Folgeverordnung vom <D> über <N> Einheiten(?: (vo[nm] .+))?"),
        then(lambda case, m: further_referral(date(m[1]), int(m[2]), m[3])),
    ),
    (
        phrase("Probe vom <D> über <N> Einheiten"),
        then(lambda case, m: further_referral(date(m[1]), int(m[2]), None, trial=True)),
    ),
    (phrase("<N> Minuten ab <D>"), then(lambda case, m: units_until(case, int(m[1]), date(m[2])))),
    (
        phrase("<N> Einheiten beantragt am <D>( (?:mit|ohne) Betreuungsplan)?"),
        then(lambda case, m: st_application(int(m[1]), date(m[2]), ATTACHED[m[3]])),
    ),
    (
        phrase("Betreuungsplan vereinbart am <D>"),
        then(lambda case, m: ("AgreeCarePlan", {"agreed_on": date(m[1]), "goals": ["Tagesstruktur"]})),
    ),
    (phrase("Einheit am <D>(,.*)?"), then(lambda case, m: unit(case, date(m[1]), m[2]))),
    (phrase("Termin am <D>(,.*)?"), then(lambda case, m: appointment(case, date(m[1]), m[2]))),
    (
        phrase("letzte Einheit storniert"),
        then(lambda case, m: ("VoidVisit", {"visit": case.visit, "reason": "doppelt"})),
    ),
    (
        phrase("berichtigt auf <N> Minuten"),
        then(
            lambda case, m: (
                "CorrectVisit",
                {"visit": case.visit, "minutes": int(m[1]), "reason": "Tippfehler"},
            )
        ),
    ),
    (
        phrase("Entlassung berichtigt auf <D>"),
        then(lambda case, m: ("RecordDischarge", {"discharged_on": date(m[1])})),
    ),
    (
        phrase("beantragt am <D>"),
        then(lambda case, m: ("SubmitApplication", {"units": 12, "submitted_on": date(m[1])})),
    ),
    (
        phrase("Gutachten mitgeteilt am <D>"),
        then(lambda case, m: ("NoteExpertOpinion", {"told_on": date(m[1])})),
    ),
    (
        phrase("<N> Einheiten bewilligt am <D>"),
        then(
            lambda case, m: ("GrantApproval", case.approval_data(units=int(m[1]), decided_on=date(m[2])))
        ),
    ),
    (
        phrase("Ablehnung vom <D>"),
        then(
            lambda case, m: (
                "DenyApproval",
                case.denial_data(decided_on=date(m[1]), posted_on=date(m[1])),
            )
        ),
    ),
    (phrase("Widerspruch am <D>"), then(lambda case, m: ("FileObjection", {"filed_on": date(m[1])}))),
    (phrase("Folgeverordnung über <N> Einheiten"), then(lambda case, m: follow_up(int(m[1])))),
    (
        phrase("Verlängerung um <N> Einheiten beantragt"),
        then(lambda case, m: ("RequestExtension", case.extension_data(int(m[1])))),
    ),
    (
        phrase("Verlängerung um <N> Einheiten bewilligt"),
        then(
            lambda case, m: (
                "GrantExtension",
                case.approval_data(units=int(m[1]), decided_on="2026-04-27"),
            )
        ),
    ),
    (
        phrase("abgeschlossen am <D>"),
        then(lambda case, m: ("CompleteCare", {"completed_on": date(m[1]), "goal_reached": True})),
    ),
    (
        phrase("verstorben am <D>"),
        then(lambda case, m: ("DiscontinueCare", {"discontinued_on": date(m[1]), "cause": "died"})),
    ),
    (
        phrase("umgezogen am <D>"),
        then(lambda case, m: ("DiscontinueCare", {"discontinued_on": date(m[1]), "cause": "moved"})),
    ),
]


def told_by(example: Example) -> Told:
    told = Told()
    for fact in example.facts:
        fits = [(pattern.fullmatch(fact), take) for pattern, take in FACTS if pattern.fullmatch(fact)]
        assert len(fits) == 1, f"{example.place}: what is '{fact}'?"
        found, take = fits[0]
        take(told, found)
    return told


def is_accepted(answer, rule: str, flagged: bool) -> None:
    assert answer.status_code == 200, answer.text
    assert (rule in findings(answer.json())) == flagged, answer.text


DECISIONS = {
    "angenommen": lambda answer, rule: is_accepted(answer, rule, flagged=False),
    "angenommen mit Hinweis": lambda answer, rule: is_accepted(answer, rule, flagged=True),
    "abgelehnt": lambda answer, rule: refused(answer, 422, rule=rule),
    "nur mit Begründung": lambda answer, rule: refused(answer, 422, rule=rule, reasons=[rule]),
    "nicht möglich": lambda answer, rule: refused(answer, 409),
}
STATES = {"eingehalten": "met", "versäumt": "missed", "gegenstandslos": "moot", "offen": "open"}


def told_in_history(case: Case) -> list[str]:
    """The days of discharge, the minutes and the voids, in order."""
    told = []
    for event in case.history():
        if "minutes" in event["data"]:
            told.append(f"{event['data']['minutes']} Minuten")
        if "discharged_on" in event["data"]:
            told.append(event["data"]["discharged_on"])
        if event["event"] == "VisitVoided":
            told.append("Storno")
    return told


def expect_of_case(case: Case, example: Example) -> None:
    """What is expected of the case as it is now."""
    expected = example.expected
    if found := phrase("abrechenbar <N> Minuten, gefährdet <N> Minuten").fullmatch(expected):
        balance = case.balance()
        assert (balance["billable"], balance["at_risk"]) == (int(found[1]), int(found[2]))
    elif found := re.fullmatch("Frist (\\w+)", expected):
        assert case.deadline(example.rule)["state"] == STATES[found[1]]
    elif found := re.fullmatch("(Abschluss|Entscheidung) (bis .+)", expected):
        row = case.deadline({"Abschluss": "SMN-COMPLETE", "Entscheidung": "GKV-DECISION"}[found[1]])
        assert (row["due_on"], row["acts_on"]) == last_day_expected(found[2])[:2]
    elif found := phrase("Zeitraum ab <D> bis <D>").fullmatch(expected):
        row = case.deadline("ST-TOTAL")
        assert (row["anchor"]["date"], row["due_on"]) == (date(found[1]), date(found[2]))
    elif expected == "kein Abschlusstermin":
        assert case.deadlines("SMN-COMPLETE") == []
    elif found := phrase("(keine )?Aufgabe am <D>").fullmatch(expected):
        tasks = case.now(today=date(found[2]))["tasks"]
        assert (example.rule in {task["why"] for task in tasks}) == (found[1] is None), tasks
    else:
        found = re.fullmatch("im Verlauf (.+)", expected)
        assert found, f"{example.place}: what is '{expected}'?"
        items = [date(item) if re.fullmatch(DATE, item) else item for item in found[1].split(", ")]
        assert told_in_history(case) == items


def live(example: Example, story: Story) -> None:
    """Sends the commands; the last one is what the decision is about."""
    told = told_by(example)
    decision = DECISIONS.get(example.expected)
    rule = REFUSED_BY.get(example.rule, example.rule)
    st = example.rule.startswith("ST-")
    tries, refer = (story.tries_st, story.st) if st else (story.tries_referral, story.referral)
    if not told.steps and decision:
        answer = tries(**told.referral)
        decision(answer, rule)
        if example.expected == "nur mit Begründung":
            refer(reasons={rule: "Einzelfall"}, **told.referral)
        return
    case = refer(**told.referral)
    *before, last = told.steps or [None]
    for step in before:
        case.does(*step(case))
    if last is not None:
        command, data = last(case)
        answer = case.tries(command, data)
        if decision is None:
            assert answer.status_code == 200, answer.text
        else:
            decision(answer, rule)
        if example.expected == "nur mit Begründung":
            case.does(command, data, reasons={rule: "Einzelfall"})
    if decision is None:
        expect_of_case(case, example)


def hold(example: Example, story: Story) -> None:
    """Holds the program to the example."""
    if example.expected.startswith("bis "):
        tell_date(example)
    elif example.expected.startswith("Zuzahlung "):
        tell_copay(example)
    elif "Feiertag" in example.expected:
        tell_holiday(example)
    else:
        live(example, story)
