"""schema/asyncapi.yaml is what it says it is: AsyncAPI 3.0, complete, and of one mind with event.capnp.
(kafka_citizen_test.py holds records on a broker against it.)"""

import gzip
import json
from pathlib import Path

import jsonschema

from asyncapi import DOCUMENT, EVENT, Event, resolved

# The official JSON schema as npm's @asyncapi/specs 6.11.1 has it (schemas/3.0.0.json; Apache-2.0).
OFFICIAL = Path(__file__).with_name("asyncapi-3.0.0.schema.json.gz")


def test_the_document_is_asyncapi_3():
    """schema/asyncapi.yaml: AsyncAPI 3.0 with Kafka bindings"""
    official = json.loads(gzip.decompress(OFFICIAL.read_bytes()))
    validator = jsonschema.Draft7Validator(official)
    wrong = [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(DOCUMENT)]
    assert not wrong, "\n".join(wrong)
    broken = {**DOCUMENT, "channels": {"events": {"adress": "x"}}}
    assert not validator.is_valid(broken), "the validator takes everything"


def test_every_reference_leads_somewhere():
    """… and nothing refers to what is not there"""
    resolved(DOCUMENT)
    for schema in (EVENT["headers"], EVENT["bindings"]["kafka"]["key"]):
        jsonschema.Draft7Validator.check_schema(schema)


def test_every_event_of_the_schema_is_a_type():
    """ce_type names every event there is"""
    union = Event.schema.fields["payload"].schema.union_fields
    names = ["de.geleit." + name[0].upper() + name[1:] for name in union]
    assert EVENT["headers"]["properties"]["ce_type"]["enum"] == names
