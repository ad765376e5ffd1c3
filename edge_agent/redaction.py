"""Masking of what must not stand in a log: phones, card numbers, tokens and member codes.

It errs towards masking too much; only UUIDs are kept as they are, for sales are found by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
SECRET_KEYS = frozenset(
    {
        "authorization",
        "api_key",
        "card",
        "enrol_code",
        "otp",
        "passwd",
        "password",
        "phone",
        "pin",
        "private_key",
        "secret",
        "token",
        "token_key",
    }
)

_PATTERN = re.compile(
    r"""
    (?P<uuid>(?<![0-9A-Za-z-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9A-Za-z-]))
    # a signed claim is base45, which may hold blanks; the second form is what a scanner in
    # keyboard mode types under the Ukrainian layout
    | LP1:[0-9A-Z\ $%*+\-./:]+\S*
    | (?i:L[CP]1:\S+ | Д[СЗ]1[Ж:]\S+)
    | (?i:\b(?:card|qr|phone):\S+)
    | (?i:\bbearer\s+\S+)
    | (?i:\b(?:token|password|passwd|secret|otp|pin|api_key)["']?\s*[=:]\s*["']?[^\s"',;&]+)
    | \d(?:[\s-]{0,2}\d){12,}                                        # card: 13 digits or more
    | \+[\s(]*\d(?:[\s().-]{0,3}\d){7,}                              # phone with a country code
    | (?<!\d)(?:3[\s().-]{0,3}8[\s().-]{0,3})?0(?:[\s().-]{0,3}\d){9}(?!\d)
    | (?<!\d)(?:39|50|63|66|67|68|73|77|89|9[1-9])(?:[\s().-]{0,3}\d){7}(?!\d)
    """,
    re.VERBOSE,
)
_MAX_DEPTH = 6


def redact(text: str) -> str:
    """`text` with every phone, card number, token and member code masked."""
    return _PATTERN.sub(lambda found: found.group("uuid") or MASK, text)


def redact_value(value: Any, depth: int = 0) -> Any:
    """A JSON value with its texts masked; anything that is no JSON value becomes its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if redact(str(value)) == str(value) else MASK
    if depth >= _MAX_DEPTH:
        return MASK
    if isinstance(value, Mapping):
        return {
            redact(str(key)): MASK
            if str(key).lower() in SECRET_KEYS and value[key]
            else redact_value(value[key], depth + 1)
            for key in value
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item, depth + 1) for item in value]
    return redact(value if isinstance(value, str) else str(value))
