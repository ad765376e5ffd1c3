"""Goods that come back and a sale for another member, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.panel.conftest import Till, opened, stocked
from tests.integration.panel.shop import BREAD, COFFEE
from tests.integration.panel.test_panel_looks import fits, readable
from tests.integration.panel.test_panel_shift import choose, only_refusals
from tests.support.rig import CARD, NO_LEASE_CARD, answer
from tests.support.staff import BADGE, CASHIER, staffed

pytestmark = pytest.mark.browser
PATIENCE_MS = 20_000


@pytest.fixture
def staffed_till(tmp_path: Path, chromium: Browser) -> Iterator[Till]:
    """A register with staff whose POS prints."""
    rig = stocked(tmp_path)
    staffed(rig)
    with rig.config.open("a", encoding="utf-8") as config:
        config.write('[till]\nprint_mode = "none"\n')
    rig.start()
    answer(rig.http.post("/v1/shift/sign-in", json=CASHIER))
    with opened(rig, chromium) as panel:
        yield panel
    rig.stop()


def sold(till: Till, *codes: str) -> str:
    """A sale of these goods, paid by card, its result on the screen; its id."""
    for number, code in enumerate(codes, 1):
        till.enter(code)
        expect(till.part("line")).to_have_count(number)
    till.keys("F7")
    expect(till.part("result")).to_be_visible(timeout=PATIENCE_MS)
    return str(till.state()["sale"]["sale_id"])


def asked(till: Till, entry: str) -> None:
    """Open a question of the menu; the agent has heard of it, as by the time a person scans."""
    till.keys("F11")
    with till.page.expect_response("**/v1/panel/dialog"):
        choose(till, entry)


def given_to_its_member(till: Till, picture: Path) -> str:
    """A stranger's sale, reassigned by the word of a scanned badge; its id before."""
    first = sold(till, f"2*{BREAD}", COFFEE)
    till.scan(NO_LEASE_CARD)
    till.shows("name", "Юлія Ї.")
    till.keys("F11")
    choose(till, "reassign")
    form = till.page.locator("form.ask-approval")
    with till.page.expect_response(
        lambda response: 'takes_badge":true' in (response.request.post_data or "")
    ):
        till.enter("забула картку")
    expect(form).to_contain_text("бейдж", timeout=PATIENCE_MS)
    till.page.screenshot(path=str(picture))
    till.scan(BREAD)
    expect(form.get_by_role("alert")).to_contain_text("Невірний код", timeout=PATIENCE_MS)
    till.scan(BADGE)
    till.shows("earned", "9,24")
    assert till.text("cashier") == "Олена К.", "the badge signed nobody in"
    new = till.state()["sale"]
    assert (new["member"]["member_id"], new["state"]) == (103, "posted")
    assert new["sale_id"] != first
    till.keys("Enter")
    expect(till.part("result")).to_have_count(0)
    return first


def given_back(till: Till, looks: Callable[[Page], None]) -> None:
    """Enter gives back what is shown; the answer is looked at and left."""
    till.keys("Enter")
    expect(till.page.locator("form.ask-givenBack")).to_be_visible(timeout=PATIENCE_MS)
    looks(till.page)
    till.keys("Enter")
    expect(till.page.locator("dialog")).to_have_count(0)


def test_a_sale_is_given_to_its_member_and_a_part_of_it_comes_back(
    staffed_till: Till, tmp_path: Path
) -> None:
    till = staffed_till
    first = given_to_its_member(till, tmp_path / "approval.png")

    asked(till, "return")
    till.scan(f"LES:{first}")
    expect(till.part("back-line")).to_have_count(2, timeout=PATIENCE_MS)
    till.keys("Enter")
    expect(till.page.get_by_role("alert")).to_contain_text("Виберіть", timeout=PATIENCE_MS)
    till.keys("+", "+", "+", "-")
    till.shows("refund", "27,50")
    till.shows("reversed", "1,38")
    fits(till.page)
    readable(till.page)
    till.page.screenshot(path=str(tmp_path / "return.png"))
    given_back(till, readable)
    expect(till.part("result")).to_have_count(0)

    sold(till, BREAD)
    till.keys("Enter")
    till.scan(CARD)
    till.shows("name", "Олена К.")
    asked(till, "return")
    till.enter("0671234567")
    expect(till.part("back-line")).to_have_count(2, timeout=PATIENCE_MS)
    till.keys("a")
    till.shows("refund", "157,40")
    given_back(till, fits)
    asked(till, "return")
    till.enter("no-such-receipt")
    expect(till.page.get_by_role("alert")).to_contain_text("Такого чека", timeout=PATIENCE_MS)
    assert only_refusals(till)


def test_a_shift_that_grows_old_warns_on_the_strip(staffed_till: Till) -> None:
    till = staffed_till
    till.shows("cashier", "Олена К.")
    expect(till.part("shift-warning")).to_have_count(0)
    assert till.rig.agent is not None
    shift = till.rig.agent.shift
    late = shift._monotonic() + 23 * 3600 + 60
    shift._monotonic = lambda: late
    till.rig.agent.beat()
    till.shows("shift-warning", "Зміна понад 23 год")
    fits(till.page)
    readable(till.page)
