"""How many bonuses may pay a receipt, and which line each kopeck of them pays.

The limit is the share of the goods that may be paid with bonuses, less what floors and the
programme's least money part keep; points are whole hundredths and never pay more than they cost.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.money import share_down
from loyalty.points import POINTS_PER_BONUS, minor_to_points, points_to_minor
from loyalty.promotions.effects import RedeemAllowance
from loyalty.promotions.ruleset import Programme
from loyalty.promotions.spread import spread
from loyalty.promotions.worksheet import SheetLine, Worksheet, rooms_of_lines

NO_ALLOWANCE = RedeemAllowance()


@dataclass(frozen=True, slots=True)
class RedemptionLimit:
    """The most bonuses may pay on this basket, whoever buys it, and the lines that may be paid:
    what each costs in money, and what of it may still be taken off."""

    minor: int
    points: int
    lines: list[SheetLine]
    money: list[int]
    rooms: list[int]


def limit_of(
    sheet: Worksheet, programme: Programme, allowance: RedeemAllowance = NO_ALLOWANCE
) -> RedemptionLimit:
    """The limit after promotions; nothing is taken yet. What the allowance leaves open is the
    programme's."""
    lines = [line for line in sheet.lines if line.may_be_paid and line.net > line.manual]
    money, rooms = [line.net - line.manual for line in lines], rooms_of_lines(lines)
    share_bp = _first_of(allowance.max_share_bp, programme.redeem_max_share_bp)
    least_money = _first_of(allowance.min_money_minor, programme.redeem_min_money_minor)
    minor = min(
        share_down(sum(money), share_bp),
        sum(rooms),
        sheet.payable - least_money,
    )
    cap = allowance.cap_minor if allowance.cap_minor is not None else programme.redeem_cap_minor
    if cap is not None:
        minor = min(minor, cap)
    points, minor = whole_points(
        max(0, minor) * POINTS_PER_BONUS // programme.minor_per_bonus, programme.minor_per_bonus
    )
    return RedemptionLimit(minor, points, lines, money, rooms)


def _first_of(value: int | None, default: int) -> int:
    return default if value is None else value


def whole_points(points: int, minor_per_bonus: int) -> tuple[int, int]:
    """(points, kopecks): what the points pay, without the points that pay no whole kopeck."""
    minor = points_to_minor(points, minor_per_bonus)
    return minor_to_points(minor, minor_per_bonus), minor


def redeem(limit: RedemptionLimit, points: int, minor_per_bonus: int) -> tuple[int, int]:
    """Take at most `points` off the lines; returns (points, kopecks) really redeemed."""
    points, minor = whole_points(max(0, min(points, limit.points)), minor_per_bonus)
    if not minor:
        return points, minor
    parts = spread(minor, limit.money, limit.rooms, moves_overflow=True)
    for line, part in zip(limit.lines, parts, strict=True):
        line.redeemed += part
    return points, minor
