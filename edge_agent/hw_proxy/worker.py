"""The listener of the hardware proxy: its own port on loopback, off without its settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as NotInTime
from http.server import BaseHTTPRequestHandler

from drivers.base import DeviceJournal, FiscalPrinter
from drivers.errors import DeviceError
from drivers.receipt.printer import EscPosPrinter
from edge_agent.devices.printer_worker import NoPrinter, PrinterWorker
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hw_proxy.scans import WaitingScans
from edge_agent.hw_proxy.wire import MAX_BODY, HwProxy
from edge_agent.settings_sections import HwProxySettings
from edge_agent.side_listener import SideListener, SideServer

PRINT_S = 30.0
IDLE_S = 30.0


class WorkerPrinting:
    """The register's printer by its own thread; only a receipt printer takes pictures."""

    def __init__(self, worker: PrinterWorker) -> None:
        self._worker = worker

    def picture(self, slip_id: str, jpeg: bytes) -> bool:
        """Whether the picture is on paper."""

        def work(device: FiscalPrinter, journal: DeviceJournal) -> bool:
            return (
                _receipt_printer(device).print_picture(slip_id, jpeg, journal).verdict == "printed"
            )

        return self._done(work)

    def drawer(self) -> bool:
        """Whether the drawer was told to open."""

        def work(device: FiscalPrinter, _journal: DeviceJournal) -> bool:
            _receipt_printer(device).open_drawer()
            return True

        return self._done(work)

    def _done(self, work: Callable[[FiscalPrinter, DeviceJournal], bool]) -> bool:
        try:
            return self._worker.errand(work).result(PRINT_S)
        except (DeviceError, NoPrinter, NotInTime) as error:
            emit(Event.HW_PROXY_REFUSED, problem=str(error) or "no answer in time")
            return False


def _receipt_printer(device: FiscalPrinter) -> EscPosPrinter:
    if not isinstance(device, EscPosPrinter):
        raise NoPrinter("pictures go to a receipt printer only, never to a fiscal one")
    return device


class HwProxyListener(SideListener):
    """Serves a till on 127.0.0.1:`port`; a Host or an Origin that is not known gets 403."""

    def __init__(self, settings: HwProxySettings, proxy: HwProxy, scans: WaitingScans) -> None:
        def make() -> SideServer:
            return _Server(settings, proxy)

        super().__init__("hw-proxy", make, Event.HW_PROXY_REFUSED)
        self.scans = scans

    def stop(self) -> None:
        """Let the polls go and stop."""
        self.scans.end()
        super().stop()


class _Server(SideServer):
    def __init__(self, settings: HwProxySettings, proxy: HwProxy) -> None:
        super().__init__(("127.0.0.1", settings.port), _Handler)
        self.proxy = proxy
        self.hosts = frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost"))
        self.origins = frozenset(settings.origins)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = IDLE_S

    def do_GET(self) -> None:
        text = self.server.proxy.get(self.path) if self._is_welcome() else None
        if text is not None:
            self._answer(200, text.encode(), "text/plain; charset=utf-8")

    def do_OPTIONS(self) -> None:
        if self._is_welcome():
            self._answer(204, b"", "text/plain")

    def do_POST(self) -> None:
        if not self._is_welcome():
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self._refuse(413)
        elif self.headers.get_content_type() != "application/json":
            self._refuse(403)
        else:
            self._posted(self.rfile.read(int(length)))

    def _posted(self, body: bytes) -> None:
        try:
            answer = self.server.proxy.post(self.path, body)
        except (ValueError, RecursionError):
            self._refuse(400)
            return
        if answer is None:
            self._refuse(404)
        else:
            self._answer(200, json.dumps(answer).encode(), "application/json")

    def _is_welcome(self) -> bool:
        """The exact Host, and an Origin that the settings name; a page always sends its own."""
        origin = self.headers.get("Origin")
        known = self.headers.get("Host", "") in self.server.hosts
        if not known or (origin is not None and origin not in self.server.origins):
            emit(Event.API_REFUSED, code="bad_origin" if known else "bad_host")
            self._refuse(403)
            return False
        if self.command == "GET" and self.server.proxy.get(self.path) is None:
            self._refuse(404)
            return False
        return True

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._answer(status, b"", "text/plain")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        origin = self.headers.get("Origin", "")
        if origin in self.server.origins:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "content-type, x-debug-mode")
            self.send_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
            self.send_header("Vary", "Origin")
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """The agent's log says what matters."""


def listener_of(
    settings: HwProxySettings,
    printer: PrinterWorker | None,
    devices: Callable[[], Mapping[str, str]],
) -> HwProxyListener:
    """The listener that the settings ask for."""
    scans = WaitingScans()
    printing = WorkerPrinting(printer) if printer is not None else None
    return HwProxyListener(settings, HwProxy(scans, printing, devices), scans)
