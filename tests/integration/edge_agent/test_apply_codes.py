"""Coupons, limits and gift cards where the policy wants a right for each use; no link."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import Conflict
from edge_agent.till import Till
from sync.contract.feed import FeedRow
from tests.support.rig import CARD, RULES, Rig, answer, line, payment, sell

PRINTED = "9900000000013"
OLD = "9900000000020"
PROMOTIONS = [
    {
        "promotion_id": "printed",
        "name": {"uk": "Купон −30 %", "en": "Coupon −30 %"},
        "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 3000},
        "conditions": [{"kind": "code_entered", "codes": [PRINTED, "SUMMER"]}],
    },
    {
        "promotion_id": "spring",
        "name": {"uk": "Весна −20 %", "en": "Spring −20 %"},
        "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 2000},
        "conditions": [{"kind": "coupon_held", "coupons": ["SPRING"]}],
    },
    {
        "promotion_id": "thrice",
        "name": {"uk": "Тричі −10 %", "en": "Three times −10 %"},
        "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 1000},
        "conditions": [{"kind": "member_known"}],
        "caps": {"per_member": 3},
    },
]
FLAGS = {"coupons_by_right": True, "limits_by_right": True, "gift_cards_by_right": True}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, {**RULES, "promotions": PROMOTIONS})
    made.start()
    yield made
    made.stop()


def till_of(rig: Rig) -> Till:
    assert rig.agent is not None
    return rig.agent.till


def hear(rig: Rig, *rows: FeedRow) -> None:
    assert rig.agent is not None
    rig.agent.health._cache.apply_rows(rows)


def by_right(rig: Rig, **flags: bool) -> None:
    body = {**FLAGS, **flags}
    hear(rig, FeedRow(kind="offline_policy", key="active", version=1, body=body))


def lend(rig: Rig, kind: str, key: str, units: int, member: int = 0, version: int = 1) -> None:
    counter_id = f"R1.1.{member}.{kind}:{key}:"
    body = {
        "counter_id": counter_id,
        "kind": kind,
        "key": key,
        "unit": "minor" if kind == "gift_card" else "use",
        "member_id": member or None,
        "register_id": "R1",
        "epoch": 1,
        "granted_units": units,
        "state": "open",
    }
    hear(rig, FeedRow(kind="counter_lease", key=counter_id, version=version, body=body))


def opened(rig: Rig) -> dict[str, Any]:
    body = {"basket": {"lines": [line(1, "bread", 10_000)]}}
    return answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def confirm(rig: Rig, view: dict[str, Any]) -> Any:
    return rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))


def shown(rig: Rig, view: dict[str, Any]) -> dict[str, Any]:
    return answer(rig.http.get(f"/v1/sales/{view['sale_id']}/status"))


def uses(rig: Rig) -> list[list[dict[str, Any]]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        rows = connection.execute("SELECT body FROM outbox WHERE kind = 'sale' ORDER BY seq")
        return [json.loads(row[0])["counter_uses"] for row in rows]


def test_a_printed_coupon_acts_once_per_use_that_was_lent(rig: Rig) -> None:
    by_right(rig)
    lend(rig, "coupon", PRINTED, 1)
    first, second = opened(rig), opened(rig)
    for view in (first, second):
        assert till_of(rig).apply_coupon(view["sale_id"], PRINTED).discount_minor == 3_000
    assert confirm(rig, shown(rig, first)).status_code == 200
    refused = confirm(rig, shown(rig, second))
    assert (refused.status_code, refused.json()["code"]) == (409, "sum_changed")
    assert confirm(rig, shown(rig, second)).json()["discount_minor"] == 0
    with pytest.raises(Conflict, match="no use"):
        till_of(rig).apply_coupon(opened(rig)["sale_id"], PRINTED)
    assert uses(rig) == [[{"counter_id": f"R1.1.0.coupon:{PRINTED}:", "units": 1}], []]


def test_a_code_for_everybody_needs_no_right_and_an_unknown_one_is_refused(rig: Rig) -> None:
    by_right(rig)
    view = opened(rig)
    assert till_of(rig).apply_coupon(view["sale_id"], "summer").discount_minor == 3_000
    with pytest.raises(Conflict) as unknown:
        till_of(rig).apply_coupon(view["sale_id"], OLD)
    assert unknown.value.code == "coupon_unsupported"
    assert confirm(rig, shown(rig, view)).status_code == 200
    assert uses(rig) == [[]]


def test_a_coupon_that_was_never_lent_acts_only_where_no_right_is_wanted(rig: Rig) -> None:
    by_right(rig)
    view = opened(rig)
    with pytest.raises(Conflict) as used:
        till_of(rig).apply_coupon(view["sale_id"], PRINTED)
    assert used.value.code == "coupon_used"
    by_right_off = dict.fromkeys(FLAGS, False)
    hear(rig, FeedRow(kind="offline_policy", key="active", version=2, body=by_right_off))
    assert till_of(rig).apply_coupon(view["sale_id"], PRINTED).discount_minor == 3_000


def test_a_held_coupon_acts_as_often_as_it_was_lent(rig: Rig) -> None:
    by_right(rig, limits_by_right=False)
    held = {"member_id": 101, "name": "Олена К.", "balance_points": 20_000}
    body = {**held, "coupons": [{"code": "SPRING"}, {"code": "SPRING"}]}
    hear(rig, FeedRow(kind="member", key="101", version=2, body=body))

    def discount() -> int:
        return int(sell(rig.http, [line(1, "bread", 10_000)], card=CARD)["discount_minor"])

    without = discount()
    lend(rig, "coupon", "SPRING", 1, member=101)
    assert [discount() > without, discount() > without] == [True, False]
    lend(rig, "coupon", "SPRING", 2, member=101, version=2)
    assert discount() > without


def test_a_limit_of_which_nothing_was_lent_leaves_nothing(rig: Rig) -> None:
    by_right(rig)

    def discount() -> int:
        return int(sell(rig.http, [line(1, "bread", 10_000)], card=CARD)["discount_minor"])

    assert discount() == 0
    lend(rig, "member_limit", "thrice", 2, member=101)
    assert [discount() for _ in range(3)] == [1_000, 1_000, 0]


def test_a_gift_card_pays_what_lies_here(rig: Rig) -> None:
    by_right(rig)

    def pay(reference: str, minor: int) -> Any:
        view = opened(rig)
        rest = view["payable_minor"] - minor
        card = {"kind": "gift_card", "amount_minor": minor, "reference": reference}
        tenders = [card, {"kind": "card", "amount_minor": rest}]
        path = f"/v1/sales/{view['sale_id']}/confirm"
        return rig.http.post(path, json={**payment(view), "tenders": tenders})

    card = till_of(rig).gift_card("GC1", 1_000)
    assert (card.left_minor, card.is_counted) == (0, True)
    assert pay("GC1", 1_000).json()["code"] == "gift_card_short", "nothing was lent"
    lend(rig, "gift_card", "GC1", 5_000)
    assert till_of(rig).gift_card("GC1", 1_000).left_minor == 5_000
    assert pay("GC1", 4_000).status_code == 200
    assert till_of(rig).gift_card("GC1", 1_000).left_minor == 1_000
    assert pay("GC1", 2_000).json()["code"] == "gift_card_short"
    assert pay("GC1", 1_000).status_code == 200
