"""A till that follows its hub's feed: rows that give no right come from the hub while it answers.

The centre is asked for the rest (`edge_agent.hub.near_feed`), and for everything when the hub is
silent, stale, or cannot go on from where this register stands.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_hub import FROM_START
from loyalty.errors import InvalidRuleset
from sync.centre_client import CentreClient
from sync.contract.cursor import read_cursor
from sync.contract.feed import HUB_KINDS, FeedPage, FeedRow, FeedRuleset
from sync.contract.hub import HubBeatReply
from sync.downlink import PullResult
from sync.errors import CentreRefused, CursorGone, SyncError
from sync.fresh_start import FreshStart

PAGE_ROWS = 500
MAX_PAGES = 40
BUNDLE_TRIES = 5
_NO_DELETING = frozenset({"deny", "hub_term"})


class BundleSlot(Protocol):
    """What is used of `edge_agent.bundles.BundleStore`."""

    @property
    def downloaded_sequence(self) -> int: ...
    def is_refused(self, sequence: int) -> bool: ...
    def offer(
        self,
        data: bytes,
        signature: bytes,
        key_id: str,
        now: datetime,
        wanted_sequence: int | None = None,
    ) -> int: ...


class FeedFollower:
    """Rows from the hub into the cache. `heard`, `lost` and `pull` may come from any thread.

    `taken` takes rows out of a page that others keep; `is_online` tells whether the centre
    answers: only while it does not is a whole snapshot taken from the hub."""

    def __init__(
        self,
        cache: Cache,
        register_id: str,
        folder: Path,
        bundles: BundleSlot,
        taken: Callable[[FeedPage], FeedPage],
        is_online: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self.lock = threading.RLock()
        """Held while rows of the feed are applied, whoever brings them."""
        self._cache = cache
        self._register_id = register_id
        self._folder = folder
        self._bundles = bundles
        self._taken = taken
        self._is_online = is_online
        self._now = now
        self._client: CentreClient | None = None
        self._told = HubBeatReply(term=0, copied_seq=0, server_time="")
        self._has_caught_up = False
        self._is_given_up = False
        self._gone: tuple[str, str] | None = None
        self._fresh: FreshStart | None = None
        self._bundle_faults: tuple[int, int] = (0, 0)

    # --- what the island says -----------------------------------------------------------------

    def heard(self, reply: HubBeatReply, client: CentreClient) -> None:
        """The hub has answered a beat."""
        if self._is_given_up:
            return
        if client is not self._client:
            self._client, self._fresh, self._gone = client, None, None
            self._has_caught_up = False
        self._told = reply

    def lost(self) -> None:
        """The hub is silent, or another one, or this register itself."""
        self._client, self._fresh = None, None
        self._has_caught_up = False

    def give_up(self) -> None:
        """The centre knows no registers behind a hub: nothing is taken from one in this run."""
        self._is_given_up = True
        self.lost()

    @property
    def is_current(self) -> bool:
        """The hub brings the feed: the centre need not."""
        told = self._told.feed == "current"
        return self._client is not None and told and self._has_caught_up

    @property
    def wants(self) -> bool:
        """There is something to fetch at the hub."""
        if self._client is None or self._told.feed == "none":
            return False
        if self._gone == (self._cache.cursor(), self._told.feed_at) and self._is_online():
            return False
        return not self._stands_at_end() or self._wanted_bundle() is not None

    def _stands_at_end(self) -> bool:
        own, hub = read_cursor(self._cache.cursor()), read_cursor(self._told.feed_at)
        if own is None or hub is None or own.incarnation != hub.incarnation:
            return False
        is_there = own.near is None and own.at >= hub.at
        self._has_caught_up = self._has_caught_up or is_there
        return is_there

    # --- rows ---------------------------------------------------------------------------------

    def pull(self) -> PullResult:
        """Everything the hub has after what is here. Raises `SyncError`."""
        client, result = self._client, PullResult()
        for _ in range(MAX_PAGES):
            cursor = self._cache.cursor()
            if client is None or self._stands_at_end():
                break
            try:
                if not cursor:
                    raise CursorGone("cursor_gone", 410)
                page = client.feed(cursor, PAGE_ROWS)
            except CursorGone:
                return self._cannot_go_on(client, cursor)
            step = self._apply(cursor, page)
            result = replace(
                step,
                rows=result.rows + step.rows,
                moved=result.moved or step.moved,
                restored=0,
            )
            if not page.more or not step.moved:
                break
        if client is not None:
            self._fetch_bundle(client)
        return result

    def _apply(self, cursor: str, page: FeedPage) -> PullResult:
        with self.lock:
            if self._cache.cursor() != cursor:
                return PullResult(moved=True)
            before, after = read_cursor(cursor), read_cursor(page.cursor)
            is_sound = (
                before is not None
                and after is not None
                and page.incarnation == after.incarnation == self._cache.incarnation()
                and after.near is None
                and after.at >= before.at
            )
            if not is_sound or before is None:
                raise SyncError("the hub's page does not follow what is here")
            if not self._cache.own_cursor():
                self._cache.set_own_cursor(cursor if before.near is None else FROM_START)
            believed = page.model_copy(
                update={"rows": [row for row in page.rows if self._is_believed(row)]}
            )
            applied = self._cache.apply_page(self._taken(believed))
        self._has_caught_up = self._has_caught_up or not page.more
        return PullResult(
            rows=len(page.rows),
            applied=applied,
            moved=page.cursor != cursor,
            server_time=page.server_time,
        )

    def _is_believed(self, row: FeedRow) -> bool:
        """Rows that are signed or give no right; a hub lifts no denial and ends no term."""
        if row.kind == "head":
            return row.key == self._register_id
        return row.kind in HUB_KINDS and not (row.is_deleted and row.kind in _NO_DELETING)

    def _cannot_go_on(self, client: CentreClient, cursor: str) -> PullResult:
        """The centre brings the rows up to where the hub goes on; without it a register that has
        lost its cache, or is far behind, takes the hub's file."""
        self._has_caught_up = False
        self._gone = (cursor, self._told.feed_at)
        hub = read_cursor(self._told.feed_at)
        known = self._cache.incarnation()
        if self._is_online() or hub is None or known not in ("", hub.incarnation):
            return PullResult()
        folder = self._folder / "from-hub"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._fresh = self._fresh or FreshStart(client, self._cache, folder)
        with self.lock:
            step = self._fresh.step()
            if not step.is_done:
                return PullResult(moved=True, downloaded=step.received)
            # A till that has lost its cache has no own rows yet, and has to tell its rights.
            self._cache.set_own_cursor(FROM_START)
            self._fresh = None
        return PullResult(was_reset=True, moved=True, downloaded=step.received)

    # --- bundles ------------------------------------------------------------------------------

    def wanted(self) -> FeedRuleset | None:
        """The bundle that the centre has to be asked for: none while the hub brings them."""
        row = self._cache.ruleset_wanted()
        if row is None or not self.is_current:
            return row
        return row if self._bundle_faults >= (row.sequence, BUNDLE_TRIES) else None

    def _wanted_bundle(self) -> FeedRuleset | None:
        row = self._cache.ruleset_wanted()
        if row is None or row.sequence <= self._bundles.downloaded_sequence:
            return None
        if self._bundles.is_refused(row.sequence):
            return None
        return None if self._bundle_faults >= (row.sequence, BUNDLE_TRIES) else row

    def _fetch_bundle(self, client: CentreClient) -> None:
        """The signature is checked here, whoever brings the bytes."""
        row = self._wanted_bundle()
        if row is None:
            return
        sequence, faults = self._bundle_faults
        self._bundle_faults = (row.sequence, faults + 1 if sequence == row.sequence else 1)
        try:
            file = client.bundle(row.sequence)
        except CentreRefused:
            return
        if hashlib.sha256(file.data).hexdigest() == row.sha256:
            with suppress(InvalidRuleset):
                told = (file.data, file.signature, file.key_id)
                self._bundles.offer(*told, self._now(), row.sequence)
