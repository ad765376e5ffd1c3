"""The `policy` of a case, said in the programme's own switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loyalty.promotions.policies import Policies
from tests.peer_cases.case_file import NotUnderstood

PEERS_ROW = Policies(sequencing="priority", exclusive_stops="everything")
"""Rules of a case stand in one row, and an exclusive one that acts is alone."""

SWITCHES: dict[str, dict[str, dict[str, Any]]] = {
    "round": {
        "down": {"rounding": "down"},
        "up": {"rounding": "up"},
        "half_up": {"rounding": "half_up"},
        "half_down": {"rounding": "half_down"},
        "half_even": {"rounding": "half_even"},
        # The price after the discount half-up is the discount half-down.
        "half_up on the resulting price": {"rounding": "half_down"},
    },
    "round_at": {name: {"round_at": name} for name in ("rule", "line", "unit")},
    "remainder": {"last_line": {"split": "last_line"}},
    "method": {
        "largest_remainder": {"split": "largest_remainder"},
        "half_down_then_remainder_to_first": {"split": "half_down_first"},
        "last_line": {"split": "last_line"},
    },
    "tie": {"earlier": {"tie": "earlier"}, "later": {"tie": "later"}},
    "all_zero_weights": {"equal": {"zero_weights": "equal"}, "none": {"zero_weights": "none"}},
    "allocation": {
        "customer_best": {"allocation": "member_best"},
        "in_order": {"allocation": "in_order"},
    },
    "percent_basis": {
        "gross inside one promotion": {"percent_basis": "gross"},
        "gross": {"percent_basis": "gross"},
        "net": {"percent_basis": "net"},
    },
    "earn_base": {
        "before_redemption": {"earn_base": "before_redemption"},
        "money": {"earn_base": "money"},
    },
    "pick": {"dearest": {"pick": "dearest"}, "cheapest": {"pick": "cheapest"}},
    # What a cap does with too little money is a promotion's own field.
    "budget": {"all_or_nothing": {}, "partial": {}},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The switches of a case. `is_partial` is what promotions do with a budget that is short."""

    switches: Policies = field(default_factory=lambda: PEERS_ROW)
    is_partial: bool = False


def read_policy(policy: Mapping[str, Any]) -> Wanted:
    """Every switch that the case sets; `NotUnderstood` for one that the programme does not have."""
    wanted = PEERS_ROW
    for name, value in policy.items():
        choices = SWITCHES.get(name)
        if choices is None:
            raise NotUnderstood(f"policy: unknown switch {name!r}")
        if not isinstance(value, str) or value not in choices:
            raise NotUnderstood(f"policy: {name} has no {value!r}")
        wanted = replace(wanted, **choices[value])
    return Wanted(wanted, policy.get("budget") == "partial")
