"""The screen speaks the cashier's language about a whole sale; the POS is answered in the
register's, so that a repeated call is answered with the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.panel.conftest import stocked
from tests.integration.panel.shop import COFFEE, MILK, PHONE
from tests.support.rig import Rig, answer
from tests.support.staff import CASHIER, SENIOR, staffed

Json = dict[str, Any]
QUOTED = re.compile("[„“«][^”»]*[”»]")
"""Names of goods and promotions: data of the shop, in the languages it gave them."""


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Rig]:
    """The shop, with staff, whose POS prints."""
    rig = stocked(tmp_path)
    staffed(rig)
    rig.start()
    answer(rig.http.post("/v1/shift/sign-in", json=CASHIER))
    try:
        yield rig
    finally:
        rig.stop()


def state(till: Rig) -> Json:
    return answer(till.http.get("/v1/state"))


def speak(till: Rig, locale: str) -> Json:
    answer(till.http.put("/v1/panel/locale", json={"locale": locale}))
    return state(till)


def add(till: Rig, code: str, milli: int = 1000) -> Json:
    return answer(till.http.post("/v1/panel/goods", json={"code": code, "qty_milli": milli}))


def said(seen: Json) -> list[str]:
    """The sentences about the sale and the last notice, without names."""
    sale = seen["sale"]
    texts = [*sale["hints"], sale["redeem"]["sentence"], seen["notice"]["text"]]
    return [QUOTED.sub("", text) for text in texts]


def test_hints_reasons_and_notices_are_said_anew_in_each_language(till: Rig) -> None:
    answer(till.http.post("/v1/scan", json={"code": PHONE, "source": "keyboard"}))
    add(till, MILK)
    sale = add(till, COFFEE, 2000)
    answer(till.http.post(f"/v1/sales/{sale['sale_id']}/redeem", json={"points": None}))
    answer(till.http.post("/v1/scan", json={"code": "nothing-known"}))
    ukrainian, english, polish = (speak(till, locale) for locale in ("uk", "en", "pl"))

    assert polish["sale"]["hints"][0].startswith("jeszcze 1 szt.")
    assert english["sale"]["hints"][0].startswith("1 more of “coffee”")
    assert polish["sale"]["redeem"]["sentence"] == (
        "Numer telefonu tylko nalicza; do wydania potrzebna karta, QR lub kod z SMS"
    )
    assert polish["notice"]["text"].startswith("Kod nierozpoznany")
    assert ukrainian["notice"]["text"].startswith("Код не розпізнано")
    for seen in (english, polish):
        assert [text for text in said(seen) if re.search("[а-яіїєґ]", text.lower())] == []
    names = [seen["sale"]["promotions"][0]["name"] for seen in (ukrainian, english, polish)]
    assert names == ["Молочне −10 %", "Dairy −10 %", "Молочне −10 %"], "no Polish name was given"

    offers = answer(till.http.get(f"/v1/sales/{sale['sale_id']}/offers"))
    whys = {each["promotion_id"]: each["why"] for each in offers}
    assert whys["coffee3for2"] == "potrzeba 3 szt., wolnych 2"
    assert whys["gold"] == "dla innej grupy: gold"


def test_the_next_cashier_reads_the_open_sale_in_their_own_language(till: Rig) -> None:
    add(till, COFFEE, 2000)
    assert speak(till, "pl")["sale"]["hints"][0].startswith("jeszcze")
    answer(till.http.post("/v1/shift/sign-in", json=SENIOR))
    assert state(till)["sale"]["hints"][0].startswith("ще 1 шт.")
    answer(till.http.post("/v1/shift/sign-in", json=CASHIER))
    assert state(till)["sale"]["hints"][0].startswith("jeszcze")


def test_the_pos_reads_one_language_and_a_repeat_is_byte_equal(till: Rig) -> None:
    add(till, MILK)
    sale = add(till, COFFEE, 2000)
    speak(till, "pl")
    path = f"/v1/sales/{sale['sale_id']}"
    answered = answer(till.http.get(f"{path}/status"))
    assert answered["hints"][0].startswith("ще 1 шт.")
    assert state(till)["sale"]["revision"] == answered["revision"]
    body = {
        "quote_id": sale["quote_id"],
        "basket_hash": sale["basket_hash"],
        "tenders": [{"kind": "card", "amount_minor": sale["payable_minor"]}],
    }
    key = {"Idempotency-Key": "one-key-in-two-languages"}
    first = till.http.post(f"{path}/confirm", json=body, headers=key)
    assert first.status_code == 200, first.text
    for locale in ("en", "uk"):
        speak(till, locale)
        again = till.http.post(f"{path}/confirm", json=body, headers=key)
        assert again.content == first.content
