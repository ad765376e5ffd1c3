"""The cashier's sentence about a near miss, in each language of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.promotions import effects as then
from loyalty.promotions.facts import Failure
from loyalty.promotions.hint_phrases import (
    AGAIN,
    KINDS,
    MORE_KINDS,
    OR,
    PHRASES,
    TENDERS,
    TICKETS,
    Phrases,
)
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


def tender_words(kinds: str, locale: str) -> str:
    """Means of payment in words, from their kinds "card, cash"."""
    words = TENDERS[locale]
    return OR[locale].join([words.get(kind, kind) for kind in kinds.split(", ")])


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
    phrases = PHRASES[locale]
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


def _lacking(phrases: Phrases, locale: str, lacking: Lacking, most: int) -> str:
    missing = lacking.failure.missing
    goods = _quoted(phrases, lacking.goods, locale, most)
    if lacking.failure.unit == "minor":
        return phrases.value.format(sum=money(missing, locale), goods=_of(goods, locale))
    if lacking.failure.unit == "sku":
        return _kinds(missing, locale, goods)
    if lacking.is_weighed and goods:
        return phrases.weigh.format(goods=goods, again=_counted(AGAIN[locale], missing, locale))
    return phrases.piece.format(count=missing, goods=_of(goods, locale))


def _of(goods: str, locale: str) -> str:
    return f" of{goods}" if goods and locale == "en" else goods


def _kinds(count: int, locale: str, goods: str) -> str:
    kinds = plural(count, *KINDS[locale], locale=locale)
    anything = " goods" if locale == "en" else ""
    return MORE_KINDS[locale].format(count=count, kinds=kinds) + (goods or anything)


def _counted(forms: tuple[str, str, str], count: int, locale: str) -> str:
    """The bare word for one of them, else number and word."""
    form = plural(count, *forms, locale=locale)
    return form if count == 1 else f"{count} {form}"


def _name(texts: Texts, locale: str, most: int) -> str:
    return shortened(quotable(text_in(texts, locale), locale), most) if most else ""


def _quoted(phrases: Phrases, texts: Texts, locale: str, most: int) -> str:
    name = _name(texts, locale, most)
    return phrases.quoted.format(name=name) if name else ""


def _gain(phrases: Phrases, effect: then.Effect, locale: str, target: Texts, most: int) -> str:
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
        return _counted(TICKETS[locale], effect.tickets, locale)
    if isinstance(effect, then.RedeemAllowance):
        return _allowance(phrases, effect, locale)
    if isinstance(effect, then.Message):
        return ""
    return _points_gain(phrases, effect, locale, of, on)


def _line_gain(
    phrases: Phrases,
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


def _pieces_off(phrases: Phrases, locale: str, count: int, percent_bp: int, of: str) -> str:
    if percent_bp == 10_000:
        return phrases.free.format(count=count, of=of)
    return phrases.part_off.format(percent=number(percent_bp, locale), count=count, of=of)


def _allowance(phrases: Phrases, effect: then.RedeemAllowance, locale: str) -> str:
    if effect.max_share_bp is None:
        return phrases.more_allowance
    return phrases.allowance.format(percent=number(effect.max_share_bp, locale))


def _points_gain(
    phrases: Phrases, effect: then.AccrualEffect, locale: str, of: str, on: str
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
