"""What a cashier does with Odoo's till and our members, step by step."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import TimeoutError, expect

from integrations.odoo.e2e.bench import AgentProcess, TillPage, until
from tests.support.rig import CARD, OTHER_CARD

MILK, BREAD, BOOK = "Молоко", "Хліб", "Книга"
ALL_GROSS = 45.90 + 27.50 + 100.00


def stranger_gets_promotions(till: TillPage, agent: AgentProcess) -> None:
    """No member: prices by the agent, one promotion line for each tax group, the sale told."""
    till.add(MILK, BREAD, BOOK)
    sale_id = till.sale_id()
    till.to_payment()
    sale = agent.sale(sale_id)
    assert sale["discount_minor"] == 1_734, sale["discount_minor"]
    assert _minor(till.total()) == sale["payable_minor"]
    till.pay()
    posted = until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    assert posted
    till.next_order()


def taxes_fall_with_the_price(till: TillPage, agent: AgentProcess) -> None:
    """The tax base of every group falls by exactly our part of it."""
    till.add(MILK, BREAD, BOOK)
    sale_id = till.sale_id()
    till.to_payment()
    groups: list[dict[str, int]] = till.page.evaluate(
        """() => {
            const found = {};
            for (const line of posmodel.getOrder().lines) {
                const key = line.tax_ids.map((tax) => tax.name).join();
                found[key] ??= { key, incl: 0, excl: 0 };
                found[key].incl += Math.round(line.priceIncl * 100);
                found[key].excl += Math.round(line.priceExcl * 100);
            }
            return Object.values(found);
        }"""
    )
    told = agent.sale(sale_id)
    paid = {line["name"].split()[0]: line["paid_minor"] for line in told["lines"]}
    by_group = {group["key"]: group for group in groups}
    for name, tax, percent in ((MILK, "ПДВ 20 %", 20), (BREAD, "ПДВ 7 %", 7), (BOOK, "Без ПДВ", 0)):
        group = by_group[tax]
        assert group["incl"] == paid[name], (tax, group, paid)
        assert abs(group["excl"] - group["incl"] * 100 / (100 + percent)) <= 1, (tax, group)
    till.pay("Card")
    till.next_order()


def member_redeems_and_reads_it_on_the_receipt(till: TillPage, agent: AgentProcess) -> None:
    """Typed card, half in bonuses, the total falls, the receipt says what was earned."""
    till.add(MILK, BREAD, BOOK)
    sale_id = till.sale_id()
    till.identify(CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Олена К.")
    till.page.locator("button.loyalty-edge-100").click()
    until("the redemption", lambda: agent.sale(sale_id).get("redeemed_minor"))
    till.page.screenshot(path="bench/out/odoo/member_window.png")
    till.close_window()
    till.close_notices()
    till.page.set_viewport_size({"width": 1280, "height": 1100})  # all lines are on the screen
    till.page.screenshot(path="bench/out/odoo/lines.png")
    till.page.set_viewport_size({"width": 1280, "height": 800})
    till.to_payment()
    sale = agent.sale(sale_id)
    assert sale["redeemed_minor"] > 0
    assert _minor(till.total()) == sale["payable_minor"]
    till.pay()
    until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    till.page.wait_for_selector(".loyalty-edge-receipt")
    text = till.page.locator(".loyalty-edge-receipt").inner_text().lower()
    assert "бонус" in text, text
    till.close_notices()
    till.page.set_viewport_size({"width": 1280, "height": 1500})  # the whole paper is on the screen
    till.page.locator(".pos-receipt").first.screenshot(path="bench/out/odoo/receipt.png")
    till.page.set_viewport_size({"width": 1280, "height": 800})
    till.next_order()


def card_scanned_by_the_tills_own_reader(till: TillPage, agent: AgentProcess) -> None:
    """A keyboard-wedge scan goes through Odoo's reader to the agent."""
    till.add(MILK)
    sale_id = till.sale_id()
    for key in OTHER_CARD:
        till.page.keyboard.type(key, delay=5)
    till.page.keyboard.press("Enter")
    until("the member", lambda: (agent.sale(sale_id).get("member") or {}).get("name"))
    assert agent.sale(sale_id)["member"]["name"] == "Ігор Ґ."
    till.to_payment()
    till.pay()
    until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    till.next_order()


def another_member_is_asked_about(till: TillPage, agent: AgentProcess) -> None:
    """A second card does not silently take the sale over."""
    till.add(BREAD)
    sale_id = till.sale_id()
    till.identify(CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Олена К.")
    till.page.locator(".modal input").fill(OTHER_CARD)
    till.page.keyboard.press("Enter")
    till.page.locator(".modal-footer button", has_text="Ok").last.click()
    until("the swap", lambda: agent.sale(sale_id)["member"]["name"] == "Ігор Ґ.")
    till.close_window()
    till.to_payment()
    till.pay()
    till.next_order()


def goods_added_after_the_quote_are_priced(till: TillPage, agent: AgentProcess) -> None:
    """Back from the payment, one more good, pay again: the quote follows, no line doubles."""
    till.add(MILK)
    sale_id = till.sale_id()
    till.to_payment()
    till.page.locator(".payment-screen .back-button").click()
    till.add(BOOK)
    till.to_payment()
    sale = agent.sale(sale_id)
    assert sale["gross_minor"] == 14_590
    assert _minor(till.total()) == sale["payable_minor"]
    till.pay()
    until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    till.next_order()


def agent_dead_before_the_sale(till: TillPage, agent: AgentProcess) -> None:
    """The sale goes on without the programme, at the till's own price."""
    agent.kill()
    try:
        till.add(MILK)
        till.to_payment()
        assert _minor(till.total()) == 4_590
        till.pay()
        till.next_order()
    finally:
        agent.start()
        till.rest_is_over()


def agent_dead_between_quote_and_payment(till: TillPage, agent: AgentProcess) -> None:
    """The price that was shown stands; the agent hears of the sale when it is back."""
    till.add(MILK, BREAD)
    sale_id = till.sale_id()
    till.to_payment()
    shown = till.total()
    agent.kill()
    till.pay()
    agent.start()
    assert _minor(shown) == 6_606
    till.next_order()
    till.rest_is_over()
    assert len(till.page.evaluate("() => posmodel.loyaltyAgent.unsent()")) == 1

    def told() -> bool:
        till.page.evaluate("() => posmodel.loyaltyAgent.flush()")
        return bool(agent.sale(sale_id).get("state") == "posted")

    until("the sale", told)
    assert till.page.evaluate("() => posmodel.loyaltyAgent.unsent()") == []


def odoo_dead_the_sale_is_whole(till: TillPage, agent: AgentProcess) -> None:
    """Odoo's server is gone: the sale is priced, paid and committed at the agent all the same."""
    till.odoo.kill()
    try:
        till.add(MILK, BOOK)
        sale_id = till.sale_id()
        till.to_payment()
        till.pay()
        until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
        _close_notice(till)
        till.next_order()
    finally:
        till.odoo.start()


def both_dead_the_till_still_sells(till: TillPage, agent: AgentProcess) -> None:
    """Neither server: the till sells at its own prices."""
    till.odoo.kill()
    agent.kill()
    try:
        till.add(BREAD)
        till.to_payment()
        assert _minor(till.total()) == 2_750
        till.pay()
        _close_notice(till)
        till.next_order()
    finally:
        agent.start()
        till.odoo.start()
        till.rest_is_over()


def reloaded_page_keeps_the_member(till: TillPage, agent: AgentProcess) -> None:
    """The page is reloaded in the middle of a sale: member and sale are still there."""
    till.add(BREAD)
    sale_id = till.sale_id()
    until("the order in the browser's store", lambda: till.kept(sale_id))
    till.identify(CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Олена К.")
    till.close_window()
    until("the member in the browser's store", lambda: "Олена" in till.kept(sale_id))
    till.page.reload()
    till.enter()
    assert till.sale_id() == sale_id
    expect(till.page.locator("button.loyalty-edge").first).to_contain_text("Олена")
    till.to_payment()
    till.pay()
    until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    assert agent.sale(sale_id)["member"]["name"] == "Олена К."
    till.next_order()


def the_window_in_ukrainian(till: TillPage, agent: AgentProcess) -> None:
    """A cashier whose language is Ukrainian reads our window in it."""
    till.odoo.kill()
    till.odoo.query(
        "UPDATE res_partner SET lang = 'uk_UA' WHERE id = "
        "(SELECT partner_id FROM res_users WHERE login = 'admin')"
    )
    till.odoo.start()
    till.page.reload()
    till.enter()
    till.add(BREAD)
    till.identify(CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Олена К.")
    expect(till.page.locator(".modal-title")).to_have_text("Бонуси")
    assert "можна списати зараз" in till.page.locator(".modal-body").inner_text()
    till.page.screenshot(path="bench/out/odoo/window_uk.png")
    assert agent.sale(till.sale_id())["member"]["name"] == "Олена К."


SCENARIOS = (
    stranger_gets_promotions,
    taxes_fall_with_the_price,
    member_redeems_and_reads_it_on_the_receipt,
    card_scanned_by_the_tills_own_reader,
    another_member_is_asked_about,
    goods_added_after_the_quote_are_priced,
    reloaded_page_keeps_the_member,
    agent_dead_before_the_sale,
    agent_dead_between_quote_and_payment,
    odoo_dead_the_sale_is_whole,
    both_dead_the_till_still_sells,
    the_window_in_ukrainian,
)


def _minor(amount: float) -> int:
    return round(amount * 100)


def _close_notice(till: TillPage) -> None:
    """Odoo says once in an outage that it is offline; two outages may be one to it."""
    notice = till.page.locator(".modal-footer button:visible").first
    with suppress(TimeoutError):
        notice.click(timeout=20_000)
    expect(till.page.locator(".modal")).to_have_count(0, timeout=60_000)
