"""What the programme lets registers do while the centre is away. Programme data, no code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty.errors import InvalidRuleset
from loyalty.member import Strength
from loyalty.money import BASIS_POINTS, share_down
from loyalty.purse import MAX_LIFE_MIN, MAX_POINTS, MAX_STORES


@dataclass(frozen=True, slots=True)
class Needs:
    """How strongly a member must be identified for each layer; a typed phone only earns."""

    online: int = Strength.STATIC_CODE
    lease: int = Strength.STATIC_CODE
    purse: int = Strength.SIGNED_CODE
    cache: int = Strength.STATIC_CODE


@dataclass(frozen=True, slots=True)
class Policy:
    """Shares in basis points of what is available, points in hundredths of a bonus, minutes.

    Lease: shares that the store where the member shops most and the second one hold, and the
    least top-up that is worth a message. Purse: the most and the share it takes out, its life and
    how many stores it names; `purse_any_store` lets a claim name none. Cache: the most for one
    redemption and how many for one member between two contacts, the greatest age of the cached
    row, and the budget of one store, also in an outage of the whole chain or not. By right:
    members' coupons, limits of uses per member and gift cards act on a register only as far as it
    was lent a part of them.
    """

    lease_home_bp: int = 6_000
    lease_second_bp: int = 2_000
    lease_least_points: int = 100
    purse_share_bp: int = 2_000
    purse_max_points: int = 10_000
    purse_life_min: int = MAX_LIFE_MIN
    purse_stores: int = MAX_STORES
    purse_any_store: bool = False
    cache_cap_points: int = 5_000
    cache_times: int = 2
    cache_age_min: int = 24 * 60
    cache_budget_points: int = 100_000
    cache_in_chain_outage: bool = False
    coupons_by_right: bool = False
    limits_by_right: bool = False
    gift_cards_by_right: bool = False
    needs: Needs = Needs()


OFF = Policy(lease_home_bp=0, lease_second_bp=0, purse_max_points=0, cache_budget_points=0)
"""Nothing is redeemed offline."""


def checked(policy: Policy) -> Policy:
    """The policy, or `InvalidRuleset` (`bad_policy`) naming the first field out of its bounds."""
    for name, low, high in _bounds():
        value = getattr(policy, name)
        if not low <= value <= high:
            raise InvalidRuleset("bad_policy", f"{name} must be {low} to {high}", name)
    shares = policy.lease_home_bp + policy.lease_second_bp + policy.purse_share_bp
    if shares > BASIS_POINTS:
        raise InvalidRuleset("bad_policy", "the shares are over the whole", "lease_home_bp")
    return policy


def _bounds() -> Iterator[tuple[str, int, int]]:
    for name in ("lease_home_bp", "lease_second_bp", "purse_share_bp"):
        yield name, 0, BASIS_POINTS
    yield "lease_least_points", 1, 10**9
    yield "purse_max_points", 0, MAX_POINTS
    yield "purse_life_min", 1, MAX_LIFE_MIN
    yield "purse_stores", 1, MAX_STORES
    for name in ("cache_cap_points", "cache_budget_points"):
        yield name, 0, 10**9
    yield "cache_times", 0, 1_000
    yield "cache_age_min", 1, 60 * 24 * 60


def purse_value(policy: Policy, available: int) -> int:
    """What a new purse takes out of the available points."""
    return min(share_down(max(0, available), policy.purse_share_bp), policy.purse_max_points)


def lease_value(policy: Policy, available: int, rank: int) -> int:
    """What the member's first (`rank` 0) or second store holds of the points, others nothing."""
    shares = (policy.lease_home_bp, policy.lease_second_bp)
    return share_down(max(0, available), shares[rank]) if rank < len(shares) else 0


def units_value(policy: Policy, unused: int, rank: int) -> int:
    """The same of a counter's unused units; at the first store rounded up, so that a right of one
    use lies there."""
    if rank == 0:
        return -(-max(0, unused) * policy.lease_home_bp // BASIS_POINTS)
    return lease_value(policy, unused, rank)


def store_shares(total: int, registers: int) -> tuple[int, tuple[int, ...]]:
    """A store's cache budget split before an outage: the hub's half, and each register's part
    for the time when there is no hub. Together they never exceed the total."""
    part = total // (2 * registers) if registers else 0
    return total - part * registers, (part,) * registers
