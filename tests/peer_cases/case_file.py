"""Files of promotion cases in the neutral schema: one JSON list whose first entry is the schema.

Nothing here knows a case by its id. What a file asks for and this product has no word for raises
`NotUnderstood`, so that its keys count as not held and are named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

MAX_BYTES = 20_000_000
ABOUT = ("source", "tags", "plain", "notes", "alternatives", "title", "licence_note")
"""Fields of a case that are for people alone."""


class CaseFileError(Exception):
    """The file is no list of cases."""


class NotUnderstood(Exception):
    """A kind, effect, condition, operation, field or policy that has no translation."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: `body` holds the fields of its kind, `policy` the switches it wants."""

    case_id: str
    kind: str
    body: Mapping[str, Any]
    policy: Mapping[str, Any]
    expect: Mapping[str, Any]
    strict: tuple[str, ...]


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file; `CaseFileError` says in one sentence why it cannot be used."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CaseFileError(f"{path}: {size} bytes, at most {MAX_BYTES} are read")
        entries = json.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
    except OSError as problem:
        raise CaseFileError(f"{path}: {problem.strerror or problem}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise CaseFileError(f"{path}: no JSON in UTF-8: {problem}") from None
    if not isinstance(entries, list):
        raise CaseFileError(f"{path}: a list of cases is expected")
    cases = [
        _case(entry, f"{path}: entry {number}")
        for number, entry in enumerate(entries, start=1)
        if not (isinstance(entry, dict) and entry.get("kind") == "schema")
    ]
    if not cases:
        raise CaseFileError(f"{path}: holds no case")
    seen: set[str] = set()
    for case in cases:
        if case.case_id in seen:
            raise CaseFileError(f"{path}: the id {case.case_id!r} stands twice")
        seen.add(case.case_id)
    return tuple(cases)


def _case(entry: object, where: str) -> Case:
    if not isinstance(entry, dict):
        raise CaseFileError(f"{where}: a case is an object")
    case_id, kind = entry.get("id"), entry.get("kind")
    if not isinstance(case_id, str) or not case_id or not isinstance(kind, str):
        raise CaseFileError(f"{where}: 'id' and 'kind' must be texts")
    expect, strict = entry.get("expect"), entry.get("strict", [])
    policy = entry.get("policy") or {}
    if not isinstance(expect, dict) or not isinstance(policy, dict):
        raise CaseFileError(f"{where} ({case_id}): 'expect' and 'policy' must be objects")
    if not isinstance(strict, list) or not all(isinstance(key, str) for key in strict):
        raise CaseFileError(f"{where} ({case_id}): 'strict' must be a list of keys")
    known = {"id", "kind", "expect", "strict", "policy", *ABOUT}
    body = {name: value for name, value in entry.items() if name not in known}
    return Case(case_id, kind, body, policy, expect, tuple(dict.fromkeys(strict)))


def fields(value: object, where: str, names: Iterable[str], need: Iterable[str] = ()) -> dict:
    """The object, when it has no field beside `names` and all that it needs."""
    if not isinstance(value, dict):
        raise NotUnderstood(f"{where}: an object is expected, not {value!r}")
    for name in value:
        if name not in names:
            raise NotUnderstood(f"{where}: unknown field {name!r}")
    for name in need:
        if name not in value:
            raise NotUnderstood(f"{where}: {name!r} is missing")
    return value


def whole(value: object, where: str) -> int:
    """An integer, also when written as a text or as 2.0."""
    scaled = decimal(value, where)
    if scaled != scaled.to_integral_value():
        raise NotUnderstood(f"{where}: a whole number is expected, not {value!r}")
    return int(scaled)


def scaled(value: object, factor: int, where: str) -> int:
    """A decimal times `factor`, which must come out whole (points, percent, quantities)."""
    result = decimal(value, where) * factor
    if result != result.to_integral_value():
        raise NotUnderstood(f"{where}: {value!r} is finer than 1/{factor}")
    return int(result)


def decimal(value: object, where: str) -> Decimal:
    """A number or a decimal text."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise NotUnderstood(f"{where}: a number is expected, not {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise NotUnderstood(f"{where}: a number is expected, not {value!r}") from None
    if not number.is_finite():
        raise NotUnderstood(f"{where}: a number is expected, not {value!r}")
    return number
