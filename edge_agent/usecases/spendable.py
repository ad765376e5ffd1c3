"""How many points a member could redeem here and now, before the basket has its say."""

from __future__ import annotations

from edge_agent.ports import UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.identified import Identification
from edge_agent.usecases.rights import decide_alone, inputs_at
from loyalty.member import Member


def shown_balance(uow: UnitOfWork, ctx: RegisterContext, member: Member) -> int:
    """Cached balance less own spends that the centre's rows do not contain yet.

    Read afresh: an older snapshot of the member does not fit the newest applied sequence."""
    newest = ctx.members.member(member.member_id) or member
    effects = uow.own_effects(member.member_id, ctx.members.applied_seq())
    return max(0, newest.balance_points - effects.spent_points)


def purse_points(identified: Identification | None) -> int:
    """What the shown purse is worth: it stands beside the balance, which does not hold it."""
    return identified.purse.points if identified and identified.purse else 0


def refusal_before_asking(
    ctx: RegisterContext, member: Member | None, identified: Identification | None, online: bool
) -> str:
    """Why this member may not redeem at all ("" when they may)."""
    if member is None or identified is None:
        return "no_member"
    if member.is_blocked:
        return "member_blocked"
    if ctx.members.is_denied(member.member_id):
        return "member_denied"
    needs = ctx.policy.needs
    needed = needs.online if online else min(needs.lease, needs.purse, needs.cache)
    return "" if identified.strength >= needed else "identification_too_weak"


def spendable_points(
    uow: UnitOfWork,
    ctx: RegisterContext,
    member: Member | None,
    identified: Identification | None,
    balance: int,
) -> int:
    """Online: the shown `balance` and the purse (the centre decides in the end); offline: what the
    rights at hand would give now."""
    if member is None or identified is None:
        return 0
    if refusal_before_asking(ctx, member, identified, ctx.is_online):
        return 0
    most = balance + purse_points(identified)
    if ctx.is_online:
        return most
    return decide_alone(inputs_at(uow, ctx, "", member, identified, most)).points
