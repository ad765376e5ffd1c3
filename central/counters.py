"""Counter leases: parts of a countable right, lent to registers under the conditions of leases.

A campaign's limit is spread over all registers: half of what is left goes out in equal parts, and a
register that has used up half of its part gets more; when nothing is left here, the fullest one is
asked for half of its own. A member's coupons and limits follow where they shop
(`central.counter_plan`); what a till is short of while it is online it asks for
(`central.counter_asks`), and a person may lend to a register by name. A unit is debited here before
a register hears of it (B1), and comes back by the register's own fact (B3), of its own life (B4).
After a restore nothing is lent before every register has said what it holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from central.changes import Changes
from central.counter_store import (
    Counter,
    found_or_made,
    grant,
    key_of,
    lease_of,
    load,
    save,
)
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.facts import Understood
from loyalty.authorisation.conditions import b3_logged
from sync.contract.live import HeldCounter
from sync.contract.messages import WireSale
from sync.contract.rights import CounterKind, WireCounterLeaseReturned

CAMPAIGN = "campaign_limit"
MAX_UNITS = 10**12 - 1


# --- what the central team does ---------------------------------------------------------------


def define(
    connection: Connection,
    kind: CounterKind,
    key: str,
    total: int,
    now: datetime,
    author: str,
    reason: str,
    *,
    unit: str = "use",
    window: str = "",
    member_id: int = 0,
    expires_on: str | None = None,
) -> Counter:
    """Set a counter's total; a campaign's is spread over all registers at once. One transaction.

    `BadInput`: `bad_units` below what is lent and used already, `restoring` for a campaign."""
    if not 0 <= total <= MAX_UNITS or not 0 < len(key) <= 64 or len(window) > 10:
        raise BadInput("bad_units", "a key of 64 characters, a total within bounds are expected")
    counter_key = key_of(kind, key, window)
    connection.execute(
        "insert into counter"
        " (member_id, counter_key, kind, key, time_window, unit, total, expires_on)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (member_id, counter_key) do update"
        " set total = excluded.total, expires_on = excluded.expires_on",
        [member_id, counter_key, kind, key, window, unit, total, expires_on],
    )
    counter = load(connection, member_id, counter_key)
    assert counter is not None
    if counter.left < 0:
        raise BadInput("bad_units", f"{total - counter.left} units are lent and used already")
    changes = Changes()
    if kind == CAMPAIGN:
        _refuse_while_restoring(connection)
        _spread(connection, changes, counter)
    changes.flush(connection)
    note_deed(connection, now, author, "counter", f"counter:{counter_key}", f"{reason} ({total})")
    return counter


def lend(
    connection: Connection,
    member_id: int,
    counter_key: str,
    register_id: str,
    units: int,
    now: datetime,
    author: str,
    reason: str,
) -> int:
    """Lend up to so many units to one register; how many there were. One transaction.

    `BadInput`: `no_such_counter`, `restoring`."""
    _refuse_while_restoring(connection)
    counter = load(connection, member_id, counter_key)
    row = connection.execute(
        "select epoch from register where register_id = %s and epoch > 0 and revoked_at is null",
        [register_id],
    ).fetchone()
    if counter is None or row is None:
        raise BadInput("no_such_counter", "the counter or the register is not known")
    changes = Changes()
    granted = grant(connection, changes, counter, register_id, row[0], units)
    changes.flush(connection)
    text = f"{reason} ({granted} to {register_id})"
    note_deed(connection, now, author, "counter_lent", f"counter:{counter_key}", text)
    return granted


def is_awaiting(connection: Connection) -> bool:
    """Whether registers may hold parts that a restored database has forgotten."""
    row = connection.execute(
        "select exists (select 1 from awaited where settled_at is null)"
    ).fetchone()
    return row is not None and bool(row[0])


def _refuse_while_restoring(connection: Connection) -> None:
    if is_awaiting(connection):
        raise BadInput("restoring", "wait until every register has reported, or settle it")


def _tills(connection: Connection) -> list[tuple[str, int]]:
    """Every register in its present life."""
    return connection.execute(
        "select register_id, epoch from register where epoch > 0 and revoked_at is null order by 1"
    ).fetchall()


def _spread(connection: Connection, changes: Changes, counter: Counter) -> None:
    """Every register hears of the counter, also one that is lent nothing: it then gives nothing."""
    tills = _tills(connection)
    part = counter.left // (2 * len(tills)) if tills else 0
    for register_id, epoch in tills:
        lease = lease_of(counter, register_id, epoch)
        wanted = max(0, part - lease.left)
        grant(connection, changes, counter, register_id, epoch, wanted)


# --- what registers say -----------------------------------------------------------------------


def take_counters(connection: Connection, facts: Sequence[Understood], changes: Changes) -> None:
    """Post uses and returns of counter leases, in order; those of other lives are left alone."""
    for fact in facts:
        message = fact.message
        if isinstance(message, WireSale):
            for use in message.counter_uses:
                _post(connection, changes, fact, use.counter_id, used=use.units)
        elif isinstance(message, WireCounterLeaseReturned):
            _post(connection, changes, fact, message.counter_id, back=message)


def _post(
    connection: Connection,
    changes: Changes,
    fact: Understood,
    counter_id: str,
    *,
    used: int = 0,
    back: WireCounterLeaseReturned | None = None,
) -> None:
    prefix = f"{fact.register_id}.{fact.epoch}."
    owner, _, counter_key = counter_id.removeprefix(prefix).partition(".")
    if not counter_id.startswith(prefix) or not owner.isdecimal() or len(owner) > 16:
        return
    counter = load(connection, int(owner), counter_key)
    lease = counter.leases.get(counter_id) if counter else None
    if counter is None or lease is None:
        return
    lease.used += used
    if back is not None:
        units = min(back.units, lease.left)
        b3_logged(units, back.units)
        lease.returned += units
        if back.recall_id and back.recall_id == lease.recall_id:
            lease.recall_id, lease.recall_units = "", 0
        lease.state = "closed" if back.closes else lease.state
    save(connection, changes, counter, lease)
    if counter.kind == CAMPAIGN and not is_awaiting(connection):
        _feed_the_hungry(connection, changes, counter)


def take_held(
    connection: Connection, register_id: str, epoch: int, held: Sequence[HeldCounter]
) -> int:
    """After a restore: what a register says it was lent is lent; how many parts were forgotten."""
    changes, restored = Changes(), 0
    prefix = f"{register_id}.{epoch}."
    for each in held:
        owner, _, counter_key = each.counter_id.removeprefix(prefix).partition(".")
        if not each.counter_id.startswith(prefix) or not owner.isdecimal() or len(owner) > 16:
            continue
        counter = load(connection, int(owner), counter_key)
        counter = counter or forgotten(connection, int(owner), counter_key)
        if counter is None:
            continue
        lease = lease_of(counter, register_id, epoch)
        if each.granted_units > lease.granted:
            lease.granted = each.granted_units
            counter.leases[lease.counter_id] = lease
            save(connection, changes, counter, lease)
            restored += 1
    changes.flush(connection)
    return restored


def forgotten(connection: Connection, member_id: int, counter_key: str) -> Counter | None:
    """A coupon's or a member's limit's counter that the backup did not know: there is nothing of
    it until `central.counter_plan` finds what it is a counter of."""
    kind, _, rest = counter_key.partition(":")
    key, _, window = rest.rpartition(":")
    if kind not in ("coupon", "member_limit") or not 0 < len(key) <= 64 or len(window) > 10:
        return None
    return found_or_made(connection, member_id, kind, key, window)


def _feed_the_hungry(connection: Connection, changes: Changes, counter: Counter) -> None:
    """Registers that are at the end of their part get more; the fullest gives when nothing is
    left here."""
    leases = [lease_of(counter, *till) for till in _tills(connection)]
    leases.sort(key=lambda each: (each.left, each.counter_id))
    part = max(1, counter.left // (2 * len(leases))) if leases else 0
    for lease in leases:
        if counter.left > 0 and lease.state == "open" and lease.left * 2 < part:
            wanted = part - lease.left
            grant(connection, changes, counter, lease.register_id, lease.epoch, wanted)
    if leases and leases[0].left == 0 and counter.left <= 0:
        fullest = leases[-1]
        if fullest.left > 1 and not fullest.recall_id:
            fullest.recall_id, fullest.recall_units = uuid.uuid4().hex, fullest.left // 2
            save(connection, changes, counter, fullest)


def report(connection: Connection) -> list[dict[str, object]]:
    """Every counter: its total, what is lent and unused, used, left here, and used beyond it."""
    rows = connection.execute(
        "select member_id, counter_key from counter order by counter_key, member_id limit 10000"
    ).fetchall()
    found: list[dict[str, object]] = []
    for member_id, counter_key in rows:
        counter = load(connection, member_id, counter_key)
        if counter is not None:
            leases = counter.leases.values()
            found.append(
                {
                    "counter_key": counter_key,
                    "member_id": member_id or None,
                    "unit": counter.unit,
                    "total": counter.total,
                    "lent": sum(lease.left for lease in leases),
                    "used": sum(lease.used for lease in leases),
                    "left": max(0, counter.left),
                    "over": max(0, -counter.left),
                }
            )
    return found
