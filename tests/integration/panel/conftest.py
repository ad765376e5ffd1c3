"""A register with a small shop, and a Chromium page that has its panel open."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from drivers.emulators.datecs_ua.device import DatecsUaDevice
from drivers.emulators.isl.wire import isl_wire
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.wire import TcpEndpoint
from edge_agent.ledger.cache import Cache
from edge_agent.runtime import loopback_sockets
from sync.contract.feed import FeedPage
from tests.integration.panel.shop import RULES, shop_rows
from tests.support.rig import Rig, answer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Printer:
    """A fiscal printer on a TCP port that outlives it: another one can take its place."""

    def __init__(self) -> None:
        self._port = 0
        self._plug()

    def _plug(self) -> None:
        # Plugged in only when it is complete: a driver that waits for it comes at once.
        endpoint = TcpEndpoint("127.0.0.1", self._port)
        endpoint.unplug()
        device = DatecsUaDevice()
        self.device = PrinterEmulator("printer", endpoint, device, 0, isl_wire(device))
        self.device.send("unplug 0.01")
        self._port = int(self.device.url.rpartition(":")[2])

    @property
    def url(self) -> str:
        """What the driver opens."""
        return self.device.url

    def replace(self) -> None:
        """Somebody puts another printer in its place."""
        self.device.close()
        self._plug()

    def close(self) -> None:
        """Unplug."""
        self.device.close()


@dataclass
class Till:
    """A page with the panel of a running register, and what the browser said meanwhile."""

    rig: Rig
    page: Page
    host: str
    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def scan(self, code: str) -> None:
        """A code read by the register's scanner."""
        body = {"code": code, "source": "scanner"}
        answer(self.rig.http.post("/v1/scan", json=body))

    def keys(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def enter(self, text: str) -> None:
        """Type into whatever has the focus, then Enter."""
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def text(self, name: str) -> str:
        """The text of a part of the screen, with plain blanks."""
        return self.part(name).inner_text().replace("\u00a0", " ").strip()

    def part(self, name: str) -> Locator:
        """A part of the screen."""
        return self.page.locator(f"[data-test={name}]")

    def shows(self, name: str, text: str) -> None:
        """Wait until a part of the screen holds a text."""
        expect(self.part(name)).to_contain_text(text, timeout=6_000)

    def state(self) -> dict[str, Any]:
        """What the agent says the screen should show."""
        return answer(self.rig.http.get("/v1/state"))

    def lose_agent(self) -> None:
        """The agent's server goes down under the page."""
        self.rig._server.should_exit = self.rig._server.force_exit = True
        self.rig._thread.join(10)

    def bring_agent_back(self) -> None:
        """The same agent answers on the same port again."""
        assert self.rig.agent is not None
        sockets = loopback_sockets(int(self.host.rpartition(":")[2]))
        config = uvicorn.Config(self.rig.agent.app, log_config=None, lifespan="off")
        server = self.rig._server = uvicorn.Server(config)
        self.rig._thread = threading.Thread(
            target=server.run, kwargs={"sockets": sockets}, daemon=True
        )
        self.rig._thread.start()

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what a developer would see in red or yellow."""
        if message.type in ("error", "warning"):
            self.console.append(message.text)

    def saw(self, request: Request) -> None:
        """Keep requests that leave this register."""
        if urlsplit(request.url).netloc != self.host:
            self.foreign.append(request.url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    if CHROMIUM is None:
        pytest.skip("the panel's tests need Chromium: no `chromium` on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Rig]:
    """A running register with members, goods and rules; the POS prints."""
    rig = stocked(tmp_path)
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()


@pytest.fixture
def printer() -> Iterator[Printer]:
    """An emulated fiscal printer on TCP."""
    plugged = Printer()
    try:
        yield plugged
    finally:
        plugged.close()


@pytest.fixture
def paper_shop(tmp_path: Path, printer: Printer) -> Iterator[Rig]:
    """The same register, owning a fiscal printer."""
    rig = stocked(tmp_path)
    with rig.config.open("a", encoding="utf-8") as config:
        config.write(f'[printer]\ndriver = "fiscal.datecs_ua"\nurl = "{printer.url}"\n')
    rig.start()
    assert rig.agent is not None
    agent = rig.agent
    agent.start_devices()
    try:
        yield rig
    finally:
        agent.stop_devices()
        rig.stop()


@pytest.fixture
def till(shop: Rig, chromium: Browser) -> Iterator[Till]:
    """The panel of `shop`, opened through its one-time link."""
    with opened(shop, chromium) as panel:
        yield panel


@pytest.fixture
def paper_till(paper_shop: Rig, chromium: Browser) -> Iterator[Till]:
    """The panel of `paper_shop`."""
    with opened(paper_shop, chromium) as panel:
        yield panel


def stocked(folder: Path, rules: dict[str, Any] = RULES) -> Rig:
    """A register that has heard from its centre and lost it since."""
    rig = Rig(folder, rules)
    cache = Cache(folder / "data" / "cache.db")
    cache.apply_page(
        FeedPage(
            incarnation="test",
            cursor="1",
            rows=shop_rows(rig.identity.phone_key),
            more=False,
            server_time="2026-11-22T12:05:00.000Z",
        )
    )
    cache.close()
    return rig


@contextmanager
def opened(rig: Rig, chromium: Browser) -> Iterator[Till]:
    """A page at 1024 × 600 that shows the register's panel."""
    page = chromium.new_page(viewport={"width": 1024, "height": 600})
    page.set_default_timeout(15_000)
    panel = Till(rig, page, urlsplit(rig.url).netloc)
    page.on("console", panel.hear)
    page.on("pageerror", lambda error: panel.console.append(str(error)))
    page.on("request", panel.saw)
    page.goto(rig.url + panel_link(rig))
    page.locator("#entry").wait_for()
    try:
        yield panel
    finally:
        page.close()


def panel_link(rig: Rig) -> str:
    """Path and fragment of a fresh one-time link."""
    return str(answer(rig.http.post("/v1/panel/links", json={}))["path"])
