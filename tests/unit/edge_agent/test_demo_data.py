"""The demo shop holds together: codes check, rules run, every promotion can act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.demo_data import loader
from loyalty.basket import check_basket
from loyalty.codes import CodePolicy, classify, has_gtin_check, normalise_phone, parse_static_qr
from loyalty.member import Member
from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.engine import evaluate, hints_of
from sync.contract.bundle import parse_draft

GOODS = loader.goods()
MEMBERS = loader.members()


def test_goods_have_codes_prices_and_known_groups():
    draft = parse_draft(loader.rules())
    policy = CodePolicy(card_prefixes=tuple(draft.programme.card_prefixes))
    assert len(GOODS) >= 120
    codes = [code for good in GOODS for code in good.barcodes]
    assert len(set(codes)) == len(codes)
    assert len({good.sku for good in GOODS}) == len(GOODS)
    for good in GOODS:
        assert set(good.groups) <= set(draft.group_parents), good.name
        assert 0 <= good.min_price_minor <= good.unit_price_minor
        for code in good.barcodes:
            seen = classify(code, "]E0", "scanner", policy)
            expected = "weighed" if good.unit == "кг" else "product"
            assert (seen.kind, seen.code) == (expected, code)
    assert {"tobacco", "alcohol", "normal"} == {good.goods_class for good in GOODS}
    for good in GOODS:
        assert (good.goods_class == "normal") == (not good.uktzed)


def test_members_have_cards_in_the_programme_s_range_and_unique_phones():
    assert len(MEMBERS) == 60
    assert len({member.card for member in MEMBERS}) == 60
    assert len({member.phone for member in MEMBERS}) == 60
    for member in MEMBERS:
        if member.card.startswith("LC1:"):
            assert parse_static_qr(member.card) == member.card.removeprefix("LC1:")[:10]
        else:
            assert member.card.startswith("042")
            assert has_gtin_check(member.card)
        assert normalise_phone(member.phone) == member.phone
        assert datetime.fromisoformat(member.consent_at).tzinfo is not None
        assert bool(member.expires_on) == bool(member.balance_points)


def test_basket_shapes_fill_with_goods():
    shapes = loader.basket_shapes()
    assert 250 <= len(shapes) <= 300
    for shape in shapes:
        basket = check_basket(loader.basket_of(shape, GOODS))
        assert len(basket.lines) == len(shape.lines)


def test_the_pushed_rules_add_one_promotion_to_the_first():
    first, pushed = parse_draft(loader.rules()), parse_draft(loader.pushed_rules())
    more = {p.promotion_id for p in pushed.promotions} - {p.promotion_id for p in first.promotions}
    assert more == {"juice-30"}
    assert pushed.promotions[1:] == first.promotions
    assert 12 <= len(first.promotions) <= 15


@pytest.fixture(scope="module")
def week():
    """Traces of all shapes over a week, four times a day, with three kinds of buyers."""
    compiled = compile_ruleset(parse_draft(loader.pushed_rules()).to_ruleset(2))
    buyers = (
        None,
        Member(1, "О.", 50_000, birthday="11-24"),
        Member(2, "І.", 50_000, groups=("vip", "pensioner")),
    )
    start = datetime(2026, 11, 16, 7, 30, tzinfo=UTC)
    baskets = [loader.basket_of(shape, GOODS) for shape in loader.basket_shapes()]
    quotes = []
    for number, basket in enumerate(baskets):
        at = start + timedelta(hours=number % 4 * 3.5, days=number % 7)
        quotes.append(
            evaluate(
                compiled,
                basket,
                member=buyers[number % 3],
                at=at,
                store_id="S1",
                redeem_points=10_000,
                spendable_points=50_000,
            )
        )
    return quotes


def test_every_promotion_acts_somewhere_in_a_week(week):
    fired = {
        trace.promotion_id for quote in week for trace in quote.traces if trace.status == "fired"
    }
    assert fired == {trace.promotion_id for trace in week[0].traces} - {"snacks-shadow"}
    assert any(trace.reason == "shadow" for quote in week for trace in quote.traces)


def test_real_baskets_get_hints_and_reasonable_discounts(week):
    assert sum(bool(hints_of(quote)) for quote in week) > len(week) // 4
    gross = sum(quote.gross_minor for quote in week)
    discount = sum(quote.discount_minor for quote in week)
    assert gross // 50 < discount < gross // 4
