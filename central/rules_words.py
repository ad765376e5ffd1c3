"""Fields and figures of rule files as people say them: 2000 basis points is 20 %."""

from __future__ import annotations

import re
from typing import Any

MAX_LISTED = 12
_UNIT = re.compile(r"_(minor|bp|milli)$")
_PLACE = re.compile(r"s?\[(\d+)\]$")


def money(minor: int) -> str:
    """Kopecks as hryvnias: 123456 → "1234.56"."""
    sign, whole, rest = "-" if minor < 0 else "", abs(minor) // 100, abs(minor) % 100
    return f"{sign}{whole}.{rest:02d}"


def percent(basis_points: int) -> str:
    """Basis points as a percentage: 1050 → "10.5 %"."""
    return f"{_trimmed(basis_points, 100)} %"


def field_words(path: str) -> str:
    """A path of a rule file in words: `conditions[0].at_least` → "condition 1 at least"."""
    words = []
    for part in path.split("."):
        name = _PLACE.sub(lambda found: f" {int(found[1]) + 1}", part)
        words.append(_UNIT.sub("", name).replace("_", " "))
    return " ".join(words)


def value_words(path: str, value: Any) -> str:
    """A value as people say it; the last part of the path tells the unit."""
    name = path.rpartition(".")[2]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _number(name, value)
    if isinstance(value, list):
        shown = ", ".join(value_words(name, item) for item in value[:MAX_LISTED])
        rest = len(value) - MAX_LISTED
        return f"{shown} and {rest} more" if rest > 0 else shown or "nothing"
    if isinstance(value, dict):
        return _object(value)
    return "nothing" if value in (None, "") else str(value)


def _number(name: str, value: int) -> str:
    if name.endswith("_bp"):
        return percent(value)
    if name.endswith("_minor") and name != "per_minor":
        return f"UAH {money(value)}"
    if name == "per_minor":
        return f"each UAH {money(value)}"
    if name.endswith("points"):
        return f"{_trimmed(value, 100)} bonuses"
    return f"{_trimmed(value, 1000)}" if name.endswith("_milli") else str(value)


def _object(value: dict[str, Any]) -> str:
    kind = str(value.get("kind", "")).replace("_", " ")
    said = [
        (field_words(name), value_words(name, item))
        for name, item in value.items()
        if name not in ("kind", "label") and item not in (None, "", [], {}, False)
    ]
    inside = ", ".join(f"{name} {words}" for name, words in said if words != "nothing")
    return f"{kind} ({inside})" if kind and inside else kind or f"{inside or 'nothing'}"


def _trimmed(value: int, scale: int) -> str:
    sign, whole, rest = "-" if value < 0 else "", abs(value) // scale, abs(value) % scale
    digits = len(str(scale)) - 1
    return f"{sign}{whole}" + (f".{rest:0{digits}d}".rstrip("0") if rest else "")
