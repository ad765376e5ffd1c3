"""Questions and answers over one connection to a receipt printer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from drivers.base import Transport
from drivers.receipt.status import (
    ASK_END,
    ASK_OFFLINE,
    ASK_PAPER,
    ASK_PRINTER,
    AnswerReader,
    Answers,
    Readiness,
    ask_counter,
    ask_process_id,
)

READ_CHUNK: Final = 256
WRITE_CHUNK: Final = 1024
T = TypeVar("T")

Confirm = Literal["status", "process_id", "none"]
CUTS: Final = 178
LINES: Final = 148


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: for one answer, for a slip that is being printed, and for a person to load paper;
    and the clock they are counted by."""

    reply_s: float = 0.5
    print_s: float = 15.0
    hold_s: float = 60.0
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Ending:
    """How the wait behind a slip ended: `answered`, or the state the printer was in at the end."""

    answered: bool
    readiness: Readiness
    sensor: int | None = None


class EscPosLink:
    """One connection. Answers wait in an inbox by kind, so a question never eats another's."""

    def __init__(self, transport: Transport, timing: Timing) -> None:
        self._transport = transport
        self._timing = timing
        self._reader = AnswerReader()
        self._inbox = Answers()

    def readiness(self) -> Readiness:
        """Ask the three real-time questions; what is not answered in time stays `None`."""
        self._forget()
        # Half a command of a process that died swallows the first question behind it.
        printer = self._realtime(ASK_PRINTER) or self._realtime(ASK_PRINTER)
        if printer is None:
            return Readiness()
        return Readiness(printer, self._realtime(ASK_OFFLINE), self._realtime(ASK_PAPER))

    def counter(self, number: int) -> int | None:
        """A maintenance counter, `None` when the printer has none; waits for lines before it."""
        for _ in range(2):
            self._forget()
            self._transport.write(ask_counter(number))
            found = self._next(self._inbox.counters, self._timing.reply_s)
            if found is not None:
                return found
        return None

    def send(self, data: bytes) -> None:
        """All bytes, in pieces a small printer can take."""
        self._forget()
        for start in range(0, len(data), WRITE_CHUNK):
            self._transport.write(data[start : start + WRITE_CHUNK])

    def ask_end(self, confirm: Confirm, process_id: bytes) -> None:
        """Put the question for the end behind the lines."""
        self._transport.write(ask_process_id(process_id) if confirm == "process_id" else ASK_END)

    def await_end(self, confirm: Confirm, process_id: bytes) -> Ending:
        """Wait until the question behind the lines is answered.

        A printer without paper keeps the lines and goes on once it is loaded, so while it says
        that it lacks something the wait is that for a person."""
        asked_at = self._timing.clock()
        readiness = Readiness()
        while True:
            sensor = self._end(confirm, process_id)
            if sensor is not None:
                return Ending(True, readiness, sensor)
            readiness = Readiness(None, self._realtime(ASK_OFFLINE), self._realtime(ASK_PAPER))
            patience = self._timing.hold_s if readiness.reason else self._timing.print_s
            if self._timing.clock() - asked_at > patience:
                return Ending(False, readiness)

    def close(self) -> None:
        """Release the port."""
        self._transport.close()

    def _end(self, confirm: Confirm, process_id: bytes) -> int | None:
        """The sensor's byte, or 0 for our identifier, if it comes within a moment."""
        if confirm == "status":
            return self._next(self._inbox.paper_sensor, self._timing.reply_s)
        deadline = self._timing.clock() + self._timing.reply_s
        found: bytes | None = b""
        while found is not None and found != process_id:
            # Others are identifiers of earlier slips.
            found = self._next(self._inbox.process_ids, deadline - self._timing.clock())
        return None if found is None else 0

    def _realtime(self, question: bytes) -> int | None:
        self._transport.write(question)
        return self._next(self._inbox.realtime, self._timing.reply_s)

    def _next(self, answers: list[T], seconds: float) -> T | None:
        """The oldest answer of a kind, `None` when none comes in time."""
        deadline = self._timing.clock() + seconds
        while not answers:
            left = deadline - self._timing.clock()
            data = self._transport.read(READ_CHUNK, max(0.0, left))
            self._reader.feed(data, self._inbox)
            if not data and left <= 0:
                return None
        return answers.pop(0)

    def _forget(self) -> None:
        """Drop what came unasked: an answer to somebody else's question proves nothing."""
        while data := self._transport.read(READ_CHUNK, 0.0):
            self._reader.feed(data, self._inbox)
        self._inbox.clear()
