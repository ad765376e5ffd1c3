"""axe-core over every screen that a test can make: no violation of WCAG 2.2 A and AA, in any state;
and at 1024 × 600 and at double zoom no text lies over another."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.panel.conftest import Till, opened
from tests.integration.panel.shop import BREAD, CHEESE, COFFEE, MILK
from tests.support.rig import CARD, OTHER_CARD, Rig, answer

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
PATIENCE_MS = 20_000
ACTS = ("choose-language", "choose-sign-out", "choose-display")
"""Entries of the menu that act at once and ask nothing."""
RUN = """async () => {
  const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations, passes } = await axe.run(document, { runOnly: { type: 'tag', values } });
  const where = ({ nodes }) => nodes.map((node) => `${node.target} ${node.failureSummary}`);
  return [violations.map((each) => [each.id, where(each)]), passes.length];
}"""

# Texts that can be seen, and any two of them that share a part of it.
OVERLAPS = """() => {
  const own = (element) => [...element.childNodes].some(
    (node) => node.nodeType === 3 && node.textContent.trim());
  const seen = [...document.querySelectorAll('body *')].filter((element) => {
    if (!own(element) || !element.checkVisibility() || element.closest('.unseen')) return false;
    const box = element.getBoundingClientRect();
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return hit !== null && (hit === element || element.contains(hit) || hit.contains(element));
  });
  const boxes = seen.map((element) => [element, element.getBoundingClientRect()]);
  const found = [];
  boxes.forEach(([one, a], place) => boxes.slice(place + 1).forEach(([other, b]) => {
    if (one.contains(other) || other.contains(one)) return;
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const least = Math.min(a.height, b.height) / 3; // the air in a line of letters
    if (wide > 1 && high > least) found.push([one.textContent, other.textContent, wide, high]);
  }));
  return found;
}"""


def sound(page: Page, state: str, seen: list[str]) -> None:
    """axe finds nothing, and no text lies over another."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    violations, passes = page.evaluate(RUN)
    assert violations == [], (state, violations)
    assert passes > 5, "axe looked at something"
    assert page.evaluate(OVERLAPS) == [], state
    seen.append(state)


def zoomed(page: Page, state: str, seen: list[str]) -> None:
    """The same at double zoom: half the pixels, one way to scroll."""
    page.set_viewport_size({"width": 512, "height": 300})
    assert page.evaluate("document.documentElement.scrollWidth") <= 512, state
    sound(page, f"{state} at 200 %", seen)
    page.set_viewport_size({"width": 1024, "height": 600})


def ask_everything(till: Till, seen: list[str]) -> None:
    """Each question that a key opens now, and each that the menu leads to."""
    dialog = till.page.locator("dialog")
    for key in ("F1", "F3", "F5", "F10", "F11"):
        till.keys(key)
        if key in ("F1", "F11"):
            expect(dialog).to_be_visible(timeout=PATIENCE_MS)
        if dialog.count():
            sound(till.page, f"dialog {key}", seen)
            till.keys("Escape")
            expect(dialog).to_have_count(0, timeout=PATIENCE_MS)
    till.keys("F11")
    expect(till.part("choose-keys")).to_be_visible(timeout=PATIENCE_MS)
    names: list[Any] = till.page.evaluate(
        "[...document.querySelectorAll('.choices button')].map((each) => each.dataset.test)"
    )
    till.keys("Escape")
    for name in names:
        if name in ACTS:
            continue
        expect(dialog).to_have_count(0, timeout=PATIENCE_MS)
        till.keys("F11")
        till.part(name).click(timeout=PATIENCE_MS)
        expect(till.part("choose-keys")).to_have_count(0, timeout=PATIENCE_MS)
        sound(till.page, f"menu {name}", seen)
        till.keys("Escape")
    expect(dialog).to_have_count(0, timeout=PATIENCE_MS)


@pytest.mark.browser
def test_axe_finds_nothing_in_any_state(shop: Rig, chromium: Browser) -> None:
    seen: list[str] = []
    buyer = chromium.new_page(viewport={"width": 1024, "height": 600})
    link = answer(shop.http.post("/v1/customer/links", json={}))["path"]
    buyer.goto(shop.url + str(link))
    with opened(shop, chromium) as till:
        sound(till.page, "idle", seen)
        ask_everything(till, seen)
        till.scan(CARD)
        expect(till.part("start")).to_be_visible(timeout=PATIENCE_MS)
        sound(till.page, "member", seen)
        zoomed(till.page, "member", seen)
        till.keys("Enter")
        expect(till.part("start")).to_have_count(0, timeout=PATIENCE_MS)
        for number, code in enumerate((MILK, f"2*{COFFEE}", BREAD, f"0,345*{CHEESE}"), start=1):
            till.enter(code)
            expect(till.part("line")).to_have_count(number, timeout=PATIENCE_MS)
        till.keys("F4")
        till.shows("redeem-now", "230,91")
        till.scan(OTHER_CARD)
        expect(till.part("replace")).to_be_visible(timeout=PATIENCE_MS)
        sound(till.page, "sale", seen)
        zoomed(till.page, "sale", seen)
        ask_everything(till, seen)
        expect(buyer.locator("[data-test=redeemed]")).to_be_visible(timeout=PATIENCE_MS)
        sound(buyer, "buyer: sale", seen)
        zoomed(buyer, "buyer: sale", seen)
        till.keys("F8")
        expect(till.part("result")).to_be_visible(timeout=PATIENCE_MS)
        sound(till.page, "result", seen)
        zoomed(till.page, "result", seen)
        sound(buyer, "buyer: done", seen)
    buyer.reload()
    expect(buyer.locator("h1")).to_be_visible(timeout=PATIENCE_MS)
    sound(buyer, "buyer: login", seen)
    buyer.goto(f"{shop.url}/panel/")
    expect(buyer.locator("[data-test=login]")).to_be_visible(timeout=PATIENCE_MS)
    sound(buyer, "login", seen)
    buyer.close()
    print(f"{len(seen)} states: {', '.join(seen)}")
    assert len(seen) >= 20
