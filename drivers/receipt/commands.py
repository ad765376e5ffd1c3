"""Splitting the stream of a receipt printer into commands.

Lengths are those of the Epson ESC/POS command reference; an unknown command takes two bytes and is
counted, as most printers swallow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_HELD: Final = 4_000_000

_ESC: Final = {
    **dict.fromkeys(b"@2im<LSFuv", 0),
    **dict.fromkeys(b"t!aEGM-dJ3 R{V=rUK?TeS%9q", 1),
    **dict.fromkeys(b"c$\\B", 2),
    ord("p"): 3,
    ord("W"): 8,
}
_FS: Final = {**dict.fromkeys(b".&", 0), **dict.fromkeys(b"!-CW", 1), **dict.fromkeys(b"Sp", 2)}
_GS: Final = {
    **dict.fromkeys(b":c", 0),
    **dict.fromkeys(b"!BhwHfrIa/bEjTZ", 1),
    **dict.fromkeys(b"LWP$\\", 2),
    ord("^"): 3,
    ord("g"): 4,
}
_DLE: Final = {0x04: 1, 0x05: 1, 0x14: 3}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` is its letters, for example "GS V"; text has the name "text". `raw` is
    the whole of it, as it came."""

    name: str
    data: bytes = b""
    raw: bytes = b""
    is_known: bool = True


class CommandReader:
    """Bytes in, whole commands out; what is incomplete waits."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Command]:
        """Commands that are complete now."""
        self._held = (self._held + data)[-MAX_HELD:]
        found: list[Command] = []
        at = 0
        while at < len(self._held):
            taken = _take(self._held, at)
            if taken is None:
                break
            command, at = taken
            found.append(command)
        self._held = self._held[at:]
        return found

    @property
    def held(self) -> bytes:
        """The beginning of a command whose rest has not come."""
        return self._held

    def forget(self) -> None:
        """Drop what is incomplete."""
        self._held = b""


def _take(held: bytes, at: int) -> tuple[Command, int] | None:
    first = held[at]
    if first >= 0x20:
        end = at
        while end < len(held) and held[end] >= 0x20:
            end += 1
        return Command("text", held[at:end], held[at:end]), end
    if first not in (0x10, 0x1B, 0x1C, 0x1D):
        name = {0x0A: "LF", 0x0C: "FF", 0x09: "HT"}.get(first, "NUL")
        return Command(name, b"", held[at : at + 1]), at + 1
    if at + 1 >= len(held):
        return None
    name = {0x10: "DLE", 0x1B: "ESC", 0x1C: "FS", 0x1D: "GS"}[first]
    second = held[at + 1]
    size = _size(held, at, name, second)
    if size is None or at + 2 + size > len(held):
        return None
    known = size >= 0
    size = max(size, 0)
    letter = f"{second:02X}" if name == "DLE" else chr(second)
    end = at + 2 + size
    return Command(f"{name} {letter}", held[at + 2 : end], held[at:end], known), end


def _size(held: bytes, at: int, name: str, second: int) -> int | None:
    """Bytes behind the two of the name; `None` when more must come, -1 when it is unknown."""
    if name == "DLE":
        return _DLE.get(second, -1)
    rest = held[at + 2 :][:8]
    letter = chr(second)
    if letter == "(" and name in ("FS", "GS", "ESC"):
        return None if len(rest) < 3 else 3 + rest[1] + 256 * rest[2]
    if name == "FS":
        return _FS.get(second, -1)
    if name == "ESC":
        if letter == "*":
            if len(rest) < 3:
                return None
            return 3 + (rest[1] + 256 * rest[2]) * (3 if rest[0] in (32, 33) else 1)
        if letter == "D":
            return _until_nul(held, at + 2)
        return _ESC.get(second, -1)
    return _size_of_gs(held, at, letter, rest)


def _size_of_gs(held: bytes, at: int, letter: str, rest: bytes) -> int | None:
    if letter == "V":
        return None if not rest else 1 if rest[0] in (0, 1, 48, 49) else 2
    if letter == "v":
        if len(rest) < 6:
            return None
        return 6 + (rest[2] + 256 * rest[3]) * (rest[4] + 256 * rest[5])
    if letter == "8":
        return None if len(rest) < 5 else 5 + int.from_bytes(rest[1:5], "little")
    if letter == "*":
        return None if len(rest) < 2 else 2 + rest[0] * rest[1] * 8
    if letter == "k":
        if len(rest) < 2:
            return None
        return 2 + rest[1] if rest[0] >= 65 else _until_nul(held, at + 2)
    return _GS.get(ord(letter), -1)


def _until_nul(held: bytes, start: int) -> int | None:
    end = held.find(b"\0", start)
    return None if end < 0 else end - start + 1
