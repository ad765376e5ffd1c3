"""`python -m bench.cashier_time`: a hundred scripted sales on the cashier's screen in Chromium.

Keys come as fast as the screen takes them, so the seconds are the machine's share of a sale; a
person's share is the keystroke-level model of the same keys and acts. What is printed is what
`edge-agent cashier-time` prints of that register. Budgets: every sale is told, and its keys are no
more than the dialogue needs (scan 2, phone 13, none 1:
Enter starts a scanned member's sale, F8 pays).
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from bench.report import Row, finish
from edge_agent.cashier_pace import figures
from edge_agent.commands.cashier_time import table
from edge_agent.ledger.screen_file import paces
from tests.integration.panel.conftest import ARGUMENTS, CHROMIUM, Till, opened, stocked
from tests.integration.panel.shop import BREAD, COFFEE, MILK, PHONE
from tests.support.live_register import until
from tests.support.rig import CARD, Rig

SALES = {"card": 40, "phone": 30, "none": 30}
MOST_KEYS = {"card": 2, "phone": 13, "none": 1}
SEED = 20261122
PATIENCE_MS = 20_000


def one_sale(till: Till, way: str, goods: list[str]) -> None:
    """Identify, scan the goods, take exact cash, go on."""
    if way == "card":
        till.scan(CARD)
    elif way == "phone":
        till.enter(PHONE)
    if way != "none":
        expect(till.part("start")).to_be_visible(timeout=PATIENCE_MS)
        till.keys("Enter")
        expect(till.part("start")).to_have_count(0, timeout=PATIENCE_MS)
    for number, code in enumerate(goods, start=1):
        till.scan(code)
        expect(till.part("line")).to_have_count(number, timeout=PATIENCE_MS)
    till.keys("F8")
    expect(till.part("next")).to_be_visible(timeout=PATIENCE_MS)
    till.keys("Enter")
    expect(till.part("result")).to_have_count(0, timeout=PATIENCE_MS)


def hundred(rig: Rig, browser: Browser) -> None:
    """All sales in an order drawn from the seed."""
    chance = random.Random(SEED)
    order = [way for way, count in SALES.items() for _ in range(count)]
    chance.shuffle(order)
    with opened(rig, browser) as till:
        for number, way in enumerate(order, start=1):
            one_sale(till, way, chance.sample([MILK, BREAD, COFFEE], chance.randint(1, 3)))
            until("the sale is told", lambda count=number: len(paces(rig.folder / "data")) >= count)


def main() -> int:
    """Sell, print the command's table and the budgets; 2 without Chromium."""
    if CHROMIUM is None:
        print("cashier_time: needs Chromium on the PATH", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="bench-cashier-time-") as folder:
        rig = stocked(Path(folder))
        rig.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                hundred(rig, browser)
                browser.close()
            found = figures(paces(rig.folder / "data"))
        finally:
            rig.stop()
    print("\n".join(table(found)))
    told = sum(each.sales for each in found)
    rows = [Row("sales not told", sum(SALES.values()) - told, 0.5, "")]
    rows += [
        Row(f"keys of a sale, {each.way}", each.median_keys, MOST_KEYS[each.way], "keys")
        for each in found
    ]
    return finish("cashier_time", rows)


if __name__ == "__main__":
    sys.exit(main())
