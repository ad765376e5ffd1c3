"""A shown purse, offered to the centre with the question for points: it claims what it may give.

What the centre has claimed is the most that is then claimed at the store's hub and taken. Without
its word (offline, a time-out, an older centre) the island alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.hub.port import IslandClaim
from edge_agent.usecases.identified import ShownPurse
from loyalty.authorisation.decision import Claimed, Inputs
from sync.contract.live import AuthorisationReply


@dataclass(frozen=True, slots=True)
class PurseOffer:
    """Serial 0: no purse is shown that would give something here. `minute` is -1 on a still code;
    `own_points` are left of the lease here, which is spent before."""

    serial: int = 0
    points: int = 0
    minute: int = -1
    own_points: int = 0


NO_PURSE = PurseOffer()


def purse_offer(inputs: Inputs, purse: ShownPurse | None) -> PurseOffer:
    """What the purse would give by this register's own records."""
    right = inputs.purse
    if purse is None or right is None or right.refusal or not right.points:
        return NO_PURSE
    if not inputs.is_head_confirmed or inputs.strength < inputs.policy.needs.purse:
        return NO_PURSE
    minute = purse.minute if purse.link_no >= 0 else -1
    is_lent = inputs.lease is not None and inputs.strength >= inputs.policy.needs.lease
    own = inputs.lease.points if inputs.lease and is_lent else 0
    return PurseOffer(purse.serial, right.points, minute, own)


def within_centre(claim: IslandClaim, reply: AuthorisationReply | None) -> IslandClaim | None:
    """What to claim at the hub once the centre has spoken; None when nothing is left to claim."""
    if reply is None or reply.purse_points is None or claim.purse_points <= reply.purse_points:
        return claim
    if reply.purse_points or claim.cache_points:
        return replace(claim, purse_points=reply.purse_points)
    return None


def at_centre(claimed: Claimed, reply: AuthorisationReply | None) -> Claimed:
    """No more of the purse than the centre has claimed, where it says so."""
    if reply is None or reply.purse_points is None or claimed.purse_points <= reply.purse_points:
        return claimed
    return replace(claimed, purse_points=reply.purse_points)
