"""`cache.db`: the centre's rows on this register. Nothing in it is sacred.

One thread writes, every other thread reads through its own `query_only` connection, so a lookup
never waits for the feed. A damaged file, at start or later, is moved aside and started empty.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.ledger.cache_assortment import GoodsLookup
from edge_agent.ledger.cache_buckets import Holder, add_up, live_rows, put_right
from edge_agent.ledger.cache_check import slices
from edge_agent.ledger.cache_file import (
    SQLITE_FAILURES,
    Readers,
    broken_files,
    move_aside,
    open_writer,
)
from edge_agent.ledger.cache_hub import HubView
from edge_agent.ledger.cache_install import prepare as prepare_snapshot
from edge_agent.ledger.cache_install import swap
from edge_agent.ledger.cache_pages import Changes, Part, prepare, set_meta
from edge_agent.ledger.cache_rights import RightsLookup
from edge_agent.ledger.cache_rows import (
    DAMAGE_IN_ROW,
    CachedLease,
    checked,
    lease_of,
    member_of,
    owner_in,
    select,
)
from edge_agent.ledger.cache_upkeep import CacheUpkeep
from edge_agent.ledger.damage import DamagedRow, is_damage, sqlite_code
from edge_agent.ledger.database import DatabaseClosed, Writer
from loyalty.member import Member
from sync.contract.cache_format import TABLES, token_key
from sync.contract.feed import FeedBucket, FeedPage, FeedRow, FeedRuleset, SnapshotInfo
from sync.downlink import AppliedPage
from sync.errors import LocalStoreFailed

T = TypeVar("T")

_END = object()
PART_ROWS = 1_000
PART_S = 0.05
DEAR_COUNT_S = 0.02
COUNT_AGAIN_S = 300.0
_LIVE = {
    "member": "name IS NOT NULL",
    "token": "owner > 1023",
    "phone": "owner > 1023",
    "good": "name_folded IS NOT NULL",
    "lease": "state IS NOT NULL",
}
_MEMBER = select("member", "WHERE member_id = ? AND name IS NOT NULL")
_TOKENS = {table: select(table, "WHERE key = ?") for table in ("token", "phone")}
_LEASE_FOR = select(
    "lease",
    "WHERE member_id = ? AND register_id = ? AND epoch = ? AND state IS NOT NULL "
    "ORDER BY state = 'open' DESC, version DESC LIMIT 1",
)
_LEASES = select("lease", "WHERE register_id = ? AND epoch = ? AND state = ? ORDER BY lease_id")
_HEAD = select(
    "head",
    "WHERE epoch IS NOT NULL AND register_id = coalesce(?, register_id) "
    "ORDER BY epoch DESC, seq DESC LIMIT 1",
)
_POSITION = select("meta", "WHERE key = ?")
_RULESET = select("ruleset", "WHERE key = 'active' AND sequence IS NOT NULL")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache holds. `unknown_kinds` and `rejected_rows` count since the start."""

    members: int
    tokens: int
    goods: int
    leases: int
    incarnation: str
    cursor: str
    balance_as_of: str
    ruleset_sequence: int
    file_bytes: int
    rejected_rows: int
    unknown_kinds: dict[str, int] = field(default_factory=dict)
    broken_files: tuple[str, ...] = ()


class Cache(GoodsLookup, RightsLookup, CacheUpkeep, HubView):
    """The cache of one register; methods may be called from any thread.

    Reads answer "not known" after damage (the rows come again with the feed); writes raise
    `LocalStoreFailed` when the disk refuses. `on_rebuilt` hears where a damaged file went, on the
    thread that met it.
    """

    def __init__(
        self,
        path: Path,
        part_rows: int = PART_ROWS,
        part_s: float = PART_S,
        on_rebuilt: Callable[[Path], None] = lambda _: None,
    ) -> None:
        self.path = path
        self._on_rebuilt = on_rebuilt
        self._part_rows = part_rows
        self._part_s = part_s
        self._unknown: dict[str, int] = {}
        self._rejected = 0
        self._is_closed = False
        self._writes = 0
        self._counting = threading.Lock()
        self._counted: tuple[dict[str, int], float, float, int] = ({}, 0.0, 0.0, -1)
        self._swapping = threading.Lock()
        try:
            self._writer, broken = open_writer(path)
        except (*SQLITE_FAILURES, OSError) as error:
            raise LocalStoreFailed(f"{path} cannot be opened: {error}") from error
        self._readers = Readers(path)
        if broken is not None:
            on_rebuilt(broken)

    # --- reading ------------------------------------------------------------------------------

    def find_member_by_token(self, key: str) -> Member | None:
        """The member behind a token key (`card:…`, `qr:…`, `phone:<hmac>`)."""
        table, stored_key = token_key(key)
        owners = self._rows(_TOKENS[table], (stored_key,), owner_in)
        return self.member(owners[0]) if owners and owners[0] else None

    def member(self, member_id: int) -> Member | None:
        """The member of that id."""
        found = self._rows(_MEMBER, (member_id,), member_of)
        return found[0] if found else None

    def goods_count(self) -> int:
        """Goods that can be sold."""
        return self._count("good", "name_folded IS NOT NULL")

    def lease_for(self, member_id: int, register_id: str, epoch: int) -> CachedLease | None:
        """The member's lease on this register and epoch: the open one, else the latest."""
        return self._one(_LEASE_FOR, (member_id, register_id, epoch), lease_of)

    def leases(self, register_id: str, epoch: int, state: str) -> list[CachedLease]:
        """All leases of this register and epoch in a state, e.g. `recalled` ones to close."""
        return self._all(_LEASES, (register_id, epoch, state), lease_of)

    def applied_seq(self, register_id: str | None = None) -> tuple[int, int]:
        """(epoch, seq) up to which own facts are inside the cached balances; (0, 0) when none.

        `register_id` is needed only where the feed brings the heads of several registers."""
        return self._one(_HEAD, (register_id,), lambda row: (row[2], row[3])) or (0, 0)

    def ruleset_wanted(self) -> FeedRuleset | None:
        """The bundle that the centre wants this register to run."""
        return self._one(
            _RULESET, (), lambda row: FeedRuleset(sequence=row[2], sha256=row[3], size=row[4])
        )

    def cursor(self) -> str:
        """Where the next page starts; "" for an empty cache."""
        return self._meta("cursor")

    def incarnation(self) -> str:
        """The centre's incarnation that the rows are of; "" for an empty cache."""
        return self._meta("incarnation")

    def balance_as_of(self) -> str:
        """Server time of the last applied page; "" when there was none."""
        return self._meta("balance_as_of")

    def stats(self) -> CacheStats:
        """Counts and positions. Counting reads whole tables, so a large cache is counted again
        only five minutes after the last time."""
        counts = self._counts()
        wanted = self.ruleset_wanted()
        return CacheStats(
            members=counts["member"],
            tokens=counts["token"] + counts["phone"],
            goods=counts["good"],
            leases=counts["lease"],
            incarnation=self.incarnation(),
            cursor=self.cursor(),
            balance_as_of=self.balance_as_of(),
            ruleset_sequence=wanted.sequence if wanted else 0,
            file_bytes=self.path.stat().st_size,
            rejected_rows=self._rejected,
            unknown_kinds=dict(self._unknown),
            broken_files=tuple(file.name for file in broken_files(self.path)),
        )

    # --- writing ------------------------------------------------------------------------------

    def apply_page(self, page: FeedPage) -> AppliedPage:
        """Store a page's rows, then its cursor; a row is taken only when its version is higher.

        A page with a `head` row is one transaction, so that own effects above the head can be
        taken off a balance exactly. Any other is cut into parts of 1,000 rows or 50 ms. Raises
        `ValueError` for a page of another incarnation: `reset` first.
        """
        changes = prepare(page.rows)
        meta = (
            ("incarnation", page.incarnation),
            ("cursor", page.cursor),
            ("balance_as_of", page.server_time),
        )
        return self._apply(changes, meta, whole=changes.has_head)

    def apply_rows(self, rows: Iterable[FeedRow]) -> AppliedPage:
        """Store rows that came outside the feed (a lookup's answer) in one transaction."""
        return self._apply(prepare(rows), (), whole=True)

    def reset(self, incarnation: str) -> None:
        """Forget every row and the cursor; the centre now has this incarnation."""

        def work(connection: sqlite3.Connection) -> None:
            for table in (*TABLES, "right_row"):
                connection.execute(f"DELETE FROM {table}")
            set_meta(connection, (("incarnation", incarnation),))

        self._write(work)

    def install(self, file: Path, info: SnapshotInfo) -> None:
        """Make a downloaded snapshot the cache; the old rows serve until the moment it is.

        Raises `LocalStoreFailed` when the file cannot be used; the old cache then still stands."""
        meta = (
            ("incarnation", info.incarnation),
            ("cursor", info.cursor),
            ("balance_as_of", info.made_at),
        )
        try:
            prepare_snapshot(file, meta)
            with self._swapping, self._readers.exclusive():
                self._writer.close()
                try:
                    swap(file, self.path)
                finally:
                    self._writer = Writer(self.path, "cache", "cache")
                    self._counted = ({}, 0.0, 0.0, -1)
        except (*SQLITE_FAILURES, DamagedRow, OSError) as error:
            raise LocalStoreFailed(f"the snapshot cannot be used: {error}") from error

    def sums(
        self, holder: Holder, buckets: int, pause: Callable[[], None] = lambda: None
    ) -> list[int]:
        """Checksum of each bucket of the live rows; `pause` comes between slices of 500."""
        with self._readers.connection() as connection:
            return add_up(live_rows(connection, holder), buckets, pause)

    def put_right(self, holder: Holder, bucket: FeedBucket) -> tuple[int, int]:
        """Make one bucket equal to the centre's; rows written and dropped."""
        mine = replace(holder, kinds=frozenset(bucket.kinds))
        return self._write(lambda c: put_right(c, live_rows(c, mine), bucket))

    def close(self) -> None:
        """Close readers and writer; safe to call twice."""
        self._is_closed = True
        self._readers.close()
        self._writer.close()

    def check(self, pause: Callable[[], bool] = lambda: False) -> bool:
        """Look at every row; True when all are sound. A damaged file starts anew.

        `pause` comes between slices and may end the check by answering True."""
        generation = self._readers.generation
        try:
            with self._readers.connection() as connection:
                steps = slices(connection)
            while self._readers.generation == generation:
                with self._readers.connection():
                    if next(steps, _END) is _END:
                        return True
                if pause():
                    return True
        except DAMAGE_IN_ROW:
            pass
        except SQLITE_FAILURES as error:
            # A missing table (plain SQLITE_ERROR) is damage; a closed or busy cache is not.
            if not is_damage(error) and sqlite_code(error) != sqlite3.SQLITE_ERROR:
                return True
        self._start_anew(generation)
        return False

    # --- inside -------------------------------------------------------------------------------

    def _apply(
        self, changes: Changes, meta: Sequence[tuple[str, str]], *, whole: bool
    ) -> AppliedPage:
        start = applied = 0
        while True:
            part = Part(changes, start, meta, *self._bounds(whole))
            self._write(part.run)
            applied += part.applied
            start = part.end
            if start >= len(changes.rows):
                break
        self._rejected += changes.rejected
        for kind, count in changes.unknown.items():
            if kind in self._unknown or len(self._unknown) < 32:
                self._unknown[kind] = self._unknown.get(kind, 0) + count
        return AppliedPage(
            applied=applied,
            stale=changes.count - applied,
            unknown=changes.unknown.total(),
            rejected=changes.rejected,
        )

    def _bounds(self, whole: bool) -> tuple[int | None, float | None]:
        return (None, None) if whole else (self._part_rows, self._part_s)

    def _counts(self) -> dict[str, int]:
        with self._counting:
            began = time.monotonic()
            known, at, took_s, writes = self._counted
            is_dear = took_s > DEAR_COUNT_S and began - at < COUNT_AGAIN_S
            if writes == self._writes or (known and is_dear):
                return known
            writes = self._writes
            counts = {table: self._count(table, live) for table, live in _LIVE.items()}
            self._counted = (counts, began, time.monotonic() - began, writes)
            return counts

    def _meta(self, key: str) -> str:
        return self._one(_POSITION, (key,), lambda row: str(row[1])) or ""

    def _count(self, table: str, condition: str) -> int:
        sql = f"SELECT count(*) FROM {table} WHERE {condition}"
        rows = self._rows(sql, (), lambda row: int(row[0]))
        return rows[0] if rows else 0

    def _one(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> T | None:
        found = self._all(sql, params, make)
        return found[0] if found else None

    def _all(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
        return self._rows(sql, params, lambda row: make(checked(row)))

    def _rows(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
        """Read and convert; damage starts the cache anew and reads as nothing."""
        generation = self._readers.generation
        try:
            with self._readers.connection() as connection:
                rows = connection.execute(sql, params).fetchall()
            return [make(row) for row in rows]
        except DAMAGE_IN_ROW:
            pass
        except SQLITE_FAILURES as error:
            if not is_damage(error):
                raise LocalStoreFailed(f"the cache cannot be read: {error}") from error
        self._start_anew(generation)
        return []

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        generation = self._readers.generation
        self._writes += 1
        try:
            return self._run(work)
        except DatabaseClosed as error:
            raise LocalStoreFailed("the cache is closed") from error
        except (*SQLITE_FAILURES, DamagedRow) as error:
            if is_damage(error):
                self._start_anew(generation)
            raise LocalStoreFailed(f"the cache cannot be written: {error}") from error

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._writer.run(work, durable=False)
        except DatabaseClosed:
            if self._is_closed:
                raise
        with self._swapping:
            writer = self._writer
        return writer.run(work, durable=False)

    def _start_anew(self, generation: int) -> None:
        """Move the damaged file aside and open an empty one, unless another thread has."""
        with self._swapping, self._readers.exclusive() as found:
            if found != generation:
                return
            self._writer.close()
            try:
                broken = move_aside(self.path)
                self._writer, _ = open_writer(self.path)
            except (*SQLITE_FAILURES, OSError) as error:
                raise LocalStoreFailed(f"the damaged cache cannot be replaced: {error}") from error
        self._counted = ({}, 0.0, 0.0, -1)
        self._on_rebuilt(broken)
