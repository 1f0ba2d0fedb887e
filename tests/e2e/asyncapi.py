"""schema/asyncapi.yaml and what it refers to, as a stranger reads them."""

import json
from pathlib import Path

import capnp
import yaml

from program import ROOT

SCHEMA = ROOT / "schema"
DOCUMENT = yaml.safe_load((SCHEMA / "asyncapi.yaml").read_text(encoding="utf-8"))


def node_of(file: str, place: str) -> dict:
    """What a reference leads to, in this document or in one beside it."""
    target = json.loads((SCHEMA / file).read_text(encoding="utf-8")) if file else DOCUMENT
    for step in place.split("/"):
        target = target[step]
    return target


def resolved(node):
    """The document with what its references lead to in their place."""
    if isinstance(node, dict):
        if "$ref" in node:
            file, _, place = node["$ref"].partition("#/")
            if file:
                return {"file": file, "place": place} if node_of(file, place) else None
            target = node_of("", place)
            return resolved({**target, **{k: v for k, v in node.items() if k != "$ref"}})
        return {key: resolved(value) for key, value in node.items()}
    return [resolved(value) for value in node] if isinstance(node, list) else node


EVENT = resolved(DOCUMENT["components"]["messages"]["event"])
PAYLOAD = EVENT["payload"]["schema"]


def event_reader():
    """The message type that the document names, in the file that it names; the annotation for C++ comes with
    every Cap'n Proto."""
    capnp.remove_import_hook()
    module = capnp.load(str(SCHEMA / PAYLOAD["file"]), imports=[str(Path(capnp.__file__).parents[1])])
    return getattr(module, PAYLOAD["root"])


Event = event_reader()
