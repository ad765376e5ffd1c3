"""The sync runner joined to the parts of the agent, and what each of its reports sets off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.centre_asks import CentreAsks
from edge_agent.desk import Desk
from edge_agent.health import Health
from edge_agent.hub.port import NoHub
from edge_agent.off_loop import off_loop
from edge_agent.parts import Parts
from edge_agent.sync_exchange import RowSource, SyncCallbacks
from edge_agent.sync_feed import bucket_check, rights_of
from edge_agent.sync_pace import SyncTiming
from edge_agent.sync_runner import SyncRunner
from sync.bucket_check import Comparison
from sync.contract.feed import FeedPage, FeedRuleset
from sync.contract.live import HeartbeatReply
from sync.downlink import Downlink, PullResult
from sync.fresh_start import FreshStart
from sync.uplink import PushResult, Uplink


class SyncReports:
    """What follows from the runner's reports. They come on the event loop; the work leaves it."""

    def __init__(self, parts: Parts, desk: Desk, asks: CentreAsks) -> None:
        self._parts = parts
        self._desk = desk
        self._asks = asks

    def pushed(self, result: PushResult) -> None:
        """The centre has acknowledged a batch."""
        self._parts.events.pushed(result)
        off_loop(self._asks.confirm_head)

    def applied(self, result: PullResult) -> None:
        """A page of the feed stands in the cache."""
        self._parts.events.applied(result)
        off_loop(self._asks.confirm_head)
        if result.rows:
            off_loop(self._desk.refresh)
            off_loop(self._asks.answer)
        if self._parts.rules.stops.is_waiting:
            off_loop(self._desk.rules_arrived)

    def beaten(self, reply: HeartbeatReply) -> None:
        """What the feed has lost (a damaged file, a snapshot) comes with the heartbeat."""
        off_loop(self._asks.confirm_head)
        row = reply.kill_list
        if row is not None:
            off_loop(lambda: self._parts.rules.stops.hear(row, self._desk.rules_arrived))

    def taken(self, page: FeedPage) -> FeedPage:
        """The page without the rows that are not for the cache: stops and the hub's term."""
        page = self._parts.rules.stops.take_from(page)
        return self._parts.hub.terms.take_from(page) if self._parts.hub else page


@dataclass(frozen=True, slots=True)
class RowsDown:
    """Where rows come from, how they are compared, and which bundle to ask the centre for."""

    source: RowSource
    compare: Callable[[], Comparison]
    wanted: Callable[[], FeedRuleset | None]


def runner_of(parts: Parts, desk: Desk, asks: CentreAsks, health: Health) -> SyncRunner | None:
    """The runner, or None without a centre."""
    if parts.client is None or parts.settings.centre is None:
        return None
    centre = parts.settings.centre
    reports = SyncReports(parts, desk, asks)
    island = parts.hub.island if parts.hub else NoHub()
    rights = rights_of(parts.cache, parts.ledger, parts.identity, island.lends)
    fresh = FreshStart(parts.client, parts.cache, parts.settings.data_dir, rights)
    check = bucket_check(parts.client, parts.cache, parts.identity)
    way = RowsDown(
        Downlink(parts.client, parts.cache, taken=reports.taken, fresh=fresh),
        check.run,
        parts.cache.ruleset_wanted,
    )
    if parts.hub is not None:
        from edge_agent.hub.near_wiring import behind_hub

        way = behind_hub(parts, parts.hub, reports, desk, rights, check)
    return SyncRunner(
        client=parts.client,
        uplink=Uplink(parts.client, parts.outbox),
        downlink=way.source,
        compare=way.compare,
        bundles=parts.rules.store,
        wanted=way.wanted,
        report=health.heartbeat,
        now=parts.clock.now,
        timing=SyncTiming(
            poll_min_s=centre.poll_s / 2,
            poll_max_s=float(centre.poll_s),
            heartbeat_s=float(centre.heartbeat_s),
            retry_cap_s=float(centre.retry_cap_s),
        ),
        callbacks=SyncCallbacks(
            on_state=health.connection_changed,
            on_pushed=reports.pushed,
            on_applied=reports.applied,
            on_bundle=lambda: off_loop(desk.rules_arrived),
            on_beat=reports.beaten,
            on_compared=parts.events.compared,
        ),
    )
