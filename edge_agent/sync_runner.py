"""Keeps a register and its centre in step: facts up, state rows and rule bundles down, a report.

Runs on the agent's event loop; blocking calls go to threads. Reports go their own way, so that a
long upload hides neither a centre that hangs nor one that is back. While there is no way, only
they try, with full jitter and by `Retry-After`; the rest waits, and nobody has to press anything.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from tenacity import RetryCallState

from edge_agent.sync_backoff import retrying, sleep_unless
from edge_agent.sync_exchange import BundlePort, Exchange, RowSource, SyncCallbacks, in_thread
from edge_agent.sync_link import ConnectionState, Link
from edge_agent.sync_pace import Pace, SyncTiming
from sync.bucket_check import Comparison
from sync.centre_client import BundleFile, Hint
from sync.contract.feed import FeedRuleset
from sync.contract.live import Heartbeat, HeartbeatReply
from sync.errors import LocalStoreFailed, SyncError
from sync.uplink import Uplink

CYCLE_GAP_S = 0.1


class CentreCalls(Protocol):
    """What is used of `sync.centre_client.CentreClient`."""

    pace_s: float

    def bundle(self, sequence: int) -> BundleFile: ...
    def heartbeat(self, report: Heartbeat) -> HeartbeatReply: ...
    def hints(self, last_id: str = ...) -> Iterator[Hint]: ...
    def interrupt(self) -> None: ...


class SyncRunner:
    """One register's exchange with its centre.

    `wanted` tells which bundle the feed asks for, `report` builds the heartbeat, `compare` holds
    the cache against the centre's checksums (all may read databases: they run in a thread), `now`
    is the corrected clock, aware.
    """

    def __init__(
        self,
        client: CentreCalls,
        uplink: Uplink,
        downlink: RowSource,
        bundles: BundlePort,
        wanted: Callable[[], FeedRuleset | None],
        report: Callable[[], Heartbeat],
        now: Callable[[], datetime],
        timing: SyncTiming | None = None,
        callbacks: SyncCallbacks | None = None,
        compare: Callable[[], Comparison] = Comparison,
    ) -> None:
        self._client = client
        self._uplink = uplink
        self._report = report
        self._now = now
        self._timing = timing or SyncTiming()
        self._callbacks = callbacks or SyncCallbacks()
        self._compare = compare
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pace = Pace(self._timing)
        self._link = Link(self._stamp, self._callbacks.on_state)
        self._beat_due = asyncio.Event()
        self._missed_beats = 0
        self._lane = Exchange(
            client, uplink, downlink, bundles, wanted, now, self._pace, self._callbacks
        )

    @property
    def state(self) -> ConnectionState:
        """The connection as last seen."""
        return self._link.state

    def notify_outbox(self) -> None:
        """A fact was written. May be called from any thread."""
        self._wake(self._lane.facts_wait)

    def notify_change(self) -> None:
        """Something a heartbeat reports has changed, or a live call failed: look at once.

        May be called from any thread."""
        self._wake(self._beat_due.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Exchange until `stop` is set; calls in flight are then interrupted."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat_until(stop))
                group.create_task(self._exchange_until(stop))
                group.create_task(self._listen_until(stop))
                group.create_task(self._compare_until(stop))
                group.create_task(self._interrupt_at(stop))
        finally:
            self._loop = None
            self._client.interrupt()

    def _wake(self, mark: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            # The loop may close between the look and the call: then nobody needs waking.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(mark)

    async def _interrupt_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._lane.news.set()
        self._beat_due.set()
        self._link.give_up()
        self._client.interrupt()

    # --- reports ------------------------------------------------------------------------------

    async def _beat_until(self, stop: asyncio.Event) -> None:
        attempts = retrying(stop, self._timing.retry_cap_s, self._after_missed_beat)
        while not stop.is_set():
            # Cleared first: a change during the call is reported by one more.
            self._beat_due.clear()
            try:
                await attempts(self._beat)
            except SyncError:
                return
            with suppress(TimeoutError):
                wait_s = max(self._pace.beat_in_s(), self._pace.wait_s)
                await asyncio.wait_for(self._beat_due.wait(), wait_s)
            await asyncio.sleep(CYCLE_GAP_S / 10)

    async def _beat(self) -> None:
        report = await in_thread(self._report)
        call = asyncio.ensure_future(in_thread(self._client.heartbeat, report))
        try:
            done, _ = await asyncio.wait({call}, timeout=self._timing.slow_s)
            if not done:
                self._link.late()
            reply = await call
        finally:
            call.cancel()
        self._pace.asked(self._client.pace_s)
        self._pace.returned(self._missed_beats)
        self._missed_beats = 0
        self._pace.used()
        if done:
            self._link.in_time(report.outbox_pending)
        else:
            self._link.answers()
        self._callbacks.on_beat(reply)
        acknowledged = report.last_seq - report.outbox_pending
        if reply.head_seq < acknowledged:
            self._lane.compare_head(report.epoch, acknowledged, reply.head_seq)

    async def _after_missed_beat(self, call: RetryCallState) -> None:
        error = call.outcome.exception() if call.outcome else None
        self._missed_beats = call.attempt_number
        if isinstance(error, LocalStoreFailed):
            # Our own file, not the centre: facts and rows may still find their way.
            self._link.answers()
        elif isinstance(error, SyncError):
            self._link.report_failed(error, await self._pending())

    # --- facts up, rows down ------------------------------------------------------------------

    async def _exchange_until(self, stop: asyncio.Event) -> None:
        attempts = retrying(stop, self._timing.retry_cap_s, self._after_failure)
        while not stop.is_set():
            await self._link.reachable.wait()
            try:
                await attempts(self._exchange, stop)
            except SyncError:
                return
            await asyncio.sleep(CYCLE_GAP_S)
            await self._lane.wait(stop)

    async def _exchange(self, stop: asyncio.Event) -> None:
        await self._link.reachable.wait()
        had_news = await self._lane.run(stop)
        if self._lane.take_report_wish():
            self._beat_due.set()
        self._link.exchanged(await self._pending())
        if had_news:
            self._lane.news.set()

    async def _after_failure(self, call: RetryCallState) -> None:
        error = call.outcome.exception() if call.outcome else None
        if isinstance(error, SyncError):
            self._link.exchange_failed(error, await self._pending())
        # A report finds out whether there is a way at all.
        self._beat_due.set()

    async def _pending(self) -> int:
        with suppress(LocalStoreFailed):
            return (await in_thread(self._report)).outbox_pending
        return self._link.state.outbox_pending

    async def _compare_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await sleep_unless(stop, self._pace.compare_in_s())
            if stop.is_set() or not self._link.state.online:
                continue
            with suppress(SyncError):
                found = await self._lane.alone(self._compare)
                self._callbacks.on_compared(found)

    # --- hints --------------------------------------------------------------------------------

    async def _listen_until(self, stop: asyncio.Event) -> None:
        attempts = retrying(stop, self._timing.retry_cap_s)
        last_id = ""
        while not stop.is_set():
            try:
                last_id = await attempts(self._listen_once, last_id)
            except SyncError:
                return
            # After a restart of the centre all registers come back at once: spread them.
            await sleep_unless(stop, random.uniform(0.0, self._timing.retry_cap_s))

    async def _listen_once(self, last_id: str) -> str:
        """Follow one stream to its end; the last id heard. Raises only when it never opened."""
        await self._link.reachable.wait()
        if self._pace.catches_up:
            # The stream is one of thousands as well.
            await asyncio.sleep(self._pace.wait_s)
        heard = False

        def follow() -> None:
            nonlocal heard, last_id
            for hint in self._client.hints(last_id):
                # The first one says that the stream is open: what came before it is looked for.
                heard, last_id = True, hint.id
                self._wake(self._lane.rows_wait)

        try:
            await in_thread(follow)
        except SyncError:
            if not heard:
                raise
        return last_id

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
