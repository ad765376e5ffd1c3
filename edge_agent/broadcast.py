"""Events to whoever listens on the local API: numbered, kept for a while, never blocking a sender.

A listener that falls behind is dropped and comes back with its last id; what it missed beyond
the kept tail it learns from the next full state.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass

KEPT_EVENTS = 500
QUEUE_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ids rise by one, `data` is JSON text."""

    event_id: int
    kind: str
    data: str


class Listener:
    """One stream's queue. `get` raises `asyncio.CancelledError` only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self.is_dropped = False

    def offer(self, event: Event) -> None:
        """Called from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event) -> None:
        if self._queue.full():
            self.is_dropped = True
        else:
            self._queue.put_nowait(event)

    def hang_up(self) -> None:
        """The other side has left: whoever waits for the next event gets one, the last."""
        self.is_dropped = True
        self.offer(Event(0, "bye", "{}"))

    async def get(self, timeout_s: float) -> Event | None:
        """Next event, or `None` when `timeout_s` passed without one."""
        try:
            return await asyncio.wait_for(self._queue.get(), timeout_s)
        except TimeoutError:
            return None


class Broadcast:
    """The one publisher of the agent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._listeners: list[Listener] = []
        self._last_id = 0
        self._revision = 0

    def next_revision(self) -> int:
        """A number for a state, higher than any before it."""
        with self._lock:
            self._revision += 1
            return self._revision

    @property
    def is_heard(self) -> bool:
        """Somebody listens now."""
        return bool(self._listeners)

    def publish(self, kind: str, data: str) -> None:
        """Send JSON text to every listener; returns at once."""
        with self._lock:
            self._last_id += 1
            event = Event(self._last_id, kind, data)
            self._kept.append(event)
            self._listeners = [item for item in self._listeners if not item.is_dropped]
            for listener in self._listeners:
                listener.offer(event)

    def listen(self, loop: asyncio.AbstractEventLoop, after_id: int | None) -> Listener:
        """A new listener that first gets the kept events after `after_id` (`None`: none)."""
        listener = Listener(loop)
        with self._lock:
            if after_id is not None:
                for event in self._kept:
                    if event.event_id > after_id:
                        listener.offer(event)
            self._listeners.append(listener)
        return listener

    def close(self) -> None:
        """End every stream: the agent stops."""
        with self._lock:
            for listener in self._listeners:
                listener.is_dropped = True
                listener.offer(Event(self._last_id, "bye", "{}"))

    def leave(self, listener: Listener) -> None:
        """Stop sending to a listener."""
        with self._lock:
            self._listeners = [item for item in self._listeners if item is not listener]
