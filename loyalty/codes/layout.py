"""What a reader in keyboard mode typed under a Cyrillic layout, put back key by key.

Each table maps what the Ukrainian or Russian layout of Windows and X11 types to what the same key
types under the US layout, so it is exact. Whether the result means anything is for the caller to
prove: text is never changed on suspicion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_US = "qwertyuiop[]asdfghjkl;'zxcvbnm,./" + 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?' + "@#$^&|"
_UK = "йцукенгшщзхїфівапролджєячсмитьбю." + "ЙЦУКЕНГШЩЗХЇФІВАПРОЛДЖЄЯЧСМИТЬБЮ," + '"№;:?/'
_RU = "йцукенгшщзхъфывапролджэячсмитьбю." + "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ," + '"№;:?/'

LAYOUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "uk": dict(zip(_UK, _US, strict=True)),
    "ru": dict(zip(_RU, _US, strict=True)),
}
"""By layout: typed character → character of the US layout on the same key."""


def typed_under(text: str, layout: str) -> str:
    """What a US keyboard's `text` looks like when the computer has `layout`."""
    keys = {us: typed for typed, us in LAYOUTS[layout].items()}
    return "".join(keys.get(char, char) for char in text)


def repairs(text: str) -> tuple[str, ...]:
    """The text as the US layout would have typed it, for each layout that can have typed it.

    Empty when no Cyrillic letter is in it: signs alone say nothing."""
    if not any("\u0400" <= char <= "\u04ff" for char in text):
        return ()
    found: list[str] = []
    for table in LAYOUTS.values():
        restored = "".join(table.get(char, char) for char in text)
        if restored.isascii() and restored not in found:
            found.append(restored)
    return tuple(found)
