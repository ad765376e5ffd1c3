"""The wire form and the core speak one vocabulary, field by field and default by default."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

import pytest

from loyalty.promotions.conditions import CONDITION_KINDS
from loyalty.promotions.effects import EFFECT_KINDS, Units
from loyalty.promotions.limits import Caps
from loyalty.promotions.policies import Policies
from loyalty.promotions.ruleset import Pilot, Programme, Promotion, Ruleset
from loyalty.promotions.scope import Scope, SetPart
from sync.contract.bundle import BundleDraft
from sync.contract.rule_conditions import ConditionModel
from sync.contract.rule_effects import EffectModel, UnitsModel
from sync.contract.rule_fields import RuleModel, rule_fields
from sync.contract.rule_programme import PoliciesModel, ProgrammeModel
from sync.contract.rule_promotion import CapsModel, PilotModel, PromotionModel
from sync.contract.rule_scopes import ScopeModel, SetPartModel


def by_kind(union: Any) -> dict[str, type[RuleModel]]:
    models = get_args(get_args(union)[0])
    return {get_args(model.model_fields["kind"].annotation)[0]: model for model in models}


CONDITIONS, EFFECTS = by_kind(ConditionModel), by_kind(EffectModel)
TWINS: dict[type[RuleModel], type[Any]] = {
    UnitsModel: Units,
    SetPartModel: SetPart,
    CapsModel: Caps,
    PilotModel: Pilot,
    PoliciesModel: Policies,
    ProgrammeModel: Programme,
    PromotionModel: Promotion,
    ScopeModel: Scope,
} | {model: model.rule for model in (*CONDITIONS.values(), *EFFECTS.values())}
# What a file spells otherwise than the dataclass, kept from the first version of the file.
SPELLED = {
    "from_minute": "from_time",
    "until_minute": "until_time",
    "is_all": "all",
    "excludes_reduced": "exclude_reduced",
    "excluded_skus": "exclude",
    "excluded_groups": "exclude",
    "excluded_brands": "exclude",
    "excluded_tags": "exclude",
}


def names(model: type[RuleModel], rule: type[Any]) -> tuple[set[str], set[str]]:
    spelled = SPELLED if rule is not Programme else {}
    of_rule = {spelled.get(field.name, field.name) for field in dataclasses.fields(rule)}
    return set(model.model_fields) - {"kind"}, of_rule


def test_the_kinds_are_the_same_in_the_same_order() -> None:
    assert list(CONDITIONS) == list(CONDITION_KINDS)
    assert list(EFFECTS) == list(EFFECT_KINDS)
    assert {kind: model.rule for kind, model in CONDITIONS.items()} == CONDITION_KINDS
    assert {kind: model.rule for kind, model in EFFECTS.items()} == EFFECT_KINDS


@pytest.mark.parametrize("model", TWINS, ids=lambda model: model.__name__)
def test_every_field_has_its_twin(model: type[RuleModel]) -> None:
    on_wire, of_rule = names(model, TWINS[model])
    assert on_wire == of_rule


@pytest.mark.parametrize(
    "model", [m for m in TWINS if m is not ScopeModel], ids=lambda model: model.__name__
)
def test_the_defaults_are_the_same(model: type[RuleModel]) -> None:
    """An absent field means the same in a file and in code, and neither asks for it alone."""
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    seen = rule_fields(model.model_construct(**defaults))
    for field in dataclasses.fields(TWINS[model]):
        name = field.name
        is_optional = field.default is not dataclasses.MISSING
        assert is_optional == (name in defaults), name
        if is_optional:
            assert _plain(seen[name]) == _plain(field.default), name


def test_an_empty_scope_is_empty_on_both_sides() -> None:
    assert ScopeModel().to_rule() == Scope()


def _plain(value: Any) -> Any:
    """Lists of words and of objects become one kind, so that empty ones compare."""
    return tuple(sorted(value)) if isinstance(value, frozenset) else value


def test_a_whole_file_has_a_place_for_every_part_of_a_ruleset() -> None:
    parts = {field.name for field in dataclasses.fields(Ruleset)} - {"sequence"}
    assert parts < set(BundleDraft.model_fields)
