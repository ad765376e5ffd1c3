"""Goods that come back to Odoo's till, whole and in part, and orders that are put aside."""

from __future__ import annotations

from playwright.sync_api import expect

from integrations.odoo.e2e.bench import AgentProcess, TillPage, until
from integrations.odoo.e2e.scenarios import BOOK, BREAD, MILK
from tests.support.rig import CARD, OTHER_CARD

SHOT = "bench/out/odoo/refund.png"


def refund_of_part(till: TillPage, agent: AgentProcess) -> None:
    """The bread of three goods comes back: its money, its promotion, its bonuses, no others."""
    sale_id = _sold_with_bonuses(till, agent)
    sold = {line["name"].split()[0]: line for line in agent.sale(sale_id)["lines"]}
    refund_id, asked = _refund(till, sale_id, BREAD)
    assert asked == -sold[BREAD]["paid_minor"], (asked, sold[BREAD])
    told = _returned(till, agent, sale_id, refund_id)
    assert told["refund_minor"] == -asked, told
    assert [line["qty_milli"] for line in told["lines"]] == [1000]
    assert not told["is_complete"]
    assert told["restored_points"] == told["lines"][0]["redeemed_minor"] > 0


def refund_of_all(till: TillPage, agent: AgentProcess) -> None:
    """All three come back, in Odoo too: the buyer has all their money and all their bonuses."""
    sale_id = _sold_with_bonuses(till, agent)
    sale = agent.sale(sale_id)
    refund_id, asked = _refund(till, sale_id, MILK, BREAD, BOOK)
    assert asked == -sale["payable_minor"], (asked, sale["payable_minor"])
    told = _returned(till, agent, sale_id, refund_id)
    assert told["refund_minor"] == sale["payable_minor"]
    assert told["restored_points"] == sale["redeemed_minor"]
    assert told["is_complete"]


def refund_with_a_dead_agent(till: TillPage, agent: AgentProcess) -> None:
    """The till gives the money back by Odoo's own lines; the agent hears of it once, when back."""
    till.add(BREAD)
    sale_id = till.sale_id()
    till.to_payment()
    till.pay()
    until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    till.next_order()
    agent.kill()
    refund_id, asked = _refund(till, sale_id, BREAD, "Promotions")
    assert asked == -2_475, asked
    assert agent.facts(sale_id)[1:] == []
    agent.start()
    till.rest_is_over()
    told = _returned(till, agent, sale_id, refund_id)
    assert told["refund_minor"] == 2_475, told


def two_orders_put_aside(till: TillPage, agent: AgentProcess) -> None:
    """Two buyers by turns: each order is a sale of its own with its own member and price."""
    till.add(MILK)
    first = till.sale_id()
    till.identify(CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Олена К.")
    till.close_window()
    till.to_payment()
    priced = agent.sale(first)["quote_id"]
    till.page.locator(".payment-screen .back-button").click()
    till.new_order()
    till.add(BREAD)
    second = till.sale_id()
    assert second != first
    till.identify(OTHER_CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Ігор Ґ.")
    till.close_window()
    till.take_up(first)
    until("the quote of the order taken up", lambda: agent.sale(first)["state"] == "open")
    expect(till.page.locator("button.loyalty-edge").first).to_contain_text("Олена")
    for sale_id, name, due in ((first, "Олена К.", 4_131), (second, "Ігор Ґ.", 2_475)):
        if till.sale_id() != sale_id:
            till.take_up(sale_id)
        till.to_payment()
        assert round(till.total() * 100) == due
        till.pay()
        until("the sale", lambda sale_id=sale_id: agent.sale(sale_id).get("state") == "posted")
        assert agent.sale(sale_id)["member"]["name"] == name
        assert len(agent.facts(sale_id)) == 1
        till.next_order()
    assert priced


AFTER_SALE = (refund_of_part, refund_of_all, refund_with_a_dead_agent, two_orders_put_aside)


def _sold_with_bonuses(till: TillPage, agent: AgentProcess) -> str:
    till.add(MILK, BREAD, BOOK)
    sale_id = till.sale_id()
    till.identify(CARD)
    expect(till.page.locator(".loyalty-edge-name")).to_have_text("Олена К.")
    till.page.locator("button.loyalty-edge-25").click()
    until("the redemption", lambda: agent.sale(sale_id).get("redeemed_minor"))
    till.close_window()
    till.to_payment()
    till.pay()
    until("the sale", lambda: agent.sale(sale_id).get("state") == "posted")
    till.next_order()
    return sale_id


def _refund(till: TillPage, sale_id: str, *names: str) -> tuple[str, int]:
    """The refund's own number and its total in kopecks, paid out in cash."""
    till.refund(sale_id, *names)
    refund_id, asked = till.sale_id(), round(till.total() * 100)
    till.page.screenshot(path=SHOT)
    till.pay()
    till.next_order()
    return refund_id, asked


def _returned(
    till: TillPage, agent: AgentProcess, sale_id: str, refund_id: str
) -> dict[str, object]:
    """The one fact of the return in the ledger; Odoo has the refund with the same money."""

    def facts() -> list[dict[str, object]]:
        till.page.evaluate("() => posmodel.loyaltyAgent.flush()")
        return [fact for fact in agent.facts(sale_id) if fact.get("return_id") == refund_id]

    found: list[dict[str, object]] = until("the return", facts)
    assert len(found) == 1, found
    rows = till.odoo.query(
        f"SELECT round(amount_total * 100) FROM pos_order WHERE uuid = '{refund_id}'"
    )
    assert rows == [[str(-int(str(found[0]["refund_minor"])))]], (rows, found)
    return found[0]
