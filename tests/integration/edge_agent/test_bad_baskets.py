"""Baskets that no till can sell are refused with a code over HTTP, and leave nothing behind."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.rig import Rig, answer, line, payment


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One register for all of them: what is refused leaves nothing."""
    register = Rig(tmp_path_factory.mktemp("refusing"))
    register.start()
    try:
        yield register
    finally:
        register.stop()


GOOD = line(1, "bread", 10_000)
OFF = {**GOOD, "line_id": "off", "price_kind": "manual_discount"}


def refused(rig: Rig, raw: bytes | str) -> tuple[int, str]:
    """Send a body as it is; the sale opens neither by it nor by putting it into an open one."""
    data = raw if isinstance(raw, bytes) else raw.encode()
    headers = {"Content-Type": "application/json"}
    sale_id = str(uuid.uuid4())
    answer(rig.http.post(f"/v1/sales/{sale_id}/open", json={"basket": {"lines": [GOOD]}}))
    reply = rig.http.put(f"/v1/sales/{sale_id}/basket", content=data, headers=headers)
    body = reply.json()
    assert reply.headers["content-type"] == "application/problem+json"
    assert body["code"]
    assert "Traceback" not in reply.text
    assert 400 <= reply.status_code < 500, reply.text[:300]
    kept = answer(rig.http.get(f"/v1/sales/{sale_id}/status"))
    assert kept["payable_minor"] == 10_000, "the basket before stands as it was"
    fresh = str(uuid.uuid4())
    opening = b'{"basket": ' + data + b"}"
    again = rig.http.post(f"/v1/sales/{fresh}/open", content=opening, headers=headers)
    if data != b"null":
        assert 400 <= again.status_code < 500
        assert again.json()["code"]
        assert rig.http.get(f"/v1/sales/{fresh}/status").status_code == 404
    return reply.status_code, str(body["code"])


def basket(*lines: dict[str, Any]) -> str:
    return json.dumps({"lines": list(lines)})


def raw_line(field: str, value: str) -> str:
    """A good line with one field as raw JSON text."""
    text = json.dumps({**GOOD, field: "@"})
    return '{"lines": [' + text.replace('"@"', value) + "]}"


NUMBERS = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "10000.0", "10000.5", "1e4"),
    *('"10000"', '"NaN"', "true", "null", "[]", "{}", "9" * 400, "-0.0"),
]


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("field", ["qty_milli", "sum_minor"])
def test_only_whole_numbers_are_numbers(rig: Rig, field: str, value: str) -> None:
    assert refused(rig, raw_line(field, value)) == (422, "bad_request")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"qty_milli": 0}, "bad_request"),
        ({"qty_milli": -1_000}, "bad_request"),
        ({"qty_milli": 10**12}, "bad_request"),
        ({"qty_milli": 10**15}, "bad_request"),
        ({"unit_price_minor": 10**12}, "bad_request"),
        ({"sum_minor": 10**12}, "bad_request"),
        ({"sum_minor": -1}, "negative_price"),
        ({"unit_price_minor": -1}, "negative_price"),
        ({"min_price_minor": -1}, "bad_request"),
        ({"price_kind": "free"}, "bad_request"),
        ({"goods_class": "weapon"}, "bad_request"),
        ({"line_id": ""}, "bad_request"),
        ({"sku": ""}, "bad_request"),
        ({"sku": "x" * 65}, "bad_request"),
        ({"name": "ы" * 201}, "bad_request"),
        ({"name": "x" * 900_000}, "bad_request"),
        ({"name": None}, "bad_request"),
        ({"brand": "x" * 65}, "bad_request"),
        ({"groups": ["g"] * 33}, "bad_request"),
        ({"groups": ["g" * 41]}, "bad_request"),
        ({"tags": "sale"}, "bad_request"),
        ({"excise_stamps": ["s"] * 51}, "bad_request"),
    ],
)
def test_every_field_of_a_line_has_bounds(rig: Rig, change: dict[str, Any], code: str) -> None:
    assert refused(rig, basket({**GOOD, **change})) == (422, code)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([GOOD, GOOD], "duplicate_line"),
        ([GOOD, {**OFF, "unit_price_minor": -10_001, "sum_minor": -10_001}], "negative_total"),
        ([{**OFF, "unit_price_minor": -1, "sum_minor": -1}], "negative_total"),
        ([GOOD, {**OFF, "unit_price_minor": 500, "sum_minor": 500}], "positive_discount"),
        ([line(n, "gold", 10**9, 100) for n in range(2)], "total_too_large"),
        ([line(n, "x", 1) for n in range(1_001)], "bad_request"),
    ],
)
def test_a_basket_that_does_not_add_up(rig: Rig, lines: list[dict[str, Any]], code: str) -> None:
    assert refused(rig, basket(*lines)) == (422, code)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"lines": {}}',
        b'{"lines": [[]]}',
        b'{"lines": null}',
        b"\xff\xfe",
        b'{"lines":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
        raw_line("name", '"\\ud800"').encode(),
    ],
)
def test_what_is_no_basket_at_all(rig: Rig, raw: bytes) -> None:
    assert refused(rig, raw)[0] in (400, 422)


def test_ten_thousand_lines_are_refused(rig: Rig) -> None:
    lines = [line(number, "x", 1) for number in range(10_000)]
    assert refused(rig, basket(*lines))[1] in ("bad_request", "too_large")
    wide = [{**each, "name": "x" * 100} for each in lines]
    assert refused(rig, basket(*wide)) == (413, "too_large")


def test_an_unknown_good_of_the_pos_sells_at_its_price_and_of_the_panel_is_not_found(
    rig: Rig,
) -> None:
    sale_id = str(uuid.uuid4())
    body = {"basket": {"lines": [line(1, "nobody-knows-this", 4_321)]}}
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=body))
    assert (view["payable_minor"], view["discount_minor"]) == (4_321, 0)
    answer(rig.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(view)))
    missing = rig.http.post("/v1/panel/goods", json={"code": "nobody-knows-this"})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_good")


def test_a_quantity_on_the_panel_has_the_same_bounds(rig: Rig) -> None:
    for open_sale in iter(lambda: rig.http.get("/v1/state").json()["sale"], None):
        if open_sale["state"] != "open":
            break
        answer(rig.http.post(f"/v1/sales/{open_sale['sale_id']}/cancel", json={}))
    view = answer(rig.http.post("/v1/panel/goods", json={"code": "milk"}))
    for qty in (-1, 10**12, 1.5, "2", True):
        reply = rig.http.patch("/v1/panel/lines/1", json={"qty_milli": qty})
        assert (reply.status_code, reply.json()["code"]) == (422, "bad_request")
    assert answer(rig.http.get(f"/v1/sales/{view['sale_id']}/status"))["payable_minor"] == 4_131


def test_a_sale_too_large_for_its_fact_is_refused_before_it_is_promised(rig: Rig) -> None:
    """A fact over the contract's bound would stop the register's queue for ever."""

    def stamps(number: int) -> list[str]:
        return [f"{number:04}{place:02}".ljust(40, "s") for place in range(20)]

    lines = [line(n, "vodka", 100, name="Ї" * 100, excise_stamps=stamps(n)) for n in range(1, 651)]
    sale_id = str(uuid.uuid4())
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/open", json={"basket": {"lines": lines}}))
    reply = rig.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(view))
    assert (reply.status_code, reply.json()["code"]) == (409, "sale_too_large")
    assert "розділіть" in reply.json()["cashier_message"]["uk"]
    body = {"lines": lines[:300]}
    smaller = answer(rig.http.put(f"/v1/sales/{sale_id}/basket", json=body))
    answer(rig.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(smaller)))


@pytest.mark.parametrize(
    "tenders",
    [
        [{"kind": "cash", "amount_minor": -1}],
        [{"kind": "cash", "amount_minor": 10**12}],
        [{"kind": "cash", "amount_minor": 1.5}],
        [{"kind": "cash", "amount_minor": "10000"}],
        [{"kind": "gold", "amount_minor": 10_000}],
        [{"kind": "cash", "amount_minor": 1_000}] * 11,
        [{"kind": "gift_card", "amount_minor": 10_000, "balance_minor": -1}],
        [{"kind": "gift_card", "amount_minor": 10_000, "reference": "x" * 41}],
    ],
)
def test_tenders_have_bounds(rig: Rig, tenders: list[dict[str, Any]]) -> None:
    sale_id = str(uuid.uuid4())
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/open", json={"basket": {"lines": [GOOD]}}))
    reply = rig.http.post(
        f"/v1/sales/{sale_id}/confirm", json={**payment(view), "tenders": tenders}
    )
    assert (reply.status_code, reply.json()["code"]) == (422, "bad_request")
