"""The figures that two pricings of one sale are compared by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from loyalty.quote import Quote


@dataclass
class Figures:
    """What a pricing found, each row with the promotion it comes from."""

    promotions: list[tuple[str, int, dict[str, int]]] = field(default_factory=list)
    accruals: list[tuple[str, int, dict[str, int]]] = field(default_factory=list)
    gifts: list[tuple[str, int]] = field(default_factory=list)
    tickets: list[tuple[str, int]] = field(default_factory=list)
    coupons: list[str] = field(default_factory=list)
    redeemable: int = 0
    redeemed: tuple[int, int] = (0, 0)


def figures_of(quote: Quote) -> Figures:
    """The engine's figures."""
    return Figures(
        [(p.promotion_id, p.amount_minor, dict(p.shares)) for p in quote.promotions],
        [(a.promotion_id, a.points, dict(a.shares)) for a in quote.accruals],
        [(gift.promotion_id, gift.quantity) for gift in quote.gifts],
        [(given.promotion_id, given.tickets) for given in quote.tickets],
        [coupon.promotion_id for coupon in quote.coupons],
        quote.redeemable_points,
        (quote.redeemed_points, quote.redeemed_minor),
    )


def differences(naive: Figures, engine: Figures) -> Iterator[str]:
    """Each figure that differs."""
    for item in fields(Figures):
        mine, theirs = getattr(naive, item.name), getattr(engine, item.name)
        if mine != theirs:
            yield f"{item.name}: naive {mine}, engine {theirs}"
