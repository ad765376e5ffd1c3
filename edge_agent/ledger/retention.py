"""What leaves the ledger with age: facts that the centre has, answers nobody asks for again, and
sales that cannot come back any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.ledger.chain_marks import Signer, put_mark
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.old_sales import OldSales

BATCH_ROWS = 100
# From one epoch to the next by the key: DISTINCT would read every fact.
_EPOCHS = (
    "WITH RECURSIVE known(epoch) AS (SELECT min(epoch) FROM outbox UNION ALL "
    "SELECT (SELECT min(o.epoch) FROM outbox o WHERE o.epoch > known.epoch) FROM known "
    "WHERE known.epoch IS NOT NULL) SELECT epoch FROM known WHERE epoch IS NOT NULL"
)
_TOP = (
    "SELECT min(coalesce((SELECT seq FROM outbox INDEXED BY outbox_pending WHERE epoch = :epoch "
    "AND state = 'pending' ORDER BY seq LIMIT 1), :most), "
    "(SELECT max(seq) FROM outbox WHERE epoch = :epoch)) - 1"
)
_OLD = (
    "SELECT seq, hash, created_at FROM outbox WHERE epoch = ? AND seq <= ? "
    "AND seq > coalesce((SELECT seq FROM chain_mark m WHERE m.epoch = outbox.epoch), 0) "
    "ORDER BY seq LIMIT ?"
)
_DROP_FACTS = "DELETE FROM outbox WHERE epoch = ? AND seq <= ? AND state = 'acked'"
_DROP_ANSWERS = (
    "DELETE FROM idempotency WHERE key IN "
    "(SELECT key FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """How long what is done with stays on the register, days."""

    fact_days: int
    answer_days: int
    return_days: Callable[[], int] = lambda: 0

    @property
    def sale_days(self) -> int:
        """A sale stays as long as its calls may be repeated and its goods may come back."""
        return max(self.answer_days, self.return_days())


class Retention:
    """Prunes in transactions of a hundred rows, so that no sale waits for one."""

    def __init__(
        self,
        ledger: Ledger,
        register_id: str,
        sign: Signer,
        kept: Kept,
        applied: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        """`applied` is the own fact (epoch, seq) up to which the centre's balances are known."""
        self._ledger = ledger
        self._old_sales = OldSales(ledger)
        self._applied = applied
        self._register_id = register_id
        self._sign = sign
        self._kept = kept

    def prune_some(self, now: datetime) -> int:
        """One batch of each kind; how many rows went, 0 when nothing is old enough.

        A fact goes only when the centre has acknowledged it and every one before it has been
        answered; the last of an epoch stays, and a signed mark keeps the chain's beginning. A
        sale follows its fact."""
        facts_before = _stamp(now - timedelta(days=self._kept.fact_days))
        answers_before = _stamp(now - timedelta(days=self._kept.answer_days))

        def work(connection: sqlite3.Connection) -> int:
            gone = connection.execute(_DROP_ANSWERS, (answers_before, BATCH_ROWS)).rowcount
            for (epoch,) in connection.execute(_EPOCHS).fetchall():
                gone += self._facts_of(connection, epoch, facts_before, _stamp(now))
            return gone

        if gone := self._ledger.query(work):
            return gone
        return self._old_sales.drop_some(
            _stamp(now - timedelta(days=self._kept.sale_days)), self._applied()
        )

    def _facts_of(self, connection: sqlite3.Connection, epoch: int, before: str, at: str) -> int:
        top = connection.execute(_TOP, {"epoch": epoch, "most": 2**62}).fetchone()[0]
        mark = None
        for seq, link, created_at in connection.execute(_OLD, (epoch, top, BATCH_ROWS)).fetchall():
            if created_at >= before:
                break
            mark = (epoch, seq, link)
        if mark is None:
            return 0
        put_mark(connection, self._register_id, mark, at, self._sign)
        return connection.execute(_DROP_FACTS, mark[:2]).rowcount or 1


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
