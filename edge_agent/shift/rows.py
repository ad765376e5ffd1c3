"""Rows of the shift as the ledger keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.shift import ShiftAction

ActState = Literal["queued", "printing", "printed", "not_printed", "unknown"]
NOBODY = "*"
"""Stands for every person that no list knows, where wrong attempts are counted."""


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """One shift. To it belong the facts after `after` up to `until`, both (epoch, seq).

    `boot` and `opened_ms` place its beginning on the machine's monotonic clock. `totals` is JSON of
    `WireShiftTotals` once it is closed."""

    shift_id: str
    number: int
    state: Literal["open", "closed"]
    opened_at: str
    opened_by: str
    boot: str
    opened_ms: int
    after_epoch: int
    after_seq: int
    until_epoch: int | None = None
    until_seq: int | None = None
    closed_at: str | None = None
    closed_by: str | None = None
    z_number: str = ""
    totals: str | None = None


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act on the device's shift. `body` is JSON of `ActBody`, made when it was asked for."""

    job_id: str
    shift_id: str
    action: ShiftAction
    state: ActState
    amount_minor: int
    cashier_id: str
    body: str
    fiscal_number: str
    reason: str
    evidence: str
    created_at: str
    decided_at: str | None = None

    @property
    def is_undecided(self) -> bool:
        """Nobody knows yet whether it was done."""
        return self.state in ("queued", "printing", "unknown")


@dataclass(frozen=True, slots=True)
class SignInRow:
    """A person at this register; times are instants, "" for none."""

    cashier_id: str
    is_current: int = 0
    name: str = ""
    role: str = "cashier"
    how: str = ""
    signed_at: str = ""
    failures: int = 0
    locked_until: str = ""
