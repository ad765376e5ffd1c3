"""The Shtrih-M link: one command out, its own answer in, or an error within a bound.

There is no sequence number; the answer that waits in the printer is the proof. After ENQ it says
NAK (idle, it waits for a command) or ACK (an answer waits and comes now), so after any doubt
ENQ tells whether the last command was carried out. A command is sent again only after a NAK to ENQ.
Source: "FP protocol v1.10", Shtrih-M, appendices 2 and 3.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import Transport
from drivers.errors import DeviceRefused, DeviceUnavailable
from drivers.fiscal.shtrih.frame import ACK, ENQ, NAK, Control, Event, Packet, PacketDecoder
from drivers.fiscal.shtrih.frame import encode as encode_packet

READ_CHUNK = 512
GAP_S = 0.05
QUIET_READS = 100
MANY = 10_000


@dataclass(slots=True)
class LinkCounters:
    """How the line behaves; goes into the evidence of a doubtful job."""

    resent: int = 0
    naks: int = 0
    rejected: int = 0
    foreign: int = 0
    echoes: int = 0
    pending_found: int = 0


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """Seconds until ENQ is repeated, attempts, and the longest time a command may take."""

    reply_timeout_s: float = 0.5
    tries: int = 5
    max_busy_s: float = 60.0


class ShtrihLink:
    """Exchanges with one printer. Not thread safe: one device, one thread."""

    def __init__(
        self,
        transport: Transport,
        detection: frozenset[int],
        timing: LinkTiming | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._timing = timing or LinkTiming()
        self._clock = clock
        self._decoder = PacketDecoder()
        self._queue: list[Event] = []
        self._sent: Packet | None = None
        self._is_doubtful = False
        self._permitted = detection
        self.counters = LinkCounters()

    def permit(self, commands: frozenset[int]) -> None:
        """Let the commands of a recognised printer through."""
        self._permitted = self._permitted | commands

    def clear_pending(self) -> Packet | None:
        """Fetch the answer that an earlier life of this program left in the printer, if any."""
        pending = self._enquire(self._timing.tries)
        if pending is not None:
            self.counters.pending_found += 1
        return pending

    def exchange(self, cmd: int, body: bytes = b"") -> bytes:
        """Send one command and return its answer's bytes behind CMD, the error code first.

        Raises `DeviceRefused` (not on the allow-list) or `FrameError` (too long) before anything is
        written, and `DeviceUnavailable` when no answer to this command came within the bounds; then
        it may or may not have been carried out."""
        if cmd not in self._permitted:
            raise DeviceRefused("command_not_allowed", f"command {cmd:02X}h is not on the list")
        frame = encode_packet(cmd, body)
        self._fall_quiet()
        self._sent = Packet(cmd, body)
        for attempt in range(self._timing.tries):
            self.counters.resent += attempt > 0
            self._queue.clear()
            self._transport.write(frame)
            answer = self._await_answer()
            while answer is not None:
                if answer.cmd == cmd:
                    return answer.body
                # An older answer; ours, if there is one, comes behind it.
                self.counters.foreign += 1
                self._is_doubtful = True
                answer = self._enquire(self._timing.tries)
        raise DeviceUnavailable("no_reply", f"command {cmd:02X}h: no answer")

    def _await_answer(self) -> Packet | None:
        """The answer, or `None` when the printer certainly waits for the command again."""
        event = self._next(self._timing.reply_timeout_s)
        if event == Control(NAK):
            # It may answer an earlier ENQ: only one that answers an ENQ of now refuses a command.
            self.counters.naks += 1
            self._is_doubtful = True
            return self._enquire(self._timing.tries)
        taken = event == Control(ACK)
        if taken:
            event = self._next(self._timing.reply_timeout_s)
        if isinstance(event, Packet):
            self._transport.write(bytes((ACK,)))
            return event
        if event is not None:
            self._reject()
        # A printer that has taken the command may be silent for as long as the command takes.
        return self._enquire(MANY if taken and event is None else self._timing.tries)

    def _enquire(self, tries: int) -> Packet | None:
        """ENQ: the answer that waits, or `None` when the printer is idle.

        A silent printer is taken to be busy until `max_busy_s`, and then to be gone."""
        until = self._clock() + self._timing.max_busy_s
        silent = damaged = 0
        while self._clock() < until and silent < tries and damaged < tries:
            self._transport.write(bytes((ENQ,)))
            event = self._next(self._timing.reply_timeout_s)
            if event == Control(NAK):
                return None
            if event == Control(ACK):
                event = self._next(self._timing.reply_timeout_s)
            if isinstance(event, Packet):
                self._transport.write(bytes((ACK,)))
                return event
            if event is None:
                silent += 1
            else:
                damaged += 1
                self._reject()
        raise DeviceUnavailable("no_reply", "the printer does not answer ENQ")

    def _reject(self) -> None:
        """Refuse what was damaged; the printer repeats it after the next ENQ."""
        self.counters.rejected += 1
        self._is_doubtful = True
        self._queue.clear()
        self._transport.write(bytes((NAK,)))

    def _fall_quiet(self) -> None:
        """After an exchange with a surplus of answers: drop what still comes, or the next command
        would take it for its own."""
        if not self._is_doubtful:
            return
        for _ in range(QUIET_READS):
            got = self._transport.read(READ_CHUNK, GAP_S)
            if not got:
                break
        self._decoder = PacketDecoder()
        self._queue.clear()
        self._is_doubtful = False

    def _next(self, timeout_s: float) -> Event | None:
        """The next event, `None` when nothing came for `timeout_s`.

        A line that gives our own command back has said nothing: no answer has its bytes."""
        deadline = self._clock() + timeout_s
        while not self._queue:
            left = deadline - self._clock()
            if left <= 0:
                self._queue += self._decoder.silence()
                return self._queue.pop(0) if self._queue else None
            got = self._transport.read(READ_CHUNK, min(left, GAP_S))
            heard = self._decoder.feed(got) if got else ()
            self.counters.echoes += sum(event == self._sent for event in heard)
            self._queue += [event for event in heard if event != self._sent]
        return self._queue.pop(0)
