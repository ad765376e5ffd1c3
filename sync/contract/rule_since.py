"""Since which version of the agent each part of the vocabulary is read.

An agent refuses a whole bundle for one field it does not know and goes on with its old rules, so
a file that a part of the chain cannot read must not be published for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sync.contract.rule_fields import RuleModel, walk

FIRST = "0.1"
SINCE: dict[str, dict[str, tuple[str, ...]]] = {
    "0.2": {
        "BundleDraft": ("grace_hours", "group_modes", "stopped", "receipt"),
        "PoliciesModel": ("*",),
        "ReceiptTemplateModel": ("*",),
        "ProgrammeModel": (
            "redeem_cap_minor",
            "excluded_groups",
            "excluded_tags",
            "gift_card_residue",
            "gift_card_earns",
            "spent_points",
            "return_days",
            "policies",
            "gift_card_prefixes",
            "coupon_prefixes",
            "number_prefixes",
            "code_order",
        ),
        "PromotionModel": ("is_exclusive", "consume_units", "caps", "pilot"),
        "CapsModel": ("*",),
        "PilotModel": ("*",),
        "ScopeModel": ("brands", "price_min_minor", "price_max_minor", "only_reduced"),
        "ExclusionModel": ("brands",),
        "SetPartModel": ("*",),
        "UnitsModel": ("*",),
        "ScopeQuantityModel": ("unused_only",),
        "DistinctSkusModel": ("*",),
        "CompleteSetModel": ("*",),
        "StoreModel": ("formats", "registers"),
        "ChannelModel": ("*",),
        "MemberTierModel": ("*",),
        "MemberSegmentModel": ("*",),
        "NthPurchaseModel": ("*",),
        "FirstPurchaseModel": ("*",),
        "DaysSincePurchaseModel": ("*",),
        "CouponHeldModel": ("*",),
        "CodeEnteredModel": ("*",),
        "TenderKindModel": ("*",),
        "CashierIsNotMemberModel": ("*",),
        "PointsAtLeastModel": ("*",),
        "PercentModel": ("basis", "round_at", "overflow", "units"),
        "AmountModel": ("overflow", "units"),
        "FixedPriceModel": ("*",),
        "SetPriceModel": ("*",),
        "NForMModel": ("percent_bp", "pick", "max_sets"),
        "NthUnitModel": ("*",),
        "GiftItemModel": ("*",),
        "AccruePerAmountModel": ("*",),
        "AccruePerUnitModel": ("*",),
        "AccrueFixedModel": ("*",),
        "AccrueMultiplierModel": ("*",),
        "RedeemAllowanceModel": ("cap_minor", "min_money_minor"),
        "CouponIssueModel": ("*",),
        "DrawTicketModel": ("*",),
    }
}
"""Version to model to the fields that came with it; "*" is the whole model. All else is `FIRST`."""

_BY_MODEL: dict[str, list[tuple[str, frozenset[str]]]] = {}
for _version, _models in SINCE.items():
    for _model, _fields in _models.items():
        _BY_MODEL.setdefault(_model, []).append((_version, frozenset(_fields)))
_NEW_STATES = frozenset({"pilot"})


def version_key(text: str) -> tuple[int, ...]:
    """A version as numbers to compare: "0.10" is above "0.9.3"; absent parts are 0."""
    numbers = [int(part) for part in re.findall(r"\d+", text)[:4]]
    return tuple(numbers + [0] * (4 - len(numbers)))


def newer_parts(at: str, model: RuleModel) -> Iterator[tuple[str, str]]:
    """(path, version) of each part of the file that an agent of version `FIRST` does not read.

    A part counts when it is written down, whatever its value: an old agent refuses the name.
    """
    for path, part in walk(at, model, written_only=True):
        for version, fields in _BY_MODEL.get(_name(part), ()):
            if "*" in fields:
                yield path, version
            for name in sorted(fields & part.model_fields_set):
                yield (f"{path}.{name}" if path else name), version
        if getattr(part, "state", "") in _NEW_STATES:
            yield f"{path}.state", "0.2"
        if _name(part) == "NForMModel" and getattr(part, "pay", 1) == 0:
            yield f"{path}.pay", "0.2"


def _name(part: RuleModel) -> str:
    return "BundleDraft" if "promotions" in type(part).model_fields else type(part).__name__
