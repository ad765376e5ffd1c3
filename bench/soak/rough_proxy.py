"""An HTTP proxy that treats requests as a bad network does: loses, doubles, delays and cuts them.

Of the uploads about 20 % are dropped (before the centre sees them, or their answer after it did),
20 % are sent twice, 10 % once more after later ones, and 10 % cut in the middle, either way.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DROP, DOUBLE, LATE, CUT = 0.20, 0.20, 0.10, 0.10
_KEPT = 8


@dataclass
class _Request:
    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        return self.head + self.body


@dataclass
class RoughProxy:
    """Listens on a loopback port of its own; `url` is what a register is told."""

    upstream_url: str
    seed: int
    seen: Counter[str] = field(default_factory=Counter)
    is_rough: bool = True

    def __post_init__(self) -> None:
        target = urlsplit(self.upstream_url)
        self._host, self._port = target.hostname or "", target.port or 80
        self._dice = random.Random(self.seed)
        self._stale: deque[_Request] = deque(maxlen=_KEPT)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Stop listening and hang up."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(starting)
        ready.set()
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                answer, goes_on = await self._treat(request)
                writer.write(answer)
                await writer.drain()
                if not goes_on:
                    break
        except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _treat(self, request: _Request) -> tuple[bytes, bool]:
        """What to answer, and whether the connection stays."""
        if not self.is_rough or b" /v1/facts " not in request.head.partition(b"\r\n")[0]:
            answer = await self._ask(request.whole)
            return answer or b"", answer is not None
        fate = self._fate()
        self.seen[fate] += 1
        if self._stale and self._dice.random() < LATE:
            self.seen["late"] += 1
            await self._ask(self._stale.popleft().whole)
        if fate == "drop_request":
            return b"", False
        if fate == "cut_request":
            whole = request.whole
            await self._ask(whole[: len(request.head) + len(request.body) // 2], cut=True)
            return b"", False
        if self._dice.random() < LATE:
            self._stale.append(request)
        answer = await self._ask(request.whole)
        if fate == "double":
            answer = await self._ask(request.whole)
        if fate == "drop_answer" or answer is None:
            return b"", False
        return (answer[: len(answer) // 2], False) if fate == "cut_answer" else (answer, True)

    def _fate(self) -> str:
        draw = self._dice.random()
        for share, fates in (
            (DROP, ("drop_request", "drop_answer")),
            (DOUBLE, ("double",)),
            (CUT, ("cut_request", "cut_answer")),
        ):
            if draw < share:
                return self._dice.choice(fates)
            draw -= share
        return "pass"

    async def _ask(self, data: bytes, cut: bool = False) -> bytes | None:
        """Send upstream on a connection of its own; the whole answer."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(data)
            await writer.drain()
            if cut:
                return None
            answer = await _read(reader)
            return None if answer is None else answer.whole
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    """One message of HTTP/1.1 with a length; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return _Request(head, await reader.readexactly(length))
