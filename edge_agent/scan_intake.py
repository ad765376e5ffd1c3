"""From the reader to the desk: one scan at a time, none into another buyer's sale."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Literal, Protocol

from drivers.base import ScanSignal
from edge_agent.identification import Identified
from edge_agent.panel_state import ScanTold
from edge_agent.scan_queue import MAX_HOLD_S, HeldScan, ScanQueue
from edge_agent.scanner_report import ScannerReport
from loyalty.member import ScanSource

Takes = Literal["", "text", "badge"]
"""What the question on the screen does with a scan: nothing, reads it, asks whose badge it is."""


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
        self._takes: Takes = ""
        self._taken_until_s = 0.0
        self._badge = ""
        self._tellings = 0

    def heard(self, text: str, symbology: str, source: ScanSource = "scanner") -> ScanSignal:
        """A scan: done at once, or after the question. What the reader should sound is what the
        code is, whenever it is acted on."""
        with self._lock:
            now_s = self._monotonic()
            waits = self._taking(now_s) != "badge" and self._queue.must_wait(now_s)
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

    def question(self, is_open: bool, takes: Takes = "") -> None:
        """The screen asks the cashier something, or has its answer; a minute later it is as if it
        had one, unless it says again that the question stands.

        A question that takes a text is told it. One that takes a badge is told that one came; its
        text stays here for `take_badge`. Behind any other question scans wait."""
        with self._lock:
            now_s = self._monotonic()
            if not is_open or takes != self._taking(now_s):
                self.told, self._badge = None, ""
            self._takes = takes if is_open else ""
            self._taken_until_s = now_s + MAX_HOLD_S
            if is_open and takes != "text":
                self._queue.hold(now_s)
                return
            self._queue.release(now_s)
        self._deliver()

    def take_badge(self) -> str:
        """The badge that was scanned for the question that stands, once; "" for none."""
        with self._lock:
            is_asked = self._taking(self._monotonic()) == "badge"
            badge, self._badge = self._badge, ""
            return badge if is_asked else ""

    def _taking(self, now_s: float) -> Takes:
        return self._takes if now_s < self._taken_until_s else ""

    def taken(self, text: str) -> Identified | None:
        """What a scan is that is neither a buyer's nor a good's: somebody's badge, or the answer
        to the question that stands. Whatever is scanned where a badge is asked for is no sale's."""
        if self._tell_badge(text) or self.is_badge(text):
            return Identified("badge", "badge:****")
        with self._lock:
            if self._taking(self._monotonic()) != "text":
                return None
            self._tellings += 1
            self.told = ScanTold(number=self._tellings, text=text)
        self._desk.push()
        return Identified("answer", "answer:****")

    def _tell_badge(self, text: str) -> bool:
        with self._lock:
            if self._taking(self._monotonic()) != "badge":
                return False
            self._tellings += 1
            self._badge, self.told = text, ScanTold(number=self._tellings, text="")
        self._desk.push()
        return True

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
