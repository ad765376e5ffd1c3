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
from loyalty.promotions.worksheet import SheetLine

Lines = Sequence[SheetLine]


class Obstacle(NamedTuple):
    """One failure, with the scope and lines it is about (for the hint)."""

    failure: Failure
    scope: Scope | None = None
    lines: Lines = ()
    is_law: bool = False


def may_act(item: CompiledPromotion, facts: Facts) -> bool:
    """True when nothing keeps the promotion from acting: the short way to no obstacles."""
    if (item.is_gated or facts.around.stopped) and gate_of(item, facts) is not None:
        return False
    if item.needs_member and facts.member is None:
        return False
    for condition, numbers, check in item.asked:
        if check(facts, condition, numbers) is not None:
            return False
    if not item.targets:
        return True
    lines = facts.sheet.by_scope.get(item.targets[0])
    if item.needed_pieces:
        return bool(lines) and _pieces_of(item, lines) >= item.needed_pieces  # type: ignore[arg-type]
    if isinstance(item.promotion.effect, then.SetPrice):
        targets = [lines_of(facts, number) for number in item.targets]
        return next(_parts(item.promotion.effect, targets), None) is None
    return lines is not None


def obstacles_of(item: CompiledPromotion, facts: Facts) -> Iterator[Obstacle]:
    """All obstacles of a promotion on this basket; none means that it may act."""
    gate = gate_of(item, facts) if item.is_gated or facts.around.stopped else None
    if gate is not None:
        yield Obstacle(gate)
    asked_member = False
    by_scope = facts.sheet.by_scope
    for condition, numbers, check in item.asked:
        failure = check(facts, condition, numbers)
        if failure is None:
            continue
        scopes = [by_scope.get(number, ()) for number in numbers]
        asked_member = asked_member or failure.reason in ("member_known", "member_blocked")
        yield _of_condition(facts, condition, numbers, scopes, failure)
    if item.needs_member and facts.member is None and not asked_member:
        failure = check_member(facts)
        if failure is not None:
            yield Obstacle(failure)
    if item.targets:
        yield from _target(item, facts, [by_scope.get(number, ()) for number in item.targets])


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
    facts: Facts,
    condition: when.Condition,
    numbers: Sequence[int],
    scopes: Sequence[Lines],
    failure: Failure,
) -> Obstacle:
    if not numbers:
        lines = facts.sheet.open_lines if isinstance(condition, when.ReceiptValue) else ()
        return Obstacle(failure, None, lines)
    place = failure.part or 0
    law = _law(facts, numbers[place], scopes[place])
    return law or Obstacle(failure, scopes_of(condition)[place], scopes[place])


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


def _target(item: CompiledPromotion, facts: Facts, targets: Sequence[Lines]) -> Iterator[Obstacle]:
    effect = item.promotion.effect
    if not any(targets):
        law = _law(facts, item.targets[0], targets[0])
        yield law or _no_goods(item)
    elif isinstance(effect, then.SetPrice):
        yield from _parts(effect, targets)
    elif item.needed_pieces:
        needed, seen = item.needed_pieces, _pieces_of(item, targets[0])
        if seen < needed:
            failure = Failure("set_quantity", str(seen), str(needed), needed - seen, "piece")
            yield Obstacle(failure, targets_of(item.promotion)[0], targets[0])


def _no_goods(item: CompiledPromotion) -> Obstacle:
    """Goods that have a name can be offered; a set needs more than one purchase."""
    scope, needed = targets_of(item.promotion)[0], max(1, item.needed_pieces)
    if not scope.label or isinstance(item.promotion.effect, then.SetPrice):
        return Obstacle(Failure("no_goods", "0", str(needed)))
    return Obstacle(Failure("no_goods", "0", str(needed), needed, "piece"), scope)


def _pieces_of(item: CompiledPromotion, lines: Lines) -> int:
    if item.needs_unused:
        return count_unused(lines)
    return sum([line.pieces for line in lines])


def _parts(effect: then.SetPrice, targets: Sequence[Lines]) -> Iterator[Obstacle]:
    lacking = lacking_parts([part.quantity for part in effect.parts], targets, unused_only=True)
    if not lacking:
        return
    number, missing = lacking[0]
    total = len(effect.parts)
    if total == 1:
        needed = effect.parts[0].quantity
        failure = Failure("set_quantity", str(needed - missing), str(needed), missing, "piece")
    else:
        unit = "piece" if len(lacking) == 1 else ""
        seen = str(total - len(lacking))
        failure = Failure("complete_set", seen, str(total), missing, unit, number)
    yield Obstacle(failure, effect.parts[number].scope, targets[number])


def _law(facts: Facts, number: int, lines: Lines) -> Obstacle | None:
    if lines or number not in facts.sheet.forbidden:
        return None
    return Obstacle(Failure("law_tobacco", "tobacco", ""), is_law=True)
