"""Coupons, gift cards and idle offers at the cashier's screen: applied, shown, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from tests.support.rig import RULES, Rig, answer

GIFT = "9990000000012"
COUPON = "9810000000013"
CODE = {
    "promotion_id": "flyer",
    "name": {"uk": "Листівка −20 ₴ від 100 ₴", "en": "Flyer −20 ₴ from 100 ₴"},
    "effect": {
        "kind": "amount",
        "target": {"all": True},
        "amount_minor": 2_000,
        "per": "receipt",
    },
    "conditions": [
        {"kind": "code_entered", "codes": [COUPON]},
        {"kind": "receipt_value", "at_least_minor": 10_000},
    ],
}
PROGRAMME = {**RULES["programme"], "gift_card_prefixes": ["999"]}


def counter(kind: str, key: str, units: int) -> FeedRow:
    counter_id = f"R1.1.0.{kind}:{key}:"
    body = {
        "counter_id": counter_id,
        "kind": kind,
        "key": key,
        "register_id": "R1",
        "epoch": 1,
        "granted_units": units,
        "state": "open",
    }
    return FeedRow(kind="counter_lease", key=counter_id, version=1, body=body)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A register that holds 50 ₴ of a gift card and one use of a coupon, without a link."""
    promotions = [*RULES["promotions"], CODE]
    register = Rig(tmp_path, {"programme": PROGRAMME, "promotions": promotions})
    cache = Cache(tmp_path / "data" / "cache.db")
    cache.apply_rows([counter("gift_card", GIFT, 5_000), counter("coupon", COUPON, 1)])
    cache.close()
    register.start()
    try:
        yield register
    finally:
        register.stop()


def scan(rig: Rig, code: str) -> dict[str, Any]:
    return answer(rig.http.post("/v1/scan", json={"code": code, "source": "scanner"}))


def add(rig: Rig, qty: int) -> dict[str, Any]:
    body = {"code": "bread", "qty_milli": qty * 1_000}
    return answer(rig.http.post("/v1/panel/goods", json=body))


def pay(rig: Rig, view: dict[str, Any], *tenders: dict[str, Any]) -> dict[str, Any]:
    body = {
        "quote_id": view["quote_id"],
        "basket_hash": view["basket_hash"],
        "tenders": list(tenders),
    }
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=body))


def state(rig: Rig) -> dict[str, Any]:
    return answer(rig.http.get("/v1/state"))


def test_a_gift_card_is_shown_with_its_balance_and_pays(rig: Rig) -> None:
    assert scan(rig, GIFT)["reason"] == "gift_card_unsupported", "no sale to pay yet"
    view = add(rig, 3)
    assert view["payable_minor"] == 8_250
    assert scan(rig, GIFT)["kind"] == "gift_card"
    card = state(rig)["gift_card"]
    assert card == {
        "number": 1,
        "reference": GIFT,
        "masked": "…0012",
        "left_minor": 5_000,
        "pays_minor": 5_000,
        "rest_minor": 3_250,
        "rest_cash_minor": 3_250,
    }
    scan(rig, "4820000000017")
    assert state(rig)["gift_card"] is None, "the next scan is another matter"
    view = state(rig)["sale"]
    paid = pay(
        rig,
        view,
        {"kind": "gift_card", "amount_minor": 5_000, "reference": GIFT},
        {"kind": "card", "amount_minor": view["payable_minor"] - 5_000},
    )
    assert paid["state"] == "posted"
    add(rig, 1)
    scan(rig, GIFT)
    assert state(rig)["notice"]["code"] == "gift_card_empty"
    assert state(rig)["gift_card"] is None


def test_a_card_that_is_not_counted_is_left_to_the_till(rig: Rig) -> None:
    add(rig, 1)
    scan(rig, "9990000000029")
    assert state(rig)["notice"]["code"] == "gift_card_unsupported"


def test_a_coupon_is_applied_or_waits_or_is_refused(rig: Rig) -> None:
    scan(rig, COUPON)
    assert state(rig)["notice"]["code"] == "code_needs_sale"
    add(rig, 1)
    assert scan(rig, COUPON)["kind"] == "code"
    notice = state(rig)["notice"]
    assert notice["code"] == "code_waits"
    assert "від 100 грн" in notice["text"]
    view = add(rig, 3)
    assert view["discount_minor"] == 2_000
    scan(rig, COUPON)
    assert state(rig)["notice"]["code"] == "code_added"
    view = state(rig)["sale"]
    assert view["codes"] == [COUPON]
    pay(rig, view, {"kind": "card", "amount_minor": view["payable_minor"]})
    add(rig, 5)
    scan(rig, COUPON)
    assert state(rig)["notice"]["code"] == "coupon_used"
    scan(rig, "9810000000020")
    assert state(rig)["notice"]["code"] == "coupon_unsupported"


def test_every_idle_offer_says_why(rig: Rig) -> None:
    view = add(rig, 1)
    offers = answer(rig.http.get(f"/v1/sales/{view['sale_id']}/offers"))
    whys = {each["promotion_id"]: each for each in offers}
    assert set(whys) == {"dairy10", "earn5", "flyer"}
    assert whys["earn5"]["reason"] == "member_known"
    assert all(each["why"] and each["name"] for each in offers)
    assert offers[0]["name"] == "5 % бонусами" or whys["flyer"]["reason"] == "code_entered"
    body = {"locale": "en"}
    answer(rig.http.put("/v1/panel/locale", json=body))
    english = answer(rig.http.get(f"/v1/sales/{view['sale_id']}/offers"))
    assert {each["why"] for each in english}.isdisjoint(each["why"] for each in offers)
