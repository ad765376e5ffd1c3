"""axe-core over every screen that a test can make: no violation of WCAG 2.2 A and AA, in any state;
and at 1024 × 600 and at double zoom no text lies over another."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.panel.conftest import Printer, Till, opened
from tests.integration.panel.full_shop import COUPON, GIFT, TWICE, VODKA, full_shop
from tests.integration.panel.shop import BREAD, CHEESE, COFFEE, MILK
from tests.support.live_register import until
from tests.support.rig import CARD, OTHER_CARD, Rig, answer

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
PATIENCE_MS = 20_000
CLOSE_RECEIPT = 56
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


def in_each_language(till: Till, state: str, seen: list[str]) -> None:
    """The state in the three languages, ending in the first."""
    for locale in ("en", "pl", "uk"):
        till.keys("F9")
        expect(till.page.locator("html")).to_have_attribute("lang", locale, timeout=PATIENCE_MS)
        sound(till.page, f"{state} {locale}", seen)


def question(till: Till, kind: str, state: str, seen: list[str]) -> None:
    """Wait for a question and look at it."""
    expect(till.page.locator(f"form.ask-{kind}")).to_be_visible(timeout=PATIENCE_MS)
    sound(till.page, state, seen)


def chosen(till: Till, entry: str) -> None:
    """An entry of the menu."""
    till.keys("F11")
    till.part(f"choose-{entry}").click(timeout=PATIENCE_MS)


def act_ends(till: Till, state: str, seen: list[str]) -> None:
    """The printer has done an act of the shift; its sentence is looked at."""
    expect(till.part("act")).to_have_attribute("data-state", "printed", timeout=PATIENCE_MS)
    sound(till.page, state, seen)


def a_code_of_two_meanings(till: Till, seen: list[str]) -> None:
    """It asks; a digit says which, and the member waits."""
    till.enter(TWICE)
    question(till, "twice", "two meanings", seen)
    till.keys("1")
    expect(till.page.locator("dialog")).to_have_count(0, timeout=PATIENCE_MS)
    till.shows("name", "Юлія Ї.")


def coupon_and_gift_card(till: Till, seen: list[str], picture: Path) -> None:
    """A coupon that waits for more goods and then acts; a gift card pays a part, cash the rest."""
    till.enter(MILK)
    expect(till.part("line")).to_have_count(1, timeout=PATIENCE_MS)
    till.scan(COUPON)
    till.shows("notice", "потрібен чек від 100 грн")
    sound(till.page, "coupon waits", seen)
    till.enter(f"2*{COFFEE}")
    till.shows("promotions", "Листівка")
    sound(till.page, "coupon", seen)
    till.scan(GIFT)
    question(till, "gift", "gift card", seen)
    till.shows("gift-left", "50,00")
    till.page.screenshot(path=str(picture))
    payable = till.state()["sale"]["payable_minor"]
    rest = till.text("gift-rest")
    till.keys("1")
    expect(till.part("paper")).to_have_attribute("data-state", "printed", timeout=PATIENCE_MS)
    done = till.state()["sale"]
    tenders = {"gift_card": 5_000, "cash": payable - 5_000}
    assert (done["state"], done["result"]["change_minor"]) == ("posted", 0)
    assert rest == f"{tenders['cash'] // 100},{tenders['cash'] % 100:02d} ₴"
    till.scan(CARD)
    till.shows("name", "Олена К.")


def a_senior_is_asked(till: Till, seen: list[str]) -> None:
    """The closed sale for another member, and the senior's question."""
    chosen(till, "reassign")
    question(till, "reassign", "reassign", seen)
    till.enter("забула картку")
    question(till, "approval", "approval", seen)
    till.keys("Escape", "Enter")


def the_shift(till: Till, seen: list[str]) -> None:
    """Cash in and out, X, and Z."""
    chosen(till, "shift")
    question(till, "shift", "shift", seen)
    till.part("choose-cash_in").click()
    question(till, "cashIn", "cash in", seen)
    till.enter("200")
    act_ends(till, "cash in done", seen)
    till.part("choose-cash_out").click()
    question(till, "cashOut", "cash out", seen)
    till.keys("Escape")
    chosen(till, "shift")
    till.part("choose-x").click()
    expect(till.part("act")).to_contain_text("X-звіт", timeout=PATIENCE_MS)
    act_ends(till, "X done", seen)
    till.part("choose-z").click()
    question(till, "z", "Z", seen)
    till.keys("Enter")
    expect(till.part("act")).to_contain_text("Z-звіт", timeout=PATIENCE_MS)
    act_ends(till, "Z done", seen)
    till.keys("Escape")


def the_paper(till: Till, printer: Printer, seen: list[str]) -> None:
    """No paper, and a printer of which nobody knows whether it printed."""
    printer.device.send("paper_out")
    till.enter(BREAD)
    till.shows("payable", "27,50")
    till.keys("F8")
    paper = till.part("paper")
    expect(paper).to_have_attribute("data-state", "not_printed", timeout=PATIENCE_MS)
    sound(till.page, "not printed", seen)
    printer.device.send("paper_in")
    printer.device.send(f"power_off at {CLOSE_RECEIPT}")
    till.keys("R")
    expect(paper).to_have_attribute("data-state", "printing", timeout=PATIENCE_MS)
    until("the printer to lose its power", lambda: not printer.device.describe()["powered"])
    printer.replace()
    expect(paper).to_have_attribute("data-state", "unknown", timeout=PATIENCE_MS)
    sound(till.page, "printed or not", seen)
    till.keys("P")
    question(till, "fiscal", "fiscal number", seen)
    till.keys("Enter")
    expect(paper).to_have_attribute("data-state", "printed", timeout=PATIENCE_MS)
    till.keys("Enter")


def a_training(till: Till, seen: list[str]) -> None:
    """The full disk on the strip, then a training with a marked good."""
    assert till.rig.agent is not None
    till.rig.agent.health._storage._is_full = True
    till.rig.agent.desk.push()
    till.shows("storage", "Диск повний")
    sound(till.page, "full disk", seen)
    till.rig.agent.health._storage._is_full = False
    answer(till.rig.http.post("/v1/training/enter", json={}))
    till.shows("training", "НАВЧАННЯ")
    till.enter(VODKA)
    question(till, "stamp", "training: stamp", seen)
    till.keys("Escape")
    sound(till.page, "training", seen)


@pytest.mark.browser
def test_axe_finds_nothing_behind_any_question(
    tmp_path: Path, printer: Printer, chromium: Browser
) -> None:
    """Everything that only staff, a printer or a code asks; what is idle, in each language."""
    seen: list[str] = []
    with full_shop(tmp_path, printer) as rig, opened(rig, chromium) as till:
        a_code_of_two_meanings(till, seen)
        in_each_language(till, "member", seen)
        coupon_and_gift_card(till, seen, tmp_path / "gift.png")
        sound(till.page, "result with a member", seen)
        a_senior_is_asked(till, seen)
        the_shift(till, seen)
        the_paper(till, printer, seen)
        a_training(till, seen)
    print(f"{len(seen)} states: {', '.join(seen)}")
    assert len(seen) == len(set(seen)) >= 23
