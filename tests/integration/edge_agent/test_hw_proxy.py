"""A stock Odoo till at the hardware proxy: its requests over HTTP, a real register behind."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

from drivers.conformance.emulated_receipts import EmulatedSlipBench, emulated_receipts
from edge_agent.hw_proxy.scans import WaitingScans
from edge_agent.hw_proxy.wire import MAX_BODY, HwProxy
from edge_agent.hw_proxy.worker import HwProxyListener, listener_of
from edge_agent.settings_sections import HwProxySettings
from tests.support.rig import CARD, Rig

ORIGIN = "http://odoo.shop:8069"


def receipt(width: int = 512, height: int = 300) -> str:
    """A receipt as the till draws it: JPEG, base64."""
    image = Image.new("L", (width, height), 255)
    ImageDraw.Draw(image).rectangle((20, 20, width - 20, 60), fill=0)
    file = io.BytesIO()
    image.save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


class Odoo:
    """What `hardware_proxy_service.js` and `hw_printer.js` send."""

    def __init__(self, port: int) -> None:
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Origin": ORIGIN}, timeout=40
        )

    def message(self, name: str, params: dict[str, Any] | None = None) -> Any:
        body = {"id": 3, "jsonrpc": "2.0", "method": "call", "params": params or {}}
        answer = self.http.post(f"/hw_proxy/{name}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.json()["id"] == 3
        return answer.json()["result"]

    def print(self, data: dict[str, Any]) -> Any:
        return self.message("default_printer_action", {"data": data})


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[EmulatedSlipBench]:
    with emulated_receipts(tmp_path, "tcp") as found:
        yield found


@pytest.fixture
def register(tmp_path: Path, printer: EmulatedSlipBench) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    with rig.config.open("a", encoding="utf-8") as settings:
        settings.write(
            f'[printer]\ndriver = "receipt.escpos"\nurl = "{printer.emulator.url}"\n'
            f'[hw_proxy]\nport = 0\norigins = ["{ORIGIN}"]\n'
        )
    rig.start()
    assert rig.agent is not None
    rig.agent.start_devices()
    yield rig
    rig.agent.stop_devices()
    rig.stop()


def scan(register: Rig, code: str) -> None:
    assert register.agent is not None
    register.agent.desk.scans.heard(code, "")


@pytest.fixture
def odoo(register: Rig) -> Iterator[Odoo]:
    assert register.agent is not None
    assert register.agent.hw_proxy is not None
    assert register.agent.hw_proxy.port is not None
    made = Odoo(register.agent.hw_proxy.port)
    yield made
    made.http.close()


def test_a_till_finds_it_and_gets_goods_but_no_member(odoo: Odoo, register: Rig) -> None:
    assert odoo.http.get("/hw_proxy/hello").text == "ping"
    assert odoo.message("handshake") is True
    assert set(odoo.message("status_json")) == {"printer", "scanner"}
    scan(register, CARD)
    scan(register, "4111111111111111")
    scan(register, "4820000000017")
    assert odoo.message("scanner") == "4820000000017"


def test_a_receipt_is_printed_once_and_the_drawer_opens(
    odoo: Odoo, printer: EmulatedSlipBench
) -> None:
    picture = receipt()
    assert odoo.print({"action": "print_receipt", "receipt": picture}) == {"result": True}
    assert odoo.print({"action": "print_receipt", "receipt": picture}) == {"result": True}
    assert len([one for one in printer.emulator.documents() if one.state == "closed"]) == 1
    assert odoo.print({"action": "cashbox"}) == {"result": True}


@pytest.mark.parametrize(
    "data",
    [
        {"action": "print_receipt", "receipt": "not base64!"},
        {"action": "print_receipt", "receipt": base64.b64encode(b"no picture").decode()},
        {"action": "print_receipt", "receipt": 7},
        {"action": "restart"},
        None,
    ],
    ids=["text", "no picture", "number", "another action", "nothing"],
)
def test_what_is_no_receipt_is_refused(odoo: Odoo, data: Any) -> None:
    assert odoo.print(data) == {"result": False}


def test_a_stranger_gets_nothing(odoo: Odoo) -> None:
    call = {"jsonrpc": "2.0", "params": {}}
    http = odoo.http
    assert (
        http.post("/hw_proxy/scanner", json=call, headers={"Origin": "http://x"}).status_code == 403
    )
    assert http.get("/hw_proxy/hello", headers={"Host": "evil.example"}).status_code == 403
    text = {"Content-Type": "text/plain"}
    assert (
        http.post("/hw_proxy/handshake", content=json.dumps(call), headers=text).status_code == 403
    )
    assert http.post("/hw_proxy/handshake", json=[1]).status_code == 400
    assert http.post("/hw_proxy/restart", json=call).status_code == 404
    assert http.get("/v1/status").status_code == 404
    big = b" " * (MAX_BODY + 1)
    kind = {"Content-Type": "application/json"}
    with contextlib.suppress(httpx.TransportError):
        # Refused before it is read, so the sender may see the connection cut instead.
        assert http.post("/hw_proxy/handshake", content=big, headers=kind).status_code == 413
    asked = {"Access-Control-Request-Headers": "content-type"}
    assert http.options("/hw_proxy/handshake", headers=asked).status_code == 204


def test_a_port_that_another_program_holds_costs_the_proxy_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        scans = WaitingScans()
        listener = HwProxyListener(HwProxySettings(port=port), HwProxy(scans, None, dict), scans)
        listener.start()
        assert listener.port is None
    assert "hw_proxy_refused" in caplog.text
    listener.stop()


def test_a_listener_that_never_started_stops_at_once() -> None:
    listener = listener_of(HwProxySettings(port=0), None, dict)
    listener.stop()
    assert listener.port is None
