"""Sales that are long over leave the ledger with everything that belongs to them.

A sale goes when its fact is pruned already, so that a fact never stands without its sale; what
it burned of a lease stays, added up, because a lease's rest is what was granted less every burn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from edge_agent.ledger import row_seals
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.ledger import Ledger

SLICE_SALES = 20
SLICE_ROWS = 100
SOUGHT = 1_000
CARRIED = ""
"""Stands for a sale's id in the row that sums up what pruned sales burned of a lease."""

_IS_OVER = """
  s.touched_at < :before AND (
    s.state = 'cancelled'
    OR (s.state IN ('posted', 'voided', 'returned')
      AND EXISTS (SELECT 1 FROM chain_mark m
        WHERE m.epoch = json_extract(s.result, '$.fact.epoch')
        AND m.seq >= json_extract(s.result, '$.fact.seq'))
      AND NOT EXISTS (SELECT 1 FROM outbox o
        WHERE o.epoch = json_extract(s.result, '$.fact.epoch')
        AND o.seq = json_extract(s.result, '$.fact.seq'))
      AND NOT EXISTS (SELECT 1 FROM sale_return r
        WHERE r.sale_id = s.sale_id
        AND (r.state = 'committed' OR r.created_at >= :before))))
"""
_COMMITTED = (
    f"SELECT sale_id FROM sale s WHERE committed_at < :kept AND {_IS_OVER} "
    f"ORDER BY committed_at LIMIT {SOUGHT}"
)
_CANCELLED = f"SELECT sale_id FROM sale s WHERE state = 'cancelled' AND {_IS_OVER} LIMIT {SOUGHT}"
_STILL = (
    "SELECT json_extract(document, '$.redemption.lease_id'), json_extract(result, '$.fact.epoch') "
    f"FROM sale s WHERE sale_id = :sale_id AND {_IS_OVER}"
)
_WAITING = "SELECT created_at FROM outbox WHERE state = 'pending' ORDER BY epoch, seq LIMIT 1"
_FIRST_KEPT = (
    "SELECT o.created_at FROM chain_mark m JOIN outbox o "
    "ON o.epoch = m.epoch AND o.seq = m.seq + 1 ORDER BY m.epoch DESC LIMIT 1"
)
_CARRY = row_seals.insert("lease_burn", {"points": "lease_burn.points + excluded.points"})
_PAPERS = (
    "SELECT job_id FROM print_job WHERE subject_id = ?1 "
    "UNION SELECT j.job_id FROM sale_return r JOIN print_job j ON j.subject_id = r.return_id "
    "WHERE r.sale_id = ?1"
)
_DROP_JOURNAL = "DELETE FROM device_journal WHERE device = 'printer' AND key = 'job:' || ?"
_DROP_PAPER = "DELETE FROM print_job WHERE job_id = ?"
_DROP_BURN = "DELETE FROM lease_burn WHERE lease_id = ? AND sale_id = ?"
_DROP_DECISION = (
    "DELETE FROM decision WHERE auth_id IN (SELECT auth_id FROM authorisation WHERE sale_id = ?)"
)
# The last number of an epoch stays: the next question takes the one after it.
_DROP_AUTHORISATION = (
    "DELETE FROM authorisation WHERE sale_id = ? AND (number = 0 OR number < "
    "(SELECT max(a.number) FROM authorisation a WHERE a.epoch = authorisation.epoch))"
)
_DROP_RETURN = "DELETE FROM sale_return WHERE sale_id = ?"
_DROP_SALE = "DELETE FROM sale WHERE sale_id = ?"

_IN_THE_BOOKS = (
    "(t.epoch, t.seq) <= (:epoch, :seq) "
    "AND EXISTS (SELECT 1 FROM chain_mark m WHERE m.epoch = t.epoch AND m.seq >= t.seq) "
    "AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.epoch = t.epoch AND o.seq = t.seq)"
)
_DONE_WITH = {
    "member_effect": _IN_THE_BOOKS,
    "cache_burn": _IN_THE_BOOKS,
    "coupon_change": _IN_THE_BOOKS,
    "promotion_use": "t.day <> '' AND t.day < :day",
}
"""Small rows that nothing asks for again: effects inside the centre's balances, past days."""


class OldSales:
    """Finds what may go without holding up anybody, and drops it in small transactions."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sales: list[str] = []
        self._rows: list[tuple[str, tuple[object, ...]]] = []

    def drop_some(self, before: str, applied: tuple[int, int]) -> int:
        """One slice of what was last touched before an instant; how many rows went, 0 at the end.

        `applied` is the own fact (epoch, seq) up to which the centre's balances are known."""
        if not (self._sales or self._rows):
            self._seek(before, applied)
        if self._sales:
            sales, self._sales = self._sales[:SLICE_SALES], self._sales[SLICE_SALES:]
            return self._ledger.query(lambda c: sum(_drop_sale(c, one, before) for one in sales))
        rows, self._rows = self._rows[:SLICE_ROWS], self._rows[SLICE_ROWS:]
        return self._ledger.query(lambda c: sum(c.execute(*row).rowcount for row in rows))

    def _seek(self, before: str, applied: tuple[int, int]) -> None:
        with closing(connect_reader(self._ledger.path)) as reader:
            waiting = reader.execute(_WAITING).fetchone()
            # Whatever was touched after the oldest waiting fact may still have a fact to send.
            values = {"before": min(before, waiting[0]) if waiting else before}
            found = reader.execute(_CANCELLED, values).fetchall()
            # Sales after the first fact that is still here have theirs still: no need to look.
            kept = reader.execute(_FIRST_KEPT).fetchone()
            if kept is not None:
                values["kept"] = min(values["before"], kept[0])
                found += reader.execute(_COMMITTED, values).fetchall()
            self._sales = [row[0] for row in found]
            named = {"epoch": applied[0], "seq": applied[1], "day": before[:10]}
            self._rows = [row for table in _DONE_WITH for row in _done_with(reader, table, named)]


def _done_with(
    reader: sqlite3.Connection, table: str, values: dict[str, object]
) -> list[tuple[str, tuple[object, ...]]]:
    key = row_seals.SEALED[table][: row_seals.KEYS[table]]
    sql = f"SELECT {', '.join(key)} FROM {table} t WHERE {_DONE_WITH[table]} LIMIT {SOUGHT}"
    drop = f"DELETE FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in key)}"
    return [(drop, tuple(row)) for row in reader.execute(sql, values).fetchall()]


def _drop_sale(connection: sqlite3.Connection, sale_id: str, before: str) -> int:
    """Drop a sale that is still over; 0 when it is not."""
    row = connection.execute(_STILL, {"sale_id": sale_id, "before": before}).fetchone()
    if row is None:
        return 0
    if row[0]:
        _carry(connection, row[0], sale_id, row[1])
    for (job_id,) in connection.execute(_PAPERS, (sale_id,)).fetchall():
        connection.execute(_DROP_JOURNAL, (job_id,))
        connection.execute(_DROP_PAPER, (job_id,))
    for drop in (_DROP_DECISION, _DROP_AUTHORISATION, _DROP_RETURN, _DROP_SALE):
        connection.execute(drop, (sale_id,))
    return 1


def _carry(connection: sqlite3.Connection, lease_id: str, sale_id: str, epoch: int) -> None:
    """Add a sale's burn to the sum of its lease; leases of earlier epochs are dead."""
    burned: Sequence[int] | None = connection.execute(
        "SELECT points FROM lease_burn WHERE lease_id = ? AND sale_id = ?", (lease_id, sale_id)
    ).fetchone()
    if burned is None:
        return
    now = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    if now is None or epoch >= int(now[0]):
        values = {"lease_id": lease_id, "sale_id": CARRIED, "points": burned[0]}
        connection.execute(_CARRY, values)
    connection.execute(_DROP_BURN, (lease_id, sale_id))
