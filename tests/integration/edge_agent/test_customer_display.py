"""The buyer's display over HTTP: what its session may read, and what is told there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.rig import CARD, Rig, answer, line, payment, sell

SALE = "00000000-0000-4000-8000-0000000000c1"
REFUSED = (
    ("GET", "/v1/state"),
    ("GET", "/v1/events"),
    ("GET", "/v1/status"),
    ("GET", "/v1/goods?q=milk"),
    ("GET", "/v1/sales"),
    ("GET", f"/v1/sales/{SALE}/status"),
    ("POST", f"/v1/sales/{SALE}/open"),
    ("POST", f"/v1/sales/{SALE}/confirm"),
    ("POST", "/v1/scan"),
    ("POST", "/v1/panel/links"),
    ("POST", "/v1/panel/sale"),
    ("POST", "/v1/customer/links"),
    ("POST", "/v1/customer/state"),
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running register."""
    rig = Rig(tmp_path)
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()


def display(rig: Rig) -> httpx.Client:
    """A client with the session of a display."""
    path = str(answer(rig.http.post("/v1/customer/links", json={}))["path"])
    assert path.startswith("/panel/customer/#")
    code = path.partition("#")[2]
    token = str(answer(httpx.post(f"{rig.url}/v1/panel/sessions", json={"code": code}))["token"])
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=rig.url, headers=headers, timeout=10)


def states_of(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    """The states of an open stream, one after another."""
    for text in stream.iter_lines():
        if text.startswith("data: "):
            yield json.loads(text[6:])


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_the_session_of_the_display_may_do_nothing_else(rig: Rig, method: str, path: str) -> None:
    with display(rig) as client:
        assert answer(client.get("/v1/customer/state"))["phase"] == "idle"
        url = httpx.URL(rig.url).copy_with(raw_path=path.encode())
        body = {"json": {}} if method == "POST" else {}
        refused = client.request(method, url, **body)
        assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")


def test_the_display_sees_a_sale_and_little_of_the_member(rig: Rig) -> None:
    lines = [line(1, "milk", 4_590, 2), line(2, "bread", 2_750)]
    rig.http.post("/v1/scan", json={"code": CARD})
    with display(rig) as client:
        hello = answer(client.get("/v1/customer/state"))
        assert (hello["phase"], hello["name"], hello["balance_points"]) == (
            "hello",
            "Олена К.",
            20_000,
        )
        body = {"identity": {"take_scan": True}, "basket": {"lines": lines}}
        answer(rig.http.post(f"/v1/sales/{SALE}/open", json=body))
        view = answer(rig.http.post(f"/v1/sales/{SALE}/redeem", json={"points": 1_000}))
        seen = client.get("/v1/customer/state")
        sale = answer(seen)
        assert (sale["phase"], sale["name"], sale["lines_count"]) == ("sale", "Олена К.", 2)
        for name in ("gross_minor", "discount_minor", "redeemed_minor", "payable_minor"):
            assert sale[name] == view[name]
        assert sale["earned_points"] == view["accrual_points"] > 0
        assert [each["name"] for each in sale["lines"]] == ["milk", "bread"]
        assert sum(each["sum_minor"] for each in sale["lines"]) == (
            view["gross_minor"] - view["discount_minor"]
        )
        for secret in ("member_id", CARD, "phone", "purchases", "traces", "register_id", SALE):
            assert secret not in seen.text
        answer(rig.http.post(f"/v1/sales/{SALE}/confirm", json=payment(view)))
        done = answer(client.get("/v1/customer/state"))
        assert (done["phase"], done["earned_points"]) == ("done", view["accrual_points"])


def test_a_display_that_is_opened_later_shows_nobody(rig: Rig) -> None:
    sell(rig.http, [line(1, "milk", 4_590)], card=CARD)
    with display(rig) as client:
        late = answer(client.get("/v1/customer/state"))
        assert (late["phase"], late["name"], late["balance_points"]) == ("idle", "", None)


def test_each_change_is_told_and_nothing_twice(rig: Rig) -> None:
    with (
        display(rig) as client,
        client.stream("GET", "/v1/customer/events", timeout=30) as stream,
    ):
        told = states_of(stream)
        states = [next(told)]
        sell(rig.http, [line(1, "milk", 4_590)], card=CARD)
        while states[-1]["phase"] != "done":
            states.append(next(told))
    assert states[0]["phase"] == "idle"
    assert {state["phase"] for state in states[1:-1]} == {"sale"}
    bare = [state | {"revision": 0, "at": ""} for state in states]
    assert all(one != other for one, other in pairwise(bare))


def test_a_used_link_and_one_of_another_kind_open_nothing(rig: Rig) -> None:
    path = str(answer(rig.http.post("/v1/customer/links", json={}))["path"])
    code = {"code": path.partition("#")[2]}
    answer(httpx.post(f"{rig.url}/v1/panel/sessions", json=code))
    again = httpx.post(f"{rig.url}/v1/panel/sessions", json=code)
    assert (again.status_code, again.json()["code"]) == (403, "bad_link")
