"""Parts of a sale come back over the API: money by its means, points by their shares."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_agent.ledger.verify import quick_check
from sync.contract.messages import WireSaleReturn
from tests.support.rig import CARD, RULES, Rig, answer, line, sell

LINES = [
    line(1, "bread", 3_333, 3),
    {
        **line(2, "milk", 4_590, groups=["dairy"]),
        "qty_milli": 345,
        "unit": "кг",
        "sum_minor": 1_584,
    },
    line(3, "tea", 999, 2),
]
PARTS = ({"1": 1000}, {"2": 100, "3": 1000}, {"1": 2000, "2": 245, "3": 1000})


def give_back(http: httpx.Client, sale_id: str, lines: dict[str, int] | None) -> httpx.Response:
    body: dict[str, Any] = {"return_id": str(uuid.uuid4())}
    if lines is not None:
        body["lines"] = [{"line_id": key, "qty_milli": qty} for key, qty in lines.items()]
    return http.post(f"/v1/sales/{sale_id}/returns", json=body)


def pay(http: httpx.Client, view: dict[str, Any], tenders: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"quote_id": view["quote_id"], "basket_hash": view["basket_hash"], "tenders": tenders}
    return answer(http.post(f"/v1/sales/{view['sale_id']}/confirm", json=body))


def open_sale(http: httpx.Client, lines: list[dict[str, Any]], card: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {"basket": {"lines": lines}}
    if card:
        body["identity"] = {"code": card, "source": "scanner"}
    return answer(http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def sums(returns: list[dict[str, Any]]) -> dict[str, int]:
    names = ("refund_minor", "restored_points", "reversed_points", "rounding_minor")
    return {name: sum(each[name] for each in returns) for name in names}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_three_parts_in_any_order_end_at_the_sales_own_figures(rig: Rig, order) -> None:
    sale = sell(rig.http, LINES, card=CARD, redeem=True)
    assert sale["redeemed_minor"] > 0
    before = sale["member"]["balance_points"]
    parts = [answer(give_back(rig.http, sale["sale_id"], PARTS[index])) for index in order]
    assert sums(parts) == {
        "refund_minor": sale["payable_minor"],
        "restored_points": sale["result"]["redeemed_points"],
        "reversed_points": sale["accrual_points"],
        "rounding_minor": 0,
    }
    assert [part["is_complete"] for part in parts] == [False, False, True]
    after = answer(rig.http.get(f"/v1/sales/{sale['sale_id']}/status"))
    assert after["state"] == "returned"
    assert after["member"]["balance_points"] == (
        before + sale["result"]["redeemed_points"] - sale["accrual_points"]
    )
    again = give_back(rig.http, sale["sale_id"], None)
    assert (again.status_code, again.json()["code"]) == (409, "already_returned")
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_several_means_of_payment_go_back_by_their_parts_and_cash_in_coins(rig: Rig) -> None:
    view = open_sale(rig.http, [line(1, "bread", 3_341, 3)])
    tenders = [
        {"kind": "gift_card", "amount_minor": 2_000, "reference": "GC-1", "balance_minor": 9_000},
        {"kind": "card", "amount_minor": 3_000},
        {"kind": "cash", "amount_minor": 10_000},
    ]
    sale = pay(rig.http, view, tenders)
    assert (sale["result"]["rounding_minor"], sale["result"]["change_minor"]) == (-23, 5_000)
    assert sale["result"]["gift_cards"] == [
        {"reference": "GC-1", "used_minor": 2_000, "left_minor": 7_000, "forfeited_minor": 0}
    ]
    parts = [answer(give_back(rig.http, sale["sale_id"], {"1": 1000})) for _ in range(3)]
    back: dict[str, int] = {}
    for part in parts:
        for tender in part["tenders"]:
            back[tender["kind"]] = back.get(tender["kind"], 0) + tender["amount_minor"]
            if tender["kind"] == "cash":
                assert tender["amount_minor"] % 50 == 0
            if tender["kind"] == "gift_card":
                assert tender["reference"] == "GC-1"
    assert back == {"gift_card": 2_000, "card": 3_000, "cash": 5_000}


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        ({"1": 3001}, 422, "over_returned"),
        ({"9": 1000}, 422, "unknown_line"),
        ({"1": 0}, 422, "bad_request"),
        ({"1": -1000}, 422, "bad_request"),
        ({"1": 10**12}, 422, "bad_request"),
        ({}, 422, "bad_request"),
    ],
)
def test_what_was_not_sold_does_not_come_back(rig: Rig, lines, status, code) -> None:
    sale = sell(rig.http, LINES)
    refused = give_back(rig.http, sale["sale_id"], lines)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["cashier_message"]["uk"]
    whole = answer(give_back(rig.http, sale["sale_id"], None))
    assert whole["refund_minor"] == sale["payable_minor"]


def test_the_same_return_asked_twice_is_one(rig: Rig) -> None:
    sale = sell(rig.http, LINES)
    body = {"return_id": str(uuid.uuid4()), "lines": [{"line_id": "1", "qty_milli": 1000}]}
    path = f"/v1/sales/{sale['sale_id']}/returns"
    first = answer(rig.http.post(path, json=body))
    assert answer(rig.http.post(path, json=body)) == first
    rest = answer(give_back(rig.http, sale["sale_id"], None))
    assert first["refund_minor"] + rest["refund_minor"] == sale["payable_minor"]
    for fact in facts(rig, "sale_return"):
        body = WireSaleReturn.model_validate(fact).model_dump(mode="json")
        assert body == fact, "the fact is exactly the wire form"
    assert [fact["version"] for fact in facts(rig, "sale_return")] == [2, 2]


def test_a_whole_return_is_the_fact_that_older_centres_know(rig: Rig) -> None:
    sale = sell(rig.http, LINES, card=CARD, redeem=True)
    answer(give_back(rig.http, sale["sale_id"], {"1": 3000, "2": 345, "3": 2000}))
    (fact,) = facts(rig, "sale_return")
    assert (fact["version"], fact["is_complete"]) == (1, True)


def facts(rig: Rig, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        query = "SELECT body FROM outbox WHERE kind = ? ORDER BY seq"
        return [json.loads(row[0]) for row in connection.execute(query, (kind,))]


# --- points that are spent --------------------------------------------------------------------


@pytest.fixture
def policy_rig(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A register whose programme pays 10 bonuses of 100 back and treats spent ones as asked."""
    programme = {**RULES["programme"], "spent_points": request.param}
    welcome = {
        "promotion_id": "back",
        "name": {"uk": "Повертаємо"},
        "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 10_000},
        "conditions": [{"kind": "member_known"}],
    }
    register = Rig(tmp_path, {"programme": programme, "promotions": [welcome]})
    register.start()
    try:
        yield register
    finally:
        register.stop()


@pytest.mark.parametrize(
    ("policy_rig", "reversed_points", "withheld", "written_off"),
    [("negative", 30_000, 0, 0), ("withhold", 20_000, 10_000, 0), ("write_off", 20_000, 0, 10_000)],
    indirect=["policy_rig"],
)
def test_earned_points_that_are_spent(policy_rig, reversed_points, withheld, written_off) -> None:
    """The cached balance of 200 bonuses does not cover the 300 that the sale earned."""
    sale = sell(policy_rig.http, [line(1, "bread", 30_000)], card=CARD)
    back = answer(give_back(policy_rig.http, sale["sale_id"], None))
    assert back["reversed_points"] == reversed_points
    assert (back["withheld_points"], back["withheld_minor"]) == (withheld, withheld)
    assert back["written_off_points"] == written_off
    assert back["refund_minor"] == 30_000 - withheld
