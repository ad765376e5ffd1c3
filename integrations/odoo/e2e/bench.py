"""What the scenarios run on: Odoo's server, the agent's process and a page of the till."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.rig import Rig

ROOT = Path(__file__).parents[3]
OUT = ROOT / "bench" / "out" / "odoo"
WHO = "loyalty-odoo"
# A second run beside the first names a port of its own.
ODOO_PORT = int(os.environ.get("ODOO_E2E_PORT", "8169"))
AGENT_PORT = ODOO_PORT + 1_708
DATABASE = f"till{ODOO_PORT}"
PATIENT_MS = 60_000
RULES: dict[str, Any] = {
    "programme": {"redeem_max_share_bp": 5_000, "accrual_valid_days": 365},
    "promotions": [
        {
            "promotion_id": "all10",
            "name": {"uk": "Усе −10 %", "en": "All −10 %"},
            "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 1000},
        },
        {
            "promotion_id": "earn5",
            "name": {"uk": "5 % бонусами", "en": "5 % back"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_known"}],
        },
    ],
}


def until(what: str, test: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Wait for a true answer and return it; a sentence when it never came."""
    end = time.monotonic() + timeout_s
    while not (found := test()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(0.1)
    return found


class AgentProcess:
    """`edge-agent run` on a folder with members and rules; may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder, RULES)
        origin = f"http://127.0.0.1:{ODOO_PORT}"
        self.rig.config.write_text(
            f'data_dir = "data"\n[api]\nport = {AGENT_PORT}\norigins = ["{origin}"]\n'
            '[till]\nprint_mode = "none"\ncash_rounding = 0\n',
            encoding="utf-8",
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{AGENT_PORT}"

    @property
    def token(self) -> str:
        """The register's own token, made at its first start."""
        return (self.rig.folder / "data" / "api.token").read_text(encoding="ascii").strip()

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [sys.executable, "-m", "edge_agent", "run", "--config", str(self.rig.config)]
        with (self.rig.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        until("the agent", lambda: _answers(f"{self.url}/healthz"))

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def sale(self, sale_id: str) -> dict[str, Any]:
        """A sale as the agent has it; {} when it does not know it."""
        request = urllib.request.Request(
            f"{self.url}/v1/sales/{sale_id}/status",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError:
            return {}

    def facts(self, sale_id: str) -> list[dict[str, Any]]:
        """Every fact of a sale in the register's ledger, read from its file, oldest first."""
        path = self.rig.folder / "data" / "ledger.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT body FROM outbox WHERE kind LIKE 'sale%'"
                " AND json_extract(body, '$.sale_id') = ? ORDER BY epoch, seq",
                (sale_id,),
            )
            return [json.loads(body) for (body,) in rows]


class OdooServer:
    """Odoo on a copy of the prepared database, with the add-on installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{ODOO_PORT}"
        self.process: subprocess.Popen[bytes] | None = None

    def install(self, settings: str, *, with_addon: bool = True) -> int:
        """A fresh database with the shop; `settings` are lines before `shop.py`. The till's id."""
        addons = self.folder / "addons" / DATABASE
        shutil.rmtree(addons, ignore_errors=True)
        shutil.copytree(ROOT / "integrations" / "odoo" / "loyalty_edge", addons / "loyalty_edge")
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        there = "-h 127.0.0.1 -p 55932 -U odoo"
        self._as_odoo(f"{binaries}/dropdb --if-exists {there} {DATABASE}")
        self._as_odoo(f"{binaries}/createdb {there} -T base {DATABASE}")
        if with_addon:
            self._as_odoo(self._command("", "-i loyalty_edge --stop-after-init --no-http"))
        shop = (Path(__file__).parent / "shop.py").read_text(encoding="utf-8")
        told = self._as_odoo(self._command("shell", "--no-http"), settings + shop)
        return int(told.rsplit("CONFIG ", 1)[1].split()[0])

    def start(self) -> None:
        """Start and wait until it answers."""
        log = (self.folder / "server.log").open("ab")
        command = self._command("", f"--http-port {ODOO_PORT} --http-interface 127.0.0.1")
        self.process = subprocess.Popen(
            shlex.split(command), stdout=log, stderr=log, user=WHO, extra_groups=[], cwd="/"
        )
        log.close()
        until("Odoo", lambda: _answers(f"{self.url}/web/login"), 120)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def query(self, sql: str) -> list[list[str]]:
        """Rows of Odoo's database, as text."""
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        command = f"{binaries}/psql -h 127.0.0.1 -p 55932 -U odoo -At {DATABASE}"
        return [line.split("|") for line in self._as_odoo(command, sql).splitlines()]

    def _command(self, verb: str, more: str) -> str:
        tree = self.folder / "tree"
        packages = tree / "usr" / "lib" / "python3" / "dist-packages"
        return (
            f"env HOME={self.folder}/data PYTHONPATH={packages} "
            f"{self.folder}/venv/bin/python {tree}/usr/bin/odoo {verb} "
            f"-d {DATABASE} --db_host=127.0.0.1 --db_port=55932 --db_user=odoo "
            f"--data-dir={self.folder}/data --log-level=warn "
            f"--addons-path={packages}/odoo/addons,{self.folder}/addons/{DATABASE} {more}"
        )

    def _as_odoo(self, command: str, given: str = "") -> str:
        done = subprocess.run(
            shlex.split(command),
            input=given,
            user=WHO,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise RuntimeError(f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout


class TillPage:
    """The till in a real browser."""

    def __init__(self, page: Page, odoo: OdooServer, config_id: int) -> None:
        self.page = page
        self.odoo = odoo
        self.config_id = config_id

    def open(self) -> None:
        """Log in and open the register."""
        page = self.page
        page.goto(f"{self.odoo.url}/web/login", timeout=PATIENT_MS)
        page.fill("input[name=login]", "admin")
        page.fill("input[name=password]", "admin")
        page.click("button[type=submit]")
        page.wait_for_url("**/odoo**", timeout=PATIENT_MS)
        page.goto(f"{self.odoo.url}/pos/ui?config_id={self.config_id}", timeout=PATIENT_MS)
        # First who sells, then what is in the drawer.
        for _ in range(2):
            page.get_by_role("button", name="Open Register").first.click(timeout=PATIENT_MS)
        expect(page.locator(".product-screen")).to_be_visible(timeout=PATIENT_MS)

    def enter(self) -> None:
        """Past the screen that asks who sells, where it comes up."""
        login = self.page.get_by_role("button", name="Open Register")
        screen = self.page.locator(".product-screen, .payment-screen, .receipt-screen")
        expect(login.or_(screen).first).to_be_visible(timeout=PATIENT_MS)
        if login.count():
            login.first.click()
        expect(screen.first).to_be_visible(timeout=PATIENT_MS)

    def add(self, *names: str) -> None:
        """Touch goods."""
        for name in names:
            self.page.locator("article.product", has_text=name).first.click()
            expect(self.page.locator(".orderline", has_text=name).first).to_be_visible()

    def identify(self, code: str) -> None:
        """Type a code into the member's window."""
        self.page.locator("button.loyalty-edge").first.click()
        self.page.locator(".modal input").fill(code)
        self.page.keyboard.press("Enter")

    def close_window(self) -> None:
        """Leave the member's window."""
        self.page.locator(".modal-footer button", has_text="Close").last.click()
        expect(self.page.locator(".modal")).to_have_count(0, timeout=PATIENT_MS)

    def close_notices(self) -> None:
        """Touch away what the till has told."""
        self.page.evaluate(
            "() => document.querySelectorAll('.o_notification_close').forEach((x) => x.click())"
        )
        expect(self.page.locator(".o_notification")).to_have_count(0, timeout=PATIENT_MS)

    def start_over(self) -> None:
        """After a scenario went wrong: the page anew, an order of its own."""
        self.page.goto(f"{self.odoo.url}/pos/ui?config_id={self.config_id}", timeout=PATIENT_MS)
        self.enter()
        self.page.evaluate(
            "() => posmodel.navigate('ProductScreen', { orderUuid: posmodel.addNewOrder().uuid })"
        )
        expect(self.page.locator(".product-screen")).to_be_visible(timeout=PATIENT_MS)

    def sale_id(self) -> str:
        """The order's own number, which is the sale's."""
        found: str = self.page.evaluate("() => posmodel.getOrder().uuid")
        return found

    def kept(self, sale_id: str) -> str:
        """The order as the browser keeps it over a reload, as JSON; "" when it does not."""
        found: str = self.page.evaluate(
            """async (id) => {
                const kept = await posmodel.data.indexedDB.readAll(["pos.order"]);
                const order = (kept["pos.order"] || []).find((one) => one.uuid === id);
                return order ? JSON.stringify(order) : "";
            }""",
            sale_id,
        )
        return found

    def total(self) -> float:
        """What the order comes to, with taxes."""
        found: float = self.page.evaluate("() => posmodel.getOrder().priceIncl")
        return found

    def to_payment(self) -> None:
        """The payment button."""
        self.page.locator(".product-screen .pay-order-button").click()
        expect(self.page.locator(".payment-screen")).to_be_visible(timeout=PATIENT_MS)

    def pay(self, method: str = "Cash") -> None:
        """Pay all of it and validate."""
        self.page.locator(".paymentmethods .paymentmethod", has_text=method).first.click()
        self.page.locator(".payment-screen button.validation-button.next").click()
        expect(self.page.locator(".receipt-screen")).to_be_visible(timeout=PATIENT_MS)

    def rest_is_over(self) -> None:
        """The add-on asks a silent agent again after five seconds; they have passed."""
        self.page.evaluate("() => { posmodel.loyaltyAgent.restUntil = 0; }")

    def refund(self, sale_id: str, *names: str) -> None:
        """Orders, the paid one, one piece of each good named, *Refund*: on to its payment."""
        page = self.page
        page.locator(".orders-button").click()
        page.locator(".pos-search-bar .filter").click()
        page.locator(".pos-search-bar .filter li", has_text="Paid").click()
        page.locator(f"tr.order-row[orderuuid='{sale_id}']").click()
        for name in names:
            page.locator(".ticket-screen .orderline", has_text=name).first.click()
            page.locator(".ticket-screen .numpad button", has_text="1").first.click()
            expect(page.locator(".to-refund-highlight")).to_have_count(1 + names.index(name))
        page.locator(".ticket-screen button", has_text="Refund").last.click()
        expect(page.locator(".payment-screen")).to_be_visible(timeout=PATIENT_MS)

    def new_order(self) -> None:
        """The plus beside the order's number: this one waits, another buyer is served."""
        before = self.sale_id()
        self.page.locator(".pos-leftheader .list-plus-btn").click()
        until("another order", lambda: self.sale_id() != before)
        expect(self.page.locator(".product-screen")).to_be_visible(timeout=PATIENT_MS)

    def take_up(self, sale_id: str) -> None:
        """Touch the number of an order that waits; on to its goods."""
        asked = "id => posmodel.models['pos.order'].getBy('uuid', id).getName()"
        name: str = self.page.evaluate(asked, sale_id)
        self.page.locator(".pos-leftheader").get_by_role("button", name=name, exact=True).click()
        screen = self.page.locator(".product-screen, .payment-screen")
        expect(screen.first).to_be_visible(timeout=PATIENT_MS)
        if self.page.locator(".payment-screen").count():
            self.page.locator(".payment-screen .back-button").click()
        expect(self.page.locator(".product-screen")).to_be_visible(timeout=PATIENT_MS)

    def next_order(self) -> None:
        """Another buyer."""
        self.page.locator(".receipt-screen .button.next.highlight[name='done']").click()
        expect(self.page.locator(".product-screen")).to_be_visible(timeout=PATIENT_MS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
