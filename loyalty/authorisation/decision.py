"""One redemption, decided: online, escrow lease, signed purse, limited cache, else declined.

Online is preferred like a zero floor limit. Each further layer gives only what is still wanted.
The purse and the cache layer are claimed at the store's hub first: `wanted_claim` says what to ask
for, `decide` uses what was granted. Without a hub the register is an island of its own and grants
itself, out of its own records and share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from loyalty.authorisation.conditions import b4_own_life
from loyalty.authorisation.policy import Policy

Layer = Literal["online", "lease", "purse", "cache", "declined"]

REASONS = {
    "nothing_to_redeem": "no points were asked for",
    "member_blocked": "the card is blocked",
    "identification_too_weak": "this layer wants a stronger identification",
    "no_balance": "the centre approved nothing",
    "lowered_to_balance": "the centre approved less",
    "lowered_offline": "the rights at hand cover a part",
    "offline_no_lease": "no right at hand",
    "lease_empty": "the lease is spent",
    "head_unconfirmed": "since its start this register has not confirmed that its log is whole",
    "island_silent": "the store's hub did not answer the claim",
    "island_refused": "used or used up elsewhere in this store",
    "cache_has_lease": "a member with a lease spends that alone",
    "cache_too_old": "the cached balance is too old",
    "cache_used_up": "count, balance or budget of the cache layer is used up",
    "cache_off": "the cache layer is off, or off in an outage of the whole chain",
}


@dataclass(frozen=True, slots=True)
class OnlineAnswer:
    """What the centre holds for this redemption, and its reason for less."""

    points: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LeaseRight:
    """What is left of the member's lease here, and the life of the register it was given to."""

    lease_id: str
    points: int
    epoch: int


@dataclass(frozen=True, slots=True)
class PurseRight:
    """A shown purse after `loyalty.purse`: points it still gives here, or why none."""

    serial: int
    points: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class CacheRight:
    """The cached row: balance, age, redemptions since the last contact, what the budget has."""

    balance_points: int
    age_min: int
    times: int
    budget_points: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the island granted under this authorisation id: the hub's answer, or the register's
    own when there is no hub. `silent`: there is a hub and no answer in time."""

    state: Literal["granted", "silent"] = "granted"
    purse_points: int = 0
    cache_points: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision rests on; kept with it. `online` is None when nobody answered."""

    auth_id: str
    wanted: int
    strength: int
    policy: Policy
    epoch: int
    is_blocked: bool = False
    is_head_confirmed: bool = True
    is_chain_outage: bool = False
    online: OnlineAnswer | None = None
    lease: LeaseRight | None = None
    purse: PurseRight | None = None
    cache: CacheRight | None = None
    claimed: Claimed = Claimed()


@dataclass(frozen=True, slots=True)
class Part:
    """What one layer gives; `ref` is the lease id or the purse serial."""

    layer: Layer
    points: int
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`layer` is the last that gave something, `reason` why not all was approved ("" when it was),
    `sentence` the key of the cashier's words, `passed` what each unused layer said."""

    layer: Layer
    points: int
    reason: str
    parts: tuple[Part, ...]
    passed: tuple[tuple[str, str], ...]
    inputs: Inputs

    @property
    def sentence(self) -> str:
        """`approved_<layer>`, or the reason."""
        return self.reason or f"approved_{self.layer}"

    def kept(self) -> dict[str, Any]:
        """Plain values for the journal: decision and inputs, the policy by its figures."""
        return asdict(self)


def decide(inputs: Inputs) -> Decision:
    """The decision; the same inputs always give the same one."""
    refusal = _refusal(inputs)
    if refusal:
        return Decision("declined", 0, refusal, (), (), inputs)
    parts: list[Part] = []
    passed: list[tuple[str, str]] = []
    left = inputs.wanted
    for layer, points, why, ref in _offers(inputs):
        given = min(points, left)
        if given > 0:
            parts.append(Part(layer, given, ref))
            left -= given
        elif left and why:
            passed.append((layer, why))
    layer = parts[-1].layer if parts else "declined"
    reason = _reason(inputs, left, tuple(parts), passed)
    return Decision(layer, inputs.wanted - left, reason, tuple(parts), tuple(passed), inputs)


def wanted_claim(inputs: Inputs) -> Claimed:
    """What to claim at the island before deciding: nothing where no layer needs it."""
    offered = Claimed(
        "granted",
        purse_points=inputs.purse.points if inputs.purse and not inputs.purse.refusal else 0,
        cache_points=_cache_points(inputs.cache, inputs.policy) if inputs.cache else 0,
    )
    taken = {p.layer: p.points for p in decide(replace(inputs, claimed=offered)).parts}
    return Claimed("granted", taken.get("purse", 0), taken.get("cache", 0))


def _refusal(inputs: Inputs) -> str:
    """Why no layer is asked at all."""
    if inputs.wanted <= 0:
        return "nothing_to_redeem"
    if inputs.is_blocked:
        return "member_blocked"
    needs = inputs.policy.needs
    least = (needs.online,) if inputs.online else (needs.lease, needs.purse, needs.cache)
    return "" if inputs.strength >= min(least) else "identification_too_weak"


def _offers(inputs: Inputs) -> Iterator[tuple[Layer, int, str, str]]:
    """(layer, points it could give, why none, reference), in order."""
    if inputs.online is not None:
        yield "online", inputs.online.points, inputs.online.reason or "no_balance", ""
    lease = inputs.lease
    if not inputs.is_head_confirmed:
        yield "lease", 0, "head_unconfirmed", ""
        return
    if lease is not None:
        points, why = _lease(inputs, lease)
        yield "lease", points, why, lease.lease_id
    if inputs.purse is not None:
        points, why = _purse(inputs, inputs.purse)
        yield "purse", points, why, str(inputs.purse.serial)
    if inputs.online is None and inputs.cache is not None:
        points, why = _cache(inputs, inputs.cache)
        yield "cache", points, why, ""


def _lease(inputs: Inputs, lease: LeaseRight) -> tuple[int, str]:
    if inputs.strength < inputs.policy.needs.lease:
        return 0, "identification_too_weak"
    b4_own_life(lease.epoch, inputs.epoch, inputs.is_head_confirmed)
    return lease.points, "lease_empty"


def _purse(inputs: Inputs, right: PurseRight) -> tuple[int, str]:
    if right.refusal:
        return 0, right.refusal
    if inputs.strength < inputs.policy.needs.purse:
        return 0, "identification_too_weak"
    if inputs.claimed.state == "silent":
        return 0, "island_silent"
    return min(right.points, inputs.claimed.purse_points), "island_refused"


def _cache(inputs: Inputs, right: CacheRight) -> tuple[int, str]:
    policy = inputs.policy
    if not policy.cache_budget_points or (
        inputs.is_chain_outage and not policy.cache_in_chain_outage
    ):
        return 0, "cache_off"
    if inputs.lease is not None:
        return 0, "cache_has_lease"
    if inputs.strength < policy.needs.cache:
        return 0, "identification_too_weak"
    if right.age_min > policy.cache_age_min:
        return 0, "cache_too_old"
    if inputs.claimed.state == "silent":
        return 0, "island_silent"
    return min(_cache_points(right, policy), inputs.claimed.cache_points), "cache_used_up"


def _cache_points(right: CacheRight, policy: Policy) -> int:
    if right.times >= policy.cache_times:
        return 0
    return min(right.balance_points, policy.cache_cap_points, right.budget_points)


def _reason(
    inputs: Inputs, left: int, parts: tuple[Part, ...], passed: list[tuple[str, str]]
) -> str:
    if not left:
        return ""
    if inputs.online is not None:
        return "lowered_to_balance" if parts else inputs.online.reason or "no_balance"
    if parts:
        return "lowered_offline"
    # What the buyer can do something about comes first: another code, a newer screen.
    return next((why for layer, why in passed if layer == "purse"), "") or (
        passed[-1][1] if passed else "offline_no_lease"
    )
