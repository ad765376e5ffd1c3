"""Laws that hold for every basket and every ruleset of the vocabulary.

Hypothesis prints the failing example and its seed (`--hypothesis-seed`).
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from loyalty.basket import Basket, LineItem, check_basket
from loyalty.errors import InvalidBasket
from loyalty.member import Member
from loyalty.money import line_sum
from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.conditions import (
    BirthdayWindow,
    MemberKnown,
    ReceiptValue,
    Scope,
    ScopeQuantity,
    ScopeValue,
    TimeWindow,
)
from loyalty.promotions.effects import (
    AccruePercent,
    AmountOff,
    Message,
    NForM,
    PercentOff,
    RedeemAllowance,
)
from loyalty.promotions.engine import evaluate
from loyalty.promotions.law import floor_of, may_be_promoted
from loyalty.promotions.ruleset import Programme, Promotion, Ruleset
from loyalty.quote import Quote

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=ZoneInfo("Europe/Kyiv"))
GROUPS = ("dairy", "cheese", "bread", "wine", "tobacco")
MEMBER = Member(7, "Олена К.", 10**9, birthday="11-20", groups=("vip",))
COMMON = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def lines(draw: st.DrawFn) -> LineItem:
    group = draw(st.sampled_from(GROUPS))
    weighed = draw(st.booleans())
    qty = draw(st.integers(1, 3000)) if weighed else draw(st.integers(1, 7)) * 1000
    price = draw(st.one_of(st.sampled_from([0, 1, 1000]), st.integers(0, 50_000)))
    kind = draw(st.sampled_from(["shelf", "shelf", "shelf", "reduced", "manual_discount"]))
    total = line_sum(price, qty) + draw(st.integers(0, 2))
    return LineItem(
        line_id="?",
        sku=draw(st.sampled_from("abcdef")),
        name=group,
        qty_milli=qty,
        unit_price_minor=-price if kind == "manual_discount" else price,
        sum_minor=-total // draw(st.integers(1, 5)) if kind == "manual_discount" else total,
        unit="кг" if weighed else "шт",
        price_kind=kind,  # type: ignore[arg-type]
        goods_class="tobacco" if group == "tobacco" else "normal",
        min_price_minor=draw(st.integers(0, price)) if group == "wine" else 0,
        groups=(group,),
    )


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    drawn = draw(st.lists(lines(), max_size=12))
    numbered = tuple(
        dataclasses.replace(line, line_id=f"L{number}") for number, line in enumerate(drawn)
    )
    basket = Basket(numbered)
    try:
        return check_basket(basket)
    except InvalidBasket:
        assume(False)
        raise


scopes = st.builds(
    Scope,
    is_all=st.booleans(),
    skus=st.frozensets(st.sampled_from("abcdef"), max_size=2),
    groups=st.frozensets(st.sampled_from(GROUPS), max_size=2),
    excluded_groups=st.frozensets(st.sampled_from(GROUPS), max_size=1),
    excludes_reduced=st.booleans(),
)
conditions = st.one_of(
    st.builds(ScopeQuantity, scopes, st.integers(1, 5)),
    st.builds(ScopeValue, scopes, st.integers(1, 50_000), st.sampled_from(["gross", "net"])),
    st.builds(ReceiptValue, st.integers(1, 90_000), st.sampled_from(["gross", "net"])),
    st.builds(TimeWindow, st.integers(0, 1440), st.integers(0, 1440)),
    st.builds(BirthdayWindow, st.integers(0, 9), st.integers(0, 9)),
    st.builds(MemberKnown),
)
effects = st.one_of(
    st.builds(PercentOff, scopes, st.integers(1, 10_000), st.sampled_from(["line", "receipt"])),
    st.builds(
        AmountOff, scopes, st.integers(1, 60_000), st.sampled_from(["line", "unit", "receipt"])
    ),
    st.integers(1, 3).flatmap(
        lambda pay: st.builds(NForM, scopes, st.integers(pay + 1, 6), st.just(pay))
    ),
    st.builds(AccruePercent, scopes, st.integers(1, 20_000)),
    st.builds(RedeemAllowance, st.integers(0, 10_000)),
    st.just(Message("screen", (("uk", "Вітаємо"),))),
)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    promotions = tuple(
        Promotion(
            promotion_id=f"p{number}",
            name=(("uk", f"Акція {number}"),),
            effect=draw(effects),
            priority=draw(st.integers(0, 3)),
            group=draw(st.sampled_from(["", "", "g"])),
            state=draw(st.sampled_from(["live", "live", "shadow"])),
            conditions=tuple(draw(st.lists(conditions, max_size=2))),
        )
        for number in range(draw(st.integers(0, 8)))
    )
    programme = Programme(
        minor_per_bonus=draw(st.sampled_from([1, 30, 100, 1000])),
        redeem_max_share_bp=draw(st.integers(0, 10_000)),
        redeem_min_money_minor=draw(st.sampled_from([0, 500])),
        redeem_excluded_groups=draw(st.frozensets(st.sampled_from(GROUPS), max_size=1)),
        unit_floor_minor=draw(st.sampled_from([0, 1])),
    )
    return Ruleset(3, programme, promotions, {"cheese": "dairy", "dairy": ""})


def price(ruleset: Ruleset, basket: Basket, redeem: int = 0) -> Quote:
    return evaluate(
        compile_ruleset(ruleset),
        basket,
        member=MEMBER,
        at=NOON,
        store_id="S1",
        redeem_points=redeem,
        spendable_points=10**9,
    )


@COMMON
@given(rulesets(), baskets(), st.integers(0, 10**7))
def test_sums_are_exact_and_floors_hold(ruleset: Ruleset, basket: Basket, redeem: int) -> None:
    quote = price(ruleset, basket, redeem)
    for applied in quote.promotions:
        assert applied.amount_minor == sum(share.amount for share in applied.shares) > 0
    for accrual in quote.accruals:
        assert accrual.points == sum(share.amount for share in accrual.shares) > 0
    per_line = {line.line_id: 0 for line in quote.lines}
    for applied in quote.promotions:
        for share in applied.shares:
            per_line[share.line_id] += share.amount
    assert per_line == {line.line_id: line.discount_minor for line in quote.lines}
    assert quote.redeemed_minor == sum(line.redeemed_minor for line in quote.lines)
    assert quote.payable_minor == basket.gross_minor - quote.discount_minor - quote.redeemed_minor
    assert quote.payable_minor >= 0
    for item, line in zip(basket.lines, quote.lines, strict=True):
        assert line.discount_minor >= 0
        assert line.redeemed_minor >= 0
        if item.price_kind != "manual_discount":
            assert line.paid_minor >= floor_of(item, ruleset.programme.unit_floor_minor)
            lowest = min(item.sum_minor * 1000, item.min_price_minor * item.qty_milli)
            assert line.paid_minor * 1000 >= lowest


@COMMON
@given(rulesets(), baskets(), st.integers(0, 10**7))
def test_tobacco_and_manual_discounts_are_untouched(
    ruleset: Ruleset, basket: Basket, redeem: int
) -> None:
    quote = price(ruleset, basket, redeem)
    for item, line in zip(basket.lines, quote.lines, strict=True):
        if not may_be_promoted(item):
            assert (line.discount_minor, line.redeemed_minor, line.accrual_points) == (0, 0, 0)
    without = Basket(tuple(item for item in basket.lines if item.goods_class != "tobacco"))
    if without.gross_minor >= 0 and all(
        item.price_kind != "manual_discount" for item in basket.lines
    ):
        assert price(ruleset, without).promotions == price(ruleset, basket).promotions


@COMMON
@given(rulesets(), baskets(), st.integers(0, 10**7))
def test_bonuses_pay_at_most_their_share(ruleset: Ruleset, basket: Basket, redeem: int) -> None:
    quote = price(ruleset, basket, redeem)
    rate = ruleset.programme.minor_per_bonus
    assert quote.redeemed_points <= min(redeem, quote.redeemable_points)
    assert quote.redeemable_points <= quote.basket_limit_points
    assert quote.redeemed_minor == quote.redeemed_points * rate // 100
    allowances = [
        promotion.effect.max_share_bp
        for promotion in ruleset.promotions
        if isinstance(promotion.effect, RedeemAllowance)
    ]
    share = max([ruleset.programme.redeem_max_share_bp, *allowances])
    goods = sum(
        line.net_minor
        for item, line in zip(basket.lines, quote.lines, strict=True)
        if may_be_promoted(item)
    )
    assert quote.redeemed_minor * 10_000 <= goods * share
    if quote.redeemed_minor:
        assert quote.payable_minor >= ruleset.programme.redeem_min_money_minor


@COMMON
@given(rulesets(), baskets(), st.integers(0, 10**7), st.randoms(use_true_random=False))
def test_the_order_of_lines_moves_only_tie_kopecks(
    ruleset: Ruleset, basket: Basket, redeem: int, random: object
) -> None:
    # Ties of one promotion can decide what the next one sees, so this law is about one at a time.
    ruleset = dataclasses.replace(ruleset, promotions=ruleset.promotions[:1])
    shuffled = list(basket.lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = price(ruleset, basket, redeem), price(ruleset, Basket(tuple(shuffled)), redeem)
    assert first.payable_minor == second.payable_minor
    assert first.discount_minor == second.discount_minor
    assert first.redeemed_points == second.redeemed_points
    there = {line.line_id: line for line in second.lines}
    for line in first.lines:
        other = there[line.line_id]
        assert abs(line.discount_minor - other.discount_minor) <= len(basket.lines)
    assert [(t.status, t.reason) for t in first.traces] == [
        (t.status, t.reason) for t in second.traces
    ]


@COMMON
@given(rulesets(), baskets(), st.integers(0, 10**7))
def test_the_same_input_gives_the_same_bytes(ruleset: Ruleset, basket: Basket, redeem: int) -> None:
    def encoded() -> str:
        return json.dumps(dataclasses.asdict(price(ruleset, basket, redeem)))

    assert encoded() == encoded()


@COMMON
@given(rulesets(), baskets())
def test_every_promotion_is_traced_in_file_order(ruleset: Ruleset, basket: Basket) -> None:
    quote = price(ruleset, basket)
    assert [t.promotion_id for t in quote.traces] == [p.promotion_id for p in ruleset.promotions]
    fired = {t.promotion_id for t in quote.traces if t.status == "fired"}
    given_by = {p.promotion_id for p in (*quote.promotions, *quote.accruals)}
    assert given_by <= fired
    for trace in quote.traces:
        assert (trace.reason == "") == (trace.status == "fired")
        assert not (trace.hint and trace.status == "fired")


@COMMON
@given(baskets(), st.integers(0, 100), st.integers(1, 10_000), st.integers(0, 10**7))
def test_a_manual_discount_never_makes_the_total_negative(
    basket: Basket, percent: int, percent_bp: int, redeem: int
) -> None:
    goods = [line for line in basket.lines if line.price_kind != "manual_discount"]
    amount = -sum(line.sum_minor for line in goods) * percent // 100
    manual = LineItem("M", "manual", "Знижка", 1000, amount, amount, price_kind="manual_discount")
    rule = Promotion("all", (("uk", "Усе"),), PercentOff(Scope(is_all=True), percent_bp))
    ruleset = Ruleset(1, Programme(redeem_max_share_bp=10_000), (rule,))
    quote = price(ruleset, check_basket(Basket((*goods, manual))), redeem)
    assert quote.payable_minor >= 0
    tobacco = sum(line.sum_minor for line in goods if not may_be_promoted(line))
    assert quote.payable_minor >= min(tobacco, quote.gross_minor)
