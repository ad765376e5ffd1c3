"""Ukrainian text for fiscal printers: no page without a letter, no "?", and wrapping on words.

CP1251 has every Ukrainian letter, ґ and Ґ too; CP866 lacks І, і, Ґ and ґ, which come out as I, i, Г
and г. What a page lacks, and the typographic marks in 80h..9Fh of CP1251 that printer fonts leave
empty, get fixed substitutes.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

CP1251: Final = "cp1251"
CP866: Final = "cp866"
UNPRINTABLE: Final = "*"

SUBSTITUTES: Final = {
    "₴": "грн",
    "€": "EUR",
    "’": "'",
    "ʼ": "'",
    "‘": "'",
    "′": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "–": "-",
    "—": "-",
    "−": "-",
    "‑": "-",
    "…": "...",
    "×": "x",
    "•": "*",
    "™": "TM",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u00ad": "",
    "\u200b": "",
    "\ufeff": "",
}


CP866_SUBSTITUTES: Final = {"І": "I", "і": "i", "Ґ": "Г", "ґ": "г", "«": '"', "»": '"'}
"""What Ukrainian text needs beyond `SUBSTITUTES` on CP866."""

_TYPOGRAPHIC_LETTERS: Final = "ЂЃѓЉЊЌЋЏђљњќћџ"


def printable(text: str, page: str = CP1251) -> str:
    """The text as the printer will show it: one line, every character encodable in `page`."""
    return "".join(_substitute(c, page) for c in unicodedata.normalize("NFC", text))


@lru_cache(maxsize=4096)
def _substitute(character: str, page: str) -> str:
    if character in SUBSTITUTES:
        return SUBSTITUTES[character]
    if page == CP866 and character in CP866_SUBSTITUTES:
        return CP866_SUBSTITUTES[character]
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Mn"):
        return ""
    if _encodable(character, page):
        return character
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", character) if _encodable(c, page) and c != "?"
    )
    return plain or UNPRINTABLE


def _encodable(character: str, page: str) -> bool:
    try:
        code = character.encode(page)[0]
    except UnicodeEncodeError:
        return False
    if page == CP866:
        return 0x20 <= code < 0x7F or 0x80 <= code < 0xB0 or 0xE0 <= code < 0xF8
    return (
        0x20 <= code < 0x7F or (code >= 0xA0 and code != 0xAD) or character in _TYPOGRAPHIC_LETTERS
    )


def encode(text: str, page: str = CP1251) -> bytes:
    """Bytes of `printable(text)`."""
    return printable(text, page).encode(page)


def wrap(text: str, width: int, page: str = CP1251) -> list[str]:
    """Lines of at most `width` characters, broken at spaces; nothing is lost but those spaces.

    A text that fits is left as it is, inner spacing included, for it may be aligned already. A word
    longer than the line is broken, because dropping its end would change what it says."""
    if width < 1:
        raise ValueError("width must be positive")
    line = printable(text, page).rstrip()
    lines = []
    while len(line) > width:
        cut = line.rfind(" ", 0, width + 1)
        if not line[: max(cut, 0)].strip():
            cut = width
        lines.append(line[:cut].rstrip())
        line = line[cut:].lstrip()
    return [*lines, line]
