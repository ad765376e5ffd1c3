"""Where a ledger's log ends, and whether it holds what it is said to have held."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sync.contract.chain import GENESIS

_LAST = "SELECT seq, hash FROM outbox WHERE epoch = ? ORDER BY seq DESC LIMIT 1"
_AT = "SELECT hash FROM outbox WHERE epoch = ? AND seq = ?"
_PRUNED = "SELECT seq FROM chain_mark WHERE epoch = ?"


@dataclass(frozen=True, slots=True)
class HeadMark:
    """The last fact of an epoch and its hash; seq 0 and the hash of nothing when there is none."""

    epoch: int
    seq: int = 0
    hash: bytes = GENESIS


def head_of(connection: sqlite3.Connection, epoch: int) -> HeadMark:
    """The end of the epoch's log."""
    row = connection.execute(_LAST, (epoch,)).fetchone()
    return HeadMark(epoch, row[0], bytes(row[1])) if row else HeadMark(epoch)


def holds(connection: sqlite3.Connection, mark: HeadMark) -> bool:
    """Whether the log runs through the mark: the fact of that number is here with that hash, or
    was pruned, which happens only to facts that the centre has taken from this log."""
    if mark.seq == 0:
        return True
    row = connection.execute(_AT, (mark.epoch, mark.seq)).fetchone()
    if row is not None:
        return bytes(row[0]) == mark.hash
    pruned = connection.execute(_PRUNED, (mark.epoch,)).fetchone()
    return pruned is not None and pruned[0] >= mark.seq
