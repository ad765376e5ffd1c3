"""Shares of a sale frozen for its returns: figures worked out by hand, and every refusal."""

from __future__ import annotations

import pytest

from loyalty.basket import Tender
from loyalty.errors import InvalidReturn
from loyalty.returns import Given, LineBack, SaleLine, Sold, freeze, take_back
from loyalty.spent_points import settle_points

CHEESE = SaleLine("1", 3000, 10_000, (("dairy", 1_000),), redeemed_minor=2_000, accrual_points=350)
GRAPES = SaleLine("2", 345, 4_485, accrual_points=100)
VOUCHER = SaleLine("3", 1000, -485, is_goods=False)


def sold(*lines: SaleLine, rounding: int = 0, points: int = 2_000, **paid: int) -> Sold:
    tenders = [Tender(kind, amount) for kind, amount in paid.items()]  # type: ignore[arg-type]
    return freeze(lines, tenders, redeemed_points=points, rounding=rounding)


def money(refund) -> dict[str, int]:
    return {tender.kind: tender.amount_minor for tender in refund.tenders}


def test_a_line_takes_back_its_own_part_of_everything():
    sale = sold(CHEESE, GRAPES, card=11_485)
    back = take_back(sale, {"1": 1000}, 50)
    assert back.lines == (LineBack("1", 1000, 3_333, (("dairy", 333),), 0, 667, 667, 117, 2_333),)
    assert money(back) == {"card": 2_333}
    assert (back.restored_points, back.accrual_points, back.is_complete) == (667, 117, False)


def test_the_last_return_gives_the_exact_rest():
    sale = sold(CHEESE, GRAPES, card=11_485)
    given: dict[str, int] = {}
    seen = []
    for wanted in ({"1": 1000}, {"2": 100}, {"1": 1000}, {"2": 245}, {"1": 1000}):
        seen.append(take_back(sale, wanted, 50, Given(dict(given))))
        for line_id, qty in wanted.items():
            given[line_id] = given.get(line_id, 0) + qty
    assert [money(each)["card"] for each in seen] == [2_333, 1_300, 2_334, 3_185, 2_333]
    assert sum(each.refund_minor for each in seen) == 11_485
    assert sum(each.restored_points for each in seen) == 2_000
    assert sum(each.restored_minor for each in seen) == 2_000
    assert sum(each.accrual_points for each in seen) == 450
    assert [each.is_complete for each in seen] == [False] * 4 + [True]


def test_money_goes_back_by_the_means_it_came():
    sale = sold(CHEESE, GRAPES, gift_card=3_000, card=4_000, cash=5_000)
    half = take_back(sale, {"1": 1500}, 0)
    assert half.refund_minor == 3_500
    assert money(half) == {"gift_card": 914, "card": 1_219, "cash": 1_367}
    rest = take_back(sale, None, 0, Given({"1": 1500}, half.cash_minor))
    assert {kind: money(half)[kind] + money(rest)[kind] for kind in money(rest)} == {
        "gift_card": 3_000,
        "card": 4_000,
        "cash": 4_485,
    }


def test_two_gift_cards_stay_apart():
    tenders = [Tender("gift_card", 4_000, "A"), Tender("gift_card", 3_000, "B")]
    sale = freeze([CHEESE], tenders, redeemed_points=2_000, rounding=0)
    back = take_back(sale, None, 50)
    assert back.tenders == (Tender("gift_card", 4_000, "A"), Tender("gift_card", 3_000, "B"))


def test_the_tills_own_discount_goes_back_with_the_goods():
    sale = sold(CHEESE, GRAPES, VOUCHER, card=11_000)
    first = take_back(sale, {"2": 345}, 50)
    assert first.lines[0].manual_minor == 189, "485 by what was paid: 7 000 and 4 485"
    assert money(first) == {"card": 4_485 - 189}
    rest = take_back(sale, None, 50, Given({"2": 345}))
    assert money(rest) == {"card": 7_000 - 296}
    with pytest.raises(InvalidReturn) as caught:
        take_back(sale, {"3": 1000}, 50)
    assert caught.value.code == "unknown_line"


def test_cash_goes_back_in_whole_coins_and_ends_at_what_was_paid():
    line = SaleLine("1", 3000, 10_020)
    sale = sold(line, cash=10_000, rounding=-20, points=0)
    given, cash = 0, []
    for _ in range(3):
        back = take_back(sale, {"1": 1000}, 50, Given({"1": given}, sum(cash)))
        given += 1000
        cash.append(back.cash_minor)
        assert back.refund_minor == sum(each.paid_minor for each in back.lines) + (
            back.rounding_minor
        )
    assert cash == [3_350, 3_350, 3_300], "3 340 exact each; in all what the buyer paid"


def test_another_cash_step_than_at_the_sale_never_pays_more_than_was_taken():
    sale = sold(SaleLine("1", 2000, 1_030), cash=1_030, points=0)
    first = take_back(sale, {"1": 1999}, 50)
    assert first.cash_minor == 1_030, "10.29 rounds to 10.50, which was never paid"
    last = take_back(sale, {"1": 1}, 50, Given({"1": 1999}, first.cash_minor))
    assert (last.tenders, last.is_complete) == ((), True)


@pytest.mark.parametrize(
    ("wanted", "given", "code"),
    [
        ({"9": 1000}, {}, "unknown_line"),
        ({"1": 0}, {}, "bad_quantity"),
        ({"1": -5}, {}, "bad_quantity"),
        ({"1": True}, {}, "bad_quantity"),
        ({}, {}, "bad_quantity"),
        ({"1": 3001}, {}, "over_returned"),
        ({"1": 10**12}, {}, "over_returned"),
        ({"1": 1001}, {"1": 2000}, "over_returned"),
        (None, {"1": 3000, "2": 345}, "already_returned"),
        ({"1": 1}, {"1": 3000, "2": 345}, "already_returned"),
    ],
)
def test_what_was_not_sold_does_not_come_back(wanted, given, code):
    with pytest.raises(InvalidReturn) as caught:
        take_back(sold(CHEESE, GRAPES, card=11_485), wanted, 50, Given(given))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("lines", "paid", "points"),
    [
        ([VOUCHER], {}, 0),
        ([CHEESE], {"card": 8_000}, 2_000),
        ([GRAPES], {"card": 4_485}, 5),
        ([SaleLine("1", 1000, 100, redeemed_minor=101)], {}, 101),
    ],
)
def test_figures_that_do_not_add_up_are_refused(lines, paid, points):
    with pytest.raises(InvalidReturn) as caught:
        sold(*lines, points=points, **paid)
    assert caught.value.code == "bad_sale"


# --- points that are spent --------------------------------------------------------------------


def earned(points: int, cash: int = 0, card: int = 0, restored: int = 0):
    line = SaleLine("1", 1000, cash + card + restored, (), restored, points)
    tenders = [Tender("card", card)] if card else []
    sale = freeze([line], tenders, redeemed_points=restored, rounding=0)
    return take_back(sale, None, 50)


def settled(refund, available: int, policy: str, step: int = 50):
    result = settle_points(
        refund,
        available_points=available,
        policy=policy,  # type: ignore[arg-type]
        minor_per_bonus=100,
        cash_step_minor=step,
    )
    assert refund.refund_minor == result.refund.refund_minor + result.withheld_minor
    assert refund.accrual_points == (
        result.reversed_points + result.withheld_points + result.written_off_points
    )
    return result


def test_spent_points_make_the_balance_negative():
    result = settled(earned(500, cash=10_000), 100, "negative")
    assert (result.reversed_points, result.refund.refund_minor) == (500, 10_000)


def test_spent_points_are_written_off():
    result = settled(earned(500, cash=10_000), 100, "write_off")
    assert (result.reversed_points, result.written_off_points) == (100, 400)
    assert result.refund.refund_minor == 10_000


def test_spent_points_are_withheld_from_the_refund():
    result = settled(earned(530, card=3_000, cash=7_000), 100, "withhold")
    assert (result.withheld_points, result.withheld_minor, result.reversed_points) == (
        430,
        430,
        100,
    )
    assert money(result.refund) == {"card": 2_570, "cash": 7_000}


def test_cash_is_withheld_in_whole_coins_and_the_rest_is_owed():
    result = settled(earned(530, cash=10_000), 0, "withhold")
    assert (result.withheld_minor, result.withheld_points, result.reversed_points) == (500, 500, 30)
    small = settled(earned(5_000, cash=100), 0, "withhold")
    assert (small.withheld_minor, small.reversed_points, small.refund.tenders) == (100, 4_900, ())


@pytest.mark.parametrize("policy", ["negative", "write_off", "withhold"])
def test_what_the_return_restores_is_taken_first(policy):
    result = settled(earned(500, card=5_000, restored=500), 0, policy)
    assert (result.reversed_points, result.refund.refund_minor) == (500, 5_000)
