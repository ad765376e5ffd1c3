"""Asking leases back from registers that are there, while one sale waits for the answer.

A member stands at a till and wants more than is available: the rest may lie in leases of other
registers. Those that have spoken lately are asked by a row of their feed, whose hint wakes them;
each answers by a fact. What came back in time is added to the hold. Nothing is credited by asking,
so an answer that comes too late, or never, costs nothing but this approval.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from psycopg_pool import ConnectionPool

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.db.session import transact
from central.forgotten_purses import kept_back
from central.leases import ask_back
from central.member_state import Cause, Lease, MemberState
from central.member_store import load_members
from loyalty import ledger
from loyalty.ledger import OVERDRAFT, lease_place
from sync.contract.live import AuthorisationReply, AuthorisationRequest
from sync.serving.port import Caller

WAIT_S = 0.8
"""A register decides offline after 1.2 s."""
HEARD_WITHIN = timedelta(seconds=90)
MAX_WAITING = 8
_LOOK_S = 0.03
_LIVE = """
select register_id from register_report where register_id = any(%s) and last_seen_at > %s
"""


class Recalls:
    """At most `MAX_WAITING` questions of this process wait; others are answered at once."""

    def __init__(
        self,
        pool: ConnectionPool[Connection],
        wait_s: float = WAIT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._wait_s = wait_s
        self._monotonic = monotonic
        self._places = threading.BoundedSemaphore(MAX_WAITING)

    def improve(
        self,
        caller: Caller,
        request: AuthorisationRequest,
        reply: AuthorisationReply,
        now: datetime,
    ) -> AuthorisationReply:
        """The reply, or one with more points when registers gave enough back in time."""
        if reply.reason != "insufficient" or not self._places.acquire(blocking=False):
            return reply
        try:
            if not transact(self._pool, lambda c: ask(c, caller, request, now)):
                return reply
            until = self._monotonic() + self._wait_s
            while self._monotonic() < until and transact(
                self._pool, lambda c: is_waiting(c, request)
            ):
                time.sleep(_LOOK_S)
            points, reason = transact(self._pool, lambda c: grow(c, caller, request, now))
        finally:
            self._places.release()
        return reply.model_copy(update={"approved_points": points, "reason": reason})


def recall_id(auth_id: str) -> str:
    """Recalls of one question share an id."""
    return f"ask:{auth_id}"


def ask(
    connection: Connection, caller: Caller, request: AuthorisationRequest, now: datetime
) -> bool:
    """Ask live registers for what the hold and the caller's own lease do not cover. False when
    there is nothing to ask for."""
    member = load_members(connection, [request.member_id], auth_ids=[request.auth_id])[
        request.member_id
    ]
    hold = member.holds.get(request.auth_id)
    if hold is None or hold.state not in ("open", "refused") or member.books.balance(OVERDRAFT):
        return False
    missing = request.points - hold.approved - hold.purse_points - _at_caller(member, caller)
    others = [
        lease
        for lease in member.leases.values()
        if lease.state == "open" and not _is_callers(lease, caller)
    ]
    names = [lease.register_id for lease in others]
    heard = {row[0] for row in connection.execute(_LIVE, [names, now - HEARD_WITHIN])}
    live = [lease for lease in others if lease.register_id in heard]
    if missing <= 0 or not ask_back(member, live, missing, recall_id(request.auth_id)):
        return False
    _publish(connection, member, now)
    return True


def _is_callers(lease: Lease, caller: Caller) -> bool:
    return (lease.register_id, lease.epoch) == (caller.register_id, caller.epoch)


def _at_caller(member: MemberState, caller: Caller) -> int:
    return sum(
        member.books.balance(lease_place(lease.lease_id))
        for lease in member.leases.values()
        if _is_callers(lease, caller)
    )


def is_waiting(connection: Connection, request: AuthorisationRequest) -> bool:
    """Whether somebody who was asked has not answered yet."""
    row = connection.execute(
        "select 1 from lease where member_id = %s and recall_id = %s limit 1",
        [request.member_id, recall_id(request.auth_id)],
    ).fetchone()
    return row is not None


def grow(
    connection: Connection, caller: Caller, request: AuthorisationRequest, now: datetime
) -> tuple[int, str]:
    """Add what is available now to the hold; (approved points, reason)."""
    member = load_members(connection, [request.member_id], auth_ids=[request.auth_id])[
        request.member_id
    ]
    hold = member.holds[request.auth_id]
    if hold.state not in ("open", "refused"):
        return 0, hold.state
    free = member.free_points(kept_back(connection))
    more = min(hold.requested - hold.approved - hold.purse_points, free)
    if more > 0 and not member.is_blocked:
        cause = Cause(
            f"grown:{hold.auth_id}:{hold.approved}",
            caller.register_id,
            caller.store_id,
            subject_id=hold.sale_id,
        )
        member.post(ledger.hold(member.books, member.next_id(cause), hold.auth_id, more), cause)
        hold.approved += more
        hold.state = "open"
        hold.reason = "" if hold.approved == hold.requested else "insufficient"
        member.touch("hold", hold.auth_id)
        _publish(connection, member, now)
    return hold.approved, hold.reason


def _publish(connection: Connection, member: MemberState, now: datetime) -> None:
    changes = Changes()
    publish(connection, [member], now, changes)
    changes.flush(connection)
