"""What each condition kind asks of the basket, the place and the time; `CHECKS` dispatches.

A check returns None when the condition holds, else a `Failure` with what was seen and what is
needed. It gets the numbers of the scopes that the condition counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loyalty.money import format_minor
from loyalty.promotions import conditions as when
from loyalty.promotions import member_checks as of_member
from loyalty.promotions.choosing import count_unused
from loyalty.promotions.facts import Facts, Failure, listed
from loyalty.promotions.matching import assign
from loyalty.promotions.policies import Basis
from loyalty.promotions.worksheet import SheetLine, count_pieces, net_of

Lines = Sequence[SheetLine]
Check = Callable[[Facts, Any, Sequence[int]], Failure | None]


def _scope_quantity(
    facts: Facts, condition: when.ScopeQuantity, numbers: Sequence[int]
) -> Failure | None:
    lines = facts.sheet.by_scope.get(numbers[0], ())
    seen = count_unused(lines) if condition.unused_only else count_pieces(lines)
    if seen >= condition.at_least:
        return None
    missing = condition.at_least - seen
    return Failure("scope_quantity", str(seen), str(condition.at_least), missing, "piece")


def _value(reason: str, lines: Lines, at_least: int, basis: Basis) -> Failure | None:
    gross = seen = sum([line.item.sum_minor for line in lines])
    if basis == "net":
        seen = net_of(lines)
    if seen >= at_least:
        return None
    # What is bought in addition gets cheaper like what is there already.
    missing = -((seen - at_least) * gross // seen) if seen > 0 else at_least - seen
    return Failure(reason, format_minor(seen), format_minor(at_least), missing, "minor")


def _scope_value(
    facts: Facts, condition: when.ScopeValue, numbers: Sequence[int]
) -> Failure | None:
    lines = facts.sheet.by_scope.get(numbers[0], ())
    return _value("scope_value", lines, condition.at_least_minor, condition.basis)


def _distinct_skus(
    facts: Facts, condition: when.DistinctSkus, numbers: Sequence[int]
) -> Failure | None:
    seen = len({line.item.sku for line in facts.sheet.by_scope.get(numbers[0], ())})
    if seen >= condition.at_least:
        return None
    missing = condition.at_least - seen
    return Failure("distinct_skus", str(seen), str(condition.at_least), missing, "sku")


def _complete_set(
    facts: Facts, condition: when.CompleteSet, numbers: Sequence[int]
) -> Failure | None:
    scopes = [facts.sheet.by_scope.get(number, ()) for number in numbers]
    lacking = lacking_parts([part.quantity for part in condition.parts], scopes, unused_only=False)
    if not lacking:
        return None
    total = len(condition.parts)
    number, missing = lacking[0]
    is_one = len(lacking) == 1
    return Failure(
        "complete_set",
        str(total - len(lacking)),
        str(total),
        missing,
        "piece" if is_one else "",
        number,
    )


def lacking_parts(
    quantities: Sequence[int], scopes: Sequence[Lines], *, unused_only: bool
) -> list[tuple[int, int]]:
    """(number of the part, missing pieces) of a set; a piece counts for one part only."""
    free: dict[int, int] = {}
    for lines in scopes:
        for line in lines:
            free[line.index] = count_unused((line,)) if unused_only else line.pieces
    wants = [[line.index for line in lines] for lines in scopes]
    if len(free) < sum([len(keys) for keys in wants]):
        return assign(quantities, wants, free)[1]
    # No line is in two parts, so each part has what it has; the poorest is told first.
    have = [sum([free[key] for key in keys]) for keys in wants]
    order = sorted(range(len(have)), key=have.__getitem__)
    return [(n, quantities[n] - have[n]) for n in order if have[n] < quantities[n]]


def _receipt_value(facts: Facts, condition: when.ReceiptValue, _: Sequence[int]) -> Failure | None:
    sheet, at_least = facts.sheet, condition.at_least_minor
    if condition.basis == "gross" and sheet.open_gross_minor >= at_least:
        return None
    return _value("receipt_value", sheet.open_lines, at_least, condition.basis)


def _store(facts: Facts, condition: when.StoreIn, _: Sequence[int]) -> Failure | None:
    around = facts.around
    for reason, seen, wanted in (
        ("store", facts.store_id, condition.stores),
        ("store_format", around.store_format, condition.formats),
        ("register", around.register_id, condition.registers),
    ):
        if wanted and seen not in wanted:
            return Failure(reason, seen, listed(wanted))
    return None


def _channel(facts: Facts, condition: when.ChannelIn, _: Sequence[int]) -> Failure | None:
    seen = facts.around.channel
    return (
        None if seen in condition.channels else Failure("channel", seen, listed(condition.channels))
    )


def _date_range(facts: Facts, condition: when.DateRange, _: Sequence[int]) -> Failure | None:
    today = facts.local.date()
    starts, ends = condition.from_on, condition.until_on
    if (starts is None or today >= starts) and (ends is None or today < ends):
        return None
    return Failure("date_range", str(today), f"{starts or ''}/{ends or ''}")


def _weekday(facts: Facts, condition: when.Weekday, _: Sequence[int]) -> Failure | None:
    today = facts.local.isoweekday()
    if today in condition.days:
        return None
    return Failure("weekday", str(today), ",".join(map(str, sorted(condition.days))))


def _time_window(facts: Facts, condition: when.TimeWindow, _: Sequence[int]) -> Failure | None:
    minute = facts.local.hour * 60 + facts.local.minute
    starts, ends = condition.from_minute, condition.until_minute
    if starts <= ends:
        is_inside = starts <= minute < ends
    else:
        is_inside = minute >= starts or minute < ends
    if is_inside:
        return None
    return Failure("time_window", _clock(minute), f"{_clock(starts)}-{_clock(ends)}")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _code_entered(facts: Facts, condition: when.CodeEntered, _: Sequence[int]) -> Failure | None:
    if not condition.codes.isdisjoint(facts.around.codes):
        return None
    return Failure("code_entered", listed(facts.around.codes), "")


def _tender(facts: Facts, condition: when.TenderIn, _: Sequence[int]) -> Failure | None:
    seen = facts.around.tender_kinds
    if condition.match == "all":
        holds = bool(seen) and seen <= condition.kinds
    else:
        holds = not seen.isdisjoint(condition.kinds)
    if holds:
        return None
    unit = "" if condition.kinds <= {"other"} else "tender"
    wanted = listed(frozenset(condition.kinds) - {"other"} or condition.kinds)
    return Failure("tender_kind", listed(frozenset(seen)), wanted, int(bool(unit)), unit)


CHECKS: dict[type[when.Condition], Check] = {
    when.ScopeQuantity: _scope_quantity,
    when.ScopeValue: _scope_value,
    when.DistinctSkus: _distinct_skus,
    when.CompleteSet: _complete_set,
    when.ReceiptValue: _receipt_value,
    when.StoreIn: _store,
    when.ChannelIn: _channel,
    when.DateRange: _date_range,
    when.Weekday: _weekday,
    when.TimeWindow: _time_window,
    when.CodeEntered: _code_entered,
    when.TenderIn: _tender,
    **of_member.CHECKS,
}
