"""What loyalty did within one shift of one register, and the slip that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ShiftTotals:
    """Kopecks and hundredths of a bonus. `identified` are sales with a member, `declined` those
    whose redemption was refused, `unknown` papers whose end nobody knows."""

    sales: int = 0
    identified: int = 0
    turnover_minor: int = 0
    discount_minor: int = 0
    earned_points: int = 0
    spent_points: int = 0
    declined: int = 0
    returns: int = 0
    restored_points: int = 0
    withdrawn_points: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class ShiftSlip:
    """The loyalty slip of a shift: behind a Z (`closing`), or in between."""

    store_name: str
    register_id: str
    number: int
    opened_at: str
    printed_at: str
    cashier: str
    totals: ShiftTotals
    kind: Literal["x", "z"] = "z"
