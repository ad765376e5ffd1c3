"""Pages of the feed as changes on `cache.db`: every row checked, then applied by version."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from edge_agent.ledger.cache_rows import COLUMNS, checked, row_crc, select, upsert
from loyalty.ids import MAX_MEMBER_ID
from sync.contract.feed import (
    FeedGood,
    FeedHead,
    FeedLease,
    FeedMember,
    FeedRow,
    FeedRuleset,
    FeedToken,
)

MAX_INTEGER = 2**63 - 1
MAX_KEY = 200
MAX_BARCODES = 200
Values = tuple[Any, ...]

_UPSERTS: Final = {table: upsert(table) for table in COLUMNS if table != "meta"}
_META: Final = select("meta", "WHERE key = ?")
_DROP_BARCODES = "DELETE FROM barcode WHERE sku = ?"
_ADD_BARCODE = "INSERT OR IGNORE INTO barcode (barcode, sku) VALUES (?, ?)"


@dataclass(frozen=True, slots=True)
class RowChange:
    """A guarded upsert of one row, and what follows only when it changed something."""

    table: str
    values: Values
    follow: tuple[tuple[str, Sequence[Values]], ...] = ()

    def apply(self, connection: sqlite3.Connection) -> bool:
        """Execute; False when the stored row is as new."""
        values = (*self.values, row_crc(self.values))
        if connection.execute(_UPSERTS[self.table], values).rowcount == 0:
            return False
        for statement, rows in self.follow:
            connection.executemany(statement, rows)
        return True


@dataclass(slots=True)
class Changes:
    """Rows of a page made ready. `unknown` counts kinds this agent does not know."""

    rows: list[RowChange] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    has_head: bool = False


def _same(key: str, named: str) -> None:
    if key != named:
        raise ValueError("the row's key is not the one in its body")


def _bounded(*numbers: int) -> None:
    if any(not 0 <= number <= MAX_INTEGER for number in numbers):
        raise ValueError("a number is out of bounds")


def _member_change(row: FeedRow) -> RowChange:
    member_id = int(row.key)
    if not 0 < member_id <= MAX_MEMBER_ID:
        raise ValueError("a member id is out of bounds")
    body = None
    if not row.is_deleted:
        member = FeedMember.model_validate(row.body)
        _same(row.key, str(member.member_id))
        body = member.model_dump_json(exclude_defaults=True)
    return RowChange("member", (member_id, row.version, body))


def _token_change(row: FeedRow) -> RowChange:
    owner = None if row.is_deleted else FeedToken.model_validate(row.body).member_id
    return RowChange("token", (row.key, row.version, owner))


def _good_change(row: FeedRow) -> RowChange:
    drop = (_DROP_BARCODES, [(row.key,)])
    if row.is_deleted:
        return RowChange("good", (row.key, row.version, None, None), (drop,))
    good = FeedGood.model_validate(row.body)
    _same(row.key, good.sku)
    if len(good.barcodes) > MAX_BARCODES:
        raise ValueError("too many barcodes")
    body = good.model_dump_json(exclude_defaults=True)
    add = (_ADD_BARCODE, [(code, good.sku) for code in good.barcodes])
    return RowChange("good", (row.key, row.version, good.name.casefold(), body), (drop, add))


def _lease_change(row: FeedRow) -> RowChange:
    if row.is_deleted:
        return RowChange("lease", (row.key, row.version, None, None, None, None, None))
    lease = FeedLease.model_validate(row.body)
    _same(row.key, lease.lease_id)
    _bounded(lease.epoch)
    return RowChange(
        "lease",
        (
            row.key,
            row.version,
            lease.member_id,
            lease.register_id,
            lease.epoch,
            lease.granted_points,
            lease.state,
        ),
    )


def _ruleset_change(row: FeedRow) -> RowChange:
    if row.is_deleted:
        return RowChange("ruleset", (row.key, row.version, None, None, None))
    wanted = FeedRuleset.model_validate(row.body)
    _bounded(wanted.sequence, wanted.size)
    return RowChange("ruleset", (row.key, row.version, wanted.sequence, wanted.sha256, wanted.size))


def _head_change(row: FeedRow) -> RowChange:
    if row.is_deleted:
        return RowChange("head", (row.key, row.version, None, None))
    head = FeedHead.model_validate(row.body)
    _bounded(head.epoch, head.seq)
    return RowChange("head", (row.key, row.version, head.epoch, head.seq))


_KINDS: Mapping[str, Callable[[FeedRow], RowChange]] = MappingProxyType(
    {
        "member": _member_change,
        "token": _token_change,
        "good": _good_change,
        "lease": _lease_change,
        "ruleset": _ruleset_change,
        "head": _head_change,
    }
)


def prepare(rows: Iterable[FeedRow]) -> Changes:
    """Check every row; one that cannot be used is counted and the rest still applies."""
    changes = Changes()
    for row in rows:
        make = _KINDS.get(row.kind)
        if make is None:
            changes.unknown[row.kind[:32]] += 1
            continue
        try:
            _bounded(row.version)
            if not 0 < len(row.key) <= MAX_KEY:
                raise ValueError("a key is empty or too long")
            changes.rows.append(make(row))
        except ValueError:
            changes.rejected += 1
        else:
            changes.has_head = changes.has_head or row.kind == "head"
    return changes


class Part:
    """One transaction's share of a page: from `start` until its bounds are reached."""

    def __init__(
        self,
        changes: Changes,
        start: int,
        meta: Sequence[tuple[str, str]],
        max_rows: int | None,
        budget_s: float | None,
    ) -> None:
        self._rows = changes.rows
        self._start = start
        self._meta = dict(meta)
        self._stop = len(self._rows) if max_rows is None else start + max_rows
        self._budget_s = budget_s
        self.applied = 0
        self.end = start

    def run(self, connection: sqlite3.Connection) -> None:
        """Apply rows; the last part also writes the cursor."""
        known = get_meta(connection, "incarnation")
        if known and self._meta.get("incarnation", known) != known:
            raise ValueError("a page of another incarnation: reset the cache first")
        began = time.monotonic()
        for row in self._rows[self._start : self._stop]:
            self.applied += row.apply(connection)
            self.end += 1
            if self._budget_s is not None and time.monotonic() - began > self._budget_s:
                break
        if self.end >= len(self._rows):
            set_meta(connection, self._meta.items())


def get_meta(connection: sqlite3.Connection, key: str) -> str:
    """A position, "" when it was never set; raises `DamagedRow`."""
    row = connection.execute(_META, (key,)).fetchone()
    return "" if row is None else str(checked(row)[1])


def set_meta(connection: sqlite3.Connection, values: Iterable[tuple[str, str]]) -> None:
    """Write positions: the incarnation, the cursor, the time of the balances."""
    connection.executemany(
        "INSERT INTO meta (key, value, crc) VALUES (?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, crc = excluded.crc",
        [(*pair, row_crc(pair)) for pair in values],
    )
