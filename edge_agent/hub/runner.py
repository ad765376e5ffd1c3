"""Keeps the island going on the agent's event loop: a beat each second, the hub's feed followed,
the listener when this register is the hub, copies of silent registers handed on to the centre."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub.follow import FeedFollower
from edge_agent.hub.island import StoreIsland
from edge_agent.hub.listener import HubListener
from edge_agent.hub.server import Hub
from edge_agent.hub.terms import Terms
from edge_agent.ledger.hub_copies import Copy
from edge_agent.sync_exchange import in_thread
from sync.downlink import PullResult
from sync.errors import SyncError

BEAT_S = 1.0
HAND_ON_S = 10.0
SILENT_S = 60.0


class HubRunner:
    """`hand_on` sends a copy to the centre as its register signed it, and returns how far the
    centre then has that log; it raises `SyncError`."""

    def __init__(
        self,
        island: StoreIsland,
        hub: Hub,
        terms: Terms,
        listener: HubListener | None,
        hand_on: Callable[[Copy], int] | None,
    ) -> None:
        self._island = island
        self.hub = hub
        self.terms = terms
        self._listener = listener
        self._hand_on = hand_on
        self.follower: FeedFollower | None = None
        self.on_pulled: Callable[[PullResult], None] = lambda _: None
        self._due = asyncio.Event()
        self._beaten = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """There is something to tell: a receipt, a member, another term. From any thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._due.set)

    def term_changed(self) -> None:
        """Look at the term again. From any thread."""
        if self._listener is not None:
            self._listener.term_changed()
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; calls in flight are then interrupted."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat_until(stop))
                group.create_task(self._hand_on_until(stop))
                group.create_task(self._follow_until(stop))
                group.create_task(self._wake_at(stop))
                if self._listener is not None:
                    group.create_task(self._listener.run(stop))
        finally:
            self._loop = None
            self._island.close()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._due.set()
        self._beaten.set()
        self._island.close()

    async def _beat_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._due.clear()
            await asyncio.to_thread(self._island.turn)
            self._beaten.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), BEAT_S)

    async def _follow_until(self, stop: asyncio.Event) -> None:
        """Each beat is also the hint that the hub's feed has gone on."""
        while not stop.is_set():
            await self._beaten.wait()
            self._beaten.clear()
            if self.follower is None or stop.is_set():
                continue
            with suppress(SyncError):
                pulled = await in_thread(self._followed, self.follower)
                if pulled is not None:
                    self.on_pulled(pulled)

    @staticmethod
    def _followed(follower: FeedFollower) -> PullResult | None:
        return follower.pull() if follower.wants else None

    async def _hand_on_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), HAND_ON_S)
            if self._hand_on is not None and self.terms.is_own and not stop.is_set():
                with suppress(SyncError):
                    await asyncio.to_thread(self.hand_on_one, self._hand_on)

    def hand_on_one(self, send: Callable[[Copy], int], silent_s: float = SILENT_S) -> None:
        """The oldest copy of a register that has been silent for so long goes to the centre."""
        copy = self.hub.next_to_hand_on(silent_s)
        if copy is not None:
            self.hub.handed_on(copy, send(copy))
            emit(Event.COPY_HANDED_ON, register=copy.register_id, upto=copy.last_seq)
