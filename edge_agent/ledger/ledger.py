"""`ledger.db` as the rest of the agent sees it: units of work, the outbox, device journals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from edge_agent.errors import LedgerUnavailable
from edge_agent.ledger import row_seals
from edge_agent.ledger.damage import is_damage
from edge_agent.ledger.database import Writer, is_full, is_io_failure
from edge_agent.ledger.rights import settled_number
from edge_agent.ledger.store import Store
from edge_agent.ledger.verify import check_tail
from sync.contract.messages import Fact, UploadBatch, UploadReply

T = TypeVar("T")

_SETTLE = row_seals.update(
    "outbox", {"state": "?1"}, "epoch = ?2 AND seq = ?3 AND state = 'pending'"
)
_REWIND = row_seals.update(
    "outbox", {"state": "'pending'"}, "epoch = ? AND seq > ? AND state <> 'pending'"
)
_PUT_JOURNAL = row_seals.insert("device_journal", {"value": "excluded.value"})
_PUT_META = row_seals.insert("meta", {"value": "excluded.value"})


def put_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Write one of the file's own notes."""
    connection.execute(_PUT_META, {"key": key, "value": value})


_META = "SELECT value FROM meta WHERE key = ?"
SETTLED_KEY = "settled_number."
COPIED_KEY = "copied_in_epoch"
"""A note that backup and salvage write into a copy: it may go on only in a later epoch."""


class WrongLedger(RuntimeError):
    """The file belongs to another register, or to a later epoch of this one."""


class LedgerDamaged(RuntimeError):
    """The file cannot be opened as the ledger it was."""


class Ledger:
    """The sacred file with its one writing connection.

    `unit` runs a use case in one transaction; `durable=False` is for drafts, which nobody was
    promised. The file belongs to one register; a new epoch starts its own sequence and chain.
    Opening checks the chain's tail only; `judged` is told what a whole check has found. A ledger
    with faults goes on selling and spends no lease: what it has spent is not certain.

    Every call raises `LedgerUnavailable` when the disk is full or fails; nothing of the call is
    then on disk, or it is found by the sale's own id."""

    def __init__(
        self,
        path: Path,
        register_id: str,
        epoch: int,
        make_room: Callable[[], bool] = lambda: False,
    ) -> None:
        self.path = path
        self.faults: tuple[str, ...] = ()
        self._register_id = register_id
        self._epoch = epoch
        try:
            self._writer = Writer(path, "ledger", "ledger", make_room, self._look_at_tail)
        except sqlite3.Error as error:
            if is_damage(error):
                raise LedgerDamaged(f"{path}: {error}") from error
            raise
        try:
            self._writer.run(self._claim)
        except BaseException:
            self._writer.close()
            raise

    def _look_at_tail(self, connection: sqlite3.Connection) -> None:
        self.judged(check_tail(connection, self._register_id))

    def judged(self, faults: Sequence[str]) -> None:
        """What a check has found; an empty list ends an earlier doubt."""
        self.faults = tuple(faults)

    def _claim(self, connection: sqlite3.Connection) -> None:
        rows = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        owner = rows.get("register_id", self._register_id)
        if owner != self._register_id:
            raise WrongLedger(f"{self.path} belongs to register {owner}, not {self._register_id}")
        if int(rows.get("epoch", "1")) > self._epoch:
            raise WrongLedger(
                f"{self.path} is in epoch {rows['epoch']}, this identity in {self._epoch}"
            )
        if int(rows.get(COPIED_KEY, "0")) >= self._epoch:
            raise WrongLedger(
                f"{self.path} is a copy: another file may have gone on in epoch {self._epoch}; "
                "a new epoch is needed: edge-agent enrol --replace"
            )
        self._look_at_tail(connection)
        put_meta(connection, "register_id", self._register_id)
        put_meta(connection, "epoch", str(self._epoch))

    def unit(self, work: Callable[[Store], T], *, durable: bool = True) -> T:
        """Run `work` over a store inside one transaction; it blocks."""
        return self._run(
            lambda connection: work(
                Store(connection, self._register_id, self._epoch, in_doubt=bool(self.faults))
            ),
            durable=durable,
        )

    def query(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function in a transaction; what it writes may be lost in a power cut."""
        return self._run(work, durable=False)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a durable writing function in a transaction."""
        return self._run(work, durable=True)

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        try:
            return self._writer.run(work, durable=durable)
        except sqlite3.Error as error:
            if is_full(error):
                raise LedgerUnavailable("the register's disk is full") from error
            if is_io_failure(error) or is_damage(error):
                raise LedgerUnavailable(f"the register's disk fails: {error}") from error
            raise

    def fence(self, epoch: int) -> None:
        """Spend no lease of the epoch any more: its rights may be spent elsewhere as well.

        An epoch that is over had its leases die with it."""
        if epoch != self._epoch:
            return

        def write(connection: sqlite3.Connection) -> None:
            put_meta(connection, "fenced_epoch", str(epoch))

        self.write(write)

    def empty_log(self) -> bool:
        """Fold the log and cut it to nothing; False while somebody still reads an older state."""
        return self._writer.empty_log()

    def close(self) -> None:
        """Finish queued work and close the file."""
        self._writer.close()


class Outbox:
    """The upstream queue over the ledger: implements `sync.uplink.OutboxPort`."""

    def __init__(self, ledger: Ledger, register_id: str) -> None:
        self._ledger = ledger
        self._register_id = register_id
        self.may_settle: Callable[[], bool] = lambda: True

    def pending(self, max_facts: int, max_bytes: int) -> UploadBatch | None:
        """The oldest unacknowledged facts of the oldest such epoch, within the bounds."""

        def read(connection: sqlite3.Connection) -> UploadBatch | None:
            rows = connection.execute(
                "SELECT epoch, seq, kind, body, prev_hash, hash FROM outbox "
                "WHERE state = 'pending' ORDER BY epoch, seq LIMIT ?",
                (max_facts,),
            ).fetchall()
            facts: list[Fact] = []
            size = 0
            for row in rows:
                size += len(row["body"].encode())
                if row["epoch"] != rows[0]["epoch"] or (facts and size > max_bytes):
                    break
                facts.append(
                    Fact(
                        seq=row["seq"],
                        kind=row["kind"],
                        body=row["body"],
                        prev_hash=row["prev_hash"].hex(),
                        hash=row["hash"].hex(),
                    )
                )
            if not facts:
                return None
            return UploadBatch(register_id=self._register_id, epoch=rows[0]["epoch"], facts=facts)

        batch = self._ledger.query(read)
        if batch is None:
            return None
        return batch.model_copy(
            update={"settled_number": self.settled(batch.epoch, batch.facts[-1].seq)}
        )

    def settled(self, epoch: int, seq: int) -> int:
        """Up to which question to authorise this register has its answer in the facts up to
        `seq`, or gave it up.

        What is said ends holds at the centre, so a power cut must not bring a question back: a
        new number is written down, and everything before it with it, before it is told. A copy
        of the file (`may_settle` is False) does not know what the other one has asked: 0."""
        if not self.may_settle():
            return 0

        def look(connection: sqlite3.Connection) -> tuple[int, int]:
            row = connection.execute(_META, (f"{SETTLED_KEY}{epoch}",)).fetchone()
            return int(row[0]) if row else 0, settled_number(connection, epoch, seq)

        known, number = self._ledger.query(look)
        if number > known:
            key = f"{SETTLED_KEY}{epoch}"
            self._ledger.write(lambda connection: put_meta(connection, key, str(number)))
        return number

    def acknowledge(self, batch: UploadBatch, reply: UploadReply) -> None:
        """Mark what the centre has committed. A quarantined fact, and one of a forked history,
        is with the centre but not in its books: it is kept here and shown."""
        states = {"accepted": "acked", "duplicate": "acked"}
        states |= {"quarantined": "quarantined", "fork": "quarantined"}
        done = [
            (states[item.verdict], batch.epoch, item.seq)
            for item in reply.verdicts
            if item.verdict in states
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_SETTLE, done)

        self._ledger.write(write)

    def rewind(self, epoch: int, head_seq: int) -> None:
        """Send everything after the centre's head again (it was restored, or lost our tail)."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(_REWIND, (epoch, head_seq))

        self._ledger.write(write)

    def depth(self) -> int:
        """Facts that the centre has not acknowledged."""
        return self._ledger.query(
            lambda connection: int(
                connection.execute(
                    "SELECT count(*) FROM outbox WHERE state = 'pending'"
                ).fetchone()[0]
            )
        )

    def last_seq(self, epoch: int) -> int:
        """Highest sequence written in an epoch, 0 when none."""
        return self._ledger.query(
            lambda connection: int(
                connection.execute(
                    "SELECT coalesce(max(seq), 0) FROM outbox WHERE epoch = ?", (epoch,)
                ).fetchone()[0]
            )
        )

    def quarantined(self) -> int:
        """Facts that the centre stored but could not interpret."""
        return self._ledger.query(
            lambda connection: int(
                connection.execute(
                    "SELECT count(*) FROM outbox WHERE state = 'quarantined'"
                ).fetchone()[0]
            )
        )


class LedgerJournal:
    """A device's durable memory: implements `drivers.base.DeviceJournal`."""

    def __init__(self, ledger: Ledger, device: str) -> None:
        self._ledger = ledger
        self._device = device

    def get(self, key: str) -> str | None:
        """Last value put under `key`."""

        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT value FROM device_journal WHERE device = ? AND key = ?",
                (self._device, key),
            ).fetchone()
            return row[0] if row else None

        return self._ledger.query(read)

    def put(self, key: str, value: str) -> None:
        """Store a value; on disk when this returns."""

        def write(connection: sqlite3.Connection) -> None:
            values = {"device": self._device, "key": key, "value": value}
            connection.execute(_PUT_JOURNAL, values)

        self._ledger.write(write)
