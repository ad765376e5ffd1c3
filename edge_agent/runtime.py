"""Running the agent: start order, the one event loop, signals, watchdog, stop order."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn

from edge_agent import bootstrap, lean_start, notify
from edge_agent.agent import Agent
from edge_agent.api.websocket import MAX_MESSAGE_BYTES, websocket_protocol
from edge_agent.config import Settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.ledger import LedgerDamaged, WrongLedger
from edge_agent.ledger.migrate import migrate_apart
from edge_agent.ledger.storage import make_room_to_start
from edge_agent.log_setup import configure, reload_on_hangup
from edge_agent.parts import VERSION
from edge_agent.port_holder import holder_of_port
from edge_agent.single_instance import AlreadyRunning, announce_port, lock
from sync.durable_file import write_durably
from sync.errors import IdentityError

EXIT_CONFIG = 78
EXIT_TEMPORARY = 75


def serve(settings: Settings, *, service: bool = False) -> int:
    """Run until SIGTERM or SIGINT. Exit 78 when set-up is missing, 75 when another agent runs."""
    control = configure(settings, service)
    try:
        make_room_to_start(settings.data_dir)
        with lock(settings.data_dir, settings.api.port, settings.path):
            reload_on_hangup(control, settings.path)
            migrate_apart(settings.data_dir)
            return asyncio.run(_Run(settings).main())
    except AlreadyRunning as error:
        emit(Event.SECOND_AGENT, problem=str(error))
        print(f"edge-agent: {error}", file=sys.stderr)
        return EXIT_TEMPORARY
    except IdentityError as error:
        print(f"edge-agent: {error}; run `edge-agent enrol` first", file=sys.stderr)
        return EXIT_CONFIG
    except WrongLedger as error:
        emit(Event.AGENT_FAILED, problem=str(error))
        print(f"edge-agent: {error}; put the right identity.json back", file=sys.stderr)
        return EXIT_CONFIG
    except LedgerDamaged as error:
        emit(Event.LEDGER_DAMAGED, faults=[str(error)])
        print(
            f"edge-agent: {error}; keep the file, run `edge-agent ledger salvage`", file=sys.stderr
        )
        return EXIT_CONFIG
    except OSError as error:
        emit(Event.AGENT_FAILED, problem=str(error))
        print(f"edge-agent: {error}", file=sys.stderr)
        return EXIT_TEMPORARY
    except Exception as error:
        emit(Event.AGENT_FAILED, error=error)
        raise
    finally:
        control.close()


def api_token(path: Path) -> str:
    """The register's API token; made once, readable by its owner only."""
    if path.is_file():
        token = path.read_text(encoding="ascii").strip()
        if token:
            return token
    token = secrets.token_urlsafe(32)
    write_durably(path, token.encode())
    return token


def loopback_sockets(port: int) -> list[socket.socket]:
    """Listening sockets on 127.0.0.1 and, where there is IPv6, on ::1 with the same port."""
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that name it.
    first = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        first.bind(("127.0.0.1", port))
    except OSError as error:
        first.close()
        by = f"taken by {holder_of_port(port)}" if port else "not to be had"
        raise OSError(f"port {port} on 127.0.0.1 is {by}: {error.strerror}") from error
    sockets = [first]
    second = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        second.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        second.bind(("::1", first.getsockname()[1]))
        sockets.append(second)
    except OSError:
        second.close()
    return sockets


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would raise them again after its own shutdown."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class _Run:
    """One life of the process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._notifier = notify.from_environment()
        self._stop = asyncio.Event()

    async def main(self) -> int:
        """Build, listen, say ready, wait, and stop in reverse order."""
        emit(Event.AGENT_STARTED, version=VERSION, settings=str(self._settings.path))
        sockets = loopback_sockets(self._settings.api.port)
        port = sockets[0].getsockname()[1]
        announce_port(self._settings.data_dir, port)
        token = api_token(self._settings.token_file)
        try:
            agent = bootstrap.build(self._settings, port=port, token=token)
        except BaseException:
            for item in sockets:
                item.close()
            raise
        self._catch_signals()
        config = uvicorn.Config(
            agent.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=75,
            ws=cast(Any, websocket_protocol),
            ws_max_size=MAX_MESSAGE_BYTES,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=sockets))
        syncing = asyncio.create_task(agent.run_sync(self._stop))
        agent.start_devices()
        agent.upkeep.start()
        try:
            await self._until_stopped(agent, server, port)
        finally:
            self._notifier.stopping()
            agent.broadcast.close()
            server.should_exit = True
            server.force_exit = True
            self._stop.set()
            await asyncio.to_thread(agent.stop_devices)
            await asyncio.gather(serving, syncing, return_exceptions=True)
            await asyncio.to_thread(agent.close)
            self._notifier.close()
            emit(Event.AGENT_STOPPED)
        return 0

    async def _until_stopped(self, agent: Agent, server: uvicorn.Server, port: int) -> None:
        while not server.started and not self._stop.is_set():
            await asyncio.sleep(0.005)
        self._notifier.ready(f"listening on 127.0.0.1:{port}")
        lean_start.settle()
        emit(Event.AGENT_READY, port=port)
        ready = {"event": "ready", "url": f"http://127.0.0.1:{port}", "pid": os.getpid()}
        print(json.dumps(ready), flush=True)
        interval = self._notifier.watchdog_interval_s or 30.0
        while not self._stop.is_set():
            await asyncio.to_thread(agent.beat)
            self._notifier.watchdog()
            try:
                await asyncio.wait_for(self._stop.wait(), min(interval, 30.0))
            except TimeoutError:
                continue

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, self._stop.set)
            except NotImplementedError:
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._stop.set))
