"""The shape of a locale's texts. A locale is data: one module with one `Texts`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """Words of one locale; `plural` takes hundredths of a bonus and gives the noun for them."""

    total_discount: str
    paid_with_bonuses: str
    other_promotions: str
    gift: str
    coupon: str
    coupon_until: str
    tickets: str
    member: str
    earned: str
    will_be_earned: str
    redeemed: str
    balance: str
    balance_as_of: str
    burns: str
    kept: str
    returned_bonuses: str
    withdrawn_bonuses: str
    promotions_head: str
    bonuses_head: str
    offers_head: str
    page_caption: str
    register: str
    no_receipt: str
    thanks: str
    locale: str
    decimal: str
    plural: Callable[[int], str]

    def money(self, amount_minor: int) -> str:
        """Kopecks with two digits: 123450 → "1234,50"."""
        sign = "-" if amount_minor < 0 else ""
        whole, rest = divmod(abs(amount_minor), 100)
        return f"{sign}{whole}{self.decimal}{rest:02d}"

    def points(self, points: int) -> str:
        """Hundredths of a bonus with their noun; whole bonuses without digits after the comma."""
        whole, rest = divmod(abs(points), 100)
        sign = "-" if points < 0 else ""
        figure = f"{whole}{self.decimal}{rest:02d}" if rest else str(whole)
        return f"{sign}{figure} {self.plural(abs(points))}"
