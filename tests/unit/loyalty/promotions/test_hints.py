"""Near misses: one thing is lacking, what it would give, and silence otherwise."""

from __future__ import annotations

import pytest

from loyalty.promotions.conditions import (
    MemberKnown,
    ReceiptValue,
    ScopeQuantity,
    ScopeValue,
    Weekday,
)
from loyalty.promotions.effects import AccruePercent, AmountOff, NForM, PercentOff
from loyalty.promotions.engine import hints_of


@pytest.fixture
def cheese(goods):
    return goods("cheese", 20_000, name="Сир Гауда")


@pytest.fixture
def pair_rule(promotion, scope):
    return promotion(
        PercentOff(scope("cheese"), 2000), conditions=(ScopeQuantity(scope("cheese"), 2),)
    )


def test_one_more_piece(shop, cheese, pair_rule):
    trace = shop(pair_rule).trace(cheese)
    assert dict(trace.hint) == {
        "uk": "ще 1 шт. «Сир Гауда» — і −20 %",
        "en": "1 more of “Сир Гауда” for −20%",
        "pl": "jeszcze 1 szt. „Сир Гауда” — i −20%",
    }
    assert trace.benefit_minor == 8_000


def test_the_hint_is_gone_once_the_promotion_acts(shop, goods, pair_rule):
    quote = shop(pair_rule).price(goods("cheese", 20_000, 2))
    assert quote.traces[0].status == "fired"
    assert hints_of(quote) == []


def test_silence_when_something_else_fails_too(shop, promotion, scope, cheese):
    rule = promotion(
        PercentOff(scope("cheese"), 2000),
        conditions=(ScopeQuantity(scope("cheese"), 2), Weekday(frozenset({1}))),
    )
    assert hints_of(shop(rule).price(cheese)) == []


def test_silence_when_it_is_far_or_gives_nothing(shop, promotion, scope, cheese):
    far = promotion(
        PercentOff(scope("cheese"), 2000), conditions=(ScopeQuantity(scope("cheese"), 4),)
    )
    no_target = promotion(
        PercentOff(scope("bread"), 2000), "b", conditions=(ScopeQuantity(scope("cheese"), 2),)
    )
    shadow = promotion(
        PercentOff(scope(), 100), "c", conditions=(ReceiptValue(20_001),), state="shadow"
    )
    assert hints_of(shop(far, no_target, shadow).price(cheese)) == []


@pytest.mark.parametrize(
    ("effect", "uk"),
    [
        (lambda s: PercentOff(s, 1050), "ще на 50 грн — і −10,5 %"),
        (lambda s: AmountOff(s, 2_550, "receipt"), "ще на 50 грн — і −25,50 грн"),
        (lambda s: AmountOff(s, 500, "unit"), "ще на 50 грн — і −5 грн за шт."),
        (lambda s: AccruePercent(s, 500), "ще на 50 грн — і +5 % бонусами"),
    ],
)
def test_a_threshold_and_what_it_gives(shop, promotion, scope, cheese, effect, uk):
    rule = promotion(effect(scope()), conditions=(ReceiptValue(25_000),))
    assert dict(shop(rule).trace(cheese).hint)["uk"] == uk


def test_a_scope_s_own_label_is_used(shop, promotion, scope, cheese):
    labelled = scope("dairy", label=(("en", "any dairy"), ("uk", "молочне")))
    rule = promotion(PercentOff(labelled, 1000), conditions=(ScopeValue(labelled, 25_000),))
    hint = dict(shop(rule).trace(cheese).hint)
    assert hint["uk"] == "ще на 50 грн «молочне» — і −10 %"
    assert hint["en"] == "UAH 50 more of “any dairy” for −10%"


def test_the_last_piece_of_a_set(shop, promotion, scope, goods):
    rule = promotion(NForM(scope("tea"), 3, 2))
    trace = shop(rule).trace(goods("tea", 5_000, 2, name="Чай"))
    assert dict(trace.hint)["uk"] == "ще 1 шт. «Чай» — і 1 шт. безкоштовно"
    assert trace.benefit_minor == 5_000


def test_a_stranger_hears_what_a_card_would_give(shop, promotion, scope, cheese):
    club = promotion(PercentOff(scope(), 1000), "club", conditions=(MemberKnown(),))
    earn = promotion(AccruePercent(scope(), 500), "earn")
    hints = hints_of(shop(earn, club).price(cheese, member=None))
    assert [(t.promotion_id, dict(t.hint)["uk"], t.benefit_minor) for t in hints] == [
        ("club", "з карткою учасника: −10 %", 2_000),
        ("earn", "з карткою учасника: +5 % бонусами", 1_000),
    ]


def test_the_next_step_of_a_scale_counts_what_it_adds(shop, promotion, scope, cheese):
    ten = promotion(
        PercentOff(scope(), 1000, "receipt"),
        "ten",
        group="scale",
        priority=2,
        conditions=(ReceiptValue(22_000),),
    )
    five = promotion(PercentOff(scope(), 500, "receipt"), "five", group="scale", priority=1)
    quote = shop(ten, five).price(cheese)
    assert quote.discount_minor == 1_000
    [hint] = hints_of(quote)
    assert (hint.promotion_id, hint.benefit_minor) == ("ten", 2_200 - 1_000)


def test_a_lost_group_gives_no_hint(shop, promotion, scope, cheese):
    winner = promotion(PercentOff(scope(), 100), "w", group="g", priority=9)
    loser = promotion(
        PercentOff(scope("cheese"), 2000),
        "l",
        group="g",
        conditions=(ScopeQuantity(scope("cheese"), 2),),
    )
    assert hints_of(shop(winner, loser).price(cheese)) == []
