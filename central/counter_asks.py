"""What a till is short of while it is online: lent at once, asked back elsewhere in one round trip.

Registers that have spoken lately are asked by a row of their feed, whose hint wakes them, and each
answers by a fact, as with points (`central.recalls`). An answer that comes too late costs nothing
but this use: the unit is then at the centre, for the next question.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from psycopg_pool import ConnectionPool

from central.changes import Changes, register_scope
from central.counter_plan import ask_back, coupon_total, everybodys, give_total
from central.counter_store import (
    Counter,
    CounterLease,
    found_or_made,
    grant,
    key_of,
    lease_of,
    load,
    save,
)
from central.counters import is_awaiting
from central.db.bulk import Connection
from central.db.session import transact
from central.feed import serve_rows
from central.instants import to_text
from central.leases import is_restoring
from central.recalls import HEARD_WITHIN, MAX_WAITING, WAIT_S
from loyalty.authorisation.policy import Policy
from sync.contract.counters import CounterReply, CounterRequest, CounterWish
from sync.serving.port import Caller, Refused

_LOOK_S = 0.03
_LIVE = """
select register_id from register_report where register_id = any(%s) and last_seen_at > %s
"""
_ASKED = """
select 1 from counter_lease
where member_id = any(%s) and counter_id = any(%s) and recall_id <> '' limit 1
"""
_ROWS = """
select kind, key, version, is_deleted, body, xid::text::bigint, id, member_id from change
where member_id = any(%s) and kind = 'counter_lease' and key = any(%s) and scope = %s
"""
Asked = list[tuple[int, str]]
"""(member, counter id) of the parts that were asked back."""


class CounterAsks:
    """At most `MAX_WAITING` questions of this process wait; others are answered at once."""

    def __init__(
        self,
        pool: ConnectionPool[Connection],
        clock: Callable[[], datetime],
        policy: Callable[[], Policy],
        wait_s: float = WAIT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._policy = policy
        self._wait_s = wait_s
        self._monotonic = monotonic
        self._places = threading.BoundedSemaphore(MAX_WAITING)

    def answer(self, caller: Caller, request: CounterRequest) -> CounterReply:
        """Lend what is here, else ask for it and lend what came in time."""
        now, policy = self._clock(), self._policy()
        if not caller.is_current:
            raise Refused(403, "not_yours", "a replaced life of a register is lent nothing")
        wishes = request.wishes
        asked = transact(self._pool, lambda c: lend(c, caller, wishes, now, policy))
        if asked and self._places.acquire(blocking=False):
            try:
                until = self._monotonic() + self._wait_s
                while self._monotonic() < until and transact(
                    self._pool, lambda c: is_waiting(c, asked)
                ):
                    time.sleep(_LOOK_S)
                transact(self._pool, lambda c: lend(c, caller, wishes, now, policy, asks=False))
            finally:
                self._places.release()
        return transact(self._pool, lambda c: reply(c, caller, wishes, now))


def lend(
    connection: Connection,
    caller: Caller,
    wishes: Sequence[CounterWish],
    now: datetime,
    policy: Policy,
    *,
    asks: bool = True,
) -> Asked:
    """Lend up to each wish; who was asked for what is short. One transaction."""
    if is_awaiting(connection) or is_restoring(connection, now):
        return []
    changes = Changes()
    asked: Asked = []
    for wish in sorted(wishes, key=lambda w: (w.member_id or 0, w.kind, w.key, w.window)):
        counter = _found(connection, wish, policy)
        if counter is None:
            continue
        mine = lease_of(counter, caller.register_id, caller.epoch)
        short = wish.total_units - mine.granted
        if short > 0 and mine.state == "open":
            short -= grant(connection, changes, counter, caller.register_id, caller.epoch, short)
        elif not mine.granted:
            save(connection, changes, counter, mine)
        if short > 0 and asks:
            others = _live_others(connection, counter, caller, now)
            found = ask_back(connection, changes, counter, others, short, f"ask:{uuid.uuid4().hex}")
            asked += [(counter.member_id, lease.counter_id) for lease in found]
    changes.flush(connection)
    return asked


def _found(connection: Connection, wish: CounterWish, policy: Policy) -> Counter | None:
    """The counter, made where the policy says that such counters make themselves."""
    member_id = wish.member_id or 0
    if wish.kind == "coupon" and member_id and policy.coupons_by_right:
        counter = found_or_made(connection, member_id, wish.kind, wish.key)
        coupon_total(connection, counter)
        return counter
    if wish.kind == "member_limit" and member_id and not wish.window and policy.limits_by_right:
        limits = dict(everybodys(connection))
        if wish.key in limits:
            counter = found_or_made(connection, member_id, wish.kind, wish.key)
            give_total(connection, counter, limits[wish.key])
            return counter
    return load(connection, member_id, key_of(wish.kind, wish.key, wish.window))


def _live_others(
    connection: Connection, counter: Counter, caller: Caller, now: datetime
) -> list[CounterLease]:
    """Parts of registers that have spoken lately, the caller's own left out."""
    others = [lease for lease in counter.leases.values() if lease.register_id != caller.register_id]
    names = sorted({lease.register_id for lease in others})
    heard = {row[0] for row in connection.execute(_LIVE, [names, now - HEARD_WITHIN])}
    return [lease for lease in others if lease.register_id in heard]


def is_waiting(connection: Connection, asked: Asked) -> bool:
    """Whether somebody who was asked has not answered yet."""
    members, ids = sorted({each[0] for each in asked}), [each[1] for each in asked]
    return connection.execute(_ASKED, [members, ids]).fetchone() is not None


def reply(
    connection: Connection, caller: Caller, wishes: Iterable[CounterWish], now: datetime
) -> CounterReply:
    """The caller's rows of these counters."""
    prefix = f"{caller.register_id}.{caller.epoch}"
    names = [
        (w.member_id or 0, f"{prefix}.{w.member_id or 0}.{key_of(w.kind, w.key, w.window)}")
        for w in wishes
    ]
    members, ids = sorted({each[0] for each in names}), [each[1] for each in names]
    found = connection.execute(_ROWS, [members, ids, register_scope(caller.register_id)]).fetchall()
    return CounterReply(rows=serve_rows(connection, caller, found), server_time=to_text(now))
