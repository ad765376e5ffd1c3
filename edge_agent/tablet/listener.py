"""The tablet's own listener: TLS on the LAN, six paths, off without its settings (ADR 0050).

The register sells whether this port is to be had or not. Bodies are at most 4 KiB, 16 connections
at once, each read within ten seconds.
"""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any, Final

from pydantic import ValidationError

from edge_agent.errors import AgentError
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.settings_sections import TabletSettings
from edge_agent.tablet.desk import JoinForm, TabletDesk

MAX_BODY: Final = 4_096
MAX_DRAINED: Final = 65_536
IDLE_S: Final = 10.0
MAX_AT_ONCE: Final = 16
FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/tablet.css": ("tablet.css", "text/css; charset=utf-8"),
    "/tablet.js": ("tablet.js", "text/javascript; charset=utf-8"),
    "/tablet_words.js": ("tablet_words.js", "text/javascript; charset=utf-8"),
}
HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'self'; form-action 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class NoTls(ValueError):
    """The settings would send a buyer's phone number over the network in the clear."""


class TabletListener:
    """Serves the tablet's page at `settings.listen`."""

    def __init__(self, settings: TabletSettings, desk: TabletDesk) -> None:
        self._settings = settings
        self.desk = desk
        self.port: int | None = None
        self._served: tuple[_Server, threading.Thread] | None = None

    def start(self) -> None:
        """Take the port and begin to serve; what hinders it is told in the log."""
        host, _, port = self._settings.listen.rpartition(":")
        try:
            context = _tls(self._settings, host.strip("[]"))
            server = _Server((host.strip("[]"), int(port)), _Handler)
        except (OSError, NoTls) as error:
            emit(Event.TABLET_REFUSED, problem=f"{self._settings.listen}: {error}")
            return
        server.desk, server.tls = self.desk, context
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, name="tablet", daemon=True)
        thread.start()
        self._served = server, thread

    def stop(self) -> None:
        """Stop serving, and let every tablet go; nothing to do where it never served."""
        self.desk.pairing.revoke()
        if self._served is None:
            return
        server, thread = self._served
        self._served = self.port = None
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


def _tls(settings: TabletSettings, host: str) -> ssl.SSLContext | None:
    if settings.cert_file is None or settings.key_file is None:
        if host != "localhost" and not _is_loopback(host):
            raise NoTls("cert_file and key_file are needed off loopback")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name != "nt"  # there it would share a port that another holds
    request_queue_size = MAX_AT_ONCE
    desk: TabletDesk
    tls: ssl.SSLContext | None

    def __init__(self, *arguments: Any) -> None:
        self.turns = threading.BoundedSemaphore(MAX_AT_ONCE)
        super().__init__(*arguments)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            # The handshake waits for the connection's own thread and its time-out.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.turns.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.turns.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A tablet that went away, or no TLS at all, is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = IDLE_S

    def do_GET(self) -> None:
        if self.path in FILES:
            name, kind = FILES[self.path]
            page = resources.files("edge_agent") / "tablet" / "static" / name
            self._answer(200, page.read_bytes(), kind)
        elif self.path != "/state":
            self._say(404, "not_found")
        elif self._is_paired():
            self._answer(200, self.server.desk.state().model_dump_json().encode())

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 9 else -1
        # Read even what is refused: closing over unread bytes would lose the answer.
        body = self.rfile.read(max(0, min(size, MAX_DRAINED)))
        if self.path not in ("/pair", "/join"):
            self._say(404, "not_found")
        elif not self._is_own_page():
            emit(Event.API_REFUSED, code="bad_origin")
            self._say(403, "bad_origin")
        elif self.headers.get_content_type() != "application/json":
            self._say(403, "not_json")
        elif not 0 <= size <= MAX_BODY:
            self._say(413, "too_large")
        elif self.path == "/pair":
            self._pair(body)
        elif self._is_paired():
            self._join(body)

    def _pair(self, body: bytes) -> None:
        try:
            code = json.loads(body)["code"]
        except (ValueError, KeyError, TypeError, RecursionError):
            code = None
        token = self.server.desk.pairing.pair(code) if isinstance(code, str) else None
        if token is None:
            self._say(403, "tablet_code_wrong")
        else:
            emit(Event.TABLET_PAIRED, tablets=self.server.desk.pairing.tablets())
            self._answer(200, json.dumps({"token": token}).encode())

    def _join(self, body: bytes) -> None:
        try:
            self.server.desk.join(JoinForm.model_validate_json(body))
        except ValidationError:
            self._say(422, "bad_form")
        except AgentError as refused:
            self._say(refused.status, refused.code)
        else:
            self._answer(200, b'{"state":"joined"}')

    def _is_paired(self) -> bool:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and self.server.desk.pairing.accepts(token):
            return True
        self._say(401, "not_paired")
        return False

    def _is_own_page(self) -> bool:
        """A page of another site shows itself by its Origin."""
        scheme = "http" if self.server.tls is None else "https"
        origin = self.headers.get("Origin")
        return origin is None or origin == f"{scheme}://{self.headers.get('Host', '')}"

    def _say(self, status: int, code: str) -> None:
        self._answer(status, json.dumps({"code": code}).encode())

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        for name, value in HEADERS:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "loyalty"

    def log_message(self, *_arguments: object) -> None:
        """The agent's log says what matters."""
