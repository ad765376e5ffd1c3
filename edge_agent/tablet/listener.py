"""The tablet's own listener: TLS on the LAN, six paths, off without its settings (ADR 0050).

The register sells whether this port is to be had or not. Bodies are at most 4 KiB, 16 connections
at once, each read within ten seconds.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
from http.server import BaseHTTPRequestHandler
from importlib import resources
from typing import Final

from pydantic import ValidationError

from edge_agent.errors import AgentError
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.settings_sections import TabletSettings
from edge_agent.side_listener import SideListener, SideServer
from edge_agent.tablet.desk import JoinForm, TabletDesk

MAX_BODY: Final = 4_096
MAX_DRAINED: Final = 65_536
IDLE_S: Final = 10.0
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


class NoTls(OSError):
    """The settings would send a buyer's phone number over the network in the clear."""


class TabletListener(SideListener):
    """Serves the tablet's page at `settings.listen`."""

    def __init__(self, settings: TabletSettings, desk: TabletDesk) -> None:
        def make() -> SideServer:
            return _Server(settings, desk)

        super().__init__(f"tablet {settings.listen}", make, Event.TABLET_REFUSED)
        self.desk = desk

    def stop(self) -> None:
        """Stop serving, and let every tablet go."""
        self.desk.pairing.revoke()
        super().stop()


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


class _Server(SideServer):
    def __init__(self, settings: TabletSettings, desk: TabletDesk) -> None:
        host, _, port = settings.listen.rpartition(":")
        context = _tls(settings, host.strip("[]"))
        super().__init__((host.strip("[]"), int(port)), _Handler, context)
        self.desk = desk
        self.scheme = "http" if context is None else "https"


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
        origin = self.headers.get("Origin")
        return origin is None or origin == f"{self.server.scheme}://{self.headers.get('Host', '')}"

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
