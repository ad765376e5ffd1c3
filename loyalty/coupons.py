"""Coupons for a later purchase: what a member holds once a sale is confirmed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from loyalty.member import HeldCoupon
from loyalty.quote import Quote


def held_after(held: Iterable[HeldCoupon], quote: Quote, on: date) -> tuple[HeldCoupon, ...]:
    """The member's coupons after a sale that was confirmed on the local day `on`.

    One coupon of each code that the quote used up is gone, the one that runs out first; what the
    quote issues is there and valid through the last of its days. Until the confirmation nothing
    changes, so a coupon never serves the sale that earned it.
    """
    left = sorted(held, key=lambda coupon: (coupon.expires_on or "9999-12-31", coupon.code))
    for code in quote.used_coupons:
        for number, coupon in enumerate(left):
            if coupon.code == code:
                del left[number]
                break
    issued = (
        HeldCoupon(coupon.coupon, (on + timedelta(days=coupon.valid_days)).isoformat())
        for coupon in quote.coupons
    )
    return (*left, *issued)
