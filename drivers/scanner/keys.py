"""Key codes to characters of the US layout, and back. Pure tables.

Codes are Linux's KEY_* (linux/input-event-codes.h), which for this part of the keyboard equal the
make codes of scan code set 1 that Windows gives. A reader sends the keys of the layout that it is
set to, US from the factory; what layout the computer has does not matter to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KEY_BACKSPACE: Final = 14
KEY_TAB: Final = 15
KEY_ENTER: Final = 28
KEY_LEFT_CTRL: Final = 29
KEY_LEFT_SHIFT: Final = 42
KEY_RIGHT_SHIFT: Final = 54
KEY_LEFT_ALT: Final = 56
KEY_SPACE: Final = 57
KEY_CAPS_LOCK: Final = 58
KEY_KP_ENTER: Final = 96
KEY_RIGHT_CTRL: Final = 97
KEY_RIGHT_ALT: Final = 100
SHIFTS: Final = frozenset({KEY_LEFT_SHIFT, KEY_RIGHT_SHIFT})
CTRLS: Final = frozenset({KEY_LEFT_CTRL, KEY_RIGHT_CTRL})
ALTS: Final = frozenset({KEY_LEFT_ALT, KEY_RIGHT_ALT})
ENDS: Final = frozenset({KEY_ENTER, KEY_KP_ENTER, KEY_TAB})

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
PLAIN: Final[Mapping[int, str]] = {
    first + place: char for first, plain, _ in _ROWS for place, char in enumerate(plain)
}
SHIFTED: Final[Mapping[int, str]] = {
    first + place: char for first, _, shifted in _ROWS for place, char in enumerate(shifted)
}
KEYPAD: Final[Mapping[int, str]] = {
    55: "*",
    71: "7",
    72: "8",
    73: "9",
    74: "-",
    75: "4",
    76: "5",
    77: "6",
    78: "+",
    79: "1",
    80: "2",
    81: "3",
    82: "0",
    83: ".",
    98: "/",
}
KEY_OF: Final[Mapping[str, tuple[int, bool]]] = {
    **{char: (code, True) for code, char in SHIFTED.items()},
    **{char: (code, False) for code, char in PLAIN.items()},
}
"""Character → (key, with shift)."""
