"""What a sale earns: points per line on the money paid, one rounding down for each promotion."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.money import BASIS_POINTS, split_by_weight
from loyalty.points import POINTS_PER_BONUS
from loyalty.promotions import effects as then
from loyalty.promotions.ruleset import Programme
from loyalty.promotions.worksheet import SheetLine

Lines = Sequence[SheetLine]


def bases_of(lines: Lines, programme: Programme) -> list[int]:
    """Kopecks of each line that earn: the money part, or all of it before bonuses pay."""
    if programme.policies.earn_base == "money":
        money = [line.net - line.manual - line.redeemed - line.gift_card for line in lines]
    else:
        money = [line.net - line.manual - line.gift_card for line in lines]
    return [
        amount if line.earns and amount > 0 else 0
        for line, amount in zip(lines, money, strict=True)
    ]


def accrue(effect: then.AccrualEffect, lines: Lines, programme: Programme) -> list[int]:
    """Points per line."""
    if isinstance(effect, then.AccruePerUnit):
        return [effect.points * line.pieces if line.earns else 0 for line in lines]
    if isinstance(effect, then.AccrueMultiplier):
        earned = [line.points for line in lines]
        more = sum(earned) * (effect.factor_bp - BASIS_POINTS) // BASIS_POINTS
        return _split(more, earned)
    bases = bases_of(lines, programme)
    total = sum(bases)
    if isinstance(effect, then.AccruePercent):
        scale = BASIS_POINTS * programme.minor_per_bonus
        return _split(total * effect.percent_bp * POINTS_PER_BONUS // scale, bases)
    if isinstance(effect, then.AccruePerAmount):
        if effect.in_steps:
            return _split(total // effect.per_minor * effect.points, bases)
        return _split(total * effect.points // effect.per_minor, bases)
    if not total:
        bases = [line.pieces if line.earns else 0 for line in lines]
    return _split(effect.points, bases)


def first_step(effect: then.AccrualEffect) -> int:
    """Kopecks from which an effect by amount gives its first points; 0 for the others."""
    if not isinstance(effect, then.AccruePerAmount):
        return 0
    return effect.per_minor if effect.in_steps else -(-effect.per_minor // effect.points)


def _split(points: int, weights: list[int]) -> list[int]:
    if len(weights) == 1:
        return [points if weights[0] else 0]
    if points <= 0 or not any(weights):
        return [0] * len(weights)
    return list(split_by_weight(points, weights))
