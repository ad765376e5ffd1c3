"""Traces in words: one short sentence for each reason code, per locale."""

from __future__ import annotations

from loyalty.quote import PromotionTrace

REASONS: dict[str, dict[str, str]] = {
    "no_goods": {"uk": "у чеку немає потрібних товарів", "en": "no such goods on the receipt"},
    "scope_quantity": {
        "uk": "потрібно {needed} шт., є {seen}",
        "en": "{needed} pieces needed, {seen} there",
    },
    "set_quantity": {
        "uk": "для набору потрібно {needed} шт., вільних {seen}",
        "en": "a set needs {needed} pieces, {seen} are free",
    },
    "scope_value": {
        "uk": "потрібно товарів на {needed} грн, є на {seen}",
        "en": "goods for UAH {needed} needed, {seen} there",
    },
    "receipt_value": {
        "uk": "потрібен чек від {needed} грн, зараз {seen}",
        "en": "receipt of UAH {needed} needed, now {seen}",
    },
    "store": {"uk": "діє в інших магазинах", "en": "runs in other stores"},
    "not_started": {"uk": "почнеться {needed}", "en": "starts {needed}"},
    "ended": {"uk": "закінчилася {needed}", "en": "ended {needed}"},
    "date_range": {"uk": "діє в інші дні: {needed}", "en": "runs on other days: {needed}"},
    "weekday": {"uk": "діє в інші дні тижня: {needed}", "en": "other days of the week: {needed}"},
    "time_window": {"uk": "діє {needed}, зараз {seen}", "en": "runs {needed}, now {seen}"},
    "birthday": {"uk": "діє біля дня народження", "en": "runs around the birthday"},
    "member_known": {"uk": "потрібна картка учасника", "en": "a member card is needed"},
    "member_blocked": {"uk": "картку заблоковано", "en": "the card is blocked"},
    "member_group": {"uk": "для іншої групи: {needed}", "en": "for another group: {needed}"},
    "law_tobacco": {
        "uk": "закон забороняє акції на тютюн",
        "en": "the law forbids promotions of tobacco",
    },
    "group_taken": {"uk": "діє інша акція групи {seen}", "en": "another of group {seen} acts"},
    "allowance_taken": {"uk": "частку вже змінила інша акція", "en": "another set the share"},
    "floor": {"uk": "ціна вже найнижча з можливих", "en": "the price is the lowest possible"},
    "earns_nothing": {"uk": "на ці товари бонусів немає", "en": "these goods earn nothing"},
    "shadow": {"uk": "випробування: лише рахується", "en": "trial: counted, not given"},
}
_FIRED = {"uk": "спрацювала", "en": "acted"}


def explain(trace: PromotionTrace, locale: str = "uk") -> str:
    """Why the promotion acted or not, as a sentence without its name."""
    texts = REASONS.get(trace.reason, _FIRED)
    text = texts.get(locale, texts["uk"])
    return text.format(seen=trace.seen, needed=trace.needed)
