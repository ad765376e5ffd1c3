"""Tenders, the rounding of cash, and change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.basket import Tender
from loyalty.errors import InvalidTenders
from loyalty.money import CASH_STEPS
from loyalty.quote import Quote, QuotedLine
from loyalty.sale import Settlement, settle


def quote(payable_minor: int) -> Quote:
    return Quote(1, (QuotedLine("L1", payable_minor + 30, 20, 10, 0),))


CARD, CASH, GIFT = "card", "cash", "gift_card"


@pytest.mark.parametrize(
    ("due", "step", "tenders", "payable", "rounding", "change"),
    [
        (10_051, 0, [(CASH, 10_051)], 10_051, 0, 0),
        (10_051, 50, [(CASH, 10_050)], 10_050, -1, 0),
        (10_051, 10, [(CASH, 10_050)], 10_050, -1, 0),
        (10_074, 50, [(CASH, 20_000)], 10_050, -24, 9_950),
        (10_075, 50, [(CASH, 10_100)], 10_100, 25, 0),
        (10_005, 50, [(CASH, 10_000)], 10_000, -5, 0),
        (10_005, 10, [(CASH, 10_010)], 10_010, 5, 0),
        (10_051, 50, [(CARD, 10_051)], 10_051, 0, 0),
        (10_051, 50, [(CARD, 10_000), (CASH, 50)], 10_050, -1, 0),
        (10_051, 50, [(CARD, 5_000), (GIFT, 5_051)], 10_051, 0, 0),
        (10_020, 50, [(CARD, 10_000)], 10_000, -20, 0),
        (24, 50, [], 0, -24, 0),
        (0, 50, [], 0, 0, 0),
        (10_000, 50, [(CASH, 5_000), (CASH, 6_000)], 10_000, 0, 1_000),
    ],
)
def test_tenders_that_pay(due, step, tenders, payable, rounding, change):
    paid = tuple(Tender(kind, amount) for kind, amount in tenders)
    assert settle(quote(due), paid, step) == Settlement(payable, rounding, change, paid)


@pytest.mark.parametrize(
    ("due", "step", "tenders", "code"),
    [
        (10_000, 50, [], "underpaid"),
        (10_000, 50, [(CASH, 9_950)], "underpaid"),
        (10_026, 50, [(CASH, 10_026)], "underpaid"),
        (10_000, 0, [(CARD, 9_999)], "underpaid"),
        (10_000, 0, [(CARD, 10_001)], "overpaid_noncash"),
        (10_000, 0, [(CARD, 9_000), (GIFT, 1_001)], "overpaid_noncash"),
        (10_000, 0, [(CARD, 10_000), (CASH, 100)], "cash_not_needed"),
        (10_000, 0, [("bonus", 10_000)], "bonus_tender"),
        (10_000, 0, [("crypto", 10_000)], "bad_tender"),
        (10_000, 0, [(CASH, 0), (CARD, 10_000)], "bad_tender"),
        (10_000, 0, [(CASH, -5), (CARD, 10_005)], "bad_tender"),
        (10_000, 0, [(CASH, True)], "bad_tender"),
        (10_000, 0, [(CASH, 10**12)], "bad_tender"),
        (10_000, 0, [(CASH, 1_000)] * 11, "too_many_tenders"),
        (10_000, 25, [(CASH, 10_000)], "bad_cash_step"),
    ],
)
def test_tenders_that_do_not_pay(due, step, tenders, code):
    with pytest.raises(InvalidTenders) as caught:
        settle(quote(due), [Tender(kind, amount) for kind, amount in tenders], step)
    assert caught.value.code == code


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(CASH_STEPS))
def test_money_adds_up(due: int, card: int, step: int) -> None:
    card = min(card, due)
    tenders = [Tender("card", card)] if card else []
    if due > card:
        tenders.append(Tender("cash", due - card + 100))
    result = settle(quote(due), tenders, step)
    assert sum(t.amount_minor for t in tenders) == result.payable_minor + result.change_minor
    assert result.payable_minor - result.rounding_minor == due
    assert 2 * abs(result.rounding_minor) <= step
    assert result.change_minor >= 0
