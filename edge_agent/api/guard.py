"""Who may talk to the local API: checked before any body is read.

Loopback alone is no protection: a web page in the till's browser can reach it, and a rebound DNS
name can pretend to be it. So Host and Origin must match exact lists, writes must be JSON, and all
but the health check, the panel's files and the documents need the register's token.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Literal

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_agent.api.problems import problem
from edge_agent.api.websocket import offered_token
from edge_agent.event_codes import Event
from edge_agent.event_log import emit

MAX_BODY_BYTES = 1024 * 1024
BODY_S = 30.0
OPEN_PATHS = ("/healthz", "/docs", "/openapi.json", "/v1/panel/sessions")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
SESSION_S = 16 * 3600
LINK_S = 60
CUSTOMER_PATH = "/v1/customer/"
Rights = Literal["register", "customer"]
"""What a session may do: all that the cashier's screen does, or read the buyer's display."""


class Tokens:
    """The POS's token, one-time panel links and the in-memory tokens they are exchanged for."""

    def __init__(self, token: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._now = monotonic
        self._lock = threading.Lock()
        self._links: dict[str, tuple[float, Rights]] = {}
        self._sessions: dict[str, tuple[float, Rights]] = {}

    def new_link(self, rights: Rights = "register") -> str:
        """A code that opens the panel, or the buyer's display, once, within a minute."""
        with self._lock:
            now = self._now()
            self._links = {code: link for code, link in self._links.items() if link[0] > now}
            code = secrets.token_urlsafe(24)
            self._links[code] = (now + LINK_S, rights)
            return code

    def exchange(self, code: str) -> str | None:
        """A session token for a link code; the code is used up."""
        with self._lock:
            ends, rights = self._links.pop(code, (0.0, "customer"))
            if ends <= self._now():
                return None
            session = secrets.token_urlsafe(32)
            self._sessions[session] = (self._now() + SESSION_S, rights)
            return session

    def is_registers_own(self, presented: str) -> bool:
        """True for the register's token alone: who holds it reads its file."""
        return hmac.compare_digest(presented.encode(), self._token.encode())

    def accepts(self, presented: str, rights: Rights = "register") -> bool:
        """True for the register's token or a living session with these rights; a session of the
        cashier's screen may read the buyer's display too."""
        if self.is_registers_own(presented):
            return True
        with self._lock:
            ends, own = self._sessions.get(presented, (0.0, "customer"))
            return ends > self._now() and own in ("register", rights)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        hosts: Callable[[], Iterable[str]],
        origins: Iterable[str],
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = hosts
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, 401, 413 or 415 at once, or pass on with a bounded body."""
        if scope["type"] not in ("http", "websocket"):
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if headers.get("host", "") not in self._hosts():
            await _refuse(403, "bad_host", "unknown Host header")(scope, receive, send)
        elif origin is not None and not self._is_known(origin):
            await _refuse(403, "bad_origin", "this page may not call the agent")(
                scope, receive, send
            )
        elif _is_cross_site(headers, origin):
            await _refuse(403, "bad_origin", "another site's page may not call the agent")(
                scope, receive, send
            )
        elif scope["type"] == "websocket":
            await self._upgrade(scope, receive, send, headers)
        elif scope["method"] == "OPTIONS":
            await self._preflight(scope, receive, send, origin)
        else:
            await self._checked(scope, receive, self._with_cors(send, origin), headers)

    def _is_known(self, origin: str) -> bool:
        own = {f"http://{host}" for host in self._hosts()}
        return origin in own or origin in self._origins

    async def _upgrade(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """A WebSocket has its token from the header, or among the subprotocols it offers."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        presented = token if scheme == "Bearer" else offered_token(scope.get("subprotocols", ()))
        if not (presented and self._tokens.accepts(presented)):
            await _refuse(401, "bad_token", "the register's token is missing or wrong")(
                scope, receive, send
            )
        else:
            await self._app(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        path: str = scope["path"]
        is_open = path in OPEN_PATHS or path.startswith("/panel/")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        length = headers.get("content-length", "0")
        is_display = path.startswith(CUSTOMER_PATH) and scope["method"] == "GET"
        needed: Rights = "customer" if is_display else "register"
        if not is_open and not (scheme == "Bearer" and self._tokens.accepts(token, needed)):
            await _refuse(401, "bad_token", "the register's token is missing or wrong")(
                scope, receive, send
            )
        elif scope["method"] in WRITING and not _is_json(scope["method"], headers):
            # What a page may send without asking first (text/plain, a form) is never ours.
            await _refuse(403, "not_json", "send application/json")(scope, receive, send)
        elif not length.isdigit() or int(length) > MAX_BODY_BYTES:
            await problem(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")(
                scope, receive, send
            )
        else:
            await self._app(scope, _Bounded(receive), send)

    async def _preflight(
        self, scope: Scope, receive: Receive, send: Send, origin: str | None
    ) -> None:
        answer = problem(204, "preflight", "")
        answer.body = b""
        answer.headers["content-length"] = "0"
        answer.headers["access-control-allow-methods"] = "GET, POST, PUT, PATCH, DELETE"
        answer.headers["access-control-allow-headers"] = (
            "authorization, content-type, idempotency-key, last-event-id"
        )
        await answer(scope, receive, self._with_cors(send, origin))

    def _with_cors(self, send: Send, origin: str | None) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
                    (b"referrer-policy", b"no-referrer"),
                ]
                if origin is not None and origin in self._origins:
                    extra += [
                        (b"access-control-allow-origin", origin.encode()),
                        (b"vary", b"Origin"),
                    ]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        return send_with_headers


def _refuse(status: int, code: str, detail: str) -> JSONResponse:
    emit(Event.API_REFUSED, code=code)
    return problem(status, code, detail)


def _is_cross_site(headers: Headers, origin: str | None) -> bool:
    """A page's image, script or form that hides its origin; following a link is no such call."""
    return (
        origin is None
        and headers.get("sec-fetch-site", "") in ("cross-site", "same-site")
        and headers.get("sec-fetch-mode", "") != "navigate"
    )


def _is_json(method: str, headers: Headers) -> bool:
    if method == "DELETE" and _has_no_body(headers):
        return True  # a page always asks first whether it may
    kind = headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


def _has_no_body(headers: Headers) -> bool:
    named = ("content-type", "transfer-encoding")
    return not any(name in headers for name in named) and headers.get("content-length", "0") == "0"


class _Bounded:
    """A body without Content-Length is bounded as well, and one that does not come ends the
    request after `BODY_S` seconds."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0
        self._ends = time.monotonic() + BODY_S
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        left = max(0.0, self._ends - time.monotonic())
        try:
            message = await asyncio.wait_for(self._receive(), left)
        except TimeoutError:
            return {"type": "http.disconnect"}
        self._seen += len(message.get("body", b""))
        if self._seen > MAX_BODY_BYTES:
            raise HTTPException(413, f"a body has at most {MAX_BODY_BYTES} bytes")
        self._is_whole = not message.get("more_body", False)
        return message
