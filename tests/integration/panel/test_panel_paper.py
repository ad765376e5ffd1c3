"""The truth about paper on the cashier's screen: retry, void, and what a person saw."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.integration.panel.conftest import Printer, Till
from tests.integration.panel.shop import BREAD
from tests.support.live_register import until
from tests.support.rig import CARD

pytestmark = pytest.mark.browser

CLOSE_RECEIPT = 56


def paid(till: Till) -> None:
    """A member's sale, paid in cash."""
    till.scan(CARD)
    till.keys("Enter")
    till.enter(BREAD)
    till.shows("payable", "27,50")
    till.keys("F8")
    expect(till.part("result")).to_be_visible()


def paper_is(till: Till, state: str) -> None:
    """Wait for a print state on the screen."""
    expect(till.part("paper")).to_have_attribute("data-state", state, timeout=15_000)


def test_no_paper_says_why_and_r_prints_the_same_sale(paper_till: Till, printer: Printer) -> None:
    printer.device.send("paper_out")
    paid(paper_till)
    paper_is(paper_till, "not_printed")
    paper_till.shows("paper", "заправте стрічку")
    expect(paper_till.page.locator("#entry")).to_have_count(0)
    paper_till.keys("Enter")
    paper_is(paper_till, "not_printed")
    printer.device.send("paper_in")
    paper_till.keys("R")
    paper_is(paper_till, "printed")
    paper_till.shows("earned", "1,37")
    receipts = [item for item in printer.device.documents() if item.kind == "sale"]
    assert len(receipts) == 1
    assert paper_till.state()["sale"]["state"] == "posted"
    paper_till.keys("Enter")
    expect(paper_till.part("result")).to_have_count(0)
    assert paper_till.console == []


def test_v_voids_what_never_printed(paper_till: Till, printer: Printer) -> None:
    printer.device.send("paper_out")
    paid(paper_till)
    paper_is(paper_till, "not_printed")
    paper_till.keys("V")
    expect(paper_till.page.locator("dialog")).to_contain_text("Анулювати")
    paper_till.keys("Enter")
    paper_till.shows("result", "Продаж анульовано")
    paper_till.keys("Enter")
    expect(paper_till.page.locator("#entry")).to_be_focused()
    assert paper_till.state()["sale"]["state"] == "voided"


def test_another_printer_in_its_place_makes_a_person_look(
    paper_till: Till, printer: Printer
) -> None:
    paid(paper_till)
    paper_is(paper_till, "printed")
    paper_till.keys("Enter")
    printer.device.send(f"power_off at {CLOSE_RECEIPT}")
    paid(paper_till)
    paper_is(paper_till, "printing")
    until("the printer to lose its power", lambda: not printer.device.describe()["powered"])
    printer.replace()
    paper_is(paper_till, "unknown")
    paper_till.keys("P")
    paper_till.enter("3000012345-17")
    paper_is(paper_till, "printed")
    paper_till.shows("paper", "3000012345-17")
    assert paper_till.state()["sale"]["state"] == "posted"
