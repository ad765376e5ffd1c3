"""One promotion of a rule file, with its caps and its pilot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from loyalty.promotions.limits import Caps
from loyalty.promotions.ruleset import Pilot, Promotion, PromotionState
from sync.contract.rule_conditions import ConditionModel
from sync.contract.rule_effects import EffectModel, MessageModel
from sync.contract.rule_fields import (
    Amount,
    Bool,
    CampaignMoney,
    Identifier,
    LocaleTexts,
    LocalInstant,
    PiecesOrZero,
    Places,
    Points,
    RuleModel,
    Share,
    Uses,
    WordOrNone,
    rule_fields,
)

MAX_CONDITIONS = 20
MAX_MESSAGES = 5


class CapsModel(RuleModel):
    """Bounds on one promotion; what is left out has no bound."""

    per_receipt_minor: Amount | None = None
    per_receipt_points: Points | None = None
    per_member_day: Uses | None = None
    per_member: Uses | None = None
    campaign_count: Uses | None = None
    campaign_minor: CampaignMoney | None = None
    is_partial: Bool = False

    def to_rule(self) -> Caps:
        return Caps(**rule_fields(self))


class PilotModel(RuleModel):
    """Where a promotion in state `pilot` is live."""

    stores: Places = []
    registers: Places = []
    share_bp: Share = 0

    def to_rule(self) -> Pilot:
        return Pilot(**rule_fields(self))


class PromotionModel(RuleModel):
    """One promotion; see `loyalty.promotions.ruleset.Promotion`."""

    promotion_id: Identifier
    name: LocaleTexts
    effect: EffectModel
    priority: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)] = 0
    group: WordOrNone = ""
    state: PromotionState = "live"
    valid_from: LocalInstant | None = None
    valid_until: LocalInstant | None = None
    stores: Places = []
    conditions: Annotated[list[ConditionModel], Field(max_length=MAX_CONDITIONS)] = []
    messages: Annotated[list[MessageModel], Field(max_length=MAX_MESSAGES)] = []
    is_exclusive: Bool = False
    consume_units: PiecesOrZero = 0
    caps: CapsModel = CapsModel()
    pilot: PilotModel = PilotModel()

    def to_rule(self) -> Promotion:
        values = rule_fields(self)
        for name in ("conditions", "messages"):
            values[name] = tuple(values.get(name, ()))
        for name in ("valid_from", "valid_until"):
            if values.get(name):
                values[name] = datetime.fromisoformat(values[name])
        return Promotion(**values)
