"""Check of the hardware proxy for stock Odoo: its port, its pages, and what it prints on."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable

import httpx

from edge_agent.doctor.finding import Case, Finding
from edge_agent.settings_sections import HwProxySettings

CHECK = "hw_proxy"
ANSWER_S = 5.0
_FREE = "stop the other program, or choose another [hw_proxy] port, then restart the agent"


def hw_proxy(case: Case) -> Iterable[Finding]:
    """Nothing without [hw_proxy]; else whether Odoo's page reaches it and finds a printer."""
    settings = case.settings.hw_proxy
    if settings is None:
        return
    yield _running(settings.port) if case.is_running and settings.port else _free(settings)
    if not settings.origins:
        do = 'set [hw_proxy] origins to the address of Odoo\'s page: ["https://odoo.example"]'
        yield Finding(CHECK, "warn", "no page may use it", do)
    printer = case.settings.printer
    if printer is None:
        yield Finding(CHECK, "warn", "no printer for Odoo's receipts", "add [printer]")
    elif not printer.driver.startswith("receipt."):
        says = f"{printer.driver} takes no pictures: Odoo's receipts and drawer are refused"
        yield Finding(CHECK, "warn", says, "use the add-on of integrations/odoo, which prints none")


def _running(port: int) -> Finding:
    """The agent goes on without a port that it did not get, so somebody is asked there."""
    address = f"http://127.0.0.1:{port}/hw_proxy/hello"
    try:
        with httpx.Client(trust_env=False, timeout=ANSWER_S) as client:
            said = client.get(address).text[:20]
    except httpx.HTTPError as error:
        says = f"the running agent does not serve port {port}: {error}"
        return Finding(CHECK, "fail", says, _FREE)
    if said != "ping":
        return Finding(CHECK, "fail", f"another program has port {port}", _FREE)
    return Finding(CHECK, "ok", f"answers on port {port}")


def _free(settings: HwProxySettings) -> Finding:
    if not settings.port:
        do = "Odoo is told a fixed port: set [hw_proxy] port"
        return Finding(CHECK, "warn", "any free port is taken", do)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.port))
        except OSError as error:
            says = f"port {settings.port} cannot be used: {error.strerror}"
            return Finding(CHECK, "fail", says, _FREE)
    return Finding(CHECK, "ok", f"port {settings.port} is free")
