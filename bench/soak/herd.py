"""Registers that come back after the centre was gone for hours, on virtual time.

The waiting is the product's own: `JitteredWait` between attempts, `Pace` between routine requests,
and the centre's `Pacer` that asks for it. A register tries with its report; when that is answered
it sends what waits in batches, looks at the feed, opens its stream of hints, and goes on reporting.
Every request is counted in the second in which it is made.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tenacity import RetryCallState
from tenacity.retry import retry_base

from edge_agent.sync_backoff import JitteredWait
from edge_agent.sync_pace import Pace, SyncTiming
from sync.errors import CentreUnavailable
from sync.serving.pacer import LIMIT_PER_S, Pacer
from sync.uplink import FIRST_SIZE

REGISTERS = 45_000
OUTAGE_S = 4 * 3_600.0
WATCH_S = 1_800.0
FACTS_PER_HOUR = 40
LATENCY_S = 0.05
"""Between the requests of one register's first exchange, which follow one another."""


@dataclass
class Herd:
    """What was seen: requests in each second after the centre came back."""

    requests: Counter[int] = field(default_factory=Counter)
    attempts_before: int = 0
    returned: int = 0
    drained: int = 0
    drained_at_s: float = 0.0

    @property
    def peak(self) -> int:
        """Most requests in one second."""
        return max(self.requests.values(), default=0)


class _Call(RetryCallState):
    """A failed attempt as tenacity hands it to a wait."""

    def __init__(self) -> None:
        super().__init__(_NO_RETRY, None, (), {})
        outcome: Any = Future()
        outcome.set_exception(CentreUnavailable("gone"))
        self.outcome = outcome


class _NoRetry(retry_base):
    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state is None


_NO_RETRY: Any = _NoRetry()


class _Register:
    """One register's state between two requests."""

    __slots__ = ("attempts", "facts", "pace", "steps")

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.attempts = 0
        self.facts = 0
        self.steps: list[str] = []


class Simulation:
    """A seeded run; `jitter` False replaces the waits by their longest, to see the difference."""

    def __init__(
        self,
        seed: int,
        registers: int = REGISTERS,
        outage_s: float = OUTAGE_S,
        timing: SyncTiming | None = None,
        limit_per_s: float = LIMIT_PER_S,
        jitter: bool = True,
        paced: bool = True,
    ) -> None:
        self._dice = random.Random(seed)
        self._timing = timing or SyncTiming()
        self._outage_s = outage_s
        self._now = 0.0
        self._wait = JitteredWait(self._timing.retry_cap_s)
        self._call = _Call()
        self._jitter = jitter
        self._paced = paced
        self._pacer = Pacer(limit_per_s, lambda: self._now)
        self._queue: list[tuple[float, int]] = []
        self._registers = [
            _Register(Pace(self._timing, self._dice, lambda: self._now)) for _ in range(registers)
        ]
        self.seen = Herd()

    def run(self, watch_s: float = WATCH_S) -> Herd:
        """Lose the centre at 0, have it back after the outage, watch what comes."""
        # tenacity draws from the module's own dice.
        random.seed(self._dice.random())
        for number in range(len(self._registers)):
            # Each notices with its next report.
            heapq.heappush(self._queue, (self._dice.uniform(0, self._timing.heartbeat_s), number))
        end = self._outage_s + watch_s
        while self._queue and self._queue[0][0] < end:
            self._now, number = heapq.heappop(self._queue)
            register = self._registers[number]
            if self._now < self._outage_s:
                self._fail(register, number)
            else:
                self._serve(register, number)
        return self.seen

    def _fail(self, register: _Register, number: int) -> None:
        register.attempts += 1
        self.seen.attempts_before += 1
        self._call.attempt_number = register.attempts
        wait_s = self._wait(self._call)
        if not self._jitter:
            wait_s = min(self._timing.retry_cap_s, 2.0 ** min(register.attempts, 20))
        heapq.heappush(self._queue, (self._now + wait_s, number))

    def _serve(self, register: _Register, number: int) -> None:
        self.seen.requests[int(self._now - self._outage_s)] += 1
        self._pacer.seen(str(number))
        if self._paced:
            register.pace.asked(self._pacer.pace_s)
            register.pace.returned(register.attempts)
        if not register.steps and not register.facts and register.attempts:
            self._begin(register)
        elif register.steps:
            step = register.steps.pop(0)
            if step == "upload":
                register.facts = max(0, register.facts - FIRST_SIZE)
                if not register.facts:
                    self.seen.drained += 1
                    self.seen.drained_at_s = self._now - self._outage_s
        register.pace.used()
        heapq.heappush(self._queue, (self._now + self._next_in(register), number))

    def _begin(self, register: _Register) -> None:
        """The first report after the outage was answered."""
        self.seen.returned += 1
        register.attempts = 0
        register.facts = int(self._outage_s / 3_600 * FACTS_PER_HOUR)
        uploads = -(-register.facts // FIRST_SIZE)
        register.steps = [*["upload"] * uploads, "feed", "hints"]

    def _next_in(self, register: _Register) -> float:
        if register.steps:
            return max(LATENCY_S, register.pace.wait_s)
        routine = min(register.pace.beat_in_s(), register.pace.poll_in_s())
        return max(routine, register.pace.wait_s)
