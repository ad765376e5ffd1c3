"""The cache of a register whose store has a hub: a second cursor for the rows that only the centre
gives, and, at the hub, the snapshot file that it makes of its own cache for its tills."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.ledger.cache_file import SQLITE_FAILURES, Readers
from edge_agent.ledger.cache_install import snapshot_schema
from edge_agent.ledger.cache_pages import Changes, prepare, set_meta
from edge_agent.ledger.cache_rows import checked
from edge_agent.ledger.damage import DamagedRow
from sync.contract.cache_format import FORMAT, row_crc
from sync.contract.feed import FeedPage, FeedRow
from sync.downlink import AppliedPage
from sync.errors import LocalStoreFailed

T = TypeVar("T")
FROM_START = "start"
"""The own cursor of a cache that a hub's snapshot file filled: no own row is here yet."""
_OWN = "own_cursor"
_FEW = (
    "SELECT kind, key, version, name, body, crc FROM right_row"
    " WHERE kind IN ('deny', 'purse_key') ORDER BY kind, key"
)


class HubView(ABC):
    """The part of the cache that a store's hub and its tills use."""

    _readers: Readers

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
        """The rows of a query, each made into an object."""

    @abstractmethod
    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work in one transaction of the one writer."""

    @abstractmethod
    def _meta(self, key: str) -> str:
        """A position, "" when it was never set."""

    @abstractmethod
    def _apply(
        self, changes: Changes, meta: Sequence[tuple[str, str]], *, whole: bool
    ) -> AppliedPage:
        """Rows, then positions."""

    def own_cursor(self) -> str:
        """Where the own rows stand while a hub brings the others; "" when `cursor` stands for
        both, `FROM_START` when none has come yet."""
        return self._meta(_OWN)

    def set_own_cursor(self, cursor: str) -> None:
        """Note where the own rows stand."""
        self._write(lambda c: set_meta(c, ((_OWN, cursor),)))

    def leave_hub(self, cursor: str) -> None:
        """One cursor stands for all rows again: `cursor`, "" for the start."""
        self._write(lambda c: set_meta(c, (("cursor", cursor), (_OWN, ""))))

    def apply_own(self, page: FeedPage) -> AppliedPage:
        """Store a page of own rows and their cursor in one transaction."""
        meta = (("incarnation", page.incarnation), (_OWN, page.cursor))
        return self._apply(prepare(page.rows), meta, whole=True)

    def few_rows(self) -> list[FeedRow]:
        """Denials and keys of purses as the feed gave them, for a hub that begins."""
        return self._rows(_FEW, (), _few)

    def copy_for_tills(self, file: Path) -> tuple[str, str, int]:
        """Write a snapshot file of everybody's rows; incarnation and cursor of that moment, and
        how many members it holds. Raises `LocalStoreFailed`."""
        file.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(file, isolation_level=None)) as copy:
                with self._readers.connection() as source:
                    source.backup(copy)
                return _stripped(copy)
        except (*SQLITE_FAILURES, DamagedRow, OSError) as error:
            raise LocalStoreFailed(f"the snapshot cannot be made: {error}") from error


def _stripped(copy: sqlite3.Connection) -> tuple[str, str, int]:
    """Leave what every till of the store may have, in the form of a snapshot file."""
    copy.execute("PRAGMA journal_mode=DELETE")
    rows = copy.execute("SELECT key, value, crc FROM meta").fetchall()
    meta = dict(checked(row) for row in rows)
    wanted = snapshot_schema()
    tables = copy.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    copy.execute("BEGIN")
    for (name,) in tables:
        if name not in wanted and not name.startswith("sqlite_"):
            copy.execute(f'DROP TABLE "{name}"')
    for table in ("lease", "head", "meta"):
        copy.execute(f"DELETE FROM {table}")
    copy.execute(f"PRAGMA user_version={FORMAT}")
    copy.execute("COMMIT")
    copy.execute("VACUUM")
    count = copy.execute("SELECT count(*) FROM member").fetchone()[0]
    return meta.get("incarnation", ""), meta.get("cursor", ""), int(count)


def _few(row: Sequence[Any]) -> FeedRow:
    kind, key, version, name, body, crc = row
    if row_crc((kind, key, version, name, body)) != crc:
        raise DamagedRow("a cached right does not fit its checksum")
    return FeedRow(
        kind=kind,
        key=key,
        version=version,
        is_deleted=body is None,
        body=json.loads(body) if body else {},
    )
