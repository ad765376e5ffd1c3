"""Near misses: the one thing that is lacking, and what it would give.

A hint is made only when exactly one thing is lacking and a purchase, a card or another way of
payment would mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heappush, heappushpop
from typing import NamedTuple

from loyalty.promotions import effects as then
from loyalty.promotions.benefits import benefit_of, loosens, rough_benefit
from loyalty.promotions.compile import CompiledPromotion, targets_of
from loyalty.promotions.facts import Facts
from loyalty.promotions.failures import Obstacle, lines_of
from loyalty.promotions.hint_texts import Lacking, sentence
from loyalty.promotions.limits import NOT_USED
from loyalty.promotions.ruleset import Programme, Promotion, Texts, text_in
from loyalty.promotions.scope import Scope
from loyalty.promotions.worksheet import SheetLine, net_of

MAX_MISSING_PIECES = 2
MAX_HINTS = 5
"""A screen shows two; more would be worked out for nobody."""
LOCALES = ("uk", "en", "pl")
Lines = Sequence[SheetLine]


class NearMiss(NamedTuple):
    """A promotion that one purchase, card or payment would make act.

    `sample` is the line of which more would be bought; `rough_minor` the kopecks it gives at a
    first glance, `exact_minor` with a close look, where its rivals will change the prices.
    """

    item: CompiledPromotion
    obstacle: Obstacle
    sample: SheetLine | None
    rough_minor: int
    exact_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A near miss as it is told: the kopecks it adds, and its sentence per locale."""

    item: CompiledPromotion
    benefit_minor: int
    texts: Texts


def one_cure(obstacles: Iterable[Obstacle]) -> Obstacle | None:
    """What mends all the obstacles at once; None when one thing does not."""
    found: Obstacle | None = None
    for obstacle in obstacles:
        if not obstacle.failure.unit:
            return None
        found = obstacle if found is None else _together(found, obstacle)
        if found is None:
            return None
    return found


def _together(one: Obstacle, other: Obstacle) -> Obstacle | None:
    """The larger of two lacks, where the same goods mend both."""
    unit = one.failure.unit
    if unit != other.failure.unit or unit in ("tender", "sku"):
        return None
    if unit == "minor" and (one.scope is None or other.scope is None):
        narrow = other if one.scope is None else one
        most = max(one.failure.missing, other.failure.missing)
        return narrow._replace(failure=narrow.failure._replace(missing=most))
    if not _is_same(one.scope, other.scope):
        return None
    return one if one.failure.missing >= other.failure.missing else other


def _is_same(one: Scope | None, other: Scope | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or replace(one, label=()) == replace(other, label=())


class NearMisses:
    """The `MAX_HINTS` near misses of the greatest rough benefit, the earlier of the file first."""

    def __init__(self) -> None:
        self._places: list[tuple[int, int]] = []
        self._kept: dict[int, NearMiss] = {}

    def __bool__(self) -> bool:
        return bool(self._places)

    def has_place(self, item: CompiledPromotion, rough_minor: int) -> bool:
        """False when as many better ones are known already, so that a close look is idle."""
        places = self._places
        return len(places) < MAX_HINTS or (rough_minor, -item.position) > places[0]

    def add(self, miss: NearMiss) -> None:
        """Keep one that has a place; the least leaves when there are too many."""
        place = miss.rough_minor, -miss.item.position
        self._kept[place[1]] = miss
        if len(self._places) < MAX_HINTS:
            heappush(self._places, place)
        else:
            heappushpop(self._places, place)

    def best(self) -> list[NearMiss]:
        """Those that are left, the greatest first."""
        return [self._kept[place] for _, place in sorted(self._places, reverse=True)]


def rough_of(item: CompiledPromotion, facts: Facts, programme: Programme) -> int:
    """Kopecks a promotion gives at a first glance at its target as it is."""
    target: Lines = lines_of(facts, item.targets[0]) if item.targets else ()
    return rough_benefit(item.promotion.effect, target, programme.minor_per_bonus)


def near_miss(
    item: CompiledPromotion, obstacle: Obstacle, rough: int, facts: Facts, programme: Programme
) -> NearMiss | None:
    """The near miss of a promotion that only `obstacle` keeps from acting, or None if it is far."""
    effect = item.promotion.effect
    if isinstance(effect, then.Message) or not _is_near(obstacle):
        return None
    if isinstance(effect, then.RedeemAllowance) and not loosens(effect, programme):
        return None
    sample = None
    if obstacle.failure.unit in ("piece", "minor"):
        sample = min(obstacle.lines, key=_most_pieces, default=None)
    miss = NearMiss(item, obstacle, sample, rough)
    if item.mode == "sum" and not item.promotion.is_exclusive:
        return miss
    return miss._replace(exact_minor=_benefit(miss, facts, programme))


def _most_pieces(line: SheetLine) -> tuple[int, str, str]:
    return -line.pieces, line.item.name, line.item.line_id


def _is_near(obstacle: Obstacle) -> bool:
    failure, lines = obstacle.failure, obstacle.lines
    if failure.unit in ("piece", "sku"):
        is_named = bool(lines) or (obstacle.scope is not None and bool(obstacle.scope.label))
        return failure.missing <= MAX_MISSING_PIECES and (is_named or failure.part is not None)
    if failure.unit == "minor":
        # Near is a third of the threshold or less; further away it is an advertisement.
        return failure.missing * 2 <= net_of(lines)
    return True


def best_hints(
    misses: NearMisses,
    facts: Facts,
    programme: Programme,
    forgone: Callable[[CompiledPromotion], int],
    words: Callable[[NearMiss], Texts],
) -> list[Hint]:
    """The hints that add most to what the buyer has; `forgone` is what each would push out, and
    `words` tells it."""
    hints = []
    for miss in misses.best():
        benefit = _benefit(miss, facts, programme) - forgone(miss.item)
        if benefit > 0:
            hints.append(Hint(miss.item, benefit, words(miss)))
    return hints


def _benefit(miss: NearMiss, facts: Facts, programme: Programme) -> int:
    failure, item = miss.obstacle.failure, miss.item
    if miss.exact_minor is not None:
        return miss.exact_minor
    return benefit_of(
        item,
        [lines_of(facts, number) for number in item.targets],
        miss.sample,
        failure.missing if failure.unit == "piece" else 0,
        failure.missing if failure.unit == "minor" else 0,
        programme,
        facts.around.usage.get(item.promotion.promotion_id, NOT_USED),
    )


def texts_of(miss: NearMiss, facts: Facts) -> Texts:
    """The near miss in the words of each locale."""
    promotion, obstacle = miss.item.promotion, miss.obstacle
    scope = obstacle.scope
    is_anything = scope is None or scope.is_all
    goods = () if scope is None else scope.label
    if not goods and obstacle.failure.unit != "sku" and not is_anything:
        goods = _common_name(obstacle.lines)
    if not goods and obstacle.failure.unit == "piece" and miss.sample is not None:
        goods = (("uk", miss.sample.item.name),)
    on = _target_name(miss, facts)
    is_clear = bool(goods or is_anything) and on is not None
    lacking = Lacking(
        obstacle.failure,
        goods,
        on or (),
        () if is_clear else _name_of(promotion),
        miss.sample is not None and miss.sample.item.is_weighed,
    )
    return tuple((locale, sentence(locale, promotion.effect, lacking)) for locale in LOCALES)


def _name_of(promotion: Promotion) -> Texts:
    own = (("uk", promotion.promotion_id),)
    return promotion.name if text_in(promotion.name, "uk") else own


def _target_name(miss: NearMiss, facts: Facts) -> Texts | None:
    """What becomes cheaper, () for everything or the goods that are lacking; None: no name."""
    targets = targets_of(miss.item.promotion)
    if not targets or isinstance(miss.item.promotion.effect, then.SetPrice | then.GiftItem):
        return ()
    target = targets[0]
    if target.label:
        return () if _is_same(target, miss.obstacle.scope) else target.label
    if target.is_all or _is_same(target, miss.obstacle.scope):
        return ()
    return _common_name(lines_of(facts, miss.item.targets[0])) or None


def _common_name(lines: Lines) -> Texts:
    """The name of the goods, when they are all one SKU."""
    if not lines or any(line.item.sku != lines[0].item.sku for line in lines):
        return ()
    return (("uk", lines[0].item.name),)
