"""The running service: pool, listener, housekeeping and HTTP, wired in one place."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from central.code_sender import Codes, CodeSender
from central.counter_asks import CounterAsks
from central.db.embedded import EmbeddedServer
from central.db.migrate import migrate
from central.db.session import open_pool
from central.errors import BadInput, DatabaseUnavailable
from central.housekeeping import Housekeeper
from central.instants import Clock, system_clock
from central.keys import SigningKey
from central.listening import Listener
from central.policies import ActivePolicy
from central.recalls import Recalls
from central.service import CentreService
from central.snapshots import Snapshots
from central.watch import Watch
from sync.contract.messages import ProgrammeKey
from sync.serving.app import build_app, problem
from sync.serving.hints import HintBoard

_CLOSE_S = 5
_RETRY_AFTER_S = "5"


@contextmanager
def wired(
    url: str,
    programme_keys: Sequence[ProgrammeKey],
    *,
    clock: Clock = system_clock,
    housekeeping_s: float = 5.0,
    database_server: EmbeddedServer | None = None,
    snapshot_dir: Path | None = None,
    code_sender: CodeSender | None = None,
    term_key: SigningKey | None = None,
) -> Iterator[tuple[FastAPI, HintBoard]]:
    """The application over a migrated database; everything is stopped at the end.

    `database_server` is started again when it dies; snapshot files are made in `snapshot_dir`;
    `code_sender` brings one-time codes to members; `term_key` signs the terms of stand-in hubs."""
    migrate(url)
    board = HintBoard()
    pool = open_pool(url)
    listener = Listener(url, board.post)
    policy = ActivePolicy(pool)
    housekeeper = Housekeeper(pool, clock, policy, housekeeping_s)
    snapshots = Snapshots(pool, snapshot_dir, clock) if snapshot_dir else None
    watch = Watch(url, clock, database_server)
    service = CentreService(
        *(pool, programme_keys, clock, policy, snapshots),
        recalls=Recalls(pool),
        codes=Codes(code_sender),
        counter_asks=CounterAsks(pool, clock, policy),
        term_key=term_key,
    )
    app = build_app(service, board)
    app.add_exception_handler(DatabaseUnavailable, _on_unavailable)
    listener.start()
    housekeeper.start()
    watch.start()
    try:
        yield app, board
    finally:
        watch.stop()
        housekeeper.stop()
        listener.stop()
        if snapshots is not None:
            snapshots.stop()
        pool.close()


async def _on_unavailable(_request: Request, _error: Exception) -> Response:
    headers = {"Retry-After": _RETRY_AFTER_S}
    return problem(503, "unavailable", "the database does not answer", headers)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of the server: its certificate with the chain, and its private key."""

    certificate: Path
    key: Path


class HttpServer(uvicorn.Server):
    """uvicorn that says when it listens and ends its streams when it is told to stop."""

    def __init__(
        self,
        app: FastAPI,
        board: HintBoard,
        on_ready: Callable[[], None],
        tls: Tls | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_CLOSE_S,
            lifespan="off",
            ws="none",
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        super().__init__(config)
        self._board = board
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report readiness."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: finish the requests under way, end the streams."""
        self._board.close()
        super().handle_exit(sig, frame)

    def finish(self) -> None:
        """The same, from another thread."""
        self._board.close()
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. `BadInput` when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that name it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise BadInput("cannot_listen", f"cannot listen on {host}:{port}: {error}") from None
    return listening


def url_of(listening: socket.socket, tls: Tls | None = None) -> str:
    """Address of a bound socket."""
    host, port = listening.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def unwind_on_sigterm() -> None:
    """Let SIGTERM end this process through its clean-up also before and after serving."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)


def serve(
    app: FastAPI,
    board: HintBoard,
    listening: socket.socket,
    on_ready: Callable[[str], None],
    tls: Tls | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. uvicorn raises the signal again when it has stopped, so a
    handler that only notes it must stand below, or the process would die before its clean-up."""
    server = HttpServer(app, board, lambda: on_ready(url_of(listening, tls)), tls)
    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            previous[number] = signal.signal(number, lambda *_: None)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
        for number, handler in previous.items():
            signal.signal(number, handler)
