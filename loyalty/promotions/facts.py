"""What conditions may look at, and how a failed one is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from loyalty.member import Member
from loyalty.promotions.circumstances import ORDINARY, Circumstances
from loyalty.promotions.worksheet import Worksheet


@dataclass(frozen=True, slots=True)
class Facts:
    """The sale as conditions see it. `local` is wall-clock time of the programme's zone."""

    sheet: Worksheet
    local: datetime
    store_id: str
    member: Member | None
    is_blocked: bool = False
    around: Circumstances = ORDINARY


class Failure(NamedTuple):
    """The first condition that does not hold.

    `missing` is how much is lacking by `unit`: pieces ("piece"), kopecks ("minor"), other SKUs
    ("sku"), a card ("member"), another payment ("tender"); `unit` is "" when nothing the buyer
    does now would mend it. `part` is the number of the set's part that lacks pieces, else None.
    """

    reason: str
    seen: str
    needed: str
    missing: int = 0
    unit: str = ""
    part: int | None = None


def listed(names: frozenset[str]) -> str:
    """A few names in a fixed order."""
    first = sorted(names)[:5]
    return ", ".join(first) + (", …" if len(names) > 5 else "")
