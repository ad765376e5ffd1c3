"""Traces in words: one short sentence for each reason code, per locale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from loyalty.promotions.hint_texts import tender_words
from loyalty.promotions.reason_texts import CUT, EQUAL, FIRED, NO_PURCHASE, PILOT, REASONS
from loyalty.promotions.wording import bonuses, money, plural, quotable
from loyalty.quote import PromotionTrace

_MONEY = frozenset(
    {
        *("scope_value", "receipt_value", "cap_campaign_minor", "cap_budget"),
        *("not_the_best", "already_cheaper"),
    }
)
_DAYS = {
    "uk": ("пн", "вт", "ср", "чт", "пт", "сб", "нд"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "pl": ("pn", "wt", "śr", "czw", "pt", "sob", "ndz"),
}
_PIECES = {"en": ("piece", "pieces", "pieces")}
_COUNTED = {
    "scope_quantity": _PIECES,
    "set_quantity": _PIECES,
    "complete_set": {
        "uk": ("частина", "частини", "частин"),
        "pl": ("część", "części", "części"),
    },
    "distinct_skus": {"uk": ("різний товар", "різні товари", "різних товарів")},
}
"""What a bare number counts, where a sentence leaves it open."""
_JOINTS = {
    "uk": {"at": "о", "from": "з", "to": "по", "and": "і", "no.": "№", "least": "від"},
    "en": {"at": "at", "from": "from", "to": "to", "and": "and", "no.": "no.", "least": "at least"},
    "pl": {"at": "o", "from": "od", "to": "do", "and": "i", "no.": "nr", "least": "co najmniej"},
}
_MULTIPLES = {"uk": "кратні", "en": "multiples of", "pl": "wielokrotności"}
_UNKNOWN_DAY = {"uk": ", він невідомий", "en": ", it is not known", "pl": ", data nieznana"}


def explain(
    trace: PromotionTrace, locale: str = "uk", names: Mapping[str, str] | None = None
) -> str:
    """Why the promotion acted or not, as a sentence without its name.

    `names` are the promotions' names by id, for the one that won over it; without them its id is
    said. An unknown locale reads Ukrainian.
    """
    locale = locale if locale in _DAYS else "uk"
    texts = _texts(trace)
    seen, needed = _figures(trace, locale)
    winner = quotable((names or {}).get(trace.winner) or trace.winner, locale)
    return texts[locale].format(seen=seen, needed=needed, winner=winner)


def _texts(trace: PromotionTrace) -> Mapping[str, str]:
    if not trace.reason:
        return CUT.get(trace.cap, FIRED)
    if trace.reason == "shadow" and trace.seen == "pilot":
        return PILOT
    if trace.seen == "never":
        return NO_PURCHASE
    if trace.reason == "not_the_best" and trace.seen == trace.needed:
        return EQUAL
    return REASONS.get(trace.reason, FIRED)


def _figures(trace: PromotionTrace, locale: str) -> tuple[str, str]:
    """What was seen and what is needed, as people write it."""
    reason, seen, needed = trace.reason, trace.seen, trace.needed
    if reason in _MONEY:
        return money(_hundredths(seen), locale), money(_hundredths(needed), locale)
    if reason == "points_at_least":
        return money(_hundredths(seen), locale), bonuses(_hundredths(needed), locale)
    if locale in _COUNTED.get(reason, ()):
        return seen, _count(int(needed), _COUNTED[reason][locale], locale)
    if reason == "weekday":
        return seen, ", ".join([_DAYS[locale][int(day) - 1] for day in needed.split(",")])
    if reason == "tender_kind":
        return seen, tender_words(needed, locale)
    if reason in ("not_started", "ended"):
        return seen, _instant(needed, locale, is_end=reason == "ended")
    if reason == "date_range":
        return seen, _dates(needed, locale)
    if reason == "birthday":
        return _birthday(seen, needed, locale)
    if reason == "days_since_purchase":
        return seen, _span(needed, locale)
    if reason == "nth_purchase":
        return seen, _numbers(needed, locale)
    return seen, needed


def _hundredths(text: str) -> int:
    return int(text.replace(".", "") or 0)


def _count(count: int, forms: tuple[str, str, str], locale: str) -> str:
    return f"{count} {plural(count, *forms, locale=locale)}"


def _day(day: date, locale: str) -> str:
    return f"{day:%Y-%m-%d}" if locale == "en" else f"{day:%d.%m.%Y}"


def _instant(text: str, locale: str, *, is_end: bool) -> str:
    """A local instant; an end at midnight is told as the last day before it."""
    moment = datetime.fromisoformat(text)
    if moment.hour or moment.minute:
        return f"{_day(moment, locale)} {_JOINTS[locale]['at']} {moment:%H:%M}"
    return _day(moment - timedelta(days=int(is_end)), locale)


def _dates(text: str, locale: str) -> str:
    """A half-open interval "from/until" with its last day."""
    starts, ends = [date.fromisoformat(part) if part else None for part in text.split("/")]
    joints = _JOINTS[locale]
    parts = [f"{joints['from']} {_day(starts, locale)}"] if starts else []
    if ends:
        parts.append(f"{joints['to']} {_day(ends - timedelta(days=1), locale)}")
    return " ".join(parts)


def _birthday(seen: str, needed: str, locale: str) -> tuple[str, str]:
    before, after = (int(part) for part in re.findall(r"\d+", needed))
    if seen == "unknown":
        return _UNKNOWN_DAY[locale], _birthday_span(before, after, locale)
    days, is_past = int(seen[1:]), seen.startswith("+")
    if locale == "uk":
        distance = f", минуло {days} дн." if is_past else f", до нього {days} дн."
    elif locale == "pl":
        counted = _count(days, ("dzień", "dni", "dni"), locale)
        distance = f", {counted} temu" if is_past else f", za {counted}"
    else:
        counted = _count(days, ("day", "days", "days"), locale)
        distance = f", it was {counted} ago" if is_past else f", it is in {counted}"
    return distance, _birthday_span(before, after, locale)


def _birthday_span(before: int, after: int, locale: str) -> str:
    if locale == "uk":
        return f"{before} дн. до, {after} дн. після"
    if locale == "pl":
        return f"{_count(before, ('dzień', 'dni', 'dni'), locale)} przed, {after} po"
    return f"{_count(before, ('day', 'days', 'days'), locale)} before, {after} after"


def _numbers(needed: str, locale: str) -> str:
    """Purchases by number: "5, 10, each 7"."""
    parts, joints = needed.split(", "), _JOINTS[locale]
    exact = ", ".join([part for part in parts if not part.startswith("each ")])
    each = [part.removeprefix("each ") for part in parts if part.startswith("each ")]
    words = [f"{joints['no.']} {exact}"] if exact else []
    words += [f"{_MULTIPLES[locale]} {number}" for number in each]
    return f" {joints['and']} ".join(words)


def _span(needed: str, locale: str) -> str:
    least, most = needed.split("..")
    return f"{least}–{most}" if most else f"{_JOINTS[locale]['least']} {least}"
