"""The eleven publish-time checks on whole rule files: each finds its fault, and not in the twin.

The files are plain rule files, so `edge-central rules check` reads them too; the catalogue of
goods beside them stands for the centre's.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from loyalty.promotions.compile import compile_ruleset
from sync.contract.bundle import Conflict, conflicts, parse_draft
from sync.contract.rule_goods import Good

RULES = Path(__file__).parents[2] / "data" / "rules"
SAMPLES = {
    "empty_scope": ("error", "promotions[0].effect.target"),
    "overlap": ("warning", "promotions[1].priority"),
    "unreachable": ("warning", "promotions[1]"),
    "code_twice": ("error", "promotions[1].conditions[0]"),
    "tobacco_in_scope": ("error", "promotions[0].effect.target"),
    "alcohol_without_floor": ("warning", "promotions[0].effect"),
    "accrual_over_100": ("error", "promotions[0].effect.points"),
    "above_normal_price": ("error", "promotions[0].effect.price_minor"),
    "empty_window": ("error", "promotions[0]"),
    "budget_missing": ("warning", "promotions[0].effect"),
    "needs_newer_agent": ("error", "promotions[0].effect"),
}


def goods() -> list[Good]:
    rows = json.loads((RULES / "goods.json").read_text(encoding="utf-8"))
    return [Good(**row | {"groups": tuple(row["groups"])}) for row in rows]


def found(file_name: str) -> list[Conflict]:
    draft = parse_draft((RULES / "conflicts" / file_name).read_bytes())
    compile_ruleset(draft.to_ruleset(1))
    return conflicts(draft, date(2026, 11, 22), goods=goods())


def test_every_sample_has_its_twin_and_its_row() -> None:
    names = {path.name for path in (RULES / "conflicts").iterdir()}
    assert names == {f"{name}{end}" for name in SAMPLES for end in (".json", ".good.json")}
    assert len(SAMPLES) == 11


@pytest.mark.parametrize("name", SAMPLES)
def test_a_faulty_file_is_found_and_its_twin_is_not(name: str) -> None:
    severity, field = SAMPLES[name]
    [fault] = [conflict for conflict in found(f"{name}.json") if conflict.code == name]
    assert (fault.severity, fault.field) == (severity, field)
    assert fault.message
    others = {conflict.code for conflict in found(f"{name}.json")} - {name}
    assert {conflict.code for conflict in found(f"{name}.good.json")} == others
    assert "error" not in {conflict.severity for conflict in found(f"{name}.good.json")}
