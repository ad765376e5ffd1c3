"""Ukrainian text on one code page of a receipt printer: no "?", no wrong letter, one page a slip.

What a page lacks comes out as a fixed substitute, and which ones did is reported. Without any
Cyrillic page the text is drawn, or, on devices that cannot draw, spelt in Latin letters by the
rules of the Cabinet of Ministers' resolution 55 of 27.01.2010.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from drivers.fiscal.printer_text import SUBSTITUTES, UNPRINTABLE

Letters = Literal["cp1251", "cp1125", "cp866", "cp855", "picture", "latin"]

PAGES: Final[tuple[Letters, ...]] = ("cp1251", "cp1125", "cp866", "cp855")
"""Best first: the first two have every Ukrainian letter, the third lacks І, і, Ґ and ґ, the fourth
lacks Ґ and ґ but is rarer in printers than it is in tables."""

_LETTERS: Final = frozenset("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЬЮЯЪЫЭЁабвгдежзийклмнопрстуфхцчшщьюяъыэё")
_HAS: Final[Mapping[Letters, frozenset[str]]] = {
    "cp1251": _LETTERS | frozenset("ЄІЇҐєіїґ№«»°§"),
    "cp1125": _LETTERS | frozenset("ЄІЇҐєіїґ№"),
    "cp866": _LETTERS | frozenset("ЄЇєї№"),
    "cp855": _LETTERS | frozenset("ЄІЇєії№«»"),
    "latin": frozenset(),
    "picture": _LETTERS | frozenset("ЄІЇҐєіїґ№«»°§₴€’ʼ‘“”„–—−…×•"),
}
"""Characters over 7Fh that are sent as they are; everything else has a substitute."""

_PLAIN: Final = {
    **SUBSTITUTES,
    "І": "I",
    "і": "i",
    "Ґ": "Г",
    "ґ": "г",
    "«": '"',
    "»": '"',
    "№": "N",
    "°": " ",
    "§": "&",
}
_LATIN: Final = dict(
    zip(
        "абвгґдежзиійклмнопрстуфхцчшщьъ'ыэёєїюя",
        [
            "a",
            "b",
            "v",
            "h",
            "g",
            "d",
            "e",
            "zh",
            "z",
            "y",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "_",
            "'",
            "y",
            "e",
            "io",
            "ie",
            "i",
            "iu",
            "ia",
        ],
        strict=True,
    )
)
_LATIN_FIRST: Final = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text as a page can show it, and what was replaced: character to what stands for it."""

    text: str
    replaced: Mapping[str, str]


def lettering(text: str, letters: Letters) -> Lettering:
    """The text in characters of the page; nothing becomes "?" that was no "?"."""
    replaced: dict[str, str] = {}
    shown = []
    before = " "
    for char in unicodedata.normalize("NFC", text):
        shown.append(_show(char, before, letters))
        if shown[-1] != char and char.strip():
            replaced[char] = shown[-1]
        before = char
    return Lettering("".join(shown), replaced)


def page_bytes(text: str, letters: Letters) -> bytes:
    """Bytes of a text that `lettering` has gone over, one a character."""
    return text.encode("ascii" if letters == "latin" else letters)


def _show(char: str, before: str, letters: Letters) -> str:
    if " " <= char <= "~" or char in _HAS[letters]:
        return char
    if letters == "latin" and char.lower() in _LATIN:
        return _latin(char, before)
    if char in _PLAIN:
        return "".join(_show(plain, before, letters) for plain in _PLAIN[char])
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Mn"):
        return ""
    # Ŕ is shown as R; a letter of another script has no plain form at all.
    bare = unicodedata.normalize("NFKD", char)
    plain = "".join(c for c in bare if " " <= c <= "~" or c in _HAS[letters])
    return plain or UNPRINTABLE


def _latin(char: str, before: str) -> str:
    low = char.lower()
    starts = not (before.isalpha() or before in "'’ʼ")
    spelt = _LATIN_FIRST.get(low, "") if starts else ""
    if low == "г" and before.lower() == "з":
        spelt = "gh"
    spelt = (spelt or _LATIN[low]).replace("_", "")
    return spelt.capitalize() if char != low else spelt
