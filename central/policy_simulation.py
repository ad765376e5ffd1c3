"""What an offline policy approves and what it costs, over a made-up chain and one day's outage.

The decisions are those of registers (`loyalty.authorisation`). The people are assumptions and no
data: balances are log-normal; a visit is to the home store, the second store or any other one; a
few cached rows are stale, which here means that the lease has not arrived and the balance is the
one before the last purchase; a few members try their whole balance in many stores. A store is one
island. Nobody is tuned: what is assumed stands in `Assumptions`. Sums are hundredths of a bonus.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from loyalty.authorisation.bound import WorstCase, worst_case
from loyalty.authorisation.decision import CacheRight, Inputs, LeaseRight, PurseRight, decide
from loyalty.authorisation.decision import wanted_claim as claim_of
from loyalty.authorisation.policy import OFF, Policy, lease_value, purse_value
from loyalty.member import Strength

Outage = Literal["store", "chain"]
Demand = Literal["balance", "basket", "part", "all"]
DEMANDS: tuple[Demand, ...] = ("balance", "basket", "part", "all")
_NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Who shops how. Shares in basis points, medians in hundredths of a bonus or kopecks.

    `demand` is what a member wants: `balance` any part of the balance up to `redeem_share_bp` of
    it, `basket` the most that the programme lets bonuses pay of the basket (the same share; a rule
    of the programme and no trait of people), `part` any part of the balance, `all` the whole
    balance. Abusers always want the whole balance.
    """

    members: int = 200_000
    stores: int = 50
    balance_median: int = 6_700
    balance_sigma_pct: int = 100
    basket_median: int = 25_000
    basket_sigma_pct: int = 80
    home_bp: int = 7_500
    second_bp: int = 1_500
    redeem_bp: int = 500
    redeem_share_bp: int = 5_000
    stale_bp: int = 300
    stale_factor_pct: int = 150
    abusers_bp: int = 10
    abuser_visits: int = 7
    page_bp: int = 10_000
    demand: Demand = "balance"


@dataclass(frozen=True, slots=True)
class Visit:
    """One wish to redeem. `person` is the same for all visits of an abuser; `rank` 0 is the home
    store, 1 the second, 2 another; `stores` are those that the member's purse names."""

    person: int
    balance: int
    wanted: int
    store: int
    rank: int
    stores: tuple[int, ...]
    is_stale: bool
    has_page: bool
    is_honest: bool


@dataclass(slots=True)
class Result:
    """What came of one day: wishes of honest members, and what was given over balances."""

    asked: int = 0
    in_full: int = 0
    asked_points: int = 0
    given_points: int = 0
    approved_points: int = 0
    over_points: int = 0
    worst_member: int = 0
    by_layer: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy under a name.

    `asks_store`: the member's page asks where the code will be shown before it has a purse made,
    and names that store as the third (`PurseRequest.stores`); else the page takes the third store
    by visits. It can ask while the member's phone reaches the centre."""

    name: str
    policy: Policy
    asks_store: bool = False


def candidates(shipped: Policy) -> tuple[Candidate, ...]:
    """The shipped policy, its parts, and what others do."""
    leases = replace(shipped, purse_max_points=0, cache_budget_points=0)
    purse = replace(shipped, cache_budget_points=0)
    cache = replace(OFF, cache_times=1_000, cache_in_chain_outage=True)
    return (
        Candidate("decline", OFF),
        Candidate(
            "cached balance, no limit",
            replace(cache, cache_cap_points=_NO_LIMIT, cache_budget_points=_NO_LIMIT),
        ),
        Candidate(
            "cache ≤ 50, budget 2000",
            replace(cache, cache_cap_points=5_000, cache_budget_points=200_000),
        ),
        Candidate("leases only", leases),
        Candidate("leases + purse, any store", replace(purse, purse_any_store=True)),
        Candidate("leases + purse", purse),
        Candidate("leases + purse, store asked for", purse, asks_store=True),
        Candidate("leases + purse + cache", shipped),
        Candidate("… cache in a chain outage too", replace(shipped, cache_in_chain_outage=True)),
    )


# --- people -----------------------------------------------------------------------------------


def day_of(who: Assumptions, seed: int) -> list[Visit]:
    """The visits of one day in the order of the clock; the same seed is the same day."""
    dice = random.Random(seed)
    day = list(_visits(who, dice))
    dice.shuffle(day)
    return day


def _visits(who: Assumptions, dice: random.Random) -> Iterator[Visit]:
    """Honest members who want to redeem, once each, and abusers, each in their stores."""
    honest = who.members * who.redeem_bp // 10_000
    abusers = who.members * who.abusers_bp // 10_000
    for person in range(honest):
        home, second, third = dice.sample(range(who.stores), 3)
        draw = dice.randrange(10_000)
        rank = 0 if draw < who.home_bp else 1 if draw < who.home_bp + who.second_bp else 2
        store = (home, second)[rank] if rank < 2 else _other(dice, who.stores, home, second)
        balance = _lognormal(dice, who.balance_median, who.balance_sigma_pct)
        wanted = _wanted(who, balance, dice)
        yield _visit(who, dice, person, balance, wanted, store, rank, (home, second, third), True)
    for person in range(honest, honest + abusers):
        balance = _lognormal(dice, who.balance_median, who.balance_sigma_pct)
        route = dice.sample(range(who.stores), max(3, min(who.abuser_visits, who.stores)))
        named = (route[0], route[1], route[2])
        for rank, store in enumerate(route[: who.abuser_visits]):
            yield _visit(who, dice, person, balance, balance, store, min(rank, 2), named, False)


def _visit(
    who: Assumptions,
    dice: random.Random,
    person: int,
    balance: int,
    wanted: int,
    store: int,
    rank: int,
    stores: tuple[int, ...],
    is_honest: bool,
) -> Visit:
    is_stale = dice.randrange(10_000) < who.stale_bp
    has_page = dice.randrange(10_000) < who.page_bp
    return Visit(person, balance, wanted, store, rank, stores, is_stale, has_page, is_honest)


def _other(dice: random.Random, stores: int, home: int, second: int) -> int:
    while (store := dice.randrange(stores)) in (home, second):
        pass
    return store


def _lognormal(dice: random.Random, median: int, sigma_pct: int) -> int:
    return max(1, round(median * dice.lognormvariate(0, sigma_pct / 100)))


def _wanted(who: Assumptions, balance: int, dice: random.Random) -> int:
    if who.demand == "all":
        return balance
    if who.demand == "balance":
        return max(1, balance * dice.randrange(1, who.redeem_share_bp + 1) // 10_000)
    if who.demand == "part":
        return max(1, balance * dice.randrange(1, 101) // 100)
    basket = _lognormal(dice, who.basket_median, who.basket_sigma_pct)
    return min(balance, max(1, basket * who.redeem_share_bp // 10_000))


# --- one day ----------------------------------------------------------------------------------


class Day:
    """One policy over one day's visits; `offline` are the stores that are cut off, each alone."""

    def __init__(
        self, policy: Policy, outage: Outage, who: Assumptions, asks_store: bool = False
    ) -> None:
        self._policy = policy
        self._asks_store = asks_store
        self._is_chain = outage == "chain"
        self._stores = who.stores
        self._stale_pct = who.stale_factor_pct
        self._spent: dict[tuple[int, str, int], int] = {}
        self._budget: dict[int, int] = {}
        self._people: dict[int, tuple[int, int]] = {}
        self.result = Result()

    def run(self, day: list[Visit]) -> Result:
        """Every visit in order; the sums of the day."""
        for visit in day:
            is_offline = self._is_chain or visit.store == 0
            given = self._offline(visit) if is_offline else self._online(visit)
            before = self._people.get(visit.person, (visit.balance, 0))[1]
            self._people[visit.person] = (visit.balance, before + given)
            if is_offline:
                self._count(visit, given)
        over = [max(0, spent - balance) for balance, spent in self._people.values()]
        self.result.over_points = sum(over)
        self.result.worst_member = max(over, default=0)
        return self.result

    def _count(self, visit: Visit, given: int) -> None:
        result = self.result
        result.approved_points += given
        if visit.is_honest:
            result.asked += 1
            result.in_full += given >= visit.wanted
            result.asked_points += visit.wanted
            result.given_points += given

    def _online(self, visit: Visit) -> int:
        """The centre gives what is available; what is lent to the cut-off store stays there."""
        policy, balance = self._policy, visit.balance
        frozen = purse_value(policy, balance) if visit.has_page else 0
        if 0 in visit.stores[:2]:
            frozen += lease_value(policy, balance, visit.stores.index(0))
        key = (visit.person, "online", 0)
        given = min(visit.wanted, max(0, balance - frozen - self._spent.get(key, 0)))
        self._spent[key] = self._spent.get(key, 0) + given
        return given

    def _offline(self, visit: Visit) -> int:
        inputs = self._inputs(visit)
        decided = decide(replace(inputs, claimed=claim_of(inputs)))
        for part in decided.parts:
            key = (visit.person, part.layer, visit.store)
            self._spent[key] = self._spent.get(key, 0) + part.points
            layers = self.result.by_layer
            layers[part.layer] = layers.get(part.layer, 0) + part.points
            if part.layer == "cache":
                self._budget[visit.store] = self._left(visit.store) - part.points
                times = (visit.person, "times", visit.store)
                self._spent[times] = self._spent.get(times, 0) + 1
        return decided.points

    def _left(self, store: int) -> int:
        return self._budget.get(store, self._policy.cache_budget_points)

    def _inputs(self, visit: Visit) -> Inputs:
        policy = self._policy
        lease = None if visit.is_stale else self._lease(visit)
        spent = self._spent
        cached = visit.balance * (self._stale_pct if visit.is_stale else 100) // 100
        used = spent.get((visit.person, "cache", visit.store), 0)
        times = spent.get((visit.person, "times", visit.store), 0)
        return Inputs(
            auth_id="",
            wanted=visit.wanted,
            strength=Strength.SIGNED_CODE if visit.has_page else Strength.STATIC_CODE,
            policy=policy,
            epoch=1,
            is_chain_outage=self._is_chain,
            lease=lease,
            purse=self._purse(visit),
            cache=CacheRight(cached - used, 0, times, self._left(visit.store)),
        )

    def _lease(self, visit: Visit) -> LeaseRight | None:
        whole = lease_value(self._policy, visit.balance, visit.rank)
        if whole < self._policy.lease_least_points:
            return None
        used = self._spent.get((visit.person, "lease", visit.store), 0)
        return LeaseRight("", whole - used, 1)

    def _purse(self, visit: Visit) -> PurseRight | None:
        value = purse_value(self._policy, visit.balance)
        if not value or not visit.has_page:
            return None
        is_named = visit.store in visit.stores or (self._asks_store and visit.is_honest)
        if not is_named and not self._policy.purse_any_store:
            return PurseRight(visit.person, 0, "purse_wrong_store")
        used = self._spent.get((visit.person, "purse", visit.store), 0)
        return PurseRight(visit.person, value if not used else 0)


def simulate(
    policy: Policy, outage: Outage, who: Assumptions, day: list[Visit], *, asks_store: bool = False
) -> Result:
    """One policy over one day. Dishonest members name their first three stores either way."""
    return Day(policy, outage, who, asks_store).run(day)


def reachable_points(day: list[Visit], outage: Outage) -> tuple[int, int]:
    """What honest members want offline: in stores that hold a lease of theirs or that their purse
    names, and in all. No share of leases and no purse for three stores by visits gives more."""
    wishes = [v for v in day if v.is_honest and (outage == "chain" or v.store == 0)]
    return sum(v.wanted for v in wishes if v.store in v.stores), sum(v.wanted for v in wishes)


def bound_of(policy: Policy, outage: Outage, who: Assumptions) -> WorstCase:
    """The worst case by formula, under the assumed number of abusers and visits."""
    islands = who.stores if outage == "chain" else 1
    return worst_case(
        policy,
        islands=islands,
        visited=who.abuser_visits,
        members=who.members * who.abusers_bp // 10_000,
        chain_outage=outage == "chain",
    )
