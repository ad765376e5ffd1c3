"""When a promotion can act: dates, weekdays and hours that exclude each other are found here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sync.contract.rule_conditions import DateRangeModel, TimeWindowModel, WeekdayModel
from sync.contract.rule_fields import minutes_of
from sync.contract.rule_findings import Conflict, finding
from sync.contract.rule_promotion import PromotionModel

_ALL_DAY = frozenset(range(1_440))
_ALL_WEEK = frozenset(range(1, 8))


def time_findings(at: str, promotion: PromotionModel, today: date | None) -> Iterator[Conflict]:
    """Faults of one promotion's times; with `today` (local) an end in the past is one too."""
    own = promotion.promotion_id
    found = [*_interval(at, own, promotion.valid_from, promotion.valid_until, "valid_until", today)]
    for place, condition in enumerate(promotion.conditions):
        where = f"{at}.conditions[{place}]"
        if isinstance(condition, DateRangeModel):
            ends = condition.until_on
            found += _interval(where, own, condition.from_on, ends, "until_on", today)
        if isinstance(condition, TimeWindowModel) and not _minutes(condition):
            found.append(finding("empty_window", where, own, "starts when it ends"))
    yield from found
    if not found:
        yield from _together(at, promotion)


def _interval(
    at: str, own: str, starts: str | None, ends: str | None, field: str, today: date | None
) -> Iterator[Conflict]:
    if ends is None:
        return
    # ISO texts of one kind sort by time; a date stands before every instant of its day.
    if starts is not None and starts >= ends:
        yield finding("empty_dates", f"{at}.{field}", own, f"{starts} is not before {ends}")
    elif today is not None and ends <= today.isoformat():
        yield finding("past_dates", f"{at}.{field}", own, f"ended on {ends}")


def _together(at: str, promotion: PromotionModel) -> Iterator[Conflict]:
    """Conditions that are sound alone and never hold at the same time."""
    own = promotion.promotion_id
    days, minutes = _ALL_WEEK, _ALL_DAY
    for condition in promotion.conditions:
        if isinstance(condition, WeekdayModel) and condition.days:
            days &= frozenset(condition.days)
        if isinstance(condition, TimeWindowModel):
            minutes &= _minutes(condition)
    starts, ends = date_span(promotion)
    if starts is not None and ends is not None:
        if starts >= ends:
            message = f"its dates never meet: {starts} is not before {ends}"
            yield finding("empty_dates", at, own, message)
            return
        length = min((ends - starts).days, 7)
        days &= {(starts + timedelta(days=n)).isoweekday() for n in range(length)}
    if not days:
        yield finding("empty_window", at, own, "no day of these dates is one of its weekdays")
    if not minutes:
        yield finding("empty_window", at, own, "its hours never meet")


def date_span(promotion: PromotionModel) -> tuple[date | None, date | None]:
    """First local date on which the promotion may act, and the first after its last one."""
    ranges = [c for c in promotion.conditions if isinstance(c, DateRangeModel)]
    starts = [date.fromisoformat(r.from_on) for r in ranges if r.from_on]
    ends = [date.fromisoformat(r.until_on) for r in ranges if r.until_on]
    if promotion.valid_from:
        starts.append(date.fromisoformat(promotion.valid_from[:10]))
    if promotion.valid_until:
        last = date.fromisoformat(promotion.valid_until[:10])
        is_midnight = promotion.valid_until[10:] in ("", "T00:00")
        ends.append(last if is_midnight else _day_after(last))
    return max(starts, default=None), min(ends, default=None)


def _day_after(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


def _minutes(window: TimeWindowModel) -> frozenset[int]:
    first, last = minutes_of(window.from_time), minutes_of(window.until_time)
    if first <= last:
        return frozenset(range(first, last))
    return frozenset((*range(first, 1_440), *range(last)))


def never_meet(one: PromotionModel, other: PromotionModel) -> bool:
    """True when the dates or the stores of two promotions have nothing in common."""
    starts = [day for day in (date_span(one)[0], date_span(other)[0]) if day is not None]
    ends = [day for day in (date_span(one)[1], date_span(other)[1]) if day is not None]
    if starts and ends and max(starts) >= min(ends):
        return True
    return bool(one.stores and other.stores) and set(one.stores).isdisjoint(other.stores)
