"""MARIA frames: encode, and decode as bytes arrive. Pure.

    FD PAYLOAD LEN FE [CRC_LO CRC_HI]      LEN = len(PAYLOAD) + 1

PAYLOAD is four letters and their parameters in CP866, to 252 bytes; FEh and FFh in it are replaced
by spaces. LEN may itself be FDh, so a frame is found by its end and its length. The CRC-16 (KERMIT,
initial 0, over FD..FE) follows once `CSIN1` has been taken. Sources: a public emulator's tests (the
golden frame), a C driver and a Delphi driver; one untested driver has LEN without the 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from drivers.errors import FrameError

START, END = 0xFD, 0xFE
MIN_PAYLOAD, MAX_PAYLOAD = 2, 252
_UNSENDABLE: Final = bytes.maketrans(b"\xfe\xff", b"  ")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame with a right length and, in CRC mode, a right CRC."""

    payload: bytes
    checked: bool = False

    @property
    def text(self) -> str:
        """The payload as text."""
        return self.payload.decode("cp866", "replace")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that began like a frame and are none; `reason` is a stable word."""

    reason: str


Event: TypeAlias = Frame | Rejected


def crc16(data: bytes) -> int:
    """CRC-16 KERMIT: polynomial 1021h reflected, initial 0."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def _row(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc


_TABLE: Final = tuple(map(_row, range(256)))


def encode(payload: bytes, crc: bool) -> bytes:
    """A frame; `FrameError` when the payload is too long."""
    if not MIN_PAYLOAD <= len(payload) <= MAX_PAYLOAD:
        raise FrameError("data_too_long", f"{len(payload)} bytes, 2 to {MAX_PAYLOAD} are allowed")
    sent = payload.translate(_UNSENDABLE)
    frame = bytes((START,)) + sent + bytes((len(sent) + 1, END))
    return frame + crc16(frame).to_bytes(2, "little") if crc else frame


class FrameDecoder:
    """Feed bytes as they come; never raises, and in CRC mode never yields a frame with a wrong CRC.

    Without CRC the length alone is the check, as in the device."""

    def __init__(self, crc: bool) -> None:
        self._crc = crc
        self._held = bytearray()
        self.garbage_bytes = 0

    @property
    def is_idle(self) -> bool:
        """Nothing of a frame has arrived."""
        return not self._held

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes completed, in order."""
        self._held += data
        events: list[Event] = []
        while (taken := self._take(events)) > 0:
            del self._held[:taken]
        return events

    def silence(self) -> list[Event]:
        """Nothing came for long: what is held never becomes a frame."""
        events: list[Event] = []
        while self._held:
            events.append(Rejected("truncated"))
            del self._held[: self._next_start()]
            events += self.feed(b"")
        return events

    def _take(self, events: list[Event]) -> int:
        """Bytes used up by the first event of those held, 0 when more are needed."""
        if not self._held:
            return 0
        if self._held[0] != START:
            start = self._held.find(START)
            skipped = len(self._held) if start < 0 else start
            self.garbage_bytes += skipped
            return skipped
        end = self._held.find(END, 1)
        if end < 0:
            if len(self._held) <= MAX_PAYLOAD + 2:
                return 0
            events.append(Rejected("overlong"))
            return self._next_start()
        payload = bytes(self._held[1 : end - 1])
        if end < MIN_PAYLOAD + 2 or self._held[end - 1] != len(payload) + 1:
            events.append(Rejected("length"))
            return self._next_start()
        if 0xFF in payload:
            events.append(Rejected("form"))
            return self._next_start()
        if not self._crc:
            events.append(Frame(payload))
            return end + 1
        if len(self._held) < end + 3:
            return 0
        given = int.from_bytes(self._held[end + 1 : end + 3], "little")
        if crc16(bytes(self._held[: end + 1])) != given:
            events.append(Rejected("crc"))
            return self._next_start()
        events.append(Frame(payload, checked=True))
        return end + 3

    def _next_start(self) -> int:
        """Where the next FDh stands, else the end of what is held."""
        start = self._held.find(START, 1)
        return len(self._held) if start < 0 else start
