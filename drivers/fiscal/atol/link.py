"""The ATOL link: one command as one task, its own result back, or an error within a bound.

A packet is repeated with the same id after 0.5 s without an answer, at most as often as `tries`; a
command is never given a second task id, so the device itself sees to it that it runs once. The
number of the task last begun is in the journal before it goes out, and a new connection waits for
that task before it asks the printer anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import DeviceJournal, Transport
from drivers.errors import DeviceRefused, DeviceUnavailable
from drivers.fiscal.atol.frame import ASYNC_ID, LAST_ID, Packet, PacketDecoder, encode
from drivers.fiscal.atol.tasks import FINISHED, UNFINISHED, State, acknowledge, add, ask
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.fiscal.isl.sequence import SequenceCounter

READ_CHUNK = 512
POLL_S = 0.1
LAST_TASK_KEY = "atol.task"


@dataclass(slots=True)
class LinkCounters:
    """How the line behaves; goes into the evidence of a doubtful job."""

    resent: int = 0
    rejected: int = 0
    foreign: int = 0
    echoes: int = 0
    found_again: int = 0


@dataclass(frozen=True, slots=True)
class LinkTiming:
    """Seconds until a packet is repeated, writes per packet, and the longest time of a task."""

    reply_timeout_s: float = 0.5
    tries: int = 5
    max_busy_s: float = 60.0


class AtolLink:
    """Exchanges with one printer. Not thread safe: one device, one thread."""

    def __init__(
        self,
        transport: Transport,
        sequence: SequenceCounter,
        detection: frozenset[int],
        timing: LinkTiming | None = None,
        pace: Pace = REAL_TIME,
    ) -> None:
        self._transport = transport
        self._sequence = sequence
        self._timing = timing or LinkTiming()
        self._clock = pace.clock
        self._pause = pace.pause
        self._decoder = PacketDecoder()
        self._packet_id = -1
        self._journal: DeviceJournal | None = None
        self._permitted = detection
        self.counters = LinkCounters()

    def bind(self, journal: DeviceJournal) -> None:
        """Keep task ids in `journal` from now on."""
        self._journal = journal
        self._sequence.bind(journal)

    def permit(self, codes: frozenset[int]) -> None:
        """Let the commands of a recognised printer through."""
        self._permitted = self._permitted | codes

    def settle_last(self) -> None:
        """Wait until the task that an earlier life left behind has ended, and forget it."""
        last = self._journal.get(LAST_TASK_KEY) if self._journal is not None else None
        if last and last.isdecimal():
            answer = self._converse(ask(int(last)))
            if answer[:1] and answer[0] in UNFINISHED:
                answer = self._wait(int(last))
            if answer[:1] and answer[0] in FINISHED:
                self._converse(acknowledge(int(last)))

    def exchange(self, code: int, command: bytes) -> bytes:
        """Run `command` (password, code, parameters) as one task; returns its result.

        Raises `DeviceRefused` (not on the allow-list) before anything is written, and
        `DeviceUnavailable` when its end could not be learnt within the bounds."""
        if code not in self._permitted:
            raise DeviceRefused("command_not_allowed", f"command {code:02X}h is not on the list")
        task = self._free_task()
        if self._journal is not None:
            self._journal.put(LAST_TASK_KEY, str(task))
        answer = self._converse(add(task, command))
        state = answer[0] if answer else 0
        if state in UNFINISHED or state == State.ALREADY_EXISTS:
            # The same packet arrived twice, or the printer is still busy with it.
            self.counters.found_again += state == State.ALREADY_EXISTS
            answer = self._wait(task)
            state = answer[0]
        if state not in FINISHED:
            raise DeviceUnavailable("task_lost", f"command {code:02X}h: state {state:02X}h")
        self._converse(acknowledge(task))
        return answer[1:]

    def _free_task(self) -> int:
        """A task id that the device does not hold; an old one of that number is forgotten."""
        task = self._sequence.next()
        answer = self._converse(ask(task))
        if answer[:1] != bytes((State.NOT_FOUND,)):
            if answer[:1] and answer[0] in UNFINISHED:
                self._wait(task)
            self._converse(acknowledge(task))
        return task

    def _wait(self, task: int) -> bytes:
        """The answer of a task that has ended, or is not there at all."""
        until = self._clock() + self._timing.max_busy_s
        while self._clock() < until:
            answer = self._converse(ask(task))
            if not answer or answer[0] not in UNFINISHED:
                return answer or b"\0"
            self._pause(POLL_S)
        raise DeviceUnavailable("busy", f"task {task} did not end in {self._timing.max_busy_s} s")

    def _converse(self, data: bytes) -> bytes:
        """Send one packet, again with the same id if need be; returns the answer's data."""
        self._packet_id = (self._packet_id + 1) % (LAST_ID + 1)
        frame = encode(self._packet_id, data)
        for attempt in range(self._timing.tries):
            self.counters.resent += attempt > 0
            self._transport.write(frame)
            answer = self._await(self._packet_id, data)
            if answer is not None:
                return answer
        raise DeviceUnavailable("no_reply", f"no answer after {self._timing.tries} tries")

    def _await(self, packet_id: int, sent: bytes) -> bytes | None:
        """The answer's data; a packet that is our own come back is none."""
        deadline = self._clock() + self._timing.reply_timeout_s
        while (left := deadline - self._clock()) > 0:
            for event in self._decoder.feed(self._transport.read(READ_CHUNK, left)):
                if not isinstance(event, Packet):
                    self.counters.rejected += 1
                elif event.packet_id == packet_id and event.data == sent:
                    self.counters.echoes += 1
                elif event.packet_id == packet_id:
                    return event.data
                else:
                    self.counters.foreign += event.packet_id != ASYNC_ID
        return None
