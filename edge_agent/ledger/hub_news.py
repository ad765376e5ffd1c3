"""What a register's ledger has to tell its store's hub: facts to copy, what is settled, purses."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.ledger.rights import LEASE_SPENT
from sync.contract.messages import Fact, UploadBatch

MAX_FACTS = 100
MAX_BYTES = 200_000
_MAX_IDS = 200
_MAX_PURSES = 5_000


@dataclass(frozen=True, slots=True)
class Settled:
    """Authorisations that are over: in the centre's books, or given up; `upto` is the number of
    the last one looked at."""

    used: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    upto: int = 0


def acked_seq(connection: sqlite3.Connection, epoch: int) -> int:
    """The centre has every fact of the epoch up to this one."""
    row = connection.execute(
        "SELECT (SELECT min(seq) - 1 FROM outbox WHERE epoch = ?1 AND state = 'pending'),"
        " (SELECT max(seq) FROM outbox WHERE epoch = ?1)",
        (epoch,),
    ).fetchone()
    return int(row[0] if row[0] is not None else row[1] or 0)


def facts_after(connection: sqlite3.Connection, after: tuple[str, int, int]) -> UploadBatch | None:
    """The next facts after (register, epoch, seq), whatever the centre has of them, within a
    batch's bounds."""
    register_id, epoch, seq = after
    rows = connection.execute(
        "SELECT seq, kind, body, prev_hash, hash FROM outbox WHERE epoch = ? AND seq > ?"
        " ORDER BY seq LIMIT ?",
        (epoch, seq, MAX_FACTS),
    ).fetchall()
    facts: list[Fact] = []
    size = 0
    for row in rows:
        size += len(row["body"].encode())
        if facts and size > MAX_BYTES:
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
    return UploadBatch(register_id=register_id, epoch=epoch, facts=facts) if facts else None


def settled_after(connection: sqlite3.Connection, epoch: int, number: int, acked: int) -> Settled:
    """What came to its end behind that number, in order, as far as nothing is open between."""
    rows = connection.execute(
        "SELECT auth_id, number, state, used_seq FROM authorisation WHERE epoch = ? AND number > ?"
        " ORDER BY number LIMIT ?",
        (epoch, number, _MAX_IDS),
    ).fetchall()
    used: list[str] = []
    dropped: list[str] = []
    for row in rows:
        if row["state"] == "dropped":
            dropped.append(row["auth_id"])
        elif row["state"] == "used" and row["used_seq"] <= acked:
            used.append(row["auth_id"])
        else:
            break
        number = row["number"]
    return Settled(tuple(used), tuple(dropped), number)


def purses_burnt(connection: sqlite3.Connection) -> Sequence[tuple[int, int, int]]:
    """(serial, points, minute): burnt, or promised to open sales, in this register's own records;
    the newest purses where there are very many."""
    rows = connection.execute(
        "SELECT serial, sum(points), max(minute) FROM ("
        " SELECT serial, points, minute FROM purse_burn UNION ALL"
        " SELECT a.purse_serial, a.purse_points, a.purse_minute FROM authorisation a"
        " JOIN sale s USING (sale_id) WHERE a.state = 'decided' AND s.state = 'open'"
        " AND a.purse_points > 0) GROUP BY serial ORDER BY max(minute) DESC LIMIT ?",
        (_MAX_PURSES,),
    ).fetchall()
    return [(row[0], int(row[1]), row[2]) for row in rows]


def lease_spent(connection: sqlite3.Connection, lease_id: str) -> int:
    """Burnt, given back or promised of a lease here."""
    return int(connection.execute(LEASE_SPENT, {"lease": lease_id}).fetchone()[0])
