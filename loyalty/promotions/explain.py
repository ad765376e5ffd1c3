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
    "distinct_skus": {
        "uk": "потрібно {needed} різних товарів, є {seen}",
        "en": "{needed} different goods needed, {seen} there",
    },
    "complete_set": {
        "uk": "у наборі {needed} частин, зібрано {seen}",
        "en": "the set has {needed} parts, {seen} are there",
    },
    "store": {"uk": "діє в інших магазинах", "en": "runs in other stores"},
    "store_format": {
        "uk": "діє в магазинах іншого формату: {needed}",
        "en": "runs in stores of another format: {needed}",
    },
    "register": {"uk": "діє на інших касах", "en": "runs on other registers"},
    "channel": {"uk": "діє в іншому каналі: {needed}", "en": "runs in another channel: {needed}"},
    "code_entered": {"uk": "потрібен код акції", "en": "a code is needed"},
    "tender_kind": {
        "uk": "діє при оплаті інакше: {needed}",
        "en": "needs another way of payment: {needed}",
    },
    "not_started": {"uk": "почнеться {needed}", "en": "starts {needed}"},
    "ended": {"uk": "закінчилася {needed}", "en": "ended {needed}"},
    "date_range": {"uk": "діє в інші дні: {needed}", "en": "runs on other days: {needed}"},
    "weekday": {"uk": "діє в інші дні тижня: {needed}", "en": "other days of the week: {needed}"},
    "time_window": {"uk": "діє {needed}, зараз {seen}", "en": "runs {needed}, now {seen}"},
    "birthday": {"uk": "діє біля дня народження", "en": "runs around the birthday"},
    "member_known": {"uk": "потрібна картка учасника", "en": "a member card is needed"},
    "member_blocked": {"uk": "картку заблоковано", "en": "the card is blocked"},
    "member_group": {"uk": "для іншої групи: {needed}", "en": "for another group: {needed}"},
    "member_tier": {"uk": "для іншого рівня: {needed}", "en": "for another tier: {needed}"},
    "member_segment": {
        "uk": "для інших покупців",
        "en": "for other customers",
    },
    "nth_purchase": {
        "uk": "це покупка № {seen}, потрібна № {needed}",
        "en": "this is purchase no. {seen}, no. {needed} is needed",
    },
    "first_purchase": {"uk": "лише на першу покупку", "en": "for the first purchase only"},
    "days_since_purchase": {
        "uk": "днів від останньої покупки: {seen}, потрібно {needed}",
        "en": "days since the last purchase: {seen}, needed {needed}",
    },
    "coupon_held": {"uk": "немає купона", "en": "no coupon for it"},
    "points_at_least": {
        "uk": "потрібно {needed} бонусів на рахунку, є {seen}",
        "en": "a balance of {needed} bonuses is needed, it is {seen}",
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
        "uk": "діє виняткова акція {seen}",
        "en": "the exclusive promotion {seen} acts",
    },
    "not_the_best": {"uk": "вигідніша акція {seen}", "en": "promotion {seen} gives more"},
    "law_tobacco": {
        "uk": "закон забороняє акції на тютюн",
        "en": "the law forbids promotions of tobacco",
    },
    "group_taken": {"uk": "діє інша акція групи {seen}", "en": "another of group {seen} acts"},
    "allowance_taken": {"uk": "частку вже змінила інша акція", "en": "another set the share"},
    "floor": {"uk": "ціна вже найнижча з можливих", "en": "the price is the lowest possible"},
    "already_cheaper": {
        "uk": "і так дешевше: {seen} грн, за акцією {needed}",
        "en": "already cheaper: UAH {seen}, by the promotion {needed}",
    },
    "earns_nothing": {"uk": "на ці товари бонусів немає", "en": "these goods earn nothing"},
    "shadow": {"uk": "випробування: лише рахується", "en": "trial: counted, not given"},
}
_FIRED = {"uk": "спрацювала", "en": "acted"}


def explain(trace: PromotionTrace, locale: str = "uk") -> str:
    """Why the promotion acted or not, as a sentence without its name."""
    texts = REASONS.get(trace.reason, _FIRED)
    text = texts.get(locale, texts["uk"])
    return text.format(seen=trace.seen, needed=trace.needed)
