"""The fiscal printer's thread: one document at a time, and the truth about each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar, runtime_checkable

from drivers.base import (
    DeviceJournal,
    FiscalPrinter,
    PrinterProfile,
    PrinterStatus,
    PrintJob,
    PrintOutcome,
    Verdict,
)
from drivers.errors import DeviceError, DeviceRefused, DeviceUnavailable
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.panel_state import DeviceState
from edge_agent.ports import PrintJobRow
from edge_agent.shift.errands import ShiftErrands
from edge_agent.usecases.record_print import PaperVerdict

T = TypeVar("T")
NO_LINK = "no_link"
STATUS_EVERY_S = 10.0
WAKE_S = 1.0
LINK_PATIENCE_S = 20.0
"""How long an interrupted document waits for a printer that does not answer, before a person is
asked: its counters know more than anybody's eyes."""


@runtime_checkable
class Delivering(Protocol):
    """A printer that keeps documents of its own until it has a link."""

    def deliver(self, journal: DeviceJournal) -> int: ...


class PaperDesk(Protocol):
    """The till's side of printing."""

    def next_job(self) -> PrintJobRow | None: ...
    def start_printing(self, job_id: str) -> None: ...
    def record_print(self, verdict: PaperVerdict) -> None: ...


class NoPrinter(Exception):
    """The printer does not answer, or this kind cannot do what was asked."""


class PrinterWorker:
    """Owns one fiscal printer.

    A job found in `printing` was interrupted, by a crash or a lost link: it is reconciled with
    the device's own counters as soon as they can be read, and printed again only by a person's
    order. A job that cannot start because nobody answers becomes `not_printed` and waits for the
    cashier."""

    def __init__(
        self,
        open_device: Callable[[], FiscalPrinter],
        journal: DeviceJournal,
        desk: PaperDesk,
        compose: Callable[[PrintJobRow, PrinterProfile], PrintJob],
        on_state: Callable[[DeviceState], None],
        shift: ShiftErrands | None = None,
    ) -> None:
        self._shift = shift
        self._open = open_device
        self._journal = journal
        self._desk = desk
        self._compose = compose
        self._on_state = on_state
        self._device: FiscalPrinter | None = None
        self._lost = False
        self._shown: DeviceState = "none"
        self._idle_s = STATUS_EVERY_S
        self._doubt_since: float | None = None
        self._wake = threading.Event()
        self._errands: SimpleQueue[tuple[Callable[..., Any], Future[Any]]] = SimpleQueue()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="device-printer", daemon=True)

    def start(self) -> None:
        """Begin with what was left over from before."""
        self._thread.start()

    def errand(self, work: Callable[[FiscalPrinter, DeviceJournal], T]) -> Future[T]:
        """Do something with the printer between two jobs, on its own thread."""
        done: Future[T] = Future()
        self._errands.put((work, done))
        self._wake.set()
        return done

    def _run_errands(self) -> None:
        while not self._errands.empty():
            work, done = self._errands.get_nowait()
            device = self._connected()
            try:
                if device is None:
                    raise NoPrinter("the printer does not answer")
                done.set_result(work(device, self._journal))
            except (DeviceError, NoPrinter) as error:
                done.set_exception(error)

    def wake(self) -> None:
        """There is something to print."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the document at hand and release the port."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=15)

    def _work(self) -> None:
        while not self._stopping:
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - a full disk must not end the thread
                emit(Event.DEVICE_FAILED, device="printer", error=error)
                self._pause()
        self._release()

    def _round(self) -> None:
        self._run_errands()
        job = self._desk.next_job()
        if (job is None or job.state == "queued") and self._shift_act():
            self._idle_s = 0.0
            return
        if job is not None and self._handle(job):
            self._idle_s = 0.0
            return
        if self._idle_s >= STATUS_EVERY_S:
            self._look()
            self._idle_s = 0.0
        self._pause()

    def _shift_act(self) -> bool:
        """An act on the shift goes before receipts that wait: they belong to the next one."""
        if self._shift is None:
            return False
        try:
            return self._shift.run_next(self._connected)
        except DeviceUnavailable as error:
            self._dropped(error)
            return False

    def _pause(self) -> None:
        if self._wake.wait(WAKE_S):
            self._wake.clear()
        else:
            self._idle_s += WAKE_S

    def _handle(self, job: PrintJobRow) -> bool:
        """Work on a job; False when it has to wait for the device."""
        interrupted = job.state == "printing"
        device = self._connected()
        if device is None:
            return self._without_device(job, interrupted)
        work = self._compose(job, device.profile)
        if not interrupted:
            self._desk.start_printing(job.job_id)
        try:
            step = device.reconcile if interrupted else device.print_receipt
            outcome = step(work, self._journal)
        except DeviceUnavailable as error:
            self._dropped(error)
            return False
        except DeviceError as error:
            outcome = PrintOutcome("unknown", reason=error.code, vendor_code=error.vendor_code)
        if outcome.verdict == "unknown" and outcome.reason == NO_LINK and self._may_come_back():
            self._dropped(DeviceUnavailable(NO_LINK, "the printer stopped answering in a document"))
            return False
        self._record(job, outcome)
        return True

    def _without_device(self, job: PrintJobRow, interrupted: bool) -> bool:
        if interrupted and self._may_come_back():
            return False
        verdict: Verdict = "unknown" if interrupted else "not_printed"
        self._doubt_since = None
        self._desk.record_print(PaperVerdict(job.job_id, verdict, reason=NO_LINK))
        return True

    def _may_come_back(self) -> bool:
        """The interrupted job at hand has not waited for its printer long enough."""
        if self._doubt_since is None:
            self._doubt_since = time.monotonic()
        return time.monotonic() - self._doubt_since < LINK_PATIENCE_S

    def _record(self, job: PrintJobRow, outcome: PrintOutcome) -> None:
        self._doubt_since = None
        self._desk.record_print(
            PaperVerdict(
                job.job_id,
                outcome.verdict,
                outcome.fiscal_number,
                outcome.reason,
                dict(outcome.evidence),
            )
        )
        if outcome.verdict != "printed" or self._shown != "ok":
            self._look()

    def _connected(self) -> FiscalPrinter | None:
        if self._device is None:
            try:
                self._device = self._open()
            except DeviceError as error:
                self._dropped(error)
                return None
            if self._lost:
                emit(Event.DEVICE_BACK, device="printer")
                self._lost = False
        return self._device

    def _look(self) -> None:
        device = self._connected()
        if device is None:
            return
        if self._shift is not None:
            self._shift.count_unsent(device)
        try:
            self._show(_state_of(device.status()))
            self._deliver(device)
            if self._shift is not None:
                self._shift.look(device)
        except DeviceError as error:
            self._dropped(error)

    def _deliver(self, device: FiscalPrinter) -> None:
        """What was made without a link goes out as soon as there is one, though nobody sells."""
        if isinstance(device, Delivering):
            try:
                device.deliver(self._journal)
            except (DeviceRefused, ValueError) as error:
                emit(Event.DEVICE_FAILED, device="printer", error=error)

    def _dropped(self, error: DeviceError) -> None:
        if not self._lost:
            emit(Event.DEVICE_LOST, device="printer", problem=str(error))
        self._lost = True
        self._release()
        self._show("offline")

    def _show(self, state: DeviceState) -> None:
        self._shown = state
        self._on_state(state)

    def _release(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None


def _state_of(status: PrinterStatus) -> DeviceState:
    if not status.online:
        return "offline"
    if status.paper in ("out", "low"):
        return status.paper
    return "error" if status.error else "ok"
