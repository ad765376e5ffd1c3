"""Kills at named points of a checkout in Odoo's till: the agent, Odoo, both.

`python -m integrations.odoo.e2e.kills [POINT-NUMBER...]` kills with SIGKILL, leaves dead what it
killed until the receipt is on the screen, starts it again, and judges: the buyer left with a
receipt at the price they were asked for; Odoo has the order once; the agent's ledger has exactly
one fact of it with that money when the till had its quote, and none when it sold at its own prices.
Prints a table (Markdown), keeps it in `bench/out/odoo/kills.md`; exit 1 when a cell failed.
"""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from datetime import UTC, datetime

from playwright.sync_api import Page

from edge_agent.ledger.cache import Cache
from integrations.odoo.e2e.bench import OUT, AgentProcess, TillPage, until
from integrations.odoo.e2e.checkout import POINTS, SHELF_MINOR, Checkout, Point
from integrations.odoo.e2e.opened import new_agent, opened_till
from sync.contract.feed import FeedRow

VICTIMS = ("agent", "odoo", "agent and odoo")
PURSE_POINTS = 5_000_000


def main() -> int:
    """Every victim at every point, or at those that are named."""
    wanted = [POINTS[int(number) - 1] for number in sys.argv[1:]] or list(POINTS)
    agent = new_agent()
    _fill_the_purse(agent)
    with opened_till(agent) as till:
        _close_outage_notices(till.page)
        cells = _campaign(till, agent, wanted)
    return _told(wanted, cells)


def _campaign(till: TillPage, agent: AgentProcess, points: list[Point]) -> dict[str, list[str]]:
    cells: dict[str, list[str]] = {}
    for point in points:
        row = cells[point.name] = []
        for victim in VICTIMS:
            began = time.monotonic()
            row.append(_cell(till, agent, point, victim))
            took = time.monotonic() - began
            print(f"{row[-1]:14} {victim:15} {point.name} ({took:.1f} s)", flush=True)
    return cells


def _cell(till: TillPage, agent: AgentProcess, point: Point, victim: str) -> str:
    """What came of one checkout, or `FAILED`."""

    def kill() -> None:
        if "agent" in victim:
            agent.kill()
        if "odoo" in victim:
            till.odoo.kill()

    checkout = Checkout(till, point, kill, victim)
    try:
        checkout.run()
        _bring_back(till, agent)
        found = _judged(till, agent, checkout)
        till.next_order()
    except Exception:  # noqa: BLE001 - the next cell is to run all the same
        traceback.print_exc()
        till.page.screenshot(path=str(OUT / "kill_failed.png"))
        till.page.unroute_all(behavior="ignoreErrors")
        _bring_back(till, agent)
        till.start_over()
        return "FAILED"
    return found


def _bring_back(till: TillPage, agent: AgentProcess) -> None:
    if agent.process is None:
        agent.start()
    if till.odoo.process is None:
        till.odoo.start()
    till.rest_is_over()


def _judged(till: TillPage, agent: AgentProcess, checkout: Checkout) -> str:
    """The cell; an assertion says what was wrong."""
    sale_id = checkout.sale_id

    def in_odoo() -> list[list[str]]:
        with contextlib.suppress(Exception):  # Odoo's own words for an outage differ by the moment
            till.page.evaluate(
                "async () => { await posmodel.data.checkConnectivity();"
                " await posmodel.syncAllOrders(); }"
            )
        return till.odoo.query(
            "SELECT state, round(amount_total * 100), count(*) OVER () FROM pos_order"
            f" WHERE uuid = '{sale_id}' AND state <> 'draft'"
        )

    rows = until("the order in Odoo", in_odoo)
    assert rows == [["paid", str(checkout.asked_minor), "1"]], (rows, checkout.asked_minor)
    has_quote = bool(
        till.page.evaluate(
            "id => posmodel.models['pos.order'].getBy('uuid', id).uiState.loyaltyEdge.fingerprint",
            sale_id,
        )
    )

    def told() -> bool:
        till.page.evaluate("() => posmodel.loyaltyAgent.flush()")
        waits = till.page.evaluate("() => posmodel.loyaltyAgent.unsent().length")
        return not waits and bool(agent.facts(sale_id)) == has_quote

    until("a ledger that agrees with the till", told)
    facts = agent.facts(sale_id)
    if not has_quote:
        assert checkout.asked_minor == SHELF_MINOR, checkout.asked_minor
        return "own price, 0"
    assert len(facts) == 1, facts
    assert facts[0]["payable_minor"] == checkout.asked_minor, (facts, checkout.asked_minor)
    assert sum(tender["amount_minor"] for tender in facts[0]["tenders"]) == checkout.asked_minor
    redeemed = bool(facts[0]["redeemed_minor"])
    who = "bonuses" if redeemed else "member" if facts[0]["member_id"] else "promotion"
    return f"{who}, 1"


def _fill_the_purse(agent: AgentProcess) -> None:
    """More bonuses than the whole campaign spends."""
    member = {"member_id": 101, "name": "Олена К.", "balance_points": PURSE_POINTS}
    lease = {
        "lease_id": "R1.1.101",
        "member_id": 101,
        "register_id": "R1",
        "epoch": 1,
        "granted_points": PURSE_POINTS,
        "state": "open",
    }
    cache = Cache(agent.rig.folder / "data" / "cache.db")
    cache.apply_rows(
        [
            FeedRow(kind="member", key="101", version=2, body=member),
            FeedRow(kind="lease", key="R1.1.101", version=2, body=lease),
        ]
    )
    cache.close()


def _close_outage_notices(page: Page) -> None:
    """Odoo says in a window that it is offline; the cashier goes on with one touch."""
    notice = page.locator(".modal", has_text="Connection Lost")
    page.add_locator_handler(
        notice, lambda: notice.get_by_role("button", name="Continue").first.click()
    )


def _told(points: list[Point], cells: dict[str, list[str]]) -> int:
    lines = ["| killed at | " + " | ".join(VICTIMS) + " |", "|---|---|---|---|"]
    lines += [f"| {point.name} | " + " | ".join(cells[point.name]) + " |" for point in points]
    text = "\n".join(lines)
    (OUT / "kills.md").write_text(text + "\n", encoding="utf-8")
    print(text)
    results = [cell for row in cells.values() for cell in row]
    right = sum(cell != "FAILED" for cell in results)
    today = datetime.now(UTC).date()
    print(f"kills in Odoo's till: {right} of {len(results)} cells right ({today})")
    return 0 if right == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
