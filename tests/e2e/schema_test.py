"""schema/openapi.json and the running program agree, both ways: generated requests get documented answers,
what the document forbids is refused, and what it allows to be asked is answered. (The other tests hold each
answer that they receive against the document too; see contract.py.)"""

import copy

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

import contract
from story import Story

EXAMPLES_OF_COMMANDS = 300
EXAMPLES_OF_A_READ = 40


def document_to_generate_from() -> dict:
    """The document without what only makes sense with values of the running program: generated positions
    would be waited for, and a generated cursor is never one. Both are tried in lists_test.py and
    getting_in_test.py."""
    document = copy.deepcopy(contract.DOCUMENT)
    left_out = {"#/components/parameters/wait_for", "#/components/parameters/cursor"}
    for path in document["paths"].values():
        for operation in path.values():
            operation["parameters"] = [
                p for p in operation.get("parameters", []) if p.get("$ref") not in left_out
            ]
    return document


load_all_checks()
schemathesis.openapi.media_type("application/x-ndjson", st.binary(max_size=300))
schema = schemathesis.openapi.from_dict(document_to_generate_from())
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
bounded = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "derandomize": True,
    "phases": [Phase.explicit, Phase.generate],
}


@pytest.fixture(scope="module")
def cases(everybody):
    """Cases that generated requests can mean."""
    story = Story(everybody, "erzeugt")
    made = [story.referral(), story.running(), story.approved()]
    made[1].completes("2026-05-08")
    return [case.id for case in made]


@schema.include(path="/v1/commands").parametrize()
@settings(max_examples=EXAMPLES_OF_COMMANDS, **bounded)
def test_generated_commands_get_documented_answers(case, server, cases):
    """schema/openapi.json, against which the running program is tested, every route, both ways"""
    body = case.body
    if (
        isinstance(body, dict)
        and body.get("command") != "ReceiveReferral"
        and contract.command_is_well_formed(body)
    ):
        case.body = {**body, "case": cases[len(str(body)) % len(cases)]}
    # A well-formed command may still be dated after today or refused by the case or a rule: that is no
    # error.
    case.call_and_validate(base_url=server.url, excluded_checks=[positive_data_acceptance])


# A stream does not end, and the first token locks everybody else out; stream_test.py and tokens_test.py ask
# them.
@schema.exclude(path=["/v1/commands", "/v1/stream", "/v1/tokens"]).parametrize()
@settings(max_examples=EXAMPLES_OF_A_READ, **bounded)
def test_generated_reads_get_documented_answers(case, server, cases):
    """schema/openapi.json, against which the running program is tested, every route, both ways"""
    if contract.validator(contract.named("Id")).is_valid(case.path_parameters.get("case")):
        case.path_parameters["case"] = cases[len(str(case.query)) % len(cases)]
    case.call_and_validate(base_url=server.url)


def test_the_document_is_openapi_3_1():
    """`openapi.json` (3.1)"""
    assert contract.DOCUMENT["openapi"].startswith("3.1")
    operations = [result.ok().label for result in schema.get_all_operations()]
    assert sorted(operations) == sorted(
        [
            "POST /v1/commands",
            "GET /v1/cases",
            "GET /v1/cases/{case}",
            "GET /v1/cases/{case}/history",
            "POST /v1/cases/{case}/retry",
            "POST /v1/backup",
            "GET /v1/deadlines",
            "GET /v1/overdue-starts",
            "GET /v1/unit-balances",
            "GET /v1/tasks",
            "GET /v1/visits",
            "GET /v1/alerts",
            "GET /v1/stream",
            "GET /v1/calendars/{calendar}",
            "POST /v1/alerts/{alert}/resend",
            "GET /v1/key-figures",
            "GET /v1/privacy/due",
            "GET /v1/privacy/status",
            "POST /v1/privacy/{person}/erase",
            "POST /v1/privacy/{person}/restrict",
            "POST /v1/privacy/{person}/lift",
            "GET /v1/settings",
            "GET /v1/me",
            "GET /v1/tokens",
            "POST /v1/tokens",
            "POST /v1/tokens/{token}/revoke",
            "GET /v1/status",
            "GET /status",
            "GET /v1/openapi.json",
            "GET /",
            "GET /heute",
            "GET /fristen",
            "GET /faelle",
            "GET /fall/{case}",
            "GET /termine",
            "GET /warnungen",
            "GET /kennzahlen",
            "GET /stand",
            "GET /eintragen/{command}",
            "GET /assets/{file}",
            "GET /livez",
            "GET /readyz",
            "GET /metrics",
        ]
    )


def test_every_reference_leads_somewhere():
    """Everything is described again, in full, by `schema/openapi.json`"""
    used = set()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                contract.resolve(node)
                used.add(node["$ref"])
            node = list(node.values())
        if isinstance(node, list):
            for value in node:
                walk(value)

    walk(contract.DOCUMENT)
    parts = {
        f"#/components/{kind}/{name}"
        for kind, named in contract.DOCUMENT["components"].items()
        for name in named
    }
    # `security` names its scheme without a reference.
    assert parts - used <= {"#/components/schemas/CommandName", "#/components/securitySchemes/token"}
