"""What an ESC/POS printer says of itself.

Real-time status (DLE EOT n) is answered at once, even off line; GS r and GS ( H stand in the queue
behind the lines and are answered when their turn comes. A byte is one of DLE EOT's only when
(b & 93h) = 12h, of GS r's when (b & 90h) = 00h, and the first of four of automatic status when
(b & 93h) = 10h (Epson TM technical reference).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from drivers.base import Paper, PrinterStatus

ASK_PRINTER: Final = b"\x10\x04\x01"
ASK_OFFLINE: Final = b"\x10\x04\x02"
ASK_PAPER: Final = b"\x10\x04\x04"
ASK_END: Final = b"\x1dr\x01"
IDENTIFIER: Final = b"7\x22"
COUNTER: Final = 0x5F


def ask_process_id(process_id: bytes) -> bytes:
    """GS ( H 48: send these four printable characters back when their turn comes."""
    return b"\x1d(H\x06\x0000" + process_id


def ask_counter(number: int) -> bytes:
    """GS g 2: send a maintenance counter back when its turn comes."""
    return b"\x1dg2\x00" + number.to_bytes(2, "little")


@dataclass(slots=True)
class Answers:
    """Answers in the order of their coming, sorted by kind."""

    realtime: list[int] = field(default_factory=list)
    paper_sensor: list[int] = field(default_factory=list)
    process_ids: list[bytes] = field(default_factory=list)
    counters: list[int] = field(default_factory=list)
    strange: int = 0

    def clear(self) -> None:
        """Forget them all; the lists stay the same objects."""
        self.realtime.clear()
        self.paper_sensor.clear()
        self.process_ids.clear()
        self.counters.clear()


class AnswerReader:
    """Sorts the bytes of a printer; never raises, keeps what is incomplete."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes, answers: Answers) -> None:
        """Put the answers that are complete now into `answers`."""
        held = self._held + data
        while held:
            used = self._take(held, answers)
            if used == 0:
                break
            held = held[used:]
        self._held = held[-64:]

    def _take(self, held: bytes, answers: Answers) -> int:
        """Bytes used by the first answer, 0 when it is incomplete."""
        first = held[0]
        if held[:2] == IDENTIFIER or (held == IDENTIFIER[:1]):
            if len(held) < 7:
                return 0
            answers.process_ids.append(held[2:6])
            return 7
        if first == COUNTER:
            end = held.find(b"\0")
            if end < 0:
                return 0 if len(held) < 16 else 1
            digits = held[1:end]
            if digits.isdigit():
                answers.counters.append(int(digits))
            return end + 1
        if first & 0x93 == 0x12:
            answers.realtime.append(first)
        elif first & 0x93 == 0x10:
            return 4 if len(held) >= 4 else 0
        elif first & 0x90 == 0:
            answers.paper_sensor.append(first)
        else:
            answers.strange += 1
        return 1


@dataclass(frozen=True, slots=True)
class Readiness:
    """State from three real-time answers; each may be missing."""

    printer: int | None = None
    offline: int | None = None
    paper_byte: int | None = None

    @property
    def answers(self) -> bool:
        """Whether it said anything at all."""
        return (self.printer, self.offline, self.paper_byte) != (None, None, None)

    @property
    def paper(self) -> Paper:
        """Paper by the sensor's own byte; no answer is `unknown`, never "ok"."""
        if self.paper_byte is None:
            ended = self.offline is not None and self.offline & 0x20
            return "out" if ended else "unknown"
        if self.paper_byte & 0x60:
            return "out"
        return "low" if self.paper_byte & 0x0C else "ok"

    @property
    def reason(self) -> str:
        """Why it cannot print, as a stable code; empty when nothing speaks against it."""
        if self.paper == "out":
            return "paper_out"
        if self.offline is not None and self.offline & 0x04:
            return "cover_open"
        if self.offline is not None and self.offline & 0x40:
            return "device_error"
        if self.printer is not None and self.printer & 0x08:
            return "offline"
        return ""

    @property
    def raw(self) -> str:
        """The bytes, hex; "--" where there was none."""
        known = (self.printer, self.offline, self.paper_byte)
        return " ".join("--" if one is None else f"{one:02x}" for one in known)

    def public(self) -> PrinterStatus:
        """As the agent shows it."""
        return PrinterStatus(self.answers, self.paper, error=self.reason, raw=self.raw)
