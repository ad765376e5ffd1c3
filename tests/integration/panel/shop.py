"""A small shop: members with a past, goods, and rules that fire, nearly fire and give bonuses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync.contract.feed import FeedRow
from sync.contract.tokens import phone_token
from tests.support.rig import CARD, NO_LEASE_CARD, OTHER_CARD

PHONE = "0671234567"
MILK, BREAD, COFFEE, CHEESE = "4820000000017", "4820000000024", "4820000000048", "4820000000055"
WORDS = dict[str, str]
KYIV = ZoneInfo("Europe/Kyiv")

RULES: dict[str, Any] = {
    "programme": {"redeem_max_share_bp": 5_000, "accrual_valid_days": 365},
    "promotions": [
        {
            "promotion_id": "dairy10",
            "name": {"uk": "Молочне −10 %", "en": "Dairy −10 %"},
            "effect": {"kind": "percent", "target": {"groups": ["dairy"]}, "percent_bp": 1000},
        },
        {
            "promotion_id": "coffee3for2",
            "name": {"uk": "Кава: 3 за ціною 2", "en": "Coffee: 3 for 2"},
            "effect": {
                "kind": "n_for_m",
                "target": {"groups": ["coffee"], "label": {"uk": "кави", "en": "coffee"}},
                "take": 3,
                "pay": 2,
            },
        },
        {
            "promotion_id": "gold",
            "name": {"uk": "Золотим: −20 ₴ від 600 ₴", "en": "Gold: −20 ₴ from 600 ₴"},
            "effect": {
                "kind": "amount",
                "target": {"all": True},
                "amount_minor": 2000,
                "per": "receipt",
            },
            "conditions": [
                {"kind": "member_group", "groups": ["gold"]},
                {"kind": "receipt_value", "at_least_minor": 60_000},
            ],
        },
        {
            "promotion_id": "earn5",
            "name": {"uk": "5 % бонусами", "en": "5 % back"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_known"}],
        },
    ],
}

GOODS = (
    ("milk", "Молоко «Яготинське» 2,5 % 900 г", 4_590, "шт", ["dairy"], MILK),
    ("bread", "Хліб «Український» подовий 950 г", 2_750, "шт", ["bread"], BREAD),
    ("coffee", "Кава мелена «Галка» львівська 225 г", 12_990, "шт", ["coffee"], COFFEE),
    ("cheese", "Сир твердий «Комо» 50 %", 42_900, "кг", ["dairy"], CHEESE),
)


def _purchases(now: datetime) -> list[dict[str, Any]]:
    past = (
        (3, 43_210, ["Молоко", "Хліб", "Кава мелена"]),
        (9, 128_050, ["Сир твердий", "Олія", "Гречка"]),
        (17, 6_990, ["Йогурт"]),
    )
    return [
        {
            "at": (now - timedelta(days=days)).isoformat(),
            "total_minor": total,
            "items": items,
        }
        for days, total, items in past
    ]


def _members(now: datetime) -> list[dict[str, Any]]:
    burns = (now + timedelta(days=20)).date().isoformat()
    return [
        {
            "member_id": 101,
            "name": "Олена К.",
            "tier": "gold",
            "groups": ["gold"],
            "birthday": now.strftime("%m-%d"),
            "balance_points": 123_450,
            "pending_points": 1_200,
            "lots": [
                {"points": 113_450, "expires_on": (now + timedelta(days=300)).date().isoformat()},
                {"points": 10_000, "expires_on": burns},
            ],
            "purchases": _purchases(now),
            "purchases_count": 41,
        },
        {"member_id": 102, "name": "Ігор Ґ.", "balance_points": 5_000, "is_blocked": True},
        {"member_id": 103, "name": "Юлія Ї.", "balance_points": 9_000},
    ]


def shop_rows(phone_key: bytes, register_id: str = "R1", epoch: int = 1) -> list[FeedRow]:
    """Everything the shop's register knows; versions stand above the rig's own rows."""
    rows = []

    def add(kind: str, key: str, body: dict[str, Any]) -> None:
        rows.append(FeedRow(kind=kind, key=key, version=9, body=body))

    for body in _members(datetime.now(KYIV)):
        add("member", str(body["member_id"]), body)
    for member_id, card in ((101, CARD), (102, OTHER_CARD), (103, NO_LEASE_CARD)):
        add("token", f"card:{card}", {"member_id": member_id})
    add("token", phone_token(phone_key, f"+38{PHONE}"), {"member_id": 103})
    lease_id = f"{register_id}.{epoch}.101"
    lease = {"lease_id": lease_id, "member_id": 101, "register_id": register_id, "epoch": epoch}
    add("lease", lease_id, lease | {"granted_points": 30_000, "state": "open"})
    for sku, name, price, unit, groups, code in GOODS:
        good = {"sku": sku, "name": name, "unit_price_minor": price, "unit": unit}
        add("good", sku, good | {"groups": groups, "barcodes": [code]})
    return rows
