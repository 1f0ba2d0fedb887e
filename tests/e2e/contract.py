"""schema/openapi.json as a judge: what an answer may look like, and whether a command is well-formed."""

import json
import re

import jsonschema_rs

from program import ROOT

DOCUMENT = json.loads((ROOT / "schema" / "openapi.json").read_text(encoding="utf-8"))
_validators: dict = {}


def resolve(node: dict) -> dict:
    """The node itself, or what its $ref names."""
    while "$ref" in node:
        name = node["$ref"]
        node = DOCUMENT
        for part in name.removeprefix("#/").split("/"):
            node = node[part]
    return node


def validator(schema: dict):
    key = json.dumps(schema, sort_keys=True)
    if key not in _validators:
        _validators[key] = jsonschema_rs.Draft202012Validator(
            {**schema, "components": DOCUMENT["components"]}, validate_formats=True
        )
    return _validators[key]


def complaints(schema: dict, instance) -> list[str]:
    return [
        f"{'/'.join(map(str, e.instance_path))}: {e.message}"
        for e in validator(schema).iter_errors(instance)
    ]


def named(schema: str) -> dict:
    return {"$ref": f"#/components/schemas/{schema}"}


# What only the service itself asks for; in no schema, for nobody else may (403, field `command`).
OF_THE_SERVICE = (
    "MissStartDeadline", "MissDeadline", "LapseApprovalPeriod", "SendAlert", "EscalateAlert",
    "ErasePersonalData",
)
# What becomes of it: events that nobody has told.
OWN_EVENTS = (
    "StartDeadlineMissed", "DeadlineMissed", "ApprovalPeriodLapsed", "AlertSent", "AlertEscalated",
    "PersonalDataErased",
)


def path_of(url_path: str) -> str | None:
    """The documented route that a path belongs to; a written-out one before one with a variable."""
    if url_path in DOCUMENT["paths"]:
        return url_path
    for template in DOCUMENT["paths"]:
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), url_path):
            return template
    return None


def command_is_well_formed(command) -> bool:
    """Whether one of the command schemas takes it (and so only the case or a rule may refuse it)."""
    name = command.get("command") if isinstance(command, dict) else None
    schemas = DOCUMENT["components"]["schemas"]
    known = isinstance(name, str) and name in schemas["CommandName"]["enum"]
    return known and not complaints(named(name), command)


def judge_problem(problem: dict, status: int, language: str = "de") -> list[str]:
    """What is wrong with a problem of that status: its form, and the sentence that people read."""
    wrong = []
    if problem.get("status") != status:
        wrong.append(f"status {problem.get('status')} in the body, {status} outside")
    said = problem.get("detail", "")
    pattern = r"(?is)expected\b.+,\s*but\b.+" if language == "en" else r"(?is)erwartet\b.+,\s*aber\b.+"
    if status in (400, 404, 409, 413, 415, 422) and not re.search(pattern, said):
        wrong.append(f"detail says {said!r}")
    return wrong


def judge(method: str, url_path: str, answer, language: str = "de") -> list[str]:
    """Everything in which an answer (httpx.Response) differs from the document."""
    template = path_of(url_path)
    if template is None:
        return [f"{url_path} is not documented"]
    operation = DOCUMENT["paths"][template].get(method.lower())
    if operation is None:
        return [f"{method} {template} is not documented"]
    documented = operation["responses"].get(str(answer.status_code))
    if documented is None:
        return [
            f"{method} {template} answered {answer.status_code}, which is not documented: {answer.text[:300]}"
        ]
    documented = resolve(documented)
    wrong = []
    for name, header in documented.get("headers", {}).items():
        value = answer.headers.get(name)
        header = resolve(header)
        if value is None:
            if header.get("required"):
                wrong.append(f"no header {name}")
        elif header["schema"].get("type") == "string":
            wrong += [f"header {name}: {c}" for c in complaints(header["schema"], value)]
        elif not value.isdigit():
            wrong.append(f"header {name} is {value!r}")
    media = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in documented["content"]:
        return wrong + [
            f"content type {media!r} of {answer.status_code}, expected {list(documented['content'])}"
        ]
    if media in ("application/json", "application/problem+json"):
        body = answer.json()
        wrong += complaints(documented["content"][media]["schema"], body)
        if media == "application/problem+json":
            wrong += judge_problem(body, answer.status_code, language)
    return wrong


def judge_line(line: dict, language: str = "de") -> list[str]:
    """Everything that is wrong with one line of an NDJSON answer."""
    if "status" not in line:
        return complaints(named("Accepted"), line) + (
            []
            if line.get("recorded") and line.get("position")
            else ["an accepted line without recorded and position"]
        )
    status = line["status"]
    form = {400: "FieldProblem", 422: "RuleProblem"}.get(status, "Problem")
    return complaints(named(form), line) + judge_problem(line, status, language)
