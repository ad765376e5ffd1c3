"""Every ruleset that the core can hold has a file that becomes it, field by field."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from loyalty.promotions.conditions import CONDITION_KINDS
from loyalty.promotions.effects import EFFECT_KINDS, RedeemAllowance
from loyalty.promotions.ruleset import Ruleset
from sync.contract.bundle import parse_bundle, parse_draft, seal
from tests.contract.bundle.rule_writing import drawn, file_of, rulesets, written

CREATED = "2026-11-20T08:00:00Z"
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(rulesets())
def test_a_ruleset_written_down_is_read_back(ruleset: Ruleset) -> None:
    for promotion in ruleset.promotions:
        assume(promotion.effect != RedeemAllowance())
    data = json.dumps(file_of(ruleset), ensure_ascii=False).encode()
    assert parse_draft(data).to_ruleset(ruleset.sequence) == ruleset
    sealed = seal(data, ruleset.sequence, CREATED)
    kept = tuple(p for p in ruleset.promotions if p.state != "draft")
    assert parse_bundle(sealed).to_ruleset() == dataclasses.replace(ruleset, promotions=kept)
    assert seal(data, ruleset.sequence, CREATED) == sealed


@pytest.mark.parametrize("kind", [*CONDITION_KINDS, *EFFECT_KINDS])
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_each_kind_is_read_back(kind: str, data: st.DataObject) -> None:
    part = data.draw(drawn((CONDITION_KINDS | EFFECT_KINDS)[kind]))
    assume(part != RedeemAllowance())
    message = {"kind": "message", "place": "screen", "text": {"uk": "Б"}}
    body = written(part)
    assert body["kind"] == kind
    rule = {"promotion_id": "p", "name": {"uk": "А"}, "effect": message}
    rule |= {"conditions": [body]} if kind in CONDITION_KINDS else {"effect": body}
    [read] = parse_draft(json.dumps({"promotions": [rule]}).encode()).to_ruleset(1).promotions
    assert part == (read.conditions[0] if kind in CONDITION_KINDS else read.effect)
