"""Rewards that cost points, coupons that a sale hands out, uses that undone receipts give back."""

from __future__ import annotations

from datetime import date

import pytest

from loyalty import ledger
from loyalty.claims import Reward, claim, cost_of
from loyalty.coupons import held_after
from loyalty.errors import InvalidEntry
from loyalty.lots import Slice
from loyalty.member import HeldCoupon
from loyalty.promotions.limits import Usage, after_cancels
from loyalty.quote import IssuedCoupon, Quote


@pytest.mark.parametrize(
    ("units", "per", "cost"), [(1, 1, 300), (5, 1, 1500), (5, 2, 900), (4, 2, 600), (1, 6, 300)]
)
def test_pieces_begun_cost_as_much_as_whole_ones(units, per, cost):
    assert cost_of(Reward(300, per), units) == cost


@pytest.mark.parametrize(("cost", "per", "units"), [(0, 1, 1), (300, 0, 1), (300, 1, 0)])
def test_a_reward_that_costs_nothing_is_no_reward(cost, per, units):
    with pytest.raises(ValueError, match="over zero"):
        cost_of(Reward(cost, per), units)


def _books(*slices: Slice) -> ledger.Books:
    books = ledger.Books(7)
    for part in slices:
        books = ledger.post(books, ledger.accrue(books, part.lot_id, part, pending=False))
    return books


def test_a_claim_takes_the_lots_that_run_out_first():
    books = _books(Slice("late", 500, "2027-01-31"), Slice("soon", 200, "2026-04-30"))
    entry = claim(books, "C1", Reward(300))
    assert [(move.lot_id, move.points) for move in entry.allocations] == [
        ("soon", 200),
        ("late", 100),
    ]
    assert ledger.post(books, entry).spendable_total == 400


def test_a_claim_over_the_balance_is_refused_and_owed_points_count():
    books = _books(Slice("a", 400))
    with pytest.raises(InvalidEntry, match="costs 500 points, 400 are there"):
        claim(books, "C1", Reward(500))
    owing = ledger.post(books, ledger.redeem(books, "R", [(ledger.AVAILABLE, 700)]))
    owing = ledger.post(owing, ledger.accrue(owing, "b", Slice("b", 500), pending=False))
    with pytest.raises(InvalidEntry) as refusal:
        claim(owing, "C2", Reward(300))
    assert refusal.value.code == "not_enough"


def test_a_coupon_is_held_from_the_confirmation_on_and_used_once():
    on = date(2026, 3, 18)
    earned = held_after((), Quote(1, (), coupons=(IssuedCoupon("p", "NEXT", 30),)), on)
    assert earned == (HeldCoupon("NEXT", "2026-04-17"),)
    two = (HeldCoupon("NEXT", "2026-05-01"), *earned, HeldCoupon("OTHER"))
    left = held_after(two, Quote(1, (), used_coupons=("NEXT",)), on)
    assert left == (HeldCoupon("NEXT", "2026-05-01"), HeldCoupon("OTHER"))
    assert held_after(two, Quote(1, ()), on) == (earned[0], two[0], two[2])


def test_an_undone_receipt_frees_its_use_when_the_promotion_says_so():
    usage = Usage(member_today=1, member_total=2, campaign_count=9, campaign_minor=500)
    assert after_cancels(usage, 2, gives_back=True) == Usage(0, 0, 7, 498)
    assert after_cancels(usage, 2, gives_back=False) == usage
    with pytest.raises(ValueError, match="negative"):
        after_cancels(usage, -1, gives_back=True)
