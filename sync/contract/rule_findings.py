"""Findings of the publish-time checks: their codes, severities and form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

CONFLICTS: dict[str, Severity] = {
    "empty_scope": "error",
    "unknown_group": "error",
    "tobacco_in_scope": "error",
    "alcohol_without_floor": "warning",
    "accrual_over_100": "error",
    "above_normal_price": "error",
    "empty_window": "error",
    "empty_dates": "error",
    "empty_list": "error",
    "empty_pilot": "error",
    "past_dates": "warning",
    "deep_discount": "warning",
    "budget_missing": "warning",
    "overlap": "warning",
    "unreachable": "warning",
    "code_twice": "error",
    "unused_mode": "warning",
    "needs_newer_agent": "error",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """One finding: a code of `CONFLICTS`, where it is, and a sentence about it."""

    severity: Severity
    code: str
    field: str
    promotion_id: str
    message: str


def finding(code: str, field: str, promotion_id: str, message: str) -> Conflict:
    """A finding with the severity of its code."""
    return Conflict(CONFLICTS[code], code, field, promotion_id, message)
