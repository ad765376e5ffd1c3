"""Purses that a restored centre has forgotten: what they may hold stays back until they are dead.

A purse issued after the backup lies on a member's phone and on no register, so nobody can report it
before it is shown. It is shown offline for three days at most (`loyalty.purse.MAX_LIFE_MIN`). Until
every life of every register has logged that it takes none that ended by then, each member keeps
back as many available points as one purse may hold: a member has one open purse at a time. No
lease, purse or hold is given out of them, nothing expires, and the purse's own sale finds them.
"""

from __future__ import annotations

from datetime import datetime

from central.db.bulk import Connection
from central.purse_floors import floor_of_all
from loyalty.authorisation.policy import Policy
from loyalty.purse import MAX_LIFE_MIN

_UNTIL = "forgotten_purses_until"
_LARGEST = """
select greatest(coalesce(max((body->>'purse_max_points')::bigint), 0), %(default)s * (
    case when count(*) = 0 then 1 else 0 end))
from offline_policy
"""


def expect(connection: Connection, now: datetime) -> None:
    """A restore has just been made without sight of the purses that were open."""
    until = int(now.timestamp()) // 60 + MAX_LIFE_MIN
    connection.execute(
        "insert into meta values (%s, %s) on conflict (name) do update"
        " set value = greatest(meta.value::bigint, excluded.value::bigint)::text",
        [_UNTIL, str(until)],
    )


def expected_until(connection: Connection) -> int:
    """The minute by which every forgotten purse has ended; 0 when none is expected."""
    row = connection.execute("select value::bigint from meta where name = %s", [_UNTIL]).fetchone()
    return int(row[0]) if row else 0


def kept_back(connection: Connection) -> int:
    """Points of each member that stay back: the most that any policy on record puts in a purse.

    A policy that was put in force after the backup and allowed more is forgotten as well."""
    if not expected_until(connection):
        return 0
    row = connection.execute(_LARGEST, {"default": Policy().purse_max_points}).fetchone()
    return int(row[0]) if row else 0


def forget(connection: Connection) -> bool:
    """All logs say that no forgotten purse is taken any more; whether the wait has ended now."""
    until = expected_until(connection)
    if not until or floor_of_all(connection) < until:
        return False
    forget_now(connection)
    return True


def forget_now(connection: Connection) -> None:
    """No purse is expected any more."""
    connection.execute("delete from meta where name = %s", [_UNTIL])
