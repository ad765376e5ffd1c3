"""Who works and the shift by keyboard alone: menu, sign-in, cash, a senior's word, Z."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.panel.conftest import Printer, Till, opened, stocked
from tests.integration.panel.shop import BREAD
from tests.integration.panel.test_panel_looks import fits, readable
from tests.support.staff import BADGE, staffed

pytestmark = pytest.mark.browser
PATIENCE_MS = 20_000


@pytest.fixture
def staffed_till(tmp_path: Path, printer: Printer, chromium: Browser) -> Iterator[Till]:
    """A register with staff and a fiscal printer of its own."""
    rig = stocked(tmp_path)
    staffed(rig)
    with rig.config.open("a", encoding="utf-8") as config:
        config.write(f'[printer]\ndriver = "fiscal.datecs_ua"\nurl = "{printer.url}"\n')
    rig.start()
    assert rig.agent is not None
    agent = rig.agent
    agent.start_devices()
    with opened(rig, chromium) as panel:
        yield panel
    agent.stop_devices()
    rig.stop()


def choose(till: Till, entry: str) -> None:
    """Press the digit that stands beside an entry."""
    till.keys(till.page.locator(f"[data-test=choose-{entry}] kbd").inner_text())


def act_is(till: Till, action: str, state: str) -> None:
    """Wait for the end of an act on the shift."""
    expect(till.part("act")).to_contain_text(action, timeout=PATIENCE_MS)
    expect(till.part("act")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def person(till: Till, number: str, pin: str) -> None:
    """Number, Enter, PIN, Enter."""
    till.enter(number)
    expect(till.page.locator("[name=pin]")).to_be_focused()
    till.enter(pin)


def only_refusals(till: Till) -> bool:
    """The browser notes each refusal of the agent, and here nothing else."""
    return all(text.startswith("Failed to load resource") for text in till.console)


def test_a_shift_by_keyboard_alone(staffed_till: Till, tmp_path: Path) -> None:
    till = staffed_till
    till.shows("cashier", "Не увійшли")
    till.keys("F11")
    fits(till.page)
    readable(till.page)
    till.page.screenshot(path=str(tmp_path / "menu.png"))
    choose(till, "sign-in")
    person(till, "c1", "0000")
    expect(till.page.get_by_role("alert")).to_contain_text("Невірний код", timeout=PATIENCE_MS)
    till.enter("4711")
    till.shows("cashier", "Олена К.")
    expect(till.page.locator("dialog")).to_have_count(0)

    till.keys("F9")
    till.shows("link", "Offline")
    till.enter(BREAD)
    expect(till.part("line")).to_have_count(1)
    till.keys("F8")
    expect(till.part("paper")).to_have_attribute("data-state", "printed", timeout=PATIENCE_MS)
    till.keys("F11")
    choose(till, "shift")
    choose(till, "cash_in")
    till.enter("200")
    act_is(till, "Cash in 200,00", "printed")
    choose(till, "cash_out")
    till.enter("150,50")
    expect(till.page.locator("form.ask-approval")).to_be_visible(timeout=PATIENCE_MS)
    readable(till.page)
    person(till, "s1", "9000")
    act_is(till, "Cash out 150,50", "printed")
    till.page.screenshot(path=str(tmp_path / "shift.png"))
    assert till.text("cashier") == "Олена К.", "the senior only gave a word"

    choose(till, "z")
    till.keys("Enter")
    act_is(till, "Z report", "printed")
    till.shows("shift-line", "No shift is open")
    readable(till.page)
    till.keys("Escape")
    till.scan(BADGE)
    till.shows("cashier", "Ірина С.")
    till.shows("link", "Офлайн")
    assert till.state()["shift"]["number"] == 2, "who signs in begins the next shift"
    assert only_refusals(till)
