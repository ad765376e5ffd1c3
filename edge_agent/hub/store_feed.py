"""The store's feed at its hub: pages of the centre kept as they came, and served to the tills.

A register that may become the hub keeps them all along. Cursors are the centre's own, so a till
goes from the centre to the hub and back without starting over. What is kept gives nobody a right:
leases, counters, the policy and the staff never lie here (`sync.contract.feed.HUB_KINDS`).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.store_feed_file import Kept, StoreFeedFailed, StoreFeedFile
from sync.contract.cache_format import FORMAT
from sync.contract.cursor import Cursor, read_cursor
from sync.contract.feed import HUB_KINDS, FeedPage, FeedRow, SnapshotInfo
from sync.errors import LocalStoreFailed
from sync.serving.port import Caller, Refused, SignedBundle

FRESH_S = 3_600.0
READER_S = 120.0
State = Literal["none", "stale", "current"]
BundleOf = Callable[[int], tuple[bytes, bytes, str] | None]
"""Exact bytes, signature and key id of a bundle by its sequence."""


class StoreFeed:
    """Implements `sync.serving.hub_feed.HubFeed`. Methods may be called from any thread.

    `stale_s` after the last page that ended the feed the hub calls itself stale; `bundle_of` finds
    a verified bundle here, `now` is the clock as ISO 8601 UTC."""

    def __init__(
        self,
        file: StoreFeedFile,
        cache: Cache,
        register_id: str,
        bundle_of: BundleOf,
        folder: Path,
        now: Callable[[], str],
        stale_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._cache = cache
        self._register_id = register_id
        self._bundle_of = bundle_of
        self._folder = folder
        self._now = now
        self._stale_s = stale_s
        self._monotonic = monotonic
        self._ended_at: float | None = None
        self._readers: dict[str, float] = {}
        self._making = threading.Lock()
        self._made: list[tuple[float, SnapshotInfo]] = []

    # --- keeping ------------------------------------------------------------------------------

    @property
    def heads_mark(self) -> int:
        """The mark for the question for heads."""
        return self._file.kept.heads

    def keep(self, before: str, page: FeedPage) -> FeedPage:
        """Keep a page that follows the cursor `before`; the page without other registers' heads.

        A disk that refuses costs the tills their hub's feed, and nobody anything else."""
        start, end = read_cursor(before), read_cursor(page.cursor)
        if end is not None:
            try:
                self._keep(start or Cursor(end.incarnation), end, page)
            except (StoreFeedFailed, LocalStoreFailed) as error:
                self._ended_at = None
                emit(Event.HUB_FAILED, problem=f"the store's feed cannot be kept: {error}"[:200])
        rows = [row for row in page.rows if row.kind != "head" or row.key == self._register_id]
        return page if len(rows) == len(page.rows) else page.model_copy(update={"rows": rows})

    def _keep(self, start: Cursor, end: Cursor, page: FeedPage) -> None:
        kept = self._file.kept
        if kept.incarnation != end.incarnation or start.at > kept.at:
            # A gap, a restored centre, or the first page: nothing before it is known here.
            few = self._cache.few_rows() if start.at > (0, 0) else []
            self._file.begin(end.incarnation, start.at, few)
        rows = [row for row in page.rows if row.kind in HUB_KINDS]
        self._file.keep(rows, end.at, page.heads)
        if not page.more:
            self._ended_at = self._monotonic()

    @property
    def state(self) -> tuple[State, str]:
        """Whether tills shall read here, and where this feed ends."""
        kept = self._file.kept
        if not kept.incarnation or kept.at == (0, 0):
            return "none", ""
        at, now = self._ended_at, self._monotonic()
        is_current = at is not None and now - at <= self._stale_s
        return "current" if is_current else "stale", str(Cursor(kept.incarnation, *kept.at))

    @property
    def readers(self) -> int:
        """Registers that have read here lately."""
        now = self._monotonic()
        return sum(now - at <= READER_S for at in list(self._readers.values()))

    # --- serving ------------------------------------------------------------------------------

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """Rows after a cursor of the centre; the time is that of the balances, not of now."""
        kept, asked = self._file.kept, read_cursor(cursor)
        is_here = asked is not None and asked.incarnation == kept.incarnation
        if asked is None or not is_here or asked.at < kept.floor:
            raise Refused(410, "cursor_gone", "this hub cannot go on from there")
        if asked.near not in (None, (0, 0)):
            raise Refused(410, "cursor_gone", "the centre goes on with its own snapshot")
        self._readers[caller.register_id] = self._monotonic()
        try:
            return self._page(caller, asked, kept, limit)
        except StoreFeedFailed as error:
            raise Refused(503, "unavailable", f"the hub's disk fails: {error}"[:200], 5) from error

    def _page(self, caller: Caller, asked: Cursor, kept: Kept, limit: int) -> FeedPage:
        if asked.near is not None:
            rows, end, more = self._file.beside_snapshot(), asked.at, True
        elif asked.at >= kept.at:
            rows, end, more = [], asked.at, False
        else:
            rows, end = self._file.page(asked.at, limit)
            more = end < kept.at
        return FeedPage(
            incarnation=asked.incarnation,
            cursor=str(Cursor(asked.incarnation, *end, asked.head_version)),
            rows=[row for row in rows if _is_for(row, caller)],
            more=more,
            server_time=self._cache.balance_as_of() or self._now(),
        )

    def bundle(self, sequence: int) -> SignedBundle | None:
        """A bundle that this register has verified."""
        found = self._bundle_of(sequence)
        return SignedBundle(*found) if found else None

    def snapshot(self, caller: Caller, format_number: int) -> SnapshotInfo:
        """A file made of this register's cache, at most an hour old."""
        if format_number != FORMAT:
            raise Refused(404, "no_such_format", f"snapshots are made in format {FORMAT}")
        self._readers[caller.register_id] = self._monotonic()
        with self._making:
            if not self._made or self._monotonic() - self._made[-1][0] > FRESH_S:
                self._make()
            return self._made[-1][1]

    def snapshot_file(self, caller: Caller, snapshot_id: str) -> Path:
        """One of the two newest files."""
        if snapshot_id not in {info.snapshot_id for _, info in list(self._made)}:
            raise Refused(404, "no_such_snapshot", "this file is gone; ask for a newer one")
        self._readers[caller.register_id] = self._monotonic()
        return self._folder / f"{snapshot_id}.db"

    def _make(self) -> None:
        snapshot_id = secrets.token_hex(8)
        path = self._folder / f"{snapshot_id}.db"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._forget_others()
            incarnation, text, members = self._cache.copy_for_tills(path)
            with open(path, "rb") as whole:
                digest = hashlib.file_digest(whole, "sha256").hexdigest()
        except (LocalStoreFailed, OSError) as error:
            raise Refused(503, "unavailable", f"the hub's disk fails: {error}"[:200], 30) from error
        cursor, kept = read_cursor(text), self._file.kept
        if cursor is None or cursor.near is not None or incarnation != kept.incarnation:
            path.unlink(missing_ok=True)
            raise Refused(503, "snapshot_not_ready", "this hub is filling its own cache", 30)
        info = SnapshotInfo(
            snapshot_id=snapshot_id,
            format=FORMAT,
            sha256=digest,
            size=path.stat().st_size,
            rows=members,
            incarnation=incarnation,
            cursor=str(Cursor(incarnation, *cursor.at, 0, near=(0, 0))),
            made_at=self._cache.balance_as_of() or self._now(),
            server_time=self._now(),
        )
        self._made = [*self._made[-1:], (self._monotonic(), info)]

    def _forget_others(self) -> None:
        """All files but the one that somebody may be downloading."""
        kept = {f"{info.snapshot_id}.db" for _, info in self._made[-1:]}
        for file in self._folder.glob("*.db"):
            if file.name not in kept:
                with suppress(OSError):
                    file.unlink()


def _is_for(row: FeedRow, caller: Caller) -> bool:
    return row.kind != "head" or row.key == caller.register_id
