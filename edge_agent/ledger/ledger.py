"""`ledger.db` as the rest of the agent sees it: units of work, the outbox, device journals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.ledger.database import Writer
from edge_agent.ledger.store import Store
from sync.contract.messages import Fact, UploadBatch, UploadReply

T = TypeVar("T")


class WrongLedger(RuntimeError):
    """The file belongs to another register, or to a later epoch of this one."""


class Ledger:
    """The sacred file with its one writing thread.

    `unit` runs a use case in one transaction; `durable=False` is for drafts, which nobody was
    promised. The file belongs to one register; a new epoch starts its own sequence and chain."""

    def __init__(self, path: Path, register_id: str, epoch: int) -> None:
        self.path = path
        self._register_id = register_id
        self._epoch = epoch
        self._writer = Writer(path, "ledger", "ledger")
        try:
            self._writer.run(self._claim)
        except BaseException:
            self._writer.close()
            raise

    def _claim(self, connection: sqlite3.Connection) -> None:
        rows = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        owner = rows.get("register_id", self._register_id)
        if owner != self._register_id:
            raise WrongLedger(f"{self.path} belongs to register {owner}, not {self._register_id}")
        if int(rows.get("epoch", "1")) > self._epoch:
            raise WrongLedger(
                f"{self.path} is in epoch {rows['epoch']}, this identity in {self._epoch}"
            )
        connection.executemany(
            "INSERT INTO meta VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [("register_id", self._register_id), ("epoch", str(self._epoch))],
        )

    def unit(self, work: Callable[[Store], T], *, durable: bool = True) -> T:
        """Run `work` over a store inside one transaction on the ledger thread."""
        return self._writer.run(
            lambda connection: work(Store(connection, self._register_id, self._epoch)),
            durable=durable,
        )

    def query(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a reading function on the ledger thread."""
        return self._writer.run(work, durable=False)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a durable writing function on the ledger thread."""
        return self._writer.run(work)

    def fence(self, epoch: int) -> None:
        """Spend no lease of the epoch any more: its rights may be spent elsewhere as well.

        An epoch that is over had its leases die with it."""
        if epoch != self._epoch:
            return

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO meta VALUES ('fenced_epoch', ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (str(epoch),),
            )

        self._writer.run(write)

    def close(self) -> None:
        """Finish queued work and close the file."""
        self._writer.close()


class Outbox:
    """The upstream queue over the ledger: implements `sync.uplink.OutboxPort`."""

    def __init__(self, ledger: Ledger, register_id: str) -> None:
        self._ledger = ledger
        self._register_id = register_id

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

        return self._ledger.query(read)

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
            connection.executemany(
                "UPDATE outbox SET state = ? WHERE epoch = ? AND seq = ? AND state = 'pending'",
                done,
            )

        self._ledger.write(write)

    def rewind(self, epoch: int, head_seq: int) -> None:
        """Send everything after the centre's head again (it was restored, or lost our tail)."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE outbox SET state = 'pending' "
                "WHERE epoch = ? AND seq > ? AND state <> 'pending'",
                (epoch, head_seq),
            )

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
            connection.execute(
                "INSERT INTO device_journal VALUES (?,?,?) "
                "ON CONFLICT (device, key) DO UPDATE SET value = excluded.value",
                (self._device, key, value),
            )

        self._ledger.write(write)
