"""Marked goods, gift cards, idle offers and training in a real browser, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from tests.integration.panel.conftest import Till, opened, stocked
from tests.integration.panel.shop import MILK
from tests.support.live_register import until
from tests.support.rig import NO_LEASE_CARD, answer

pytestmark = pytest.mark.browser
VODKA = "4820000000093"


@pytest.fixture
def marked_till(tmp_path: Path, chromium: Browser) -> Iterator[Till]:
    """The shop with one marked good."""
    rig = stocked(tmp_path)
    body = {
        "sku": "vodka",
        "name": "Горілка «Хортиця» 0,5 л",
        "unit_price_minor": 21_900,
        "barcodes": [VODKA],
        "goods_class": "alcohol",
        "needs_stamp": True,
    }
    cache = Cache(tmp_path / "data" / "cache.db")
    cache.apply_rows([FeedRow(kind="good", key="vodka", version=1, body=body)])
    cache.close()
    rig.start()
    try:
        with opened(rig, chromium) as panel:
            yield panel
    finally:
        rig.stop()


def test_stamps_are_asked_for_and_training_leaves_nothing(
    marked_till: Till, tmp_path: Path
) -> None:
    till = marked_till
    page = till.page

    till.keys("F11")
    till.page.screenshot(path=str(tmp_path / "menu.png"))
    till.part("choose-training").click()
    expect(page.locator("#dialog-title")).to_have_text("Почати навчання?")
    till.keys("Enter")
    till.shows("training", "НАВЧАННЯ")
    expect(page.locator(".screen")).to_have_class(re.compile("training"))

    till.enter("2*" + VODKA)
    till.shows("stamp-line", "Горілка")
    page.screenshot(path=str(tmp_path / "stamp.png"))
    body = {"code": "00012345678901234567", "symbology": "]d1", "source": "scanner"}
    answer(till.rig.http.post("/v1/scan", json=body))
    expect(page.locator("form.ask-stamp")).to_contain_text("прочитано: 1", timeout=20_000)
    till.keys("Escape")
    till.shows("stamp-lacking", "немає марки")
    till.keys("F8")
    expect(page.locator("form.ask-stamp")).to_be_visible()
    till.enter("00012345678901234567")
    expect(page.locator("form.ask-stamp .problem")).to_contain_text("вже є в чеку", timeout=20_000)
    page.locator("input[name=stamp]").fill("")
    till.enter("АБВГ 123456")
    expect(page.locator("dialog")).to_have_count(0, timeout=20_000)
    expect(till.part("stamp-lacking")).to_have_count(0)

    till.enter(MILK)
    expect(till.part("line")).to_have_count(2)
    page.screenshot(path=str(tmp_path / "training.png"))
    till.keys("F11")
    till.part("choose-offers").click()
    expect(till.part("idle-offer").first).to_be_visible(timeout=20_000)
    page.screenshot(path=str(tmp_path / "offers.png"))
    till.keys("Enter", "F8")
    till.shows("paid", "479,50")
    expect(page.get_by_text("Навчання: чек не друкується")).to_be_visible()
    page.screenshot(path=str(tmp_path / "result.png"))
    till.keys("Enter", "F11")
    till.part("choose-training-end").click()
    expect(till.part("training")).to_have_count(0, timeout=20_000)
    assert not (tmp_path / "data" / "training").exists()
    state = till.state()
    assert (state["sale"], state["strip"]["outbox"], state["training"]) == (None, 0, False)
    assert all("422" in said for said in till.console), till.console
    assert till.foreign == []


def test_a_new_member_and_another_card_are_asked_for_by_keyboard(
    till: Till, tmp_path: Path
) -> None:
    """This register has no link: the centre's refusal stands in the question."""
    page = till.page
    problem = page.locator("dialog .problem")
    till.keys("F11")
    till.part("choose-join").click()
    expect(page.locator("dialog input")).to_have_count(3)
    till.enter("8 (067) 555-44-33")
    till.enter("Ярина Ґалаґан")
    page.screenshot(path=str(tmp_path / "join.png"))
    expect(problem).to_contain_text("Немає зв'язку з центром", timeout=20_000)
    page.locator("input[name=phone]").fill("044 123 45 67")
    till.keys("Enter")
    expect(problem).to_contain_text("міський номер", timeout=20_000)
    till.keys("Escape")

    till.scan(NO_LEASE_CARD)
    till.shows("name", "Юлія Ї.")
    till.shows("missing", "день народження")
    till.keys("F11")
    till.part("choose-card").click()
    expect(page.locator("input[name=card]")).to_be_focused(timeout=20_000)

    def scanned() -> bool:
        till.scan("0420990000017")
        return bool(page.locator("input[name=card]").input_value())

    until("the question takes the scan", scanned)
    page.locator("input[name=reason]").fill("загубили")
    page.screenshot(path=str(tmp_path / "card.png"))
    till.keys("Enter")
    expect(problem).to_contain_text("Немає зв'язку з центром", timeout=20_000)
    till.keys("Escape")
    till.shows("name", "Юлія Ї.")
    assert all("503" in said or "409" in said for said in till.console), till.console
