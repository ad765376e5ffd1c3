"""The ISL link: one command out, its own reply in, or an error within a bound.

Rules (Datecs protocol P): the printer answers within 60 ms or says SYN every 60 ms while it works;
after 500 ms of silence or a NAK the host repeats the same bytes, and the printer, seeing the same
SEQ, repeats its reply without executing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import DeviceJournal, Transport
from drivers.errors import DeviceRefused, DeviceUnavailable
from drivers.fiscal.isl.frame import Nak, Rejected, Reply, Request, Syn
from drivers.fiscal.isl.framing import CLASSIC, Framing
from drivers.fiscal.isl.sequence import SequenceCounter

CMD_STATUS, CMD_DIAGNOSTICS = 74, 90
DETECTION_COMMANDS = frozenset({CMD_STATUS, CMD_DIAGNOSTICS})
"""The two commands that mean the same and harm nothing in every dialect of the family."""

READ_CHUNK = 1024


@dataclass(slots=True)
class LinkCounters:
    """How the line behaves; goes into the evidence of a doubtful job."""

    resent: int = 0
    naks: int = 0
    syns: int = 0
    rejected: int = 0
    foreign: int = 0
    echoes: int = 0
    length_warnings: int = 0


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """Seconds of silence before a repeat, writes per command, and the longest busy time."""

    reply_timeout_s: float = 0.5
    tries: int = 5
    max_busy_s: float = 60.0


class _StaleReply(Exception):
    """The printer repeated the reply of an earlier command that had our SEQ."""


class IslLink:
    """Exchanges with one printer. Not thread safe: one device, one thread."""

    def __init__(
        self,
        transport: Transport,
        sequence: SequenceCounter,
        timing: LinkTiming | None = None,
        clock: Callable[[], float] = time.monotonic,
        framing: Framing = CLASSIC,
    ) -> None:
        self._framing = framing
        self._transport = transport
        self._sequence = sequence
        self._timing = timing or LinkTiming()
        self._clock = clock
        self._decoder = framing.decoder()
        self._permitted = DETECTION_COMMANDS
        self.counters = LinkCounters()

    def bind(self, journal: DeviceJournal) -> None:
        """Keep SEQ in `journal` from now on."""
        self._sequence.bind(journal)

    def permit(self, commands: frozenset[int]) -> None:
        """Let the commands of a recognised dialect through; before, only 74 and 90 go out."""
        self._permitted = commands | DETECTION_COMMANDS

    def exchange(self, cmd: int, data: bytes = b"") -> Reply:
        """Send one command and return its reply.

        Raises `FrameError` (too long) or `DeviceRefused` (not on the allow-list) before anything is
        written, and `DeviceUnavailable` when no reply of this very command came within the bounds;
        then the command may or may not have been executed."""
        if cmd not in self._permitted:
            raise DeviceRefused("command_not_allowed", f"command {cmd} is not on the allow-list")
        # Repeating the two harmless commands under a new SEQ costs nothing, so a SEQ that
        # collides with the printer's memory is simply stepped over.
        attempts = 3 if cmd in DETECTION_COMMANDS else 1
        for _ in range(attempts):
            seq = self._sequence.next()
            try:
                return self._converse(self._framing.encode_request(seq, cmd, data), seq, cmd)
            except _StaleReply:
                continue
        raise DeviceUnavailable("stale_reply", f"command {cmd}: only old replies came back")

    def _converse(self, frame: bytes, seq: int, cmd: int) -> Reply:
        busy_until = self._clock() + self._timing.max_busy_s
        for attempt in range(self._timing.tries):
            if attempt:
                self.counters.resent += 1
            self._transport.write(frame)
            reply = self._await_reply(seq, cmd, busy_until)
            if reply is not None:
                return reply
        raise DeviceUnavailable(
            "no_reply", f"command {cmd}: no reply after {self._timing.tries} tries"
        )

    def _await_reply(self, seq: int, cmd: int, busy_until: float) -> Reply | None:
        """The reply, or `None` when the frame has to be sent again."""
        deadline = self._clock() + self._timing.reply_timeout_s
        while (left := min(deadline, busy_until) - self._clock()) > 0:
            for event in self._decoder.feed(self._transport.read(READ_CHUNK, left)):
                if isinstance(event, Reply):
                    if self._is_ours(event, seq, cmd):
                        return event
                elif isinstance(event, Nak):
                    self.counters.naks += 1
                    return None
                elif isinstance(event, Syn):
                    self.counters.syns += 1
                    deadline = self._clock() + self._timing.reply_timeout_s
                else:
                    self._count(event)
        return None

    def _is_ours(self, reply: Reply, seq: int, cmd: int) -> bool:
        self.counters.length_warnings += reply.length_warning
        if (reply.seq, reply.cmd) == (seq, cmd):
            return True
        self.counters.foreign += 1
        if reply.seq == seq and cmd in DETECTION_COMMANDS:
            raise _StaleReply
        return False

    def _count(self, event: Request | Rejected) -> None:
        if isinstance(event, Request):
            self.counters.echoes += 1
        else:
            self.counters.rejected += 1
