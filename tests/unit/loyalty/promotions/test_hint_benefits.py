"""What a hint promises: never more than the buyer would really gain, and the best one first.

Where the sample's own goods are bought, the promise is checked by buying them.
"""

from __future__ import annotations

import pytest

from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.conditions import (
    CompleteSet,
    DistinctSkus,
    MemberKnown,
    ReceiptValue,
    ScopeQuantity,
    ScopeValue,
    TenderIn,
    Weekday,
)
from loyalty.promotions.effects import (
    AccrueFixed,
    AccrueMultiplier,
    AccruePerAmount,
    AccruePercent,
    AccruePerUnit,
    AmountOff,
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
from loyalty.promotions.engine import hints_of
from loyalty.promotions.limits import Caps, Usage
from loyalty.promotions.policies import Policies
from loyalty.promotions.ruleset import Pilot
from loyalty.promotions.scope import EVERYTHING, Scope, SetPart

TEA = Scope(skus=frozenset({"tea"}))
BUN = Scope(skus=frozenset({"bun"}))


@pytest.mark.parametrize(
    ("effect", "at_least", "benefit"),
    [
        (PercentOff(TEA, 1000), 3, 300),
        (PercentOff(TEA, 1000, units=Units(at_most=1)), 3, 100),
        (PercentOff(TEA, 1000, units=Units(at_most_per_line=2)), 3, 200),
        (PercentOff(TEA, 1000, basis="gross"), 3, 300),
        (AmountOff(TEA, 150, "unit"), 3, 450),
        (AmountOff(TEA, 150, "unit", units=Units(at_most=2)), 3, 300),
        (AmountOff(TEA, 150, "line"), 3, 150),
        (AmountOff(TEA, 9_999, "receipt"), 3, 2997),
        (FixedPrice(TEA, 700), 3, 900),
        (FixedPrice(TEA, 700, Units(at_most=1)), 3, 300),
        (NForM(TEA, 3, 2), 3, 1000),
        (NForM(TEA, 3, 1), 3, 2000),
        (NForM(TEA, 4, 3, 5000), 4, 500),
        (NthUnitPercent(TEA, 3, 5000), 3, 500),
        (SetPrice((SetPart(TEA, 3),), 2200), 3, 800),
        (AccruePercent(TEA, 1000), 3, 300),
        (AccruePerUnit(TEA, 100), 3, 300),
        (AccruePerAmount(TEA, 100, 1400), 3, 200),
        (AccrueFixed(TEA, 123), 3, 123),
    ],
)
def test_one_more_tea_gives_what_is_promised(goods, shop, promotion, effect, at_least, benefit):
    """Two teas at 10.00; the rule asks for three, as a condition or by itself."""
    rule = promotion(effect, conditions=(ScopeQuantity(TEA, at_least),))
    [hint] = hints_of(shop(rule).price(goods("tea", 1000, 2)))
    assert hint.benefit_minor == benefit
    bought = shop(rule).price(goods("tea", 1000, at_least))
    assert bought.discount_minor + bought.accrual_points == benefit
    assert hints_of(bought) == []


@pytest.mark.parametrize(
    ("caps", "used", "benefit"),
    [
        (Caps(per_receipt_minor=70), Usage(), 70),
        (Caps(campaign_minor=1000), Usage(campaign_minor=400), 300),
        (Caps(campaign_minor=1000), Usage(campaign_minor=800), None),
        (Caps(campaign_minor=1000, is_partial=True), Usage(campaign_minor=800), 200),
        (Caps(per_member=1), Usage(member_total=1), None),
        (Caps(per_member=1), Usage(), 300),
    ],
)
def test_caps_limit_the_promise(goods, shop, promotion, caps, used, benefit):
    rule = promotion(PercentOff(TEA, 1000), caps=caps, conditions=(ScopeQuantity(TEA, 3),))
    around = Circumstances(usage={"p1": used})
    hints = hints_of(shop(rule).price(goods("tea", 1000, 2), around=around))
    assert [hint.benefit_minor for hint in hints] == ([] if benefit is None else [benefit])


def test_capped_points_are_promised_as_capped(goods, shop, promotion):
    rule = promotion(
        AccruePercent(TEA, 5000),
        caps=Caps(per_receipt_points=40),
        conditions=(ScopeQuantity(TEA, 3),),
    )
    assert shop(rule).trace(goods("tea", 1000, 2)).benefit_minor == 40


def test_a_floor_limits_the_promise(goods, shop, promotion):
    wine = goods("tea", 10_000, 2, min_price_minor=9_500)
    rule = promotion(PercentOff(TEA, 2000), conditions=(ScopeQuantity(TEA, 3),))
    assert shop(rule).trace(wine).benefit_minor == 1_500
    floored = goods("tea", 10_000, 2, min_price_minor=10_000)
    assert shop(rule).trace(floored).hint == ()


@pytest.mark.parametrize(
    ("condition", "benefit"),
    [
        (ReceiptValue(3000), 300),
        (ScopeValue(TEA, 2500), 250),
        (DistinctSkus(EVERYTHING, 2), 200),
        (CompleteSet((SetPart(TEA), SetPart(BUN))), 200),
        (TenderIn(frozenset({"card"})), 200),
    ],
)
def test_what_is_bought_counts_only_where_it_is_known(goods, shop, promotion, condition, benefit):
    rule = promotion(PercentOff(EVERYTHING, 1000), conditions=(condition,))
    assert shop(rule).trace(goods("tea", 1000, 2)).benefit_minor == benefit


def test_the_unknown_part_of_a_set_is_worth_at_least_nothing(goods, shop, promotion):
    """With tea for 10.00 a set at 6.00 saves 4.00 and the bun; at 15.00 nobody knows."""
    for price, benefit in ((600, 400), (1500, 1)):
        rule = promotion(SetPrice((SetPart(TEA), SetPart(BUN)), price))
        assert shop(rule).trace(goods("tea", 1000)).benefit_minor == benefit


def test_two_conditions_that_one_purchase_mends_make_one_hint(goods, shop, promotion):
    tea = goods("tea", 1000, 2, name="Чай")
    for effect, conditions, uk in (
        (NForM(TEA, 3, 2), (ScopeQuantity(TEA, 3),), "ще 1 шт. «Чай» — і 1 шт. безкоштовно"),
        (
            PercentOff(TEA, 1000),
            (ScopeQuantity(TEA, 3), ScopeQuantity(TEA, 4)),
            "ще 2 шт. «Чай» — і −10 %",
        ),
        (
            PercentOff(TEA, 1000),
            (ScopeValue(TEA, 2500), ReceiptValue(2600)),
            "ще на 6 грн «Чай» — і −10 %",
        ),
    ):
        rule = promotion(effect, conditions=conditions)
        assert dict(shop(rule).trace(tea).hint)["uk"] == uk


def test_two_lacks_that_one_purchase_does_not_mend_make_none(goods, shop, promotion):
    tea = goods("tea", 1000, 2)
    for conditions in (
        (ScopeQuantity(TEA, 3), ReceiptValue(2500)),
        (ScopeQuantity(TEA, 3), ScopeQuantity(EVERYTHING, 3)),
        (ScopeQuantity(TEA, 3), TenderIn(frozenset({"card"}))),
        (ScopeQuantity(TEA, 3), Weekday(frozenset({1}))),
        (MemberKnown(), ScopeQuantity(TEA, 3)),
    ):
        rule = promotion(PercentOff(TEA, 1000), conditions=conditions)
        assert hints_of(shop(rule).price(tea, member=None)) == []


def test_the_best_comes_first_and_what_has_no_price_last(goods, shop, promotion):
    mug = GiftItem("mug", (("uk", "Горнятко"),))
    near = (ReceiptValue(2500),)
    quote = shop(
        promotion(mug, "gift", conditions=near),
        promotion(PercentOff(EVERYTHING, 100), "one", conditions=near),
        promotion(PercentOff(EVERYTHING, 900), "nine", conditions=near),
        promotion(AccruePercent(EVERYTHING, 500), "earn", conditions=near),
    ).price(goods("tea", 1000, 2))
    assert [hint.promotion_id for hint in hints_of(quote)] == ["nine", "earn", "one", "gift"]


def test_many_near_misses_leave_the_best_five(goods, shop, promotion):
    rules = [
        promotion(PercentOff(EVERYTHING, bp), f"p{bp}", conditions=(ReceiptValue(2500),))
        for bp in range(100, 2500, 100)
    ]
    hints = hints_of(shop(*rules).price(goods("tea", 1000, 2)))
    assert [hint.promotion_id for hint in hints] == [f"p{bp}" for bp in range(2400, 1900, -100)]


@pytest.mark.parametrize("mode", ["first", "best"])
def test_a_group_promises_what_it_adds(goods, shop, promotion, mode):
    """10 % from 25.00 instead of the 5 % that act on 20.00: 2.50 less 1.00."""
    five = promotion(PercentOff(EVERYTHING, 500), "five", group="g")
    ten = promotion(
        PercentOff(EVERYTHING, 1000), "ten", group="g", priority=9, conditions=(ReceiptValue(2500),)
    )
    till = shop(five, ten, modes={"g": mode})
    assert till.traces(goods("tea", 1000, 2))["ten"].benefit_minor == 150
    less = promotion(
        PercentOff(EVERYTHING, 300), "less", group="g", priority=9, conditions=(ReceiptValue(2500),)
    )
    assert hints_of(shop(five, less, modes={"g": mode}).price(goods("tea", 1000, 2))) == []


def test_what_an_exclusive_one_would_stop_is_not_offered(goods, shop, promotion):
    alone = promotion(PercentOff(EVERYTHING, 500), "alone", is_exclusive=True)
    near = promotion(PercentOff(EVERYTHING, 5000), "near", conditions=(ReceiptValue(2500),))
    earn = promotion(AccruePercent(EVERYTHING, 500), "earn", conditions=(ReceiptValue(2500),))
    tea = goods("tea", 1000, 2)
    assert [h.promotion_id for h in hints_of(shop(alone, near, earn).price(tea))] == ["earn"]
    everything = shop(alone, near, earn, policies=Policies(exclusive_stops="everything"))
    assert hints_of(everything.price(tea)) == []


def test_an_exclusive_one_promises_what_it_adds_to_what_it_stops(goods, shop, promotion):
    """At 25.00 it gives 7.50 and stops the 5.00 off that act already."""
    five = promotion(AmountOff(EVERYTHING, 500, "receipt"), "five")
    for percent_bp, benefit in ((3000, 250), (2000, 0)):
        alone = promotion(
            PercentOff(EVERYTHING, percent_bp),
            "alone",
            is_exclusive=True,
            conditions=(ReceiptValue(2500),),
        )
        trace = shop(five, alone).traces(goods("tea", 1000, 2))["alone"]
        assert trace.benefit_minor == benefit
        assert bool(trace.hint) is bool(benefit)


def test_the_second_exclusive_is_offered_only_before_the_first(goods, shop, promotion):
    first = promotion(PercentOff(EVERYTHING, 500), "first", is_exclusive=True, priority=5)
    for priority, offered in ((9, ["near"]), (1, [])):
        near = promotion(
            PercentOff(EVERYTHING, 5000),
            "near",
            is_exclusive=True,
            priority=priority,
            conditions=(ReceiptValue(2500),),
        )
        hints = hints_of(shop(first, near).price(goods("tea", 1000, 2)))
        assert [hint.promotion_id for hint in hints] == offered


def test_an_allowance_is_offered_where_it_lets_more_be_paid(goods, shop, promotion):
    near, tea = (ReceiptValue(2500),), goods("tea", 1000, 2)
    for allowance, programme, offered in (
        (RedeemAllowance(8000), {}, True),
        (RedeemAllowance(5000), {}, False),
        (RedeemAllowance(min_money_minor=0), {"redeem_min_money_minor": 500}, True),
        (RedeemAllowance(min_money_minor=500), {}, False),
        (RedeemAllowance(cap_minor=900), {"redeem_cap_minor": 500}, True),
        (RedeemAllowance(cap_minor=900), {}, False),
    ):
        trace = shop(promotion(allowance, conditions=near), **programme).trace(tea)
        assert bool(trace.hint) is offered


def test_what_gives_nothing_to_tell_is_silent(goods, shop, promotion):
    near, tea = (ReceiptValue(2500),), goods("tea", 1000, 2)
    for rule in (
        promotion(Message("screen", (("uk", "Вітаємо"),)), conditions=near),
        promotion(AccrueMultiplier(EVERYTHING, 20_000), conditions=near),
        promotion(PercentOff(EVERYTHING, 1000), conditions=near, state="shadow"),
        promotion(PercentOff(EVERYTHING, 1000), conditions=near, state="pilot"),
        promotion(PercentOff(EVERYTHING, 1000), conditions=(TenderIn(frozenset({"other"})),)),
        promotion(PercentOff(BUN, 1000), conditions=near),
    ):
        assert hints_of(shop(rule).price(tea)) == []
    pilot = Pilot(stores=frozenset({"S1"}))
    live = promotion(PercentOff(EVERYTHING, 1000), conditions=near, state="pilot", pilot=pilot)
    assert len(hints_of(shop(live).price(tea))) == 1


def test_pieces_that_a_set_used_up_promise_nothing(goods, shop, promotion):
    """Three of four teas are in a set; half price on unused pieces could take one and one more."""
    used = promotion(NForM(TEA, 3, 2), "set", priority=9)
    half = promotion(
        PercentOff(TEA, 5000, units=Units(unused_only=True)),
        "half",
        conditions=(ScopeQuantity(TEA, 5),),
    )
    assert shop(used, half).traces(goods("tea", 1000, 4))["half"].benefit_minor == 1000
    assert shop(used, half).traces(goods("tea", 1000, 5))["half"].amount_minor == 1000


def test_a_weighed_line_is_promised_at_the_same_weight(goods, shop, promotion):
    apples = goods("tea", 3000, unit="кг", qty_milli=1250)
    rule = promotion(PercentOff(TEA, 1000), conditions=(ScopeQuantity(TEA, 2),))
    assert shop(rule).trace(apples).benefit_minor == 750


def test_a_net_threshold_asks_for_what_is_left_after_discounts(goods, shop, promotion):
    """90.00 of 95.00 are left after 10 %: another 5.56 at the shelf makes 5.00."""
    tenth = promotion(PercentOff(EVERYTHING, 1000, "receipt"), "tenth", priority=9)
    rule = promotion(
        AmountOff(EVERYTHING, 1000, "receipt"), "off", conditions=(ReceiptValue(9500, "net"),)
    )
    trace = shop(tenth, rule).traces(goods("tea", 10_000))["off"]
    assert dict(trace.hint)["uk"] == "ще на 5,56 грн — і −10 грн"
    enough = shop(tenth, rule).traces(goods("tea", 10_000), goods("bun", 556))
    assert enough["off"].status == "fired"
    short = shop(tenth, rule).traces(goods("tea", 10_000), goods("bun", 554))
    assert short["off"].status == "not_met"
