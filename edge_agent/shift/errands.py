"""The printer's thread at the shift: one act at a time, and the truth about each."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from drivers.base import DeviceJournal, FiscalPrinter, PrintOutcome, Verdict
from drivers.errors import DeviceError, DeviceUnavailable
from drivers.shift import KeepsUnsent, ShiftJob, ShiftPrinter, ShiftState, SlipPrinter
from edge_agent.shift.rows import ActRow
from loyalty.receipt import SlipRow

NO_LINK = "no_link"
PATIENCE_S = 20.0
"""How long an interrupted act waits for a printer that does not answer, before it is told as
unknown; asked for again, it is still decided by the counter."""
LOOK_EVERY_S = 300.0


class ActDesk(Protocol):
    """The shift's side of it."""

    def next_act(self) -> ActRow | None: ...
    def start_act(self, job_id: str) -> None: ...
    def record_act(self, job_id: str, outcome: PrintOutcome) -> None: ...
    def slip_of(self, act: ActRow) -> tuple[str, ...]: ...
    def rows_of(self, act: ActRow, width: int) -> tuple[SlipRow, ...]: ...
    def device_told(self, state: ShiftState) -> None: ...
    def unsent_told(self, minutes: int) -> None: ...


class ShiftErrands:
    """Acts on the shift of the printer that a worker owns; only its thread calls this."""

    def __init__(
        self,
        desk: ActDesk,
        journal: DeviceJournal,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._now = monotonic
        self._doubt_since: float | None = None
        self._looked_at: float | None = None
        self._counted_at: float | None = None

    def run_next(self, connect: Callable[[], FiscalPrinter | None]) -> bool:
        """Do or reconcile one act; false when there is none, or it has to wait for the printer.

        Raises `DeviceUnavailable` when the printer went away in the act."""
        act = self._desk.next_act()
        if act is None:
            return False
        device = connect()
        interrupted = act.state == "printing"
        if device is None:
            return self._without_device(act, interrupted)
        step = self._step(device, act, interrupted)
        if step is None:
            self._record(act, PrintOutcome("not_printed", reason="no_shift_printer"))
            return True
        if not interrupted:
            self._desk.start_act(act.job_id)
        try:
            outcome = step()
        except DeviceUnavailable:
            raise
        except DeviceError as error:
            outcome = PrintOutcome("unknown", reason=error.code, vendor_code=error.vendor_code)
        if outcome.verdict == "unknown" and outcome.reason == NO_LINK and self._may_come_back():
            raise DeviceUnavailable(NO_LINK, "the printer stopped answering in an act on the shift")
        self._record(act, outcome)
        self._looked_at = None
        with suppress(DeviceError):
            self.look(device)
        return True

    def look(self, device: FiscalPrinter) -> None:
        """Ask the device about its shift every few minutes, and after each act."""
        if isinstance(device, ShiftPrinter) and self._is_due(self._looked_at):
            self._looked_at = self._now()
            self._desk.device_told(device.shift_state())

    def count_unsent(self, device: FiscalPrinter) -> None:
        """Look every few minutes at what the journal keeps for the tax service; with no link to
        the device it grows old all the same."""
        if isinstance(device, KeepsUnsent) and self._is_due(self._counted_at):
            self._counted_at = self._now()
            self._desk.unsent_told(device.unsent_min(self._journal))

    def _is_due(self, last: float | None) -> bool:
        return last is None or self._now() - last >= LOOK_EVERY_S

    def _step(
        self, device: FiscalPrinter, act: ActRow, interrupted: bool
    ) -> Callable[[], PrintOutcome] | None:
        """What this printer does about the act, `None` for nothing."""
        journal = self._journal
        if isinstance(device, ShiftPrinter):
            printer, lines = device, () if interrupted else self._desk.slip_of(act)
            job = ShiftJob(act.job_id, act.action, act.amount_minor, lines)
            act_on = printer.reconcile_shift if interrupted else printer.run_shift
            return lambda: act_on(job, journal)
        if not isinstance(device, SlipPrinter) or act.action not in ("x", "z"):
            return None
        slips, slip_id = device, f"shift.{act.job_id}"
        if interrupted:
            return lambda: slips.reconcile_slip(slip_id, journal)
        rows = self._desk.rows_of(act, device.profile.line_width)
        return lambda: slips.print_slip(slip_id, rows, journal)

    def _without_device(self, act: ActRow, interrupted: bool) -> bool:
        if interrupted and self._may_come_back():
            return False
        verdict: Verdict = "unknown" if interrupted else "not_printed"
        self._record(act, PrintOutcome(verdict, reason=NO_LINK))
        return True

    def _may_come_back(self) -> bool:
        if self._doubt_since is None:
            self._doubt_since = self._now()
        return self._now() - self._doubt_since < PATIENCE_S

    def _record(self, act: ActRow, outcome: PrintOutcome) -> None:
        self._doubt_since = None
        self._desk.record_act(act.job_id, outcome)
