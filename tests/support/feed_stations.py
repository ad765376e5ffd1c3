"""A register's ways down on real files: its cache, the feed it keeps, its hub and its centre."""

from __future__ import annotations

from datetime import UTC, datetime

from edge_agent.bundles import BundleStore
from edge_agent.hub.follow import FeedFollower
from edge_agent.hub.near_feed import AsksHeads, NearFeed
from edge_agent.hub.store_feed import StoreFeed
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.store_feed_file import StoreFeedFile
from edge_agent.sync_feed import rights_of
from sync.centre_client import CentreClient
from sync.contract.feed import FeedPage
from sync.downlink import Downlink, PullResult
from sync.errors import SyncError
from sync.fresh_start import FreshStart
from tests.support.hub_stations import NOW, Serving, Station


class FeedStation:
    """The parts of a register that bring rows, joined as the agent joins them; no loop."""

    def __init__(self, station: Station, centre_url: str) -> None:
        self.station = station
        self.name = station.identity.register_id
        self.is_online = True
        self.clock_s = 0.0
        folder, identity = station.folder, station.identity
        self.cache = Cache(folder / "cache.db")
        self.bundles = BundleStore.open(folder / "bundles", identity.programme_keys)
        self.file = StoreFeedFile(folder / "store-feed.db", max_rows=8)
        self.feed = StoreFeed(
            *(
                self.file,
                self.cache,
                self.name,
                self.bundles.signed,
                folder / "for-tills",
                lambda: NOW,
            ),
            stale_s=90.0,
            monotonic=lambda: self.clock_s,
        )
        station.hub.feed_state = lambda: self.feed.state
        who = (self.name, identity.private_key, None, lambda: NOW)
        self.client = CentreClient(centre_url, *who)
        self.follower = FeedFollower(
            *(self.cache, self.name, folder, self.bundles),
            taken=self._kept,
            is_online=lambda: self.is_online,
            now=lambda: datetime(2026, 11, 22, 10, tzinfo=UTC),
        )
        station.island.follower = self.follower
        self.rights = rights_of(self.cache, station.ledger, identity)
        fresh = FreshStart(self.client, self.cache, folder, self.rights)
        asks = AsksHeads(self.client, self.feed, station.terms)
        whole = Downlink(asks, self.cache, taken=self._kept, fresh=fresh)
        self.near = NearFeed(
            *(whole, self.client, self.cache, self.follower),
            taken=station.terms.take_from,
            rights=self.rights,
        )

    def _kept(self, page: FeedPage) -> FeedPage:
        page = self.feed.keep(self.cache.cursor(), page)
        return self.station.terms.take_from(page)

    # --- turns --------------------------------------------------------------------------------

    def pull(self) -> None:
        """Everything that the centre has to bring; raises `SyncError`."""
        for _ in range(50):
            if not self.near.pull_once().more:
                return
        raise AssertionError("the feed makes no progress")

    def beat(self) -> PullResult | None:
        """One beat to the hub, and what the hub has."""
        self.station.island.turn()
        try:
            return self.follower.pull() if self.follower.wants else None
        except SyncError:
            return None

    def points(self, member_id: int) -> int | None:
        """The cached balance."""
        found = self.cache.member(member_id)
        return found.balance_points if found else None

    def close(self) -> None:
        """Let files and connections go."""
        self.client.close()
        self.station.close()
        self.cache.close()
        self.file.close()


def serve(hub: FeedStation) -> Serving:
    """The hub's listener, its feed with it."""
    return Serving(hub.station, hub.feed)
