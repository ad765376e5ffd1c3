"""Check a ledger file: SQLite's own check, the hash chain, the row seals, what follows from what.

The whole is cut into slices of a few rows, so that it can run beside a till that sells.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.ledger.chain_marks import ChainMark, marks_of
from edge_agent.ledger.database import connect_reader, expected_schema, latest_migration
from edge_agent.ledger.row_seals import KEYS, SEALED, seal
from sync.contract.chain import GENESIS, fact_hash

SLICE_ROWS = 50
TAIL_FACTS = 32
MAX_FAULTS = 100
_FACT = "epoch, seq, kind, body, prev_hash, hash"
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError, ValueError)
Row = Sequence[Any]


@dataclass(slots=True)
class Progress:
    """How far a check has come: rows of the present part that were looked at, and all of them."""

    part: str = ""
    done: int = 0
    facts: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Note a fault; beyond a hundred they are only counted by the last line."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(text)
        elif len(self.faults) == MAX_FAULTS:
            self.faults.append("and more")


class Verification:
    """One check of one file over a reading connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.progress = Progress()
        self._register = ""
        self._marks: dict[int, ChainMark] = {}

    def run(self, pause: Callable[[], None] = lambda: None) -> Progress:
        """Check everything, with `pause` between slices."""
        for _ in self.slices():
            pause()
        return self.progress

    def slices(self) -> Iterator[None]:
        """The check, a few rows at a time; faults gather in `progress`."""
        for part, work in (
            ("file", self._file),
            ("facts", self._facts),
            ("rows", self._seals),
            ("sales", self._sales),
        ):
            self.progress.part, self.progress.done = part, 0
            try:
                yield from work()
            except _DAMAGE as error:
                self.progress.fault(f"unreadable {part}: {error}")

    # --- the file ---------------------------------------------------------------------------

    def _file(self) -> Iterator[None]:
        for (found,) in self._db.execute("PRAGMA integrity_check(20)").fetchall():
            if found != "ok":
                self.progress.fault(f"integrity_check: {found}")
        yield
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != latest_migration("ledger"):
            self.progress.fault(f"schema {version}: start this version's agent on it once")
        elif _schema_of(self._db) != expected_schema("ledger"):
            self.progress.fault("the tables are not those of this schema")
        owner = self._db.execute("SELECT value FROM meta WHERE key = 'register_id'").fetchone()
        if owner is None:
            self.progress.fault("the file names no register")
        self._register = owner[0] if owner else ""
        if version >= 2:
            self._marks = marks_of(self._db)

    # --- facts ------------------------------------------------------------------------------

    def _facts(self) -> Iterator[None]:
        at, prev = (0, 0), GENESIS
        while rows := self._db.execute(
            f"SELECT {_FACT} FROM outbox WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?",
            (*at, SLICE_ROWS),
        ).fetchall():
            for row in rows:
                if (row[0], row[1]) <= at:
                    raise ValueError("facts out of order")
                at, prev = self._fact(row, at, prev)
            self.progress.done = self.progress.facts
            yield
        for mark in self._marks.values():
            if not mark.is_signed(self._register):
                self.progress.fault(f"mark of epoch {mark.epoch}: the signature does not fit")

    def _fact(self, row: Row, at: tuple[int, int], prev: bytes) -> tuple[tuple[int, int], bytes]:
        epoch, seq, kind, body, linked, stored = row
        self.progress.facts += 1
        where = f"fact {epoch}/{seq}"
        if epoch != at[0]:
            at, prev = (epoch, 0), GENESIS
        mark = self._marks.get(epoch)
        if mark is not None and at[1] < mark.seq:
            # Below a mark only what the centre did not take is left; above it the chain is whole.
            at, prev = (epoch, seq - 1), linked
            if seq > mark.seq:
                at, prev = (epoch, mark.seq), mark.hash
        if seq != at[1] + 1:
            self.progress.fault(f"{where}: expected seq {at[1] + 1}")
        link = fact_hash(self._register, epoch, seq, kind, body.encode(), linked)
        if linked != prev or stored != link:
            self.progress.fault(f"{where}: broken link")
        if kind == "sale":
            self._fact_has_its_sale(where, row)
        return (epoch, seq), stored

    def _fact_has_its_sale(self, where: str, row: Row) -> None:
        fact = json.loads(row[3])
        sale_id = fact["sale_id"]
        sale = self._db.execute(
            "SELECT document, result FROM sale WHERE sale_id = ?", (sale_id,)
        ).fetchone()
        if sale is None or sale[0] is None:
            self.progress.fault(f"{where}: sale facts without a sale: {sale_id}")
            return
        if sale[0] != row[3] or _fact_of(sale[1]) != (row[0], row[1]):
            self.progress.fault(f"{where}: sale {sale_id} says otherwise")
        redemption = fact.get("redemption") or {}
        for right in ("lease", "purse", "cache"):
            burned = self._db.execute(
                f"SELECT coalesce(sum(points), 0) FROM {right}_burn WHERE sale_id = ?", (sale_id,)
            ).fetchone()[0]
            promised = redemption.get(f"{right}_points", 0)
            if burned != promised:
                self.progress.fault(f"{where}: {promised} points of a {right}, {burned} burned")

    # --- rows -------------------------------------------------------------------------------

    def _seals(self) -> Iterator[None]:
        for table, columns in SEALED.items():
            try:
                yield from self._seals_of(table, columns)
            except _DAMAGE as error:
                self.progress.fault(f"unreadable {table}: {error}")

    def _seals_of(self, table: str, columns: Sequence[str]) -> Iterator[None]:
        width = KEYS.get(table, 1)
        key = ", ".join(columns[:width])
        sql = (
            f"SELECT {', '.join(columns)}, crc FROM {table} "
            f"WHERE ({key}) > ({', '.join('?' * width)}) ORDER BY {key} LIMIT {SLICE_ROWS}"
        )
        first = f"SELECT {', '.join(columns)}, crc FROM {table} ORDER BY {key} LIMIT {SLICE_ROWS}"
        rows = self._db.execute(first).fetchall()
        while rows:
            for row in rows:
                *values, crc = row
                self.progress.rows += 1
                if seal(*values) != crc:
                    self.progress.fault(f"{table} {values[0]}: the row does not fit its seal")
            self.progress.done = self.progress.rows
            yield
            after = tuple(rows[-1])[:width]
            rows = self._db.execute(sql, after).fetchall()
            if rows and tuple(rows[0])[:width] <= after:
                raise ValueError("rows out of order")

    # --- sales ------------------------------------------------------------------------------

    def _sales(self) -> Iterator[None]:
        after = ""
        while rows := self._db.execute(
            "SELECT sale_id, state, result, json_extract(document, '$.fiscal') FROM sale "
            "WHERE sale_id > ? AND document IS NOT NULL ORDER BY sale_id LIMIT ?",
            (after, SLICE_ROWS),
        ).fetchall():
            for row in rows:
                self._sale(*row)
            if rows[-1][0] <= after:
                raise ValueError("sales out of order")
            after = rows[-1][0]
            self.progress.done += len(rows)
            yield

    def _sale(self, sale_id: str, state: str, result: str, fiscal: str) -> None:
        epoch, seq = _fact_of(result)
        known = self._db.execute(
            "SELECT kind FROM outbox WHERE epoch = ? AND seq = ?", (epoch, seq)
        ).fetchone()
        mark = self._marks.get(epoch)
        pruned = mark is not None and seq <= mark.seq
        if (known is None and not pruned) or (known is not None and known[0] != "sale"):
            self.progress.fault(f"sale {sale_id}: committed sales without exactly one fact")
        if fiscal == "pending" and state in ("posted", "returned"):
            printed = self._db.execute(
                "SELECT 1 FROM print_job WHERE subject_id = ? AND state = 'printed' LIMIT 1",
                (sale_id,),
            ).fetchone()
            if printed is None:
                self.progress.fault(f"sale {sale_id}: posted sales whose paper is not printed")


def _fact_of(result: str | None) -> tuple[int, int]:
    named = json.loads(result or "{}").get("fact") or {}
    return named.get("epoch", 0), named.get("seq", 0)


def _schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
        "AND tbl_name NOT LIKE '\\_%' ESCAPE '\\'"
    )
    return dict(tuple(row) for row in rows)


def check_tail(connection: sqlite3.Connection, register_id: str) -> list[str]:
    """Faults of the last few facts: what a start looks at before the first sale."""
    rows = connection.execute(
        f"SELECT {_FACT} FROM outbox ORDER BY epoch DESC, seq DESC LIMIT ?", (TAIL_FACTS,)
    ).fetchall()
    faults = []
    later: Row | None = None
    for row in rows:
        epoch, seq, kind, body, linked, stored = row
        if stored != fact_hash(register_id, epoch, seq, kind, body.encode(), linked):
            faults.append(f"fact {epoch}/{seq}: broken link")
        if later is not None and later[0] == epoch and later[1] == seq + 1 and later[4] != stored:
            faults.append(f"fact {epoch}/{later[1]}: broken link")
        later = row
    return faults


def verify(path: Path) -> Progress:
    """Check a file in one reading transaction."""
    progress = Progress()
    try:
        with closing(connect_reader(path)) as connection:
            check = Verification(connection)
            progress = check.progress
            connection.execute("BEGIN")
            check.run()
    except _DAMAGE as error:
        progress.fault(f"unreadable: {error}")
    return progress


def quick_check(path: Path) -> list[str]:
    """All faults found in the file, as sentences; empty when it is sound."""
    return verify(path).faults
