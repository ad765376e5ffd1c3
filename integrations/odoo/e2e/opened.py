"""Odoo, the agent and the till's page, up and open; put away at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from integrations.odoo.e2e.bench import OUT, AgentProcess, OdooServer, TillPage

SKIPPED = 77


def prepared() -> tuple[Path, str]:
    """Where Odoo stands and the browser; leaves with 0 where they cannot be had, which is said."""
    folder = Path(os.environ.get("ODOO_E2E_DIR", "/var/tmp/loyalty-odoo"))
    done = subprocess.run([Path(__file__).parent / "prepare.sh", folder], check=False)
    if done.returncode:
        sys.exit(0 if done.returncode == SKIPPED else 1)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("odoo-e2e skipped: Chromium is needed")
        sys.exit(0)
    return folder, chromium


@contextmanager
def opened_till(agent: AgentProcess) -> Iterator[TillPage]:
    """The add-on's till beside this agent, its register open. Stops all of it at the end."""
    try:
        agent.start()
        settings = f"AGENT_URL = {agent.url!r}\nAGENT_TOKEN = {agent.token!r}\n"
        with _opened(settings, with_addon=True) as till:
            yield till
    finally:
        agent.kill()
        shutil.rmtree(agent.rig.folder, ignore_errors=True)


@contextmanager
def opened_stock_till(proxy: str) -> Iterator[TillPage]:
    """A till without the add-on; `proxy` is the address and port it takes for its "IoT box"."""
    with _opened(f"PROXY_IP = {proxy!r}\n", with_addon=False) as till:
        yield till


@contextmanager
def _opened(settings: str, *, with_addon: bool) -> Iterator[TillPage]:
    folder, chromium = prepared()
    OUT.mkdir(parents=True, exist_ok=True)
    odoo = OdooServer(folder)
    try:
        config_id = odoo.install(settings, with_addon=with_addon)
        odoo.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
            page.on("pageerror", lambda error: print("page:", error))
            page.on("console", lambda line: line.type == "error" and print("console:", line.text))
            till = TillPage(page, odoo, config_id)
            try:
                till.open()
            finally:
                page.screenshot(path=str(OUT / "till.png"))
            yield till
            browser.close()
    finally:
        odoo.kill()


def new_agent() -> AgentProcess:
    """An agent on a folder of its own."""
    return AgentProcess(Path(tempfile.mkdtemp(prefix="odoo-till-")))
