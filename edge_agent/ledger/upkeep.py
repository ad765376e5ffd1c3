"""What the register does for its files beside selling: room, checks, pruning."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from edge_agent.errors import AgentError
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.forgotten import Forgetting
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.retention import Retention
from edge_agent.ledger.storage import Storage, sale_bytes
from edge_agent.ledger.verify import Progress, Verification
from sync.errors import LocalStoreFailed

LOOK_S = 2.0
SETTLE_S = 1.0
"""The first sale after a start has the processor for itself."""
CHECK_S = 3600.0
PRUNE_S = 3600.0
FORGET_S = 1200.0
"""Somebody who is missed in two passes is gone from every file within the hour."""
KEEP_BROKEN_S = 1800.0
PAUSE_S = 0.01
_FAILURES = (sqlite3.Error, AgentError, LocalStoreFailed, OSError)


@dataclass(frozen=True, slots=True)
class CheckState:
    """The last whole check of the ledger, or the one that runs (`part`, `done` rows of it)."""

    running: bool = False
    part: str = ""
    done: int = 0
    finished_at: str = ""
    faults: int = 0

    def __str__(self) -> str:
        if self.running:
            return f"reading {self.part}, {self.done} rows so far"
        if not self.finished_at:
            return "not yet"
        return f"{self.faults} faults" if self.faults else "whole"


class Upkeep:
    """One thread with its jobs in turn. `stamp` and `now` are the corrected clock."""

    def __init__(
        self,
        ledger: Ledger,
        cache: Cache,
        storage: Storage,
        retention: Retention,
        now: Callable[[], datetime],
        stamp: Callable[[], str],
    ) -> None:
        self._forgetting = Forgetting(ledger, cache)
        self._logs_due = False
        self._ledger = ledger
        self._cache = cache
        self._storage = storage
        self._retention = retention
        self._now = now
        self._stamp = stamp
        self._stop = threading.Event()
        self._progress = Progress()
        self._last = CheckState()
        self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)

    @property
    def check(self) -> CheckState:
        """How the check of the ledger stands."""
        if not self._last.running:
            return self._last
        progress = self._progress
        return CheckState(
            True, progress.part, progress.done, self._last.finished_at, len(progress.faults)
        )

    def start(self) -> None:
        """Begin: the first whole check is made a second later, beside the first sales."""
        self._thread.start()

    def stop(self) -> None:
        """End between two slices of whatever runs; safe before `start`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        jobs = ((self.check_files, CHECK_S), (self.prune, PRUNE_S), (self.forget, FORGET_S))
        due = [0.0] * len(jobs)
        self._storage.look()
        self._stop.wait(SETTLE_S)
        while not self._stop.is_set():
            self._storage.look()
            for number, (job, every_s) in enumerate(jobs):
                if time.monotonic() >= due[number]:
                    self._guarded(job)
                    due[number] = time.monotonic() + every_s
            if self._logs_due:
                self._guarded(self.empty_logs)
            self._stop.wait(LOOK_S)

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except _FAILURES as error:
            if not self._stop.is_set():
                emit(Event.UPKEEP_FAILED, problem=f"{type(error).__name__}: {error}")

    def check_files(self) -> Progress:
        """One check cycle: the whole ledger, then the whole cache, which heals itself."""
        started = time.monotonic()
        self._progress = Progress()
        self._last = CheckState(running=True, finished_at=self._last.finished_at)
        try:
            with closing(connect_reader(self._ledger.path)) as connection:
                check = Verification(connection)
                self._progress = check.progress
                for _ in check.slices():
                    if self._pause():
                        return check.progress
                self._storage.measured(sale_bytes(connection))
        except _FAILURES as error:
            self._progress.fault(f"unreadable: {error}")
        self._finish(self._progress, started)
        self._cache.check(self._pause)
        return self._progress

    def _finish(self, found: Progress, started: float) -> None:
        self._last = CheckState(finished_at=self._stamp(), faults=len(found.faults))
        self._ledger.judged(found.faults)
        self._storage.damaged(bool(found.faults))
        if found.faults:
            emit(Event.LEDGER_DAMAGED, faults=found.faults[:5], of=len(found.faults))
        else:
            took_ms = round((time.monotonic() - started) * 1000)
            emit(Event.LEDGER_CHECKED, facts=found.facts, rows=found.rows, took_ms=took_ms)

    def prune(self) -> int:
        """Let go of what is old and acknowledged, in small transactions; how many rows."""
        gone = 0
        while some := self._retention.prune_some(self._now()):
            gone += some
            if self._pause():
                break
        if gone:
            emit(Event.LEDGER_PRUNED, rows=gone)
        return gone

    def forget(self) -> int:
        """Blank what stands here of erased people, and have the logs emptied; texts changed."""
        changed = self._forgetting.run(self._pause)
        self._cache.drop_broken(KEEP_BROKEN_S)
        if changed:
            emit(Event.PEOPLE_FORGOTTEN, texts=changed)
        self._logs_due = True
        return changed

    def empty_logs(self) -> bool:
        """Cut both logs to nothing; asked again at the next look when somebody reads."""
        done = [self._ledger.empty_log(), self._cache.empty_log()]
        self._logs_due = not all(done)
        return all(done)

    def _pause(self) -> bool:
        """Let sales go first; True when the agent stops."""
        return self._stop.wait(PAUSE_S)
