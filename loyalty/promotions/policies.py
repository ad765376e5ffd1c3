"""Switches of a programme for every question on which promotion engines differ.

The defaults are this product's recommendation; each switch reproduces another engine's figures
(peer cases with their figures stand in `tests/peer_cases`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loyalty.money import SplitMethod, Tie, ZeroWeights

Rounding = Literal["half_up", "half_down", "half_even", "down", "up"]
RoundAt = Literal["rule", "line", "unit"]
Pick = Literal["cheapest", "dearest"]
Basis = Literal["gross", "net"]
Overflow = Literal["move", "drop"]
Sequencing = Literal["stages", "priority"]
ExclusiveChoice = Literal["priority", "benefit"]
ExclusiveStops = Literal["prices", "everything"]
EarnBase = Literal["money", "before_redemption"]
Allocation = Literal["in_order", "member_best"]


@dataclass(frozen=True, slots=True)
class Policies:
    """How amounts are rounded and split, and how promotions stand to each other.

    `rounding` rounds a discount; `half_down` is the same as rounding the *price* half-up.
    `round_at` says whether a rule gives one rounded amount, or one for each line or piece.
    `split` shares an amount over lines: by largest remainder with ties to the `tie` line, rounded
    down with the rest on the last line, or half-down with the rest on the first lines.
    `zero_weights` says whether an amount over goods that cost nothing is shared equally or refused.
    `pick` is the default choice of pieces. `percent_basis` is what percentages are taken of.
    `line_overflow` and `receipt_overflow` say whether what a floor refuses moves to other lines.
    `sequencing` is line promotions, then receipt promotions, or one row by priority.
    `exclusive_choice` chooses between exclusive promotions; `exclusive_stops` says what one stops.
    `earn_base` is the money part, or everything before bonuses pay.
    `allocation` `member_best` spreads a receipt amount so that later promotions keep their goods.
    `override_takes_part` lets lines with a price typed by hand into promotions.
    """

    rounding: Rounding = "half_up"
    round_at: RoundAt = "rule"
    split: SplitMethod = "largest_remainder"
    tie: Tie = "earlier"
    zero_weights: ZeroWeights = "none"
    pick: Pick = "cheapest"
    percent_basis: Basis = "net"
    line_overflow: Overflow = "drop"
    receipt_overflow: Overflow = "move"
    sequencing: Sequencing = "stages"
    exclusive_choice: ExclusiveChoice = "priority"
    exclusive_stops: ExclusiveStops = "prices"
    earn_base: EarnBase = "money"
    allocation: Allocation = "in_order"
    override_takes_part: bool = False


DEFAULT_POLICIES = Policies()
