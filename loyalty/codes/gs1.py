"""GS1 element strings and Digital Link: application identifiers and their values. Pure.

Lengths are those of the GS1 General Specifications, section 3.2 (syntax dictionary). The separator
comes from readers in five spellings: 0x1D, `^]`, `<GS>`, Ctrl+] typed by a wedge (which the wedge
decoder makes 0x1D), or not at all. A string in which one is missing is refused: where a value
ends is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from loyalty.codes.checks import has_check_digit
from loyalty.errors import InvalidToken

GS = "\x1d"
SPELLINGS: Final = (GS, "^]", "<GS>", "{GS}", "\u241d")
GS1_SYMBOLOGIES: Final = ("]C1", "]d2", "]Q3", "]e0", "]e1", "]e2", "]J1")
MAX_ELEMENTS = 20

_FIXED: Final[Mapping[str, int]] = {
    "00": 18,
    "01": 14,
    "02": 14,
    "03": 14,
    "20": 2,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 6),
    **{f"{ai}{n}": 6 for ai in range(310, 370) for n in range(6)},
    **{f"41{n}": 13 for n in range(10)},
    "402": 17,
    "422": 3,
    "424": 3,
    "425": 3,
    "426": 3,
    "7001": 13,
    "7003": 10,
    "8001": 14,
    "8005": 6,
    "8006": 18,
    "8017": 18,
    "8018": 18,
    "8026": 18,
    "8111": 4,
}
_VARIABLE: Final[Mapping[str, tuple[int, int]]] = {
    "10": (1, 20),
    "21": (1, 20),
    "22": (1, 20),
    "30": (1, 8),
    "37": (1, 8),
    "235": (1, 28),
    "240": (1, 30),
    "241": (1, 30),
    "242": (1, 6),
    "243": (1, 20),
    "250": (1, 30),
    "251": (1, 30),
    "253": (13, 30),
    "254": (1, 20),
    "255": (13, 25),
    **{f"39{ai}{n}": (1, 18) for ai in range(5) for n in range(10)},
    "400": (1, 30),
    "401": (1, 30),
    "403": (1, 30),
    "420": (1, 20),
    "421": (4, 12),
    "423": (3, 15),
    "7002": (1, 30),
    "7004": (1, 4),
    "7005": (1, 12),
    "7010": (1, 2),
    "8002": (1, 20),
    "8003": (14, 30),
    "8004": (1, 30),
    "8007": (1, 34),
    "8008": (8, 12),
    "8010": (1, 30),
    "8011": (1, 12),
    "8012": (1, 20),
    "8013": (1, 25),
    "8019": (1, 10),
    "8020": (1, 25),
    "8110": (1, 70),
    "8112": (1, 70),
    "8200": (1, 70),
    "90": (1, 30),
    **dict.fromkeys(("91", "92", "93", "94", "95", "96", "97", "98", "99"), (1, 90)),
}
_PREDEFINED: Final = re.compile(r"0[0-4]|1[1-9]|20|3[1-6]|41")
"""AIs that need no separator behind them (General Specifications, figure 7.8.5-2)."""
_CHECKED: Final = {"00": 18, "01": 14, "02": 14, "255": 13, "253": 13, "8017": 18, "8018": 18}
"""AIs whose first so many digits end in a check digit."""
_KEYS: Final = ("01", "8018", "255", "8110", "8112", "8017", "00")
_BRACKETS = re.compile(r"\(([0-9]{2,4})\)([^(]+)")
_LINK = re.compile(r"https?://[^/?#\s]{1,253}(/[^?#\s]*)", re.IGNORECASE)
_VALUE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Elements:
    """What stands in one GS1 message: value by application identifier."""

    values: Mapping[str, str]

    def get(self, ai: str) -> str:
        """Value of an AI, "" when it is not there."""
        return self.values.get(ai, "")


def looks_like_gs1(text: str, symbology: str) -> bool:
    """A GS1 carrier, a separator in the text, brackets, or a link with an identification key."""
    return (
        symbology in GS1_SYMBOLOGIES
        or any(spelling in text for spelling in SPELLINGS)
        or bool(_BRACKETS.match(text))
        or bool(link_path(text))
    )


def parse(text: str) -> Elements:
    """Elements of an element string, of its bracketed form, or of a Digital Link.

    Raises `InvalidToken`: `gs1_malformed` for an unknown AI or a wrong length, `gs1_check` for a
    wrong check digit, `gs1_separator` where a separator must be missing."""
    pairs = link_path(text)
    if pairs:
        values = {ai: _link_value(ai, value) for ai, value in pairs}
    elif _BRACKETS.match(text):
        values = _bracketed(text)
    else:
        values = _element_string(_one_spelling(text))
    for ai, value in values.items():
        _check(ai, value)
    return Elements(values)


def link_path(text: str) -> list[tuple[str, str]]:
    """(AI, value) pairs of a Digital Link's path from its identification key on; [] for any
    other text (GS1 Digital Link URI syntax 1.4: any domain, any prefix of the path)."""
    match = _LINK.match(text)
    if match is None:
        return []
    parts = [unquote(part) for part in match[1].split("/") if part]
    for place, part in enumerate(parts[:-1]):
        if part in _KEYS:
            rest = parts[place:]
            return list(zip(rest[::2], rest[1::2], strict=False))[:MAX_ELEMENTS]
    return []


def _link_value(ai: str, value: str) -> str:
    is_short_gtin = ai == "01" and len(value) in (8, 12, 13) and value.isascii()
    return value.zfill(14) if is_short_gtin else value


def _one_spelling(text: str) -> str:
    for spelling in SPELLINGS[1:]:
        text = text.replace(spelling, GS)
    return text.strip(GS)


def _bracketed(text: str) -> dict[str, str]:
    if _BRACKETS.sub("", text).strip():
        raise InvalidToken("gs1_malformed", "text outside the bracketed form")
    return {match[1]: match[2].strip() for match in _BRACKETS.finditer(text)}


def _element_string(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    rest = text
    while rest:
        if len(values) >= MAX_ELEMENTS:
            raise InvalidToken("gs1_malformed", f"more than {MAX_ELEMENTS} elements")
        ai, value, rest = _next(rest)
        values[ai] = value
    return values


def _next(text: str) -> tuple[str, str, str]:
    ai = next((text[:n] for n in (2, 3, 4) if text[:n] in _FIXED or text[:n] in _VARIABLE), "")
    if not ai:
        raise InvalidToken("gs1_malformed", "an unknown application identifier")
    body = text[len(ai) :]
    field, separator, after = body.partition(GS)
    if ai in _VARIABLE:
        if not separator and _hides_an_element(ai, field):
            raise InvalidToken("gs1_separator", f"no separator behind AI {ai}")
        return ai, field, after
    value, left = field[: _FIXED[ai]], field[_FIXED[ai] :]
    if left and not _PREDEFINED.match(ai):
        raise InvalidToken("gs1_separator", f"no separator behind AI {ai}")
    return ai, value, left + (GS + after if left and separator else after)


def _hides_an_element(ai: str, value: str) -> bool:
    """A key with its right check digit begins inside the value, or the value is too long."""
    low, high = _VARIABLE[ai]
    if len(value) > high:
        return True
    for start in range(low, len(value)):
        for key, length in _CHECKED.items():
            tail = value[start:]
            number = tail[len(key) : len(key) + length]
            is_number = tail.startswith(key) and len(number) == length and number.isdecimal()
            if is_number and has_check_digit(number):
                return True
    return False


def _check(ai: str, value: str) -> None:
    low, high = (_FIXED[ai],) * 2 if ai in _FIXED else _VARIABLE.get(ai, (1, 90))
    if not low <= len(value) <= high or not _VALUE.fullmatch(value):
        raise InvalidToken("gs1_malformed", f"AI {ai} does not take this value")
    if ai in _FIXED and not value.isdecimal():
        raise InvalidToken("gs1_malformed", f"AI {ai} takes digits")
    if ai in _CHECKED:
        number = value[: _CHECKED[ai]]
        if not number.isdecimal():
            raise InvalidToken("gs1_malformed", f"AI {ai} begins with digits")
        if not has_check_digit(number):
            raise InvalidToken("gs1_check", f"the check digit of AI {ai} is wrong")
