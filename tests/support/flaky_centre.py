"""An HTTP proxy in front of a centre that can be told to misbehave, as networks and proxies do.

pass          hand on, streams included            refuse       nobody listens
hang          take the request, never answer       error        500 with an empty problem
html          200 with a login page                garbage      200 with bytes that are no JSON
cut           ask the centre, send half its answer lose_answer  ask the centre, send nothing
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Mode = Literal["pass", "refuse", "hang", "error", "html", "garbage", "cut", "lose_answer"]
Tamper = Callable[[str, bytes], bytes]

HANG_S = 30.0
UPSTREAM_S = 30.0
_ANSWERS = {
    "error": (500, "application/problem+json", b"{}"),
    "html": (200, "text/html", b"<html><body><h1>Please log in to the Wi-Fi</h1></body></html>"),
    "garbage": (200, "application/json", b'\x00\xff{"auth_id": nonsense'),
}
_HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True)
class Seen:
    """A request that reached the proxy."""

    method: str
    path: str
    body: bytes


class FlakyCentre:
    """Listens on one port for its whole life; `url` is what a register is told."""

    def __init__(self, centre_url: str) -> None:
        upstream = urlsplit(centre_url)
        assert upstream.hostname is not None
        self.upstream = (upstream.hostname, upstream.port)
        self.seen: list[Seen] = []
        self.tamper: Tamper = lambda _path, body: body
        self._mode: Mode = "pass"
        self._only = "/"
        self._changed = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._listen(0)
        assert self._server is not None
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def misbehave(self, mode: Mode, only: str = "/") -> None:
        """From now on, for paths that begin with `only`; "refuse" is for all of them."""
        self._mode, self._only = mode, only
        self._changed.set()
        self._changed = threading.Event()
        if mode == "refuse":
            self._hang_up()
        elif self._server is None:
            self._listen(self.port)

    def behave(self) -> None:
        """Everything passes again."""
        self.misbehave("pass")

    def mode_of(self, path: str) -> Mode:
        """What happens to a request."""
        return self._mode if path.startswith(self._only) else "pass"

    def requests(self, path: str) -> list[Seen]:
        """What came in for a path."""
        return [each for each in self.seen if each.path == path]

    def wait_for_change(self) -> None:
        """Hold a request until the mode changes."""
        self._changed.wait(HANG_S)

    @contextlib.contextmanager
    def tracked(self, held: socket.socket) -> Any:
        """A socket that is cut when the proxy stops listening."""
        with self._lock:
            self._sockets.add(held)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(held)

    def close(self) -> None:
        """Stop for good."""
        self._changed.set()
        self._hang_up()

    def _listen(self, port: int) -> None:
        self._server = _Server(port, self)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with self._lock:
            for held in self._sockets:
                with contextlib.suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, flaky: FlakyCentre) -> None:
        self.flaky = flaky
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that left is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Server

    def handle(self) -> None:
        with self.server.flaky.tracked(self.connection):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        flaky = self.server.flaky
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        flaky.seen.append(Seen(self.command, urlsplit(self.path).path, body))
        mode = flaky.mode_of(self.path)
        if mode == "hang":
            flaky.wait_for_change()
            self.close_connection = True
        elif mode in _ANSWERS:
            status, kind, content = _ANSWERS[mode]
            self._send(status, {"Content-Type": kind}, content)
        else:
            try:
                self._hand_on(body, mode)
            except (OSError, http.client.HTTPException):
                self.close_connection = True

    def _hand_on(self, body: bytes, mode: Mode) -> None:
        host, port = self.server.flaky.upstream
        upstream = http.client.HTTPConnection(host, port, timeout=UPSTREAM_S)
        with contextlib.closing(upstream):
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "connection", "accept-encoding")
            }
            upstream.request(self.command, self.path, body, headers)
            held = upstream.sock
            answer = upstream.getresponse()
            kept = {n: v for n, v in answer.getheaders() if n.lower() not in _HOP_HEADERS}
            if answer.headers.get_content_type() == "text/event-stream":
                with self.server.flaky.tracked(held):
                    self._stream(answer, kept)
                return
            content = self.server.flaky.tamper(self.path, answer.read())
            if mode == "lose_answer":
                self.close_connection = True
            else:
                self._send(answer.status, kept, content, half=mode == "cut")

    def _stream(self, answer: http.client.HTTPResponse, headers: dict[str, str]) -> None:
        self.close_connection = True
        self.send_response_only(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while piece := answer.read1(4096):
            self.wfile.write(piece)
            self.wfile.flush()

    def _send(
        self, status: int, headers: dict[str, str], content: bytes, *, half: bool = False
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if half:
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)
