"""What to do about each finding of a rule file."""

from __future__ import annotations

ADVICE = {
    "empty_scope": "list SKUs, groups, brands or tags that nothing excludes, or set `all`",
    "unknown_group": "name a group of `group_parents`, or add it there",
    "tobacco_in_scope": "take it out: the law forbids promotions of tobacco",
    "alcohol_without_floor": "give these goods a `min_price` in the goods list, or exclude them",
    "accrual_over_100": "lower it: nothing may earn more than is paid for it",
    "above_normal_price": "set a price below the normal one, or take these goods out",
    "empty_window": "let the window end later than it starts, or remove the condition",
    "empty_dates": "let the dates end after they start",
    "empty_list": "list at least one, or remove the condition",
    "empty_pilot": "name stores or registers of the pilot, or give it a share",
    "past_dates": "remove the promotion, or move its end",
    "deep_discount": "look again whether it is meant, and set a cap of money",
    "budget_missing": "set `caps.campaign_minor` or `caps.campaign_count`",
    "overlap": "give them different priorities, or one `group` that says which acts",
    "unreachable": "raise its priority, or narrow what the other one takes",
    "code_twice": "give one of the promotions another code",
    "unused_mode": "remove the mode, or name the group in a promotion",
    "needs_newer_agent": "upgrade the registers first, or leave this part out",
    # refusals of the file itself
    "too_large": "split the rules: a bundle has at most 5 MB",
    "bad_json": "save the file as JSON in UTF-8",
    "duplicate_key": "keep one of the two",
    "too_deep": "flatten it",
    "unknown_schema": "write `schema_version` 1",
    "unknown_field": "remove it; docs/reference/rules.md lists all fields",
    "unknown_kind": "use a kind of docs/reference/rules.md",
    "missing_field": "add it; docs/reference/rules.md says what it means",
    "bad_value": "correct the value; docs/reference/rules.md gives its form and range",
    "duplicate_id": "give one of them another id",
    "group_cycle": "let one of the groups have another parent, or null",
}


def advice_for(code: str) -> str:
    """One imperative sentence; "" for a code that says what to do by itself."""
    return ADVICE.get(code, "")
