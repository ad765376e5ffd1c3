"""The register's bulk traffic: facts up, state rows and rule bundles down, in that order."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from edge_agent.sync_link import ConnectionState
from edge_agent.sync_pace import Pace
from loyalty.errors import InvalidRuleset
from sync.bucket_check import Comparison
from sync.centre_client import BundleFile
from sync.contract.feed import FeedRuleset
from sync.contract.live import HeartbeatReply
from sync.downlink import PullResult
from sync.errors import CentreUnavailable, LocalStoreFailed, SyncError
from sync.uplink import PushResult, Uplink

P = ParamSpec("P")
T = TypeVar("T")

MAX_RESETS = 3
MAX_DIGEST_FAULTS = 3


class BundleSource(Protocol):
    """What is used of `sync.centre_client.CentreClient`."""

    pace_s: float

    def bundle(self, sequence: int) -> BundleFile: ...


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


class RowSource(Protocol):
    """What is used of `sync.downlink.Downlink`, or of what takes its place behind a hub."""

    def pull_once(self) -> PullResult: ...


def _ignore(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class SyncCallbacks:
    """Called on the event loop; they must not block. `on_state` follows every exchange."""

    on_state: Callable[[ConnectionState], None] = _ignore
    on_pushed: Callable[[PushResult], None] = _ignore
    on_applied: Callable[[PullResult], None] = _ignore
    on_bundle: Callable[[], None] = lambda: None
    on_compared: Callable[[Comparison], None] = _ignore
    on_beat: Callable[[HeartbeatReply], None] = _ignore


class Exchange:
    """What waits to go up or to come down, and the way of one round. Runs on the event loop."""

    def __init__(
        self,
        client: BundleSource,
        uplink: Uplink,
        downlink: RowSource,
        bundles: BundlePort,
        wanted: Callable[[], FeedRuleset | None],
        now: Callable[[], datetime],
        pace: Pace,
        callbacks: SyncCallbacks,
    ) -> None:
        self._client = client
        self._uplink = uplink
        self._downlink = downlink
        self._bundles = bundles
        self._wanted = wanted
        self._now = now
        self._pace = pace
        self._callbacks = callbacks
        self.news = asyncio.Event()
        self._has_facts = True
        self._wants_pull = True
        self._wants_report = False
        self._head: tuple[int, int, int] | None = None
        self._next_poll = 0.0
        self._digest_faults: dict[int, int] = {}
        self._rows = asyncio.Lock()

    # --- what is due --------------------------------------------------------------------------

    def facts_wait(self) -> None:
        """A fact was written."""
        self._has_facts = True
        self.news.set()

    def rows_wait(self) -> None:
        """The centre has something new."""
        self._wants_pull = True
        self.news.set()

    def compare_head(self, epoch: int, acknowledged_seq: int, head_seq: int) -> None:
        """A report showed the centre below what it once acknowledged: look before the next push."""
        self._head = (epoch, acknowledged_seq, head_seq)
        self.facts_wait()

    def take_report_wish(self) -> bool:
        """Whether something a report tells has changed; asked once."""
        wish, self._wants_report = self._wants_report, False
        return wish

    async def wait(self, stop: asyncio.Event) -> None:
        """Until there is news, the next poll is due, or what waits may go."""
        if not stop.is_set():
            wait_s = self._next_poll - time.monotonic()
            if self._has_facts or self._wants_pull:
                wait_s = min(wait_s, self._pace.wait_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), max(0.0, wait_s))
        self.news.clear()

    async def alone(self, work: Callable[[], T]) -> T:
        """Do something while no row of the feed is applied."""
        async with self._rows:
            self._pace.used()
            return await in_thread(work)

    # --- one round ----------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> bool:
        """Every lane once, in order; one lane's refusal does not stop the others. True when
        something came up meanwhile that may go at once."""
        failure: SyncError | None = None
        for lane in (self._push, self._pull, self._fetch_bundle):
            try:
                await lane(stop)
            except CentreUnavailable:
                raise
            except SyncError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return (self._has_facts or self._wants_pull) and not self._pace.wait_s

    def _answered(self) -> None:
        self._pace.asked(self._client.pace_s)
        self._pace.used()

    async def _may_push(self) -> bool:
        """Facts that only earn keep the pace; those that spend go at once, but for the herd that
        comes back after a long outage."""
        if not self._pace.wait_s:
            return True
        return not self._pace.catches_up and await in_thread(self._uplink.is_urgent)

    async def _push(self, stop: asyncio.Event) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            await in_thread(self._uplink.compare_head, *head)
        more = True
        while more and not stop.is_set() and await self._may_push():
            self._has_facts = False
            try:
                pushed = await in_thread(self._uplink.push_once)
            except SyncError:
                self._has_facts = True
                raise
            more = pushed.more or self._has_facts
            self._has_facts = more
            if pushed != PushResult():
                self._answered()
                self._callbacks.on_pushed(pushed)

    async def _pull(self, stop: asyncio.Event) -> None:
        if time.monotonic() >= self._next_poll:
            self._wants_pull = True
        resets = 0
        while self._wants_pull and not stop.is_set() and not self._pace.wait_s:
            if self._has_facts:
                await self._push(stop)
            # Cleared first: a hint that comes while a page is fetched asks for one more look.
            self._wants_pull = False
            try:
                async with self._rows:
                    pulled = await in_thread(self._downlink.pull_once)
            except SyncError:
                self._wants_pull = True
                raise
            self._callbacks.on_applied(pulled)
            resets += pulled.was_reset
            stands = pulled.more and not pulled.moved and not pulled.was_reset
            if stands or resets > MAX_RESETS:
                self._wants_pull = True
                raise CentreUnavailable("the feed makes no progress")
            if not pulled.more:
                self._answered()
            self._wants_pull = self._wants_pull or pulled.more
            self._next_poll = time.monotonic() + (pulled.wait_s or self._pace.poll_in_s())

    async def _fetch_bundle(self, stop: asyncio.Event) -> None:
        wanted = await in_thread(self._wanted)
        if stop.is_set() or wanted is None:
            return
        is_newer = wanted.sequence > self._bundles.downloaded_sequence
        if not is_newer or self._bundles.is_refused(wanted.sequence):
            return
        file = await in_thread(self._client.bundle, wanted.sequence)
        self._check_digest(wanted, file)
        # A refusal is remembered by the store; the callback and the heartbeat show it.
        with suppress(InvalidRuleset):
            await in_thread(
                self._bundles.offer,
                file.data,
                file.signature,
                file.key_id,
                self._now(),
                wanted.sequence,
            )
        self._wants_report = True
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
            self._wants_report = True
            self._callbacks.on_bundle()
        raise SyncError(message)


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A blocking call; a failure that is not of sync (the ledger's disk) gets its name."""
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except (SyncError, InvalidRuleset):
        raise
    except Exception as error:
        raise LocalStoreFailed(f"{type(error).__name__}: {error}") from error
