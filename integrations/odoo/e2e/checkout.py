"""One checkout at Odoo's till, and the named points of it at which something may be killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, Route, expect

from integrations.odoo.e2e.bench import PATIENT_MS, TillPage
from tests.support.rig import CARD

MILK, BREAD = "Молоко", "Хліб"
SHELF_MINOR = 4_590 + 2_750
SILENT = "does not answer"
ODOO_SYNC = "**/sync_from_ui*"


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of the checkout: after a step, or in a call that begins within that step.

    `call` is the pattern of the call's address; `moment` is "asked" when the kill falls before the
    server has heard it, "answered" when it has done its work and the answer is lost."""

    name: str
    step: str
    call: str = ""
    verb: str = ""
    moment: str = ""

    @property
    def server(self) -> str:
        """Whose call it is: `agent`, `odoo`, or nobody's."""
        return "" if not self.call else "odoo" if self.call == ODOO_SYNC else "agent"


def _both(name: str, step: str, call: str, verb: str = "") -> tuple[Point, Point]:
    return (
        Point(f"{name}: before it is heard", step, call, verb, "asked"),
        Point(f"{name}: done, the answer lost", step, call, verb, "answered"),
    )


POINTS = (
    Point("goods are rung", "ring"),
    *_both("the sale opens", "identify", "**/v1/sales/*/open"),
    *_both("the member is named", "identify", "**/v1/sales/*/member", "PUT"),
    Point("the member is on the screen", "identify"),
    Point("the basket of the redemption: before it is heard", "redeem", "**/basket", "", "asked"),
    *_both("bonuses are asked for", "redeem", "**/v1/sales/*/redeem"),
    Point("the redemption is on the order", "redeem"),
    Point("one more good is rung", "more"),
    *_both("the quote at payment", "pay", "**/v1/sales/*/basket"),
    Point("the payment screen", "pay"),
    Point("the tender is chosen", "tender"),
    *_both("the order goes to Odoo", "validate", ODOO_SYNC),
    *_both("the sale is committed", "validate", "**/v1/sales/*/confirm"),
    Point("the receipt is on the screen", "validate"),
)


class Checkout:
    """Milk, a member, a quarter of their bonuses, bread, cash; `kill` is called once, at `point`.

    A step that needs a dead server is given up as a cashier would; no step may hang."""

    def __init__(self, till: TillPage, point: Point, kill: Callable[[], None], dead: str) -> None:
        self.till = till
        self.page: Page = till.page
        self.point = point
        self.dead = dead
        self.sale_id = ""
        self.asked_minor = 0
        self.is_killed = False
        self._kill = kill

    def run(self) -> None:
        """All of it, up to the receipt."""
        for step in ("ring", "identify", "redeem", "more", "pay", "tender", "validate"):
            if self.point.step == step and self.point.call:
                self.page.route(self.point.call, self._in_call)
            getattr(self, f"_{step}")()
            if self.point.step == step:
                if self.point.call:
                    self.page.unroute(self.point.call, self._in_call)
                else:
                    self._now()
        assert self.is_killed, f"never came to: {self.point.name}"

    def _now(self) -> None:
        self.is_killed = True
        self._kill()

    def _in_call(self, route: Route) -> None:
        verb = self.point.verb or route.request.method
        if self.is_killed or route.request.method == "OPTIONS" or route.request.method != verb:
            route.fallback()
        elif self.point.moment == "asked":
            self._now()
            route.continue_()
        else:
            answer = route.fetch()
            self._now()
            if self.point.server in self.dead:
                route.abort("connectionreset")
            else:
                route.fulfill(response=answer)

    def _ring(self) -> None:
        self.till.add(MILK)
        self.sale_id = self.till.sale_id()

    def _identify(self) -> None:
        self.till.close_notices()
        self.till.identify(CARD)
        self._settled(".loyalty-edge-name")

    def _redeem(self) -> None:
        self.till.close_notices()
        quarter = self.page.locator("button.loyalty-edge-25")
        if quarter.count():
            quarter.click()
            self._settled(".modal:not(.never)", "posmodel.getOrder().lines.length > 1")
        self.till.close_window()

    def _more(self) -> None:
        self.till.add(BREAD)

    def _pay(self) -> None:
        self.till.to_payment()
        self.asked_minor = round(self.till.total() * 100)

    def _tender(self) -> None:
        self.page.locator(".paymentmethods .paymentmethod", has_text="Cash").first.click()
        expect(self.page.locator(".paymentlines .paymentline").first).to_be_visible()

    def _validate(self) -> None:
        self.page.locator(".payment-screen button.validation-button.next").click()
        expect(self.page.locator(".receipt-screen")).to_be_visible(timeout=PATIENT_MS)
        # Offline, Odoo shows the receipt beside the last call and not after it.
        while self.point.step == "validate" and self.point.call and not self.is_killed:
            self.page.wait_for_timeout(50)

    def _settled(self, shown: str, test: str = "true") -> None:
        """What was asked for is there, or the till said that the agent is silent."""
        self.page.wait_for_function(
            f"""() => (document.querySelector({shown!r}) && ({test}))
                || [...document.querySelectorAll('.o_notification')]
                    .some((notice) => notice.textContent.includes({SILENT!r}))""",
            timeout=PATIENT_MS,
        )
