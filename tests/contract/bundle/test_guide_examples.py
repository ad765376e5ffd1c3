"""The five files of the guide do what their sentences say, priced by the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty.basket import Basket, LineItem, check_basket
from loyalty.member import HeldCoupon, Member
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.engine import evaluate, hints_of
from loyalty.quote import Quote
from sync.contract.bundle import parse_draft

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "write-a-rule.md"
CHAPTERS = dict(
    re.findall(r"\n### (.*?)\n.*?```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
)
GOUDA, BREAKFAST, BIRTHDAY, COUPON, BLACK_FRIDAY = CHAPTERS
KYIV = ZoneInfo("Europe/Kyiv")


def rules(chapter: str, change: Callable[[Any], Any] = lambda body: body) -> CompiledRuleset:
    body = change(json.loads(CHAPTERS[chapter]))
    return compile_ruleset(parse_draft(json.dumps(body).encode()).to_ruleset(1))


def basket(*goods: tuple[str, int, int]) -> Basket:
    """Lines of (group, pieces, kopecks a piece)."""
    lines = [
        LineItem(f"l{n}", f"s{n}", group, count * 1000, price, count * price, groups=(group,))
        for n, (group, count, price) in enumerate(goods)
    ]
    return check_basket(Basket(tuple(lines)))


def quote(compiled: CompiledRuleset, goods: Basket, at: str, member: Member | None = None) -> Quote:
    moment = datetime.fromisoformat(at).replace(tzinfo=KYIV)
    return evaluate(compiled, goods, member=member, at=moment, store_id="S1")


def off(*arguments: Any, **more: Any) -> int:
    return quote(*arguments, **more).discount_minor


SATURDAY, MONDAY = "2026-11-21T12:00", "2026-11-23T08:30"


def test_gouda_at_the_weekend() -> None:
    compiled, two = rules(GOUDA), basket(("gouda", 2, 21490))
    assert quote(compiled, two, SATURDAY).gross_minor - off(compiled, two, SATURDAY) == 34384
    assert off(compiled, two, MONDAY) == 0
    [hint] = hints_of(quote(compiled, basket(("gouda", 1, 21490)), SATURDAY))
    sentence = dict(hint.hint)["uk"]
    assert sentence == "ще 1 шт. «Сир Гауда» — і −20 %"
    assert sentence in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("goods", "at", "discount"),
    [
        ((("coffee", 1, 5500), ("buns", 1, 2990)), MONDAY, 8490 - 6900),
        ((("coffee", 3, 5500), ("buns", 3, 2990)), MONDAY, 2 * (8490 - 6900)),
        ((("coffee", 1, 5500),), MONDAY, 0),
        ((("coffee", 1, 5500), ("buns", 1, 2990)), "2026-11-23T11:00", 0),
        ((("coffee", 1, 5500), ("buns", 1, 2990)), SATURDAY, 0),
    ],
)
def test_breakfast(goods: tuple[tuple[str, int, int], ...], at: str, discount: int) -> None:
    assert off(rules(BREAKFAST), basket(*goods), at) == discount


def test_around_the_birthday() -> None:
    compiled = rules(BIRTHDAY)
    goods = basket(("bread", 1, 50000), ("alcohol", 1, 40000))
    member = Member(7, "Олена К.", birthday="11-25")
    assert off(compiled, goods, SATURDAY, member) == 0
    assert off(compiled, goods, "2026-11-22T12:00", member) == 5000
    assert off(compiled, basket(("tv", 1, 900000)), "2026-11-28T12:00", member) == 20000
    assert off(compiled, goods, "2026-11-22T12:00") == 0


def test_the_coupon_comes_back() -> None:
    compiled = rules(COUPON)
    member = Member(7, "Олена К.", last_purchase_on="2026-11-20", purchases_count=3)
    holder = Member(
        8, "Іван П.", coupons=(HeldCoupon("povertaitesia-50"),), last_purchase_on="2026-10-01"
    )
    first = quote(compiled, basket(("bread", 1, 50000)), SATURDAY, member)
    assert [coupon.coupon for coupon in first.coupons] == ["povertaitesia-50"]
    assert first.accrual_points == 1500
    assert quote(compiled, basket(("bread", 1, 49999)), SATURDAY, member).coupons == ()
    used = quote(compiled, basket(("bread", 1, 30000)), SATURDAY, holder)
    assert (used.discount_minor, used.accrual_points) == (5000, 2 * 750)
    assert off(compiled, basket(("bread", 1, 29999)), SATURDAY, holder) == 0


def live(body: Any) -> Any:
    for promotion in body["promotions"]:
        promotion["state"] = "live"
    return body


@pytest.mark.parametrize(
    ("goods", "discount"),
    [
        ((("bread", 1, 70000),), 10000),
        ((("bread", 1, 60000), ("cosmetics", 2, 5000)), 10000),
        ((("bread", 1, 10000), ("cosmetics", 2, 30000)), 15000),
        ((("bread", 1, 69999),), 0),
    ],
)
def test_black_friday_gives_the_better_one(
    goods: tuple[tuple[str, int, int], ...], discount: int
) -> None:
    assert off(rules(BLACK_FRIDAY, live), basket(*goods), "2026-11-27T23:59") == discount
    assert off(rules(BLACK_FRIDAY, live), basket(*goods), "2026-11-28T00:00") == 0
