"""Counter leases by visits: what a member may use and count lies where the member shops.

The shares are those of points (`loyalty.authorisation.policy`): the store with most visits holds
the home share of what is unused, the second one its own, others nothing; a right of one use lies at
home. A store's share goes to its registers in equal parts, the one where the member stands first.
What other stores hold over their shares is asked back and is lent here when it has come.

Where the policy says so, the counters make themselves: one for each code of coupons that a member
holds, and one for each member of a limit that was defined for everybody.
"""

from __future__ import annotations

import uuid
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from central.changes import Changes
from central.counter_store import (
    Counter,
    CounterLease,
    found_or_made,
    grant,
    lease_of,
    load,
    save,
)
from central.counters import is_awaiting
from central.db.bulk import Connection
from central.leases import Till, rank_of, top_ups
from central.member_coupons import usable
from central.member_state import MemberState
from loyalty.authorisation.policy import Policy, units_value
from loyalty.ledger import OVERDRAFT

_OWN = """
select member_id, counter_key from counter
where member_id = any(%s) and kind in ('coupon', 'member_limit', 'gift_card') and total > 0
order by member_id, counter_key
"""
_EVERYBODYS = """
select key, total from counter
where member_id = 0 and kind = 'member_limit' and time_window = '' order by counter_key
"""
_STORES = "select register_id, store_id from register where register_id = any(%s)"


@dataclass(frozen=True, slots=True)
class Visit:
    """A member at a register of a store."""

    member_id: int
    store_id: str
    register_id: str


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a visit is: the store's registers, the one of the visit first."""

    member: MemberState
    store_id: str
    tills: Sequence[Till]


def lend_by_visits(
    connection: Connection,
    changes: Changes,
    members: Mapping[int, MemberState],
    visits: Iterable[Visit],
    tills: Mapping[str, Sequence[Till]],
    policy: Policy,
) -> None:
    """Top up what the stores of these visits hold. A blocked member, one in overdraft, and a
    restoring centre (no tills) lend nothing.

    A counter that another transaction works on is left for the next visit."""
    each_once = sorted(set(visits), key=lambda v: (v.member_id, v.store_id, v.register_id))
    wanted = [v for v in each_once if _may_hold(members.get(v.member_id), tills.get(v.store_id))]
    if not wanted or is_awaiting(connection):
        return
    ids = sorted({visit.member_id for visit in wanted})
    limits = everybodys(connection) if policy.limits_by_right else []
    for member_id in ids:
        _make(connection, members[member_id], limits, policy)
    keys: dict[int, list[str]] = {}
    for member_id, counter_key in connection.execute(_OWN, [ids]):
        keys.setdefault(member_id, []).append(counter_key)
    for visit in wanted:
        member = members[visit.member_id]
        here = sorted(tills[visit.store_id], key=lambda t: t.register_id != visit.register_id)
        desk = _Desk(member, visit.store_id, here)
        for counter_key in keys.get(visit.member_id, ()):
            counter = load(connection, visit.member_id, counter_key, is_waiting=False)
            if counter is not None:
                _top_up(connection, changes, counter, desk, policy)


def _may_hold(member: MemberState | None, tills: Sequence[Till] | None) -> bool:
    if member is None or not tills or member.is_blocked or member.is_erased:
        return False
    return not member.books.balance(OVERDRAFT)


# --- counters that make themselves --------------------------------------------------------------


def everybodys(connection: Connection) -> list[tuple[str, int]]:
    """Limits of each member's uses in all: (promotion, uses)."""
    return connection.execute(_EVERYBODYS).fetchall()


def _make(
    connection: Connection,
    member: MemberState,
    limits: Iterable[tuple[str, int]],
    policy: Policy,
) -> None:
    for key, total in limits:
        counter = found_or_made(connection, member.member_id, "member_limit", key)
        give_total(connection, counter, total)
    if policy.coupons_by_right and member.coupons:
        codes = Tally(str(each["code"]) for each in usable(member))
        for code in sorted({str(each["code"]) for each in member.coupons}):
            if 0 < len(code) <= 64:
                counter = found_or_made(connection, member.member_id, "coupon", code)
                give_total(connection, counter, codes[code] + used(counter))


def used(counter: Counter) -> int:
    """Units that sales have taken under leases."""
    return sum(lease.used for lease in counter.leases.values())


def give_total(connection: Connection, counter: Counter, total: int) -> None:
    """How much there is; what is lent already stays lent."""
    if counter.total != total:
        counter.total = total
        connection.execute(
            "update counter set total = %s where member_id = %s and counter_key = %s",
            [total, counter.member_id, counter.counter_key],
        )


def coupon_total(connection: Connection, counter: Counter) -> None:
    """A coupon's total anew from its member's row, read under the counter's lock."""
    row = connection.execute(
        "select coupons from member where member_id = %s", [counter.member_id]
    ).fetchone()
    held = row[0] if row else []
    count = sum(
        each["code"] == counter.key and not each["used_by"] and not each["pending"] for each in held
    )
    give_total(connection, counter, count + used(counter))


# --- shares -------------------------------------------------------------------------------------


def _top_up(
    connection: Connection, changes: Changes, counter: Counter, desk: _Desk, policy: Policy
) -> None:
    unused = max(0, counter.left) + sum(lease.left for lease in counter.leases.values())
    share = units_value(policy, unused, rank_of(desk.member, desk.store_id))
    leases = [lease_of(counter, till.register_id, till.epoch) for till in desk.tills]
    held = [lease.left for lease in leases]
    grants = top_ups(max(0, counter.left), share, sum(held), held, 1, is_rounded_up=True)
    for till, units in zip(desk.tills, grants, strict=True):
        if units > 0:
            grant(connection, changes, counter, till.register_id, till.epoch, units)
    short = share - sum(held) - sum(grants)
    if short > 0:
        _ask_surplus_back(connection, changes, counter, desk, short, unused, policy)


def _ask_surplus_back(
    connection: Connection,
    changes: Changes,
    counter: Counter,
    desk: _Desk,
    short: int,
    unused: int,
    policy: Policy,
) -> None:
    """What other stores hold over their own shares."""
    holders = [lease for lease in counter.leases.values() if lease.left]
    names = sorted({lease.register_id for lease in holders})
    stores: dict[str, str] = dict(connection.execute(_STORES, [names]).fetchall())
    for other in sorted(set(stores.values()) - {desk.store_id}):
        own = [lease for lease in holders if stores.get(lease.register_id) == other]
        share = units_value(policy, unused, rank_of(desk.member, other))
        surplus = min(short, sum(lease.left for lease in own) - share)
        if surplus > 0:
            ask_back(connection, changes, counter, own, surplus, f"move:{uuid.uuid4().hex}")


def ask_back(
    connection: Connection,
    changes: Changes,
    counter: Counter,
    leases: Iterable[CounterLease],
    units: int,
    recall_id: str,
) -> list[CounterLease]:
    """Ask holders for up to so many units, the fullest first; who is being asked now, with those
    that were asked before. Nothing is credited by asking."""
    asked = []
    for lease in sorted(leases, key=lambda each: (-each.left, each.counter_id)):
        if units > 0 and lease.left and lease.state == "open":
            if not lease.recall_id:
                lease.recall_id, lease.recall_units = recall_id[:64], min(units, lease.left)
                save(connection, changes, counter, lease)
            units -= lease.recall_units
            asked.append(lease)
    return asked
