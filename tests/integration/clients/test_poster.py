"""The bundle for Poster POS in Chromium, over a real agent and the platform's contract."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.live_register import until
from tests.support.rig import CARD, PHONE, TOKEN, Rig

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.browser
ORDER = 1_763_800_000_123
SHOP = {
    "orders": {},
    "clients": {"5": {"id": 5, "firstname": "Олена", "cardNumber": CARD, "phone": PHONE}},
    "products": {
        "1": {"id": 1, "price": 45.9, "nodiscount": 0, "weightFlag": 0, "barcode": "4820000000017"},
        "2": {"id": 2, "price": 27.5, "nodiscount": 0, "weightFlag": 0, "barcode": ""},
        "3": {"id": 3, "price": 20.04, "nodiscount": 1, "weightFlag": 0, "barcode": ""},
        "4": {"id": 4, "price": 0.2, "nodiscount": 0, "weightFlag": 1, "barcode": ""},
    },
}
RULES: dict[str, Any] = {
    "programme": {"redeem_max_share_bp": 5_000, "accrual_valid_days": 365},
    "promotions": [
        {
            "promotion_id": "all10",
            "name": {"uk": "Усе −10 %", "en": "All −10 %"},
            "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 1000},
        }
    ],
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("poster") / "bundle.js"
    made = [sys.executable, str(ROOT / "integrations" / "poster" / "bundle.py"), str(target)]
    subprocess.run(made, check=True)
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no `chromium` on the PATH")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, RULES)
    with rig.config.open("a", encoding="utf-8") as settings:
        settings.write("[till]\ncash_rounding = 10\n")
    rig.start()
    yield rig
    rig.stop()


class Till:
    """A page of the till with the app loaded; requests leave it through the till itself."""

    def __init__(self, browser: Browser, bundle: str, url: str) -> None:
        # Storage needs an origin; nothing is loaded from it.
        self.page: Page = browser.new_context().new_page()
        self.page.route("**/*", lambda route: route.fulfill(body="<body></body>"))
        self.page.goto("http://poster.test/")
        self.page.expose_function("nativeRequest", _native)
        self.page.evaluate("(shop) => { window.shop = shop; }", json.loads(json.dumps(SHOP)))
        fake = ROOT / "tests" / "support" / "fake_poster.js"
        self.page.add_script_tag(content=fake.read_text(encoding="utf-8"))
        extras = {"loyaltyUrl": url, "loyaltyToken": TOKEN}
        self.page.evaluate("(given) => { Poster.settings.spotTabletExtras = given; }", extras)
        self.page.add_script_tag(content=bundle)

    def do(self, code: str) -> Any:
        return self.page.evaluate(f"(async () => {{ {code} }})()")

    def order(self, *items: tuple[int, float], at: int = ORDER, **more: float) -> None:
        goods = json.dumps([{"id": key, "count": count} for key, count in items])
        self.do(f"till.newOrder({at}, {goods}, {json.dumps(more)})")

    def seen(self, what: str) -> Any:
        return self.do(f"return till.seen.{what}")

    def press(self, label: str) -> None:
        """A button of the popup, while the Pay button waits."""
        self.page.locator(".loyalty button", has_text=label).click(timeout=20_000)

    def pay(self, means: str, choice: str = "", at: int = ORDER) -> dict[str, Any]:
        self.do(f"window.going = till.pressPay({at})")
        if choice:
            self.press(choice)
        assert self.do("return await window.going") is True
        done: dict[str, Any] = self.do(f"return await till.close({at}, '{means}')")
        return done

    def sale_id(self, at: int = ORDER) -> str:
        return str(self.do(f"return loyaltyApp.entry({at}).sale.id"))


def _native(url: str, options: dict[str, Any]) -> dict[str, Any]:
    """The till's own HTTP: no origin, no page's rules; code 0 is a time-out or nobody there."""
    headers = dict(line.split(": ", 1) for line in options["headers"])
    body = json.dumps(options["data"]) if "data" in options else None
    try:
        done = httpx.request(
            options["method"],
            url,
            headers=headers,
            content=body,
            timeout=options["timeout"] / 1000,
            trust_env=False,
        )
    except httpx.HTTPError:
        return {"result": False, "code": 0}
    return {"result": done.json(), "code": done.status_code}


@pytest.fixture
def till(browser: Browser, bundle: str, register: Rig) -> Iterator[Till]:
    made = Till(browser, bundle, register.url)
    yield made
    made.page.context.close()


def status(register: Rig, sale_id: str) -> dict[str, Any]:
    found: dict[str, Any] = register.http.get(f"/v1/sales/{sale_id}/status").json()
    return found


def test_a_member_redeems_and_pays_in_rounded_cash(till: Till, register: Rig) -> None:
    till.order((1, 1), (2, 1), (4, 350))
    till.do(f"await till.attach({ORDER}, 5)")
    done = till.pay("payedCash", "25 %")
    view = status(register, till.sale_id())
    assert done["end"] == "confirmed"
    assert view["state"] == "posted" or view["state"] == "committed"
    assert view["gross_minor"] == 4_590 + 2_750 + 7_000
    assert [line["qty_milli"] for line in view["lines"]] == [1000, 1000, 350]
    assert view["member"]["name"] == "Олена К."
    assert view["redeem"]["redeemed_points"] > 0
    bonus = till.seen("bonuses")[-1]
    assert round(bonus * 100) == view["gross_minor"] - view["payable_minor"]
    assert round(done["paid"] * 100) == view["payable_cash_minor"]
    assert done["paid"] * 10 == pytest.approx(round(done["paid"] * 10))
    assert till.seen("comments")[-1].startswith("Олена К.: списано")


def test_goods_without_discount_stay_outside_of_the_quote(till: Till, register: Rig) -> None:
    till.order((1, 1), (3, 1))
    done = till.pay("payedCash")
    view = status(register, till.sale_id())
    assert done["end"] == "confirmed"
    assert [line["sku"] for line in view["lines"]] == ["1"]
    assert till.seen("bonuses") == [4.59]
    till.order((3, 2), at=ORDER + 1)
    assert till.pay("payedCard", at=ORDER + 1)["end"] == "without"


def test_a_discount_of_poster_itself_and_a_fee(till: Till, register: Rig) -> None:
    till.order((1, 2), total=82.62)
    assert till.pay("payedCard")["end"] == "confirmed"
    view = status(register, till.sale_id())
    assert (view["gross_minor"], view["lines"][-1]["sku"]) == (8_262, "poster-discount")
    till.order((1, 1), at=ORDER + 1, total=50.0)
    assert till.pay("payedCard", at=ORDER + 1)["end"] == "confirmed"
    assert status(register, till.sale_id(ORDER + 1))["gross_minor"] == 4_590


def test_back_from_the_payment_screen_with_other_goods(till: Till, register: Rig) -> None:
    till.order((1, 1))
    till.do(f"await till.attach({ORDER}, 5)")
    till.do(f"window.going = till.pressPay({ORDER})")
    till.press("100 %")
    assert till.do("return await window.going") is True
    till.do(f"till.newOrder({ORDER}, [{{ id: 2, count: 3 }}])")
    done = till.pay("payedCard", "Без списання")
    view = status(register, till.sale_id())
    assert (done["end"], view["redeem"]["redeemed_points"]) == ("confirmed", 0)
    assert [line["sku"] for line in view["lines"]] == ["2"]
    assert till.seen("bonuses")[-1] == 8.25


def test_a_closed_popup_redeems_nothing_and_a_typed_card_identifies(
    till: Till, register: Rig
) -> None:
    till.order((1, 1))
    till.do(
        f"till.fire('applicationIconClicked', {{ place: 'order', order: shop.orders[{ORDER}] }})"
    )
    till.page.locator(".loyalty input").fill(CARD)
    till.press("Знайти")
    till.do(f"window.going = till.pressPay({ORDER})")
    till.page.locator(".loyalty button").first.wait_for(timeout=20_000)
    till.do("Poster.interface.closePopup()")
    assert till.do("return await window.going") is True
    assert till.do(f"return await till.close({ORDER}, 'payedCard')")["end"] == "confirmed"
    view = status(register, till.sale_id())
    assert (view["member"]["name"], view["redeem"]["redeemed_points"]) == ("Олена К.", 0)


def test_an_order_closed_without_payment_is_cancelled(till: Till, register: Rig) -> None:
    till.order((1, 1))
    assert till.do(f"return await till.pressPay({ORDER})") is True
    assert till.do(f"return await till.close({ORDER}, 'payedCash', 'close')")["end"] == "cancelled"
    assert status(register, till.sale_id())["state"] == "cancelled"


def test_paper_and_returns_reach_the_agent_once(till: Till, register: Rig) -> None:
    till.order((1, 2), (2, 1))
    till.pay("payedCard")
    order = f"shop.orders[{ORDER}]"
    failed = f"{{ order: {order}, errorCode: '050A', errorText: 'no paper' }}"
    till.do(f"await Promise.all(await till.fire('failedPrintFiscal', {failed}))")
    till.do(f"await Promise.all(await till.fire('printFiscal', {{ order: {order} }}))")
    goods = "[{ product_id: 1, modification_id: 0, count: 1 }]"
    back = f"{{ order: {order}, products: {goods} }}"
    till.do(f"await Promise.all(await till.fire('returnFiscal', {back}))")

    def returned() -> bool:
        shown = register.http.post("/v1/receipts/search", json={"receipt": till.sale_id()}).json()
        left = {line["sku"]: line["left_milli"] for line in shown["receipts"][0]["lines"]}
        return left == {"1": 1000, "2": 1000}

    assert until("the return", returned, 20)
    prints = status(register, till.sale_id())["prints"]
    assert [each["state"] for each in prints][:1] == ["printed"]
    assert till.do("return loyaltyApp.queue()") == []


def test_a_dead_agent_never_holds_the_order(browser: Browser, bundle: str, register: Rig) -> None:
    till = Till(browser, bundle, register.url)
    register.stop()
    till.order((1, 1))
    till.do(f"await till.attach({ORDER}, 5)")
    assert till.pay("payedCash") == {"end": "without", "paid": 45.9}
    assert till.seen("bonuses") == [0]
    assert till.do(f"return loyaltyApp.entry({ORDER}).sale.waitedMs") <= 1_500
    till.page.context.close()


def test_a_silent_agent_costs_no_more_than_its_budget(browser: Browser, bundle: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        till = Till(browser, bundle, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        till.order((1, 1))
        assert till.pay("payedCard")["end"] == "without"
        assert till.do(f"return loyaltyApp.entry({ORDER}).sale.waitedMs") <= 1_500
        till.page.context.close()


def test_the_agent_dies_between_price_and_payment(till: Till, register: Rig) -> None:
    till.order((1, 1))
    assert till.do(f"return await till.pressPay({ORDER})") is True
    url = register.url
    register.stop()
    assert till.do(f"return await till.close({ORDER}, 'payedCard')") == {
        "end": "later",
        "paid": 41.31,
    }
    register.start()
    till.do(f"loyaltyApp.client.url = '{register.url}'; await loyaltyApp.flush()")
    assert url
    found = until("the sale", lambda: status(register, till.sale_id()).get("result"), 20)
    assert found["payable_minor"] == 4_131
