"""What the shift's use cases are told about the register, and what they need of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from edge_agent.clock import Clock
from edge_agent.ports import PrintJobRow
from edge_agent.shift.rows import ActRow, ShiftRow, SignInRow
from sync.contract.staff import FeedStaff, WireShiftTotals

Owner = Literal["device", "slip", "pos", "none"]


class ShiftStore(Protocol):
    """One ledger transaction; nothing here commits."""

    def open_shift(self) -> ShiftRow | None: ...
    def last_shift(self) -> ShiftRow | None: ...
    def shift(self, shift_id: str) -> ShiftRow | None: ...
    def put_shift(self, row: ShiftRow) -> None: ...
    def put_act(self, row: ActRow) -> None: ...
    def act(self, job_id: str) -> ActRow | None: ...
    def next_act(self) -> ActRow | None: ...
    def undecided_acts(self) -> list[ActRow]: ...
    def latest_act(self, shift_id: str) -> ActRow | None: ...
    def signed_in(self) -> SignInRow | None: ...
    def sign_in(self, cashier_id: str) -> SignInRow: ...
    def put_sign_in(self, row: SignInRow) -> None: ...
    def head(self) -> tuple[int, int]: ...
    def has_sold_after(self, after: tuple[int, int]) -> bool: ...
    def shift_totals(self, after: tuple[int, int], until: tuple[int, int]) -> WireShiftTotals: ...
    def waiting_print_jobs(self) -> list[PrintJobRow]: ...
    def append_fact(
        self, kind: str, body: Mapping[str, Any] | bytes, at: str
    ) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class ShiftContext:
    """The register's surroundings at one call.

    `owner` says whose printer makes the Z: `device` is ours, with `pos` we only observe, and with
    `slip` nobody's does: a receipt printer of ours prints the loyalty slip alone. `staff`
    is the centre's list, empty where the store signs nobody in. `boot` and `mono_ms` are the
    machine's run and its monotonic clock."""

    clock: Clock
    owner: Owner
    staff: tuple[FeedStaff, ...]
    boot: str
    mono_ms: int

    def person(self, cashier_id: str) -> FeedStaff | None:
        """Who that is, `None` for somebody the list does not hold."""
        return next((each for each in self.staff if each.cashier_id == cashier_id), None)
