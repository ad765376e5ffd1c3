"""What each condition kind asks of the basket, the member, the place and the time.

A check returns None when the condition holds, else a `Failure` with what was seen and what is
needed. `CHECKS` is the dispatch table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from loyalty.member import Member
from loyalty.money import format_minor
from loyalty.promotions import conditions as when
from loyalty.promotions.worksheet import SheetLine, Worksheet

Lines = Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions may look at. `local` is wall-clock time of the programme's zone."""

    sheet: Worksheet
    local: datetime
    store_id: str
    member: Member | None
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """The first condition that does not hold.

    `missing` is how much is lacking, in pieces or kopecks by `unit`; `unit` is "" when no
    purchase can help.
    """

    reason: str
    seen: str
    needed: str
    missing: int = 0
    unit: str = ""


Check = Callable[[Facts, Any, Lines], Failure | None]


def _scope_quantity(_: Facts, condition: when.ScopeQuantity, lines: Lines) -> Failure | None:
    seen = sum([line.pieces for line in lines])
    if seen >= condition.at_least:
        return None
    missing = condition.at_least - seen
    return Failure("scope_quantity", str(seen), str(condition.at_least), missing, "piece")


def _value(reason: str, lines: Lines, at_least: int, basis: when.Basis) -> Failure | None:
    if basis == "gross":
        seen = sum([line.item.sum_minor for line in lines])
    else:
        seen = sum([line.net for line in lines])
    if seen >= at_least:
        return None
    return Failure(reason, format_minor(seen), format_minor(at_least), at_least - seen, "minor")


def _scope_value(_: Facts, condition: when.ScopeValue, lines: Lines) -> Failure | None:
    return _value("scope_value", lines, condition.at_least_minor, condition.basis)


def _receipt_value(facts: Facts, condition: when.ReceiptValue, _: Lines) -> Failure | None:
    lines = facts.sheet.open_lines
    return _value("receipt_value", lines, condition.at_least_minor, condition.basis)


def _store(facts: Facts, condition: when.StoreIn, _: Lines) -> Failure | None:
    if facts.store_id in condition.stores:
        return None
    return Failure("store", facts.store_id, _listed(condition.stores))


def _listed(names: frozenset[str]) -> str:
    first = sorted(names)[:5]
    return ", ".join(first) + (", …" if len(names) > 5 else "")


def _date_range(facts: Facts, condition: when.DateRange, _: Lines) -> Failure | None:
    today = facts.local.date()
    starts, ends = condition.from_on, condition.until_on
    if (starts is None or today >= starts) and (ends is None or today < ends):
        return None
    return Failure("date_range", str(today), f"{starts or ''}/{ends or ''}")


def _weekday(facts: Facts, condition: when.Weekday, _: Lines) -> Failure | None:
    today = facts.local.isoweekday()
    if today in condition.days:
        return None
    return Failure("weekday", str(today), ",".join(map(str, sorted(condition.days))))


def _time_window(facts: Facts, condition: when.TimeWindow, _: Lines) -> Failure | None:
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


def birthday_in(year: int, birthday: str) -> date | None:
    """The day a birthday ("MM-DD") is kept in a year: 29 February on the 28th where it lacks."""
    try:
        month, day = int(birthday[:2]), int(birthday[3:5])
        if (month, day) == (2, 29):
            return date(year, 3, 1) - timedelta(days=1)
        return date(year, month, day)
    except ValueError:
        return None


def days_from_birthday(today: date, birthday: str) -> int | None:
    """Days since the nearest birthday, negative before it; None when it cannot be read."""
    distances = [
        (today - kept).days
        for year in (today.year - 1, today.year, today.year + 1)
        if 0 < year < 9999 and (kept := birthday_in(year, birthday)) is not None
    ]
    return min(distances, key=abs, default=None)


def _no_member(facts: Facts) -> Failure | None:
    if facts.member is not None:
        return None
    if facts.is_blocked:
        return Failure("member_blocked", "blocked", "member")
    return Failure("member_known", "stranger", "member")


def check_member(facts: Facts) -> Failure | None:
    """A member must be known; a card would mend it, unless the member is blocked."""
    failure = _no_member(facts)
    if failure is None or facts.is_blocked:
        return failure
    return replace(failure, missing=1, unit="member")


def _member_known(facts: Facts, _: when.MemberKnown, __: Lines) -> Failure | None:
    return check_member(facts)


def _birthday(facts: Facts, condition: when.BirthdayWindow, _: Lines) -> Failure | None:
    if facts.member is None:
        return _no_member(facts)
    needed = f"-{condition.days_before}..+{condition.days_after}"
    distance = days_from_birthday(facts.local.date(), facts.member.birthday or "")
    if distance is None:
        return Failure("birthday", "unknown", needed)
    if -condition.days_before <= distance <= condition.days_after:
        return None
    return Failure("birthday", f"{distance:+d}", needed)


def _member_group(facts: Facts, condition: when.MemberGroup, _: Lines) -> Failure | None:
    if facts.member is None:
        return _no_member(facts)
    mine = frozenset(facts.member.groups) | {facts.member.tier}
    if not condition.groups.isdisjoint(mine):
        return None
    return Failure("member_group", _listed(mine - {""}), _listed(condition.groups))


CHECKS: dict[type[when.Condition], Check] = {
    when.ScopeQuantity: _scope_quantity,
    when.ScopeValue: _scope_value,
    when.ReceiptValue: _receipt_value,
    when.StoreIn: _store,
    when.DateRange: _date_range,
    when.Weekday: _weekday,
    when.TimeWindow: _time_window,
    when.BirthdayWindow: _birthday,
    when.MemberKnown: _member_known,
    when.MemberGroup: _member_group,
}
