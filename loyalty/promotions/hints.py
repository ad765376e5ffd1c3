"""Near misses: the one thing that is lacking, and what it would give.

A hint is made only when exactly one condition fails and a purchase or a card would mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.money import BASIS_POINTS, line_sum, share_down, share_half_up
from loyalty.points import points_to_minor
from loyalty.promotions import effects as then
from loyalty.promotions.facts import Failure
from loyalty.promotions.hint_texts import sentence
from loyalty.promotions.ruleset import Texts
from loyalty.promotions.scope import Scope
from loyalty.promotions.worksheet import SheetLine

MAX_MISSING_PIECES = 2
UNKNOWN_BENEFIT = 1
"""Kopecks that stand for a gain without a price, so that it is shown after those with one."""
LOCALES = ("uk", "en")
Lines = Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What is lacking and the kopecks the buyer would gain; its texts are made when asked for."""

    effect: then.Effect
    failure: Failure
    item: Texts
    benefit_minor: int

    def texts(self) -> Texts:
        """The cashier's sentence per locale."""
        return tuple(
            (locale, sentence(locale, self.effect, self.failure, self.item)) for locale in LOCALES
        )


def near_miss(
    effect: then.Effect,
    failure: Failure,
    scope: Scope | None,
    in_scope: Lines,
    target: Lines,
    minor_per_bonus: int,
) -> NearMiss | None:
    """The hint for a promotion whose only failure is `failure`, or None when it is not near.

    `in_scope` are the lines the failing condition counts, `scope` its scope when it has one.
    """
    if not _is_near(failure, in_scope, target):
        return None
    sample = min(in_scope, key=lambda line: (-line.pieces, line.item.name), default=None)
    extra = _Extra()
    if sample is not None and sample in target:
        if failure.unit in ("piece", "sku"):
            value = sample.item.sum_minor * failure.missing // sample.pieces
            extra = _Extra(failure.missing, value)
        elif failure.unit == "minor":
            extra = _Extra(0, failure.missing)
    benefit = _benefit(effect, target, extra, minor_per_bonus)
    if benefit <= 0:
        return None
    item: Texts = scope.label if scope is not None else ()
    if not item and failure.unit == "piece" and sample is not None:
        item = (("uk", sample.item.name),)
    return NearMiss(effect, failure, item, benefit)


@dataclass(frozen=True, slots=True)
class _Extra:
    """What would be bought in addition: pieces and kopecks."""

    pieces: int = 0
    minor: int = 0


def _is_near(failure: Failure, in_scope: Lines, target: Lines) -> bool:
    if failure.unit in ("piece", "sku"):
        return failure.missing <= MAX_MISSING_PIECES and bool(in_scope or target)
    if failure.unit == "minor":
        # Near is a third of the threshold or less; further away it is an advertisement.
        return bool(in_scope) and failure.missing * 2 <= sum([line.net for line in in_scope])
    return failure.unit == "member"


def _benefit(effect: then.Effect, target: Lines, extra: _Extra, rate: int) -> int:
    if isinstance(effect, then.PercentOff | then.AmountOff | then.FixedPrice):
        return _price_benefit(effect, target, extra)
    if isinstance(effect, then.NForM):
        each = share_half_up(_cheapest_unused(target), effect.percent_bp)
        return each * (effect.take - effect.pay)
    if isinstance(effect, then.NthUnitPercent):
        return share_half_up(_cheapest_unused(target), effect.percent_bp)
    if isinstance(effect, then.SetPrice):
        wanted = sum(part.quantity for part in effect.parts)
        saved = _cheapest_unused(target) * wanted - effect.price_minor
        return max(saved, UNKNOWN_BENEFIT)
    if isinstance(effect, then.GiftItem | then.CouponIssue | then.DrawTicket):
        return UNKNOWN_BENEFIT
    if isinstance(effect, then.RedeemAllowance | then.Message):
        return 0
    return _accrual_benefit(effect, target, extra, rate)


def _price_benefit(
    effect: then.PercentOff | then.AmountOff | then.FixedPrice, target: Lines, extra: _Extra
) -> int:
    value = sum([line.net for line in target]) + extra.minor
    pieces = sum([line.pieces for line in target]) + extra.pieces
    most = effect.units.at_most
    if most is not None and pieces > most:
        value = value * most // pieces
        pieces = most
    if isinstance(effect, then.PercentOff):
        return share_half_up(value, effect.percent_bp)
    if isinstance(effect, then.FixedPrice):
        return sum(
            [
                max(0, line.net - line_sum(effect.price_minor, line.item.qty_milli))
                for line in target
            ]
        )
    counts = {"receipt": 1, "line": len(target), "unit": pieces}
    return min(value, effect.amount_minor * counts[effect.per])


def _cheapest_unused(target: Lines) -> int:
    unused = [run.value(1) for line in target for run in line.runs if run.net and not run.is_used]
    return min(unused, default=0)


def _accrual_benefit(effect: then.AccrualEffect, target: Lines, extra: _Extra, rate: int) -> int:
    earning = [line for line in target if line.earns]
    money = max(0, sum([line.money for line in earning]) + extra.minor)
    if isinstance(effect, then.AccruePercent):
        return share_down(money, effect.percent_bp)
    if isinstance(effect, then.AccruePerAmount):
        return points_to_minor(money * effect.points // effect.per_minor, rate)
    if isinstance(effect, then.AccruePerUnit):
        pieces = sum([line.pieces for line in earning]) + extra.pieces
        return points_to_minor(effect.points * pieces, rate)
    if isinstance(effect, then.AccrueFixed):
        return points_to_minor(effect.points, rate)
    earned = sum([line.points for line in earning])
    return points_to_minor(earned * (effect.factor_bp - BASIS_POINTS) // BASIS_POINTS, rate)
