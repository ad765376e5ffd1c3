"""The closed vocabulary of effects: what a promotion gives once its conditions hold.

Each kind is one frozen dataclass; the rooms `prices`, `sets` and `accruals` hold what it does, so
a new kind is a class here, a reward there and a wire model in `sync.contract.rule_effects`.
Where a choice is None, the programme's policy decides. Points are hundredths of a bonus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loyalty.promotions.policies import Basis, Overflow, Pick, RoundAt
from loyalty.promotions.scope import EVERYTHING, Scope, SetPart

PercentPer = Literal["line", "receipt"]
AmountPer = Literal["line", "unit", "receipt"]
Place = Literal["screen", "receipt"]


@dataclass(frozen=True, slots=True)
class Units:
    """Which pieces of the target an effect takes; nothing set means all of them.

    `at_most` pieces in all and `at_most_per_line` of each line are taken in the order of `pick`;
    `unused_only` leaves out pieces that an earlier promotion consumed. With fewer than
    `needed` pieces in the target the promotion does not act.
    """

    at_most: int | None = None
    at_most_per_line: int | None = None
    pick: Pick | None = None
    unused_only: bool = False
    needed: int = 0

    @property
    def is_whole(self) -> bool:
        """True when all pieces are taken, whatever the order."""
        return self.at_most is None and self.at_most_per_line is None and not self.unused_only


ALL_UNITS = Units()


@dataclass(frozen=True, slots=True)
class PercentOff:
    """`percent_bp` of what the target costs, rounded by the policy, then split by value.

    Per `line` it acts with the line promotions, per `receipt` after them; the basis `net` is the
    price after earlier promotions, `gross` the shelf price.
    """

    target: Scope
    percent_bp: int
    per: PercentPer = "line"
    basis: Basis | None = None
    round_at: RoundAt | None = None
    overflow: Overflow | None = None
    units: Units = ALL_UNITS


@dataclass(frozen=True, slots=True)
class AmountOff:
    """Fixed kopecks off each target line, each target piece, or once off the receipt's target."""

    target: Scope
    amount_minor: int
    per: AmountPer
    overflow: Overflow | None = None
    units: Units = ALL_UNITS


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Each target piece costs `price_minor`, where that is cheaper than its price now."""

    target: Scope
    price_minor: int
    units: Units = ALL_UNITS


@dataclass(frozen=True, slots=True)
class SetPrice:
    """One of each part together cost `price_minor`, where that is cheaper; again for each set."""

    parts: tuple[SetPart, ...]
    price_minor: int
    pick: Pick | None = None
    max_sets: int | None = None


@dataclass(frozen=True, slots=True)
class NForM:
    """Of every `take` target pieces, `take - pay` are `percent_bp` cheaper (10 000 = free).

    `pick` says which: the cheapest of all pieces that stand in sets, or the dearest. A piece is
    used by one set only. What the floor of a free piece refuses moves to the other lines.
    """

    target: Scope
    take: int
    pay: int
    percent_bp: int = 10_000
    pick: Pick | None = None
    max_sets: int | None = None


@dataclass(frozen=True, slots=True)
class NthUnitPercent:
    """Every `nth` target piece is `percent_bp` cheaper, counting from the dearest down."""

    target: Scope
    nth: int
    percent_bp: int
    max_units: int | None = None


@dataclass(frozen=True, slots=True)
class GiftItem:
    """`quantity` pieces of a SKU on top for every `per_units` pieces of `scope`, or once.

    The gift is no line of the basket: it costs nothing, counts for nothing and is handed out.
    """

    sku: str
    name: tuple[tuple[str, str], ...]
    quantity: int = 1
    scope: Scope = EVERYTHING
    per_units: int | None = None


@dataclass(frozen=True, slots=True)
class AccruePercent:
    """Points worth `percent_bp` of the money paid for the target, rounded down once."""

    target: Scope
    percent_bp: int


@dataclass(frozen=True, slots=True)
class AccruePerAmount:
    """`points` for each `per_minor` kopecks paid for the target: whole steps only, or by ratio."""

    target: Scope
    points: int
    per_minor: int
    in_steps: bool = True


@dataclass(frozen=True, slots=True)
class AccruePerUnit:
    """`points` for each target piece."""

    target: Scope
    points: int


@dataclass(frozen=True, slots=True)
class AccrueFixed:
    """`points` once for the receipt, carried by the target lines."""

    target: Scope
    points: int


@dataclass(frozen=True, slots=True)
class AccrueMultiplier:
    """What the target earned by the promotions before, times `factor_bp` / 10 000 (from 10 001)."""

    target: Scope
    factor_bp: int


@dataclass(frozen=True, slots=True)
class RedeemAllowance:
    """Other bounds on what bonuses may pay of this receipt; None keeps the programme's."""

    max_share_bp: int | None = None
    cap_minor: int | None = None
    min_money_minor: int | None = None


@dataclass(frozen=True, slots=True)
class CouponIssue:
    """A coupon for a later purchase, valid from the sale's confirmation for `valid_days` days."""

    coupon: str
    valid_days: int
    text: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DrawTicket:
    """`tickets` of a draw, once or for each whole `per_minor` kopecks paid for the target."""

    draw: str
    target: Scope = EVERYTHING
    tickets: int = 1
    per_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A text for the cashier's screen or the receipt, as (locale, text) pairs."""

    place: Place
    text: tuple[tuple[str, str], ...]


PriceEffect = PercentOff | AmountOff | FixedPrice | SetPrice | NForM | NthUnitPercent
AccrualEffect = AccruePercent | AccruePerAmount | AccruePerUnit | AccrueFixed | AccrueMultiplier
Effect = (
    PriceEffect | GiftItem | AccrualEffect | RedeemAllowance | CouponIssue | DrawTicket | Message
)

EFFECT_KINDS: dict[str, type[Effect]] = {
    "percent": PercentOff,
    "amount": AmountOff,
    "fixed_price": FixedPrice,
    "set_price": SetPrice,
    "n_for_m": NForM,
    "nth_unit": NthUnitPercent,
    "gift_item": GiftItem,
    "accrue_percent": AccruePercent,
    "accrue_per_amount": AccruePerAmount,
    "accrue_per_unit": AccruePerUnit,
    "accrue_fixed": AccrueFixed,
    "accrue_multiplier": AccrueMultiplier,
    "redeem_allowance": RedeemAllowance,
    "coupon_issue": CouponIssue,
    "draw_ticket": DrawTicket,
    "message": Message,
}
