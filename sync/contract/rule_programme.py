"""The programme's figures and policies in a rule file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from loyalty.codes import DEFAULT_ORDER, CodeClass, is_payment_range, steps_of
from loyalty.errors import InvalidToken
from loyalty.money import SplitMethod, Tie, ZeroWeights
from loyalty.promotions import policies as how
from loyalty.promotions.ruleset import (
    WEIGHED_PREFIXES,
    GiftCardResidue,
    Programme,
    RedeemAs,
    SpentPoints,
)
from sync.contract.rule_fields import (
    AmountOrZero,
    Bool,
    Days,
    Prefixes,
    RuleModel,
    Share,
    TimeZone,
    Words,
    rule_fields,
)


def _own(prefixes: list[str]) -> list[str]:
    for prefix in prefixes:
        if is_payment_range(prefix):
            raise ValueError(f"numbers that begin with {prefix} may be payment cards")
    return prefixes


def _steps(order: list[list[CodeClass]]) -> list[list[CodeClass]]:
    try:
        steps_of(tuple(tuple(step) for step in order))
    except InvalidToken as error:
        raise ValueError(str(error)) from None
    return order


Step = Annotated[list[CodeClass], Field(min_length=1, max_length=9)]
CodeOrder = Annotated[list[Step], Field(min_length=1, max_length=9), AfterValidator(_steps)]
NumberPrefixes = Annotated[Prefixes, AfterValidator(_own)]
Strength = Annotated[int, Field(strict=True, ge=0, le=100)]


class PoliciesModel(RuleModel):
    """Switches for every question on which engines differ."""

    rounding: how.Rounding = "half_up"
    round_at: how.RoundAt = "rule"
    split: SplitMethod = "largest_remainder"
    tie: Tie = "earlier"
    zero_weights: ZeroWeights = "none"
    pick: how.Pick = "cheapest"
    percent_basis: how.Basis = "net"
    line_overflow: how.Overflow = "drop"
    receipt_overflow: how.Overflow = "move"
    sequencing: how.Sequencing = "stages"
    exclusive_choice: how.ExclusiveChoice = "priority"
    exclusive_stops: how.ExclusiveStops = "prices"
    earn_base: how.EarnBase = "money"
    allocation: how.Allocation = "in_order"
    override_takes_part: Bool = False

    def to_rule(self) -> how.Policies:
        return how.Policies(**rule_fields(self))


class ProgrammeModel(RuleModel):
    """The programme's figures; see `loyalty.promotions.ruleset.Programme`."""

    minor_per_bonus: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 100
    redeem_as: RedeemAs = "discount"
    redeem_max_share_bp: Share = 5_000
    redeem_min_money_minor: AmountOrZero = 0
    redeem_cap_minor: AmountOrZero | None = None
    redeem_excluded_groups: Words = []
    accrual_valid_days: Days | None = 365
    accrual_excluded_groups: Words = []
    accrual_excludes_reduced: Bool = False
    card_prefixes: Prefixes = ["042"]
    weighed_prefixes: Prefixes = list(WEIGHED_PREFIXES)
    gift_card_prefixes: Prefixes = []
    coupon_prefixes: Prefixes = ["05", "98", "99"]
    number_prefixes: NumberPrefixes = []
    code_order: CodeOrder = [list(step) for step in DEFAULT_ORDER]
    min_strength_redeem_online: Strength = 20
    min_strength_redeem_offline: Strength = 20
    unit_floor_minor: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 1
    excluded_groups: Words = []
    excluded_tags: Words = []
    gift_card_residue: GiftCardResidue = "keep"
    gift_card_earns: Bool = True
    spent_points: SpentPoints = "negative"
    return_days: Days = 14
    policies: PoliciesModel = PoliciesModel()
    timezone: TimeZone = "Europe/Kyiv"

    def to_rule(self) -> Programme:
        prefixes = {
            "card_prefixes": tuple(self.card_prefixes),
            "weighed_prefixes": tuple(self.weighed_prefixes),
            "gift_card_prefixes": tuple(self.gift_card_prefixes),
            "coupon_prefixes": tuple(self.coupon_prefixes),
            "number_prefixes": tuple(self.number_prefixes),
        }
        return Programme(**rule_fields(self) | prefixes)
