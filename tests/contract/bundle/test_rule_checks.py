"""Publish-time checks: each finding has a rule set that has it, and a clean one has none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sync.contract.bundle import conflicts, parse_draft
from sync.contract.rule_checks import CONFLICTS
from sync.contract.rule_goods import Good

TREE = {"cheese": "dairy", "dairy": None, "sticks": "tobacco", "tobacco": None, "wine": "alcohol"}
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


def effect(**fields: Any) -> dict[str, Any]:
    return rule(effect=fields)


EFFECT = "promotions[0].effect"
TARGET = f"{EFFECT}.target"
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
    (target(groups=["cheese"], only_reduced=True, exclude_reduced=True), "empty_scope", TARGET),
    (target(brands=["Галка"], exclude={"brands": ["Галка"]}), "empty_scope", TARGET),
    (target(skus=["1"], groups=["sticks"]), "tobacco_in_scope", TARGET),
    (
        effect(kind="set_price", parts=[{"scope": CHEESE}, {"scope": {}}], price_minor=100),
        "empty_scope",
        f"{EFFECT}.parts[1].scope",
    ),
    (
        effect(kind="gift_item", sku="cigarettes", name={"uk": "Цигарки"}),
        "tobacco_in_scope",
        f"{EFFECT}.sku",
    ),
    (
        effect(kind="draw_ticket", draw="car", target={"groups": ["tobacco"]}),
        "tobacco_in_scope",
        TARGET,
    ),
    (target(groups=["wine"]), "alcohol_without_floor", EFFECT),
    (
        effect(kind="accrue_per_amount", target=CHEESE, points=101, per_minor=100),
        "accrual_over_100",
        f"{EFFECT}.points",
    ),
    (effect(kind="n_for_m", target=CHEESE, take=4, pay=1), "budget_missing", EFFECT),
    (effect(kind="nth_unit", target=CHEESE, nth=1, percent_bp=5001), "budget_missing", EFFECT),
    (rule(state="pilot"), "empty_pilot", "promotions[0].pilot"),
    (
        when(kind="days_since_purchase", at_least=30, at_most=29),
        "empty_window",
        FIRST,
    ),
    (
        rule(
            valid_from="2026-12-01",
            conditions=[{"kind": "date_range", "until_on": "2026-12-01"}],
        ),
        "empty_dates",
        "promotions[0]",
    ),
    (
        rule(
            valid_from="2026-12-05",
            valid_until="2026-12-07",
            conditions=[{"kind": "weekday", "days": [1, 2, 3]}],
        ),
        "empty_window",
        "promotions[0]",
    ),
    (
        rule(conditions=[{"kind": "weekday", "days": [1]}, {"kind": "weekday", "days": [2]}]),
        "empty_window",
        "promotions[0]",
    ),
    (when(kind="weekday", days=[]), "empty_list", FIRST),
    (when(kind="channel", channels=[]), "empty_list", FIRST),
    (when(kind="code_entered", codes=[]), "empty_list", FIRST),
    (when(kind="tender_kind", kinds=[]), "empty_list", FIRST),
    (when(kind="nth_purchase"), "empty_list", FIRST),
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
    assert found(rule("a", group="g", conditions=[VIP]), rule("b", group="g")) == []


VIP = {"kind": "member_group", "groups": ["vip"]}


@pytest.mark.parametrize(
    ("one", "other", "is_overlap"),
    [
        ({"groups": ["dairy"]}, {"groups": ["cheese"]}, True),
        ({"groups": ["cheese"]}, {"groups": ["dairy"]}, True),
        ({"groups": ["cheese"]}, {"all": True}, True),
        ({"all": True}, {"groups": ["cheese"]}, True),
        ({"skus": ["1", "2"]}, {"skus": ["2", "3"]}, True),
        ({"brands": ["Галка"]}, {"brands": ["Галка"], "skus": ["9"]}, True),
        ({"tags": ["a"]}, {"tags": ["b"]}, False),
        ({"groups": ["cheese"]}, {"groups": ["wine"]}, False),
        ({"groups": ["cheese"]}, {"all": True, "exclude": {"groups": ["dairy"]}}, False),
        ({"groups": ["dairy"], "exclude": {"groups": ["cheese"]}}, {"groups": ["cheese"]}, False),
        ({"all": True, "exclude_reduced": True}, {"all": True, "only_reduced": True}, False),
        ({"all": True, "price_max_minor": 99}, {"all": True, "price_min_minor": 100}, False),
        ({"all": True, "price_max_minor": 99}, {"all": True, "price_min_minor": 99}, True),
    ],
)
def test_scopes_overlap_by_what_they_name(
    one: dict[str, Any], other: dict[str, Any], is_overlap: bool
) -> None:
    first, second = target(**one), target(**other) | {"promotion_id": "q"}
    codes = [code for code, _ in found(first, second) if code != "alcohol_without_floor"]
    assert codes == ["overlap"] * is_overlap


@pytest.mark.parametrize(
    "apart",
    [
        ({"valid_until": "2026-12-01"}, {"valid_from": "2026-12-01"}),
        ({"stores": ["S1"]}, {"stores": ["S2"]}),
        (
            {"conditions": [{"kind": "date_range", "until_on": "2026-12-01"}]},
            {"valid_from": "2026-12-01T00:00"},
        ),
        ({"state": "draft"}, {}),
    ],
)
def test_promotions_that_never_meet_do_not_overlap(
    apart: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    assert found(rule("a", **apart[0]), rule("b", **apart[1])) == []


EXCLUSIVE = rule("a", priority=9, is_exclusive=True)
EARN = {"kind": "accrue_percent", "target": CHEESE, "percent_bp": 100}
UNREACHABLE = [("unreachable", "promotions[1]")]


@pytest.mark.parametrize(
    ("first", "second", "is_stopped"),
    [
        ({}, {}, True),
        ({}, {"conditions": [VIP]}, True),
        ({"conditions": [VIP]}, {}, False),
        ({"conditions": [VIP]}, {"conditions": [VIP]}, True),
        ({"stores": ["S1"]}, {}, False),
        ({"stores": ["S1", "S2"]}, {"stores": ["S2"]}, True),
        ({"valid_from": "2026-12-01"}, {}, False),
        ({"valid_until": "2026-12-09"}, {"valid_until": "2026-12-08"}, True),
        ({"valid_until": "2026-12-09"}, {}, False),
        ({"caps": {"campaign_count": 5}}, {}, False),
        ({"state": "shadow"}, {}, False),
        ({"priority": -1}, {}, True),
        ({}, {"effect": EARN}, False),
    ],
)
def test_what_an_exclusive_promotion_always_stops_is_found(
    first: dict[str, Any], second: dict[str, Any], is_stopped: bool
) -> None:
    assert found(EXCLUSIVE | first, rule("b", **second)) == UNREACHABLE * is_stopped


def test_modes_and_policies_decide_what_is_unreachable() -> None:
    both = (rule("a", group="g"), rule("b", group="g"))
    assert found(*both) == UNREACHABLE
    assert found(*both, group_modes={"g": "sum"}) == []
    assert found(*both, group_modes={"g": "best"}) == []
    outside = (rule("a", group="g", priority=1), rule("b"))
    assert found(*outside, group_modes={"g": "exclusive"}) == UNREACHABLE
    late = {"kind": "percent", "target": CHEESE, "percent_bp": 100, "per": "receipt"}
    first, second = rule("a", group="g", effect=late), rule("b", group="g")
    assert found(first, second) == [("unreachable", "promotions[0]")]
    by_priority = {"policies": {"sequencing": "priority"}}
    assert found(first, second, programme=by_priority) == UNREACHABLE
    everything = {"policies": {"exclusive_stops": "everything"}}
    whole = {"kind": "percent", "target": {"all": True}, "percent_bp": 100}
    earner = rule("b", effect=EARN)
    assert found(EXCLUSIVE, earner, programme=everything) == []
    assert found(EXCLUSIVE | {"effect": whole}, earner, programme=everything) == UNREACHABLE
    choice = {"policies": {"exclusive_choice": "benefit"}}
    rival = rule("b", is_exclusive=True)
    assert found(EXCLUSIVE, rival) == UNREACHABLE
    assert found(EXCLUSIVE | {"priority": -1}, rival) == [("unreachable", "promotions[0]")]
    assert found(EXCLUSIVE, rival, programme=choice) == []


def test_a_mode_of_no_group_is_a_typing_error() -> None:
    assert found(rule(group="g"), group_modes={"q": "best"}) == [("unused_mode", "group_modes.q")]


def test_one_coupon_opens_one_promotion() -> None:
    held = {"conditions": [{"kind": "coupon_held", "coupons": ["tea"]}]}
    one, other = rule("a", **held), rule("b", priority=1, **held)
    assert found(one, other) == [("code_twice", "promotions[1].conditions[0]")]
    assert found(one | {"group": "g"}, other | {"group": "g"}, group_modes={"g": "best"}) == []
    assert found(one | {"valid_until": "2026-12-01"}, other | {"valid_from": "2026-12-01"}) == []


def test_an_excluded_group_of_the_programme_empties_scopes() -> None:
    assert found(rule(), programme={"excluded_groups": ["dairy"]}) == [("empty_scope", TARGET)]
    assert found(rule(), programme={"excluded_tags": ["cheese"]}) == []


# --- what the catalogue and the chain's agents tell -----------------------------------------------


def codes_of(*promotions: dict[str, Any], **options: Any) -> set[str]:
    body: dict[str, Any] = {"group_parents": TREE, "promotions": promotions}
    body |= options.pop("head", {})
    return {found.code for found in conflicts(parse_draft(json.dumps(body).encode()), **options)}


def test_prices_alone_find_a_set_that_saves_nothing() -> None:
    parts = [{"scope": {"skus": ["1"]}, "quantity": 2}, {"scope": {"skus": ["2", "3"]}}]
    offer = effect(kind="set_price", parts=parts, price_minor=500)
    assert codes_of(offer, prices={"1": 100, "2": 200, "3": 300}) == {"above_normal_price"}
    assert codes_of(offer, prices={"1": 100, "2": 200, "3": 301}) == set()
    assert codes_of(offer, prices={"1": 100, "2": 200}) == set()
    single = effect(kind="fixed_price", target={"skus": ["1"]}, price_minor=100)
    assert codes_of(single, prices={"1": 100}) == {"above_normal_price"}
    assert codes_of(single, prices={"1": 101}) == set()
    assert codes_of(single) == set()


def test_the_catalogue_tells_tobacco_and_alcohol_by_class() -> None:
    goods = [
        Good("T", 100, goods_class="tobacco", groups=("till",), brand="Smoke"),
        Good("B", 100, goods_class="alcohol", groups=("till",)),
    ]
    for scope in ({"skus": ["T"]}, {"brands": ["Smoke"]}):
        assert codes_of(target(**scope), goods=goods) == {"tobacco_in_scope"}
    rest = {"groups": ["till"], "exclude": {"skus": ["T"]}}
    head = {"group_parents": {"till": None}}
    assert codes_of(target(**rest), goods=goods, head=head) == {"alcohol_without_floor"}
    floored = [goods[0], replace(goods[1], min_price_minor=80)]
    assert codes_of(target(**rest), goods=floored, head=head) == set()


def test_the_oldest_agent_and_the_promise_of_the_file_bound_the_vocabulary() -> None:
    old, new = rule(), effect(kind="nth_unit", target=CHEESE, nth=2, percent_bp=100)
    for oldest in ("", "0.1.7", "0.2", "1.0"):
        assert codes_of(old, oldest_agent=oldest) == set()
    assert codes_of(new, oldest_agent="0.1.7") == {"needs_newer_agent"}
    assert codes_of(new, oldest_agent="0.2.0") == set()
    promise = {"min_agent_version": "0.2"}
    assert codes_of(new, head=promise) == set()
    assert codes_of(new, head=promise, oldest_agent="0.1.7") == {"needs_newer_agent"}
    assert codes_of(new, head={"min_agent_version": "0.1.9"}) == {"needs_newer_agent"}


def test_unknown_groups_of_the_programme() -> None:
    programme = {"redeem_excluded_groups": ["rum"], "accrual_excluded_groups": ["dairy"]}
    assert found(programme=programme) == [("unknown_group", "programme.redeem_excluded_groups")]
    assert found(programme=programme, group_parents={}) == []


def test_a_clean_rule_set_and_dates_that_still_run() -> None:
    window = {"kind": "time_window", "from_time": "22:00", "until_time": "06:00"}
    assert found(rule(valid_until="2026-11-22T18:00", conditions=[window])) == []
    body = json.dumps({"promotions": [rule(valid_until="2020-01-01")]}).encode()
    assert conflicts(parse_draft(body)) == []


def test_every_finding_has_a_sample() -> None:
    elsewhere = {
        *("overlap", "unreachable", "code_twice", "unused_mode"),
        *("above_normal_price", "needs_newer_agent"),
    }
    assert {code for _, code, _ in SAMPLES} | elsewhere == set(CONFLICTS)
