"""Marked goods over HTTP: not sold without a stamp per piece, and the stamps reach the fact."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from typing import Any

import pytest

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from tests.support.rig import Rig, answer, line, payment

VODKA = "4820000000093"


@pytest.fixture
def rig(tmp_path: Any) -> Any:
    """A running register whose goods list has one marked good."""
    register = Rig(tmp_path)
    body = {
        "sku": "vodka",
        "name": "Горілка 0,5 л",
        "unit_price_minor": 20_000,
        "barcodes": [VODKA],
        "goods_class": "alcohol",
        "uktzed": "2208601100",
        "tax_group": "Д",
        "needs_stamp": True,
    }
    cache = Cache(tmp_path / "data" / "cache.db")
    cache.apply_rows([FeedRow(kind="good", key="vodka", version=1, body=body)])
    cache.close()
    register.start()
    yield register
    register.stop()


def facts(rig: Rig) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as db:
        rows = db.execute("SELECT body FROM outbox WHERE kind = 'sale' ORDER BY seq").fetchall()
    return [json.loads(row[0]) for row in rows]


def test_a_pos_sale_of_marked_goods_waits_for_its_stamps(rig: Rig) -> None:
    """The POS does not know the flag: the goods list does."""
    sale = f"/v1/sales/{uuid.uuid4()}"
    lines = [line(1, "vodka", 20_000, 2, tax_group="Д", uktzed="2208601100"), line(2, "milk", 100)]
    view = answer(rig.http.post(f"{sale}/open", json={"basket": {"lines": lines}}))
    assert [each["stamps_lacking"] for each in view["lines"]] == [2, 0]
    assert view["lines"][0]["uktzed"] == "2208601100"
    lines[0]["excise_stamps"] = ["АБВГ123456"]
    view = answer(rig.http.put(f"{sale}/basket", json={"lines": lines}))
    refused = rig.http.post(f"{sale}/confirm", json=payment(view))
    assert (refused.status_code, refused.json()["code"]) == (409, "stamp_missing")
    said = refused.json()["cashier_message"]
    assert "vodka" in said["uk"]
    assert said["uk"].endswith("ще 1")
    assert said["en"].startswith("Scan the excise stamp")
    assert said["pl"].startswith("Zeskanuj znak akcyzy")
    lines[0]["excise_stamps"] = ["АБВГ123456", "АБВГ123456"]
    twice = rig.http.put(f"{sale}/basket", json={"lines": lines})
    assert (twice.status_code, twice.json()["code"]) == (422, "stamp_twice")
    lines[0]["excise_stamps"] = ["АБВГ123456", "АБВГ123457"]
    view = answer(rig.http.put(f"{sale}/basket", json={"lines": lines}))
    answer(rig.http.post(f"{sale}/confirm", json=payment(view)))
    (fact,) = facts(rig)
    sold = fact["lines"][0]
    assert sold["excise_stamps"] == ["АБВГ123456", "АБВГ123457"]
    assert (sold["tax_group"], sold["uktzed"]) == ("Д", "2208601100")
    assert "needs_stamp" not in sold, "facts have the fields they always had"


def test_a_pos_may_say_itself_that_goods_are_marked(rig: Rig) -> None:
    sale = f"/v1/sales/{uuid.uuid4()}"
    lines = [line(1, "wine", 15_000, needs_stamp=True)]
    view = answer(rig.http.post(f"{sale}/open", json={"basket": {"lines": lines}}))
    assert view["ignored"] == []
    refused = rig.http.post(f"{sale}/confirm", json=payment(view))
    assert refused.json()["code"] == "stamp_missing"


def test_the_screen_s_scan_goes_to_the_bottle_that_lacks_its_stamp(rig: Rig) -> None:
    http = rig.http

    def scan(code: str, symbology: str = "") -> dict[str, Any]:
        body = {"code": code, "source": "scanner", "symbology": symbology}
        return answer(http.post("/v1/scan", json=body))

    scan(VODKA)
    view = answer(http.post("/v1/panel/goods", json={"code": VODKA}))
    assert view["lines"][0]["stamps_lacking"] == 2
    assert scan("00012345678901234567", "]d1") == {
        "kind": "stamp",
        "masked": "stamp:****",
        "reason": "",
        "ignored": [],
    }
    assert scan("00012345678901234567", "]d1")["kind"] == "stamp"
    state = answer(http.get("/v1/state"))
    assert state["notice"]["code"] == "stamp_twice"
    assert state["sale"]["lines"][0]["stamps_lacking"] == 1
    typed = http.post("/v1/panel/stamps", json={"stamp": "АБВГ 123456", "line_id": "2"})
    assert (typed.status_code, typed.json()["code"]) == (409, "stamp_not_needed")
    view = answer(http.post("/v1/panel/stamps", json={"stamp": "АБВГ 123456"}))
    assert view["lines"][0]["excise_stamps"] == ["00012345678901234567", "АБВГ123456"]
    less = answer(http.patch("/v1/panel/lines/1", json={"qty_milli": 1000}))
    assert less["lines"][0]["stamps_lacking"] == 1, "which bottle went back nobody knows"
    assert scan("АБВГ 123456")["kind"] == "stamp"
    view = answer(http.get(f"/v1/sales/{view['sale_id']}/status"))
    answer(http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))
    assert scan("АБВГ 123456")["kind"] == "unknown", "nothing lacks a stamp any more"
