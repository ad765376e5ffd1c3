"""Caps: what they cut, when they stop a promotion, and what the trace tells of it."""

from __future__ import annotations

import pytest

from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.effects import AccruePercent, AmountOff, NForM, PercentOff, Units
from loyalty.promotions.explain import explain
from loyalty.promotions.limits import Caps, Usage


def used(**counts: int) -> dict[str, object]:
    return {"around": Circumstances(usage={"p1": Usage(**counts)})}


def test_a_receipt_s_discount_is_cut_exactly(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 5000), caps=Caps(per_receipt_minor=1000))
    quote = shop(rule).price(*(goods(f"g{n}", 1000) for n in range(3)))
    assert [line.discount_minor for line in quote.lines] == [334, 333, 333]
    trace = quote.traces[0]
    assert (trace.status, trace.amount_minor, trace.cap) == ("fired", 1000, "per_receipt_minor")
    assert explain(trace) == "спрацювала, урізана межею на чек"
    small = shop(rule).trace(goods("a", 2000))
    assert (small.amount_minor, small.cap) == (1000, "")


def test_a_set_that_a_cap_cuts_still_uses_its_pieces(goods, shop, promotion, scope):
    capped = promotion(
        NForM(scope("tea"), 3, 2), "set", priority=1, caps=Caps(per_receipt_minor=300)
    )
    rest = promotion(PercentOff(scope("tea"), 1000, units=Units(unused_only=True)), "rest")
    traces = shop(capped, rest).traces(goods("tea", 1000, 4))
    assert (traces["set"].amount_minor, traces["set"].units) == (300, 1)
    assert (traces["rest"].amount_minor, traces["rest"].units) == (100, 1)


def test_points_of_a_receipt_are_cut(goods, shop, promotion, scope):
    rule = promotion(AccruePercent(scope(), 1000), caps=Caps(per_receipt_points=100))
    quote = shop(rule).price(goods("a", 2000), goods("b", 1000))
    assert (quote.accrual_points, quote.traces[0].cap) == (100, "per_receipt_points")
    assert [line.accrual_points for line in quote.lines] == [67, 33]
    assert shop(rule).trace(goods("a", 1000)).cap == ""


@pytest.mark.parametrize(
    ("caps", "before", "reason"),
    [
        (Caps(per_member_day=2), {"member_today": 1}, ""),
        (Caps(per_member_day=2), {"member_today": 2}, "cap_per_member_day"),
        (Caps(per_member=3), {"member_total": 2}, ""),
        (Caps(per_member=3), {"member_total": 3}, "cap_per_member"),
        (Caps(campaign_count=9), {"campaign_count": 8}, ""),
        (Caps(campaign_count=9), {"campaign_count": 10}, "cap_campaign_count"),
        (Caps(campaign_minor=500), {"campaign_minor": 400}, ""),
        (Caps(campaign_minor=500), {"campaign_minor": 500}, "cap_campaign_minor"),
        (Caps(per_member_day=1, per_member=1), {"member_total": 1}, "cap_per_member"),
    ],
)
def test_what_is_used_up_stops_and_says_what_it_would_have_given(
    goods, shop, promotion, scope, caps, before, reason
):
    rule = promotion(PercentOff(scope(), 1000), caps=caps)
    trace = shop(rule).trace(goods("tea", 500, 2), **used(**before))
    assert (trace.status, trace.reason) == ("not_met" if reason else "fired", reason)
    assert (trace.amount_minor, trace.units) == (100, 2)
    assert trace.cap == reason.removeprefix("cap_")


@pytest.mark.parametrize(
    ("is_partial", "spent", "given", "reason"),
    [
        (False, 900, 100, ""),
        (False, 901, 0, "cap_budget"),
        (True, 901, 99, ""),
        (True, 999, 1, ""),
        (True, 1000, 0, "cap_campaign_minor"),
    ],
)
def test_a_budget_smaller_than_the_discount(
    goods, shop, promotion, scope, is_partial, spent, given, reason
):
    caps = Caps(campaign_minor=1000, is_partial=is_partial)
    rule = promotion(PercentOff(scope(), 1000), caps=caps)
    quote = shop(rule).price(goods("tea", 1000), **used(campaign_minor=spent))
    trace = quote.traces[0]
    assert (quote.discount_minor, trace.reason) == (given, reason)
    if reason:
        assert trace.amount_minor == 100
    assert trace.cap == ("campaign_minor" if given < 100 else "")


def test_the_receipt_s_cap_comes_before_the_budget(goods, shop, promotion, scope):
    caps = Caps(per_receipt_minor=80, campaign_minor=100)
    rule = promotion(PercentOff(scope(), 1000), caps=caps)
    trace = shop(rule).trace(goods("tea", 1000), **used(campaign_minor=20))
    assert (trace.amount_minor, trace.cap) == (80, "per_receipt_minor")


def test_a_stranger_has_no_uses_to_count(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), caps=Caps(per_member=3))
    trace = shop(rule).trace(goods("tea", 1000), member=None)
    assert (trace.status, trace.reason) == ("not_met", "member_known")
    free = promotion(PercentOff(scope(), 1000), caps=Caps(campaign_count=3))
    assert shop(free).trace(goods("tea", 1000), member=None).status == "fired"


def test_a_cap_of_another_promotion_does_not_count(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), "other", caps=Caps(per_member=1))
    assert shop(rule).trace(goods("tea", 1000), **used(member_total=9)).status == "fired"


def test_the_best_of_a_group_is_weighed_after_caps(goods, shop, promotion, scope):
    capped = promotion(
        AmountOff(scope(), 900, "receipt"), "a", group="g", caps=Caps(per_receipt_minor=50)
    )
    plain = promotion(PercentOff(scope(), 1000), "b", group="g")
    modes = {"g": "best"}
    assert shop(capped, plain, modes=modes).traces(goods("tea", 1000))["b"].status == "fired"
    many = promotion(AccruePercent(scope(), 9000), "a", group="g", caps=Caps(per_receipt_points=50))
    some = promotion(AccruePercent(scope(), 1000), "b", group="g")
    traces = shop(many, some, modes=modes).traces(goods("tea", 1000))
    assert (traces["a"].winner, traces["b"].points) == ("b", 100)


def test_a_shadow_tells_what_its_cap_would_leave(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 5000), state="shadow", caps=Caps(per_receipt_minor=200))
    trace = shop(rule).trace(goods("tea", 1000))
    assert (trace.reason, trace.amount_minor, trace.cap) == ("shadow", 200, "per_receipt_minor")
