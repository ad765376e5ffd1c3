"""Ukrainian text for fiscal printers: CP1251 without a single "?", and wrapping on words.

CP1251 has every Ukrainian letter, ґ and Ґ too. What it lacks, and the typographic marks in 80h..9Fh
that printer fonts leave empty, get fixed substitutes.
"""

from __future__ import annotations

import unicodedata
from typing import Final

ENCODING: Final = "cp1251"
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


def printable(text: str) -> str:
    """The text as the printer will show it: one line, every character encodable in CP1251."""
    return "".join(map(_substitute, unicodedata.normalize("NFC", text)))


def _substitute(character: str) -> str:
    if character in SUBSTITUTES:
        return SUBSTITUTES[character]
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Mn"):
        return ""
    if _encodable(character):
        return character
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", character) if _encodable(c) and c != "?"
    )
    return plain or UNPRINTABLE


def _encodable(character: str) -> bool:
    try:
        code = character.encode(ENCODING)[0]
    except UnicodeEncodeError:
        return False
    return 0x20 <= code < 0x7F or (code >= 0xA0 and code != 0xAD) or character in "ЂЃѓЉЊЌЋЏђљњќћџ"


def encode(text: str) -> bytes:
    """CP1251 bytes of `printable(text)`."""
    return printable(text).encode(ENCODING)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken at spaces; nothing is lost but those spaces.

    A text that fits is left as it is, inner spacing included, for it may be aligned already. A word
    longer than the line is broken, because dropping its end would change what it says."""
    if width < 1:
        raise ValueError("width must be positive")
    line = printable(text).rstrip()
    lines = []
    while len(line) > width:
        cut = line.rfind(" ", 0, width + 1)
        if not line[: max(cut, 0)].strip():
            cut = width
        lines.append(line[:cut].rstrip())
        line = line[cut:].lstrip()
    return [*lines, line]
