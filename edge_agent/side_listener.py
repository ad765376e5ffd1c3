"""A small listener beside the local API: a port of its own, bounded, with its few routes only."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from edge_agent.event_codes import Event
from edge_agent.event_log import emit

MAX_AT_ONCE = 16
HANDSHAKE_S = 10.0


class SideServer(ThreadingHTTPServer):
    """At most `MAX_AT_ONCE` connections; with a `context` each of them speaks TLS."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name != "nt"  # there it would share a port that another holds
    request_queue_size = MAX_AT_ONCE

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._turns = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._context = context
        super().__init__(address, handler)

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._turns.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(self._secured(request), client_address)
        except OSError:
            self.shutdown_request(request)
        finally:
            self._turns.release()

    def _secured(self, request: socket.socket) -> socket.socket:
        """The connection after its handshake, which is made here so that none waits for another."""
        if self._context is None:
            return request
        request.settimeout(HANDSHAKE_S)
        return self._context.wrap_socket(request, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that went away in the middle is nothing to tell."""


class SideListener:
    """Makes its server when it starts. A port that is not to be had costs this listener alone."""

    def __init__(self, name: str, make: Callable[[], SideServer], refused: Event) -> None:
        self._name = name
        self._make = make
        self._refused = refused
        self._served: tuple[SideServer, threading.Thread] | None = None

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        return self._served[0].port if self._served else None

    def start(self) -> None:
        """Take the port and begin to serve; what is in the way is told in the log."""
        try:
            server = self._make()
        except OSError as error:  # a port that is taken, a certificate that is none
            emit(self._refused, problem=f"{self._name}: {error.strerror or error}")
            return
        thread = threading.Thread(target=server.serve_forever, name=self._name, daemon=True)
        thread.start()
        self._served = server, thread

    def stop(self) -> None:
        """End it; nothing to do where it never served."""
        if self._served is None:
            return
        (server, thread), self._served = self._served, None
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
