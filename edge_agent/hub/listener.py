"""The hub's own listener on the LAN: TLS with client certificates, the hub's routes and no others.

It listens only while the term in force names this very life of the register, and begins anew when
the term changes (other peers, other certificates).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub import tls
from edge_agent.hub.mdns import announce
from edge_agent.hub.server import Hub
from edge_agent.hub.terms import Terms
from sync.serving.hub_app import build_hub_app
from sync.serving.hub_feed import HubFeed

RETRY_S = 5.0
_BACKLOG = 64
_KEEP_ALIVE_S = 30
_MAX_CONNECTIONS = 256
_CLOSE_S = 0.1


class _Quiet(uvicorn.Server):
    """Signals belong to the agent."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class HubListener:
    """Serves `hub` at `listen` (host:port) for as long as the term says so."""

    def __init__(
        self,
        hub: Hub,
        terms: Terms,
        folder: Path,
        private_key: bytes,
        listen: str,
        *,
        mdns: bool = False,
        on_bound: Callable[[int], None] = lambda _port: None,
        feed: HubFeed | None = None,
    ) -> None:
        self._app = build_hub_app(hub, feed)
        self._terms = terms
        self._folder = folder
        self._key = private_key
        self._listen = listen
        self._mdns = mdns
        self._on_bound = on_bound
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def term_changed(self) -> None:
        """Look at the term again. May be called from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._changed.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        self._loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._changed.clear()
            own = self._terms.own
            if not self._terms.is_own or own is None:
                await self._either(stop, None)
                continue
            try:
                file = tls.write_own(self._folder, self._key, own)
                context = tls.serving(file, self._terms.peers)
                listening = bound(self._listen)
            except (OSError, tls.NoCertificate) as error:
                emit(Event.HUB_FAILED, problem=str(error))
                await self._either(stop, RETRY_S)
                continue
            await self._serve(stop, listening, context)

    async def _serve(
        self, stop: asyncio.Event, listening: socket.socket, context: ssl.SSLContext
    ) -> None:
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE_S,
            limit_concurrency=_MAX_CONNECTIONS,
            ssl_context_factory=lambda _config, _default: context,
        )
        server = _Quiet(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        port = listening.getsockname()[1]
        emit(Event.HUB_SERVING, port=port, term=self._terms.number)
        self._on_bound(port)
        silence = _nothing
        try:
            if self._mdns:
                silence = await asyncio.to_thread(announce, self._terms, port)
            await self._either(stop, None)
        finally:
            # An idle peer does not answer the end of TLS: nobody is waited for.
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            server.should_exit = server.force_exit = True
            await asyncio.gather(serving, return_exceptions=True)
            listening.close()
            await asyncio.to_thread(silence)
            await asyncio.sleep(_CLOSE_S)

    async def _either(self, stop: asyncio.Event, timeout_s: float | None) -> None:
        """Wait for the end, another term, or that long."""
        waits = [asyncio.create_task(each.wait()) for each in (stop, self._changed)]
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def bound(listen: str) -> socket.socket:
    """A listening socket on host:port; raises `OSError` that names the address."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, int(port)))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise OSError(f"the hub cannot listen on {listen}: {error.strerror}") from error
    return listening


def _nothing() -> None:
    return None
