"""Code pages of emulated receipt printers, by the number of ESC t.

EPSON is the list of the TM-T88V and TM-T20II (Epson ESC/POS command reference, ESC t); CHINESE is
that of boards sold as POS-5890, NT-80 and the like (their own self-test print). A number that is
not here prints page 0, as a real printer does: wrong letters, and nobody says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EPSON: Final[Mapping[int, str]] = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    13: "cp857",
    14: "cp737",
    15: "iso8859_7",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    33: "cp775",
    34: "cp855",
    35: "cp861",
    36: "cp862",
    37: "cp864",
    38: "cp869",
    39: "iso8859_2",
    40: "iso8859_15",
    44: "cp1125",
    45: "cp1250",
    46: "cp1251",
    47: "cp1253",
    48: "cp1254",
    49: "cp1255",
    50: "cp1256",
    51: "cp1257",
    52: "cp1258",
}
CHINESE: Final[Mapping[int, str]] = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    59: "cp866",
    60: "cp855",
    72: "cp1250",
    73: "cp1251",
}
ONLY_866: Final[Mapping[int, str]] = {0: "cp437", 17: "cp866"}
PAGE_SETS: Final[Mapping[str, Mapping[int, str]]] = {
    "epson": EPSON,
    "chinese": CHINESE,
    "cp866": ONLY_866,
}


def decode(byte: int, pages: Mapping[int, str], number: int) -> str:
    """The character a printer with these pages shows for a byte."""
    shown = bytes((byte,)).decode(pages.get(number, pages[0]), "replace")
    return "\u00b7" if shown == "\ufffd" or not shown.isprintable() else shown
