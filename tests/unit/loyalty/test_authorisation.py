"""The layers in order, what each passes on, and the formula of the worst case."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.authorisation import conditions
from loyalty.authorisation.bound import worst_case
from loyalty.authorisation.conditions import BoundBroken
from loyalty.authorisation.decision import (
    REASONS,
    CacheRight,
    Claimed,
    Inputs,
    LeaseRight,
    OnlineAnswer,
    PurseRight,
    decide,
    wanted_claim,
)
from loyalty.authorisation.policy import (
    OFF,
    Policy,
    checked,
    lease_value,
    purse_value,
    store_shares,
)
from loyalty.errors import InvalidRuleset
from loyalty.member import Strength

P = Policy()
LEASE = LeaseRight("R1.1.7", 6_000, 1)
PURSE = PurseRight(42, 2_000)
CACHE = CacheRight(9_000, 60, 0, 100_000)
ALL = Claimed("granted", 10**6, 10**6)


def ask(wanted: int = 5_000, **more) -> Inputs:
    return replace(Inputs("auth", wanted, Strength.SIGNED_CODE, P, 1), **more)


def parts_of(inputs: Inputs) -> list[tuple[str, int]]:
    return [(part.layer, part.points) for part in decide(inputs).parts]


def test_each_layer_gives_only_what_is_still_wanted():
    whole = ask(9_000, online=OnlineAnswer(1_500), lease=LEASE, purse=PURSE, claimed=ALL)
    assert parts_of(whole) == [("online", 1_500), ("lease", 6_000), ("purse", 1_500)]
    assert parts_of(replace(whole, wanted=1_500)) == [("online", 1_500)]
    assert parts_of(replace(whole, online=None, wanted=6_001)) == [("lease", 6_000), ("purse", 1)]
    decided = decide(replace(whole, wanted=10_000))
    assert (decided.points, decided.layer) == (9_500, "purse")
    assert (decided.reason, decided.sentence) == ("lowered_to_balance",) * 2
    assert decide(whole).sentence == "approved_purse"


def test_the_cache_only_where_there_is_no_lease_and_no_centre():
    alone = ask(cache=CACHE, claimed=ALL)
    assert parts_of(alone) == [("cache", 5_000)]
    assert parts_of(replace(alone, purse=PURSE)) == [("purse", 2_000), ("cache", 3_000)]
    assert parts_of(replace(alone, online=OnlineAnswer(0))) == []
    assert parts_of(replace(alone, lease=replace(LEASE, points=0))) == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"wanted": 0, "lease": LEASE}, "nothing_to_redeem"),
        ({"is_blocked": True, "lease": LEASE}, "member_blocked"),
        ({"strength": Strength.PHONE_TYPED, "lease": LEASE}, "identification_too_weak"),
        ({"strength": Strength.STATIC_CODE, "purse": PURSE}, "identification_too_weak"),
        ({"online": OnlineAnswer(0, "insufficient")}, "insufficient"),
        ({"online": OnlineAnswer(0)}, "no_balance"),
        ({"lease": LEASE, "is_head_confirmed": False}, "head_unconfirmed"),
        ({"purse": PURSE, "is_head_confirmed": False}, "head_unconfirmed"),
        ({"lease": replace(LEASE, points=0)}, "lease_empty"),
        ({"purse": PURSE, "claimed": Claimed("silent")}, "island_silent"),
        ({"purse": PURSE}, "island_refused"),
        ({"purse": PurseRight(1, 0, "purse_replayed")}, "purse_replayed"),
        ({"purse": PurseRight(1, 0, "purse_expired"), "cache": CACHE}, "purse_expired"),
        ({"cache": CACHE, "claimed": Claimed("silent")}, "island_silent"),
        ({"cache": CACHE}, "cache_used_up"),
        ({"cache": replace(CACHE, times=2), "claimed": ALL}, "cache_used_up"),
        ({"cache": replace(CACHE, budget_points=0), "claimed": ALL}, "cache_used_up"),
        ({"cache": replace(CACHE, age_min=1_441), "claimed": ALL}, "cache_too_old"),
        ({"cache": CACHE, "claimed": ALL, "is_chain_outage": True}, "cache_off"),
        ({"cache": CACHE, "claimed": ALL, "policy": OFF}, "cache_off"),
        ({"cache": CACHE, "claimed": ALL, "lease": replace(LEASE, points=0)}, "cache_has_lease"),
        ({}, "offline_no_lease"),
    ],
)
def test_a_decline_says_why(more, reason):
    decided = decide(ask(**more))
    assert (decided.layer, decided.points, decided.sentence) == ("declined", 0, reason)
    assert reason in REASONS or reason.startswith(("purse_", "insufficient"))


def test_a_weak_code_spends_the_lease_and_not_the_purse():
    found = decide(ask(9_000, strength=Strength.STATIC_CODE, lease=LEASE, purse=PURSE, claimed=ALL))
    assert [part.layer for part in found.parts] == ["lease"]
    assert found.passed == (("purse", "identification_too_weak"),)
    assert found.reason == "lowered_offline"


def test_what_is_claimed_is_exactly_what_is_then_used():
    both = ask(9_000, purse=PURSE, cache=CACHE)
    claim = wanted_claim(both)
    assert claim == Claimed("granted", 2_000, 5_000)
    assert decide(replace(both, claimed=claim)).points == 7_000
    assert wanted_claim(replace(both, lease=LEASE, wanted=6_000)) == Claimed()
    # The hub's answer counts where it is lower than what the register hoped for.
    assert decide(replace(both, claimed=Claimed("granted", 500, 0))).points == 500


def test_a_decision_keeps_its_inputs():
    kept = decide(ask(9_000, lease=LEASE, purse=PURSE, claimed=ALL)).kept()
    assert json.loads(json.dumps(kept))["inputs"]["lease"]["points"] == 6_000
    assert kept["inputs"]["policy"]["purse_max_points"] == 10_000


def test_a_lease_of_another_life_stops_the_program():
    with pytest.raises(BoundBroken, match="B4"):
        decide(ask(lease=replace(LEASE, epoch=2)))
    for name, broken in {
        "B1": lambda: conditions.b1_debited(101, 100),
        "B2": lambda: conditions.b2_durable(8, 7),
        "B3": lambda: conditions.b3_logged(1, 0),
        "B4": lambda: conditions.b4_own_life(1, 1, False),
    }.items():
        with pytest.raises(BoundBroken) as found:
            broken()
        assert found.value.condition == name
    conditions.b1_debited(100, 100)
    conditions.b2_durable(7, 7)
    conditions.b3_logged(5, 5)


points = st.integers(-100, 20_000)


@given(
    st.builds(
        Inputs,
        auth_id=st.just("a"),
        wanted=points,
        strength=st.sampled_from(Strength),
        policy=st.sampled_from([P, OFF, Policy(cache_in_chain_outage=True)]),
        epoch=st.just(1),
        is_blocked=st.booleans(),
        is_head_confirmed=st.booleans(),
        is_chain_outage=st.booleans(),
        online=st.none() | st.builds(OnlineAnswer, st.integers(0, 20_000)),
        lease=st.none() | st.builds(LeaseRight, st.just("l"), points, st.just(1)),
        purse=st.none() | st.builds(PurseRight, st.just(1), points),
        cache=st.none() | st.builds(CacheRight, points, points, st.integers(0, 3), points),
        claimed=st.builds(Claimed, st.sampled_from(["granted", "silent"]), points, points),
    )
)
def test_no_layer_gives_more_than_its_right(inputs):
    decided = decide(inputs)
    given_by = {part.layer: part.points for part in decided.parts}
    assert 0 <= decided.points == sum(given_by.values()) <= max(0, inputs.wanted)
    assert all(value > 0 for value in given_by.values())
    assert given_by.get("online", 0) <= (inputs.online.points if inputs.online else 0)
    assert given_by.get("lease", 0) <= max(0, inputs.lease.points if inputs.lease else 0)
    island = inputs.claimed if inputs.claimed.state == "granted" else Claimed()
    purse = max(0, min(inputs.purse.points if inputs.purse else 0, island.purse_points))
    assert given_by.get("purse", 0) <= purse
    if "cache" in given_by:
        assert inputs.online is None
        assert inputs.lease is None
        assert given_by["cache"] <= min(island.cache_points, 5_000, inputs.cache.budget_points)
    if not inputs.is_head_confirmed:
        assert set(given_by) <= {"online"}
    assert bool(decided.reason) == (decided.points < inputs.wanted or inputs.wanted <= 0)


def test_the_figures_of_a_policy():
    assert [lease_value(P, 10_001, rank) for rank in range(3)] == [6_000, 2_000, 0]
    assert [purse_value(P, points) for points in (-5, 10_000, 90_000)] == [0, 2_000, 10_000]
    assert store_shares(100_000, 3) == (50_002, (16_666,) * 3)
    assert store_shares(100, 0) == (100, ())
    assert checked(P) is P
    for wrong in ({"purse_stores": 4}, {"lease_home_bp": -1}, {"purse_share_bp": 2_001},
                  {"purse_max_points": 2**24}, {"cache_age_min": 0}):  # fmt: skip
        with pytest.raises(InvalidRuleset) as refused:
            checked(replace(P, **wrong))
        assert refused.value.code == "bad_policy"


def test_the_worst_case():
    one = worst_case(P, islands=1, visited=7, members=200)
    assert (one.lease, one.purse, one.cache, one.total) == (0, 0, 100_000, 100_000)
    chain = worst_case(P, islands=50, visited=7, members=200, chain_outage=True)
    assert (chain.purse_each, chain.cache, chain.total) == (20_000, 0, 4_000_000)
    anywhere = replace(P, purse_any_store=True)
    assert worst_case(anywhere, islands=50, visited=7, members=1).purse == 60_000
    hubless = worst_case(P, islands=4, visited=4, members=1, islands_per_store=4)
    assert (hubless.purse, hubless.cache) == (30_000, 100_000)
    assert worst_case(OFF, islands=50, visited=7, members=200).total == 0
    with pytest.raises(ValueError, match="negative"):
        worst_case(P, islands=-1, visited=1, members=1)
