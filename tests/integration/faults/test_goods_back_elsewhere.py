"""Goods of one register's sale come back at another: told by the centre, or without it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import known_shopper
from tests.support.rig import answer, line, sell

MakeRegister = Callable[..., LiveRegister]
GOODS = [line(1, "bread", 3_333, 3), line(2, "tea", 999, 2)]


def wanted(lines: dict[str, int]) -> dict[str, Any]:
    return {"lines": [{"line_id": key, "qty_milli": qty} for key, qty in lines.items()]}


def give_back(till: LiveRegister, sale_id: str, lines: dict[str, int], **more: Any) -> Any:
    body = {"return_id": str(uuid.uuid4()), **wanted(lines), **more}
    path = "returns/foreign" if more else "returns"
    return till.http.post(f"/v1/sales/{sale_id}/{path}", json=body)


def found_at(till: LiveRegister, **question: Any) -> list[dict[str, Any]]:
    return list(answer(till.http.post("/v1/receipts/search", json=question))["receipts"])


def left(receipt: dict[str, Any]) -> list[int]:
    return [each["left_milli"] for each in receipt["lines"]]


def test_parts_come_back_at_two_registers_and_end_at_the_sale(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    seller, other = register(), register()
    shopper = known_shopper(seller, centre)
    seller.until_drained()
    before = sum(centre.accounts(shopper.member_id).values())
    sale = sell(seller.http, GOODS, card=shopper.card, redeem=True)
    sale_id = sale["sale_id"]
    seller.until_drained()
    qr = {"receipt": f"LES:{sale_id}"}
    (receipt,) = until("the sale at the centre", lambda: found_at(other, **qr))
    assert receipt["is_foreign"]
    assert receipt["register_id"] == seller.identity.register_id
    by_member = found_at(other, identity={"code": shopper.card, "source": "scanner"})
    assert sale_id in [each["sale_id"] for each in by_member]

    asked = wanted({"1": 1_000})
    preview = answer(other.http.post(f"/v1/sales/{sale_id}/returns/preview", json=asked))
    first = answer(give_back(other, sale_id, {"1": 1_000}))
    shown = ("refund_minor", "restored_points", "reversed_points", "lines", "tenders")
    assert {name: first[name] for name in shown} == {name: preview[name] for name in shown}
    assert first["restored_points"] > 0
    other.until_drained()
    until("the part at the centre", lambda: left(found_at(seller, **qr)[0]) == [2_000, 2_000])
    over = give_back(seller, sale_id, {"1": 3_000})
    assert (over.status_code, over.json()["code"]) == (422, "over_returned")

    flaky.misbehave("refuse")
    gone = give_back(other, sale_id, {"2": 1_000})
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_sale")
    parked = {"refund_minor": 999, "tenders": [{"kind": "cash", "amount_minor": 999}]}
    waiting = answer(give_back(other, sale_id, {"2": 1_000}, **parked))
    assert (waiting["is_complete"], waiting["reversed_points"]) == (False, 0)
    flaky.behave()
    other.until_online()
    other.until_drained()
    until("the goods at the centre", lambda: left(found_at(seller, **qr)[0]) == [2_000, 1_000])

    rest = answer(give_back(seller, sale_id, {"1": 2_000, "2": 1_000}))
    assert rest["is_complete"]
    seller.until_drained()
    until("the balance before", lambda: sum(centre.accounts(shopper.member_id).values()) == before)
    assert centre.audit()["ok"]
    assert (seller.faults(), other.faults()) == ([], [])
    assert found_at(other, **qr)[0]["state"] == "returned"


def test_a_sale_forgotten_for_twelve_hours_gives_its_hold_back(
    register: MakeRegister, centre: RealCentre
) -> None:
    till = register()
    shopper = centre.shopper()
    sale_id = str(uuid.uuid4())
    body = {
        "basket": {"lines": [line(1, "bread", 10_000)]},
        "identity": {"code": shopper.card, "source": "scanner"},
    }
    answer(till.http.post(f"/v1/sales/{sale_id}/open", json=body))
    view = answer(till.http.post(f"/v1/sales/{sale_id}/redeem", json={"points": None}))
    assert (view["redeem"]["layer"], view["redeem"]["redeemed_points"]) == ("online", 5_000)
    assert "open" in centre.holds(shopper.member_id).values()
    till.age(sale_id, timedelta(hours=11, minutes=59))
    assert till.sale(sale_id)["state"] == "open"
    till.age(sale_id, timedelta(hours=12, minutes=1))
    assert till.sale(sale_id)["state"] == "cancelled"
    assert till.sale(sale_id)["result"] == {"closed_by": "abandoned"}
    (listed,) = till.http.get("/v1/sales", params={"state": "abandoned"}).json()
    assert listed["sale_id"] == sale_id
    assert till.http.get("/v1/state").json()["notice"]["code"] == "abandoned"
    until("no hold", lambda: "open" not in centre.holds(shopper.member_id).values())
    assert sum(centre.accounts(shopper.member_id).values()) == shopper.points
    assert "held" not in centre.accounts(shopper.member_id)
