"""The routes of Odoo's hardware proxy as a stock till of version 19 uses them, without HTTP.

`hello` answers that somebody is there, `handshake` that they may speak, `status_json` is asked
every five seconds, `scanner` is a long poll that ends with a bar code, `default_printer_action`
brings the receipt as a picture or opens the drawer (`hardware_proxy_service.js`, `hw_printer.js`
of `point_of_sale`). Nothing here tells of a member, and nothing changes the register.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from drivers.receipt.photo import MAX_BYTES
from edge_agent.hw_proxy.scans import WaitingScans

POLL_S = 20.0
MAX_BODY = MAX_BYTES * 4 // 3 + 4_096
PREFIX = "/hw_proxy/"


class Printing(Protocol):
    """The register's printer; both say whether it was done."""

    def picture(self, slip_id: str, jpeg: bytes) -> bool: ...
    def drawer(self) -> bool: ...


class HwProxy:
    """Answers of the proxy; `devices` are the states that the cashier's screen shows."""

    def __init__(
        self,
        scans: WaitingScans,
        printing: Printing | None,
        devices: Callable[[], Mapping[str, str]],
    ) -> None:
        self._scans = scans
        self._printing = printing
        self._devices = devices

    def get(self, path: str) -> str | None:
        """The text of a page, None where there is none."""
        return "ping" if path == f"{PREFIX}hello" else None

    def post(self, path: str, body: bytes) -> dict[str, Any] | None:
        """The JSON-RPC answer, None where there is no such route; `ValueError` for no JSON-RPC."""
        asked = json.loads(body)
        if not isinstance(asked, dict):
            raise ValueError("not an object")
        params = asked.get("params") or {}
        if not isinstance(params, dict):
            raise ValueError("params must be an object")
        name = path.removeprefix(PREFIX)
        if name == "handshake":
            result: Any = True
        elif name == "status_json":
            result = self._status()
        elif name == "scanner":
            result = self._scans.next(POLL_S) or False
        elif name == "default_printer_action":
            result = self._printed(params.get("data"))
        else:
            return None
        number = asked.get("id")
        return {
            "jsonrpc": "2.0",
            "id": number if isinstance(number, int) else None,
            "result": result,
        }

    def _status(self) -> dict[str, Any]:
        words = {"ok": "connected", "low": "connected", "none": "disconnected"}
        return {
            name: {"status": words.get(state, "error"), "messages": [state]}
            for name, state in self._devices().items()
        }

    def _printed(self, data: object) -> dict[str, bool]:
        """`result` false makes the till say that the printer cannot be found, and try again."""
        if self._printing is None or not isinstance(data, dict):
            return {"result": False}
        if data.get("action") == "cashbox":
            return {"result": self._printing.drawer()}
        text = data.get("receipt")
        if data.get("action") != "print_receipt" or not isinstance(text, str):
            return {"result": False}
        try:
            picture = base64.b64decode(text, validate=True)
        except binascii.Error:
            return {"result": False}
        return {"result": self._printing.picture(_name(picture), picture)}


def _name(picture: bytes) -> str:
    """A till that lost the answer sends the same picture again: it has the same name."""
    return f"hw-{hashlib.sha256(picture).hexdigest()[:32]}"
