"""The second copy of receipts in `hub.db`: requests as registers signed them for the centre.

A copy is kept byte for byte with its signature, so that the hub can hand it on and cannot change
it. Plain SQL over one transaction; nothing commits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Life:
    """How far the copies of a register's epoch go, and what it said the centre has."""

    head_seq: int
    head_hash: bytes
    acked_seq: int


@dataclass(frozen=True, slots=True)
class Copy:
    """One signed request: what it covers, its headers and its exact bytes."""

    register_id: str
    epoch: int
    first_seq: int
    last_seq: int
    headers: Mapping[str, str]
    body: bytes


def life_of(connection: sqlite3.Connection, register_id: str, epoch: int) -> Life | None:
    """None when nothing of that life has come yet."""
    row = connection.execute(
        "SELECT head_seq, head_hash, acked_seq FROM life WHERE register_id = ? AND epoch = ?",
        (register_id, epoch),
    ).fetchone()
    return Life(row[0], row[1], row[2]) if row else None


def keep(connection: sqlite3.Connection, copy: Copy, head_hash: bytes) -> None:
    """Store a request whose facts go on where the copies ended, or start anew behind what the
    centre has."""
    connection.execute(
        "INSERT OR REPLACE INTO copy VALUES (?,?,?,?,?,?)",
        (
            copy.register_id,
            copy.epoch,
            copy.first_seq,
            copy.last_seq,
            json.dumps(dict(copy.headers)),
            copy.body,
        ),
    )
    connection.execute(
        "INSERT INTO life (register_id, epoch, head_seq, head_hash) VALUES (?,?,?,?)"
        " ON CONFLICT DO UPDATE SET head_seq = excluded.head_seq, head_hash = excluded.head_hash",
        (copy.register_id, copy.epoch, copy.last_seq, head_hash),
    )


def note_spent(
    connection: sqlite3.Connection, register_id: str, epoch: int, seq: int, member: int, points: int
) -> None:
    """A copied receipt moved points of a member (below zero: a void gave them back)."""
    connection.execute(
        "INSERT OR IGNORE INTO spent VALUES (?,?,?,?,?)", (register_id, epoch, seq, member, points)
    )


def acknowledged(connection: sqlite3.Connection, register_id: str, epoch: int, seq: int) -> None:
    """The centre has that life's log up to here: its copies and their effects may go."""
    who = (register_id, epoch, seq)
    connection.execute(
        "UPDATE life SET acked_seq = max(acked_seq, ?3) WHERE register_id = ?1 AND epoch = ?2", who
    )
    connection.execute(
        "DELETE FROM copy WHERE register_id = ? AND epoch = ? AND last_seq <= ?", who
    )
    connection.execute("DELETE FROM spent WHERE register_id = ? AND epoch = ? AND seq <= ?", who)


def spent_by_others(connection: sqlite3.Connection, register_id: str) -> dict[int, int]:
    """By member: points that other registers' waiting receipts spent."""
    rows = connection.execute(
        "SELECT member_id, sum(points) FROM spent WHERE register_id <> ? GROUP BY member_id"
        " HAVING sum(points) > 0 LIMIT 20000",
        (register_id,),
    )
    return {row[0]: int(row[1]) for row in rows}


def oldest(connection: sqlite3.Connection, but: set[str]) -> Copy | None:
    """The oldest copy of a register that is not among `but`: to be handed on to the centre."""
    marks = ",".join("?" * len(but))
    row = connection.execute(
        "SELECT register_id, epoch, first_seq, last_seq, headers, body FROM copy"
        f" WHERE register_id NOT IN ({marks}) ORDER BY register_id, epoch, first_seq LIMIT 1",
        sorted(but),
    ).fetchone()
    return Copy(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5]) if row else None


def count(connection: sqlite3.Connection) -> int:
    """Requests that are kept."""
    return int(connection.execute("SELECT count(*) FROM copy").fetchone()[0])
