"""The HTTP of an emulated Checkbox, with the faults of a bad link.

Operations are named by four letters in a fault script: SIGN, SHFT, CLOS (a shift is closed), REPT
(X report), SERV (service cash), INFO, CODE, SELL, SOFF (sell offline), READ, GOFF, GONL. `nak`
answers 500 and does nothing; `drop_reply` does it and hangs up; `corrupt` does it and answers 502;
`delay`, `power_off` (nobody listens any more) and `power_on` as elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from drivers.emulators.checkbox.refused import Refused
from drivers.emulators.checkbox.service import CheckboxService
from drivers.emulators.faults import Fault, FaultBox, parse_fault
from drivers.emulators.paper import Document
from drivers.emulators.printer import MAX_FRAMES
from drivers.emulators.script import parse_script

BASE: Final = "/api/v1"
TOKEN: Final = "emulated-token"
MAX_BODY: Final = 1_000_000
_RECEIPT: Final = re.compile(r"/receipts/(?P<id>[0-9a-f-]{36})")
_SHIFT: Final = re.compile(r"/shifts/(?P<id>[0-9a-f-]{36})")


class CheckboxEmulator:
    """One cash register of the service on 127.0.0.1; `send` gives it faults."""

    def __init__(
        self, name: str, service: CheckboxService, port: int = 0, delay_ms: int = 0
    ) -> None:
        self.name = name
        self.kind = "printer"
        self.service = service
        self._faults = FaultBox()
        self._delay_s = delay_ms / 1000
        self._frames: deque[tuple[str, str]] = deque(maxlen=MAX_FRAMES)
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._start()

    @property
    def url(self) -> str:
        """What a driver opens."""
        return f"http://127.0.0.1:{self._port}{BASE}"

    def send(self, script: str) -> None:
        """Give it faults, or `clear` to forget those that wait; `ScriptError`."""
        for step in parse_script(script):
            if step.verb == "clear":
                self._faults.clear()
                continue
            fault = parse_fault(step)
            if fault.waits:
                self._faults.add(fault)
            else:
                self._apply(fault)

    def documents(self) -> list[Document]:
        """Slips, oldest first."""
        with self.service.lock:
            return self.service.documents()

    def counters(self) -> dict[str, int]:
        """Counters by name."""
        with self.service.lock:
            return self.service.counters()

    def frames(self) -> list[tuple[str, str]]:
        """The last requests and answers, as text."""
        return list(self._frames)

    def describe(self) -> dict[str, object]:
        """What `GET /devices` shows."""
        return {
            "kind": self.kind,
            "url": self.url,
            "powered": self._server is not None,
            "delay_ms": round(self._delay_s * 1000),
            "faults": self._faults.describe(),
            "counters": self.counters(),
        }

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any] | None:
        """(HTTP status, content), `None` to hang up without a word."""
        name, run = self._operation(method, path, body)
        self._frames.append((">", f"{method} {path}"))
        time.sleep(self._delay_s)
        if self._faults.strike("at", name, frozenset({"nak"})):
            return 500, {"message": "internal error"}
        slow = self._faults.strike("at", name, frozenset({"delay"}))
        try:
            with self.service.lock:
                answer: tuple[int, Any] = (200, run())
        except Refused as refusal:
            answer = refusal.status, {"code": refusal.word, "message": str(refusal)}
        if slow:
            time.sleep(slow[0].millis / 1000)
        if self._faults.strike("at", name, frozenset({"drop_reply"})):
            return None
        if self._faults.strike("at", name, frozenset({"corrupt"})):
            return 502, {"message": "bad gateway"}
        self._frames.append(("<", f"{answer[0]}"))
        return answer

    def _operation(self, method: str, path: str, body: Any) -> tuple[str, Callable[[], Any]]:
        service = self.service
        parts = urlsplit(path.removeprefix(BASE))
        route = parts.path
        found = _RECEIPT.fullmatch(route)
        if method == "GET" and found is not None:
            return "READ", lambda: service.receipt(found["id"])
        shift = _SHIFT.fullmatch(route)
        if method == "GET" and shift is not None:
            return "SHFT", lambda: service.shift_by_id(shift["id"])
        count = parse_qs(parts.query).get("count", ["0"])[0]
        table: dict[tuple[str, str], tuple[str, Callable[[], Any]]] = {
            ("POST", "/cashier/signinPinCode"): ("SIGN", lambda: {"access_token": TOKEN}),
            ("GET", "/cashier/shift"): ("SHFT", service.shift),
            ("POST", "/shifts"): ("SHFT", lambda: service.open_shift(body)),
            ("GET", "/shifts"): ("SHFT", service.newest_shift),
            ("POST", "/shifts/close"): ("CLOS", lambda: service.close_shift(body)),
            ("POST", "/reports"): ("REPT", lambda: service.x_report(body)),
            ("POST", "/receipts/service"): ("SERV", lambda: service.service_receipt(body)),
            ("GET", "/cash-registers/info"): ("INFO", service.register),
            ("GET", "/cash-registers/get-offline-codes"): (
                "CODE",
                lambda: service.codes(int(count) if count.isdecimal() else 0),
            ),
            ("POST", "/cash-registers/go-offline"): ("GOFF", lambda: service.go_offline(body)),
            ("POST", "/cash-registers/go-online"): ("GONL", lambda: service.go_online(body)),
            ("POST", "/receipts/sell"): ("SELL", lambda: service.sell(body)),
            ("POST", "/receipts/sell-offline"): ("SOFF", lambda: service.sell_offline(body)),
        }
        return table.get((method, route), ("NONE", _nothing_here))

    def _apply(self, fault: Fault) -> None:
        if fault.verb == "delay":
            self._delay_s = fault.millis / 1000
        elif fault.verb == "power_off":
            self.close()
        elif fault.verb == "power_on" and self._server is None:
            self._start()

    def _start(self) -> None:
        handler = type("CheckboxHandler", (_Handler,), {"emulator": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()


def _nothing_here() -> Any:
    raise Refused(404, "route.not_found", "nothing here")


class _Handler(BaseHTTPRequestHandler):
    emulator: CheckboxEmulator
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self._send(413, {"message": "too long"})
            return
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            self._send(422, {"code": "validation", "message": "no JSON"})
            return
        self._answer("POST", body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the bench's output is its one ready line."""

    def _answer(self, method: str, body: Any) -> None:
        signing = self.path.endswith("/signinPinCode")
        if not signing and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"code": "401", "message": "sign in first"})
            return
        answer = self.emulator.answer(method, self.path, body)
        if answer is None:
            self.close_connection = True
            return
        self._send(*answer)

    def _send(self, status: int, content: Any) -> None:
        data = json.dumps(content, ensure_ascii=False).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
        self.close_connection = True
