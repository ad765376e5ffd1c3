"""The effects of a rule file: one model for each kind of `EFFECT_KINDS`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from loyalty.promotions import effects as then
from loyalty.promotions.policies import Basis, Overflow, Pick, RoundAt
from sync.contract.rule_fields import (
    Amount,
    AmountOrZero,
    Bool,
    Days,
    EarnPercent,
    LocaleTexts,
    OptionalTexts,
    Percent,
    Pieces,
    PiecesOrZero,
    Points,
    RuleModel,
    Share,
    Word,
    rule_fields,
)
from sync.contract.rule_scopes import EVERYTHING, ScopeModel, SetParts

SetSize = Annotated[int, Field(strict=True, ge=1, le=1_000)]
PaidUnits = Annotated[int, Field(strict=True, ge=0, le=999)]
Factor = Annotated[int, Field(strict=True, ge=10_001, le=1_000_000)]


class UnitsModel(RuleModel):
    """Which pieces of the target an effect takes; nothing set means all of them."""

    at_most: Pieces | None = None
    at_most_per_line: Pieces | None = None
    pick: Pick | None = None
    unused_only: Bool = False
    needed: PiecesOrZero = 0

    def to_rule(self) -> then.Units:
        return then.Units(**rule_fields(self))


ALL_UNITS = UnitsModel()


class EffectBase(RuleModel):
    """What all effects share: the dataclass they become."""

    rule: ClassVar[type[then.Effect]]

    def to_rule(self) -> then.Effect:
        return self.rule(**rule_fields(self))


class PercentModel(EffectBase):
    """Percent off the target, per line or over the receipt."""

    rule = then.PercentOff
    kind: Literal["percent"]
    target: ScopeModel
    percent_bp: Percent
    per: then.PercentPer = "line"
    basis: Basis | None = None
    round_at: RoundAt | None = None
    overflow: Overflow | None = None
    units: UnitsModel = ALL_UNITS


class AmountModel(EffectBase):
    """Fixed kopecks off each line, each piece or the receipt."""

    rule = then.AmountOff
    kind: Literal["amount"]
    target: ScopeModel
    amount_minor: Amount
    per: then.AmountPer
    overflow: Overflow | None = None
    units: UnitsModel = ALL_UNITS


class FixedPriceModel(EffectBase):
    """Each target piece costs so much, where that is cheaper."""

    rule = then.FixedPrice
    kind: Literal["fixed_price"]
    target: ScopeModel
    price_minor: AmountOrZero
    units: UnitsModel = ALL_UNITS


class SetPriceModel(EffectBase):
    """The parts together cost so much, where that is cheaper."""

    rule = then.SetPrice
    kind: Literal["set_price"]
    parts: SetParts
    price_minor: AmountOrZero
    pick: Pick | None = None
    max_sets: Pieces | None = None


class NForMModel(EffectBase):
    """Of every `take` pieces `pay` cost their price, the rest is `percent_bp` cheaper."""

    rule = then.NForM
    kind: Literal["n_for_m"]
    target: ScopeModel
    take: SetSize
    pay: PaidUnits
    percent_bp: Percent = 10_000
    pick: Pick | None = None
    max_sets: Pieces | None = None

    @model_validator(mode="after")
    def _fewer_are_paid(self) -> Self:
        if self.pay >= self.take:
            raise ValueError("pay must be less than take")
        return self


class NthUnitModel(EffectBase):
    """Every n-th target piece is cheaper."""

    rule = then.NthUnitPercent
    kind: Literal["nth_unit"]
    target: ScopeModel
    nth: SetSize
    percent_bp: Percent
    max_units: Pieces | None = None


class GiftItemModel(EffectBase):
    """Pieces of a SKU on top."""

    rule = then.GiftItem
    kind: Literal["gift_item"]
    sku: Word
    name: LocaleTexts
    quantity: Pieces = 1
    scope: ScopeModel = EVERYTHING
    per_units: Pieces | None = None


class AccruePercentModel(EffectBase):
    """Points worth a percentage of the money paid for the target."""

    rule = then.AccruePercent
    kind: Literal["accrue_percent"]
    target: ScopeModel
    percent_bp: EarnPercent


class AccruePerAmountModel(EffectBase):
    """Points for each so many kopecks paid for the target."""

    rule = then.AccruePerAmount
    kind: Literal["accrue_per_amount"]
    target: ScopeModel
    points: Points
    per_minor: Amount
    in_steps: Bool = True


class AccruePerUnitModel(EffectBase):
    """Points for each target piece."""

    rule = then.AccruePerUnit
    kind: Literal["accrue_per_unit"]
    target: ScopeModel
    points: Points


class AccrueFixedModel(EffectBase):
    """Points once for the receipt."""

    rule = then.AccrueFixed
    kind: Literal["accrue_fixed"]
    target: ScopeModel
    points: Points


class AccrueMultiplierModel(EffectBase):
    """What the target earned by other promotions, multiplied."""

    rule = then.AccrueMultiplier
    kind: Literal["accrue_multiplier"]
    target: ScopeModel
    factor_bp: Factor


class RedeemAllowanceModel(EffectBase):
    """Other bounds on what bonuses may pay of this receipt."""

    rule = then.RedeemAllowance
    kind: Literal["redeem_allowance"]
    max_share_bp: Share | None = None
    cap_minor: AmountOrZero | None = None
    min_money_minor: AmountOrZero | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.max_share_bp is self.cap_minor is self.min_money_minor is None:
            raise ValueError("one of max_share_bp, cap_minor, min_money_minor is needed")
        return self


class CouponIssueModel(EffectBase):
    """A coupon for a later purchase."""

    rule = then.CouponIssue
    kind: Literal["coupon_issue"]
    coupon: Word
    valid_days: Days
    text: OptionalTexts = {}


class DrawTicketModel(EffectBase):
    """Tickets of a prize draw."""

    rule = then.DrawTicket
    kind: Literal["draw_ticket"]
    draw: Word
    target: ScopeModel = EVERYTHING
    tickets: Pieces = 1
    per_minor: Amount | None = None


class MessageModel(RuleModel):
    """A text shown when the promotion acts."""

    place: then.Place
    text: LocaleTexts

    def to_rule(self) -> then.Message:
        return then.Message(**rule_fields(self))


class MessageEffectModel(EffectBase):
    """A promotion that only says something."""

    rule = then.Message
    kind: Literal["message"]
    place: then.Place
    text: LocaleTexts


EffectModel = Annotated[
    PercentModel
    | AmountModel
    | FixedPriceModel
    | SetPriceModel
    | NForMModel
    | NthUnitModel
    | GiftItemModel
    | AccruePercentModel
    | AccruePerAmountModel
    | AccruePerUnitModel
    | AccrueFixedModel
    | AccrueMultiplierModel
    | RedeemAllowanceModel
    | CouponIssueModel
    | DrawTicketModel
    | MessageEffectModel,
    Field(discriminator="kind"),
]
