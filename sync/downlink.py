"""Taking the centre's state rows into the register's cache, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sync.contract.feed import FeedPage
from sync.errors import CursorGone
from sync.fresh_start import FreshStart

MAX_ROWS = 1_000
MIN_ROWS = 50
APPLY_BUDGET_S = 0.05


@dataclass(frozen=True, slots=True)
class AppliedPage:
    """Rows of a page that changed the cache, were older than it, unknown in kind, or unusable."""

    applied: int = 0
    stale: int = 0
    unknown: int = 0
    rejected: int = 0


class CachePort(Protocol):
    """The register's copy of the centre's rows. May raise `LocalStoreFailed`."""

    def cursor(self) -> str:
        """Where the next page starts; "" for a fresh cache."""
        ...

    def incarnation(self) -> str:
        """The centre's incarnation that the rows are of; "" for a fresh cache."""
        ...

    def apply_page(self, page: FeedPage) -> AppliedPage:
        """Store the rows and then the cursor; replays change nothing."""
        ...

    def reset(self, incarnation: str) -> None:
        """Forget every row and the cursor."""
        ...


class FeedSource(Protocol):
    """Where pages come from: `sync.centre_client.CentreClient`, or a store hub."""

    def feed(self, cursor: str, limit: int) -> FeedPage: ...


@dataclass(frozen=True, slots=True)
class PullResult:
    """What one pull did. `more` asks for another one now; `was_reset` says that the rows are
    others than before; `moved` is False when nothing came forward (a page may move the cursor
    without rows, a snapshot may still be under way). `wait_s` says when to pull again at the
    earliest, `downloaded` counts bytes of a snapshot, `restored` leases the centre debited again.
    """

    rows: int = 0
    applied: AppliedPage = AppliedPage()
    was_reset: bool = False
    moved: bool = False
    server_time: str = ""
    more: bool = False
    wait_s: float = 0.0
    downloaded: int = 0
    restored: int = 0


class Downlink:
    """Pulls pages; their size follows how fast this machine stores them (50 … 1,000 rows).

    `taken` takes rows out of a page that others keep; it runs before the cursor moves and may
    raise `LocalStoreFailed`."""

    def __init__(
        self,
        client: FeedSource,
        cache: CachePort,
        monotonic: Callable[[], float] = time.monotonic,
        taken: Callable[[FeedPage], FeedPage] = lambda page: page,
        fresh: FreshStart | None = None,
    ) -> None:
        self._client = client
        self._taken = taken
        self._cache = cache
        self._monotonic = monotonic
        self._limit = MAX_ROWS
        self._fresh = fresh
        self._starts_over = False

    @property
    def page_rows(self) -> int:
        """Rows asked for in the next page."""
        return self._limit

    def pull_once(self) -> PullResult:
        """Fetch and store one page. Raises `CentreUnavailable`, `CentreRefused` or
        `LocalStoreFailed`; the cursor then still stands before the page."""
        cursor = self._cache.cursor()
        if self._fresh is not None and (self._starts_over or not self._has_position(cursor)):
            return self._step(self._fresh)
        try:
            page = self._client.feed(cursor, self._limit)
        except CursorGone:
            return self._start_over("")
        known = self._cache.incarnation()
        if known and page.incarnation != known:
            # The centre was restored: its versions may repeat with other contents.
            return self._start_over(page.incarnation)
        started = self._monotonic()
        applied = self._cache.apply_page(self._taken(page))
        self._adapt(len(page.rows), self._monotonic() - started)
        return PullResult(
            rows=len(page.rows),
            applied=applied,
            moved=page.cursor != cursor,
            server_time=page.server_time,
            more=page.more,
        )

    def _has_position(self, cursor: str) -> bool:
        """False for a cache that never had anything; a reset one knows its incarnation."""
        return bool(cursor or self._cache.incarnation())

    def _start_over(self, incarnation: str) -> PullResult:
        if self._fresh is None:
            self._cache.reset(incarnation)
            return PullResult(was_reset=True, more=True)
        self._starts_over = True
        return self._step(self._fresh)

    def _step(self, fresh: FreshStart) -> PullResult:
        step = fresh.step()
        if step.is_done:
            self._starts_over = False
        return PullResult(
            was_reset=step.is_done,
            moved=not step.wait_s,
            more=not step.wait_s,
            wait_s=step.wait_s,
            downloaded=step.received,
            restored=step.restored,
        )

    def _adapt(self, rows: int, took_s: float) -> None:
        if took_s > APPLY_BUDGET_S:
            self._limit = max(MIN_ROWS, self._limit // 2)
        elif rows >= self._limit and took_s < APPLY_BUDGET_S / 2:
            self._limit = min(MAX_ROWS, self._limit + MIN_ROWS)
