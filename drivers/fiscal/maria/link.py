"""The MARIA link: one command out, words back until READY, or an error within a bound.

The device says WAIT, WRK or PRN while it works, data under the command's own name, DONE, words that
begin with SOFT, HARD, MEM_ or RTC_ for what is wrong, and READY at the end. After a silence a SYNC
with a mark of its own finds the beginning of an answer again, and characters 103 to 106 of CONF
name the last command that was executed. Source: a Delphi driver in use for years (SendCommand).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from drivers.base import Transport
from drivers.errors import DeviceRefused, DeviceUnavailable
from drivers.fiscal.maria.frame import Frame, FrameDecoder, encode

READ_CHUNK = 512
BUSY: Final = frozenset({"WAIT", "WRK", "PRN"})
TROUBLE: Final = ("SOFT", "HARD", "MEM_", "RTC_", "SHUT")
WARNINGS: Final = frozenset({"SOFTPAPER"})
SESSION_COMMANDS: Final = frozenset({"CSIN", "SYNC", "UPAS", "CONF", "CONf"})
LAST_COMMAND: Final = slice(102, 106)
WAKE_S: Final = 0.02


@dataclass(slots=True)
class LinkCounters:
    """How the line behaves; goes into the evidence of a doubtful job."""

    resent: int = 0
    rejected: int = 0
    found_done: int = 0
    synchronised: int = 0


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """Seconds of silence before a resync, attempts, and the longest time of a command."""

    reply_timeout_s: float = 6.0
    tries: int = 4
    max_busy_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came between a command and READY."""

    data: str = ""
    trouble: tuple[str, ...] = ()
    done: bool = False
    words: tuple[str, ...] = field(default=())


class MariaLink:
    """Exchanges with one device. Not thread safe: one device, one thread."""

    def __init__(
        self,
        transport: Transport,
        timing: LinkTiming | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._timing = timing or LinkTiming()
        self._clock = clock
        self._decoder = FrameDecoder(crc=False)
        self._crc = False
        self._permitted = SESSION_COMMANDS
        self._previous = ""
        self._queue: list[Frame] = []
        self.counters = LinkCounters()

    def permit(self, commands: frozenset[str]) -> None:
        """Let the commands of a recognised device through."""
        self._permitted = self._permitted | commands

    def wake(self) -> None:
        """`U` twice until the device says READY, then CRC mode."""
        for _ in range(self._timing.tries):
            for _ in range(2):
                self._transport.write(b"U")
                if self._until_ready(WAKE_S) is not None:
                    self._begin_checking()
                    return
            if self._until_ready(self._timing.reply_timeout_s) is not None:
                self._begin_checking()
                return
        raise DeviceUnavailable("no_reply", "the device does not say READY")

    def exchange(self, payload: bytes) -> Answer:
        """Send one command and return its answer.

        Raises `DeviceRefused` (not on the allow-list) or `FrameError` (too long) before anything is
        written, and `DeviceUnavailable` when it cannot be told whether it was executed."""
        name = payload[:4].decode("ascii", "replace")
        if name not in self._permitted:
            raise DeviceRefused("command_not_allowed", f"command {name} is not on the list")
        previous = self._previous
        self._previous = name
        for attempt in range(self._timing.tries):
            self.counters.resent += attempt > 0
            answer = self._say(payload, name)
            if answer is not None:
                return answer
            self._synchronise()
            if name in SESSION_COMMANDS:
                continue
            if name == previous:
                # CONF would name it in either case: whether it ran twice cannot be told.
                raise DeviceUnavailable("no_reply", f"command {name}: its end cannot be told")
            last = self._say(b"CONF", "CONF")
            if last is not None and last.data[LAST_COMMAND] == name:
                self.counters.found_done += 1
                return Answer(done=True)
        raise DeviceUnavailable("no_reply", f"command {name}: no answer")

    def _begin_checking(self) -> None:
        self._say(b"CSIN1", "CSIN")
        self._crc = True
        self._decoder = FrameDecoder(crc=True)
        self._synchronise()

    def _synchronise(self) -> None:
        """SYNC with a fresh mark, until that mark comes back: everything before it is old."""
        for _ in range(self._timing.tries):
            mark = f"{secrets.randbelow(10**6):06d}"
            self.counters.synchronised += 1
            answer = self._say(b"SYNC" + mark.encode(), "SYNC")
            if answer is not None and answer.data == mark:
                return
        raise DeviceUnavailable("no_reply", "the device does not answer SYNC")

    def _say(self, payload: bytes, name: str) -> Answer | None:
        """One frame out and its words in, `None` when they ended in silence."""
        self._queue.clear()
        self._transport.write(encode(payload, self._crc))
        return self._until_ready(self._timing.reply_timeout_s, name)

    def _until_ready(self, silence_s: float, name: str = "") -> Answer | None:
        data, done = "", False
        trouble: list[str] = []
        until = self._clock() + self._timing.max_busy_s
        while (frame := self._next(silence_s)) is not None and self._clock() < until:
            word = frame.text
            if word == "READY":
                return Answer(data, tuple(trouble), done)
            if word == "DONE":
                done = True
            elif word.startswith(TROUBLE) and word not in WARNINGS:
                trouble.append(word)
            elif name and word.startswith(name) and word not in BUSY:
                data = word[4:]
        return None

    def _next(self, silence_s: float) -> Frame | None:
        deadline = self._clock() + silence_s
        while not self._queue:
            left = deadline - self._clock()
            if left <= 0:
                self._decoder.silence()
                return None
            for event in self._decoder.feed(self._transport.read(READ_CHUNK, left)):
                if isinstance(event, Frame):
                    self._queue.append(event)
                else:
                    self.counters.rejected += 1
        return self._queue.pop(0)
