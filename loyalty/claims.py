"""Rewards that cost points: what a claim costs and the entry that pays it. Pure.

The cost comes from the reward alone; what a till says it is counts for nothing. A claim is paid
from the points that are available before the sale, so what the sale itself would earn never pays
for its own reward.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty import lots
from loyalty.errors import InvalidEntry
from loyalty.ledger import AVAILABLE, REDEEMED, Books, Entry, Move, checked


@dataclass(frozen=True, slots=True)
class Reward:
    """`cost_points` hundredths of a bonus for each `units_per_cost` pieces, begun ones too."""

    cost_points: int
    units_per_cost: int = 1


def cost_of(reward: Reward, units: int = 1) -> int:
    """Points that `units` pieces of the reward cost; `ValueError` for figures that make none."""
    if reward.cost_points <= 0 or reward.units_per_cost <= 0 or units <= 0:
        raise ValueError("cost, pieces per cost and pieces must be over zero")
    return -(-units // reward.units_per_cost) * reward.cost_points


def claim(books: Books, entry_id: str, reward: Reward, units: int = 1) -> Entry:
    """Pay for `units` pieces; `InvalidEntry` (`not_enough`) when the points are not available."""
    cost = cost_of(reward, units)
    if books.spendable_total < cost:
        there = max(0, books.spendable_total)
        raise InvalidEntry("not_enough", f"the reward costs {cost} points, {there} are there")
    moves = tuple(
        Move(AVAILABLE, REDEEMED, part.points, part.lot_id, part.expires_on)
        for part in lots.take(books.at(AVAILABLE), cost)
    )
    return checked(Entry(entry_id, books.member_id, "redemption", moves))
