"""Zebra's Simple Serial Interface, the reader's packets and our answers. Pure.

A packet is length (without checksum), opcode, source (0 decoder, 4 host), status, data and two
bytes of checksum, the two's complement of the sum of what stands before it (Zebra 72E-40451,
chapter 2). DECODE_DATA carries the code's type in its first byte. The host answers ACK within two
seconds or the reader sends the packet again with bit 0 of its status set: such a repeat is
answered and not delivered twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from drivers.base import Scan
from drivers.scanner.framer import FramerCounters, scan_of

ACK: Final = 0xD0
NAK: Final = 0xD1
BEEP: Final = 0xE6
DECODE_DATA: Final = 0xF3
FROM_DECODER: Final = 0
FROM_HOST: Final = 4
RESENT: Final = 0x01
NAK_RESEND: Final = 1
MIN_LENGTH: Final = 4
CHECKSUM_BYTES: Final = 2

SYMBOLOGIES: Final = {
    0x01: "]A0",
    0x03: "]C0",
    0x06: "]I0",
    0x08: "]E0",
    0x09: "]E0",
    0x0A: "]E4",
    0x0B: "]E0",
    0x0F: "]C1",
    0x11: "]L0",
    0x1B: "]d1",
    0x1C: "]Q1",
    0x2D: "]z0",
    0x30: "]e0",
}
"""AIM identifier by SSI code type; a type that is not listed has none."""


def packet(opcode: int, data: bytes = b"", source: int = FROM_HOST, status: int = 0) -> bytes:
    """One whole packet."""
    body = bytes([MIN_LENGTH + len(data), opcode, source, status]) + data
    return body + (-sum(body) & 0xFFFF).to_bytes(CHECKSUM_BYTES, "big")


@dataclass(slots=True)
class SsiHeard:
    """What a piece of the stream held: scans, and the bytes to send back."""

    scans: list[Scan] = field(default_factory=list)
    replies: bytes = b""


class SsiFramer:
    """Feed bytes as they come; whole packets come out as scans and answers."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._pending = bytearray()
        self._last = b""
        self.counters = FramerCounters()

    @property
    def has_pending(self) -> bool:
        """A packet has begun and not ended."""
        return bool(self._pending)

    def feed(self, data: bytes) -> SsiHeard:
        """Scans and answers of the packets that `data` completes."""
        self._pending += data
        heard = SsiHeard()
        while (whole := self._take()) is not None:
            self._hear(whole, heard)
        return heard

    def reset(self) -> None:
        """Forget half a packet, as after an unplug or a silence."""
        self._pending.clear()

    def _take(self) -> bytes | None:
        while self._pending and self._pending[0] < MIN_LENGTH:
            del self._pending[0]
            self.counters.bad_packets += 1
        if not self._pending:
            return None
        size = self._pending[0] + CHECKSUM_BYTES
        if len(self._pending) < size:
            return None
        whole = bytes(self._pending[:size])
        del self._pending[:size]
        return whole

    def _hear(self, whole: bytes, heard: SsiHeard) -> None:
        body, check = whole[:-CHECKSUM_BYTES], int.from_bytes(whole[-CHECKSUM_BYTES:], "big")
        if (sum(body) + check) & 0xFFFF or body[2] != FROM_DECODER:
            self.counters.bad_packets += 1
            # What stands behind a wrong length is no packet either: let the reader begin again.
            self._pending.clear()
            heard.replies += packet(NAK, bytes([NAK_RESEND]))
            return
        if body[1] != DECODE_DATA or len(body) < MIN_LENGTH + 2:
            return
        heard.replies += packet(ACK)
        content = body[MIN_LENGTH:]
        if body[3] & RESENT and content == self._last:
            self.counters.repeats += 1
            return
        self._last = content
        symbology = SYMBOLOGIES.get(content[0], "")
        scan = scan_of(content[1:].rstrip(b"\r\n"), self._encoding, self.counters, symbology)
        if scan is not None:
            heard.scans.append(scan)
