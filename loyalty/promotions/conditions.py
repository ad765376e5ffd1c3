"""The closed vocabulary of conditions: what must hold before a promotion acts.

Each kind is one frozen dataclass; `loyalty.promotions.checks.CHECKS` holds its check, so a new
kind is a class here, a check there and a wire model in `sync.contract.rule_conditions`.
Goods of the tobacco class and manual discounts are in no scope, whatever a rule says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from loyalty.basket import TenderKind
from loyalty.promotions.policies import Basis
from loyalty.promotions.scope import Scope, SetPart

Match = Literal["all", "any"]


@dataclass(frozen=True, slots=True)
class ScopeQuantity:
    """At least `at_least` pieces in the scope; a weighed line is one piece.

    `unused_only` counts only pieces that no earlier promotion consumed.
    """

    scope: Scope
    at_least: int
    unused_only: bool = False


@dataclass(frozen=True, slots=True)
class ScopeValue:
    """Goods of the scope cost at least `at_least_minor` kopecks.

    Basis `gross` is the shelf sum; `net` is after the promotions already applied.
    """

    scope: Scope
    at_least_minor: int
    basis: Basis = "gross"


@dataclass(frozen=True, slots=True)
class DistinctSkus:
    """At least `at_least` different SKUs of the scope."""

    scope: Scope
    at_least: int


@dataclass(frozen=True, slots=True)
class CompleteSet:
    """Each part of the set is in the basket; one piece counts for one part only."""

    parts: tuple[SetPart, ...]


@dataclass(frozen=True, slots=True)
class ReceiptValue:
    """The whole receipt (without tobacco) costs at least `at_least_minor` kopecks."""

    at_least_minor: int
    basis: Basis = "gross"


@dataclass(frozen=True, slots=True)
class StoreIn:
    """The sale is in one of these stores, formats and registers; an empty list asks nothing."""

    stores: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    registers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ChannelIn:
    """The sale comes through one of these channels ("till", "web", "kiosk" …)."""

    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class DateRange:
    """The local date lies in the half-open interval [from_on, until_on)."""

    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class Weekday:
    """The local date is one of these ISO weekdays (1 = Monday … 7 = Sunday)."""

    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Local time lies in [from_minute, until_minute), minutes of the day (0…1440).

    When `from_minute` is after `until_minute` the window runs over midnight.
    """

    from_minute: int
    until_minute: int


@dataclass(frozen=True, slots=True)
class BirthdayWindow:
    """The local date is at most so many days before or after the member's birthday.

    A birthday on 29 February is kept on 28 February in other years.
    """

    days_before: int = 0
    days_after: int = 0


@dataclass(frozen=True, slots=True)
class MemberKnown:
    """A member who is not blocked was identified."""


@dataclass(frozen=True, slots=True)
class MemberGroup:
    """The member belongs to one of these groups, or has a tier of this name."""

    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class MemberTier:
    """The member has one of these tiers."""

    tiers: frozenset[str]


@dataclass(frozen=True, slots=True)
class MemberSegment:
    """The centre counts the member to one of these segments."""

    segments: frozenset[str]


@dataclass(frozen=True, slots=True)
class NthPurchase:
    """This would be the member's n-th completed purchase, for an n of `numbers` (from 1).

    With `every` = k, each k-th purchase holds as well.
    """

    numbers: frozenset[int] = frozenset()
    every: int | None = None


@dataclass(frozen=True, slots=True)
class FirstPurchase:
    """The member has no completed purchase yet."""


@dataclass(frozen=True, slots=True)
class DaysSincePurchase:
    """Local days since the member's last purchase lie in [at_least, at_most].

    A member without a purchase does not pass.
    """

    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class CouponHeld:
    """The member holds one of these coupons and it has not run out."""

    coupons: frozenset[str]


@dataclass(frozen=True, slots=True)
class CodeEntered:
    """One of these codes was typed or scanned for this sale; codes compare in upper case."""

    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TenderIn:
    """The buyer said how they pay, and all (or any) of the means are of these kinds."""

    kinds: frozenset[TenderKind]
    match: Match = "all"


@dataclass(frozen=True, slots=True)
class CashierIsNotMember:
    """The member is not the cashier at this register; an unknown cashier passes."""


@dataclass(frozen=True, slots=True)
class PointsAtLeast:
    """The member's available balance is at least `points` hundredths of a bonus."""

    points: int


Condition = (
    ScopeQuantity
    | ScopeValue
    | DistinctSkus
    | CompleteSet
    | ReceiptValue
    | StoreIn
    | ChannelIn
    | DateRange
    | Weekday
    | TimeWindow
    | BirthdayWindow
    | MemberKnown
    | MemberGroup
    | MemberTier
    | MemberSegment
    | NthPurchase
    | FirstPurchase
    | DaysSincePurchase
    | CouponHeld
    | CodeEntered
    | TenderIn
    | CashierIsNotMember
    | PointsAtLeast
)

CONDITION_KINDS: dict[str, type[Condition]] = {
    "scope_quantity": ScopeQuantity,
    "scope_value": ScopeValue,
    "distinct_skus": DistinctSkus,
    "complete_set": CompleteSet,
    "receipt_value": ReceiptValue,
    "store": StoreIn,
    "channel": ChannelIn,
    "date_range": DateRange,
    "weekday": Weekday,
    "time_window": TimeWindow,
    "birthday": BirthdayWindow,
    "member_known": MemberKnown,
    "member_group": MemberGroup,
    "member_tier": MemberTier,
    "member_segment": MemberSegment,
    "nth_purchase": NthPurchase,
    "first_purchase": FirstPurchase,
    "days_since_purchase": DaysSincePurchase,
    "coupon_held": CouponHeld,
    "code_entered": CodeEntered,
    "tender_kind": TenderIn,
    "cashier_is_not_member": CashierIsNotMember,
    "points_at_least": PointsAtLeast,
}
