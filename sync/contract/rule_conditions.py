"""The conditions of a rule file: one model for each kind of `CONDITION_KINDS`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from loyalty.basket import TenderKind
from loyalty.promotions import conditions as when
from loyalty.promotions.policies import Basis
from sync.contract.rule_fields import (
    Amount,
    Bool,
    Clock,
    Codes,
    FewWords,
    LocalDate,
    Pieces,
    Places,
    Points,
    RuleModel,
    Uses,
    minutes_of,
    rule_fields,
)
from sync.contract.rule_scopes import ScopeModel, SetParts

NearDays = Annotated[int, Field(strict=True, ge=0, le=60)]
PastDays = Annotated[int, Field(strict=True, ge=0, le=36_600)]
DayNumber = Annotated[int, Field(strict=True, ge=1, le=7)]


class ConditionBase(RuleModel):
    """What all conditions share: the dataclass they become."""

    rule: ClassVar[type[when.Condition]]

    def to_rule(self) -> when.Condition:
        return self.rule(**rule_fields(self))


class ScopeQuantityModel(ConditionBase):
    """At least so many pieces of the scope."""

    rule = when.ScopeQuantity
    kind: Literal["scope_quantity"]
    scope: ScopeModel
    at_least: Pieces
    unused_only: Bool = False


class ScopeValueModel(ConditionBase):
    """The scope costs at least so much."""

    rule = when.ScopeValue
    kind: Literal["scope_value"]
    scope: ScopeModel
    at_least_minor: Amount
    basis: Basis = "gross"


class DistinctSkusModel(ConditionBase):
    """At least so many different SKUs of the scope."""

    rule = when.DistinctSkus
    kind: Literal["distinct_skus"]
    scope: ScopeModel
    at_least: Pieces


class CompleteSetModel(ConditionBase):
    """Each part of the set is in the basket."""

    rule = when.CompleteSet
    kind: Literal["complete_set"]
    parts: SetParts


class ReceiptValueModel(ConditionBase):
    """The receipt costs at least so much, tobacco not counted."""

    rule = when.ReceiptValue
    kind: Literal["receipt_value"]
    at_least_minor: Amount
    basis: Basis = "gross"


class StoreModel(ConditionBase):
    """The sale is in one of these stores, formats and registers; an empty list asks nothing."""

    rule = when.StoreIn
    kind: Literal["store"]
    stores: Places = []
    formats: FewWords = []
    registers: Places = []


class ChannelModel(ConditionBase):
    """The sale comes through one of these channels."""

    rule = when.ChannelIn
    kind: Literal["channel"]
    channels: FewWords


class DateRangeModel(ConditionBase):
    """The local date is in [from_on, until_on)."""

    rule = when.DateRange
    kind: Literal["date_range"]
    from_on: LocalDate | None = None
    until_on: LocalDate | None = None

    def to_rule(self) -> when.Condition:
        return when.DateRange(
            date.fromisoformat(self.from_on) if self.from_on else None,
            date.fromisoformat(self.until_on) if self.until_on else None,
        )


class WeekdayModel(ConditionBase):
    """The local date is one of these ISO weekdays, 1 = Monday."""

    rule = when.Weekday
    kind: Literal["weekday"]
    days: Annotated[list[DayNumber], Field(max_length=7)]


class TimeWindowModel(ConditionBase):
    """Local time is in [from_time, until_time), over midnight when it starts after its end."""

    rule = when.TimeWindow
    kind: Literal["time_window"]
    from_time: Clock
    until_time: Clock

    def to_rule(self) -> when.Condition:
        return when.TimeWindow(minutes_of(self.from_time), minutes_of(self.until_time))


class BirthdayModel(ConditionBase):
    """The member's birthday is at most so many days away."""

    rule = when.BirthdayWindow
    kind: Literal["birthday"]
    days_before: NearDays = 0
    days_after: NearDays = 0


class MemberKnownModel(ConditionBase):
    """A member was identified."""

    rule = when.MemberKnown
    kind: Literal["member_known"]


class MemberGroupModel(ConditionBase):
    """The member is in one of these groups or tiers."""

    rule = when.MemberGroup
    kind: Literal["member_group"]
    groups: FewWords


class MemberTierModel(ConditionBase):
    """The member has one of these tiers."""

    rule = when.MemberTier
    kind: Literal["member_tier"]
    tiers: FewWords


class MemberSegmentModel(ConditionBase):
    """The centre counts the member to one of these segments."""

    rule = when.MemberSegment
    kind: Literal["member_segment"]
    segments: FewWords


class NthPurchaseModel(ConditionBase):
    """This would be the member's n-th purchase, or a multiple of `every`."""

    rule = when.NthPurchase
    kind: Literal["nth_purchase"]
    numbers: Annotated[list[Uses], Field(max_length=200)] = []
    every: Uses | None = None


class FirstPurchaseModel(ConditionBase):
    """The member has not bought yet."""

    rule = when.FirstPurchase
    kind: Literal["first_purchase"]


class DaysSincePurchaseModel(ConditionBase):
    """The member's last purchase was so many days ago, both ends inclusive."""

    rule = when.DaysSincePurchase
    kind: Literal["days_since_purchase"]
    at_least: PastDays = 0
    at_most: PastDays | None = None


class CouponHeldModel(ConditionBase):
    """The member holds one of these coupons."""

    rule = when.CouponHeld
    kind: Literal["coupon_held"]
    coupons: FewWords


class CodeEnteredModel(ConditionBase):
    """One of these codes was typed or scanned; upper and lower case are the same."""

    rule = when.CodeEntered
    kind: Literal["code_entered"]
    codes: Codes

    def to_rule(self) -> when.Condition:
        return when.CodeEntered(frozenset(code.upper() for code in self.codes))


class TenderKindModel(ConditionBase):
    """The buyer pays by these means only, or by one of them at least (`match`: `any`)."""

    rule = when.TenderIn
    kind: Literal["tender_kind"]
    kinds: Annotated[list[TenderKind], Field(max_length=5)]
    match: when.Match = "all"


class CashierIsNotMemberModel(ConditionBase):
    """The member is not the cashier at this register."""

    rule = when.CashierIsNotMember
    kind: Literal["cashier_is_not_member"]


class PointsAtLeastModel(ConditionBase):
    """The member has at least so many hundredths of a bonus."""

    rule = when.PointsAtLeast
    kind: Literal["points_at_least"]
    points: Points


ConditionModel = Annotated[
    ScopeQuantityModel
    | ScopeValueModel
    | DistinctSkusModel
    | CompleteSetModel
    | ReceiptValueModel
    | StoreModel
    | ChannelModel
    | DateRangeModel
    | WeekdayModel
    | TimeWindowModel
    | BirthdayModel
    | MemberKnownModel
    | MemberGroupModel
    | MemberTierModel
    | MemberSegmentModel
    | NthPurchaseModel
    | FirstPurchaseModel
    | DaysSincePurchaseModel
    | CouponHeldModel
    | CodeEnteredModel
    | TenderKindModel
    | CashierIsNotMemberModel
    | PointsAtLeastModel,
    Field(discriminator="kind"),
]
