"""Who may talk to the local API, and what bad input gets: a clear refusal, and no state."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.support.rig import TOKEN, Rig, answer, line, payment


def _raw(rig: Rig, headers: dict[str, str], content: bytes = b"{}") -> httpx.Response:
    url = f"{rig.url}/v1/sales/{uuid.uuid4()}/open"
    return httpx.post(url, headers=headers, content=content, timeout=10)


GOOD = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({**GOOD, "Host": "evil.example"}, 403, "bad_host"),
        ({**GOOD, "Host": "evil.example:9777"}, 403, "bad_host"),
        ({**GOOD, "Origin": "https://evil.example"}, 403, "bad_origin"),
        ({**GOOD, "Origin": "null"}, 403, "bad_origin"),
        ({"Content-Type": "application/json"}, 401, "bad_token"),
        ({**GOOD, "Authorization": "Bearer wrong"}, 401, "bad_token"),
        ({**GOOD, "Content-Type": "text/plain"}, 403, "not_json"),
    ],
)
def test_strangers_are_refused(rig: Rig, headers: dict[str, str], status: int, code: str) -> None:
    refused = _raw(rig, headers)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/problem+json"
    assert "access-control-allow-origin" not in refused.headers


def test_the_right_caller_is_served(rig: Rig) -> None:
    assert _raw(rig, GOOD).status_code == 200


def test_an_oversized_body_is_refused(rig: Rig) -> None:
    refused = _raw(rig, GOOD, b'{"x":"' + b"a" * 1_100_000 + b'"}')
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sum_minor": -1}, "negative_price"),
        ({"unit_price_minor": -100, "sum_minor": -100}, "negative_price"),
        ({"qty_milli": -1000}, "bad_request"),
        ({"qty_milli": 0}, "bad_request"),
        ({"qty_milli": 10**12}, "bad_request"),
        ({"qty_milli": 1.5}, "bad_request"),
        ({"sum_minor": 10**15}, "bad_request"),
        ({"sum_minor": "100"}, "bad_request"),
        ({"goods_class": "weapon"}, "bad_request"),
    ],
)
def test_absurd_lines_are_refused_with_their_field(
    rig: Rig, change: dict[str, Any], code: str
) -> None:
    body = {"basket": {"lines": [line(1, "bread", 2_750) | change]}}
    refused = rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["code"] == code
    assert refused.json()["cashier_message"]["uk"]


def test_not_a_number_is_not_json(rig: Rig) -> None:
    body = json.dumps({"basket": {"lines": [line(1, "bread", 1) | {"sum_minor": float("nan")}]}})
    refused = _raw(rig, GOOD, body.encode())
    assert refused.status_code == 422


def test_a_manual_discount_cannot_exceed_the_goods(rig: Rig) -> None:
    lines = [
        line(1, "bread", 2_750),
        line(2, "discount", -3_000, price_kind="manual_discount"),
    ]
    refused = rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json={"basket": {"lines": lines}})
    assert (refused.status_code, refused.json()["code"]) == (422, "negative_total")


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(rig: Rig) -> None:
    sale_id, key = str(uuid.uuid4()), {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/v1/sales/{sale_id}/open"
    first = rig.http.post(path, json={"cashier_id": "Оля"}, headers=key)
    for _ in range(3):
        again = rig.http.post(path, json={"cashier_id": "Оля"}, headers=key)
        assert again.content == first.content
    other = rig.http.post(path, json={"cashier_id": "Іра"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_unknown_fields_are_named_back(rig: Rig) -> None:
    body = {"cashier_id": "1", "loyalty_level": 9}
    view = answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))
    assert view["ignored"] == ["loyalty_level"]


@pytest.mark.parametrize(
    "code", ["", "0420000000014", "LC1:AAAAAAAAAAA", "x" * 512, "4111111111111111", "\x00\x1d"]
)
def test_an_unknown_code_never_stops_the_sale(rig: Rig, code: str) -> None:
    body = {
        "identity": {"code": code, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 2_750)]},
    }
    view = answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))
    assert view["member"] is None
    assert view["payable_minor"] == 2_750


@pytest.mark.parametrize("spelling", ["067 123-45-67", "+380671234567", "80671234567"])
def test_a_phone_alone_earns_and_does_not_redeem(rig: Rig, spelling: str) -> None:
    path = f"/v1/sales/{uuid.uuid4()}"
    body = {
        "identity": {"code": spelling, "source": "keyboard"},
        "basket": {"lines": [line(1, "bread", 10_000)]},
    }
    view = answer(rig.http.post(f"{path}/open", json=body))
    assert view["member"]["name"] == "Олена К."
    view = answer(rig.http.post(f"{path}/redeem", json={"points": None}))
    assert view["redeemed_minor"] == 0
    assert view["redeem"]["reason"] == "identification_too_weak"
    done = answer(rig.http.post(f"{path}/confirm", json=payment(view)))
    assert done["accrual_points"] == 500
    assert done["result"]["layer"] == "declined"


def test_a_panel_link_works_once(rig: Rig) -> None:
    path = answer(rig.http.post("/v1/panel/links", json={}))["path"]
    code = path.partition("#")[2]
    url = f"{rig.url}/v1/panel/sessions"
    token = answer(httpx.post(url, json={"code": code}))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{rig.url}/v1/status", headers=headers).status_code == 200
    assert httpx.post(url, json={"code": code}).status_code == 403


def test_no_sale_no_route_and_bad_ids_are_problems(rig: Rig) -> None:
    missing = rig.http.get(f"/v1/sales/{uuid.uuid4()}/status")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_sale")
    assert rig.http.get("/v1/nothing").json()["code"] == "no_such_route"
    bad = rig.http.get("/v1/sales/" + "z" * 36 + "/status")
    assert bad.json()["code"] == "bad_id"


def test_an_answer_is_kept_byte_for_byte_over_other_steps_and_a_restart(rig: Rig) -> None:
    sale_id, key = str(uuid.uuid4()), {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/v1/sales/{sale_id}"
    body = {"basket": {"lines": [line(1, "bread", 2_750)]}}
    first = rig.http.post(f"{path}/open", json=body, headers=key)
    rig.http.put(f"{path}/basket", json={"lines": [line(1, "bread", 2_750, 3)]})
    paid = payment(answer(rig.http.get(f"{path}/status")))
    close = {"Idempotency-Key": str(uuid.uuid4())}
    done = rig.http.post(f"{path}/confirm", json=paid, headers=close)
    answer(rig.http.post(f"{path}/print-result", json={"verdict": "printed"}))
    rig.stop()
    rig.start()
    assert rig.http.post(f"{path}/open", json=body, headers=key).content == first.content
    assert rig.http.post(f"{path}/confirm", json=paid, headers=close).content == done.content
    other = rig.http.post(f"{path}/confirm", json=paid | {"tenders": []}, headers=close)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
