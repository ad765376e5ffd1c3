"""What a sale gives beside money and points: gifts to hand out, coupons, draw tickets."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.sentences import Language, sentence
from loyalty.quote import Quote


@dataclass(frozen=True, slots=True)
class GiftView:
    """Pieces handed out at no price, and the line the cashier reads."""

    promotion_id: str
    sku: str
    name: str
    quantity: int
    sentence: str


@dataclass(frozen=True, slots=True)
class RewardView:
    """A coupon (`code`, valid `valid_days`) or draw tickets (`quantity`) that the sale earns."""

    promotion_id: str
    kind: str
    code: str
    quantity: int
    valid_days: int
    sentence: str


def gift_views(quote: Quote | None, locale: Language) -> list[GiftView]:
    """Gifts of a quote."""
    return [
        GiftView(
            gift.promotion_id,
            gift.sku,
            gift.name,
            gift.quantity,
            sentence("gift", locale, name=gift.name, quantity=str(gift.quantity)),
        )
        for gift in (quote.gifts if quote else ())
    ]


def reward_views(quote: Quote | None, locale: Language) -> list[RewardView]:
    """Coupons and tickets of a quote."""
    if quote is None:
        return []
    coupons = [
        RewardView(
            each.promotion_id,
            "coupon",
            each.coupon,
            1,
            each.valid_days,
            sentence("coupon_earned", locale, name=each.text or each.coupon),
        )
        for each in quote.coupons
    ]
    tickets = [
        RewardView(
            each.promotion_id,
            "tickets",
            each.draw,
            each.tickets,
            0,
            sentence("tickets_earned", locale, name=each.draw, quantity=str(each.tickets)),
        )
        for each in quote.tickets
    ]
    return coupons + tickets
