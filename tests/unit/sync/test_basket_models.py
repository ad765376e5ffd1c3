"""Baskets and members as JSON: one form for the register's API and the central team's commands."""

from datetime import date

import pytest
from pydantic import ValidationError

from edge_agent.member_views import LotCard, MemberCard, PurchaseCard
from sync.contract.basket_models import BasketIn, MemberIn

LINE = {
    "line_id": "1",
    "sku": "42",
    "name": "Сир",
    "qty_milli": 2000,
    "unit_price_minor": 1500,
    "sum_minor": 3000,
}
DAY = date(2026, 11, 24)


def test_a_line_keeps_every_field_of_the_core():
    more = {"groups": ["cheese"], "tags": ["eko"], "brand": "Комо", "price_kind": "reduced"}
    found = BasketIn.model_validate({"lines": [LINE | more]}).basket().lines[0]
    assert (found.sum_minor, found.groups, found.tags) == (3000, ("cheese",), ("eko",))
    assert (found.brand, found.price_kind) == ("Комо", "reduced")


def test_unknown_fields_are_named_and_not_refused():
    assert BasketIn.model_validate({"lines": [], "colour": 1}).ignored() == ["colour"]


@pytest.mark.parametrize(
    "change",
    [
        {"qty_milli": 0},
        {"qty_milli": -1},
        {"qty_milli": 10**12},
        {"unit_price_minor": 1.5},
        {"sum_minor": "3000"},
        {"sku": ""},
        {"price_kind": "free"},
        {"qty_milli": True},
    ],
)
def test_a_bad_line_is_refused(change):
    with pytest.raises(ValidationError):
        BasketIn.model_validate({"lines": [LINE | change]})


def test_the_member_card_of_the_api_is_a_member():
    card = MemberCard(
        member_id=7,
        name="Олена К.",
        tier="gold",
        groups=["vip"],
        balance_points=5_000,
        pending_points=10,
        spendable_points=4_000,
        is_birthday=True,
        is_blocked=False,
        lots=[LotCard(points=1, expires_on="2026-12-31")],
        purchases=[
            PurchaseCard(at="2026-11-20T10:00:00Z", total_minor=100, items=["Хліб"]),
            PurchaseCard(at="2026-11-22T10:00:00Z", total_minor=100, items=[]),
        ],
        purchases_count=12,
        offers=[],
        as_of="2026-11-22T10:00:00Z",
    )
    given = MemberIn.model_validate_json(card.model_dump_json())
    member = given.member(DAY)
    assert (member.tier, member.groups, member.purchases_count) == ("gold", ("vip",), 12)
    assert (member.birthday, member.last_purchase_on) == ("11-24", "2026-11-22")
    assert (given.spendable(), given.model_copy(update={"spendable_points": None}).spendable()) == (
        4_000,
        5_000,
    )


def test_what_rules_may_ask_beside_the_card():
    given = MemberIn.model_validate(
        {
            "member_id": 7,
            "birthday": "1990-02-29",
            "segments": ["sleepy"],
            "coupons": ["AUTUMN", {"code": "MAY", "expires_on": "2026-05-31"}],
            "last_purchase_on": "2026-01-02",
        }
    ).member(DAY)
    assert (given.birthday, given.segments, given.last_purchase_on) == (
        "02-29",
        ("sleepy",),
        "2026-01-02",
    )
    assert [(held.code, held.expires_on) for held in given.coupons] == [
        ("AUTUMN", None),
        ("MAY", "2026-05-31"),
    ]


@pytest.mark.parametrize(
    "body",
    [{}, {"member_id": 0}, {"member_id": 1, "birthday": "13-01"}, {"member_id": 1, "groups": "a"}],
)
def test_a_bad_member_is_refused(body):
    with pytest.raises(ValidationError):
        MemberIn.model_validate(body)
