"""The most that a policy can cost while registers are cut off, as a formula of the policy."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.authorisation.policy import Policy


@dataclass(frozen=True, slots=True)
class WorstCase:
    """Points over what members have, in hundredths. `lease` is there to be read: it is zero."""

    lease: int
    purse_each: int
    purse: int
    cache_each: int
    cache: int

    @property
    def total(self) -> int:
        """All layers."""
        return self.lease + self.purse + self.cache


def worst_case(
    policy: Policy,
    *,
    islands: int,
    visited: int,
    members: int,
    chain_outage: bool = False,
    islands_per_store: int = 1,
) -> WorstCase:
    """The bound for one outage of `islands` cut-off groups of registers.

    `visited` are the islands that one member can reach in the life of a purse, `members` those who
    show purses dishonestly, `islands_per_store` is 1 with a hub and the number of registers
    without. Lease: nothing, for any partition, crash and clock, while B1-B4 hold. Purse:
    (K - 1) x value, K no more than the islands of the stores it names. Cache: the budget of each
    store that is cut off; off in an outage of the whole chain unless the policy says otherwise.
    """
    if min(islands, visited, members, islands_per_store) < 0:
        raise ValueError("counts are never negative")
    reached = min(visited, islands)
    named = reached
    if not policy.purse_any_store:
        named = min(reached, policy.purse_stores * islands_per_store)
    purse_each = max(0, named - 1) * policy.purse_max_points
    has_cache = policy.cache_in_chain_outage or not chain_outage
    stores = -(-islands // islands_per_store) if islands_per_store else 0
    cache = policy.cache_budget_points * stores if has_cache else 0
    cache_each = min(cache, reached * policy.cache_cap_points * policy.cache_times)
    return WorstCase(0, purse_each, purse_each * members, cache_each, cache)
