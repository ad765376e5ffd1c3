"""Where a register's rows come from: its hub while that is current, else the centre.

Beside the hub the centre is read for the own rows alone, by a cursor of their own. When the hub is
left, they are read to their end first, so that the one cursor stands for all rows again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_agent.hub.follow import FeedFollower
from edge_agent.hub.store_feed import StoreFeed
from edge_agent.hub.terms import KIND as HUB_TERM
from edge_agent.hub.terms import Terms
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_hub import FROM_START
from sync.bucket_check import BucketCheck, Comparison
from sync.centre_client import CentreClient
from sync.contract.feed import OWN_KINDS, FeedPage
from sync.contract.live import RightsReply, RightsReport
from sync.downlink import Downlink, PullResult
from sync.errors import CentreRefused, CursorGone

PAGE_ROWS = 500


class OwnRows(Protocol):
    """What is used of `sync.centre_client.CentreClient`."""

    def own_feed(self, cursor: str, limit: int) -> FeedPage: ...
    def report_rights(self, report: RightsReport) -> RightsReply: ...


class AsksHeads:
    """The hub's way to ask for pages: with the heads of its store."""

    def __init__(self, client: CentreClient, feed: StoreFeed, terms: Terms) -> None:
        self._client = client
        self._feed = feed
        self._terms = terms

    def feed(self, cursor: str, limit: int) -> FeedPage:
        """Rows after `cursor`."""
        if self._terms.is_own:
            return self._client.feed(cursor, limit, self._feed.heads_mark)
        return self._client.feed(cursor, limit)


class NearFeed:
    """Takes the place of a `Downlink`. `taken` takes rows out of own pages that others keep,
    `rights` tells what is held here, for a register whose cache came from a hub's file."""

    def __init__(
        self,
        whole: Downlink,
        client: OwnRows,
        cache: Cache,
        follower: FeedFollower,
        taken: Callable[[FeedPage], FeedPage],
        rights: Callable[[str], RightsReport],
    ) -> None:
        self._whole = whole
        self._client = client
        self._cache = cache
        self._follower = follower
        self._taken = taken
        self._rights = rights

    def pull_once(self) -> PullResult:
        """One page of what the centre has to bring now; raises as `Downlink.pull_once`."""
        with self._follower.lock:
            if self._follower.is_current and self._cache.cursor():
                if not self._cache.own_cursor():
                    self._cache.set_own_cursor(self._cache.cursor())
                return self._own()
            if self._cache.own_cursor():
                result = self._own()
                if result.more or not self._cache.own_cursor():
                    return result
                self._cache.set_own_cursor("")
            return self._whole.pull_once()

    def compare(self, check: BucketCheck) -> Comparison:
        """Hold the cache against the centre while nobody applies rows."""
        with self._follower.lock:
            return check.run()

    def _own(self) -> PullResult:
        cursor = self._cache.own_cursor()
        try:
            if cursor == FROM_START:
                self._tell_rights()
            page = self._client.own_feed("" if cursor == FROM_START else cursor, PAGE_ROWS)
        except CursorGone:
            if cursor == FROM_START:
                raise
            self._cache.set_own_cursor(FROM_START)
            return PullResult(moved=True, more=True)
        except CentreRefused as error:
            if error.status != 404:
                raise
            # A centre of an older contract: all rows come from where the own ones stand.
            self._follower.give_up()
            self._cache.leave_hub("" if cursor == FROM_START else cursor)
            return self._whole.pull_once()
        if page.incarnation != self._cache.incarnation():
            # The centre was restored: its whole feed says so, and is told of the rights here.
            self._cache.set_own_cursor("")
            return self._whole.pull_once()
        kinds = (*OWN_KINDS, HUB_TERM)
        own = page.model_copy(update={"rows": [row for row in page.rows if row.kind in kinds]})
        applied = self._cache.apply_own(self._taken(own))
        return PullResult(
            rows=len(page.rows),
            applied=applied,
            moved=page.cursor != cursor,
            server_time=page.server_time,
            more=page.more,
        )

    def _tell_rights(self) -> None:
        """As a fresh start does; a centre that has not been restored knows it all."""
        try:
            self._client.report_rights(self._rights(self._cache.incarnation()))
        except CentreRefused as error:
            if error.status not in (404, 409):
                raise
