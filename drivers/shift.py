"""The shift of a fiscal printer: opening it, X and Z reports, service cash, and what it tells.

A report or a movement of cash comes out once, like a receipt: `run_shift` decides by the device's
own counters, so that a Z whose answer was lost is never made a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

from drivers.base import DeviceJournal, PrintOutcome
from loyalty.receipt import SlipRow

ShiftAction = Literal["open", "x", "z", "cash_in", "cash_out"]

MAX_CASH_MINOR: Final = 99_999_999
MINUTES_OF_A_SHIFT: Final = 24 * 60
"""No receipt after that many minutes without a Z: law 265/95, and the firmware refuses it."""
MINUTES_OF_A_BLOCK: Final = 72 * 60
"""A register sells no more once a document has waited that long for the tax service."""
OPENS_ITSELF: Final = "shift_opens_itself"
"""Refusal of `open` by a device whose shift begins with its first receipt."""
NOT_OPEN: Final = "shift_not_open"
"""Refusal of `z` by a device that says that no shift is open: there is nothing to close."""


@dataclass(frozen=True, slots=True)
class ShiftState:
    """What a device tells of its shift; `None` where it tells nothing. Kopecks and minutes.

    `z_reports` rises by one with every Z. `cash_in_minor` and `cash_out_minor` are service cash
    of this shift, `untransmitted_min` the age of the oldest document that the tax service has not
    got, `last_done` a name of the last command that the device carried out."""

    z_reports: int
    is_open: bool | None = None
    age_min: int | None = None
    untransmitted_min: int | None = None
    cash_minor: int | None = None
    cash_in_minor: int | None = None
    cash_out_minor: int | None = None
    last_done: str | None = None

    @property
    def is_over(self) -> bool:
        """The shift is known to be older than the device lets it be."""
        return self.age_min is not None and self.age_min >= MINUTES_OF_A_SHIFT


@dataclass(frozen=True, slots=True)
class ShiftJob:
    """One act on the shift, done exactly once; `job_id` never changes between attempts.

    `amount_minor` is the service cash, above 0. `lines` follow a report on a slip of their own."""

    job_id: str
    action: ShiftAction
    amount_minor: int = 0
    lines: tuple[str, ...] = ()


@runtime_checkable
class ShiftPrinter(Protocol):
    """A fiscal printer whose shift can be kept from here."""

    def shift_state(self) -> ShiftState:
        """What it tells of its shift; raises like `FiscalPrinter.status`."""

    def run_shift(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """Do it once. `fiscal_number` of a Z is its number. A device's "no" is an outcome."""

    def reconcile_shift(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """Decide, after a crash or a lost link, whether it was done; does nothing itself."""

    def close(self) -> None:
        """Release the port."""


@runtime_checkable
class KeepsUnsent(Protocol):
    """A printer whose journal holds what the tax service has not got yet."""

    def unsent_min(self, journal: DeviceJournal) -> int:
        """Minutes since the oldest such document was made, 0 when none waits; asks nobody, so it
        is known without a link as well."""


@runtime_checkable
class SlipPrinter(Protocol):
    """A printer that keeps no shift and prints a slip about one."""

    def print_slip(
        self, slip_id: str, rows: tuple[SlipRow, ...], journal: DeviceJournal
    ) -> PrintOutcome:
        """Print the rows once; `slip_id` never changes between attempts."""

    def reconcile_slip(self, slip_id: str, journal: DeviceJournal) -> PrintOutcome:
        """Decide, after a crash or a lost link, whether it came out; prints nothing."""
