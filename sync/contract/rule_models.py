"""The wire form of rules: closed, typed, bounded models that become the core's frozen dataclasses.

An unknown field or kind is an error, numbers are strict integers, texts hold no control
characters. Dates and times stay text here, so that a file keeps its own bytes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.ruleset import WEIGHED_PREFIXES, Programme, Promotion, Texts

MAX_SCOPE_ITEMS = 5_000
MAX_CONDITIONS = 20
MAX_MESSAGES = 5
MAX_AMOUNT_MINOR = 100_000_000


def _local_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _local_date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("unknown time zone") from None
    return name


Int = Annotated[int, Field(strict=True)]
Bool = Annotated[bool, Field(strict=True)]
Amount = Annotated[int, Field(strict=True, ge=1, le=MAX_AMOUNT_MINOR)]
Share = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Words = Annotated[list[Word], Field(max_length=MAX_SCOPE_ITEMS)]
LocaleTexts = Annotated[dict[Locale, Text], Field(min_length=1, max_length=8)]
LocalDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_local_date)]
LocalInstant = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$"), AfterValidator(_local_instant)
]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Prefix = Annotated[str, Field(pattern=r"^\d{1,6}$")]


class RuleModel(BaseModel):
    """Base of all rule models: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def texts(mapping: dict[str, str]) -> Texts:
    """(locale, text) pairs in a fixed order."""
    return tuple(sorted(mapping.items()))


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


class ExclusionModel(RuleModel):
    """What a scope leaves out."""

    skus: Words = []
    groups: Words = []
    tags: Words = []


class ScopeModel(RuleModel):
    """Lines of a basket: `all`, or those listed by SKU, group (with its children) or tag."""

    all: Bool = False
    skus: Words = []
    groups: Words = []
    tags: Words = []
    exclude: ExclusionModel = ExclusionModel()
    exclude_reduced: Bool = False
    label: Annotated[dict[Locale, Text], Field(max_length=8)] = {}

    def to_rule(self) -> when.Scope:
        return when.Scope(
            is_all=self.all,
            skus=frozenset(self.skus),
            groups=frozenset(self.groups),
            tags=frozenset(self.tags),
            excluded_skus=frozenset(self.exclude.skus),
            excluded_groups=frozenset(self.exclude.groups),
            excluded_tags=frozenset(self.exclude.tags),
            excludes_reduced=self.exclude_reduced,
            label=texts(self.label),
        )


class ScopeQuantityModel(RuleModel):
    """At least so many pieces of the scope."""

    kind: Literal["scope_quantity"]
    scope: ScopeModel
    at_least: Annotated[int, Field(strict=True, ge=1, le=10_000)]

    def to_rule(self) -> when.Condition:
        return when.ScopeQuantity(self.scope.to_rule(), self.at_least)


class ScopeValueModel(RuleModel):
    """The scope costs at least so much."""

    kind: Literal["scope_value"]
    scope: ScopeModel
    at_least_minor: Amount
    basis: when.Basis = "gross"

    def to_rule(self) -> when.Condition:
        return when.ScopeValue(self.scope.to_rule(), self.at_least_minor, self.basis)


class ReceiptValueModel(RuleModel):
    """The receipt costs at least so much, tobacco not counted."""

    kind: Literal["receipt_value"]
    at_least_minor: Amount
    basis: when.Basis = "gross"

    def to_rule(self) -> when.Condition:
        return when.ReceiptValue(self.at_least_minor, self.basis)


class StoreModel(RuleModel):
    """The sale is in one of these stores."""

    kind: Literal["store"]
    stores: Annotated[list[Identifier], Field(max_length=MAX_SCOPE_ITEMS)]

    def to_rule(self) -> when.Condition:
        return when.StoreIn(frozenset(self.stores))


class DateRangeModel(RuleModel):
    """The local date is in [from_on, until_on)."""

    kind: Literal["date_range"]
    from_on: LocalDate | None = None
    until_on: LocalDate | None = None

    def to_rule(self) -> when.Condition:
        return when.DateRange(
            date.fromisoformat(self.from_on) if self.from_on else None,
            date.fromisoformat(self.until_on) if self.until_on else None,
        )


class WeekdayModel(RuleModel):
    """The local date is one of these ISO weekdays, 1 = Monday."""

    kind: Literal["weekday"]
    days: Annotated[list[Annotated[int, Field(strict=True, ge=1, le=7)]], Field(max_length=7)]

    def to_rule(self) -> when.Condition:
        return when.Weekday(frozenset(self.days))


class TimeWindowModel(RuleModel):
    """Local time is in [from_time, until_time), over midnight when it starts after its end."""

    kind: Literal["time_window"]
    from_time: Clock
    until_time: Clock

    def to_rule(self) -> when.Condition:
        return when.TimeWindow(_minutes(self.from_time), _minutes(self.until_time))


class BirthdayModel(RuleModel):
    """The member's birthday is at most so many days away."""

    kind: Literal["birthday"]
    days_before: Annotated[int, Field(strict=True, ge=0, le=60)] = 0
    days_after: Annotated[int, Field(strict=True, ge=0, le=60)] = 0

    def to_rule(self) -> when.Condition:
        return when.BirthdayWindow(self.days_before, self.days_after)


class MemberKnownModel(RuleModel):
    """A member was identified."""

    kind: Literal["member_known"]

    def to_rule(self) -> when.Condition:
        return when.MemberKnown()


class MemberGroupModel(RuleModel):
    """The member is in one of these groups or tiers."""

    kind: Literal["member_group"]
    groups: Annotated[list[Word], Field(max_length=200)]

    def to_rule(self) -> when.Condition:
        return when.MemberGroup(frozenset(self.groups))


ConditionModel = Annotated[
    ScopeQuantityModel
    | ScopeValueModel
    | ReceiptValueModel
    | StoreModel
    | DateRangeModel
    | WeekdayModel
    | TimeWindowModel
    | BirthdayModel
    | MemberKnownModel
    | MemberGroupModel,
    Field(discriminator="kind"),
]


class PercentModel(RuleModel):
    """Percent off the target, per line or over the receipt."""

    kind: Literal["percent"]
    target: ScopeModel
    percent_bp: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    per: then.PercentPer = "line"

    def to_rule(self) -> then.Effect:
        return then.PercentOff(self.target.to_rule(), self.percent_bp, self.per)


class AmountModel(RuleModel):
    """Fixed kopecks off each line, each piece or the receipt."""

    kind: Literal["amount"]
    target: ScopeModel
    amount_minor: Amount
    per: then.AmountPer

    def to_rule(self) -> then.Effect:
        return then.AmountOff(self.target.to_rule(), self.amount_minor, self.per)


class NForMModel(RuleModel):
    """Of every `take` pieces `pay` are paid, the cheapest are free."""

    kind: Literal["n_for_m"]
    target: ScopeModel
    take: Annotated[int, Field(strict=True, ge=2, le=1_000)]
    pay: Annotated[int, Field(strict=True, ge=1, le=999)]

    @model_validator(mode="after")
    def _fewer_are_paid(self) -> Self:
        if self.pay >= self.take:
            raise ValueError("pay must be less than take")
        return self

    def to_rule(self) -> then.Effect:
        return then.NForM(self.target.to_rule(), self.take, self.pay)


class AccruePercentModel(RuleModel):
    """Points worth a percentage of the money paid for the target."""

    kind: Literal["accrue_percent"]
    target: ScopeModel
    percent_bp: Annotated[int, Field(strict=True, ge=1, le=100_000)]

    def to_rule(self) -> then.Effect:
        return then.AccruePercent(self.target.to_rule(), self.percent_bp)


class RedeemAllowanceModel(RuleModel):
    """Another largest share that bonuses may pay."""

    kind: Literal["redeem_allowance"]
    max_share_bp: Share

    def to_rule(self) -> then.Effect:
        return then.RedeemAllowance(self.max_share_bp)


class MessageModel(RuleModel):
    """A text shown when the promotion acts."""

    place: then.Place
    text: LocaleTexts

    def to_rule(self) -> then.Message:
        return then.Message(self.place, texts(self.text))


class MessageEffectModel(MessageModel):
    """A promotion that only says something."""

    kind: Literal["message"]


EffectModel = Annotated[
    PercentModel
    | AmountModel
    | NForMModel
    | AccruePercentModel
    | RedeemAllowanceModel
    | MessageEffectModel,
    Field(discriminator="kind"),
]


class ProgrammeModel(RuleModel):
    """The programme's figures; see `loyalty.promotions.ruleset.Programme`."""

    minor_per_bonus: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 100
    redeem_as: Literal["discount", "payment"] = "discount"
    redeem_max_share_bp: Share = 5_000
    redeem_min_money_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT_MINOR)] = 0
    redeem_excluded_groups: Words = []
    accrual_valid_days: Annotated[int, Field(strict=True, ge=1, le=3_660)] | None = 365
    accrual_excluded_groups: Words = []
    accrual_excludes_reduced: Bool = False
    card_prefixes: Annotated[list[Prefix], Field(max_length=20)] = ["042"]
    weighed_prefixes: Annotated[list[Prefix], Field(max_length=20)] = list(WEIGHED_PREFIXES)
    min_strength_redeem_online: Annotated[int, Field(strict=True, ge=0, le=100)] = 20
    min_strength_redeem_offline: Annotated[int, Field(strict=True, ge=0, le=100)] = 20
    unit_floor_minor: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 1
    timezone: Annotated[str, Field(max_length=40), AfterValidator(_zone)] = "Europe/Kyiv"

    def to_rule(self) -> Programme:
        values = dict(self)
        for name in ("redeem_excluded_groups", "accrual_excluded_groups"):
            values[name] = frozenset(values[name])
        for name in ("card_prefixes", "weighed_prefixes"):
            values[name] = tuple(values[name])
        return Programme(**values)


class PromotionModel(RuleModel):
    """One promotion; see `loyalty.promotions.ruleset.Promotion`."""

    promotion_id: Identifier
    name: LocaleTexts
    effect: EffectModel
    priority: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)] = 0
    group: Annotated[str, Field(max_length=64)] = ""
    state: Literal["live", "shadow"] = "live"
    valid_from: LocalInstant | None = None
    valid_until: LocalInstant | None = None
    stores: Annotated[list[Identifier], Field(max_length=MAX_SCOPE_ITEMS)] = []
    conditions: Annotated[list[ConditionModel], Field(max_length=MAX_CONDITIONS)] = []
    messages: Annotated[list[MessageModel], Field(max_length=MAX_MESSAGES)] = []

    def to_rule(self) -> Promotion:
        return Promotion(
            promotion_id=self.promotion_id,
            name=texts(self.name),
            effect=self.effect.to_rule(),
            priority=self.priority,
            group=self.group,
            state=self.state,
            valid_from=datetime.fromisoformat(self.valid_from) if self.valid_from else None,
            valid_until=datetime.fromisoformat(self.valid_until) if self.valid_until else None,
            stores=frozenset(self.stores),
            conditions=tuple(condition.to_rule() for condition in self.conditions),
            messages=tuple(message.to_rule() for message in self.messages),
        )
