"""How many points a member could redeem here and now, before the basket has its say."""

from __future__ import annotations

from typing import Protocol

from edge_agent.ports import UnitOfWork
from edge_agent.usecases.context import RegisterContext
from loyalty.member import Member, Strength


class _Identified(Protocol):
    @property
    def strength(self) -> Strength: ...


def shown_balance(uow: UnitOfWork, ctx: RegisterContext, member: Member) -> int:
    """Cached balance less own spends that the centre's rows do not contain yet.

    Read afresh: an older snapshot of the member does not fit the newest applied sequence."""
    newest = ctx.members.member(member.member_id) or member
    effects = uow.own_effects(member.member_id, ctx.members.applied_seq())
    return max(0, newest.balance_points - effects.spent_points)


def lease_left(uow: UnitOfWork, ctx: RegisterContext, member_id: int) -> tuple[str, int]:
    """(lease id, points left) of the member's lease on this register in this epoch.

    Left is granted less everything ever burned or promised here, so replayed or late feed rows
    cannot raise it above what the centre has debited. On a copied disk nothing is left: the
    other copy spends it as well, and new grants follow what that one burned."""
    lease = ctx.members.lease_for(member_id, ctx.register_id, ctx.epoch)
    if lease is None or not lease.is_open or uow.is_fenced():
        return "", 0
    return lease.lease_id, max(0, lease.granted_points - uow.lease_spent(lease.lease_id))


def refusal_before_asking(
    ctx: RegisterContext, member: Member | None, identified: _Identified | None, online: bool
) -> str:
    """Why this member may not redeem at all ("" when they may)."""
    if member is None or identified is None:
        return "no_member"
    if member.is_blocked:
        return "member_blocked"
    programme = ctx.programme
    needed = (
        programme.min_strength_redeem_online if online else programme.min_strength_redeem_offline
    )
    return "" if identified.strength >= needed else "identification_too_weak"


def spendable_points(
    uow: UnitOfWork,
    ctx: RegisterContext,
    member: Member | None,
    identified: _Identified | None,
    balance: int,
) -> int:
    """Online: the shown `balance` (the centre decides in the end); offline: the lease's rest."""
    if member is None or refusal_before_asking(ctx, member, identified, ctx.is_online):
        return 0
    if ctx.is_online:
        return balance
    return min(lease_left(uow, ctx, member.member_id)[1], balance)
