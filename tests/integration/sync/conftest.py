"""A small but real centre over HTTP: the served contract in memory, and every way to misbehave."""

# ruff: noqa: ARG002 - the ports' signatures are fixed
from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from sync.centre_client import CentreClient, ClockSample
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.live import Heartbeat
from sync.contract.messages import Fact, UploadBatch, UploadReply
from sync.contract.signing import new_private_key, public_key_of
from sync.serving.app import build_app
from sync.serving.hints import HintBoard
from sync.serving.pacer import Pacer
from tests.integration.sync.memory_centre import MemoryCentre
from tests.integration.sync.running_register import Register

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def utc_stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Misbehaving:
    """An ASGI application that answers by `mode`; "ok" passes the request on."""

    app: Any = None

    def __init__(self) -> None:
        self.behave()

    def behave(self) -> None:
        self.mode = "ok"
        self.only = "/"
        self.retry_after = "7"
        self.body = b"{}"
        self.canned: tuple[bytes, dict[str, str]] = (b"", {})
        self.requests = 0
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("http only")
        self.requests += 1
        self.paths.append(scope["path"])
        if self.mode == "ok" or not scope["path"].startswith(self.only):
            await self.app(scope, receive, send)
            return
        await getattr(self, f"_{self.mode}")(receive, send)

    async def _reply(
        self, send: Send, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        pairs = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
        pairs.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    async def _error(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 500, b"Internal Server Error")

    async def _canned(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 200, *self.canned)

    async def _silent(self, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await self._hang(receive, send)

    async def _html(self, receive: Receive, send: Send) -> None:
        page = b"<html><body>Please log in to the Wi-Fi</body></html>"
        await self._reply(send, 200, page, {"content-type": "text/html"})

    async def _forbidden_html(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 403, b"<html>blocked by proxy</html>")

    async def _garbage(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 200, b'{"incarnation": 5, "rows": [1, 2', {})

    async def _wrong(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 200, b'{"hello": "world"}')

    async def _hang(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _trickle(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)

    async def _cut(self, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"incarnation": "x"'})

    async def _huge(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(9 * 16):
            await send({"type": "http.response.body", "body": b" " * 65536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _later(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 503, self.body, {"retry-after": self.retry_after})

    async def _no_route(self, receive: Receive, send: Send) -> None:
        body = b'{"title":"Not found","status":404,"code":"no_such_route"}'
        await self._reply(send, 404, body, {"content-type": "application/problem+json"})

    async def _gone(self, receive: Receive, send: Send) -> None:
        body = b'{"title":"Gone","status":410,"code":"cursor_gone"}'
        await self._reply(send, 410, body, {"content-type": "application/problem+json"})

    async def _moved(self, receive: Receive, send: Send) -> None:
        await self._reply(send, 302, b"", {"location": "http://portal.example/"})


class TestPacer(Pacer):
    """Asks for the pace that a test wants."""

    __test__ = False

    def __init__(self, state: MemoryCentre) -> None:
        super().__init__()
        self._state = state

    @property
    def pace_s(self) -> int:
        return int(self._state.pace or super().pace_s)


class LiveCentre:
    """The centre as a running server, which can be stopped and started on the same port."""

    def __init__(self, ssl_files: tuple[str, str] | None = None) -> None:
        self.faults = Misbehaving()
        self._ssl_files = ssl_files
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.renew()
        self.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._ssl_files else 'http'}://127.0.0.1:{self.port}"

    def renew(self) -> None:
        """A fresh centre behind the same port."""
        self.state = MemoryCentre()
        self.open_board()
        self.faults.behave()

    def open_board(self) -> None:
        self.board = HintBoard(heartbeat_s=0.5, pause_s=0.02)
        self.faults.app = build_app(self.state, self.board, TestPacer(self.state))

    def start(self) -> None:
        self.open_board()
        certificate, key = self._ssl_files or (None, None)
        config = uvicorn.Config(
            self.faults,
            host="127.0.0.1",
            port=self.port,
            ws="none",
            lifespan="off",
            log_config=None,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="centre")
        self._thread.start()
        until(lambda: self._server is not None and self._server.started)

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self.board.close()
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._server = self._thread = None


class ListOutbox:
    """An outbox in memory with the real chain; implements `sync.uplink.OutboxPort`."""

    def __init__(self, register_id: str = "r1", epoch: int = 1) -> None:
        self._register_id = register_id
        self._epoch = epoch
        self._lock = threading.Lock()
        self.facts: list[Fact] = []
        self.waiting: set[int] = set()
        self.quarantined: set[int] = set()
        self.rewinds: list[int] = []

    def append(self, body: str = "{}", kind: str = "shift") -> Fact:
        with self._lock:
            seq = len(self.facts) + 1
            prev = bytes.fromhex(self.facts[-1].hash) if self.facts else GENESIS
            own = fact_hash(self._register_id, self._epoch, seq, kind, body.encode(), prev)
            fact = Fact(seq=seq, kind=kind, body=body, prev_hash=prev.hex(), hash=own.hex())
            self.facts.append(fact)
            self.waiting.add(seq)
            return fact

    def pending(self, max_facts: int, max_bytes: int) -> UploadBatch | None:
        with self._lock:
            chosen = [fact for fact in self.facts if fact.seq in self.waiting][:max_facts]
        if not chosen:
            return None
        return UploadBatch(register_id=self._register_id, epoch=self._epoch, facts=chosen)

    def acknowledge(self, batch: UploadBatch, reply: UploadReply) -> None:
        with self._lock:
            for item in reply.verdicts:
                if item.verdict in ("accepted", "duplicate", "quarantined"):
                    self.waiting.discard(item.seq)
                if item.verdict == "quarantined":
                    self.quarantined.add(item.seq)

    def rewind(self, epoch: int, head_seq: int) -> None:
        with self._lock:
            self.rewinds.append(head_seq)
            self.waiting |= {fact.seq for fact in self.facts if fact.seq > head_seq}

    def report(self) -> Heartbeat:
        with self._lock:
            return Heartbeat(
                agent_version="1",
                epoch=self._epoch,
                outbox_pending=len(self.waiting),
                last_seq=len(self.facts),
                ruleset_active=0,
                ruleset_downloaded=0,
                quarantined=len(self.quarantined),
            )


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for a condition, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.01)


@contextmanager
def client_of(centre: LiveCentre, **options: Any) -> Iterator[CentreClient]:
    key = new_private_key()
    centre.state.register_key = public_key_of(key)
    options = {"ca_file": None, "now": utc_stamp} | options
    client = CentreClient(centre.url, "r1", key, **options)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture(scope="package")
def server() -> Iterator[LiveCentre]:
    live = LiveCentre()
    yield live
    live.stop()


@pytest.fixture
def centre(server: LiveCentre) -> Iterator[LiveCentre]:
    server.renew()
    yield server
    server.board.close()


@pytest.fixture
def clock_samples() -> list[ClockSample]:
    return []


@pytest.fixture
def client(centre: LiveCentre, clock_samples: list[ClockSample]) -> Iterator[CentreClient]:
    with client_of(centre, on_clock=clock_samples.append) as made:
        yield made


@pytest.fixture
def outbox() -> ListOutbox:
    return ListOutbox()


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return until


@pytest.fixture
def new_client() -> Callable[..., Any]:
    return client_of


@pytest.fixture
def new_centre() -> Iterator[Callable[..., LiveCentre]]:
    made: list[LiveCentre] = []

    def make(*args: Any) -> LiveCentre:
        made.append(LiveCentre(*args))
        return made[-1]

    yield make
    for live in made:
        live.stop()


@pytest.fixture
def register(
    tmp_path: Path, client: CentreClient, outbox: Any, centre: LiveCentre
) -> Iterator[Register]:
    made = Register(tmp_path, client, outbox, centre)
    yield made
    made.stop()
    made.cache.close()
    assert made.error is None
