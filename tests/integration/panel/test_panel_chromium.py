"""The cashier's screen in a real browser, on a real register: a sale by keyboard alone."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.panel.conftest import Till, panel_link
from tests.integration.panel.shop import BREAD, CHEESE, COFFEE, MILK, PHONE
from tests.support.rig import CARD, OTHER_CARD, Rig, answer, line

pytestmark = pytest.mark.browser


def test_a_whole_sale_by_keyboard_alone(till: Till, tmp_path: Path) -> None:
    assert till.page.url == f"{till.rig.url}/panel/", "the code leaves the address bar"

    till.scan(CARD)
    till.shows("name", "Олена К.")
    assert till.text("balance") == "1 234,50"
    assert "станом на" in till.text("as-of"), "offline, so the balance tells its age"
    expect(till.part("birthday")).to_be_visible()

    till.keys("Enter")
    expect(till.part("start")).to_have_count(0)
    till.enter(MILK)
    till.enter("0,345*" + CHEESE)
    till.page.keyboard.type("галка")
    expect(till.page.locator("#found li")).to_have_count(1)
    till.keys("Enter", "+", "+")
    till.shows("lines", "3 шт")
    till.shows("promotions", "Кава: 3 за ціною 2")
    till.shows("promotions", "Молочне −10 %")
    till.shows("hints", "ще на")

    till.keys("F4")
    till.shows("redeem-now", "списано")
    sale = till.state()["sale"]
    assert sale["redeemed_minor"] > 0
    assert sale["member"]["member_id"] == 101
    till.page.screenshot(path=str(tmp_path / "sale.png"))

    till.keys("F3")
    till.page.keyboard.type("1000")
    change = 100_000 - sale["payable_cash_minor"]
    till.shows("change-preview", f"{change // 100},{change % 100:02d}")
    till.keys("Enter")
    till.shows("change", f"{change // 100},{change % 100:02d}")
    till.shows("paid", "1 000,00")
    done = till.state()["sale"]
    assert done["state"] == "posted"
    assert done["result"]["redeemed_points"] == sale["redeem"]["redeemed_points"]
    till.shows("queue", "1")
    till.page.screenshot(path=str(tmp_path / "result.png"))

    till.keys("Enter")
    expect(till.part("result")).to_have_count(0)
    assert till.console == []
    assert till.foreign == []
    assert (tmp_path / "sale.png").stat().st_size > 10_000


def test_quick_presses_add_up_and_del_removes(till: Till) -> None:
    till.enter(BREAD)
    till.shows("lines", "1 шт")
    till.keys("+", "+", "+", "+", "-")
    till.shows("lines", "4 шт")
    till.enter(MILK)
    expect(till.part("line")).to_have_count(2)
    till.keys("ArrowUp", "Delete")
    expect(till.part("line")).to_have_count(1)
    assert [item["sku"] for item in till.state()["sale"]["lines"]] == ["milk"]
    till.keys("F10", "Enter")
    expect(till.part("line")).to_have_count(0)
    assert till.state()["sale"]["state"] == "cancelled"


def test_a_redemption_is_typed_shared_and_taken_back(till: Till) -> None:
    till.scan(CARD)
    till.keys("F2")
    till.enter(COFFEE)
    till.shows("redeem-now", "до 64,95")
    till.keys("F5")
    till.enter("12,5")
    till.shows("redeemed", "12,50")
    till.keys("F5")
    till.enter("50%")
    till.shows("redeemed", "32,47")
    till.keys("Escape")
    till.shows("redeem-now", "до 64,95")
    assert till.state()["sale"]["redeemed_minor"] == 0
    till.part("share-25").click()
    till.shows("redeemed", "16,23")
    till.keys("F7")
    till.shows("spent", "16,23")
    assert till.state()["sale"]["result"]["change_minor"] == 0


def test_cash_is_rounded_and_change_is_counted_from_it(till: Till) -> None:
    till.enter("0,345*" + CHEESE)
    till.shows("payable", "133,21")
    till.shows("cash", "133,00")
    till.keys("F8")
    till.shows("paid", "133,00")
    till.shows("change", "0,00")
    result = till.state()["sale"]["result"]
    assert (result["payable_minor"], result["rounding_minor"]) == (13_300, -21)


def test_a_typed_phone_earns_and_the_screen_says_why_it_does_not_redeem(till: Till) -> None:
    for text, why in (("044 123 45 67", "міський номер"), ("067 123 45", "перевірте цифри")):
        till.enter(text)
        till.shows("notice", why)
    till.enter(f"8 ({PHONE[:3]}) {PHONE[3:6]}-{PHONE[6:8]}-{PHONE[8:]}")
    till.shows("name", "Юлія Ї.")
    till.keys("Enter")
    till.enter(BREAD)
    till.keys("F4")
    till.shows("reason", "бонуси лише нараховуються")
    assert till.state()["sale"]["redeem"]["reason"] == "identification_too_weak"
    till.keys("F8")
    till.shows("earned", "1,37")


def test_a_second_member_is_offered_and_taken_with_f6(till: Till) -> None:
    till.scan(CARD)
    till.keys("Enter")
    till.enter(BREAD)
    expect(till.part("line")).to_have_count(1)
    till.scan(OTHER_CARD)
    till.shows("replace", "Ігор Ґ.")
    assert till.text("name") == "Олена К."
    till.keys("F6")
    till.shows("name", "Ігор Ґ.")
    expect(till.part("blocked")).to_be_visible()
    expect(till.part("redeem-max")).to_be_disabled()


def test_a_sale_of_the_pos_is_shown_and_not_edited(till: Till) -> None:
    sale_id = str(uuid.uuid4())
    body = {
        "identity": {"code": CARD, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 2_750, 2), line(2, "milk", 4_590)]},
    }
    answer(till.rig.http.post(f"/v1/sales/{sale_id}/open", json=body))
    expect(till.part("line")).to_have_count(2)
    till.keys("+", "Delete", "F8", "F7", "F3")
    expect(till.part("pay-cash")).to_have_count(0)
    expect(till.page.locator("dialog")).to_have_count(0)
    till.keys("F4")
    till.shows("redeem-now", "списано")
    sale = till.state()["sale"]
    assert (sale["sale_id"], sale["state"]) == (sale_id, "open")
    assert [item["qty_milli"] for item in sale["lines"]] == [2_000, 1_000]


def test_the_language_is_one_key(till: Till) -> None:
    till.keys("F9")
    till.shows("link", "Offline")
    assert till.page.evaluate("document.documentElement.lang") == "en"
    till.keys("F9")
    expect(till.page.locator(".strip")).to_contain_text("Drukarka")
    assert till.page.evaluate("document.documentElement.lang") == "pl"
    till.keys("F9")
    till.shows("link", "Офлайн")


def test_a_link_works_once_and_nothing_is_kept(shop: Rig, chromium: Browser) -> None:
    link = shop.url + panel_link(shop)
    page = chromium.new_page()
    page.goto(link)
    page.locator("#entry").wait_for()
    kept = page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    page.reload()
    expect(page.locator("[data-test=login]")).to_contain_text("edge-agent panel")
    page.goto(link)
    expect(page.locator("[data-test=login]")).to_contain_text("вже використали")
    page.close()


def test_a_dead_agent_is_shown_at_once_and_its_return_too(till: Till) -> None:
    till.scan(CARD)
    till.shows("name", "Олена К.")
    till.lose_agent()
    till.shows("gone", "продавайте без бонусів")
    till.bring_agent_back()
    expect(till.part("gone")).to_have_count(0, timeout=15_000)
    till.keys("Enter")
    expect(till.part("start")).to_have_count(0)
    assert till.state()["sale"]["member"]["member_id"] == 101
