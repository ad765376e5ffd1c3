"""The rights at hand for one redemption, as `loyalty.authorisation.decision` wants them.

Nothing is spent here. What other open sales were promised counts as spent; a decision that is
dropped gives its promise back, so a sale that asks again is not in its own way.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from edge_agent.hub.port import IslandClaim
from edge_agent.ports import LeaseView, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.identified import Identification, ShownPurse
from loyalty.authorisation.decision import (
    CacheRight,
    Decision,
    Inputs,
    LeaseRight,
    OnlineAnswer,
    PurseRight,
    decide,
    wanted_claim,
)
from loyalty.authorisation.policy import store_shares
from loyalty.member import Member
from loyalty.purse import Place, PurseRefused, check_place, left_after, store_tag

_MINUTE = timedelta(minutes=1)
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
LONG_AGO_MIN = 2**31


def place_of(uow: UnitOfWork, ctx: RegisterContext) -> Place:
    """Where and when a purse is shown here, minutes by this register's corrected clock."""
    return Place(
        store_tag(ctx.store_id),
        (ctx.clock.now() - _UNIX) // _MINUTE,
        floor_min=uow.purse_floor(),
        any_store=ctx.policy.purse_any_store,
    )


def inputs_at(
    uow: UnitOfWork,
    ctx: RegisterContext,
    auth_id: str,
    member: Member,
    how: Identification,
    wanted: int,
    online: OnlineAnswer | None = None,
) -> Inputs:
    """All that a decision about `wanted` points rests on, claims left out."""
    return Inputs(
        auth_id=auth_id,
        wanted=wanted,
        strength=int(how.strength),
        policy=ctx.policy,
        epoch=ctx.epoch,
        is_blocked=member.is_blocked or ctx.members.is_denied(member.member_id),
        is_head_confirmed=ctx.is_head_confirmed and not uow.is_fenced(),
        is_chain_outage=ctx.is_chain_outage,
        online=online,
        lease=_lease(uow, ctx, member.member_id),
        purse=_purse(uow, ctx, member.member_id, how),
        cache=_cache(uow, ctx, member.member_id),
    )


def self_granted(inputs: Inputs) -> Inputs:
    """The same with all claims granted: as a register decides that is an island of its own."""
    return replace(inputs, claimed=wanted_claim(inputs))


def decide_alone(inputs: Inputs) -> Decision:
    """The decision of a register that grants itself."""
    return decide(self_granted(inputs))


def claim_of(inputs: Inputs, member_id: int, purse: ShownPurse | None) -> IslandClaim | None:
    """What to ask the hub for before deciding; None when no layer needs it."""
    wish = wanted_claim(inputs)
    if not (wish.purse_points or wish.cache_points):
        return None
    claim = IslandClaim(inputs.auth_id, member_id, cache_points=wish.cache_points)
    if purse is None or not wish.purse_points:
        return claim
    return replace(
        claim,
        serial=purse.serial,
        value_points=purse.points,
        purse_points=wish.purse_points,
        minute=purse.minute,
        is_still=purse.link_no < 0,
    )


def leases_at_hand(ctx: RegisterContext, member_id: int) -> list[LeaseView]:
    """The member's lease of this register and what the store's hub has lent to it."""
    own = ctx.members.lease_for(member_id, ctx.register_id, ctx.epoch)
    if own is not None and ctx.hub.lends(own.lease_id):
        own = None
    lent = ctx.hub.lease(member_id)
    return [lease for lease in (own, lent) if lease is not None and lease.is_open]


def _lease(uow: UnitOfWork, ctx: RegisterContext, member_id: int) -> LeaseRight | None:
    """The fuller of the leases. Left is granted less everything ever burned, given back or
    promised here, so replayed or late rows cannot raise it above what the centre has debited."""
    rights = [
        LeaseRight(
            lease.lease_id,
            max(0, lease.granted_points - uow.lease_spent(lease.lease_id)),
            ctx.epoch,
        )
        for lease in leases_at_hand(ctx, member_id)
    ]
    return max(rights, key=lambda right: right.points, default=None)


def _purse(
    uow: UnitOfWork, ctx: RegisterContext, member_id: int, how: Identification
) -> PurseRight | None:
    if how.purse is None:
        return None
    shown = how.purse.shown(member_id)
    try:
        check_place(shown.claim, place_of(uow, ctx))
        return PurseRight(how.purse.serial, left_after(shown, uow.purse_seen(how.purse.serial)))
    except PurseRefused as refused:
        return PurseRight(how.purse.serial, 0, refused.code)


def _cache(uow: UnitOfWork, ctx: RegisterContext, member_id: int) -> CacheRight | None:
    """None where the layer cannot give anything: no row, no budget, or everybody is cut off."""
    budget = _budget(ctx)
    member = ctx.members.member(member_id)
    if member is None or not budget or (ctx.is_chain_outage and not _in_chain_outage(ctx)):
        return None
    applied = ctx.members.applied_seq()
    taken = uow.cache_taken(member_id, applied)
    spent = uow.own_effects(member_id, applied).spent_points + ctx.hub.spent_by_peers(member_id)
    return CacheRight(
        balance_points=max(0, member.balance_points - spent),
        age_min=_age_min(ctx),
        times=taken.times,
        budget_points=max(0, budget - (0 if ctx.hub.island == "store" else taken.own_points)),
    )


def _in_chain_outage(ctx: RegisterContext) -> bool:
    return ctx.policy.cache_in_chain_outage


def _budget(ctx: RegisterContext) -> int:
    """Points: the hub's part where it answers, else this register's own share of the store's."""
    hub, shares = store_shares(ctx.policy.cache_budget_points, ctx.store_registers)
    if ctx.hub.island == "store":
        return hub
    return shares[0] if shares else 0


def _age_min(ctx: RegisterContext) -> int:
    if not ctx.balance_as_of:
        return LONG_AGO_MIN
    return max(0, (ctx.clock.now() - datetime.fromisoformat(ctx.balance_as_of)) // _MINUTE)
