"""Everything that keeps one promotion from acting, in a fixed order, found lazily.

Order: validity, stores, the conditions as written, a member where points are moved, the target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loyalty.promotions import effects as then
from loyalty.promotions.checks import CHECKS, Facts, Failure, check_member
from loyalty.promotions.compile import CompiledPromotion, scope_of
from loyalty.promotions.conditions import ReceiptValue, Scope
from loyalty.promotions.worksheet import SheetLine

Lines = Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One failure, with the scope and lines it is about (for the hint)."""

    failure: Failure
    scope: Scope | None = None
    lines: Lines = ()
    is_law: bool = False


def obstacles_of(item: CompiledPromotion, facts: Facts) -> Iterator[Obstacle]:
    """All obstacles of a promotion on this basket; none means that it may act."""
    gate = _gate(item, facts) if item.is_gated else None
    if gate is not None:
        yield Obstacle(gate)
    asked_member = False
    by_scope = facts.sheet.by_scope
    for condition, number in item.asked:
        lines: Lines = () if number is None else by_scope.get(number, ())
        failure = CHECKS[type(condition)](facts, condition, lines)
        if failure is None:
            continue
        asked_member = asked_member or failure.reason in ("member_known", "member_blocked")
        if isinstance(condition, ReceiptValue):
            lines = facts.sheet.open_lines
        yield _law(facts, number, lines) or Obstacle(failure, scope_of(condition), lines)
    if item.moves_points and facts.member is None and not asked_member:
        failure = check_member(facts)
        if failure is not None:
            yield Obstacle(failure)
    if item.target is not None:
        target = by_scope.get(item.target, ())
        if not target:
            yield _law(facts, item.target, target) or Obstacle(Failure("no_goods", "0", "1"))
        elif item.is_set:
            yield from _set(item, target)


def lines_of(facts: Facts, number: int | None) -> Lines:
    """The basket's lines in a scope."""
    return () if number is None else facts.sheet.by_scope.get(number, ())


def _gate(item: CompiledPromotion, facts: Facts) -> Failure | None:
    promotion = item.promotion
    if promotion.valid_from is not None and facts.local < promotion.valid_from:
        return _dated("not_started", facts, str(promotion.valid_from))
    if promotion.valid_until is not None and facts.local >= promotion.valid_until:
        return _dated("ended", facts, str(promotion.valid_until))
    if promotion.stores and facts.store_id not in promotion.stores:
        return Failure("store", facts.store_id, ", ".join(sorted(promotion.stores)[:5]))
    return None


def _dated(reason: str, facts: Facts, needed: str) -> Failure:
    return Failure(reason, str(facts.local.replace(microsecond=0)), needed)


def _set(item: CompiledPromotion, lines: Lines) -> Iterator[Obstacle]:
    effect = item.promotion.effect
    seen = sum([line.pieces - line.used for line in lines])
    if isinstance(effect, then.NForM) and seen < effect.take:
        missing = effect.take - seen
        failure = Failure("set_quantity", str(seen), str(effect.take), missing, "piece")
        yield Obstacle(failure, effect.target, lines)


def _law(facts: Facts, number: int | None, lines: Lines) -> Obstacle | None:
    if lines or number not in facts.sheet.forbidden:
        return None
    return Obstacle(Failure("law_tobacco", "tobacco", ""), is_law=True)
