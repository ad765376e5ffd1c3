"""Rights that a store hub hands out, over one transaction of `hub.db`. Plain SQL; nothing commits.

The decisions are those of `loyalty.protocol.hub`: the hub distributes and never creates, sums only
rise, and the same id always gets the same answer.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from loyalty.authorisation.conditions import b1_debited

KEPT_TURNS = 1_000
"""Times that a register has settled something, before a claim of then is forgotten."""


@dataclass(frozen=True, slots=True)
class HubLease:
    """The hub's own lease of a member as the centre granted it."""

    lease_id: str
    granted_points: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """A life of a register that wants to be lent to, see `sync.contract.rights.BorrowRequest`."""

    register_id: str
    epoch: int
    member_id: int
    total_points: int
    used_points: int = 0
    is_walk_up: bool = False
    known_lease_id: str = ""
    known_points: int = 0

    def of(self, lease_id: str) -> Wish:
        """The same of another lease than the one that the life knows: nothing of it is used."""
        if not self.known_lease_id or self.known_lease_id == lease_id:
            return self
        fresh = self.total_points - self.used_points
        return replace(self, total_points=fresh, used_points=0, known_lease_id=lease_id)


@dataclass(frozen=True, slots=True)
class PurseClaim:
    """A claim before approval, see `sync.contract.rights.ClaimRequest`; points wanted."""

    auth_id: str
    register_id: str
    member_id: int
    serial: int = 0
    value: int = 0
    minute: int = -1
    is_still: bool = False
    purse_points: int = 0
    cache_points: int = 0


@dataclass(frozen=True, slots=True)
class Handed:
    """How often something was handed out in a life of the hub, and a mark of the last time."""

    count: int = 0
    stamp: str = "00" * 32


def handed(connection: sqlite3.Connection, epoch: int) -> Handed:
    """What the file remembers of that life."""
    row = connection.execute(
        "SELECT value FROM meta WHERE key = ?", (f"handed.{epoch}",)
    ).fetchone()
    if row is None:
        return Handed()
    count, _, stamp = str(row[0]).partition(" ")
    return Handed(int(count), stamp)


def count_handed(connection: sqlite3.Connection, epoch: int, stamp: str) -> Handed:
    """One more."""
    now = Handed(handed(connection, epoch).count + 1, stamp)
    connection.execute(
        "INSERT INTO meta VALUES (?,?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (f"handed.{epoch}", f"{now.count} {now.stamp}"),
    )
    return now


def given(connection: sqlite3.Connection, lease_id: str) -> int:
    """Points of a lease that have left the hub, to peers or to its own till."""
    row = connection.execute(
        "SELECT points FROM lease_given WHERE lease_id = ?", (lease_id,)
    ).fetchone()
    return int(row[0]) if row else 0


def lent(connection: sqlite3.Connection, wish: Wish, lease_id: str) -> int:
    """Points of a lease ever lent to that life."""
    row = connection.execute(
        "SELECT points FROM lease_lent WHERE register_id = ? AND epoch = ? AND member_id = ?"
        " AND lease_id = ?",
        (wish.register_id, wish.epoch, wish.member_id, lease_id),
    ).fetchone()
    return int(row[0]) if row else 0


def lend(connection: sqlite3.Connection, lease: HubLease, wish: Wish) -> int:
    """Lend so much that the sum lent to the life becomes what it wants, at most; the sum.

    At a walk-up half of what is left of the lease stays here."""
    already = lent(connection, wish, lease.lease_id)
    gone = given(connection, lease.lease_id)
    free = lease.granted_points - gone if lease.is_open else 0
    more = min(wish.total_points - already, free)
    if wish.is_walk_up:
        unused = max(0, already - wish.used_points)
        more = min(more, (free - unused) // 2)
    if more <= 0:
        return already
    _hand_out(connection, lease, wish, more)
    b1_debited(gone + more, lease.granted_points)
    return already + more


def adopt(connection: sqlite3.Connection, lease: HubLease, own: Wish) -> None:
    """Count what the hub's own till has spent of the lease as lent to it: it may have spent before
    it was a hub. Nothing is refused here, for it is spent."""
    more = own.total_points - lent(connection, own, lease.lease_id)
    if more > 0:
        _hand_out(connection, lease, own, more)


def _hand_out(connection: sqlite3.Connection, lease: HubLease, to: Wish, points: int) -> None:
    _give(connection, lease, points)
    connection.execute(
        "INSERT INTO lease_lent VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
        " SET points = points + excluded.points",
        (to.register_id, to.epoch, to.member_id, lease.lease_id, points),
    )


def _give(connection: sqlite3.Connection, lease: HubLease, points: int) -> None:
    connection.execute(
        "INSERT INTO lease_given VALUES (?,?) ON CONFLICT DO UPDATE"
        " SET points = points + excluded.points",
        (lease.lease_id, points),
    )


def claim(connection: sqlite3.Connection, wish: PurseClaim, budget_points: int) -> tuple[int, int]:
    """Purse and cache points that this island may still take; the same answer for the same id."""
    row = connection.execute(
        "SELECT purse_points, cache_points FROM claim WHERE auth_id = ?", (wish.auth_id,)
    ).fetchone()
    if row:
        return int(row[0]), int(row[1])
    purse = _purse_left(connection, wish) if wish.purse_points else 0
    left = budget_points - cache_used(connection) if wish.cache_points else 0
    answer = max(0, min(wish.purse_points, purse)), max(0, min(wish.cache_points, left))
    connection.execute(
        "INSERT INTO claim (auth_id, register_id, member_id, serial, minute, purse_points,"
        " cache_points) VALUES (?,?,?,?,?,?,?)",
        (
            wish.auth_id,
            wish.register_id,
            wish.member_id,
            wish.serial if answer[0] else 0,
            wish.minute,
            *answer,
        ),
    )
    return answer


def _purse_left(connection: sqlite3.Connection, wish: PurseClaim) -> int:
    """A still claim counts once per island; a moving one while points are left, under later
    minutes (`loyalty.purse.points_left`). A register has used what it claimed here and what it
    burnt beside that, without this hub."""
    used, minute = connection.execute(
        "SELECT sum(points), max(minute) FROM ("
        " SELECT purse_points AS points, minute FROM claim WHERE serial = :serial UNION ALL"
        " SELECT points, minute FROM purse_burnt WHERE serial = :serial)",
        {"serial": wish.serial},
    ).fetchone()
    if used is None:
        return wish.value
    return 0 if wish.is_still or wish.minute <= minute else wish.value - int(used)


def cache_used(connection: sqlite3.Connection) -> int:
    """Points of the island's budget that are claimed and not settled at the centre."""
    row = connection.execute(
        "SELECT coalesce(sum(cache_points), 0) FROM claim WHERE cache_points > 0 AND is_settled = 0"
    ).fetchone()
    return int(row[0])


def settle(
    connection: sqlite3.Connection, register_id: str, settled: list[str], dropped: list[str]
) -> None:
    """`settled` redemptions of a register are in the centre's books; `dropped` ones were given up
    for ever, so their purse may be taken again."""
    if not settled and not dropped:
        return
    row = connection.execute("SELECT coalesce(max(is_settled), 0) + 1 FROM claim").fetchone()
    turn = int(row[0])
    connection.executemany(
        "UPDATE claim SET is_settled = ? WHERE auth_id = ? AND register_id = ? AND is_settled = 0",
        [(turn, auth_id, register_id) for auth_id in settled],
    )
    connection.executemany(
        "UPDATE claim SET is_settled = ?, serial = 0 WHERE auth_id = ? AND register_id = ?",
        [(turn, auth_id, register_id) for auth_id in dropped],
    )
    _forget(connection, turn)


def _forget(connection: sqlite3.Connection, turn: int) -> None:
    """Claims that the centre's books contain leave the file, long after anybody could repeat their
    question. Those of purses stay: a serial is renewed for as long as its purse is open."""
    connection.execute(
        "DELETE FROM claim WHERE serial = 0 AND is_settled BETWEEN 1 AND ?", (turn - KEPT_TURNS,)
    )


def counts(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Members to whom something is lent here, claims kept, copies of receipts kept."""
    row = connection.execute(
        "SELECT (SELECT count(DISTINCT member_id) FROM lease_lent), (SELECT count(*) FROM claim),"
        " (SELECT count(*) FROM copy)"
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def note_burnt(
    connection: sqlite3.Connection, register_id: str, burnt: list[tuple[int, int, int]]
) -> None:
    """(serial, points in all, minute) that a register has burnt by its own records. What it had
    claimed here by now counts already; what is over that is kept, for later claims come on top."""
    connection.executemany(
        "INSERT INTO purse_burnt VALUES (?2, ?1, max(0, ?3 - (SELECT coalesce(sum(purse_points), 0)"
        " FROM claim WHERE serial = ?2 AND register_id = ?1)), ?4) ON CONFLICT DO UPDATE SET"
        " points = max(points, excluded.points), minute = max(minute, excluded.minute)",
        [(register_id, *each) for each in burnt],
    )
