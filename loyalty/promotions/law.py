"""Guards of law that no rule can lift.

Tobacco and nicotine goods are neither trigger nor target, earn nothing and are not paid with
bonuses (law 2899-IV, art. 16). Nothing is sold under its minimum retail price after discounts
and bonuses (CMU resolution 957 of 2008, law 3817-IX, art. 73, in the stricter reading). The
codes of UKTZED catch goods whose class was entered wrongly.
"""

from __future__ import annotations

from loyalty.basket import LineItem

TOBACCO_UKTZED = ("2401", "2402", "2403", "2404", "854340")


def is_tobacco(line: LineItem) -> bool:
    """True for tobacco, nicotine and devices for them, by class or by customs code."""
    return line.goods_class == "tobacco" or line.uktzed.startswith(TOBACCO_UKTZED)


def may_be_promoted(line: LineItem) -> bool:
    """False for the lines that no promotion may see: tobacco, the till's own discounts, and gift
    cards that are sold."""
    if line.price_kind == "manual_discount" or line.goods_class == "gift_card":
        return False
    return not is_tobacco(line)


def pieces_of(line: LineItem) -> int:
    """Pieces for count mechanics; a weighed line, or a part of a piece, is one piece."""
    if line.is_weighed or line.qty_milli % 1000:
        return 1
    return line.qty_milli // 1000


def floor_of(line: LineItem, unit_floor_minor: int) -> int:
    """The least a line may cost in kopecks, never above what the till rang for it."""
    if not may_be_promoted(line):
        return max(line.sum_minor, 0)
    lawful = -(-line.min_price_minor * line.qty_milli // 1000) if line.min_price_minor else 0
    return min(line.sum_minor, max(lawful, unit_floor_minor * pieces_of(line)))
