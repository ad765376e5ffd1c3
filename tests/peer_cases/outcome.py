"""What a case expects beside what the product says, key by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.errors import LoyaltyError
from tests.peer_cases import basket_cases, figure_cases, ledger_cases
from tests.peer_cases.case_file import Case, NotUnderstood

Got = Mapping[str, Any]

KINDS: dict[str, Callable[[Case], Got]] = {
    "basket": basket_cases.answer,
    "ledger": ledger_cases.answer,
    "limits": figure_cases.answer_limits,
    "split": figure_cases.answer_split,
    "cash_rounding": figure_cases.answer_cash,
}

IN_POINTS = frozenset(
    {
        "points_earned",
        "points_spent",
        "balance",
        "balance_after",
        "earned",
        "spent",
        "refund_taken",
        "refund_returned",
        "preview_earned",
        "preview_balance",
        "coupon_points",
    }
)
"""Keys whose figures are decimal texts: "26.5" and "26.50" are the same."""


@dataclass(frozen=True, slots=True)
class KeyResult:
    """One expected key. `got` is the product's figure, or why there is none."""

    case_id: str
    key: str
    expected: Any
    got: Any
    holds: bool
    is_strict: bool

    def __str__(self) -> str:
        return f"{self.case_id}: {self.key}: expected {self.expected!r}, got {self.got!r}"


def judge(case: Case) -> list[KeyResult]:
    """Every key of `expect`, and every strict key that `expect` does not have as not held."""
    got: Got = {}
    trouble = ""
    try:
        if case.kind not in KINDS:
            raise NotUnderstood(f"unknown kind {case.kind!r}")
        got = KINDS[case.kind](case)
    except NotUnderstood as problem:
        trouble = f"not understood: {problem}"
    except LoyaltyError as refusal:
        trouble = f"refused: {refusal.code}: {refusal}"
    keys = dict.fromkeys((*case.strict, *case.expect))
    return [_result(case, key, got, trouble) for key in keys]


def _result(case: Case, key: str, got: Got, trouble: str) -> KeyResult:
    is_strict = key in case.strict
    if key not in case.expect:
        return KeyResult(case.case_id, key, "(no figure in expect)", trouble, False, is_strict)
    expected = case.expect[key]
    if trouble or key not in got:
        why = trouble or "not understood: unknown key of expect"
        return KeyResult(case.case_id, key, expected, why, False, is_strict)
    return KeyResult(
        case.case_id, key, expected, got[key], is_same(key, expected, got[key]), is_strict
    )


def is_same(key: str, expected: Any, got: Any) -> bool:
    """Equal as figures: points as decimals, fired rules in any order, the rest as it stands."""
    if isinstance(expected, list) and isinstance(got, list | tuple):
        if key == "fired":
            return sorted(map(str, expected)) == sorted(got)
        return len(expected) == len(got) and all(
            is_same(key, one, other) for one, other in zip(expected, got, strict=True)
        )
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(
            is_same(key, expected[name], got[name]) for name in expected
        )
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return expected is got
    if key in IN_POINTS:
        return _number(expected) is not None and _number(expected) == _number(got)
    return type(expected) is type(got) and expected == got


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
