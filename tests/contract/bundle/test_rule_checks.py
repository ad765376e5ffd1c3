"""Publish-time checks: each finding has a rule set that has it, and a clean one has none."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sync.contract.bundle import conflicts, parse_draft
from sync.contract.rule_checks import CONFLICTS

TREE = {"cheese": "dairy", "dairy": None, "sticks": "tobacco", "tobacco": None}
TODAY = date(2026, 11, 22)
CHEESE = {"groups": ["cheese"]}


def found(*promotions: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    body = {"group_parents": TREE, "promotions": promotions} | fields
    return [
        (conflict.code, conflict.field)
        for conflict in conflicts(parse_draft(json.dumps(body).encode()), TODAY)
    ]


def rule(promotion_id: str = "p", **fields: Any) -> dict[str, Any]:
    percent = {"kind": "percent", "target": CHEESE, "percent_bp": 1000}
    return {"promotion_id": promotion_id, "name": {"uk": "А"}, "effect": percent} | fields


def target(**scope: Any) -> dict[str, Any]:
    return rule(effect={"kind": "percent", "target": scope, "percent_bp": 1000})


def when(**condition: Any) -> dict[str, Any]:
    return rule(conditions=[condition])


EFFECT = "promotions[0].effect"
FIRST = "promotions[0].conditions[0]"
SAMPLES = [
    (target(), "empty_scope", f"{EFFECT}.target"),
    (target(skus=["1"], exclude={"skus": ["1"]}), "empty_scope", f"{EFFECT}.target"),
    (target(groups=["cheese"], exclude={"groups": ["dairy"]}), "empty_scope", f"{EFFECT}.target"),
    (
        when(kind="scope_quantity", scope={}, at_least=1),
        "empty_scope",
        f"{FIRST}.scope",
    ),
    (target(groups=["chees"]), "unknown_group", f"{EFFECT}.target"),
    (target(groups=["cheese"], exclude={"groups": ["x"]}), "unknown_group", f"{EFFECT}.target"),
    (target(groups=["sticks"]), "tobacco_in_scope", f"{EFFECT}.target"),
    (target(tags=["tobacco"]), "tobacco_in_scope", f"{EFFECT}.target"),
    (
        rule(effect={"kind": "accrue_percent", "target": CHEESE, "percent_bp": 10_001}),
        "accrual_over_100",
        f"{EFFECT}.percent_bp",
    ),
    (
        when(kind="time_window", from_time="09:00", until_time="09:00"),
        "empty_window",
        FIRST,
    ),
    (
        when(kind="date_range", from_on="2026-12-05", until_on="2026-12-05"),
        "empty_dates",
        f"{FIRST}.until_on",
    ),
    (
        rule(valid_from="2026-12-05", valid_until="2026-12-04T10:00"),
        "empty_dates",
        "promotions[0].valid_until",
    ),
    (when(kind="weekday", days=[]), "empty_list", FIRST),
    (when(kind="store", stores=[]), "empty_list", FIRST),
    (when(kind="member_group", groups=[]), "empty_list", FIRST),
    (rule(valid_until="2026-11-22"), "past_dates", "promotions[0].valid_until"),
    (when(kind="date_range", until_on="2026-11-01"), "past_dates", f"{FIRST}.until_on"),
    (
        rule(effect={"kind": "percent", "target": CHEESE, "percent_bp": 5000}),
        "deep_discount",
        f"{EFFECT}.percent_bp",
    ),
]


@pytest.mark.parametrize(("promotion", "code", "field"), SAMPLES)
def test_a_faulty_rule_is_found(promotion: dict[str, Any], code: str, field: str) -> None:
    assert found(promotion) == [(code, field)]


def test_two_promotions_on_the_same_goods_need_a_group_or_a_priority() -> None:
    assert found(rule("a"), rule("b")) == [("overlap", "promotions[1].priority")]
    assert found(rule("a"), rule("b", priority=1)) == []
    assert found(rule("a", group="g"), rule("b", group="g")) == []


def test_unknown_groups_of_the_programme() -> None:
    programme = {"redeem_excluded_groups": ["wine"], "accrual_excluded_groups": ["dairy"]}
    assert found(programme=programme) == [("unknown_group", "programme.redeem_excluded_groups")]
    assert found(programme=programme, group_parents={}) == []


def test_a_clean_rule_set_and_dates_that_still_run() -> None:
    window = {"kind": "time_window", "from_time": "22:00", "until_time": "06:00"}
    assert found(rule(valid_until="2026-11-22T18:00", conditions=[window])) == []
    body = json.dumps({"promotions": [rule(valid_until="2020-01-01")]}).encode()
    assert conflicts(parse_draft(body)) == []


def test_every_finding_has_a_sample() -> None:
    assert {code for _, code, _ in SAMPLES} | {"overlap"} == set(CONFLICTS)
