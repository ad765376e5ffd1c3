"""What a promotion gives beside a lower price: gifts, coupons, tickets, words."""

from __future__ import annotations

import pytest

from loyalty.member import HeldCoupon, Member
from loyalty.promotions.conditions import CouponHeld, ScopeQuantity
from loyalty.promotions.effects import (
    AccruePercent,
    CouponIssue,
    DrawTicket,
    GiftItem,
    Message,
    PercentOff,
)
from loyalty.quote import Gift, IssuedCoupon, IssuedTickets

MUG = (("uk", "Горнятко"), ("en", "Mug"))


@pytest.mark.parametrize(
    ("per_units", "quantity", "pieces", "count"),
    [(None, 1, 1, 1), (None, 2, 9, 2), (3, 1, 2, 0), (3, 1, 3, 1), (3, 2, 7, 4)],
)
def test_gifts_for_pieces(goods, shop, promotion, scope, per_units, quantity, pieces, count):
    effect = GiftItem("mug", MUG, quantity, scope("tea"), per_units)
    quote = shop(promotion(effect)).price(goods("tea", 1000, pieces))
    assert quote.gifts == ((Gift("p1", "mug", "Горнятко", count),) if count else ())
    assert quote.payable_minor == 1000 * pieces
    trace = quote.traces[0]
    assert (trace.status, trace.units) == (("fired", count) if count else ("not_met", 0))


def test_a_gift_s_name_follows_the_locale_and_falls_back(goods, shop, promotion):
    tea = goods("tea", 1000)
    for name, locale, said in (
        (MUG, "en", "Mug"),
        (MUG, "pl", "Горнятко"),
        ((("en", "Mug"),), "uk", "Mug"),
        ((("en", "Mug"), ("uk", "")), "uk", "Mug"),
        ((), "uk", "mug"),
    ):
        quote = shop(promotion(GiftItem("mug", name))).price(tea, locale=locale)
        assert quote.gifts[0].name == said


def test_a_gift_is_no_trigger_for_tobacco(goods, shop, promotion, scope):
    smoke = goods("smoke", 1000, 3, goods_class="tobacco")
    trace = shop(promotion(GiftItem("mug", MUG, 1, scope("smoke"), 3))).trace(smoke)
    assert (trace.status, trace.reason) == ("blocked", "law_tobacco")


def test_a_coupon_for_the_next_purchase_is_for_members(goods, shop, promotion):
    effect = CouponIssue("TEA", 14, (("uk", "−10 % на чай"), ("en", "−10% on tea")))
    till = shop(promotion(effect))
    quote = till.price(goods("tea", 1000))
    assert quote.coupons == (IssuedCoupon("p1", "TEA", 14, "−10 % на чай"),)
    assert till.price(goods("tea", 1000), locale="en").coupons[0].text == "−10% on tea"
    stranger = till.price(goods("tea", 1000), member=None)
    assert (stranger.coupons, stranger.traces[0].reason) == ((), "member_known")


@pytest.mark.parametrize(
    ("per_minor", "tickets", "price", "count"),
    [
        (None, 1, 100, 1),
        (None, 3, 100, 3),
        (5000, 1, 4999, 0),
        (5000, 1, 5000, 1),
        (5000, 2, 14_999, 4),
    ],
)
def test_tickets_of_a_draw(goods, shop, promotion, scope, per_minor, tickets, price, count):
    rule = promotion(DrawTicket("auto", scope("tea"), tickets, per_minor))
    quote = shop(rule).price(goods("tea", price), goods("bun", 90_000))
    assert quote.tickets == ((IssuedTickets("p1", "auto", count),) if count else ())
    if not count:
        trace = quote.traces[0]
        assert (trace.status, trace.reason) == ("not_met", "scope_value")
        assert (trace.seen, trace.needed) == ("49.99", "50.00")


def test_tickets_count_money_and_neither_bonuses_nor_tobacco(goods, shop, promotion, scope):
    rule = promotion(DrawTicket("auto", scope(), 1, 5000))
    smoke = goods("smoke", 20_000, goods_class="tobacco")
    quote = shop(rule).price(goods("tea", 12_000), smoke, redeem_points=5000)
    assert (quote.redeemed_minor, quote.tickets[0].tickets) == (5000, 1)
    trace = shop(rule, accrual_excluded_groups=frozenset({"tea"})).trace(goods("tea", 12_000))
    assert (trace.status, trace.reason) == ("blocked", "earns_nothing")


def test_used_coupons_are_those_of_promotions_that_acted(goods, shop, promotion, scope):
    held = Member(
        1, "О.", coupons=(HeldCoupon("A"), HeldCoupon("B"), HeldCoupon("C"), HeldCoupon("D"))
    )

    def rule(code: str, effect: object, **fields: object):
        return promotion(effect, code, conditions=(CouponHeld(frozenset({code})),), **fields)

    quote = shop(
        rule("A", PercentOff(scope("tea"), 1000)),
        rule("B", PercentOff(scope("bread"), 1000)),
        rule("C", AccruePercent(scope(), 1000), state="shadow"),
        rule("D", GiftItem("mug", MUG)),
        rule("E", PercentOff(scope("tea"), 1000)),
    ).price(goods("tea", 1000), member=held)
    assert quote.used_coupons == ("A", "D")


def test_one_of_several_coupons_is_used(goods, shop, promotion, scope):
    held = Member(1, "О.", coupons=(HeldCoupon("B"), HeldCoupon("A")))
    rule = promotion(
        PercentOff(scope(), 1000), conditions=(CouponHeld(frozenset({"A", "B", "C"})),)
    )
    assert shop(rule).price(goods("tea", 1000), member=held).used_coupons == ("A",)


def test_messages_come_with_what_acts_and_only_so(goods, shop, promotion, scope):
    note = Message("screen", (("uk", "Візьміть торбу"), ("en", "Take a bag")))
    rule = promotion(
        PercentOff(scope(), 1000),
        messages=(note,),
        conditions=(ScopeQuantity(scope("tea"), 2),),
    )
    assert shop(rule).price(goods("tea", 1000)).messages == ()
    two = goods("tea", 1000, 2)
    assert shop(rule).price(two).messages == (("screen", "Візьміть торбу"),)
    shadow = promotion(note, "m", state="shadow")
    assert shop(shadow).price(two).messages == ()
