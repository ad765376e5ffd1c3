"""The cashier's sentence about a near miss, in Ukrainian and English."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.promotions import effects as then
from loyalty.promotions.facts import Failure
from loyalty.promotions.ruleset import Texts, text_in
from loyalty.promotions.wording import bonuses, money, number, plural, quotable, shortened, times

MAX_SENTENCE = 80
_MAX_NAME = 40
_MIN_NAME = 6


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a sentence is about.

    `goods` names what is lacking, `on` what becomes cheaper where that is something else, and
    `rule` the promotion, where goods have no name of their own.
    """

    failure: Failure
    goods: Texts = ()
    on: Texts = ()
    rule: Texts = ()
    is_weighed: bool = False


@dataclass(frozen=True, slots=True)
class _Phrases:
    quoted: str
    piece: str
    weigh: str
    value: str
    rule: str
    gains: str
    member: str
    tender: str
    percent: str
    amount: str
    amount_per_unit: str
    price: str
    set_price: str
    pieces_at: str
    free_goods: str
    free: str
    part_off: str
    gift: str
    percent_bonuses: str
    points: str
    per_unit: str
    per_sum: str
    times: str
    allowance: str
    more_allowance: str
    coupon: str
    on: str


_PHRASES = {
    "uk": _Phrases(
        quoted=" «{name}»",
        piece="ще {count} шт.{goods}",
        weigh="зважте{goods} ще {again}",
        value="ще на {sum} грн{goods}",
        rule="«{name}»: ",
        gains="{lacking} — і {gain}",
        member="з карткою учасника: {gain}",
        tender="при оплаті {kinds}: {gain}",
        percent="−{percent} %{on}",
        amount="−{sum} грн{on}",
        amount_per_unit="−{sum} грн за шт.{of}",
        price="ціна {sum} грн{on}",
        set_price="набір за {sum} грн",
        pieces_at="{count} шт.{of} по {sum} грн",
        free_goods="безкоштовно{of}",
        free="{count} шт.{of} безкоштовно",
        part_off="−{percent} % на {count} шт.{of}",
        gift="подарунок{of}",
        percent_bonuses="+{percent} % бонусами{on}",
        points="+{points}",
        per_unit="+{points} за шт.{of}",
        per_sum="+{points} за кожні {sum} грн{on}",
        times="бонусів {times} більше{on}",
        allowance="бонусами до {percent} % чека",
        more_allowance="більше оплати бонусами",
        coupon="купон на наступну покупку",
        on=" на{of}",
    ),
    "en": _Phrases(
        quoted=" “{name}”",
        piece="{count} more{goods}",
        weigh="weigh{goods} {again} more",
        value="UAH {sum} more{goods}",
        rule="“{name}”: ",
        gains="{lacking} for {gain}",
        member="with a member card: {gain}",
        tender="paid {kinds}: {gain}",
        percent="−{percent}%{on}",
        amount="UAH −{sum}{on}",
        amount_per_unit="UAH −{sum} each{on}",
        price="UAH {sum} each{on}",
        set_price="the set at UAH {sum}",
        pieces_at="{count}{of} at UAH {sum}",
        free_goods="free{of}",
        free="{count}{of} free",
        part_off="−{percent}% on {count}{of}",
        gift="a gift{of}",
        percent_bonuses="+{percent}% in bonuses{on}",
        points="+{points}",
        per_unit="+{points} each{on}",
        per_sum="+{points} per UAH {sum}{on}",
        times="{times} the bonuses{on}",
        allowance="up to {percent}% paid with bonuses",
        more_allowance="more paid with bonuses",
        coupon="a coupon for the next purchase",
        on=" on{of}",
    ),
}
_KINDS = {
    "uk": {
        "cash": "готівкою",
        "card": "карткою",
        "gift_card": "подарунковою карткою",
        "bonus": "бонусами",
        "other": "інакше",
    },
    "en": {
        "cash": "in cash",
        "card": "by card",
        "gift_card": "by gift card",
        "bonus": "with bonuses",
        "other": "otherwise",
    },
}
_OR = {"uk": " чи ", "en": " or "}


def tender_words(kinds: str, locale: str) -> str:
    """Means of payment in words, from their kinds "card, cash"."""
    words = _KINDS[locale]
    return _OR[locale].join([words.get(kind, kind) for kind in kinds.split(", ")])


def sentence(locale: str, effect: then.Effect, lacking: Lacking) -> str:
    """What to say: what is lacking, and what it gives; at most `MAX_SENTENCE` characters.

    Names are shortened as far as it needs, and left out where even that is too long.
    """
    text = ""
    for most in (*range(_MAX_NAME, _MIN_NAME, -2), _MIN_NAME, 0):
        text = _compose(locale, effect, lacking, most)
        if len(text) <= MAX_SENTENCE:
            return text
    return shortened(text, MAX_SENTENCE)


def _compose(locale: str, effect: then.Effect, lacking: Lacking, most: int) -> str:
    phrases = _PHRASES[locale]
    gain = _gain(phrases, effect, locale, lacking.on, most)
    rule = _name(lacking.rule, locale, most)
    prefix = phrases.rule.format(name=rule) if rule else ""
    unit = lacking.failure.unit
    if unit == "member":
        return prefix + phrases.member.format(gain=gain)
    if unit == "tender":
        kinds = tender_words(lacking.failure.needed, locale)
        return prefix + phrases.tender.format(kinds=kinds, gain=gain)
    what = _lacking(phrases, locale, lacking, most)
    return prefix + phrases.gains.format(lacking=what, gain=gain)


def _lacking(phrases: _Phrases, locale: str, lacking: Lacking, most: int) -> str:
    missing = lacking.failure.missing
    goods = _quoted(phrases, lacking.goods, locale, most)
    if lacking.failure.unit == "minor":
        return phrases.value.format(sum=money(missing, locale), goods=_of(goods, locale))
    if lacking.failure.unit == "sku":
        return _kinds(missing, locale, goods)
    if lacking.is_weighed and goods:
        return phrases.weigh.format(goods=goods, again=_again(missing, locale))
    return phrases.piece.format(count=missing, goods=_of(goods, locale))


def _of(goods: str, locale: str) -> str:
    return f" of{goods}" if goods and locale == "en" else goods


def _kinds(count: int, locale: str, goods: str) -> str:
    if locale == "en":
        return f"{count} more {'kind' if count == 1 else 'kinds'} of{goods or ' goods'}"
    words = plural(count, "інший товар", "інші товари", "інших товарів")
    return f"ще {count} {words}{goods}"


def _again(count: int, locale: str) -> str:
    if locale == "en":
        return "once" if count == 1 else f"{count} times"
    return "раз" if count == 1 else f"{count} {plural(count, 'раз', 'рази', 'разів')}"


def _name(texts: Texts, locale: str, most: int) -> str:
    return shortened(quotable(text_in(texts, locale), locale), most) if most else ""


def _quoted(phrases: _Phrases, texts: Texts, locale: str, most: int) -> str:
    name = _name(texts, locale, most)
    return phrases.quoted.format(name=name) if name else ""


def _gain(phrases: _Phrases, effect: then.Effect, locale: str, target: Texts, most: int) -> str:
    of = _quoted(phrases, target, locale, most)
    on = phrases.on.format(of=of) if of else ""
    if isinstance(effect, then.PercentOff | then.AmountOff | then.FixedPrice):
        return _line_gain(phrases, effect, locale, of, on)
    if isinstance(effect, then.NForM):
        return _pieces_off(phrases, locale, effect.take - effect.pay, effect.percent_bp, of)
    if isinstance(effect, then.NthUnitPercent):
        return _pieces_off(phrases, locale, 1, effect.percent_bp, of)
    if isinstance(effect, then.SetPrice):
        return phrases.set_price.format(sum=money(effect.price_minor, locale))
    if isinstance(effect, then.GiftItem):
        name = effect.name or (("uk", effect.sku),)
        return phrases.gift.format(of=_quoted(phrases, name, locale, most))
    if isinstance(effect, then.CouponIssue):
        return phrases.coupon
    if isinstance(effect, then.DrawTicket):
        return _tickets(effect.tickets, locale)
    if isinstance(effect, then.RedeemAllowance):
        return _allowance(phrases, effect, locale)
    if isinstance(effect, then.Message):
        return ""
    return _points_gain(phrases, effect, locale, of, on)


def _line_gain(
    phrases: _Phrases,
    effect: then.PercentOff | then.AmountOff | then.FixedPrice,
    locale: str,
    of: str,
    on: str,
) -> str:
    most = effect.units.at_most
    if isinstance(effect, then.PercentOff):
        if most is not None:
            return _pieces_off(phrases, locale, most, effect.percent_bp, of)
        if effect.percent_bp == 10_000:
            return phrases.free_goods.format(of=of)
        return phrases.percent.format(percent=number(effect.percent_bp, locale), on=on)
    if isinstance(effect, then.FixedPrice):
        price = money(effect.price_minor, locale)
        if most is not None:
            return phrases.pieces_at.format(count=most, of=of, sum=price)
        return phrases.price.format(sum=price, on=on)
    phrase = phrases.amount_per_unit if effect.per == "unit" else phrases.amount
    return phrase.format(sum=money(effect.amount_minor, locale), of=of, on=on)


def _pieces_off(phrases: _Phrases, locale: str, count: int, percent_bp: int, of: str) -> str:
    if percent_bp == 10_000:
        return phrases.free.format(count=count, of=of)
    return phrases.part_off.format(percent=number(percent_bp, locale), count=count, of=of)


def _tickets(count: int, locale: str) -> str:
    if locale == "en":
        return "a draw ticket" if count == 1 else f"{count} draw tickets"
    words = plural(count, "квиток", "квитки", "квитків")
    return f"{words if count == 1 else f'{count} {words}'} розіграшу"


def _allowance(phrases: _Phrases, effect: then.RedeemAllowance, locale: str) -> str:
    if effect.max_share_bp is None:
        return phrases.more_allowance
    return phrases.allowance.format(percent=number(effect.max_share_bp, locale))


def _points_gain(
    phrases: _Phrases, effect: then.AccrualEffect, locale: str, of: str, on: str
) -> str:
    if isinstance(effect, then.AccruePercent):
        return phrases.percent_bonuses.format(percent=number(effect.percent_bp, locale), on=on)
    if isinstance(effect, then.AccrueMultiplier):
        return phrases.times.format(times=times(effect.factor_bp, locale), on=on)
    points = bonuses(effect.points, locale)
    if isinstance(effect, then.AccruePerUnit):
        return phrases.per_unit.format(points=points, of=of, on=on)
    if isinstance(effect, then.AccruePerAmount):
        return phrases.per_sum.format(points=points, sum=money(effect.per_minor, locale), on=on)
    return phrases.points.format(points=points)
