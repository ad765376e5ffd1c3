"""The buyer's display in a real browser: what a buyer reads, large, and nothing after them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from edge_agent.ledger.screen_file import paces
from tests.integration.panel.conftest import opened, stocked
from tests.integration.panel.shop import BREAD, CHEESE, COFFEE, MILK
from tests.integration.panel.test_panel_looks import CONTRAST, MIN_CONTRAST
from tests.support.live_register import until
from tests.support.rig import CARD, Rig, answer

PATIENCE_MS = 20_000
CODES = (MILK, f"2*{COFFEE}", BREAD, f"0,345*{CHEESE}")


def text(page: Page, name: str) -> str:
    """The text of a part, with plain blanks."""
    found = page.locator(f"[data-test={name}]").inner_text(timeout=PATIENCE_MS)
    return found.replace("\u00a0", " ").strip()


def legible(page: Page) -> None:
    """Nothing is cut, nothing scrolls sideways, every text has contrast."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [found for found in page.evaluate(CONTRAST) if found[0] < MIN_CONTRAST] == []


@pytest.fixture
def joinable(tmp_path: Path) -> Iterator[Rig]:
    """A running register of a programme with a page to join."""
    rig = stocked(tmp_path)
    with rig.config.open("a", encoding="utf-8") as config:
        config.write('[till]\njoin_url = "https://loyalty.example/join"\n')
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()


@pytest.mark.browser
def test_the_buyer_follows_the_sale(joinable: Rig, chromium: Browser, tmp_path: Path) -> None:
    shop = joinable
    page = chromium.new_page(viewport={"width": 1024, "height": 600})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    link = answer(shop.http.post("/v1/customer/links", json={}))["path"]
    page.goto(shop.url + str(link))
    expect(page.locator("[data-test=idle]")).to_be_visible(timeout=PATIENCE_MS)
    legible(page)
    with opened(shop, chromium) as till:
        till.keys("F11")
        with till.page.context.expect_page() as second:
            till.part("choose-display").click()
        expect(second.value.locator("[data-test=idle]")).to_be_visible(timeout=PATIENCE_MS)
        second.value.close()
        till.enter(MILK)
        expect(page.locator("[data-test=join] svg")).to_be_visible(timeout=PATIENCE_MS)
        legible(page)
        page.screenshot(path=str(tmp_path / "join.png"))
        till.keys("F10", "Enter")
        expect(till.part("line")).to_have_count(0, timeout=PATIENCE_MS)
        till.scan(CARD)
        expect(page.locator("[data-test=name]")).to_have_text("Олена К.", timeout=PATIENCE_MS)
        till.page.bring_to_front()
        till.keys("Enter")
        for number, code in enumerate(CODES, start=1):
            till.enter(code)
            expect(till.part("line")).to_have_count(number)
        till.keys("F4")
        till.shows("redeem-now", "230,91")
        redeemed = page.locator("[data-test=redeemed]")
        expect(redeemed).to_contain_text("230,91", timeout=PATIENCE_MS)
        sale = till.state()["sale"]
        assert text(page, "payable") == till.text("payable")
        assert text(page, "earn") == till.text("earn")
        expect(page.locator("[data-test=lines] li")).to_have_count(len(sale["lines"]))
        legible(page)
        page.screenshot(path=str(tmp_path / "customer.png"))
        till.keys("F8")
        expect(page.locator("[data-test=done]")).to_be_visible(timeout=PATIENCE_MS)
        assert "1 234" not in text(page, "balance"), "bonuses were spent"
        legible(page)
        pace = until("the screen told its counts", lambda: paces(shop.folder / "data"))[0]
        typed = sum(len(code) + 1 for code in CODES)
        assert (pace.way, pace.lines, pace.keys) == ("card", 4, 1 + typed + 2)
        assert pace.verbs == {"submit": 5, "redeem": 1, "payCash": 1}
    assert heard == []
    page.close()
    assert (tmp_path / "customer.png").stat().st_size > 10_000
