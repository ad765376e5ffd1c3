"""What happens when a return takes back points that the member has already spent.

The programme chooses (`Programme.spent_points`): the balance goes below zero, the programme bears
the loss, or the money value of the missing points is withheld from the refund.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from loyalty.basket import TenderKind
from loyalty.points import minor_to_points, points_to_minor
from loyalty.returns import Refund

SpentPoints = Literal["withhold", "negative", "write_off"]

_WITHHOLD_FROM: tuple[TenderKind, ...] = ("card", "other", "gift_card", "cash")


@dataclass(frozen=True, slots=True)
class Settled:
    """A return whose earned points are dealt with.

    `reversed_points` leave the member's books (below zero where nothing else is left);
    `withheld_points` were paid with `withheld_minor` kopecks of the refund, `written_off_points`
    are the programme's loss. The three sum to what the goods had earned. `refund` is what is paid
    out, with everything withheld already taken off.
    """

    refund: Refund
    reversed_points: int
    withheld_points: int = 0
    withheld_minor: int = 0
    written_off_points: int = 0


def settle_points(
    refund: Refund,
    *,
    available_points: int,
    policy: SpentPoints,
    minor_per_bonus: int,
    cash_step_minor: int,
) -> Settled:
    """Deal with the earned points of a return.

    `available_points` is the member's balance before the return; what the return itself restores
    is taken first. Cash is withheld in whole steps of `cash_step_minor`, never more than is there.
    """
    earned = refund.accrual_points
    missing = max(0, earned - max(0, available_points) - refund.restored_points)
    if policy == "negative" or not missing:
        return Settled(refund, earned)
    if policy == "write_off":
        return Settled(refund, earned - missing, written_off_points=missing)
    paid, withheld = _withhold(refund, points_to_minor(missing, minor_per_bonus), cash_step_minor)
    points = min(missing, minor_to_points(withheld, minor_per_bonus))
    return Settled(paid, earned - points, points, withheld)


def _withhold(refund: Refund, wanted: int, cash_step_minor: int) -> tuple[Refund, int]:
    """Take `wanted` kopecks off the tenders, cash last; returns what was really withheld."""
    amounts = [tender.amount_minor for tender in refund.tenders]
    left = wanted
    for kind in _WITHHOLD_FROM:
        for number, tender in enumerate(refund.tenders):
            if tender.kind == kind:
                part = min(left, amounts[number])
                if kind == "cash" and cash_step_minor:
                    part -= part % cash_step_minor
                amounts[number] -= part
                left -= part
    tenders = tuple(
        replace(tender, amount_minor=amount)
        for tender, amount in zip(refund.tenders, amounts, strict=True)
        if amount
    )
    return replace(refund, tenders=tenders), wanted - left
