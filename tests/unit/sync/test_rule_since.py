"""The table of versions is whole: each name of the vocabulary is in the first or in the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import sync.contract.bundle
import sync.contract.rule_conditions
import sync.contract.rule_effects
import sync.contract.rule_programme
import sync.contract.rule_promotion
import sync.contract.rule_scopes
from sync.contract.bundle import BundleDraft
from sync.contract.rule_fields import RuleModel
from sync.contract.rule_since import FIRST, SINCE, newer_parts, version_key

FIRST_VOCABULARY: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[2] / "data/rules/vocabulary_0.1.json").read_text(encoding="utf-8")
)
MODULES = (
    sync.contract.bundle,
    sync.contract.rule_conditions,
    sync.contract.rule_effects,
    sync.contract.rule_programme,
    sync.contract.rule_promotion,
    sync.contract.rule_scopes,
)
MODELS: dict[str, type[BaseModel]] = {
    name: model
    for module in MODULES
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, RuleModel) and model.model_fields
    # What a seal adds is read by `open_bundle` and was there from the start.
    if name not in ("Bundle", "_Sealed", "KillList")
}
ADDED = {
    name: [field for models in SINCE.values() for field in models.get(name, ())]
    for version in SINCE.values()
    for name in version
}


@pytest.mark.parametrize("name", MODELS)
def test_each_field_is_of_the_first_version_or_in_the_table(name: str) -> None:
    fields, first = set(MODELS[name].model_fields), set(FIRST_VOCABULARY.get(name, ()))
    added = ADDED.get(name, [])
    assert sorted(added) == (sorted(fields - first) if first else ["*"])


def test_the_table_names_nothing_else() -> None:
    assert set(ADDED) <= set(MODELS)
    assert all(version_key(version) > version_key(FIRST) for version in SINCE)


def rule(**fields: Any) -> dict[str, Any]:
    percent = {"kind": "percent", "target": {"all": True}, "percent_bp": 100}
    return {"promotion_id": "p", "name": {"uk": "А"}, "effect": percent} | fields


TWO = "0.2"
PARTS = [
    ({"promotions": [rule()]}, []),
    ({"promotions": [rule(state="shadow")]}, []),
    ({"stopped": []}, [("stopped", TWO)]),
    ({"promotions": [rule(state="pilot")]}, [("promotions[0].state", TWO)]),
    ({"promotions": [rule(), rule(consume_units=0)]}, [("promotions[1].consume_units", TWO)]),
    (
        {"programme": {"policies": {"tie": "later"}}},
        [("programme.policies", TWO), ("programme.policies", TWO)],
    ),
    (
        {"promotions": [rule(conditions=[{"kind": "member_known"}, {"kind": "first_purchase"}])]},
        [("promotions[0].conditions[1]", TWO)],
    ),
    (
        {
            "promotions": [
                rule(effect={"kind": "n_for_m", "target": {"brands": []}, "take": 2, "pay": 0})
            ]
        },
        [("promotions[0].effect.pay", TWO), ("promotions[0].effect.target.brands", TWO)],
    ),
]


@pytest.mark.parametrize(("file", "parts"), PARTS)
def test_what_an_old_agent_cannot_read_is_named(file: Any, parts: list[tuple[str, str]]) -> None:
    assert list(newer_parts("", BundleDraft.model_validate(file))) == parts


def test_versions_compare_as_numbers() -> None:
    assert version_key("0.10") > version_key("0.9.3")
    assert version_key("1") == version_key("1.0.0.0") < version_key("1.0.0.1")
