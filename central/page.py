"""The member's page asks for purses here: a listener of its own, with a secret of its own.

Whoever serves the page (a site, an app's server) knows who its visitor is and sends that with the
bearer token; the visitor never talks to the centre. No other route is reachable on this listener.
Requests are bounded in size, number at once and number a second.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from fastapi import FastAPI
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from central import purse_keys, purses
from central.db.bulk import Connection
from central.db.session import open_pool, transact
from central.errors import BadInput, DatabaseUnavailable, KeysUnusable
from central.instants import Clock, system_clock
from central.keys import SigningKey
from central.policies import ActivePolicy
from central.server import HttpServer, Tls, url_of
from sync.contract.rights import PurseReply, PurseRequest
from sync.serving.app import explain_errors, problem
from sync.serving.gate import parse
from sync.serving.hints import HintBoard
from sync.serving.port import Refused

TOKEN_FILE = "page.token"
MAX_BODY_BYTES = 4_096
MAX_AT_ONCE = 8
A_SECOND = 50
_KEYS_AGE_S = 5.0


def page_token(data_dir: Path, *, renew: bool = False) -> str:
    """The page's secret, made on first use (file of mode 0600)."""
    path = data_dir / TOKEN_FILE
    if renew:
        path.unlink(missing_ok=True)
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8").strip()


class _Pace:
    """At most `A_SECOND` requests a second, counted by whole seconds; for one event loop."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._second, self._count, self.running = 0, 0, 0

    def enter(self) -> None:
        """429 `too_many` when there are too many a second, or too many at once."""
        second = int(self._monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count > A_SECOND or self.running >= MAX_AT_ONCE:
            raise Refused(429, "too_many", "ask again in a second", 1)
        self.running += 1


class _Keys:
    """The signing purse key, read again now and then, so that a rotation needs no restart."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._keys = purse_keys.load(data_dir)

    def signing(self) -> SigningKey:
        with self._lock:
            if time.monotonic() - self._read_at > _KEYS_AGE_S:
                self._keys = purse_keys.load(self._data_dir)
                self._read_at = time.monotonic()
            if not self._keys:
                raise Refused(503, "no_purse_key", "`edge-central purse key init` makes one", 60)
            return self._keys[0]


def build_page(
    pool: ConnectionPool[Connection], data_dir: Path, clock: Clock = system_clock
) -> FastAPI:
    """The application of the page's listener."""
    app = FastAPI(title="Loyalty Edge page", openapi_url=None, docs_url=None, redoc_url=None)
    explain_errors(app)
    app.add_exception_handler(DatabaseUnavailable, _on_unavailable)
    policy, keys, pace = ActivePolicy(pool), _Keys(data_dir), _Pace()
    token = page_token(data_dir).encode()

    def issue(request: PurseRequest) -> PurseReply:
        now, figures = clock(), policy()
        try:
            key = keys.signing()
            return transact(pool, lambda c: purses.issue(c, key, request, now, figures))
        except BadInput as error:
            raise Refused(404, error.code, str(error)) from None
        except KeysUnusable as error:
            raise Refused(503, "no_purse_key", str(error), 60) from None

    @app.post("/v1/purses")
    async def purse(request: Request) -> Response:
        """The code to show for a member; bearer token of the page."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, token):
            raise Refused(401, "bad_token", "the page's bearer token is expected")
        pace.enter()
        try:
            message = parse(PurseRequest, await _body(request))
            if (message.member_id is None) == (not message.card):
                raise Refused(422, "bad_message", "give either member_id or card")
            reply = await run_in_threadpool(issue, message)
        finally:
            pace.running -= 1
        headers = {"Cache-Control": "no-store"}
        return Response(reply.model_dump_json(), headers=headers, media_type="application/json")

    return app


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")
    return bytes(body)


async def _on_unavailable(_request: Request, _error: Exception) -> Response:
    return problem(503, "unavailable", "the database does not answer", {"Retry-After": "5"})


@contextmanager
def served(
    url: str, data_dir: Path, listening: socket, tls: Tls | None = None, clock: Clock = system_clock
) -> Iterator[str]:
    """The page's listener in a thread of its own; its address. Ends with the block."""
    ready = threading.Event()
    pool = open_pool(url, size=MAX_AT_ONCE)
    server = HttpServer(build_page(pool, data_dir, clock), HintBoard(), ready.set, tls)
    thread = threading.Thread(target=server.run, args=([listening],), name="page")
    thread.start()
    try:
        ready.wait(10)
        yield url_of(listening, tls)
    finally:
        server.finish()
        thread.join()
        listening.close()
        pool.close()
