"""How a counter's units are shared over stores and their registers."""

from hypothesis import given
from hypothesis import strategies as st

from central.leases import top_ups
from loyalty.authorisation.policy import Policy, checked, units_value

UNITS = st.integers(0, 10**6)


@given(UNITS, st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_shares_of_two_stores_never_exceed_what_is_unused(unused, home, second):
    policy = Policy(lease_home_bp=home, lease_second_bp=min(second, 10_000 - home))
    policy = Policy(policy.lease_home_bp, policy.lease_second_bp, purse_share_bp=0)
    checked(policy)
    assert units_value(policy, unused, 0) + units_value(policy, unused, 1) <= unused
    assert units_value(policy, unused, 2) == 0


def test_a_right_of_one_use_lies_at_home():
    assert [units_value(Policy(), 1, rank) for rank in range(3)] == [1, 0, 0]
    assert units_value(Policy(lease_home_bp=0), 1, 0) == 0


@given(UNITS, UNITS, st.lists(st.integers(0, 1_000), max_size=6))
def test_what_is_granted_is_there_and_within_the_share(available, share, held):
    grants = top_ups(available, share, sum(held), held, 1, is_rounded_up=True)
    assert len(grants) == len(held)
    assert all(units >= 0 for units in grants)
    assert sum(grants) <= available
    assert sum(grants) + sum(held) <= max(share, sum(held))


def test_a_single_unit_lies_at_the_first_till():
    assert top_ups(9, 1, 0, [0, 0, 0], 1, is_rounded_up=True) == [1, 0, 0]
    assert top_ups(9, 1, 0, [0, 0, 0], 1) == [0, 0, 0]
    assert top_ups(9, 5, 0, [0, 0], 1, is_rounded_up=True) == [3, 2]
