"""Traces in words: one short sentence for each reason code, per locale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from loyalty.promotions.hint_texts import tender_words
from loyalty.promotions.wording import bonuses, money, plural, quotable
from loyalty.quote import PromotionTrace

REASONS: dict[str, dict[str, str]] = {
    "no_goods": {"uk": "у чеку немає потрібних товарів", "en": "no such goods on the receipt"},
    "scope_quantity": {
        "uk": "потрібно {needed} шт., є {seen}",
        "en": "{needed} pieces needed, {seen} there",
    },
    "set_quantity": {
        "uk": "потрібно {needed} шт., вільних {seen}",
        "en": "{needed} pieces needed, {seen} free",
    },
    "scope_value": {
        "uk": "потрібно товарів на {needed} грн, є на {seen}",
        "en": "goods for UAH {needed} needed, {seen} there",
    },
    "receipt_value": {
        "uk": "потрібен чек від {needed} грн, зараз {seen}",
        "en": "receipt of UAH {needed} needed, now {seen}",
    },
    "distinct_skus": {
        "uk": "потрібно {needed}, є {seen}",
        "en": "{needed} different goods needed, {seen} there",
    },
    "complete_set": {
        "uk": "у наборі {needed}, зібрано {seen}",
        "en": "parts of the set: {seen} of {needed}",
    },
    "store": {"uk": "діє в інших магазинах", "en": "runs in other stores"},
    "store_format": {
        "uk": "діє в магазинах іншого формату: {needed}",
        "en": "runs in stores of another format: {needed}",
    },
    "register": {"uk": "діє на інших касах", "en": "runs on other registers"},
    "channel": {"uk": "діє в іншому каналі: {needed}", "en": "runs in another channel: {needed}"},
    "code_entered": {"uk": "потрібен код акції", "en": "a code is needed"},
    "tender_kind": {"uk": "діє при оплаті {needed}", "en": "runs when paid {needed}"},
    "not_started": {"uk": "почнеться {needed}", "en": "starts {needed}"},
    "ended": {"uk": "закінчилася {needed}", "en": "ended {needed}"},
    "date_range": {"uk": "діє {needed}", "en": "runs {needed}"},
    "weekday": {"uk": "діє в інші дні: {needed}", "en": "runs on other days: {needed}"},
    "time_window": {"uk": "діє {needed}, зараз {seen}", "en": "runs {needed}, now {seen}"},
    "birthday": {
        "uk": "діє біля дня народження ({needed}){seen}",
        "en": "runs around the birthday ({needed}){seen}",
    },
    "member_known": {"uk": "потрібна картка учасника", "en": "a member card is needed"},
    "member_blocked": {"uk": "картку заблоковано", "en": "the card is blocked"},
    "member_group": {"uk": "для іншої групи: {needed}", "en": "for another group: {needed}"},
    "member_tier": {"uk": "для іншого рівня: {needed}", "en": "for another tier: {needed}"},
    "member_segment": {
        "uk": "для інших покупців",
        "en": "for other customers",
    },
    "nth_purchase": {
        "uk": "це покупка № {seen}, діє на {needed}",
        "en": "this is purchase no. {seen}, it runs on {needed}",
    },
    "first_purchase": {"uk": "лише на першу покупку", "en": "for the first purchase only"},
    "days_since_purchase": {
        "uk": "днів від останньої покупки: {seen}, потрібно {needed}",
        "en": "days since the last purchase: {seen}, needed {needed}",
    },
    "coupon_held": {"uk": "немає купона", "en": "no coupon for it"},
    "points_at_least": {
        "uk": "потрібно {needed} на рахунку, є {seen}",
        "en": "a balance of {needed} is needed, it is {seen}",
    },
    "cashier_is_not_member": {
        "uk": "власна картка касира не діє",
        "en": "the cashier's own card does not count",
    },
    "stopped": {"uk": "акцію зупинено", "en": "the promotion was stopped"},
    "cap_per_member_day": {
        "uk": "сьогодні вже використано {seen} з {needed}",
        "en": "used {seen} of {needed} today",
    },
    "cap_per_member": {
        "uk": "учасник уже використав {seen} з {needed}",
        "en": "the member has used {seen} of {needed}",
    },
    "cap_campaign_count": {
        "uk": "акцію вичерпано: {seen} з {needed}",
        "en": "the campaign is used up: {seen} of {needed}",
    },
    "cap_campaign_minor": {
        "uk": "бюджет акції вичерпано: {seen} з {needed} грн",
        "en": "the budget is used up: UAH {seen} of {needed}",
    },
    "cap_budget": {
        "uk": "у бюджеті акції лишилося {seen} грн, потрібно {needed}",
        "en": "UAH {seen} of the budget are left, {needed} needed",
    },
    "exclusive_taken": {
        "uk": "діє виняткова акція «{winner}»",
        "en": "the exclusive promotion “{winner}” acts",
    },
    "not_the_best": {
        "uk": "вигідніша акція «{winner}»: {needed} грн проти {seen}",
        "en": "“{winner}” gives more: UAH {needed} against {seen}",
    },
    "law_tobacco": {
        "uk": "закон забороняє акції на тютюн",
        "en": "the law forbids promotions of tobacco",
    },
    "group_taken": {
        "uk": "у цій групі вже діє «{winner}»",
        "en": "“{winner}” acts in its group already",
    },
    "allowance_taken": {
        "uk": "оплату бонусами вже змінила «{winner}»",
        "en": "“{winner}” has set what bonuses may pay",
    },
    "floor": {"uk": "ціна вже найнижча з можливих", "en": "the price is the lowest possible"},
    "already_cheaper": {
        "uk": "і так дешевше: {seen} грн, за акцією {needed}",
        "en": "already cheaper: UAH {seen}, by the promotion {needed}",
    },
    "earns_nothing": {
        "uk": "на ці товари нічого не нараховується",
        "en": "these goods earn nothing",
    },
    "shadow": {"uk": "випробування: лише рахується", "en": "trial: counted, not given"},
}
_PILOT = {"uk": "пілот на інших касах: лише рахується", "en": "pilot elsewhere: counted, not given"}
_EQUAL = {"uk": "«{winner}» дає стільки ж і має перевагу", "en": "“{winner}” gives as much, first"}
_NO_PURCHASE = {"uk": "покупок ще не було", "en": "no purchase yet"}
_FIRED = {"uk": "спрацювала", "en": "acted"}
_CUT = {
    "per_receipt_minor": {
        "uk": "спрацювала, урізана межею на чек",
        "en": "acted, cut by the cap of a receipt",
    },
    "per_receipt_points": {
        "uk": "спрацювала, бонуси урізані межею на чек",
        "en": "acted, its bonuses cut by the cap of a receipt",
    },
    "campaign_minor": {
        "uk": "спрацювала, урізана рештою бюджету",
        "en": "acted, cut by what was left of the budget",
    },
}
_MONEY = frozenset(
    {
        *("scope_value", "receipt_value", "cap_campaign_minor", "cap_budget"),
        *("not_the_best", "already_cheaper"),
    }
)
_DAYS = {
    "uk": ("пн", "вт", "ср", "чт", "пт", "сб", "нд"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


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
        return _CUT.get(trace.cap, _FIRED)
    if trace.reason == "shadow" and trace.seen == "pilot":
        return _PILOT
    if trace.seen == "never":
        return _NO_PURCHASE
    if trace.reason == "not_the_best" and trace.seen == trace.needed:
        return _EQUAL
    return REASONS.get(trace.reason, _FIRED)


def _figures(trace: PromotionTrace, locale: str) -> tuple[str, str]:
    """What was seen and what is needed, as people write it."""
    reason, seen, needed = trace.reason, trace.seen, trace.needed
    if reason in _MONEY:
        return money(_hundredths(seen), locale), money(_hundredths(needed), locale)
    if reason == "points_at_least":
        return money(_hundredths(seen), locale), bonuses(_hundredths(needed), locale)
    if reason in ("distinct_skus", "complete_set") and locale == "uk":
        return seen, _counted(reason, int(needed))
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


def _counted(reason: str, count: int) -> str:
    if reason == "complete_set":
        return f"{count} {plural(count, 'частина', 'частини', 'частин')}"
    return f"{count} {plural(count, 'різний товар', 'різні товари', 'різних товарів')}"


def _day(day: date, locale: str) -> str:
    return f"{day:%d.%m.%Y}" if locale == "uk" else f"{day:%Y-%m-%d}"


def _instant(text: str, locale: str, *, is_end: bool) -> str:
    """A local instant; an end at midnight is told as the last day before it."""
    moment = datetime.fromisoformat(text)
    if moment.hour or moment.minute:
        joint = "о" if locale == "uk" else "at"
        return f"{_day(moment, locale)} {joint} {moment:%H:%M}"
    return _day(moment - timedelta(days=int(is_end)), locale)


def _dates(text: str, locale: str) -> str:
    """A half-open interval "from/until" with its last day."""
    starts, ends = [date.fromisoformat(part) if part else None for part in text.split("/")]
    from_word, until_word = ("з", "по") if locale == "uk" else ("from", "to")
    parts = [f"{from_word} {_day(starts, locale)}"] if starts else []
    if ends:
        parts.append(f"{until_word} {_day(ends - timedelta(days=1), locale)}")
    return " ".join(parts)


def _birthday(seen: str, needed: str, locale: str) -> tuple[str, str]:
    before, after = (int(part) for part in re.findall(r"\d+", needed))
    if locale == "uk":
        span = f"{before} дн. до, {after} дн. після"
        unknown, passed, ahead = ", він невідомий", ", минуло {0} дн.", ", до нього {0} дн."
    else:
        span = f"{before} days before, {after} after"
        unknown, passed, ahead = ", it is not known", ", it was {0} days ago", ", it is in {0} days"
    if seen == "unknown":
        return unknown, span
    return (passed if seen.startswith("+") else ahead).format(seen[1:]), span


def _numbers(needed: str, locale: str) -> str:
    """Purchases by number: "5, 10, each 7"."""
    parts = needed.split(", ")
    exact = ", ".join([part for part in parts if not part.startswith("each ")])
    each = [part.removeprefix("each ") for part in parts if part.startswith("each ")]
    if locale == "uk":
        words = [f"№ {exact}"] if exact else []
        words += [f"кратні {number}" for number in each]
        return " і ".join(words)
    words = [f"no. {exact}"] if exact else []
    words += [f"multiples of {number}" for number in each]
    return " and ".join(words)


def _span(needed: str, locale: str) -> str:
    least, most = needed.split("..")
    if most:
        return f"{least}–{most}"
    return f"від {least}" if locale == "uk" else f"at least {least}"
