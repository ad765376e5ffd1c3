"""The buyer's tablet in a real browser: axe, targets, three languages, and nothing left behind."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.panel.conftest import stocked
from tests.integration.panel.test_panel_axe import sound
from tests.support.rig import Rig, answer

PATIENCE_MS = 20_000
SMALL = """[...document.querySelectorAll('button, input')].filter((each) => each.checkVisibility())
  .map((each) => [each.id || each.textContent, each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Rig]:
    """A running register with a tablet's listener, and no centre."""
    rig = stocked(tmp_path)
    with rig.config.open("a", encoding="utf-8") as config:
        config.write('[tablet]\nlisten = "127.0.0.1:0"\n')
    rig.start()
    assert rig.agent is not None
    assert rig.agent.tablet is not None
    rig.agent.tablet.start()
    yield rig
    rig.agent.tablet.stop()
    rig.stop()


@pytest.mark.browser
def test_a_buyer_types_their_own_data(shop: Rig, chromium: Browser, tmp_path: Path) -> None:
    assert shop.agent is not None
    assert shop.agent.tablet is not None
    page = chromium.new_page(viewport={"width": 1024, "height": 768})
    foreign: list[str] = []
    base = f"http://127.0.0.1:{shop.agent.tablet.port}/"
    page.on(
        "request", lambda asked: None if asked.url.startswith(base) else foreign.append(asked.url)
    )
    page.goto(base)
    expect(page.locator("#code")).to_be_visible(timeout=PATIENCE_MS)
    seen: list[str] = []
    sound(page, "pair", seen)
    page.fill("#code", "1")
    page.click("#pair button")
    expect(page.locator("#said")).to_contain_text("Код не той", timeout=PATIENCE_MS)
    answer(shop.http.post("/v1/tablet/code", json={}))
    notice = answer(shop.http.get("/v1/state"))["notice"]["text"]
    page.fill("#code", re.findall(r"\d{3} \d{3}", notice)[0])
    page.click("#pair button")
    expect(page.locator("#title")).to_have_text("Вітаємо!", timeout=PATIENCE_MS)
    sound(page, "closed", seen)
    sale = f"/v1/sales/{uuid.uuid4()}"
    answer(shop.http.post(f"{sale}/open", json={}))
    expect(page.locator("#phone")).to_be_visible(timeout=PATIENCE_MS)
    page.fill("#phone", "067 555 44 99")
    page.fill("#name", "Ярина Ґалаґан")
    page.check("#agreed")
    assert page.evaluate(SMALL) == []
    sound(page, "form", seen)
    page.screenshot(path=str(tmp_path / "tablet.png"))
    for language in ("en", "pl", "uk"):
        page.click(f"[data-lang={language}]")
        expect(page.locator("html")).to_have_attribute("lang", language, timeout=PATIENCE_MS)
        sound(page, f"form {language}", seen)
    page.click("#join button")
    expect(page.locator("#said")).to_contain_text("немає зв’язку", timeout=PATIENCE_MS)
    assert page.input_value("#phone"), "what was refused can be sent again"
    sound(page, "refused", seen)
    answer(shop.http.post(f"{sale}/cancel", json={}))
    expect(page.locator("#join")).to_be_hidden(timeout=PATIENCE_MS)
    assert [page.input_value(f"#{name}") for name in ("phone", "name", "birthday")] == [""] * 3
    assert not page.is_checked("#agreed")
    assert (foreign, page.evaluate("localStorage.length + sessionStorage.length")) == ([], 0)
    assert page.context.cookies() == []
    print(f"{len(seen)} states: {', '.join(seen)}")
    page.close()
