"""Readers of five vendors as they answer commands: beeps and lamps are kept to be looked at.

What each understands: Honeywell Host ACK (ESC, digit, comma), Zebra SSI packets, Datalogic
PowerScan letters (`F` stops the reader until `E`) and Gryphon sequences, Opticon ESC letters,
Newland `~ SOH 0000 … ; ETX` frames. A plain reader knows none: whatever reaches it is kept as a
stray byte, for a driver must never send it one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from drivers.scanner.ssi import ACK, BEEP, CHECKSUM_BYTES, FROM_DECODER, MIN_LENGTH, NAK, packet

KEPT: Final = 200
Kind = Literal["beep", "lamp", "command", "ack", "stray"]
LED_ON: Final = 0xE7
LED_OFF: Final = 0xE8


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing the reader was told: when, what it did, and the bytes."""

    at_ms: int
    kind: Kind
    name: str
    data: bytes

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {"at_ms": self.at_ms, "kind": self.kind, "name": self.name, "hex": self.data.hex()}


_HONEYWELL: Final[Mapping[bytes, tuple[Kind, str]]] = {
    b"\x1b7,": ("beep", "good"),
    b"\x1b8,": ("beep", "razz"),
    b"\x1b1,": ("lamp", "green 135 ms"),
    b"\x1b2,": ("lamp", "green 2 s"),
    b"\x1b3,": ("lamp", "green 5 s"),
    b"\x1b4,": ("beep", "low"),
    b"\x1b5,": ("beep", "middle"),
    b"\x1b6,": ("beep", "high"),
    b"\x16\x07\r": ("beep", "beep"),
    b"\x16T\r": ("command", "trigger on"),
    b"\x16U\r": ("command", "trigger off"),
}
_DATALOGIC: Final[Mapping[bytes, tuple[Kind, str]]] = {
    b"B": ("beep", "good"),
    b"\x01": ("beep", "forced good"),
    b"\x07": ("beep", "bell"),
    b"F": ("beep", "not on file"),
    b"E": ("command", "enable"),
    b"D": ("command", "disable"),
    b"R": ("command", "reset"),
}
_GRYPHON: Final[Mapping[bytes, tuple[Kind, str]]] = {
    b"\x1b[3q": ("beep", "good"),
    b"\x1b[4q": ("beep", "bad"),
    b"\x1b[6q": ("lamp", "on"),
    b"\x1b[7q": ("lamp", "off"),
}
_OPTICON: Final[Mapping[bytes, tuple[Kind, str]]] = {
    b"\x1bB\r": ("beep", "good"),
    b"\x1bE\r": ("beep", "error"),
    b"\x1bL\r": ("lamp", "on"),
    b"\x1bZ\r": ("command", "trigger on"),
    b"\x1bY\r": ("command", "trigger off"),
}
_TABLES: Final[Mapping[str, Mapping[bytes, tuple[Kind, str]]]] = {
    "honeywell": _HONEYWELL,
    "datalogic": _DATALOGIC,
    "datalogic_gryphon": _GRYPHON,
    "opticon": _OPTICON,
}
_NEWLAND: Final = re.compile(rb"\x7e\x01([0-9]{4})([@#])([^;]*);\x03")
VENDORS: Final = ("plain", "zebra", "newland", *_TABLES)
_BEEPS: Final = ("short high", "short low", "long high", "long low")


class ReaderModel:
    """One reader's ears. `hear` takes bytes and gives what the reader answers."""

    def __init__(self, vendor: str, now_ms: Callable[[], int]) -> None:
        self.vendor = vendor
        self.is_disabled = False
        self.wants_repeat = False
        self.acks = 0
        self.heard: deque[Heard] = deque(maxlen=KEPT)
        self._now_ms = now_ms
        self._pending = b""

    def hear(self, data: bytes) -> bytes:
        """Take bytes of the host; the answer is to be sent back."""
        self._pending += data
        answer = b""
        while self._pending:
            step = self._step()
            if step is None:
                break
            answer += step
        return answer

    def sounds(self) -> list[str]:
        """Names of beeps, in order."""
        return [one.name for one in self.heard if one.kind == "beep"]

    def stray(self) -> int:
        """Bytes that mean nothing to this reader."""
        return sum(len(one.data) for one in self.heard if one.kind == "stray")

    def _note(self, kind: Kind, name: str, data: bytes) -> None:
        self.heard.append(Heard(self._now_ms(), kind, name, data))

    def _take(self, size: int) -> bytes:
        taken, self._pending = self._pending[:size], self._pending[size:]
        return taken

    def _step(self) -> bytes | None:
        if self.vendor == "zebra":
            return self._packet()
        if self.vendor == "newland":
            return self._newland()
        return self._command(_TABLES.get(self.vendor, {}))

    def _command(self, table: Mapping[bytes, tuple[Kind, str]]) -> bytes | None:
        for data, (kind, name) in table.items():
            if self._pending.startswith(data):
                self._note(kind, name, self._take(len(data)))
                if name in ("not on file", "disable"):
                    self.is_disabled = True
                elif name in ("enable", "reset"):
                    self.is_disabled = False
                return b""
        if any(data.startswith(self._pending) for data in table):
            return None
        self._note("stray", "", self._take(1))
        return b""

    def _packet(self) -> bytes | None:
        size = self._pending[0] + CHECKSUM_BYTES
        if self._pending[0] < MIN_LENGTH:
            self._note("stray", "", self._take(1))
            return b""
        if len(self._pending) < size:
            return None
        whole = self._take(size)
        if (sum(whole[:-2]) + int.from_bytes(whole[-2:], "big")) & 0xFFFF:
            self._note("stray", "bad checksum", whole)
            return packet(NAK, b"\x01", FROM_DECODER)
        opcode, data = whole[1], whole[MIN_LENGTH:-CHECKSUM_BYTES]
        if opcode in (ACK, NAK):
            self.wants_repeat = opcode == NAK
            self.acks += 1
            self._note("ack", "ack" if opcode == ACK else "nak", whole)
            return b""
        kind: Kind = {BEEP: "beep", LED_ON: "lamp", LED_OFF: "lamp"}.get(opcode, "command")  # type: ignore[assignment]
        name = f"{data[0] % 5 + 1} {_BEEPS[data[0] // 5]}" if opcode == BEEP and data else ""
        self._note(kind, name or f"{opcode:02x}", whole)
        return packet(ACK, b"", FROM_DECODER)

    def _newland(self) -> bytes | None:
        match = _NEWLAND.match(self._pending)
        if match is not None:
            whole = self._take(match.end())
            self._note("command", match[3].decode("latin-1"), whole)
            return b"\x02" + whole[1:-2] + b"\x06" + b";\x03"
        if self._pending[0] == 0x7E and b"\x03" not in self._pending and len(self._pending) < 256:
            return None
        self._note("stray", "", self._take(1))
        return b""
