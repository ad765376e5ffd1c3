"""The shop with everything a question can be about: staff, a fiscal printer, a coupon, a gift card,
a marked good, and a good whose bar code is somebody's phone number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from sync.contract.tokens import phone_token
from tests.integration.panel.conftest import Printer, stocked
from tests.integration.panel.shop import RULES
from tests.support.rig import Rig, answer
from tests.support.staff import CASHIER, staffed

GIFT, COUPON, TWICE, VODKA = "9990000000012", "9810000000013", "380670000006", "4820000000093"

FLYER: dict[str, Any] = {
    "promotion_id": "flyer",
    "name": {"uk": "Листівка −20 ₴ від 100 ₴", "en": "Flyer −20 ₴ from 100 ₴"},
    "effect": {"kind": "amount", "target": {"all": True}, "amount_minor": 2_000, "per": "receipt"},
    "conditions": [
        {"kind": "code_entered", "codes": [COUPON]},
        {"kind": "receipt_value", "at_least_minor": 10_000},
    ],
}
FULL_RULES = {
    "programme": {**RULES["programme"], "gift_card_prefixes": ["999"]},
    "promotions": [*RULES["promotions"], FLYER],
}


def _counter(kind: str, key: str, units: int) -> FeedRow:
    counter_id = f"R1.1.0.{kind}:{key}:"
    body = {"counter_id": counter_id, "kind": kind, "key": key, "register_id": "R1", "epoch": 1}
    body |= {"granted_units": units, "state": "open"}
    return FeedRow(kind="counter_lease", key=counter_id, version=1, body=body)


def _rows(phone_key: bytes) -> list[FeedRow]:
    vodka = {"sku": "vodka", "name": "Горілка «Хортиця» 0,5 л", "unit_price_minor": 21_900}
    vodka |= {"barcodes": [VODKA], "goods_class": "alcohol", "needs_stamp": True}
    thermos = {"sku": "thermos", "name": "Термос", "unit_price_minor": 50_000, "barcodes": [TWICE]}
    token = phone_token(phone_key, f"+{TWICE}")
    return [
        _counter("gift_card", GIFT, 5_000),
        _counter("coupon", COUPON, 1),
        FeedRow(kind="good", key="vodka", version=1, body=vodka),
        FeedRow(kind="good", key="thermos", version=1, body=thermos),
        FeedRow(kind="token", key=token, version=9, body={"member_id": 103}),
    ]


@contextmanager
def full_shop(folder: Path, printer: Printer) -> Iterator[Rig]:
    """The running register, its printer ready, a cashier signed in."""
    rig = stocked(folder, FULL_RULES)
    staffed(rig)
    cache = Cache(folder / "data" / "cache.db")
    cache.apply_rows(_rows(rig.identity.phone_key))
    cache.close()
    with rig.config.open("a", encoding="utf-8") as config:
        config.write(f'[printer]\ndriver = "fiscal.datecs_ua"\nurl = "{printer.url}"\n')
    rig.start()
    assert rig.agent is not None
    agent = rig.agent
    agent.start_devices()
    try:
        answer(rig.http.post("/v1/shift/sign-in", json=CASHIER))
        yield rig
    finally:
        agent.stop_devices()
        rig.stop()
