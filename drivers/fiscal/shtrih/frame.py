"""Shtrih-M packets: encode, and decode as bytes arrive. Pure.

    packet  02 LEN CMD … LRC     LEN counts CMD to the last parameter, LRC is the XOR of LEN..last
    bytes   05 ENQ   06 ACK   15 NAK

A command carries a password and parameters behind CMD, an answer carries the error code and data.
Source: "FP protocol v1.10", Shtrih-M, low level protocol; a command of two bytes begins with FFh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import TypeAlias

from drivers.errors import FrameError

STX, ENQ, ACK, NAK, IDLE = 0x02, 0x05, 0x06, 0x15, 0xFF
LONG = 0xFF
"""First byte of a command of two."""
MAX_BODY = 255


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet with a right LRC; `body` is everything behind the command's one byte or two."""

    cmd: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Control:
    """A bare ENQ, ACK or NAK."""

    byte: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that began like a packet and are none; `reason` is a stable word."""

    reason: str


Event: TypeAlias = Packet | Control | Rejected


def encode(cmd: int, body: bytes = b"") -> bytes:
    """A packet, command or answer; `FrameError` when it does not fit into LEN."""
    if not (0 <= cmd <= 0xFF or cmd >> 8 == LONG):
        raise FrameError("bad_cmd", f"command {cmd} is neither one byte nor two behind FFh")
    name = cmd.to_bytes(2 if cmd > 0xFF else 1, "big")
    if len(name) + len(body) > MAX_BODY:
        raise FrameError("data_too_long", f"{len(body)} bytes of parameters, at most 254")
    counted = bytes((len(name) + len(body),)) + name + body
    return bytes((STX,)) + counted + bytes((lrc(counted),))


def lrc(data: bytes) -> int:
    """XOR of all bytes."""
    return reduce(xor, data, 0)


class PacketDecoder:
    """Feed bytes as they come; never raises, and never yields a packet with a wrong LRC.

    A stray 02h in front of a packet swallows its beginning: once the wrong packet is complete, the
    right one inside it is looked for. `silence` gives up what never became complete."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.garbage_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes completed, in order."""
        self._held += data
        events: list[Event] = []
        while self._held:
            taken = self._take(events)
            if not taken:
                break
            del self._held[:taken]
        return events

    def silence(self) -> list[Event]:
        """Nothing came for longer than a gap between bytes: what is held begins with garbage."""
        events: list[Event] = []
        while self._held:
            events.append(Rejected("truncated"))
            del self._held[: self._next_start()]
            events += self.feed(b"")
        return events

    def _take(self, events: list[Event]) -> int:
        """Bytes used up by the first event of those held, 0 when more are needed."""
        first = self._held[0]
        if first in (ENQ, ACK, NAK):
            events.append(Control(first))
            return 1
        if first != STX:
            self.garbage_bytes += first != IDLE
            return 1
        if len(self._held) < 2:
            return 0
        length = self._held[1]
        if length == 0:
            events.append(Rejected("form"))
            return 1
        if len(self._held) < length + 3:
            return 0
        counted = bytes(self._held[1 : length + 2])
        if lrc(counted) != self._held[length + 2]:
            events.append(Rejected("lrc"))
            return min(self._next_start(), length + 3)
        size = 2 if counted[1] == LONG and len(counted) > 2 else 1
        cmd = int.from_bytes(counted[1 : 1 + size], "big")
        events.append(Packet(cmd, counted[1 + size :]))
        return length + 3

    def _next_start(self) -> int:
        """Where a later whole packet with a right LRC begins, else the end of what is held."""
        held = bytes(self._held)
        start = held.find(STX, 1)
        while start > 0:
            length = held[start + 1] if start + 1 < len(held) else 0
            end = start + length + 2
            if length and end < len(held) and lrc(held[start + 1 : end]) == held[end]:
                return start
            start = held.find(STX, start + 1)
        return len(held)
