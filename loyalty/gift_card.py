"""Gift cards: a balance in kopecks that pays like a tender. Every function is pure.

Selling one is no purchase of goods: the line has the goods class `gift_card`, takes part in no
promotion, earns nothing and is paid neither with bonuses nor with another gift card. What a
purchase leaves on a card stays there or is forfeited, as the programme says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from loyalty.basket import MAX_SUM_MINOR, Basket
from loyalty.errors import InvalidTenders
from loyalty.quote import Quote

Residue = Literal["keep", "forfeit"]


@dataclass(frozen=True, slots=True)
class GiftCard:
    """A card under the till's own reference and what lies on it, in kopecks."""

    reference: str
    balance_minor: int = 0


@dataclass(frozen=True, slots=True)
class GiftCardPayment:
    """What one card paid, what is left on it, and what was forfeited; the three sum to what lay
    on it before."""

    reference: str
    used_minor: int
    left_minor: int
    forfeited_minor: int = 0


def _checked(amount_minor: int, field: str, least: int = 1) -> int:
    if not isinstance(amount_minor, int) or isinstance(amount_minor, bool):
        raise InvalidTenders("bad_gift_card", f"{field} must be an integer", field)
    if not least <= amount_minor <= MAX_SUM_MINOR:
        raise InvalidTenders("bad_gift_card", f"{field} is out of bounds", field)
    return amount_minor


def sell(card: GiftCard, face_minor: int) -> GiftCard:
    """The card after `face_minor` was loaded on it (activation or top-up)."""
    balance = _checked(card.balance_minor, "balance_minor", 0)
    return replace(card, balance_minor=_checked(balance + _checked(face_minor, "face"), "balance"))


def undo_sale(card: GiftCard, face_minor: int) -> GiftCard:
    """The card after its sale was brought back; `InvalidTenders` (`gift_card_spent`) when part of
    it is spent already."""
    if _checked(face_minor, "face") > card.balance_minor:
        raise InvalidTenders("gift_card_spent", "part of this gift card is spent", "face")
    return replace(card, balance_minor=card.balance_minor - face_minor)


def pay(
    card: GiftCard, due_minor: int, residue: Residue = "keep", asked_minor: int | None = None
) -> GiftCardPayment:
    """Pay at most `due_minor` (and `asked_minor`) with the card.

    Raises `InvalidTenders` (`gift_card_short`) when more is asked than lies on it.
    """
    balance = _checked(card.balance_minor, "balance_minor", 0)
    wanted = _checked(due_minor, "due", 0)
    if asked_minor is not None:
        wanted = min(wanted, _checked(asked_minor, "amount_minor"))
        if asked_minor > balance:
            raise InvalidTenders("gift_card_short", "the gift card does not hold that much", "kind")
    used = min(wanted, balance)
    left = balance - used
    forfeited = left if residue == "forfeit" and used else 0
    return GiftCardPayment(card.reference, used, left - forfeited, forfeited)


def refund(card: GiftCard, amount_minor: int) -> GiftCard:
    """The card after a return gave back what it had paid; a forfeited residue stays forfeited."""
    return sell(card, amount_minor)


def payable_by_gift_card(basket: Basket, quote: Quote) -> int:
    """Kopecks of a quote that gift cards may pay: everything but gift cards themselves."""
    sold = {line.line_id for line in basket.lines if line.goods_class == "gift_card"}
    return quote.payable_minor - sum(
        line.paid_minor for line in quote.lines if line.line_id in sold
    )
