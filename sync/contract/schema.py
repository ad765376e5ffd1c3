"""JSON Schemas of every message on the wire, for docs/reference and for the version tests."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from sync.contract import counters, feed, joining, live, messages, rights, staff
from sync.contract.messages import CONTRACT_VERSION, OLDEST_VERSION, WireModel

_MODULES = (messages, feed, live, rights, staff, counters, joining)


def wire_models() -> list[type[WireModel]]:
    """Every message, by name."""
    found = {
        name: value
        for module in _MODULES
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, WireModel) and value is not WireModel
    }
    return [found[name] for name in sorted(found)]


def wire_schema() -> dict[str, Any]:
    """One JSON Schema document (2020-12) with a definition for each message."""
    models = wire_models()
    _, schema = models_json_schema(
        [(model, "validation") for model in models],
        title=f"Loyalty Edge wire contract, version {CONTRACT_VERSION}",
        description=(
            f"Either end may speak version {OLDEST_VERSION} to {CONTRACT_VERSION}. Unknown fields "
            "are ignored; bodies of facts are kept byte for byte."
        ),
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
