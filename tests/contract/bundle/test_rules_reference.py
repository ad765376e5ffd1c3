"""The reference is what the code does: every kind, code and example, and the current schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.conditions import CONDITION_KINDS
from loyalty.promotions.effects import EFFECT_KINDS
from loyalty.promotions.explain import REASONS
from sync.contract.bundle import REFUSALS, BundleDraft, conflicts, json_schema, parse_draft
from sync.contract.kill_list import parse_kill_list
from sync.contract.rule_checks import CONFLICTS
from sync.contract.rule_conditions import ConditionBase
from sync.contract.rule_effects import EffectBase
from sync.contract.rule_programme import PoliciesModel, ProgrammeModel
from sync.contract.rule_promotion import CapsModel, PromotionModel
from sync.contract.rule_since import SINCE

DOCS = Path(__file__).parents[3] / "docs"
RULES = (DOCS / "reference" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", RULES, re.DOTALL)


def section(title: str) -> str:
    return RULES.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> set[str]:
    table = section(title)
    firsts = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    return {name for cell in firsts for name in re.findall(r"`(\w+)`", cell)}


def test_every_kind_has_its_chapter() -> None:
    assert re.findall(r"### `(\w+)`", section("Conditions")) == list(CONDITION_KINDS)
    assert re.findall(r"### `(\w+)`", section("Effects")) == list(EFFECT_KINDS)


def test_the_tables_list_every_code() -> None:
    assert rows("Why a promotion did not act") == set(REASONS)
    assert rows("Why a file is refused") == set(REFUSALS)
    found = dict(
        re.findall(r"^\| `(\w+)` \| (error|warning) \|", section("What `rules check` finds"), re.M)
    )
    assert found == CONFLICTS


def test_the_tables_list_every_field_and_its_default() -> None:
    assert rows("File") == set(BundleDraft.model_fields)
    assert rows("Programme") == set(ProgrammeModel.model_fields)
    assert rows("Caps") == set(CapsModel.model_fields)
    table = section("Promotion")
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))
    assert set(PromotionModel.model_fields) == named


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_read(number: int) -> None:
    example: dict[str, Any] = json.loads(EXAMPLES[number])
    if example.get("kind") == "kill_list":
        assert parse_kill_list(EXAMPLES[number].encode()).promotion_ids
        return
    rule: dict[str, Any] = {"promotion_id": "p", "name": {"uk": "А"}}
    message = {"kind": "message", "place": "screen", "text": {"uk": "Б"}}
    if example.get("kind") in CONDITION_KINDS:
        example = rule | {"conditions": [example], "effect": message}
    elif "kind" in example:
        example = rule | {"effect": example}
    whole = example if "promotions" in example else {"promotions": [example]}
    assert parse_draft(json.dumps(whole).encode()).promotions


def test_every_policy_has_its_values_and_an_example() -> None:
    policies = re.findall(r"^\| `(\w+)` \| (.*?) \| .*? \| `(.*?)` \|$", section("Policies"), re.M)
    assert [name for name, _, _ in policies] == list(PoliciesModel.model_fields)
    for name, values, example in policies:
        field = PoliciesModel.model_fields[name]
        choices = get_args(field.annotation) or (False, True)
        listed = [value.strip("`") for value in values.split(", ")]
        assert set(listed) == {str(choice).lower() for choice in choices}
        assert listed[0] == str(field.default).lower()
        draft = {"programme": {"policies": json.loads(example)}}
        policy = parse_draft(json.dumps(draft).encode()).programme.policies
        assert policy.model_fields_set == {name}
        assert getattr(policy, name) != field.default


def test_the_first_version_s_kinds_are_those_that_are_not_newer() -> None:
    [first] = re.findall(r"^\| 0.1 \| (.*?) \|$", section("Versions"), re.M)
    kinds = {*CONDITION_KINDS, *EFFECT_KINDS}
    newer = {
        get_args(model.model_fields["kind"].annotation)[0]
        for model in (*ConditionBase.__subclasses__(), *EffectBase.__subclasses__())
        if SINCE["0.2"].get(model.__name__) == ("*",)
    }
    assert set(re.findall(r"`(\w+)`", first)) - {"live", "shadow"} == kinds - newer


GUIDE = (DOCS / "guides" / "write-a-rule.md").read_text(encoding="utf-8")
FILES: list[str] = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(FILES)))
def test_the_guide_s_rules_may_be_published(number: int) -> None:
    example = json.loads(FILES[number])
    whole = example if "promotions" in example else {"promotions": [example]}
    draft = parse_draft(json.dumps(whole).encode())
    compile_ruleset(draft.to_ruleset(1))
    assert [finding for finding in conflicts(draft) if finding.severity == "error"] == []


def test_the_guide_has_five_whole_files_beside_the_first_rule() -> None:
    assert sum("promotions" in json.loads(text) for text in FILES) == 5


def test_the_published_schema_is_current() -> None:
    """To write it anew: `json.dumps(json_schema(), ensure_ascii=False, indent=1)`, newline."""
    text = (DOCS / "reference" / "bundle.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"


def test_kinds_on_the_wire_are_those_of_the_core() -> None:
    schema = json_schema()["$defs"]
    kinds = {
        model["properties"]["kind"]["const"]
        for name, model in schema.items()
        if "kind" in model.get("properties", {}) and name not in ("Bundle", "KillList")
    }
    assert kinds == set(CONDITION_KINDS) | set(EFFECT_KINDS)


def test_union_tags_are_never_field_names() -> None:
    """Paths of refusals drop union tags, so no field may carry a tag's name."""
    tags = set(CONDITION_KINDS) | set(EFFECT_KINDS)
    for model in json_schema()["$defs"].values():
        if "kind" in model.get("properties", {}):
            assert tags.isdisjoint(model["properties"])
