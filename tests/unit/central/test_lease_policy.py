"""How much each register of a store is lent, and where members shop."""

from hypothesis import given
from hypothesis import strategies as st

from central.leases import VISITS_KEPT, count_visit, rank_of, top_ups
from central.member_state import MemberState
from loyalty.ledger import Books


def test_a_share_is_split_equally_over_the_tills():
    assert top_ups(10_000, 6_000, 0, [0], 100) == [6_000]
    assert top_ups(10_000, 4_000, 0, [0, 0, 0], 100) == [1_333, 1_333, 1_333]
    assert top_ups(10_000, 6_000, 0, [], 100) == []


def test_what_is_lent_counts_into_the_share():
    assert top_ups(6_000, 4_000, 4_000, [4_000], 100) == [0]
    assert top_ups(6_000, 4_000, 2_000, [0, 2_000], 100) == [2_000, 0]
    assert top_ups(6_000, 4_000, 3_950, [0], 10) == [50], "a lease of an ended life holds the rest"


def test_less_than_a_bonus_is_not_worth_a_row():
    assert top_ups(6_000, 4_001, 3_902, [3_902], 100) == [0]
    assert top_ups(6_000, 4_002, 3_902, [3_902], 100) == [100]


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=20))
def test_grants_never_exceed_what_is_available_nor_the_share(available, share, held):
    grants = top_ups(available, share, sum(held), held, 100)
    assert sum(grants) <= available
    assert sum(grants) == 0 or sum(grants) + sum(held) <= share
    assert all(grant == 0 or grant >= 100 for grant in grants)


def test_stores_are_ranked_by_visits_and_old_habits_fade():
    member = MemberState(1, Books(1), home_store="S1")
    assert (rank_of(member, "S1"), rank_of(member, "S9")) == (0, 0)
    for store in ("S1", "S2", "S2"):
        count_visit(member, store)
    assert [rank_of(member, each) for each in ("S2", "S1", "S3")] == [0, 1, 2]
    count_visit(member, "S1")
    assert rank_of(member, "S1") == 0, "of equals the home store is first"
    for _ in range(VISITS_KEPT):
        count_visit(member, "S3")
    assert rank_of(member, "S3") == 0
    assert sum(member.visits.values()) < VISITS_KEPT
