"""The cashier's sentence about a near miss, in Ukrainian and English."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.promotions import effects as then
from loyalty.promotions.facts import Failure
from loyalty.promotions.ruleset import Texts, text_in

MAX_ITEM_TEXT = 40


@dataclass(frozen=True, slots=True)
class _Phrases:
    piece_of: str
    piece: str
    sku_of: str
    sku: str
    value_of: str
    value: str
    member: str
    percent: str
    amount: str
    amount_per_unit: str
    price: str
    set_price: str
    free: str
    part_off: str
    gift: str
    bonuses: str
    points: str
    times: str
    coupon: str
    tickets: str
    decimal: str


_PHRASES = {
    "uk": _Phrases(
        piece_of="ще {count} шт. «{item}» — і {gain}",
        piece="ще {count} шт. — і {gain}",
        sku_of="ще {count} інший товар «{item}» — і {gain}",
        sku="ще {count} інший товар — і {gain}",
        value_of="ще на {sum} грн «{item}» — і {gain}",
        value="ще на {sum} грн — і {gain}",
        member="з карткою учасника — {gain}",
        percent="−{percent} %",
        amount="−{sum} грн",
        amount_per_unit="−{sum} грн за шт.",
        price="по {sum} грн",
        set_price="набір за {sum} грн",
        free="{count} шт. безкоштовно",
        part_off="−{percent} % на {count} шт.",
        gift="подарунок: {item}",
        bonuses="+{percent} % бонусами",
        points="+{points} бонусів",
        times="бонусів у {times} раза більше",
        coupon="купон на наступну покупку",
        tickets="участь у розіграші",
        decimal=",",
    ),
    "en": _Phrases(
        piece_of="{count} more of “{item}” for {gain}",
        piece="{count} more for {gain}",
        sku_of="{count} more kind of “{item}” for {gain}",
        sku="{count} more kind of goods for {gain}",
        value_of="UAH {sum} more of “{item}” for {gain}",
        value="UAH {sum} more for {gain}",
        member="with a member card: {gain}",
        percent="−{percent}%",
        amount="UAH −{sum}",
        amount_per_unit="UAH −{sum} each",
        price="UAH {sum} each",
        set_price="the set at UAH {sum}",
        free="{count} free",
        part_off="−{percent}% on {count}",
        gift="a gift: {item}",
        bonuses="+{percent}% in bonuses",
        points="+{points} bonuses",
        times="{times} times the bonuses",
        coupon="a coupon for the next purchase",
        tickets="a place in the draw",
        decimal=".",
    ),
}


def sentence(locale: str, effect: then.Effect, failure: Failure, goods: Texts) -> str:
    """What to say: what is lacking, and what it gives."""
    phrases = _PHRASES[locale]
    gain = _gain(phrases, effect, locale)
    if failure.unit == "member":
        return phrases.member.format(gain=gain)
    item = text_in(goods, locale)[:MAX_ITEM_TEXT]
    if failure.unit == "minor":
        phrase = phrases.value_of if item else phrases.value
        return phrase.format(sum=_money(phrases, failure.missing), item=item, gain=gain)
    with_item, without = (
        (phrases.sku_of, phrases.sku)
        if failure.unit == "sku"
        else (phrases.piece_of, phrases.piece)
    )
    return (with_item if item else without).format(count=failure.missing, item=item, gain=gain)


def _gain(phrases: _Phrases, effect: then.Effect, locale: str) -> str:
    if isinstance(effect, then.PercentOff | then.AmountOff | then.FixedPrice):
        return _line_gain(phrases, effect)
    if isinstance(effect, then.NForM):
        return _pieces_off(phrases, effect.take - effect.pay, effect.percent_bp)
    if isinstance(effect, then.NthUnitPercent):
        return _pieces_off(phrases, 1, effect.percent_bp)
    if isinstance(effect, then.SetPrice):
        return phrases.set_price.format(sum=_money(phrases, effect.price_minor))
    if isinstance(effect, then.GiftItem):
        return phrases.gift.format(item=text_in(effect.name, locale) or effect.sku)
    if isinstance(effect, then.CouponIssue):
        return phrases.coupon
    if isinstance(effect, then.DrawTicket):
        return phrases.tickets
    if isinstance(effect, then.RedeemAllowance | then.Message):
        return ""
    return _points_gain(phrases, effect)


def _line_gain(
    phrases: _Phrases, effect: then.PercentOff | then.AmountOff | then.FixedPrice
) -> str:
    if isinstance(effect, then.PercentOff):
        return phrases.percent.format(percent=_decimal(phrases, effect.percent_bp))
    if isinstance(effect, then.FixedPrice):
        return phrases.price.format(sum=_money(phrases, effect.price_minor))
    phrase = phrases.amount_per_unit if effect.per == "unit" else phrases.amount
    return phrase.format(sum=_money(phrases, effect.amount_minor))


def _pieces_off(phrases: _Phrases, count: int, percent_bp: int) -> str:
    if percent_bp == 10_000:
        return phrases.free.format(count=count)
    return phrases.part_off.format(percent=_decimal(phrases, percent_bp), count=count)


def _points_gain(phrases: _Phrases, effect: then.AccrualEffect) -> str:
    if isinstance(effect, then.AccruePercent):
        return phrases.bonuses.format(percent=_decimal(phrases, effect.percent_bp))
    if isinstance(effect, then.AccrueMultiplier):
        return phrases.times.format(times=_decimal(phrases, effect.factor_bp // 100))
    return phrases.points.format(points=_money(phrases, effect.points))


def _money(phrases: _Phrases, minor: int) -> str:
    """Kopecks as people write sums: 2000 → "20", 2050 → "20,50"."""
    whole, rest = divmod(minor, 100)
    return f"{whole}{phrases.decimal}{rest:02d}" if rest else str(whole)


def _decimal(phrases: _Phrases, hundredths: int) -> str:
    """Hundredths as people write them: 2000 → "20", 1050 → "10,5"."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}{phrases.decimal}{rest:02d}".rstrip("0") if rest else str(whole)
