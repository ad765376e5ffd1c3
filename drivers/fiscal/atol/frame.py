"""ATOL protocol 3 packets: encode, and decode as bytes arrive. Pure.

    FE LEN_LO7 LEN_HI7 ID DATA… CRC8      FE inside is sent as FD EE, FD as FD ED

LEN counts DATA before escaping; CRC-8 has polynomial 31h and begins with FFh, over ID and DATA. ID
is 0..DFh for a question and its answer, F0h for what the device says by itself. Sources: dumps of a
public C++ driver (the golden frames), and three public drivers that agree on escaping and CRC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from drivers.errors import FrameError

STX, ESC, ESCAPED_STX, ESCAPED_ESC = 0xFE, 0xFD, 0xEE, 0xED
LAST_ID, ASYNC_ID = 0xDF, 0xF0
MAX_DATA: Final = 1_024


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet with a right CRC."""

    packet_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that began like a packet and are none; `reason` is a stable word."""

    reason: str


Event: TypeAlias = Packet | Rejected


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 31h, initial FFh."""
    crc = 0xFF
    for byte in data:
        crc = _TABLE[crc ^ byte]
    return crc


def _row(crc: int) -> int:
    for _ in range(8):
        crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


_TABLE: Final = tuple(map(_row, range(256)))


def encode(packet_id: int, data: bytes) -> bytes:
    """A packet; `FrameError` when the id or the length is out of bounds."""
    if not (0 <= packet_id <= LAST_ID or packet_id == ASYNC_ID):
        raise FrameError("bad_id", f"packet id {packet_id:#x} is not 0..DFh")
    if len(data) > MAX_DATA:
        raise FrameError("data_too_long", f"{len(data)} bytes of data, at most {MAX_DATA}")
    body = data + bytes((crc8(bytes((packet_id,)) + data),))
    escaped = body.replace(b"\xfd", b"\xfd\xed").replace(b"\xfe", b"\xfd\xee")
    return bytes((STX, len(data) & 0x7F, len(data) >> 7, packet_id)) + escaped


class PacketDecoder:
    """Feed bytes as they come; never raises, and never yields a packet with a wrong CRC.

    FEh always begins a packet, for nothing inside one may hold it."""

    def __init__(self) -> None:
        self._body: bytearray | None = None
        self._escaped = False
        self.garbage_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes completed, in order."""
        events: list[Event] = []
        for byte in data:
            if byte == STX:
                if self._body is not None:
                    events.append(Rejected("truncated"))
                self._body, self._escaped = bytearray(), False
            elif self._body is None:
                self.garbage_bytes += 1
            else:
                self._inside(byte, events)
        return events

    def _inside(self, byte: int, events: list[Event]) -> None:
        assert self._body is not None
        if self._escaped:
            self._escaped = False
            if byte not in (ESCAPED_STX, ESCAPED_ESC):
                self._reject("escape", events)
                return
            byte = STX if byte == ESCAPED_STX else ESC
        elif byte == ESC:
            self._escaped = True
            return
        self._body.append(byte)
        if len(self._body) >= 2:
            self._finish(events)

    def _finish(self, events: list[Event]) -> None:
        assert self._body is not None
        low, high = self._body[0], self._body[1]
        length = low | high << 7
        if low > 0x7F or high > 0x7F or length > MAX_DATA:
            self._reject("length", events)
        elif len(self._body) == length + 4:
            packet_id, data, crc = self._body[2], bytes(self._body[3:-1]), self._body[-1]
            if crc8(bytes((packet_id,)) + data) != crc:
                self._reject("crc", events)
            elif packet_id > LAST_ID and packet_id != ASYNC_ID:
                self._reject("form", events)
            else:
                events.append(Packet(packet_id, data))
                self._body = None

    def _reject(self, reason: str, events: list[Event]) -> None:
        events.append(Rejected(reason))
        self._body = None
