"""Redemption in two steps around the call to the centre: ask, then decide under the same id.

Layers in order: the online hold, this register's escrow lease, else declined (and still accrued).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import AuthorisationRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft, load_draft, open_row, requote, save
from edge_agent.usecases.open_sale import drop_authorisation
from edge_agent.usecases.spendable import lease_left, refusal_before_asking
from sync.contract.live import AuthorisationReply

MAX_POINTS = 10**9


@dataclass(frozen=True, slots=True)
class Asked:
    """What to send to the centre (`points` 0: nothing to ask), and the id it is stored under."""

    auth_id: str
    sale_id: str
    member_id: int
    points: int
    dropped_auth_id: str = ""


def ask_redemption(
    uow: UnitOfWork, ctx: RegisterContext, sale_id: str, points: int | None, auth_id: str
) -> Asked | Draft:
    """Write the request under its id before anything is sent.

    `points` in hundredths, `None` for the most possible, 0 to take a redemption back. Returns the
    new draft at once where there is nothing to ask."""
    row = open_row(uow, sale_id)
    draft = load_draft(row.draft)
    if points is not None and not 0 <= points <= MAX_POINTS:
        raise Conflict("bad_points", "points must be between 0 and 10000000.00 bonuses")
    previous = draft.auth_id
    drop_authorisation(uow, ctx, previous)
    draft = requote(
        uow,
        ctx,
        replace(draft, auth_id="", requested_points=0, approved_points=0, decline_reason=""),
    )
    refusal = refusal_before_asking(ctx, draft.member, draft.identification, ctx.is_online)
    if points == 0 or draft.member is None:
        if points != 0:
            raise Conflict("no_member", "a redemption needs a member")
        return save(uow, ctx, row, draft)
    limit = basket_limit(draft)
    wanted = limit if points is None else points
    request = AuthorisationRow(
        auth_id, sale_id, draft.member.member_id, wanted, "asked", "", 0, "", 0, refusal
    )
    uow.save_authorisation(request, ctx.clock.stamp())
    save(uow, ctx, row, replace(draft, auth_id=auth_id, requested_points=wanted))
    asked = 0 if refusal else min(wanted, limit)
    return Asked(auth_id, sale_id, draft.member.member_id, asked, previous)


def basket_limit(draft: Draft) -> int:
    """Most points this basket and this balance can take, whatever the layer."""
    if draft.member is None or draft.quote is None:
        return 0
    return min(draft.quote.basket_limit_points, draft.balance_points)


def decide_redemption(
    uow: UnitOfWork, ctx: RegisterContext, asked: Asked, reply: AuthorisationReply | None
) -> Draft:
    """Store the decision: the centre's hold first, then the lease, else a decline with its reason.

    `reply` is `None` when the centre did not answer in time; the same id is then decided offline
    and whichever fact reaches the centre second replaces the first."""
    request = uow.authorisation(asked.auth_id)
    if request is None:
        raise NotFound("unknown_authorisation", f"no authorisation {asked.auth_id}")
    row = open_row(uow, asked.sale_id)
    draft = load_draft(row.draft)
    if request.state != "asked" or draft.auth_id != asked.auth_id:
        return draft
    hold = min(reply.approved_points, asked.points) if reply else 0
    lease_id, left = lease_left(uow, ctx, asked.member_id)
    offline_refusal = (
        "" if reply else refusal_before_asking(ctx, draft.member, draft.identification, False)
    )
    from_lease = 0 if offline_refusal else min(left, asked.points - hold)
    reason = request.reason or offline_refusal or _reason(asked.points, hold + from_lease, reply)
    layer = "online" if hold or (reply and from_lease) else "lease" if from_lease else "declined"
    decided = replace(
        request,
        state="decided",
        layer=layer,
        hold_points=hold,
        lease_id=lease_id if from_lease else "",
        lease_points=from_lease,
        reason=reason,
    )
    uow.save_authorisation(decided, ctx.clock.stamp())
    draft = replace(draft, approved_points=decided.approved_points, decline_reason=reason)
    return save(uow, ctx, row, requote(uow, ctx, draft))


def _reason(asked: int, approved: int, reply: AuthorisationReply | None) -> str:
    if asked == 0:
        return "nothing_to_redeem"
    if approved >= asked:
        return ""
    if approved > 0:
        return "lowered_to_lease" if reply is None else "lowered_to_balance"
    return "offline_no_lease" if reply is None else (reply.reason or "no_balance")
