"""Limits, coupons and gift cards offline: never more than the part this register was granted."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger.verify import quick_check
from sync.contract.feed import FeedRow
from tests.support.rig import CARD, OTHER_CARD, RULES, Rig, answer, line, payment, sell

WELCOME = {
    "promotion_id": "welcome",
    "name": {"uk": "Вітальна −20 %", "en": "Welcome −20 %"},
    "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 2000},
    "caps": {"campaign_count": 100},
}
COUPON = {
    "promotion_id": "coupon30",
    "name": {"uk": "Купон −30 %", "en": "Coupon −30 %"},
    "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 3000},
    "conditions": [{"kind": "coupon_held", "coupons": ["SPRING"]}],
}
DAILY = {
    "promotion_id": "daily",
    "name": {"uk": "Раз на день −10 %", "en": "Once a day −10 %"},
    "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 1000},
    "conditions": [{"kind": "member_known"}],
    "caps": {"per_member": 5},
}


def _rig(folder: Path, promotion: dict[str, Any]) -> Rig:
    rules = {**RULES, "promotions": [promotion]}
    rig = Rig(folder, rules)
    rig.start()
    return rig


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Rig]:
    """A register with one campaign that is counted over the chain."""
    rig = _rig(tmp_path, WELCOME)
    yield rig
    rig.stop()


def _counter(key: str, units: int, version: int = 1, **more: Any) -> FeedRow:
    kind = more.get("kind", "campaign_limit")
    counter_id = f"R1.1.{kind}.{key}.{more.get('member_id', 0)}"
    body = {
        "counter_id": counter_id,
        "kind": kind,
        "key": key,
        "register_id": "R1",
        "epoch": 1,
        "granted_units": units,
        "state": "open",
        **more,
    }
    return FeedRow(kind="counter_lease", key=counter_id, version=version, body=body)


def _hear(rig: Rig, *rows: FeedRow) -> None:
    assert rig.agent is not None
    rig.agent.health._cache.apply_rows(rows)


def _discount(rig: Rig, card: str = "") -> int:
    return int(sell(rig.http, [line(1, "bread", 10_000)], card=card)["discount_minor"])


def _uses(rig: Rig) -> list[list[dict[str, Any]]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        rows = connection.execute("SELECT body FROM outbox WHERE kind = 'sale' ORDER BY seq")
        return [json.loads(row[0])["counter_uses"] for row in rows]


def test_a_campaign_acts_as_often_as_this_registers_part_allows(campaign: Rig) -> None:
    _hear(campaign, _counter("welcome", 2))
    assert [_discount(campaign) for _ in range(3)] == [2_000, 2_000, 0]
    used = {"counter_id": "R1.1.campaign_limit.welcome.0", "units": 1}
    assert _uses(campaign) == [[used], [used], []]
    _hear(campaign, _counter("welcome", 3, 2))
    campaign.stop()
    campaign.start()
    assert [_discount(campaign) for _ in range(2)] == [2_000, 0], "a new part, over a restart"
    campaign.stop()
    assert quick_check(campaign.folder / "data" / "ledger.db") == []


def test_two_open_sales_cannot_both_take_the_last_unit(campaign: Rig) -> None:
    _hear(campaign, _counter("welcome", 1))
    views = []
    for _ in range(2):
        body = {"basket": {"lines": [line(1, "bread", 10_000)]}}
        path = f"/v1/sales/{uuid.uuid4()}/open"
        views.append(answer(campaign.http.post(path, json=body)))
    assert [view["discount_minor"] for view in views] == [2_000, 2_000]
    first, second = (
        campaign.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))
        for view in views
    )
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "sum_changed")


def test_an_image_from_before_a_use_takes_nothing(campaign: Rig, tmp_path: Path) -> None:
    _hear(campaign, _counter("welcome", 1))
    campaign.stop()
    data, image = campaign.folder / "data", tmp_path / "image"
    shutil.copytree(data, image)
    campaign.start()
    assert _discount(campaign) == 2_000
    campaign.stop()
    shutil.rmtree(data)
    shutil.copytree(image, data)
    campaign.start()
    assert _discount(campaign) == 0


def test_another_life_or_a_clone_takes_nothing(campaign: Rig) -> None:
    _hear(campaign, _counter("welcome", 2))
    campaign.stop()
    campaign.start("another machine")
    assert _discount(campaign) == 0


def test_a_members_limit_counts_the_part_of_that_member(tmp_path: Path) -> None:
    rig = _rig(tmp_path, DAILY)
    try:
        _hear(rig, _counter("daily", 1, kind="member_limit", member_id=101))
        assert [_discount(rig, CARD) for _ in range(2)] == [1_000, 0]
        assert _discount(rig, OTHER_CARD) == 1_000
    finally:
        rig.stop()


def test_a_one_time_coupon_is_a_lease_of_one(tmp_path: Path) -> None:
    rig = _rig(tmp_path, COUPON)
    try:
        held = {"member_id": 101, "name": "Олена К.", "balance_points": 20_000}
        body = {**held, "coupons": [{"code": "SPRING"}, {"code": "SPRING"}]}
        _hear(rig, FeedRow(kind="member", key="101", version=2, body=body))
        _hear(rig, _counter("SPRING", 1, kind="coupon", member_id=101))
        assert [_discount(rig, CARD) for _ in range(2)] == [3_000, 0]
        assert [len(uses) for uses in _uses(rig)] == [1, 0]
    finally:
        rig.stop()


def test_a_gift_card_pays_no_more_than_is_held_here(campaign: Rig) -> None:
    _hear(campaign, _counter("GC1", 5_000, kind="gift_card", unit="minor"))

    def pay(minor: int) -> Any:
        body = {"basket": {"lines": [line(1, "bread", 10_000)]}}
        view = answer(campaign.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))
        rest = view["payable_minor"] - minor
        card = {"kind": "gift_card", "amount_minor": minor, "reference": "GC1"}
        tenders = [card, {"kind": "card", "amount_minor": rest}]
        path = f"/v1/sales/{view['sale_id']}/confirm"
        return campaign.http.post(path, json={**payment(view), "tenders": tenders})

    assert pay(3_000).status_code == 200
    refused = pay(3_000)
    assert (refused.status_code, refused.json()["code"]) == (409, "gift_card_short")
    assert pay(2_000).status_code == 200
