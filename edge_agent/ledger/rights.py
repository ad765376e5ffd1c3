"""Rows about redemption: decisions, and what was spent of each right. Burns never become less."""

from __future__ import annotations

import sqlite3
from dataclasses import fields

from edge_agent.ledger import row_seals
from edge_agent.ports import AuthorisationRow, CacheTaken
from loyalty.purse import Sighting

FLOOR_KEY = "purse_floor"
_AUTH = (
    "auth_id, sale_id, member_id, requested_points, state, layer, hold_points, lease_id, "
    "lease_points, reason, epoch, number, strength, purse_serial, purse_points, purse_minute, "
    "link_index, cache_points, island, used_seq"
)
_AUTHORISATION = tuple(field.name for field in fields(AuthorisationRow))
_KEPT = frozenset({"auth_id", "sale_id", "member_id", "requested_points", "asked_at"})
_SAVE_AUTHORISATION = row_seals.insert(
    "authorisation",
    {
        name: f"excluded.{name}"
        for name in row_seals.SEALED["authorisation"]
        if name not in _KEPT | {"epoch", "number"}
    },
)
_SAVE_DECISION = row_seals.insert("decision", {"body": "excluded.body"})
_BURN_LEASE = row_seals.insert("lease_burn")
_BURN_PURSE = row_seals.insert("purse_burn")
_BURN_CACHE = row_seals.insert("cache_burn")
_PUT_META = row_seals.insert("meta", {"value": "excluded.value"})
_RETURN_LEASE = row_seals.insert("lease_return")
_BURN_COUNTER = row_seals.insert("counter_burn")
_PROMISED = (
    "FROM authorisation a JOIN sale s USING (sale_id) WHERE a.state = 'decided' "
    "AND s.state = 'open'"
)
LEASE_SPENT = (
    "SELECT (SELECT coalesce(sum(points), 0) FROM lease_burn WHERE lease_id = :lease) + "
    "(SELECT coalesce(sum(points), 0) FROM lease_return WHERE lease_id = :lease) + "
    f"(SELECT coalesce(sum(a.lease_points), 0) {_PROMISED} AND a.lease_id = :lease)"
)
_PURSE_SEEN = (
    "SELECT points, minute FROM purse_burn WHERE serial = :serial UNION ALL "
    f"SELECT a.purse_points, a.purse_minute {_PROMISED} AND a.purse_serial = :serial "
    "AND a.purse_points > 0"
)
_CACHE_TAKEN = (
    "SELECT member_id, points, island FROM cache_burn WHERE (epoch, seq) > (:epoch, :seq) "
    f"UNION ALL SELECT a.member_id, a.cache_points, a.island {_PROMISED} "
    "AND a.cache_points > 0"
)
_UNSETTLED = (
    "SELECT min(number) FROM authorisation WHERE epoch = :epoch AND number > 0 AND "
    "(state IN ('asked', 'decided') OR (state = 'used' AND used_seq > :seq))"
)
_LAST_NUMBER = "SELECT max(number) FROM authorisation WHERE epoch = ?"


def settled_number(connection: sqlite3.Connection, epoch: int, seq: int) -> int:
    """With all facts up to `seq`, every question up to this number has its answer in the log or
    was given up; 0 when nothing can be said. The caller makes durable what this rests on."""
    first = connection.execute(_UNSETTLED, {"epoch": epoch, "seq": seq}).fetchone()[0]
    if first is not None:
        return int(first) - 1
    return int(connection.execute(_LAST_NUMBER, (epoch,)).fetchone()[0] or 0)


class RightRows:
    """The part of the store that redemption needs."""

    _db: sqlite3.Connection
    _epoch: int
    _in_doubt: bool

    # --- decisions --------------------------------------------------------------------------

    def authorisation(self, auth_id: str) -> AuthorisationRow | None:
        """The decision stored under an id."""
        row = self._db.execute(
            f"SELECT {_AUTH} FROM authorisation WHERE auth_id = ?", (auth_id,)
        ).fetchone()
        return AuthorisationRow(*row) if row else None

    def save_authorisation(self, row: AuthorisationRow, at: str) -> None:
        """Insert or replace a decision; its number stays the one it was asked under."""
        values = {name: getattr(row, name) for name in _AUTHORISATION}
        self._db.execute(_SAVE_AUTHORISATION, {**values, "asked_at": at})

    def next_number(self) -> int:
        """The number after the last question of this epoch."""
        row = self._db.execute(_LAST_NUMBER, (self._epoch,)).fetchone()
        return int(row[0] or 0) + 1

    def save_decision(self, auth_id: str, body: str, at: str) -> None:
        """Keep what a decision rested on."""
        self._db.execute(_SAVE_DECISION, {"auth_id": auth_id, "decided_at": at, "body": body})

    def decision(self, auth_id: str) -> str:
        """JSON of what a decision rested on, "" when none was kept."""
        row = self._db.execute("SELECT body FROM decision WHERE auth_id = ?", (auth_id,)).fetchone()
        return str(row[0]) if row else ""

    def is_fenced(self) -> bool:
        """No right may be spent: the centre holds another history of this epoch (this file, or
        another, is a copy), or a check has found this file damaged."""
        if self._in_doubt:
            return True
        row = self._db.execute("SELECT value FROM meta WHERE key = 'fenced_epoch'").fetchone()
        return row is not None and int(row[0]) == self._epoch

    # --- leases -----------------------------------------------------------------------------

    def lease_spent(self, lease_id: str) -> int:
        """Points burned, given back or promised under a lease: commits, answers to recalls, and
        other open sales' decisions."""
        return int(self._db.execute(LEASE_SPENT, {"lease": lease_id}).fetchone()[0])

    def burn_lease(self, lease_id: str, sale_id: str, points: int) -> None:
        """Spend part of a lease, for ever."""
        values = {"lease_id": lease_id, "sale_id": sale_id, "points": points}
        self._db.execute(_BURN_LEASE, values)

    def is_returned(self, lease_id: str, recall_id: str) -> bool:
        """Whether a recall was answered before."""
        row = self._db.execute(
            "SELECT 1 FROM lease_return WHERE lease_id = ? AND recall_id = ?",
            (lease_id, recall_id),
        ).fetchone()
        return row is not None

    def return_lease(self, lease_id: str, recall_id: str, points: int) -> None:
        """Give part of a lease back, for ever."""
        values = {"lease_id": lease_id, "recall_id": recall_id, "points": points}
        self._db.execute(_RETURN_LEASE, values)

    # --- purses -----------------------------------------------------------------------------

    def purse_seen(self, serial: int) -> Sighting | None:
        """What this register took of a serial, or promised to open sales."""
        rows = self._db.execute(_PURSE_SEEN, {"serial": serial}).fetchall()
        if not rows:
            return None
        return Sighting(sum(row[0] for row in rows), max(row[1] for row in rows))

    def burn_purse(self, serial: int, sale_id: str, points: int, minute: int) -> None:
        """Spend part of a purse, for ever."""
        values = {"serial": serial, "sale_id": sale_id, "points": points, "minute": minute}
        self._db.execute(_BURN_PURSE, values)

    def purse_floor(self) -> int:
        """Purses that ended at or before this minute are taken no more."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (FLOOR_KEY,)).fetchone()
        return int(row[0]) if row else 0

    def put_purse_floor(self, floor_min: int) -> None:
        """Close purses up to a minute, for ever."""
        self._db.execute(_PUT_META, {"key": FLOOR_KEY, "value": str(floor_min)})

    # --- counter leases ---------------------------------------------------------------------

    def counter_spent(self, counter_id: str) -> int:
        """Units taken by sales and given back of a counter lease."""
        row = self._db.execute(
            "SELECT coalesce(sum(units), 0) FROM counter_burn WHERE counter_id = ?", (counter_id,)
        ).fetchone()
        return int(row[0])

    def has_counted(self, counter_id: str, subject: str) -> bool:
        """Whether a sale, or the answer to a recall, took units before."""
        row = self._db.execute(
            "SELECT 1 FROM counter_burn WHERE counter_id = ? AND subject = ?",
            (counter_id, subject),
        ).fetchone()
        return row is not None

    def burn_counter(self, counter_id: str, subject: str, units: int) -> None:
        """Take units, for ever."""
        values = {"counter_id": counter_id, "subject": subject, "units": units}
        self._db.execute(_BURN_COUNTER, values)

    # --- cached balances --------------------------------------------------------------------

    def cache_taken(self, member_id: int, applied: tuple[int, int]) -> CacheTaken:
        """What was redeemed by cached balances after the fact `applied` (epoch, seq), or is
        promised to open sales."""
        values = {"epoch": applied[0], "seq": applied[1]}
        rows = self._db.execute(_CACHE_TAKEN, values).fetchall()
        return CacheTaken(
            times=sum(row[0] == member_id for row in rows),
            own_points=sum(row[1] for row in rows if not row[2]),
        )

    def burn_cache(
        self, member_id: int, sale_id: str, points: int, fact: tuple[int, int], island: str
    ) -> None:
        """Count a redemption by a cached balance; it is out of the hub's budget with `island`."""
        values = {"member_id": member_id, "sale_id": sale_id, "points": points, "island": island}
        self._db.execute(_BURN_CACHE, {**values, "epoch": fact[0], "seq": fact[1]})
