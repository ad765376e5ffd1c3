"""The reference is what the code does: every kind, code and example, and the current schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from loyalty.promotions.conditions import CONDITION_KINDS
from loyalty.promotions.effects import EFFECT_KINDS
from loyalty.promotions.explain import REASONS
from sync.contract.bundle import REFUSALS, json_schema, parse_draft
from sync.contract.rule_checks import CONFLICTS
from sync.contract.rule_programme import ProgrammeModel
from sync.contract.rule_promotion import PromotionModel

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
    assert rows("Programme") == set(ProgrammeModel.model_fields)
    table = section("Promotion")
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))
    assert set(PromotionModel.model_fields) == named


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_read(number: int) -> None:
    example: dict[str, Any] = json.loads(EXAMPLES[number])
    if "promotions" not in example:
        is_condition = example["kind"] in CONDITION_KINDS
        rule: dict[str, Any] = {"promotion_id": "p", "name": {"uk": "А"}}
        message = {"kind": "message", "place": "screen", "text": {"uk": "Б"}}
        rule |= (
            {"conditions": [example], "effect": message} if is_condition else {"effect": example}
        )
        example = {"promotions": [rule]}
    assert parse_draft(json.dumps(example).encode()).promotions


def test_the_guide_s_rule_is_read() -> None:
    guide = (DOCS / "guides" / "write-a-rule.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    parse_draft(json.dumps({"promotions": [json.loads(example)]}).encode())


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
