"""From the reader to the desk: one scan at a time, none into another buyer's sale."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Protocol

from drivers.base import ScanSignal
from edge_agent.identification import Identified
from edge_agent.panel_state import ScanTold
from edge_agent.scan_queue import MAX_HOLD_S, HeldScan, ScanQueue
from edge_agent.scanner_report import ScannerReport
from loyalty.member import ScanSource


class Acting(Protocol):
    """The desk, as far as scans go."""

    def identify(self, text: str, symbology: str, source: ScanSource) -> Identified: ...
    def scanned(self, text: str, symbology: str, source: ScanSource) -> Identified: ...
    def open_sale_id(self) -> str: ...
    def scans_dropped(self) -> None: ...
    def push(self) -> None: ...


class ScanIntake:
    """Holds scans back while a question stands on the screen. Called from any thread; `lock` is
    the desk's own."""

    def __init__(self, desk: Acting, lock: RLock, monotonic: Callable[[], float]) -> None:
        self._desk = desk
        self._lock = lock
        self._monotonic = monotonic
        self._queue = ScanQueue()
        self.report = ScannerReport()
        self.is_badge: Callable[[str], bool] = lambda _text: False
        self.told: ScanTold | None = None
        self._taken_until_s = 0.0
        self._tellings = 0

    def heard(self, text: str, symbology: str, source: ScanSource = "scanner") -> ScanSignal:
        """A scan: done at once, or after the question. What the reader should sound is what the
        code is, whenever it is acted on."""
        with self._lock:
            now_s = self._monotonic()
            waits = self._queue.must_wait(now_s)
            if waits:
                sale_id = self._desk.open_sale_id()
                self._queue.put(HeldScan(text, symbology, sale_id, now_s, source))
        if not waits:
            found = self._desk.scanned(text, symbology, source)
        else:
            self._deliver()
            found = self._desk.identify(text, symbology, source)
        self.report.note(found.masked, symbology, found.reason)
        return found.signal

    def question(self, is_open: bool, takes_scan: bool = False) -> None:
        """The screen asks the cashier something, or has its answer. A question that takes scans is
        told their text, for a minute at most; behind any other they wait."""
        with self._lock:
            now_s = self._monotonic()
            self.told = None
            self._taken_until_s = now_s + MAX_HOLD_S if is_open and takes_scan else 0.0
            if is_open and not takes_scan:
                self._queue.hold(now_s)
                return
            self._queue.release(now_s)
        self._deliver()

    def taken(self, text: str) -> Identified | None:
        """What a scan is that is neither a buyer's nor a good's: somebody's badge, or the answer
        to the question that stands."""
        if self.is_badge(text):
            return Identified("badge", "badge:****")
        with self._lock:
            if self._monotonic() >= self._taken_until_s:
                return None
            self._tellings += 1
            self.told = ScanTold(number=self._tellings, text=text)
        self._desk.push()
        return Identified("answer", "answer:****")

    def next_buyer(self) -> None:
        """A new sale began."""
        self._queue.clear()
        self._tell()

    def _deliver(self) -> None:
        with self._lock:
            while scan := self._queue.take(self._monotonic(), self._desk.open_sale_id()):
                self._desk.scanned(scan.text, scan.symbology, scan.source)
            self._tell()

    def _tell(self) -> None:
        if self._queue.told():
            self._desk.scans_dropped()
