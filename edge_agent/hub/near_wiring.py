"""A register of a store with a hub, joined to its ways down: the hub's feed and the centre's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from edge_agent.desk import Desk
from edge_agent.hub.follow import FeedFollower
from edge_agent.hub.near_feed import AsksHeads, NearFeed
from edge_agent.hub.parts import HubParts
from edge_agent.off_loop import off_loop
from edge_agent.parts import Parts
from edge_agent.sync_wiring import RowsDown
from sync.bucket_check import BucketCheck
from sync.contract.feed import FeedPage
from sync.contract.live import RightsReport
from sync.downlink import Downlink, PullResult
from sync.fresh_start import FreshStart


class Reports(Protocol):
    """What is used of `edge_agent.sync_wiring.SyncReports`."""

    def taken(self, page: FeedPage) -> FeedPage: ...
    def applied(self, result: PullResult) -> None: ...


def behind_hub(
    parts: Parts,
    hub: HubParts,
    reports: Reports,
    desk: Desk,
    rights: Callable[[str], RightsReport],
    check: BucketCheck,
) -> RowsDown:
    """Rows from the hub while it is current, else from the centre; both are kept for the tills of
    a register that may be the hub itself."""
    client, cache, feed = parts.client, parts.cache, hub.feed
    assert client is not None

    def kept(page: FeedPage) -> FeedPage:
        return reports.taken(feed.keep(cache.cursor(), page) if feed else page)

    follower = FeedFollower(
        cache,
        parts.identity.register_id,
        parts.settings.data_dir,
        parts.rules.store,
        taken=kept,
        is_online=lambda: parts.gate.is_online,
        now=parts.clock.now,
    )
    fresh = FreshStart(client, cache, parts.settings.data_dir, rights)
    asks = AsksHeads(client, feed, hub.terms) if feed else client
    whole = Downlink(asks, cache, taken=kept, fresh=fresh)
    near = NearFeed(whole, client, cache, follower, reports.taken, rights)

    def pulled(result: PullResult) -> None:
        reports.applied(result)
        if parts.rules.store.downloaded_sequence > parts.rules.store.active_sequence:
            off_loop(desk.rules_arrived)

    hub.island.follower = hub.runner.follower = follower
    hub.runner.on_pulled = pulled
    return RowsDown(near, partial(near.compare, check), follower.wanted)
