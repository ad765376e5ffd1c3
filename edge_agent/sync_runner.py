"""Keeps a register and its centre in step: facts up, state rows and rule bundles down, a heartbeat.

Runs on the agent's event loop; blocking calls go to threads. What wakes it: a new fact, a hint of
the centre, a jittered poll, the heartbeat's time. Offline, it tries again with full jitter and
obeys `Retry-After`; nobody has to press anything when the network is back.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from tenacity import RetryCallState

from edge_agent.sync_backoff import retrying, sleep_unless
from loyalty.errors import InvalidRuleset
from sync.centre_client import BundleFile
from sync.contract.feed import FeedRuleset
from sync.contract.live import Heartbeat, HeartbeatReply
from sync.downlink import Downlink, PullResult
from sync.errors import CentreRefused, CentreUnavailable, LocalStoreFailed, SyncError
from sync.uplink import PushResult, Uplink

P = ParamSpec("P")
T = TypeVar("T")

CYCLE_GAP_S = 0.1
MAX_RESETS = 3
MAX_DIGEST_FAULTS = 3
_SHUT_OUT = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class SyncTiming:
    """How often to look and how long to wait, in seconds. `retry_cap_s` bounds the jittered
    wait after a failure; a longer `Retry-After` is obeyed all the same."""

    poll_min_s: float = 20.0
    poll_max_s: float = 40.0
    heartbeat_s: float = 15.0
    retry_cap_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """Whether the centre answers, since when (UTC, ISO 8601), the last fault ("" when the last
    exchange was good) and how many facts wait."""

    online: bool
    since: str
    last_error: str
    outbox_pending: int


class CentreCalls(Protocol):
    """What is used of `sync.centre_client.CentreClient`."""

    def bundle(self, sequence: int) -> BundleFile: ...
    def heartbeat(self, report: Heartbeat) -> HeartbeatReply: ...
    def hints(self) -> Iterator[str]: ...
    def interrupt(self) -> None: ...


class BundlePort(Protocol):
    """What is used of `edge_agent.bundles.BundleStore`."""

    @property
    def downloaded_sequence(self) -> int: ...
    def is_refused(self, sequence: int) -> bool: ...
    def refuse(self, sequence: int, code: str, message: str) -> None: ...
    def offer(
        self,
        data: bytes,
        signature: bytes,
        key_id: str,
        now: datetime,
        wanted_sequence: int | None = None,
    ) -> int: ...


def _ignore(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class SyncCallbacks:
    """Called on the event loop; they must not block. `on_state` follows every exchange."""

    on_state: Callable[[ConnectionState], None] = _ignore
    on_pushed: Callable[[PushResult], None] = _ignore
    on_applied: Callable[[PullResult], None] = _ignore
    on_bundle: Callable[[], None] = lambda: None
    on_beat: Callable[[HeartbeatReply], None] = _ignore


class SyncRunner:
    """One register's exchange with its centre.

    `wanted` tells which bundle the feed asks for, `report` builds the heartbeat (both may read
    databases: they run in a thread), `now` is the corrected clock, aware.
    """

    def __init__(
        self,
        client: CentreCalls,
        uplink: Uplink,
        downlink: Downlink,
        bundles: BundlePort,
        wanted: Callable[[], FeedRuleset | None],
        report: Callable[[], Heartbeat],
        now: Callable[[], datetime],
        timing: SyncTiming | None = None,
        callbacks: SyncCallbacks | None = None,
    ) -> None:
        self._client = client
        self._uplink = uplink
        self._downlink = downlink
        self._bundles = bundles
        self._wanted = wanted
        self._report = report
        self._now = now
        self._timing = timing or SyncTiming()
        self._callbacks = callbacks or SyncCallbacks()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._has_facts = True
        self._wants_pull = True
        self._wants_beat = True
        self._next_poll = self._next_beat = 0.0
        self._digest_faults: dict[int, int] = {}
        self._state = ConnectionState(False, self._stamp(), "", 0)

    @property
    def state(self) -> ConnectionState:
        """The connection as last seen."""
        return self._state

    def notify_outbox(self) -> None:
        """A fact was written. May be called from any thread."""
        self._wake(self._mark_facts)

    def notify_change(self) -> None:
        """Something a heartbeat reports has changed, or a live call failed: look at once.

        May be called from any thread."""
        self._wake(self._mark_beat)

    async def run(self, stop: asyncio.Event) -> None:
        """Exchange until `stop` is set; calls in flight are then interrupted."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._exchange_until(stop))
                group.create_task(self._listen_until(stop))
                group.create_task(self._interrupt_at(stop))
        finally:
            self._loop = None
            self._client.interrupt()

    # --- what wakes the runner ----------------------------------------------------------------

    def _wake(self, mark: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            # The loop may close between the look and the call: then nobody needs waking.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(mark)

    def _mark_facts(self) -> None:
        self._has_facts = True
        self._news.set()

    def _mark_beat(self) -> None:
        self._wants_beat = True
        self._news.set()

    def _mark_pull(self) -> None:
        self._wants_pull = True
        self._news.set()

    async def _interrupt_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._news.set()
        self._client.interrupt()

    async def _wait_for_news(self, stop: asyncio.Event) -> None:
        await asyncio.sleep(CYCLE_GAP_S)
        if not stop.is_set():
            wait_s = min(self._next_poll, self._next_beat) - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), max(0.0, wait_s))
        self._news.clear()

    # --- the exchange -------------------------------------------------------------------------

    async def _exchange_until(self, stop: asyncio.Event) -> None:
        attempts = retrying(stop, self._timing.retry_cap_s, self._after_failure)
        while not stop.is_set():
            try:
                await attempts(self._exchange, stop)
            except SyncError:
                return
            await self._wait_for_news(stop)

    async def _exchange(self, stop: asyncio.Event) -> None:
        """Every lane once, in order of priority; one lane's refusal does not stop the others."""
        failure: SyncError | None = None
        for lane in (self._push, self._pull, self._fetch_bundle, self._beat):
            try:
                await lane(stop)
            except CentreUnavailable:
                raise
            except SyncError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        await self._show(self._state.online, "")

    async def _push(self, stop: asyncio.Event) -> None:
        more = True
        while more and not stop.is_set():
            self._has_facts = False
            pushed = await _in_thread(self._uplink.push_once)
            more = pushed.more or self._has_facts
            if pushed != PushResult():
                self._reached()
                self._callbacks.on_pushed(pushed)

    async def _pull(self, stop: asyncio.Event) -> None:
        if time.monotonic() >= self._next_poll:
            self._wants_pull = True
        resets = 0
        while self._wants_pull and not stop.is_set():
            if self._has_facts:
                await self._push(stop)
            # Cleared first: a hint that comes while a page is fetched asks for one more look.
            self._wants_pull = False
            try:
                pulled = await _in_thread(self._downlink.pull_once)
            except SyncError:
                self._wants_pull = True
                raise
            self._callbacks.on_applied(pulled)
            resets += pulled.was_reset
            stands = pulled.more and not pulled.moved and not pulled.was_reset
            if stands or resets > MAX_RESETS:
                self._wants_pull = True
                raise CentreUnavailable("the feed makes no progress")
            if not pulled.was_reset:
                self._reached()
            self._wants_pull = self._wants_pull or pulled.more
            spread_s = random.uniform(self._timing.poll_min_s, self._timing.poll_max_s)
            self._next_poll = time.monotonic() + spread_s

    async def _fetch_bundle(self, stop: asyncio.Event) -> None:
        wanted = await _in_thread(self._wanted)
        if stop.is_set() or wanted is None:
            return
        is_newer = wanted.sequence > self._bundles.downloaded_sequence
        if not is_newer or self._bundles.is_refused(wanted.sequence):
            return
        file = await _in_thread(self._client.bundle, wanted.sequence)
        self._reached()
        self._check_digest(wanted, file)
        # A refusal is remembered by the store; the callback and the heartbeat show it.
        with suppress(InvalidRuleset):
            await _in_thread(
                self._bundles.offer,
                file.data,
                file.signature,
                file.key_id,
                self._now(),
                wanted.sequence,
            )
        self._wants_beat = True
        self._callbacks.on_bundle()

    def _check_digest(self, wanted: FeedRuleset, file: BundleFile) -> None:
        if hashlib.sha256(file.data).hexdigest() == wanted.sha256:
            self._digest_faults.clear()
            return
        faults = self._digest_faults.get(wanted.sequence, 0) + 1
        self._digest_faults = {wanted.sequence: faults}
        message = "the bundle's bytes do not fit the digest in the feed"
        if faults >= MAX_DIGEST_FAULTS:
            self._bundles.refuse(wanted.sequence, "digest_mismatch", message)
            self._wants_beat = True
            self._callbacks.on_bundle()
        raise SyncError(message)

    async def _beat(self, stop: asyncio.Event) -> None:
        if stop.is_set() or not (self._wants_beat or time.monotonic() >= self._next_beat):
            return
        # Cleared first: a change during the call is reported by one more.
        self._wants_beat = False
        report = await _in_thread(self._report)
        reply = await _in_thread(self._client.heartbeat, report)
        self._next_beat = time.monotonic() + self._timing.heartbeat_s
        self._reached()
        self._callbacks.on_beat(reply)
        rewound = await _in_thread(
            self._uplink.compare_head,
            report.epoch,
            report.last_seq - report.outbox_pending,
            reply.head_seq,
        )
        if rewound:
            await self._push(stop)

    # --- hints --------------------------------------------------------------------------------

    async def _listen_until(self, stop: asyncio.Event) -> None:
        attempts = retrying(stop, self._timing.retry_cap_s)
        while not stop.is_set():
            try:
                await attempts(self._listen_once)
            except SyncError:
                return
            # After a restart of the centre all registers come back at once: spread them.
            await sleep_unless(stop, random.uniform(0.0, self._timing.retry_cap_s))

    async def _listen_once(self) -> None:
        """Follow one stream to its end; raises only when it never opened."""
        heard = False

        def follow() -> None:
            nonlocal heard
            for _ in self._client.hints():
                heard = True
                self._wake(self._mark_pull)

        try:
            await _in_thread(follow)
        except SyncError:
            if not heard:
                raise

    # --- state --------------------------------------------------------------------------------

    async def _after_failure(self, call: RetryCallState) -> None:
        error = call.outcome.exception() if call.outcome else None
        # The next attempt must reach for the centre even when nothing else is due.
        self._wants_beat = True
        gone = isinstance(error, CentreUnavailable) or (
            isinstance(error, CentreRefused) and error.status in _SHUT_OUT
        )
        await self._show(self._state.online and not gone, str(error))

    def _reached(self) -> None:
        """The centre answered: online at once, not only when the whole exchange is done."""
        if not self._state.online:
            state = self._state
            self._set(ConnectionState(True, self._stamp(), "", state.outbox_pending))

    async def _show(self, online: bool, error: str) -> None:
        pending = self._state.outbox_pending
        with suppress(LocalStoreFailed):
            pending = (await _in_thread(self._report)).outbox_pending
        since = self._state.since if online == self._state.online else self._stamp()
        self._set(ConnectionState(online, since, error, pending))

    def _set(self, state: ConnectionState) -> None:
        self._state = state
        self._callbacks.on_state(state)

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A blocking call; a failure that is not of sync (the ledger's disk) gets its name."""
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except (SyncError, InvalidRuleset):
        raise
    except Exception as error:
        raise LocalStoreFailed(f"{type(error).__name__}: {error}") from error
