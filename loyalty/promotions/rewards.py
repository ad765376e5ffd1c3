"""What each effect kind takes off or gives, as exact shares per line.

A reward looks at the sheet and changes nothing; the engine applies what it returns, so a shadow
promotion is computed by the same code. `PRICE_REWARDS` is the dispatch table of the effects that
change prices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.money import BASIS_POINTS, round_half_up, share_half_up, split_by_weight
from loyalty.points import POINTS_PER_BONUS
from loyalty.promotions import effects as then
from loyalty.promotions.spread import spread
from loyalty.promotions.worksheet import SheetLine

Lines = Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class Taking:
    """Kopecks per line, and the pieces that a set promotion used up (beside the same lines).

    Lines stand in the order of the basket, except those of a set promotion."""

    lines: Lines
    amounts: Sequence[int]
    used: Sequence[int] = ()

    @property
    def amount_minor(self) -> int:
        return sum(self.amounts)


def _rooms(lines: Lines) -> list[int]:
    return [line.room for line in lines]


def _percent(effect: then.PercentOff, lines: Lines) -> Taking:
    weights = [line.net for line in lines]
    amount = share_half_up(sum(weights), effect.percent_bp)
    moves = effect.per == "receipt"
    return Taking(lines, spread(amount, weights, _rooms(lines), moves_overflow=moves))


def _amount(effect: then.AmountOff, lines: Lines) -> Taking:
    if effect.per == "receipt":
        weights = [line.net for line in lines]
        amount = min(effect.amount_minor, sum(weights))
        return Taking(lines, spread(amount, weights, _rooms(lines), moves_overflow=True))
    counts = [line.pieces if effect.per == "unit" else 1 for line in lines]
    wanted = [effect.amount_minor * count for count in counts]
    return Taking(lines, [min(pair) for pair in zip(wanted, _rooms(lines), strict=True)])


def _n_for_m(effect: then.NForM, lines: Lines) -> Taking:
    by_price = sorted(
        (line for line in lines if line.used < line.pieces),
        key=lambda line: (set_value(line, 1_000_000), line.item.line_id),
    )
    sets = sum(line.pieces - line.used for line in by_price) // effect.take
    if len(by_price) == 1:
        line, free_pieces = by_price[0], sets * (effect.take - effect.pay)
        return Taking(
            by_price, [min(set_value(line, free_pieces), line.room)], [sets * effect.take]
        )
    free = _pick(by_price, sets * (effect.take - effect.pay))
    paid = _pick(
        by_price[::-1],
        sets * effect.pay,
        {line.index: count for line, count in zip(by_price, free, strict=True)},
    )[::-1]
    in_sets = [up + down for up, down in zip(free, paid, strict=True)]
    amounts = [
        min(set_value(line, count), line.room) for line, count in zip(by_price, free, strict=True)
    ]
    overflow = sum(
        set_value(line, count) for line, count in zip(by_price, free, strict=True)
    ) - sum(amounts)
    weights = [line.net if count else 0 for line, count in zip(by_price, in_sets, strict=True)]
    left = [line.room - amount for line, amount in zip(by_price, amounts, strict=True)]
    more = spread(overflow, weights, left, moves_overflow=True)
    return Taking(by_price, [a + b for a, b in zip(amounts, more, strict=True)], in_sets)


def set_value(line: SheetLine, pieces: int) -> int:
    """Kopecks that so many pieces of a line cost before set promotions, half-up."""
    return round_half_up((line.net + line.set_discount) * pieces, line.pieces)


def _pick(lines: Lines, wanted: int, taken: dict[int, int] | None = None) -> list[int]:
    """Take `wanted` unused pieces from the lines in their order; pieces in `taken` are gone."""
    counts = []
    for line in lines:
        left = line.pieces - line.used - (taken or {}).get(line.index, 0)
        count = min(left, wanted)
        wanted -= count
        counts.append(count)
    return counts


PRICE_REWARDS: dict[type[then.Effect], Callable[[Any, Lines], Taking]] = {
    then.PercentOff: _percent,
    then.AmountOff: _amount,
    then.NForM: _n_for_m,
}


def accrue(effect: then.AccruePercent, lines: Lines, minor_per_bonus: int) -> list[int]:
    """Points per line on the money paid; one rounding down for the rule, then an exact split."""
    bases = [max(0, line.money) if line.earns else 0 for line in lines]
    points = sum(bases) * effect.percent_bp * POINTS_PER_BONUS // (BASIS_POINTS * minor_per_bonus)
    if len(bases) == 1:
        return [points]
    return list(split_by_weight(points, bases)) if points else [0] * len(bases)
