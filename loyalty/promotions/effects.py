"""The closed vocabulary of effects: what a promotion gives once its conditions hold.

Each kind is one frozen dataclass; `loyalty.promotions.rewards.REWARDS` holds what it does, so a
new kind is a class here, a reward there and a wire model in `sync.contract.rule_models`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loyalty.promotions.conditions import Scope

PercentPer = Literal["line", "receipt"]
AmountPer = Literal["line", "unit", "receipt"]
Place = Literal["screen", "receipt"]


@dataclass(frozen=True, slots=True)
class PercentOff:
    """`percent_bp` of what the target costs now, rounded half-up once, then split by value.

    Per `line` it acts with the line promotions, and what a floor refuses is dropped; per
    `receipt` it acts after them, and what a floor refuses moves to the other target lines.
    """

    target: Scope
    percent_bp: int
    per: PercentPer = "line"


@dataclass(frozen=True, slots=True)
class AmountOff:
    """Fixed kopecks off each target line, each target piece, or once off the receipt's target."""

    target: Scope
    amount_minor: int
    per: AmountPer


@dataclass(frozen=True, slots=True)
class NForM:
    """Of every `take` target pieces only `pay` are paid; the cheapest are free.

    A piece is used by one set only. What the floor of a free piece refuses moves to the other
    lines of the sets.
    """

    target: Scope
    take: int
    pay: int


@dataclass(frozen=True, slots=True)
class AccruePercent:
    """Points worth `percent_bp` of the money paid for the target, rounded down once."""

    target: Scope
    percent_bp: int


@dataclass(frozen=True, slots=True)
class RedeemAllowance:
    """The most that bonuses may pay of this receipt, in place of the programme's share."""

    max_share_bp: int


@dataclass(frozen=True, slots=True)
class Message:
    """A text for the cashier's screen or the receipt, as (locale, text) pairs."""

    place: Place
    text: tuple[tuple[str, str], ...]


Effect = PercentOff | AmountOff | NForM | AccruePercent | RedeemAllowance | Message

EFFECT_KINDS: dict[str, type[Effect]] = {
    "percent": PercentOff,
    "amount": AmountOff,
    "n_for_m": NForM,
    "accrue_percent": AccruePercent,
    "redeem_allowance": RedeemAllowance,
    "message": Message,
}
