"""What keeps one promotion from acting: whether anything does, and all of it in a fixed order.

Order: kill-list, validity, stores, caps, the conditions as written, a member where something of a
member's moves, the target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loyalty.money import format_minor
from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.checks import lacking_parts
from loyalty.promotions.choosing import count_unused
from loyalty.promotions.compile import CompiledPromotion, scopes_of, targets_of
from loyalty.promotions.facts import Facts, Failure
from loyalty.promotions.limits import NOT_USED, reached
from loyalty.promotions.member_checks import check_member
from loyalty.promotions.scope import Scope
from loyalty.promotions.worksheet import SheetLine, count_pieces

Lines = Sequence[SheetLine]
_OF_MEMBER = ("member_known", "member_blocked")


class Obstacle(NamedTuple):
    """One failure, with the scope and lines it is about (for the hint).

    `step` counts what was asked before it: conditions, then the member, then the target.
    """

    failure: Failure
    scope: Scope | None = None
    lines: Lines = ()
    is_law: bool = False
    step: int = -1


def may_act(item: CompiledPromotion, facts: Facts) -> bool:
    """True when nothing keeps the promotion from acting."""
    return first_obstacle(item, facts) is None


def first_obstacle(item: CompiledPromotion, facts: Facts) -> Obstacle | None:
    """What keeps the promotion from acting, in the order of the module; None: it may act."""
    if item.is_gated or facts.around.stopped:
        gate = gate_of(item, facts)
        if gate is not None:
            return Obstacle(gate)
    return _obstacle_from(item, facts, 0)


def obstacles_after(item: CompiledPromotion, facts: Facts, first: Obstacle) -> Iterator[Obstacle]:
    """The obstacles that come after one, each thing that lacks told once."""
    asked_member = first.failure.reason in _OF_MEMBER
    found = _obstacle_from(item, facts, first.step + 1)
    while found is not None:
        if not asked_member or found.step != len(item.asked):
            yield found
        asked_member = asked_member or found.failure.reason in _OF_MEMBER
        found = _obstacle_from(item, facts, found.step + 1)


def _obstacle_from(item: CompiledPromotion, facts: Facts, step: int) -> Obstacle | None:
    """The first obstacle from a step on."""
    asked = item.asked
    count = len(asked)
    for place in range(step, count):
        condition, numbers, check = asked[place]
        failure = check(facts, condition, numbers)
        if failure is not None:
            return _of_condition(facts, condition, numbers, failure, place)
    if item.needs_member and facts.member is None and step <= count:
        failure = check_member(facts)
        if failure is not None:
            return Obstacle(failure, step=count)
    if item.targets and step <= count + 1:
        return _target(item, facts, count + 1)
    return None


def why_nothing(effect: then.Effect, targets: Sequence[Lines]) -> Failure:
    """Why a promotion that may act takes nothing off: a floor, or goods that cost less already."""
    now = price = 0
    if isinstance(effect, then.FixedPrice):
        now = max([line.net * 1000 // line.item.qty_milli for line in targets[0]])
        price = effect.price_minor
    elif isinstance(effect, then.SetPrice):
        each = [max([line.net // line.pieces for line in lines]) for lines in targets]
        now = sum([n * part.quantity for n, part in zip(each, effect.parts, strict=True)])
        price = effect.price_minor
    if now < price or now == price > 0:
        return Failure("already_cheaper", format_minor(now), format_minor(price))
    return Failure("floor", "0.00", "0.01")


def lines_of(facts: Facts, number: int) -> Lines:
    """The basket's lines in a scope."""
    return facts.sheet.by_scope.get(number, ())


def _of_condition(
    facts: Facts, condition: when.Condition, numbers: Sequence[int], failure: Failure, step: int
) -> Obstacle:
    if not numbers:
        receipt = facts.sheet.open_lines if isinstance(condition, when.ReceiptValue) else ()
        return Obstacle(failure, None, receipt, step=step)
    part = failure.part or 0
    lines = lines_of(facts, numbers[part])
    if not lines and numbers[part] in facts.sheet.forbidden:
        return _forbidden(step)
    return Obstacle(failure, scopes_of(condition)[part], lines, step=step)


def gate_of(item: CompiledPromotion, facts: Facts) -> Failure | None:
    """What keeps a promotion from acting on any basket here and now."""
    promotion = item.promotion
    if item.is_stopped or promotion.promotion_id in facts.around.stopped:
        return Failure("stopped", "stopped", "")
    if promotion.valid_from is not None and facts.local < promotion.valid_from:
        return _dated("not_started", facts, str(promotion.valid_from))
    if promotion.valid_until is not None and facts.local >= promotion.valid_until:
        return _dated("ended", facts, str(promotion.valid_until))
    if promotion.stores and facts.store_id not in promotion.stores:
        return Failure("store", facts.store_id, ", ".join(sorted(promotion.stores)[:5]))
    if item.is_plain:
        return None
    return _caps(item, facts)


def _caps(item: CompiledPromotion, facts: Facts) -> Failure | None:
    promotion = item.promotion
    caps = promotion.caps
    if caps.needs_member and facts.member is None:
        return check_member(facts)
    found = reached(caps, facts.around.usage.get(promotion.promotion_id, NOT_USED))
    if found is None:
        return None
    if found.cap == "campaign_minor":
        return Failure("cap_campaign_minor", format_minor(found.used), format_minor(found.size))
    return Failure(f"cap_{found.cap}", str(found.used), str(found.size))


def _dated(reason: str, facts: Facts, needed: str) -> Failure:
    return Failure(reason, str(facts.local.replace(microsecond=0)), needed)


def _target(item: CompiledPromotion, facts: Facts, step: int) -> Obstacle | None:
    numbers, by_scope = item.targets, facts.sheet.by_scope
    lines = by_scope.get(numbers[0])
    if len(numbers) == 1 and lines is not None and not item.is_set:
        if not item.needed_pieces:
            return None
        needed, seen = item.needed_pieces, _pieces_of(item, lines)
        if seen >= needed:
            return None
        failure = Failure("set_quantity", str(seen), str(needed), needed - seen, "piece")
        return Obstacle(failure, targets_of(item.promotion)[0], lines, step=step)
    targets = [by_scope.get(number, ()) for number in numbers]
    if any(targets):
        return _parts(item, targets, step)
    return _forbidden(step) if numbers[0] in facts.sheet.forbidden else _no_goods(item, step)


def _forbidden(step: int) -> Obstacle:
    return Obstacle(Failure("law_tobacco", "tobacco", ""), is_law=True, step=step)


def _no_goods(item: CompiledPromotion, step: int) -> Obstacle:
    """Goods that have a name can be offered; a set needs more than one purchase."""
    scope, needed = targets_of(item.promotion)[0], max(1, item.needed_pieces)
    if not scope.label or item.is_set:
        return Obstacle(Failure("no_goods", "0", str(needed)), step=step)
    return Obstacle(Failure("no_goods", "0", str(needed), needed, "piece"), scope, step=step)


def _pieces_of(item: CompiledPromotion, lines: Lines) -> int:
    if item.needs_unused:
        return count_unused(lines)
    return count_pieces(lines)


def _parts(item: CompiledPromotion, targets: Sequence[Lines], step: int) -> Obstacle | None:
    effect = item.promotion.effect
    assert isinstance(effect, then.SetPrice)
    lacking = lacking_parts([part.quantity for part in effect.parts], targets, unused_only=True)
    if not lacking:
        return None
    number, missing = lacking[0]
    total = len(effect.parts)
    if total == 1:
        needed = effect.parts[0].quantity
        failure = Failure("set_quantity", str(needed - missing), str(needed), missing, "piece")
    else:
        unit = "piece" if len(lacking) == 1 else ""
        seen = str(total - len(lacking))
        failure = Failure("complete_set", seen, str(total), missing, unit, number)
    return Obstacle(failure, effect.parts[number].scope, targets[number], step=step)
