"""Gift cards: what they pay, what is left, what is forfeited, and what they never pay."""

from __future__ import annotations

import pytest

from loyalty.basket import Basket, LineItem, Tender
from loyalty.errors import InvalidTenders
from loyalty.gift_card import (
    GiftCard,
    GiftCardPayment,
    pay,
    payable_by_gift_card,
    refund,
    sell,
    undo_sale,
)
from loyalty.quote import Quote, QuotedLine
from loyalty.sale import settle

CARD = GiftCard("A", 10_000)


def quote(*paid: int) -> Quote:
    return Quote(1, tuple(QuotedLine(str(n), amount, 0, 0, 0) for n, amount in enumerate(paid)))


@pytest.mark.parametrize(
    ("due", "residue", "used", "left", "forfeited"),
    [
        (7_500, "keep", 7_500, 2_500, 0),
        (7_500, "forfeit", 7_500, 0, 2_500),
        (10_000, "forfeit", 10_000, 0, 0),
        (12_000, "keep", 10_000, 0, 0),
        (0, "forfeit", 0, 10_000, 0),
    ],
)
def test_a_card_pays_and_its_residue_is_kept_or_forfeited(due, residue, used, left, forfeited):
    payment = pay(CARD, due, residue)
    assert payment == GiftCardPayment("A", used, left, forfeited)
    assert used + left + forfeited == CARD.balance_minor


def test_a_card_is_loaded_refunded_and_taken_back():
    card = sell(GiftCard("B"), 5_000)
    assert card.balance_minor == 5_000
    assert undo_sale(card, 5_000).balance_minor == 0
    spent = GiftCard("B", pay(card, 1_200).left_minor)
    assert refund(spent, 1_200) == card
    with pytest.raises(InvalidTenders) as caught:
        undo_sale(spent, 5_000)
    assert caught.value.code == "gift_card_spent"


@pytest.mark.parametrize("amount", [0, -1, True, 10**12])
def test_a_card_takes_no_silly_amounts(amount):
    with pytest.raises(InvalidTenders) as caught:
        sell(CARD, amount)
    assert caught.value.code == "bad_gift_card"


def test_a_gift_card_and_cash_pay_together():
    paid = [Tender("gift_card", 6_000, "A", 10_000), Tender("cash", 5_000)]
    result = settle(quote(7_000, 3_960), paid, 50, residue="forfeit")
    assert (result.payable_minor, result.rounding_minor, result.change_minor) == (10_950, -10, 50)
    assert result.gift_cards == (GiftCardPayment("A", 6_000, 0, 4_000),)


@pytest.mark.parametrize(
    ("tenders", "code"),
    [
        ([Tender("gift_card", 6_000, "A", 5_999)], "gift_card_short"),
        ([Tender("gift_card", 3_000, "A", 9_000)] * 2, "gift_card_twice"),
        ([Tender("gift_card", 6_000, "x" * 201)], "bad_tender"),
        ([Tender("gift_card", 6_000, "A", -1)], "bad_gift_card"),
        ([Tender("gift_card", 6_000, "A", 10**15)], "bad_gift_card"),
        ([Tender("gift_card", 6_001, "A", 9_000)], "overpaid_noncash"),
    ],
)
def test_gift_cards_that_do_not_pay(tenders, code):
    with pytest.raises(InvalidTenders) as caught:
        settle(quote(6_000), tenders, 50)
    assert caught.value.code == code


def test_a_gift_card_does_not_buy_a_gift_card():
    basket = Basket(
        (
            LineItem("0", "bread", "Хліб", 1000, 4_000, 4_000),
            LineItem(
                "1", "gift", "Подарункова картка", 1000, 50_000, 50_000, goods_class="gift_card"
            ),
        )
    )
    offer = quote(4_000, 50_000)
    limit = payable_by_gift_card(basket, offer)
    assert limit == 4_000
    paid = [Tender("gift_card", 4_000, "A", 90_000), Tender("card", 50_000)]
    assert settle(offer, paid, 50, gift_card_limit_minor=limit).payable_minor == 54_000
    with pytest.raises(InvalidTenders) as caught:
        settle(offer, [Tender("gift_card", 54_000)], 50, gift_card_limit_minor=limit)
    assert caught.value.code == "gift_card_for_gift_card"
