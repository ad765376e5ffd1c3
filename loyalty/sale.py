"""Closing a sale: do the tenders pay the quote, what is rounded, what is given back.

Only the cash part is rounded (NBU Board resolution 115 of 17.09.2025); rounding is no discount
and no rule sees it. Bonuses are no tender here: the quote has already taken them off, to whole
kopecks, so they never give change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from loyalty.basket import MAX_SUM_MINOR, MAX_TEXT, Tender, TenderKind
from loyalty.errors import InvalidTenders
from loyalty.gift_card import GiftCard, GiftCardPayment, Residue, pay
from loyalty.money import CASH_STEPS, format_minor, round_cash
from loyalty.quote import Quote

MAX_TENDERS = 10


@dataclass(frozen=True, slots=True)
class Settlement:
    """A paid sale, in kopecks.

    `payable_minor` is what the buyer pays, rounding included; `rounding_minor` is what the
    rounding of the cash part added (may be negative), so the quote's own total is
    `payable_minor - rounding_minor`. The tenders sum to `payable_minor + change_minor`.
    `gift_cards` tells of each card whose balance the till knew what became of it.
    """

    payable_minor: int
    rounding_minor: int
    change_minor: int
    tenders: tuple[Tender, ...]
    gift_cards: tuple[GiftCardPayment, ...] = ()


def settle(
    quote: Quote,
    tenders: Sequence[Tender],
    cash_step_minor: int,
    *,
    residue: Residue = "keep",
    gift_card_limit_minor: int | None = None,
) -> Settlement:
    """Check that the tenders pay the quote exactly, change from cash allowed.

    What is left after the other tenders is the cash part and is rounded to `cash_step_minor`
    (0, 10 or 50). A gift card pays at most its balance, where the till knows it, and all of them
    together at most `gift_card_limit_minor`. Raises `InvalidTenders` with code `bad_cash_step`,
    `too_many_tenders`, `bad_tender`, `bonus_tender`, `underpaid`, `overpaid_noncash`,
    `cash_not_needed`, `gift_card_short`, `gift_card_twice` or `gift_card_for_gift_card`.
    """
    if cash_step_minor not in CASH_STEPS:
        raise InvalidTenders("bad_cash_step", f"the step must be one of {CASH_STEPS}", "cash_step")
    _check_tenders(tenders)
    cards = _gift_cards(tenders, residue, gift_card_limit_minor)
    due = quote.payable_minor
    cash = sum(tender.amount_minor for tender in tenders if tender.kind == "cash")
    other = sum(tender.amount_minor for tender in tenders) - cash
    if other > due:
        raise InvalidTenders(
            "overpaid_noncash",
            f"{format_minor(other)} without cash is over {format_minor(due)}",
            "tenders",
        )
    cash_due = due - other
    rounded = round_cash(cash_due, cash_step_minor)
    if cash and not cash_due:
        raise InvalidTenders("cash_not_needed", "everything is paid without cash", "tenders")
    if cash < rounded:
        raise InvalidTenders(
            "underpaid", f"{format_minor(rounded - cash)} more is needed", "tenders"
        )
    return Settlement(
        payable_minor=other + rounded,
        rounding_minor=rounded - cash_due,
        change_minor=cash - rounded,
        tenders=tuple(tenders),
        gift_cards=cards,
    )


def _check_tenders(tenders: Sequence[Tender]) -> None:
    if len(tenders) > MAX_TENDERS:
        raise InvalidTenders("too_many_tenders", f"at most {MAX_TENDERS} tenders", "tenders")
    for tender in tenders:
        amount = tender.amount_minor
        if tender.kind not in get_args(TenderKind):
            raise InvalidTenders("bad_tender", f"unknown tender {tender.kind!r}", "kind")
        if tender.kind == "bonus":
            raise InvalidTenders("bonus_tender", "bonuses are redeemed in the quote", "kind")
        if not isinstance(amount, int) or isinstance(amount, bool):
            raise InvalidTenders("bad_tender", "the amount must be an integer", "amount_minor")
        if not 0 < amount <= MAX_SUM_MINOR:
            raise InvalidTenders("bad_tender", "the amount is out of bounds", "amount_minor")
        if len(tender.reference) > MAX_TEXT:
            raise InvalidTenders("bad_tender", "the reference is too long", "reference")


def _gift_cards(
    tenders: Sequence[Tender], residue: Residue, limit_minor: int | None
) -> tuple[GiftCardPayment, ...]:
    cards = [tender for tender in tenders if tender.kind == "gift_card"]
    named = [tender.reference for tender in cards if tender.reference]
    if len(set(named)) < len(named):
        raise InvalidTenders("gift_card_twice", "one gift card stands twice", "tenders")
    total = sum(tender.amount_minor for tender in cards)
    if limit_minor is not None and total > limit_minor:
        raise InvalidTenders(
            "gift_card_for_gift_card", "a gift card does not pay for a gift card", "tenders"
        )
    return tuple(
        pay(
            GiftCard(tender.reference, tender.balance_minor),
            tender.amount_minor,
            residue,
            tender.amount_minor,
        )
        for tender in cards
        if tender.balance_minor is not None
    )
