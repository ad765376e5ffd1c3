"""Live authorisation: points held for one sale, answered the same for the same id.

Whichever of the authorisation and the sale's fact arrives second replaces the first, never adds:
a sale that is stored already, or a void that overtook its authorisation, refuses the hold. How a
hold ends otherwise: `central.holds`.
"""

from __future__ import annotations

from datetime import datetime

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.forgotten_purses import kept_back
from central.holds import is_over, release
from central.instants import to_text
from central.leases import is_restoring
from central.member_state import Cause, Hold, MemberState
from central.member_store import load_members
from central.purse_claims import claim
from loyalty import ledger
from sync.contract.live import AuthorisationReply, AuthorisationRequest
from sync.serving.port import Caller, Refused


def authorise(
    connection: Connection, caller: Caller, request: AuthorisationRequest, now: datetime
) -> AuthorisationReply:
    """Hold what is available, up to what is asked for, and claim of a shown purse what that and
    the register's own lease do not cover.

    Reasons for less: `insufficient`, `blocked`, `unknown_member`, `sale_closed`, `voided`,
    `settled`, `restoring`. 409 `auth_id_reused` when the id was used for something else.
    """
    _lock_id(connection, request.auth_id)
    _check_reuse(connection, caller, request)
    members = load_members(connection, [request.member_id], auth_ids=[request.auth_id])
    member = members.get(request.member_id)
    if member is None:
        return _reply(request.auth_id, 0, "unknown_member", now)
    known = member.holds.get(request.auth_id)
    if known is not None:
        return _answer(known, now)
    approved, reason = _decide(connection, caller, request, member, now)
    hold = Hold(
        auth_id=request.auth_id,
        sale_id=request.sale_id,
        register_id=caller.register_id,
        requested=request.points,
        approved=approved,
        reason=reason,
        state="open",
        created_at=now,
        epoch=caller.epoch,
        number=request.number,
    )
    claim(connection, member, request, hold, now)
    hold.state = "open" if approved or hold.purse_points else "refused"
    member.holds[hold.auth_id] = hold
    member.touch("hold", hold.auth_id)
    if approved:
        cause = Cause(
            f"hold:{hold.auth_id}", caller.register_id, caller.store_id, subject_id=hold.sale_id
        )
        entry_id = member.next_id(cause)
        member.post(ledger.hold(member.books, entry_id, hold.auth_id, approved), cause)
    _publish(connection, [member], now)
    return _answer(hold, now)


def void(connection: Connection, caller: Caller, auth_id: str, now: datetime) -> AuthorisationReply:
    """Give a hold back. Also remembers the id, should its authorisation arrive later."""
    _lock_id(connection, auth_id)
    connection.execute(
        "insert into voided_authorisation (register_id, auth_id, voided_at) values (%s, %s, %s)"
        " on conflict do nothing",
        [caller.register_id, auth_id, now],
    )
    row = connection.execute(
        "select member_id from hold where auth_id = %s and register_id = %s",
        [auth_id, caller.register_id],
    ).fetchone()
    if row is None:
        return _reply(auth_id, 0, "voided", now)
    member = load_members(connection, [row[0]], auth_ids=[auth_id])[row[0]]
    hold = member.holds[auth_id]
    if hold.state == "open":
        release(member, hold, "voided", caller.register_id)
        _publish(connection, [member], now)
    return _answer(hold, now)


def _lock_id(connection: Connection, auth_id: str) -> None:
    """A void and its authorisation wait for each other."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [auth_id])


def _check_reuse(connection: Connection, caller: Caller, request: AuthorisationRequest) -> None:
    row = connection.execute(
        "select member_id, register_id, sale_id::text from hold where auth_id = %s",
        [request.auth_id],
    ).fetchone()
    if row and row != (request.member_id, caller.register_id, request.sale_id):
        raise Refused(409, "auth_id_reused", "this authorisation id belongs to another request")


def _decide(
    connection: Connection,
    caller: Caller,
    request: AuthorisationRequest,
    member: MemberState,
    now: datetime,
) -> tuple[int, str]:
    voided = connection.execute(
        "select 1 from voided_authorisation where register_id = %s and auth_id = %s",
        [caller.register_id, request.auth_id],
    ).fetchone()
    if voided:
        return 0, "voided"
    closed = connection.execute(
        "select 1 from sale where member_id = %s and sale_id = %s",
        [request.member_id, request.sale_id],
    ).fetchone()
    if closed:
        return 0, "sale_closed"
    if is_over(connection, caller.register_id, caller.epoch, request.number):
        return 0, "settled"
    if member.is_blocked:
        return 0, "blocked"
    if is_restoring(connection, now):
        return 0, "restoring"
    approved = min(request.points, member.free_points(kept_back(connection)))
    return approved, "" if approved == request.points else "insufficient"


def _publish(connection: Connection, members: list[MemberState], now: datetime) -> None:
    changes = Changes()
    publish(connection, members, now, changes)
    changes.flush(connection)


def _answer(hold: Hold, now: datetime) -> AuthorisationReply:
    """What was answered the first time, unless the hold has ended without a sale since."""
    is_ended = hold.state in ("voided", "settled", "expired")
    purse = (0 if is_ended else hold.purse_points) if hold.purse_serial else None
    if is_ended:
        return _reply(hold.auth_id, 0, hold.state, now, purse)
    return _reply(hold.auth_id, hold.approved, hold.reason, now, purse)


def _reply(
    auth_id: str, approved: int, reason: str, now: datetime, purse: int | None = None
) -> AuthorisationReply:
    return AuthorisationReply(
        auth_id=auth_id,
        approved_points=approved,
        reason=reason,
        purse_points=purse,
        server_time=to_text(now),
    )
