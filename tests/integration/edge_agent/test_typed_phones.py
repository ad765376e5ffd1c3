"""A phone typed at the till in any spelling is one member; what is no mobile says why, and what is
a good's code as well asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from sync.contract.tokens import phone_token
from tests.integration.panel.conftest import stocked
from tests.support.rig import Rig, answer

TWICE = "380670000006"
"""A phone number that is a UPC-A as well, by its check digit."""


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The shop, and a thermos whose bar code is somebody's phone number."""
    folder = tmp_path_factory.mktemp("phones")
    rig = stocked(folder)
    body = {"sku": "thermos", "name": "Термос", "unit_price_minor": 50_000, "barcodes": [TWICE]}
    token = phone_token(rig.identity.phone_key, f"+{TWICE}")
    cache = Cache(folder / "data" / "cache.db")
    rows = [("good", "thermos", body), ("token", token, {"member_id": 101})]
    cache.apply_rows([FeedRow(kind=kind, key=key, version=9, body=row) for kind, key, row in rows])
    cache.close()
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()


@pytest.fixture(autouse=True)
def nothing_open(till: Rig) -> Iterator[None]:
    """Nobody waits and no sale is open afterwards."""
    yield
    sale = answer(till.http.post("/v1/panel/sale", json={}))
    answer(till.http.post(f"/v1/sales/{sale['sale_id']}/cancel", json={}))


def typed(till: Rig, text: str) -> dict[str, Any]:
    answer(till.http.post("/v1/scan", json={"code": text, "source": "keyboard"}))
    return answer(till.http.get("/v1/state"))


@pytest.mark.parametrize(
    "text",
    [
        "0671234567",
        "067 123 45 67",
        "067-123-45-67",
        "(067) 123-45-67",
        "80671234567",
        "8 (067) 123-45-67",
        "380671234567",
        "+380671234567",
        "+38 (067) 123-45-67",
        "00380 67 123 45 67",
    ],
)
def test_every_spelling_is_the_same_member(till: Rig, text: str) -> None:
    assert typed(till, text)["waiting"]["member_id"] == 103


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("044 123 45 67", "phone_landline", "міський номер"),
        ("+38 (044) 123-45-67", "phone_landline", "міський номер"),
        ("067 123 45", "bad_phone", "перевірте цифри"),
        ("06712345678", "bad_phone", "перевірте цифри"),
        ("+48 601 234 567", "bad_phone", "перевірте цифри"),
        ("060 123 45 67", "bad_phone", "перевірте цифри"),
        ("067 000 00 01", "unknown_member", "учасника у програмі немає"),
        ("24700", "unknown_code", "не розпізнано"),
        ("036000291453", "bad_check", "пошкоджено"),
    ],
)
def test_what_is_no_members_number_says_why(till: Rig, text: str, code: str, said: str) -> None:
    seen = typed(till, text)
    assert (seen["waiting"], seen["notice"]["code"]) == (None, code)
    assert said in seen["notice"]["text"]


def test_a_number_that_is_a_good_as_well_is_asked_about(till: Rig) -> None:
    seen = typed(till, TWICE)
    assert seen["choices"] == [
        {"kind": "member", "label": "Олена К."},
        {"kind": "product", "label": "Термос"},
    ]
    assert seen["waiting"] is None
    chosen = answer(till.http.post("/v1/panel/choice", json={"place": 0}))
    assert chosen["waiting"]["member_id"] == 101
    assert chosen["choices"] == []


@pytest.mark.parametrize("text", [f"+{TWICE}", "067 000 00 06"])
def test_a_spelling_that_only_a_phone_has_is_not_asked_about(till: Rig, text: str) -> None:
    seen = typed(till, text)
    assert (seen["choices"], seen["waiting"]["member_id"]) == ([], 101)
