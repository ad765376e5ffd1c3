"""Reading signed JSON files: size, form, depth, closed models; every fault has a code and a path.

`REFUSALS` lists the codes of all that `sync.contract.bundle` and `sync.contract.kill_list` refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from loyalty.errors import InvalidRuleset
from sync.contract.rule_fields import RuleModel

SCHEMA_VERSION = 1
MAX_DEPTH = 20
MAX_KEYS = 20_000

REFUSALS = {
    "too_large": "the file is over its bound (a bundle 5 MB, a kill-list 1 MB)",
    "bad_json": "the bytes are not UTF-8 JSON",
    "duplicate_key": "a JSON object names the same key twice",
    "too_deep": "objects and lists are nested over 20 levels",
    "unknown_schema": "the schema version is not one this agent reads",
    "unknown_field": "a field the vocabulary does not have",
    "unknown_kind": "a condition or effect kind the vocabulary does not have",
    "missing_field": "a required field is absent",
    "bad_value": "a value of the wrong type, form or range",
    "duplicate_id": "two promotions share an id",
    "group_cycle": "the tree of goods groups runs in a circle",
    "unknown_key": "signed by a key that is not trusted",
    "bad_signature": "the signature does not fit the bytes",
    "lower_sequence": "the sequence is not above the newest known one",
    "not_yet_valid": "the bundle starts later",
    "expired": "the bundle has expired and its grace is over",
    "agent_too_old": "the bundle needs a newer agent",
}


def _utc_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Instant = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"),
    AfterValidator(_utc_instant),
]
Sequence = Annotated[int, Field(strict=True, ge=1, lt=2**53)]
Model = TypeVar("Model", bound=RuleModel)


def read_model(data: bytes, model: type[Model], max_bytes: int) -> Model:
    """Read one JSON object as a closed model; raises `InvalidRuleset` naming the first fault."""
    value = _load(data, max_bytes)
    version = value.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION or not isinstance(version, int) or isinstance(version, bool):
        raise InvalidRuleset("unknown_schema", "this schema is not known", "schema_version")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explain(error, value) from None


def check_size(data: bytes, max_bytes: int) -> None:
    """Refuse too many bytes before anything looks at them."""
    if len(data) > max_bytes:
        raise InvalidRuleset("too_large", f"over {max_bytes} bytes")


def public_key_of(key_id: str, trusted_keys: Mapping[str, bytes]) -> bytes:
    """The 32-byte public key of a key id, when it is trusted."""
    public_key = trusted_keys.get(key_id)
    if public_key is None:
        raise InvalidRuleset("unknown_key", f"key {shown(key_id)} is not trusted", "key_id")
    return public_key


def refuse_signature() -> InvalidRuleset:
    """The refusal of bytes that their signature does not fit."""
    return InvalidRuleset("bad_signature", "the signature does not fit the bytes", "signature")


def check_sequence(sequence: int, newest_sequence: int) -> None:
    """Refuse what is not newer than the newest ever accepted."""
    if sequence <= newest_sequence:
        message = f"{sequence} is not above {newest_sequence}"
        raise InvalidRuleset("lower_sequence", message, "sequence")


def shown(name: object) -> str:
    """A name from a file, safe in a message: at most 64 printable characters."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(name)[:64])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise InvalidRuleset("bad_value", f"an object of over {MAX_KEYS} keys")
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                message = "a key occurs twice in one object"
                raise InvalidRuleset("duplicate_key", message, shown(name))
            seen.add(name)
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _load(data: bytes, max_bytes: int) -> dict[str, Any]:
    check_size(data, max_bytes)
    try:
        value = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise InvalidRuleset("too_deep", f"nested over {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise InvalidRuleset("bad_json", f"not UTF-8 JSON: {str(error)[:120]}") from None
    if not isinstance(value, dict):
        raise InvalidRuleset("bad_value", "a file of rules is one JSON object")
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            below.extend(item.values() if isinstance(item, dict) else item)
        level = [item for item in below if isinstance(item, dict | list)]
        if not level:
            return
    raise InvalidRuleset("too_deep", f"nested over {MAX_DEPTH} levels")


_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "union_tag_invalid": "unknown_kind",
    "union_tag_not_found": "missing_field",
}


def _explain(error: ValidationError, value: Any) -> InvalidRuleset:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = _path(first["loc"], value)
    code = _CODES.get(first["type"], "bad_value")
    return InvalidRuleset(code, f"{field or 'file'}: {_sentence(first['msg'])}", field)


def _sentence(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:300])


def _path(location: tuple[int | str, ...], value: Any) -> str:
    """Readable path; the tags that a union puts into a location are no part of the file."""
    path = ""
    for position, part in enumerate(location):
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            path += f"[{part}]"
        elif isinstance(value, dict):
            is_last = position == len(location) - 1
            if part not in value and (not is_last or part == value.get("kind")):
                continue
            value = value.get(part)
            path += f".{shown(part)}"
    return re.sub(r"^\.", "", path)
