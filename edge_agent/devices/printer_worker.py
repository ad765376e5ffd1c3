"""The fiscal printer's thread: one document at a time, and the truth about each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from drivers.base import (
    DeviceJournal,
    FiscalPrinter,
    PrinterProfile,
    PrinterStatus,
    PrintJob,
    PrintOutcome,
)
from drivers.errors import DeviceError, DeviceUnavailable
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.panel_state import DeviceState
from edge_agent.ports import PrintJobRow
from edge_agent.usecases.record_print import PaperVerdict

STATUS_EVERY_S = 10.0
WAKE_S = 1.0


class PaperDesk(Protocol):
    """The till's side of printing."""

    def next_job(self) -> PrintJobRow | None: ...
    def start_printing(self, job_id: str) -> None: ...
    def record_print(self, verdict: PaperVerdict) -> None: ...


class PrinterWorker:
    """Owns one fiscal printer.

    A job found in `printing` was interrupted: it is reconciled with the device's own counters,
    and printed again only by a person's order. A job that cannot start because nobody answers
    becomes `not_printed` and waits for the cashier."""

    def __init__(
        self,
        open_device: Callable[[], FiscalPrinter],
        journal: DeviceJournal,
        desk: PaperDesk,
        compose: Callable[[PrintJobRow, PrinterProfile], PrintJob],
        on_state: Callable[[DeviceState], None],
    ) -> None:
        self._open = open_device
        self._journal = journal
        self._desk = desk
        self._compose = compose
        self._on_state = on_state
        self._device: FiscalPrinter | None = None
        self._lost = False
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="device-printer", daemon=True)

    def start(self) -> None:
        """Begin with what was left over from before."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to print."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the document at hand and release the port."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=15)

    def _work(self) -> None:
        idle_s = STATUS_EVERY_S
        while not self._stopping:
            job = self._desk.next_job()
            if job is not None and self._handle(job):
                idle_s = 0.0
                continue
            if idle_s >= STATUS_EVERY_S:
                self._look()
                idle_s = 0.0
            if self._wake.wait(WAKE_S):
                self._wake.clear()
            else:
                idle_s += WAKE_S
        self._release()

    def _handle(self, job: PrintJobRow) -> bool:
        """Work on a job; False when it has to wait for the device."""
        interrupted = job.state == "printing"
        device = self._connected()
        if device is None:
            if interrupted:
                return False
            self._desk.record_print(PaperVerdict(job.job_id, "not_printed", reason="no_link"))
            return True
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
        self._record(job, outcome)
        return True

    def _record(self, job: PrintJobRow, outcome: PrintOutcome) -> None:
        self._desk.record_print(
            PaperVerdict(
                job.job_id,
                outcome.verdict,
                outcome.fiscal_number,
                outcome.reason,
                dict(outcome.evidence),
            )
        )
        if outcome.verdict != "printed":
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
        try:
            self._on_state(_state_of(device.status()))
        except DeviceError as error:
            self._dropped(error)

    def _dropped(self, error: DeviceError) -> None:
        if not self._lost:
            emit(Event.DEVICE_LOST, device="printer", problem=str(error))
        self._lost = True
        self._release()
        self._on_state("offline")

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
