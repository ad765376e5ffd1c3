"""What a near miss would give: the reward on the goods as they would be, after caps.

Never more than the buyer would gain: what cannot be known (a gift, goods that are not in the basket
yet) counts as one kopeck, so that it is still told, after what has a price.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

from loyalty.money import BASIS_POINTS, share_down, share_half_up
from loyalty.points import points_to_minor
from loyalty.promotions import effects as then
from loyalty.promotions.accruals import accrue
from loyalty.promotions.compile import CompiledPromotion
from loyalty.promotions.limits import Caps, Usage, remaining_minor
from loyalty.promotions.ruleset import Programme
from loyalty.promotions.worksheet import Run, SheetLine, net_of

UNKNOWN_BENEFIT = 1
Lines = Sequence[SheetLine]

_OF_PERCENT = (then.PercentOff, then.NForM, then.NthUnitPercent)
_AT_A_PRICE = (then.FixedPrice, then.SetPrice)
_OF_POINTS = (then.AccruePerUnit, then.AccrueFixed)
_OF_MONEY = (then.PercentOff, then.AccruePercent, then.AccruePerAmount)


def rough_benefit(effect: then.Effect, target: Lines, rate: int) -> int:
    """Kopecks by a short estimate, to choose which near misses are worth a close look."""
    value = net_of(target)
    if isinstance(effect, _OF_PERCENT):
        return share_half_up(value, effect.percent_bp)
    if isinstance(effect, then.AmountOff):
        return effect.amount_minor * (len(target) if effect.per == "line" else 1)
    if isinstance(effect, _AT_A_PRICE):
        return max(value - effect.price_minor, UNKNOWN_BENEFIT)
    if isinstance(effect, then.AccruePercent):
        return share_down(value, effect.percent_bp)
    if isinstance(effect, then.AccruePerAmount):
        return points_to_minor(value * effect.points // effect.per_minor, rate)
    if isinstance(effect, _OF_POINTS):
        return points_to_minor(effect.points, rate)
    if isinstance(effect, then.AccrueMultiplier):
        return sum([line.points for line in target]) * effect.factor_bp // BASIS_POINTS
    return UNKNOWN_BENEFIT


def benefit_of(
    item: CompiledPromotion,
    targets: Sequence[Lines],
    sample: SheetLine | None,
    pieces: int,
    minor: int,
    programme: Programme,
    usage: Usage,
) -> int:
    """Kopecks the buyer would gain with `pieces` more of `sample`, or goods for `minor` more.

    Without a sample it is not known what would be bought: only the goods that are there count.
    """
    effect, caps = item.promotion.effect, item.promotion.caps
    if sample is not None and pieces:
        targets = _with(targets, sample, _more_pieces(sample, pieces))
    elif sample is not None and minor and isinstance(effect, _OF_MONEY) and sample.cut is None:
        targets = _with(targets, sample, _more_money(sample, minor))
    elif pieces and isinstance(effect, then.SetPrice):
        known = _part_values(effect, targets)
        return _capped(max(known - effect.price_minor, UNKNOWN_BENEFIT), caps, usage)
    if item.targets and not any(targets):
        return UNKNOWN_BENEFIT
    if item.reward is not None:
        total = item.reward(effect, targets, programme.policies, False, None).total
        return _capped(total, caps, usage)
    if not isinstance(effect, then.AccrualEffect):
        return UNKNOWN_BENEFIT
    points = sum(accrue(effect, targets[0], programme))
    if caps.per_receipt_points is not None:
        points = min(points, caps.per_receipt_points)
    return points_to_minor(points, programme.minor_per_bonus)


def loosens(effect: then.RedeemAllowance, programme: Programme) -> bool:
    """True when the allowance lets bonuses pay more than the programme does."""
    if effect.max_share_bp is not None:
        return effect.max_share_bp > programme.redeem_max_share_bp
    if effect.min_money_minor is not None:
        return effect.min_money_minor < programme.redeem_min_money_minor
    most = programme.redeem_cap_minor
    return effect.cap_minor is not None and most is not None and effect.cap_minor > most


def _capped(amount: int, caps: Caps, usage: Usage) -> int:
    if caps.per_receipt_minor is not None:
        amount = min(amount, caps.per_receipt_minor)
    left = remaining_minor(caps, usage)
    if left is None or amount <= left:
        return amount
    return left if caps.is_partial else 0


def _part_values(effect: then.SetPrice, targets: Sequence[Lines]) -> int:
    """What the parts that are there cost at least: the cheapest pieces of each."""
    value = 0
    for part, lines in zip(effect.parts, targets, strict=True):
        each = [run.value(1) for line in lines for run in line.runs if not run.is_used]
        if sum([line.pieces for line in lines]) >= part.quantity and each:
            value += min(each) * part.quantity
    return value


def _with(targets: Sequence[Lines], line: SheetLine, more: SheetLine) -> list[list[SheetLine]]:
    return [[more if other is line else other for other in lines] for lines in targets]


def _more_pieces(line: SheetLine, pieces: int) -> SheetLine:
    """The line with so many pieces more, at the least that one of its unused pieces costs."""
    more, item, count = copy.copy(line), line.item, line.pieces
    unused = [run.value(1) for run in line.runs if not run.is_used]
    value = min(unused, default=item.sum_minor // count) * pieces
    more.pieces = count + pieces
    more.net = line.net + value
    more.floor = line.floor * more.pieces // count
    more.whole = None
    if line.cut is not None:
        more.cut = [*line.cut, Run(pieces, value)]
    more.item = replace(
        item,
        qty_milli=item.qty_milli * more.pieces // count,
        sum_minor=item.sum_minor * more.pieces // count,
    )
    return more


def _more_money(line: SheetLine, minor: int) -> SheetLine:
    more = copy.copy(line)
    more.net = line.net + minor
    more.whole = None
    more.item = replace(line.item, sum_minor=line.item.sum_minor + minor)
    return more
