"""Keys to scans: a reader in keyboard mode. Pure; times come with the keys.

A key is what was pressed, not what was typed: neither the computer's layout nor CapsLock nor the
window with the focus has a say. ENTER, the keypad's ENTER and TAB end a code; a reader that sends
none is cut by its silence. On a device that is known to be a reader nothing depends on its speed
(Zebra types at 80 to 100 ms a key); on any other keyboard a code must be typed faster than people
do, and slower text is no scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.base import Scan
from drivers.scanner import keys
from drivers.scanner.framer import MAX_CODE_BYTES, FramerCounters, split_aim_identifier

DOWN: Final = 1
UP: Final = 0
LEAST_CHARACTERS: Final = 3
READER_GAP_MS: Final = 35
"""Readers type 1 to 20 ms a key, people 60 to 200."""
GROUP_SEPARATOR_KEY: Final = "]"


@dataclass(frozen=True, slots=True)
class Key:
    """A key went down (1), up (0) or repeats (2), at a time of the device's own clock."""

    code: int
    value: int
    at_ms: int


class WedgeFramer:
    """Feed keys in order; scans come out.

    `max_gap_ms` is the longest pause inside a code on a keyboard that people use too; `None` for a
    reader of its own."""

    def __init__(self, max_gap_ms: int | None = None) -> None:
        self._max_gap_ms = max_gap_ms
        self._held: set[int] = set()
        self._typed: list[str] = []
        self._alt_digits = ""
        self._last_ms = 0
        self._is_slow = False
        self._gaps_ms: list[int] = []
        self.counters = FramerCounters()

    @property
    def has_pending(self) -> bool:
        """A code has begun and not ended."""
        return bool(self._typed)

    @property
    def gap_ms(self) -> int:
        """Median pause between the keys of the last codes, for `edge-agent doctor`; 0 before."""
        return sorted(self._gaps_ms)[len(self._gaps_ms) // 2] if self._gaps_ms else 0

    def feed(self, key: Key) -> Scan | None:
        """The scan that this key completes, if it does."""
        if key.value == UP:
            self._held.discard(key.code)
            if key.code in keys.ALTS and self._alt_digits:
                self._type(_by_number(self._alt_digits), key.at_ms)
                self._alt_digits = ""
            return None
        if key.value != DOWN:
            return None
        self._held.add(key.code)
        if key.code in keys.ENDS:
            return self._finish()
        if self._held & keys.ALTS and keys.KEYPAD.get(key.code, "").isdecimal():
            self._alt_digits = (self._alt_digits + keys.KEYPAD[key.code])[-5:]
            return None
        self._type(self._character(key.code), key.at_ms)
        return None

    def silence(self) -> Scan | None:
        """The reader has said nothing for long enough: what came so far is a whole code."""
        return self._finish()

    def reset(self) -> None:
        """Forget half a code and held keys, as after an unplug."""
        self._held.clear()
        self._clear()

    def _character(self, code: int) -> str:
        if self._held & keys.CTRLS:
            plain = keys.PLAIN.get(code, "")
            return "\x1d" if plain == GROUP_SEPARATOR_KEY else ""
        if code in keys.KEYPAD:
            return keys.KEYPAD[code]
        table: Mapping[int, str] = keys.SHIFTED if self._held & keys.SHIFTS else keys.PLAIN
        return table.get(code, "")

    def _type(self, character: str, at_ms: int) -> None:
        if not character:
            return
        gap = at_ms - self._last_ms
        if self._typed:
            self._gaps_ms = [*self._gaps_ms[-63:], gap]
            self._is_slow |= self._max_gap_ms is not None and gap > self._max_gap_ms
        self._last_ms = at_ms
        self._typed.append(character)
        if len(self._typed) > MAX_CODE_BYTES:
            self.counters.overlong += 1
            self._typed = self._typed[:1]
            self._is_slow = True

    def _finish(self) -> Scan | None:
        text, was_slow = "".join(self._typed), self._is_slow
        self._clear()
        if not text or was_slow:
            return None
        if self._max_gap_ms is not None and len(text) < LEAST_CHARACTERS:
            return None
        symbology, rest = split_aim_identifier(text)
        if not rest:
            self.counters.not_text += 1
            return None
        return Scan(text=rest, symbology=symbology, raw=text.encode())

    def _clear(self) -> None:
        self._typed, self._alt_digits, self._is_slow = [], "", False


def _by_number(digits: str) -> str:
    """Alt + keypad: 0nnn is a character of Windows' code page, nnn of the console's."""
    number = int(digits)
    if number == 0x1D or 0x20 <= number < 0x7F:
        return chr(number)
    if not 0x80 <= number <= 0xFF:
        return ""
    page = "cp1251" if digits.startswith("0") else "cp866"
    return bytes([number]).decode(page, "replace")


def keys_of(text: str, start_ms: int = 0, gap_ms: int = 5, end: int = keys.KEY_ENTER) -> list[Key]:
    """The keys a reader presses for a text of the US layout; for emulators and tests."""
    pressed: list[Key] = []
    at_ms = start_ms
    for character in text:
        code, is_shifted = keys.KEY_OF.get(character, (0, False))
        held = keys.KEY_LEFT_SHIFT if is_shifted else 0
        if character == "\x1d":
            code, held = keys.KEY_OF[GROUP_SEPARATOR_KEY][0], keys.KEY_LEFT_CTRL
        if not code:
            raise ValueError(f"no key types {character!r}")
        one = [Key(code, DOWN, at_ms), Key(code, UP, at_ms)]
        pressed += [Key(held, DOWN, at_ms), *one, Key(held, UP, at_ms)] if held else one
        at_ms += gap_ms
    if end:
        pressed += [Key(end, DOWN, at_ms), Key(end, UP, at_ms)]
    return pressed
