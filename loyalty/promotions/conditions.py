"""The closed vocabulary of conditions: what must hold before a promotion acts.

Each kind is one frozen dataclass; `loyalty.promotions.checks.CHECKS` holds its check, so a new
kind is a class here, a check there and a wire model in `sync.contract.rule_models`.
Goods of the tobacco class and manual discounts are in no scope, whatever a rule says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Basis = Literal["gross", "net"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of basket lines: everything, or those listed by SKU, group (with children) or tag.

    Exclusions win over inclusions. `label` names the goods for people, as (locale, text) pairs.
    """

    is_all: bool = False
    skus: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    excluded_skus: frozenset[str] = frozenset()
    excluded_groups: frozenset[str] = frozenset()
    excluded_tags: frozenset[str] = frozenset()
    excludes_reduced: bool = False
    label: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScopeQuantity:
    """At least `at_least` pieces in the scope; a weighed line is one piece."""

    scope: Scope
    at_least: int


@dataclass(frozen=True, slots=True)
class ScopeValue:
    """Goods of the scope cost at least `at_least_minor` kopecks.

    Basis `gross` is the shelf sum; `net` is after the promotions already applied.
    """

    scope: Scope
    at_least_minor: int
    basis: Basis = "gross"


@dataclass(frozen=True, slots=True)
class ReceiptValue:
    """The whole receipt (without tobacco) costs at least `at_least_minor` kopecks."""

    at_least_minor: int
    basis: Basis = "gross"


@dataclass(frozen=True, slots=True)
class StoreIn:
    """The sale is in one of these stores."""

    stores: frozenset[str]


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


Condition = (
    ScopeQuantity
    | ScopeValue
    | ReceiptValue
    | StoreIn
    | DateRange
    | Weekday
    | TimeWindow
    | BirthdayWindow
    | MemberKnown
    | MemberGroup
)

CONDITION_KINDS: dict[str, type[Condition]] = {
    "scope_quantity": ScopeQuantity,
    "scope_value": ScopeValue,
    "receipt_value": ReceiptValue,
    "store": StoreIn,
    "date_range": DateRange,
    "weekday": Weekday,
    "time_window": TimeWindow,
    "birthday": BirthdayWindow,
    "member_known": MemberKnown,
    "member_group": MemberGroup,
}
