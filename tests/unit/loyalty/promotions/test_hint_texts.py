"""The cashier's sentences: every effect, every kind of lack, always one short line."""

from __future__ import annotations

import itertools
import unicodedata

import pytest

from loyalty.promotions.conditions import (
    CompleteSet,
    DistinctSkus,
    MemberKnown,
    ReceiptValue,
    ScopeQuantity,
    ScopeValue,
    TenderIn,
)
from loyalty.promotions.effects import (
    EFFECT_KINDS,
    AccrueFixed,
    AccrueMultiplier,
    AccruePerAmount,
    AccruePercent,
    AccruePerUnit,
    AmountOff,
    CouponIssue,
    DrawTicket,
    FixedPrice,
    GiftItem,
    Message,
    NForM,
    NthUnitPercent,
    PercentOff,
    RedeemAllowance,
    SetPrice,
    Units,
)
from loyalty.promotions.facts import Failure
from loyalty.promotions.hint_texts import MAX_SENTENCE, Lacking, sentence
from loyalty.promotions.ruleset import Promotion
from loyalty.promotions.scope import EVERYTHING, Scope, SetPart

CHEESE = Scope(skus=frozenset({"gouda"}))
BUN = Scope(skus=frozenset({"bun"}))
YOGHURTS = Scope(groups=frozenset({"yoghurt"}))
ANY_CHEESE = Scope(groups=frozenset({"cheese"}), label=(("uk", "будь-який сир"),))
BUN_NAMED = Scope(skus=frozenset({"bun"}), label=(("uk", "круасан"), ("en", "croissant")))
MUG = (("uk", "Горнятко"), ("en", "Mug"))
BASE = AccruePercent(EVERYTHING, 500)


def gouda(goods, pieces=1):
    return goods("gouda", 20_000, pieces, name="Сир Гауда", groups=("cheese",))


def bun(goods, pieces=1):
    return goods("bun", 3_000, pieces, name="Круасан")


@pytest.fixture
def said(shop):
    """The sentence on the first promotion's trace in a locale."""

    def ask(effect, condition, *lines, locale="uk", name="Сирний тиждень", rules=(), **options):
        conditions = () if condition is None else (condition,)
        rule = Promotion("p", (("uk", name), ("en", "Cheese week")), effect, conditions=conditions)
        quote = shop(rule, *rules).price(*lines, **options)
        return dict(quote.traces[0].hint).get(locale, "")

    return ask


@pytest.mark.parametrize(
    ("effect", "uk", "en"),
    [
        (PercentOff(EVERYTHING, 1050), "−10,5 %", "−10.5%"),
        (PercentOff(EVERYTHING, 5000, units=Units(at_most=1)), "−50 % на 1 шт.", "−50% on 1"),
        (PercentOff(EVERYTHING, 10_000, units=Units(at_most=2)), "2 шт. безкоштовно", "2 free"),
        (PercentOff(EVERYTHING, 10_000), "безкоштовно", "free"),
        (AmountOff(EVERYTHING, 2_550, "receipt"), "−25,50 грн", "UAH −25.50"),
        (AmountOff(EVERYTHING, 500, "unit"), "−5 грн за шт.", "UAH −5 each"),
        (FixedPrice(EVERYTHING, 18_900), "ціна 189 грн", "UAH 189 each"),
        (FixedPrice(EVERYTHING, 99, Units(at_most=1)), "1 шт. по 0,99 грн", "1 at UAH 0.99"),
        (NForM(EVERYTHING, 2, 1), "1 шт. безкоштовно", "1 free"),
        (NForM(EVERYTHING, 2, 1, 5000), "−50 % на 1 шт.", "−50% on 1"),
        (NthUnitPercent(EVERYTHING, 2, 3000), "−30 % на 1 шт.", "−30% on 1"),
        (SetPrice((SetPart(EVERYTHING, 2),), 29_900), "набір за 299 грн", "the set at UAH 299"),
        (GiftItem("mug", MUG), "подарунок «Горнятко»", "a gift “Mug”"),
        (AccruePercent(EVERYTHING, 500), "+5 % бонусами", "+5% in bonuses"),
        (
            AccruePerAmount(EVERYTHING, 100, 5_000),
            "+1 бонус за кожні 50 грн",
            "+1 bonus per UAH 50",
        ),
        (AccruePerUnit(EVERYTHING, 200), "+2 бонуси за шт.", "+2 bonuses each"),
        (AccrueFixed(EVERYTHING, 500), "+5 бонусів", "+5 bonuses"),
        (AccrueFixed(EVERYTHING, 150), "+1,5 бонуса", "+1.5 bonuses"),
        (AccrueMultiplier(EVERYTHING, 20_000), "бонусів у 2 рази більше", "2 times the bonuses"),
        (
            AccrueMultiplier(EVERYTHING, 15_000),
            "бонусів у 1,5 раза більше",
            "1.5 times the bonuses",
        ),
        (RedeemAllowance(8_000), "бонусами до 80 % чека", "up to 80% paid with bonuses"),
        (CouponIssue("c", 14), "купон на наступну покупку", "a coupon for the next purchase"),
        (DrawTicket("d"), "квиток розіграшу", "a draw ticket"),
        (DrawTicket("d", tickets=3), "3 квитки розіграшу", "3 draw tickets"),
        (DrawTicket("d", tickets=5), "5 квитків розіграшу", "5 draw tickets"),
    ],
)
def test_what_a_threshold_gives(goods, promotion, said, effect, uk, en):
    condition, base = ReceiptValue(45_000), promotion(BASE, "base")
    lines = [gouda(goods, 2)]
    assert said(effect, condition, *lines, rules=[base]) == f"ще на 50 грн — і {uk}"
    found = said(effect, condition, *lines, rules=[base], locale="en")
    assert found == f"UAH 50 more for {en}"


@pytest.mark.parametrize(
    ("condition", "uk", "en"),
    [
        (ScopeQuantity(CHEESE, 2), "ще 1 шт. «Сир Гауда» — і ", "1 more of “Сир Гауда” for "),
        (ScopeQuantity(CHEESE, 3), "ще 2 шт. «Сир Гауда» — і ", "2 more of “Сир Гауда” for "),
        (
            ScopeQuantity(ANY_CHEESE, 2),
            "ще 1 шт. «будь-який сир» — і ",
            "1 more of “будь-який сир” for ",
        ),
        (
            ScopeValue(CHEESE, 25_000),
            "ще на 50 грн «Сир Гауда» — і ",
            "UAH 50 more of “Сир Гауда” for ",
        ),
        (
            ScopeValue(ANY_CHEESE, 25_050),
            "ще на 50,50 грн «будь-який сир» — і ",
            "UAH 50.50 more of “будь-який сир” for ",
        ),
        (ReceiptValue(25_000), "ще на 20 грн — і ", "UAH 20 more for "),
        (
            DistinctSkus(ANY_CHEESE, 2),
            "ще 1 інший товар «будь-який сир» — і ",
            "1 more kind of “будь-який сир” for ",
        ),
        (DistinctSkus(EVERYTHING, 4), "ще 2 інші товари — і ", "2 more kinds of goods for "),
        (
            DistinctSkus(Scope(groups=frozenset({"cheese"})), 2),
            "«Сирний тиждень»: ще 1 інший товар — і ",
            "“Cheese week”: 1 more kind of goods for ",
        ),
        (
            CompleteSet((SetPart(CHEESE), SetPart(Scope(skus=frozenset({"wine"}))))),
            "«Сирний тиждень»: ще 1 шт. — і ",
            "“Cheese week”: 1 more for ",
        ),
        (TenderIn(frozenset({"card"})), "при оплаті карткою: ", "paid by card: "),
        (
            TenderIn(frozenset({"cash", "gift_card", "other"})),
            "при оплаті готівкою чи подарунковою карткою: ",
            "paid in cash or by gift card: ",
        ),
    ],
)
def test_what_is_lacking(goods, said, condition, uk, en):
    lines = [gouda(goods), bun(goods)]
    assert said(PercentOff(EVERYTHING, 1000), condition, *lines) == f"{uk}−10 %"
    assert said(PercentOff(EVERYTHING, 1000), condition, *lines, locale="en") == f"{en}−10%"


def test_a_card(goods, said):
    lines = [gouda(goods)]
    assert said(BASE, None, *lines, member=None) == "з карткою учасника: +5 % бонусами"
    club = said(PercentOff(CHEESE, 1000), MemberKnown(), *lines, member=None)
    assert club == "з карткою учасника: −10 % на «Сир Гауда»"


@pytest.mark.parametrize(
    ("effect", "uk"),
    [
        (PercentOff(BUN, 1000), "−10 % на «Круасан»"),
        (PercentOff(BUN, 5000, units=Units(at_most=1)), "−50 % на 1 шт. «Круасан»"),
        (PercentOff(BUN, 10_000, units=Units(at_most=1)), "1 шт. «Круасан» безкоштовно"),
        (PercentOff(BUN, 10_000), "безкоштовно «Круасан»"),
        (AmountOff(BUN, 500, "receipt"), "−5 грн на «Круасан»"),
        (AmountOff(BUN, 500, "unit"), "−5 грн за шт. «Круасан»"),
        (FixedPrice(BUN, 1000), "ціна 10 грн на «Круасан»"),
        (FixedPrice(BUN, 1000, Units(at_most=1)), "1 шт. «Круасан» по 10 грн"),
        (NthUnitPercent(BUN, 2, 10_000), "1 шт. «Круасан» безкоштовно"),
        (AccruePerUnit(BUN, 100), "+1 бонус за шт. «Круасан»"),
        (AccruePercent(BUN, 1000), "+10 % бонусами на «Круасан»"),
        (PercentOff(BUN_NAMED, 1000), "−10 % на «круасан»"),
    ],
)
def test_other_goods_get_cheaper(goods, said, effect, uk):
    lines = gouda(goods), bun(goods, 2)
    assert said(effect, ScopeQuantity(CHEESE, 2), *lines) == f"ще 1 шт. «Сир Гауда» — і {uk}"


def test_goods_of_several_names_are_told_by_the_promotion(goods, said):
    cups = [goods(f"y{n}", 3000, groups=("yoghurt",), name=f"Йогурт {n}") for n in range(2)]
    found = said(PercentOff(YOGHURTS, 1000), ScopeValue(YOGHURTS, 7000), *cups)
    assert found == "«Сирний тиждень»: ще на 10 грн — і −10 %"
    both = said(PercentOff(YOGHURTS, 1000), ScopeQuantity(CHEESE, 2), *cups, gouda(goods))
    assert both == "«Сирний тиждень»: ще 1 шт. «Сир Гауда» — і −10 %"


def test_goods_that_are_sold_by_weight_are_weighed_again(goods, said):
    apples = goods("apple", 3000, unit="кг", qty_milli=1250, name="Яблука")
    scope = Scope(skus=frozenset({"apple"}))
    for at_least, uk, en in (
        (2, "зважте «Яблука» ще раз — і −10 %", "weigh “Яблука” once more for −10%"),
        (3, "зважте «Яблука» ще 2 рази — і −10 %", "weigh “Яблука” 2 times more for −10%"),
    ):
        condition = ScopeQuantity(scope, at_least)
        assert said(PercentOff(scope, 1000), condition, apples) == uk
        assert said(PercentOff(scope, 1000), condition, apples, locale="en") == en


def test_what_is_not_in_the_basket_is_offered_by_its_label(goods, said):
    half = PercentOff(BUN_NAMED, 5000, units=Units(at_most=1))
    lines = [gouda(goods)]
    assert said(half, ScopeQuantity(CHEESE, 1), *lines) == "ще 1 шт. «круасан» — і −50 % на 1 шт."
    nameless = PercentOff(BUN, 5000)
    assert said(nameless, ScopeQuantity(CHEESE, 1), *lines) == ""


def test_the_missing_part_of_a_set(goods, said):
    lines = [gouda(goods)]
    parts = (SetPart(CHEESE), SetPart(BUN))
    assert said(SetPrice(parts, 21_000), None, *lines) == (
        "«Сирний тиждень»: ще 1 шт. — і набір за 210 грн"
    )
    named = (SetPart(CHEESE), SetPart(BUN_NAMED, 2))
    assert said(SetPrice(named, 21_000), None, *lines) == (
        "ще 2 шт. «круасан» — і набір за 210 грн"
    )
    two = said(SetPrice((SetPart(CHEESE), SetPart(BUN, 2)), 21_000), None, *lines, bun(goods))
    assert two == "ще 1 шт. «Круасан» — і набір за 210 грн"


def test_a_first_step_of_points_and_tickets(goods, said):
    lines = [gouda(goods)]
    points = AccruePerAmount(EVERYTHING, 100, 25_000)
    assert said(points, None, *lines) == "ще на 50 грн — і +1 бонус за кожні 250 грн"
    assert said(DrawTicket("d", per_minor=25_000), None, *lines) == (
        "ще на 50 грн — і квиток розіграшу"
    )


EFFECTS = [
    PercentOff(BUN, 3333, units=Units(at_most=1000)),
    AmountOff(BUN, 99_999_999, "unit"),
    FixedPrice(BUN, 99_999_999, Units(at_most=1000)),
    SetPrice((SetPart(BUN),), 99_999_999),
    NForM(BUN, 999, 1, 3333),
    NthUnitPercent(BUN, 2, 3333),
    GiftItem("mug", (("uk", "Г" * 200), ("en", "M" * 200))),
    AccruePercent(BUN, 3333),
    AccruePerAmount(BUN, 99_999_999, 99_999_999),
    AccruePerUnit(BUN, 99_999_999),
    AccrueFixed(BUN, 99_999_999),
    AccrueMultiplier(BUN, 999_999),
    RedeemAllowance(9_999),
    CouponIssue("c", 1),
    DrawTicket("d", tickets=9_999),
]
NAMES = ["", "Сир", "С" * 200, "<b>«Сир»</b> {0} %s \n\u202e" * 4]


def test_no_sentence_is_longer_than_a_line():
    assert {type(effect) for effect in EFFECTS} == set(EFFECT_KINDS.values()) - {Message}
    units = [
        Failure("r", "", "", 2, "piece"),
        Failure("r", "", "", 2, "sku"),
        Failure("r", "", "", 99_999_999, "minor"),
        Failure("r", "", "", 1, "member"),
        Failure("r", "", "card, cash, gift_card", 1, "tender"),
    ]
    for effect, failure, name, on in itertools.product(EFFECTS, units, NAMES, NAMES):
        goods, target = (("uk", name),), (("uk", on),)
        is_weighed = failure.unit == "piece" and not on
        lacking = Lacking(failure, goods, target, (("uk", name or on),), is_weighed)
        for locale in ("uk", "en"):
            text = sentence(locale, effect, lacking)
            assert 0 < len(text) <= MAX_SENTENCE, text
            assert not any(unicodedata.category(sign)[0] == "C" for sign in text)


def test_long_names_are_cut_and_short_ones_are_whole(goods, said):
    long = goods("gouda", 20_000, name="Сир твердий «Пармезан» витриманий 24 місяці, головка 1/8")
    other = goods("bun", 3_000, name="Круасан масляний з начинкою з абрикосового джему 80 г")
    found = said(PercentOff(BUN, 2000), ScopeQuantity(CHEESE, 2), long, other)
    assert found.startswith("ще 1 шт. «Сир твердий „Пармезан“")
    assert found.count("…") == 2
    assert len(found) <= MAX_SENTENCE


@pytest.mark.parametrize(
    ("name", "uk"),
    [
        ((), "«p»: ще на 10 грн — і −10 %"),
        ((("en", "Week"),), "«Week»: ще на 10 грн — і −10 %"),
        ((("uk", ""), ("en", "Week")), "«Week»: ще на 10 грн — і −10 %"),
        ((("uk", "<i>{gain}</i>\n"),), "«<i>{gain}</i>»: ще на 10 грн — і −10 %"),
    ],
)
def test_names_fall_back_and_odd_ones_are_harmless(goods, shop, name, uk):
    cups = [goods(f"y{n}", 3000, groups=("yoghurt",)) for n in range(2)]
    effect = PercentOff(YOGHURTS, 1000)
    rule = Promotion("p", name, effect, conditions=(ScopeValue(YOGHURTS, 7000),))
    trace = shop(rule).trace(*cups)
    assert dict(trace.hint)["uk"] == uk
    assert trace.name
