"""English texts."""

from __future__ import annotations

from receipt_templates.texts import Texts


def bonuses(points: int) -> str:
    """1 bonus, 2 bonuses, 1.50 bonuses."""
    return "bonus" if points == 100 else "bonuses"


TEXTS = Texts(
    total_discount="Total discounts",
    paid_with_bonuses="Paid with bonuses",
    other_promotions="Other promotions",
    gift="Gift: {name}",
    coupon="Coupon: {text}",
    coupon_until="Code {code}, valid through {day}",
    tickets="Draw “{draw}”, tickets",
    member="Member: {name}",
    earned="Earned",
    will_be_earned="To be credited",
    redeemed="Redeemed",
    balance="Balance",
    balance_as_of="Balance as of {time}",
    burns="Next to expire",
    kept="your bonuses are kept",
    returned_bonuses="Given back",
    withdrawn_bonuses="Taken back",
    promotions_head="YOUR SAVINGS",
    bonuses_head="BONUSES",
    offers_head="JUST FOR YOU",
    page_caption="Your account and offers",
    register="Register {register}",
    no_receipt="not a settlement document",
    thanks="Thank you for your purchase!",
    locale="en",
    decimal=".",
    plural=bonuses,
)
