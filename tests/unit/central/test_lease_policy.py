"""How much each register of a store is lent."""

from hypothesis import given
from hypothesis import strategies as st

from central.leases import LeasePolicy, top_ups

POLICY = LeasePolicy()


def test_forty_percent_split_equally_over_the_tills():
    assert top_ups(10_000, [0], POLICY) == [4_000]
    assert top_ups(10_000, [0, 0, 0], POLICY) == [1_333, 1_333, 1_333]
    assert top_ups(10_000, [], POLICY) == []


def test_what_is_lent_counts_into_the_share():
    assert top_ups(6_000, [4_000], POLICY) == [0]
    assert top_ups(6_000, [2_000, 2_000], POLICY) == [0, 0]
    assert top_ups(8_000, [0, 2_000], POLICY) == [2_000, 0]


def test_less_than_a_bonus_is_not_worth_a_row():
    assert top_ups(6_000, [3_902], POLICY) == [0]
    assert top_ups(6_100, [3_900], POLICY) == [100]
    assert top_ups(249, [0], POLICY) == [0]
    assert top_ups(250, [0], POLICY) == [100]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=20))
def test_grants_never_exceed_what_is_available_nor_the_share(available, held):
    grants = top_ups(available, held, POLICY)
    assert sum(grants) <= available
    assert all(grant == 0 or grant >= 100 for grant in grants)
    share = (available + sum(held)) * 4_000 // 10_000
    for grant, before in zip(grants, held, strict=True):
        assert grant == 0 or before + grant <= share // len(held)
