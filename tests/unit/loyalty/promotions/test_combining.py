"""How promotions stand to each other: groups, exclusives, trials, and what was stopped."""

from __future__ import annotations

import pytest

from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.conditions import ReceiptValue, ScopeQuantity
from loyalty.promotions.effects import (
    AccrueFixed,
    AccruePercent,
    AmountOff,
    CouponIssue,
    DrawTicket,
    GiftItem,
    NForM,
    PercentOff,
)
from loyalty.promotions.explain import explain
from loyalty.promotions.policies import Policies
from loyalty.promotions.ruleset import Pilot
from loyalty.quote import Quote

MUG = GiftItem("mug", (("uk", "Горнятко"),))


def acted(quote: Quote) -> list[str]:
    return [trace.promotion_id for trace in quote.traces if trace.status == "fired"]


@pytest.fixture
def five_and_ten(promotion, scope):
    """5 % first by priority, and 10 %."""
    return (
        promotion(PercentOff(scope(), 500), "five", group="g", priority=9),
        promotion(PercentOff(scope(), 1000), "ten", group="g"),
    )


@pytest.mark.parametrize(
    ("mode", "fired", "off"),
    [
        ("first", ["five"], 50),
        ("best", ["ten"], 100),
        ("sum", ["five", "ten"], 145),
        ("exclusive", ["five"], 50),
    ],
)
def test_the_modes_of_a_group(goods, shop, five_and_ten, mode, fired, off):
    quote = shop(*five_and_ten, modes={"g": mode}).price(goods("tea", 1000))
    assert (acted(quote), quote.discount_minor) == (fired, off)


def test_a_group_without_a_mode_is_first(goods, shop, five_and_ten):
    assert acted(shop(*five_and_ten).price(goods("tea", 1000))) == ["five"]


@pytest.mark.parametrize("mode", ["first", "best", "sum", "exclusive"])
def test_what_cannot_act_leaves_its_group_open(goods, shop, promotion, scope, mode):
    bread = promotion(PercentOff(scope("bread"), 9000), "bread", group="g", priority=9)
    tea = promotion(PercentOff(scope("tea"), 1000), "tea", group="g")
    assert acted(shop(bread, tea, modes={"g": mode}).price(goods("tea", 1000))) == ["tea"]


def test_an_exclusive_group_stops_what_is_outside_it(goods, shop, promotion, scope):
    inside = promotion(PercentOff(scope("tea"), 1000), "inside", group="g")
    outside = promotion(PercentOff(scope("bun"), 5000), "outside", priority=9)
    till = shop(inside, outside, modes={"g": "exclusive"})
    traces = till.traces(goods("tea", 1000), goods("bun", 1000))
    assert (traces["outside"].reason, traces["outside"].winner) == ("exclusive_taken", "inside")
    assert acted(till.price(goods("bun", 1000))) == ["outside"]


def test_the_losers_say_who_won_and_by_how_much(goods, shop, five_and_ten):
    names = {"five": "П'ять", "ten": "Десять"}
    best = shop(*five_and_ten, modes={"g": "best"}).traces(goods("tea", 1000))["five"]
    assert (best.status, best.reason, best.winner) == ("lost", "not_the_best", "ten")
    assert (best.seen, best.needed, best.amount_minor) == ("0.50", "1.00", 50)
    assert explain(best, "uk", names) == "вигідніша акція «Десять»: 1 грн проти 0,50"
    first = shop(*five_and_ten).traces(goods("tea", 1000))["ten"]
    assert explain(first, "uk", names) == "у цій групі вже діє «П'ять»"
    assert explain(first, "en") == "“five” acts in its group already"


def test_equal_ones_stand_in_their_order(goods, shop, promotion, scope):
    rules = [promotion(AmountOff(scope(), 100, "receipt"), name, group="g") for name in "ab"]
    traces = shop(*rules, modes={"g": "best"}).traces(goods("tea", 1000))
    assert traces["a"].status == "fired"
    assert explain(traces["b"], "uk") == "«a» дає стільки ж і має перевагу"


def test_the_best_of_different_kinds(goods, shop, promotion, scope):
    """10 % of 50.00 is more than 2 bonuses and less than 3 for 2; gifts have no known price."""
    rules = [
        promotion(PercentOff(scope(), 1000), "percent", group="g"),
        promotion(NForM(scope(), 3, 2), "set", group="g"),
        promotion(AmountOff(scope(), 400, "receipt"), "amount", group="g"),
        promotion(MUG, "gift", group="g"),
    ]
    till = shop(*rules, modes={"g": "best"})
    assert acted(till.price(goods("tea", 1000, 5))) == ["set"]
    assert acted(till.price(goods("tea", 2500, 2))) == ["percent"]
    assert acted(till.price(goods("tea", 1500, 2))) == ["amount"]


def test_the_best_accrual_and_what_gives_no_ticket_yet(goods, shop, promotion, scope):
    earn = promotion(AccruePercent(scope(), 1000), "earn", group="g")
    fixed = promotion(AccrueFixed(scope(), 200), "fixed", group="g")
    till = shop(earn, fixed, modes={"g": "best"})
    assert acted(till.price(goods("tea", 1000))) == ["fixed"]
    assert acted(till.price(goods("tea", 9000))) == ["earn"]
    ticket = promotion(DrawTicket("d", scope(), 1, 5000), "ticket", group="g")
    coupon = promotion(CouponIssue("c", 7), "coupon", group="g")
    till = shop(ticket, coupon, modes={"g": "best"})
    assert acted(till.price(goods("tea", 1000))) == ["coupon"]
    assert acted(till.price(goods("tea", 5000))) == ["ticket"]


def test_the_exclusive_one_stops_discounts_and_gifts(goods, shop, promotion, scope):
    rules = [
        promotion(PercentOff(scope(), 5000), "half", priority=9),
        promotion(PercentOff(scope(), 1000), "alone", is_exclusive=True),
        promotion(MUG, "gift"),
        promotion(AccruePercent(scope(), 1000), "earn"),
    ]
    quote = shop(*rules).price(goods("tea", 1000))
    assert acted(quote) == ["alone", "earn"]
    assert {trace.winner for trace in quote.traces if trace.status == "lost"} == {"alone"}


def test_an_exclusive_that_cannot_act_stops_nothing(goods, shop, promotion, scope):
    half = promotion(PercentOff(scope(), 5000), "half")
    for fields in (
        {"conditions": (ReceiptValue(2000),)},
        {"state": "shadow"},
        {"state": "pilot", "pilot": Pilot(stores=frozenset({"S9"}))},
        {"stores": frozenset({"S9"})},
    ):
        alone = promotion(PercentOff(scope(), 1000), "alone", is_exclusive=True, **fields)
        assert acted(shop(half, alone).price(goods("tea", 1000))) == ["half"]


def test_an_exclusive_accrual_stops_the_discounts(goods, shop, promotion, scope):
    earn = promotion(AccruePercent(scope(), 5000), "earn", is_exclusive=True)
    half = promotion(PercentOff(scope(), 5000), "half")
    quote = shop(earn, half).price(goods("tea", 1000))
    assert (acted(quote), quote.accrual_points) == (["earn"], 500)


def test_exclusive_by_benefit_counts_what_points_are_worth(goods, shop, promotion, scope):
    points = promotion(AccruePercent(scope(), 2000), "points", is_exclusive=True)
    percent = promotion(PercentOff(scope(), 1000), "percent", is_exclusive=True, priority=9)
    till = shop(points, percent, policies=Policies(exclusive_choice="benefit"))
    assert acted(till.price(goods("tea", 1000))) == ["points"]


@pytest.mark.parametrize(
    ("state", "fields", "status"),
    [
        ("live", {}, "fired"),
        ("shadow", {}, "blocked"),
        ("pilot", {}, "blocked"),
        ("pilot", {"pilot": Pilot(stores=frozenset({"S1"}))}, "fired"),
        ("pilot", {"pilot": Pilot(stores=frozenset({"S2"}))}, "blocked"),
        ("pilot", {"pilot": Pilot(registers=frozenset({"R1"}))}, "fired"),
        ("pilot", {"pilot": Pilot(registers=frozenset({"R2"}))}, "blocked"),
        ("pilot", {"pilot": Pilot(share_bp=10_000)}, "fired"),
    ],
)
def test_trials(goods, shop, promotion, scope, state, fields, status):
    for effect in (PercentOff(scope(), 1000), AccruePercent(scope(), 1000), MUG):
        rule = promotion(effect, state=state, **fields)
        quote = shop(rule).price(goods("tea", 1000), around=Circumstances(register_id="R1"))
        trace = quote.traces[0]
        assert trace.status == status
        given = quote.discount_minor + quote.accrual_points + len(quote.gifts)
        assert bool(given) is (status == "fired")
        if status == "blocked":
            assert (trace.reason, trace.seen, trace.needed) == ("shadow", state, "live")
            assert trace.amount_minor + trace.points + trace.units > 0


def test_a_share_of_registers_is_stable_and_about_its_size(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), state="pilot", pilot=Pilot(share_bp=2500))
    till, tea = shop(rule), goods("tea", 1000)

    def live() -> list[int]:
        names = (Circumstances(register_id=f"R{n}") for n in range(400))
        return [till.price(tea, around=around).discount_minor for around in names]

    first = live()
    assert first == live()
    assert 60 <= sum(map(bool, first)) <= 140


def test_a_trial_says_which_one_it_is(goods, shop, promotion, scope):
    for state, said in (
        ("shadow", "випробування: лише рахується"),
        ("pilot", "пілот на інших касах: лише рахується"),
    ):
        trace = shop(promotion(PercentOff(scope(), 1000), state=state)).trace(goods("tea", 1000))
        assert explain(trace) == said


def test_a_draft_is_not_looked_at(goods, shop, promotion, scope):
    draft = promotion(PercentOff(scope(), 1000), "draft", state="draft")
    live = promotion(PercentOff(scope(), 500), "live")
    quote = shop(draft, live).price(goods("tea", 1000))
    assert [trace.promotion_id for trace in quote.traces] == ["live"]


def test_a_shadow_in_a_group_takes_nothing_from_the_others(goods, shop, promotion, scope):
    for mode in ("first", "best", "sum", "exclusive"):
        shadow = promotion(
            PercentOff(scope(), 5000), "shadow", group="g", priority=9, state="shadow"
        )
        ten = promotion(PercentOff(scope(), 1000), "ten", group="g")
        quote = shop(shadow, ten, modes={"g": mode}).price(goods("tea", 1000))
        assert (acted(quote), quote.discount_minor) == (["ten"], 100)
        trace = quote.traces[0]
        if mode == "exclusive":
            assert (trace.reason, trace.winner) == ("exclusive_taken", "ten")
        else:
            assert (trace.reason, trace.amount_minor) == ("shadow", 500)


def test_a_shadow_set_uses_no_pieces(goods, shop, promotion, scope):
    shadow = promotion(NForM(scope(), 3, 2), "shadow", priority=9, state="shadow")
    live = promotion(NForM(scope(), 3, 2), "live")
    traces = shop(shadow, live).traces(goods("tea", 1000, 3))
    assert (traces["shadow"].amount_minor, traces["live"].amount_minor) == (1000, 1000)


def test_both_kill_lists_stop_at_once(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), "bad", is_exclusive=True)
    good = promotion(PercentOff(scope(), 500), "good")
    tea = goods("tea", 1000)
    newest = Circumstances(stopped=frozenset({"bad"}))
    for till, options in (
        (shop(rule, good, stopped=["bad"]), {}),
        (shop(rule, good), {"around": newest}),
    ):
        quote = till.price(tea, **options)
        assert acted(quote) == ["good"]
        assert (quote.traces[0].reason, explain(quote.traces[0])) == (
            *("stopped", "акцію зупинено"),
        )
    other = Circumstances(stopped=frozenset({"good"}))
    assert acted(shop(rule, good).price(tea, around=other)) == ["bad"]


def test_used_pieces_of_a_trigger_are_gone_for_the_next(goods, shop, promotion, scope):
    """Two of three coffees pay for the first discount, one is left for the second."""
    bun = promotion(
        PercentOff(scope("bun"), 5000),
        "bun",
        priority=9,
        consume_units=3,
        conditions=(ScopeQuantity(scope("coffee"), 2, unused_only=True),),
    )
    cake = promotion(
        PercentOff(scope("cake"), 5000),
        "cake",
        conditions=(ScopeQuantity(scope("coffee"), 2, unused_only=True),),
    )
    basket = goods("coffee", 900, 3), goods("bun", 500), goods("cake", 700)
    traces = shop(bun, cake).traces(*basket)
    assert traces["bun"].amount_minor == 250
    assert (traces["cake"].reason, traces["cake"].seen) == ("scope_quantity", "1")
    more = goods("coffee", 900, 4), *basket[1:]
    assert shop(bun, cake).traces(*more)["cake"].amount_minor == 350


def test_a_gift_and_points_use_up_their_trigger_too(goods, shop, promotion, scope):
    two = (ScopeQuantity(scope("coffee"), 2, unused_only=True),)
    mug = promotion(MUG, "mug", priority=2, consume_units=2, conditions=two)
    spoon = promotion(GiftItem("spoon", (("uk", "Ложка"),)), "spoon", conditions=two)
    fixed = AccrueFixed(scope(), 100)
    points = promotion(fixed, "points", priority=2, consume_units=2, conditions=two)
    more = promotion(fixed, "more", conditions=two)
    for pieces, fired in ((2, ["mug"]), (3, ["mug"]), (4, ["mug", "spoon"])):
        quote = shop(mug, spoon).price(goods("coffee", 900, pieces), goods("bun", 9_000))
        assert acted(quote) == fired
    assert acted(shop(points, more).price(goods("coffee", 900, 3))) == ["points"]
    assert acted(shop(points, more).price(goods("coffee", 900, 4))) == ["points", "more"]
