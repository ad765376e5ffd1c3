"""What a fiscal printer of any protocol must be able to do and to tell, for a job to come out once.

A family implements `Machine` over its own link; everything about jobs, journals, baselines and
verdicts stands beside this module and knows no protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.base import DeviceInfo, DeviceJournal, Paper, PrinterStatus
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, Sale
from drivers.shift import ShiftState


@dataclass(frozen=True, slots=True)
class Counters:
    """What the printer has counted: documents, fiscal sales, fiscal refunds, everything printed.

    `one_series` says that sales and refunds share the counter `sales`. Where the printer sums the
    shift up, `sold_minor` and `refunded_minor` are those sums in kopecks; a receipt's own sum is
    then their difference. `counts_cancelled` says that a cancelled receipt takes a number too. A
    counter that a printer does not have stays 0."""

    documents: int
    sales: int
    refunds: int
    printed: int
    sold_minor: int | None = None
    refunded_minor: int | None = None
    one_series: bool = False
    counts_cancelled: bool = False

    def __str__(self) -> str:
        sums = [] if self.sold_minor is None else [self.sold_minor, self.refunded_minor]
        return ",".join(map(str, [self.documents, self.sales, self.refunds, self.printed, *sums]))

    def same_fiscal(self, other: Counters, cancelled: int = 0) -> bool:
        """No fiscal document, sale or refund, lies between the two, but `cancelled` receipts."""
        taken = cancelled if self.counts_cancelled else 0
        return (self.sales - taken, self.refunds) == (other.sales, other.refunds)

    def of_kind(self, kind: str) -> int:
        """The counter that a document of this kind moves by one."""
        return self.refunds if kind == "return" and not self.one_series else self.sales

    def other_moved(self, kind: str, since: Counters) -> bool:
        """A document of the other kind was counted since then."""
        if self.one_series:
            return False
        other = "sale" if kind == "return" else "return"
        return self.of_kind(other) != since.of_kind(other)

    def sum_since(self, kind: str, since: Counters) -> int | None:
        """Kopecks that documents of this kind added since then, `None` when nobody sums them."""
        if self.sold_minor is None or since.sold_minor is None:
            return None
        if kind == "return":
            return (self.refunded_minor or 0) - (since.refunded_minor or 0)
        return self.sold_minor - since.sold_minor


@dataclass(frozen=True, slots=True)
class Transaction:
    """The open receipt, or the last one: its sum and what is paid on it. Kopecks.

    The sum is `None` where the device tells none; `closed_last` is false where it tells that the
    last thing it did was not to close a receipt."""

    is_open: bool
    amount_minor: int | None
    paid_minor: int
    closed_last: bool = True


class MachineStatus(Protocol):
    """State flags as every protocol gives them; `raw` is the device's own bytes, for evidence."""

    @property
    def raw(self) -> str: ...
    @property
    def paper_out(self) -> bool: ...
    @property
    def cover_open(self) -> bool: ...
    @property
    def journal_full(self) -> bool: ...
    @property
    def fiscal_open(self) -> bool: ...
    @property
    def nonfiscal_open(self) -> bool: ...
    @property
    def return_open(self) -> bool: ...
    @property
    def halted(self) -> bool:
        """Printing of something already counted has stopped, for want of paper."""

    @property
    def anything_open(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    def public(self) -> PrinterStatus: ...


@dataclass(frozen=True, slots=True)
class PlainStatus:
    """`MachineStatus` of a protocol that tells its state in few flags."""

    raw: str
    paper_out: bool = False
    paper_low: bool = False
    cover_open: bool = False
    journal_full: bool = False
    fiscal_open: bool = False
    nonfiscal_open: bool = False
    return_open: bool = False
    halted: bool = False
    error: str = ""

    @property
    def anything_open(self) -> bool:
        """A receipt of any kind is open."""
        return self.fiscal_open or self.nonfiscal_open

    @property
    def reason(self) -> str:
        """Stable code of the first thing that is wrong, "" when nothing is."""
        if self.paper_out:
            return "paper_out"
        if self.cover_open:
            return "cover_open"
        return "journal_full" if self.journal_full else self.error

    def public(self) -> PrinterStatus:
        """The same for the agent."""
        paper: Paper = "out" if self.paper_out else "low" if self.paper_low else "ok"
        return PrinterStatus(
            online=True,
            paper=paper,
            fiscal_open=self.fiscal_open,
            nonfiscal_open=self.nonfiscal_open,
            error=self.reason,
            raw=self.raw,
        )


class Machine(Protocol):
    """A recognised printer on an open link. `status` is what came with its last answer.

    Every call raises `DeviceRefused` (it said no, and has done nothing), `DeviceUnavailable` (no
    answer: it may have acted) or `FrameError` (an answer nobody can read)."""

    @property
    def status(self) -> MachineStatus: ...

    def bind(self, journal: DeviceJournal, /) -> None:
        """Keep what must outlive the process (SEQ, task ids) in `journal`."""

    def refresh(self) -> MachineStatus:
        """Ask for the state: harmless, and the first thing after any doubt. Resumes a halted
        print when there is paper again."""

    def diagnose(self) -> DeviceInfo:
        """Identify the device."""

    def counters(self) -> Counters:
        """What proves that a document came out."""

    def transaction(self) -> Transaction:
        """The open or the last receipt."""

    def prepare(self, plan: ReceiptPlan, journal: DeviceJournal, /) -> None:
        """Everything that needs no open receipt, such as cashier and articles."""

    def open_receipt(self, plan: ReceiptPlan) -> None:
        """Open a sale or a return."""

    def sell(self, sale: Sale) -> None:
        """One line of goods."""

    def take_off(self, amount_minor: int) -> None:
        """A discount on the whole receipt."""

    def print_text(self, line: str) -> None:
        """A line inside the fiscal receipt."""

    def finish(self, plan: ReceiptPlan | None, paid_minor: int, /) -> dict[str, str]:
        """Pay what is not paid yet and close; returns what is worth noting.

        Without a plan everything is paid already, and only the end is missing."""

    def cancel_receipt(self) -> None:
        """Only ever for a receipt that this driver opened."""

    def open_slip(self) -> None:
        """Begin a service slip."""

    def print_slip_line(self, line: str) -> None:
        """A line of a service slip."""

    def print_qr(self, payload: str, /) -> None:
        """A QR code on the open slip."""

    def close_slip(self) -> None:
        """End the service slip."""

    def shift_state(self) -> ShiftState:
        """What the device tells of its shift; asked with nothing open."""

    def open_shift(self) -> None:
        """Open the shift; refused with `OPENS_ITSELF` where its first receipt does that."""

    def report(self, closing: bool, /) -> None:
        """An X report, or the Z report that ends the shift."""

    def move_cash(self, amount_minor: int, /) -> None:
        """Service cash into (above 0) or out of the drawer."""
