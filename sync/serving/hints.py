"""Server-sent hints: «there is something to fetch», and nothing more.

One board serves all streams of a process; `post` may be called from any thread, many posts
within `pause_s` are one hint. A lost hint costs the register one poll. Each hint has an id; a
stream opened with the `Last-Event-ID` of an earlier hint, or of another process, starts with one.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable

HEARTBEAT_S = 15.0
_BEAT = b": beat\n\n"


class _Stream:
    """Waits for a hint with a future and a timer of its own: thousands of them share a loop, and
    a task for each wait would cost more than the hint."""

    __slots__ = ("_is_hinted", "_loop", "_waiter")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._is_hinted = False
        self._waiter: asyncio.Future[None] | None = None

    def hint(self) -> None:
        """There is something."""
        self._is_hinted = True
        self._wake()

    async def is_hinted(self, within_s: float) -> bool:
        """True as soon as there was a hint since the last time, False when the time is over."""
        if not self._is_hinted:
            self._waiter = self._loop.create_future()
            timer = self._loop.call_later(within_s, self._wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        hinted, self._is_hinted = self._is_hinted, False
        return hinted

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class HintBoard:
    """Fans out to the streams of one event loop."""

    def __init__(self, heartbeat_s: float = HEARTBEAT_S, pause_s: float = 0.1) -> None:
        self._heartbeat_s = heartbeat_s
        self._pause_s = pause_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams: set[_Stream] = set()
        self._closed = False
        self._due: asyncio.TimerHandle | None = None
        self._life = secrets.token_hex(4)
        self._posted = 0

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def post(self) -> None:
        """Something changed. Before the first stream there is nobody to tell."""
        self._call(self._schedule)

    def close(self) -> None:
        """End every stream; new ones end at once."""
        self._closed = True
        self._call(self._wake)

    def _call(self, work: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)

    def _schedule(self) -> None:
        if self._due is None and self._loop is not None:
            self._due = self._loop.call_later(self._pause_s, self._wake)

    def _wake(self) -> None:
        self._due = None
        self._posted += 1
        for stream in self._streams:
            stream.hint()

    @property
    def _id(self) -> str:
        return f"{self._life}.{self._posted}"

    def _hint(self) -> bytes:
        return f"event: hint\nid: {self._id}\ndata: {{}}\n\n".encode()

    async def stream(self, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Bytes of one event stream: a comment and the id at once, then hints and heartbeats.

        A caller that has missed something, or comes from another process, gets a hint first.
        An id without data tells no event (WHATWG HTML, 9.2.6)."""
        self._loop = asyncio.get_running_loop()
        own = _Stream(self._loop)
        self._streams.add(own)
        try:
            yield f": beat\nid: {self._id}\n\n".encode()
            if last_event_id not in ("", self._id):
                yield self._hint()
            while not self._closed:
                # Spread, or streams that were opened together would beat together for ever.
                if not await own.is_hinted(self._heartbeat_s * random.uniform(0.7, 1.0)):
                    yield _BEAT
                elif not self._closed:
                    yield self._hint()
        finally:
            self._streams.discard(own)
