"""Settings of one printer, from the agent's configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from drivers.fiscal.counted.options import check_bounds, digits, payment_modes, profile
from drivers.fiscal.counted.receipt_plan import PlanRules
from drivers.fiscal.isl.link import LinkTiming
from drivers.registry import Options

DEFAULTS: Final[Options] = {
    "operator": 1,
    "operator_password": "0000",
    "till": 1,
    "line_width": 34,
    "trailer_width": 34,
    "item_name_width": 36,
    "payment_cash": "P",
    "payment_card": "D",
    "payment_gift_card": "C",
    "payment_bonus": "N",
    "payment_other": "N",
    "set_cashier": True,
    "port_exclusive": True,
    "reply_timeout_ms": 500,
    "tries": 5,
}
"""Widths: the Ukrainian FPU-550 driver of Shtrih-M splits every text at 34, the FP3530T help allows
35 in a service receipt, Exellio drivers give an article name 36. `payment_*` are the letters of
command 53: P cash, N credit, C cheque, D card. `port_exclusive` says that no other program talks to
this printer, so a receipt that appeared while we were opening ours is ours."""

BOUNDS: Final = {
    "operator": (1, 16),
    "till": (1, 99_999),
    "line_width": (16, 64),
    "trailer_width": (16, 64),
    "item_name_width": (12, 60),
    "reply_timeout_ms": (20, 5_000),
    "tries": (1, 20),
}


@dataclass(frozen=True, slots=True)
class DatecsUaOptions:
    """Checked options; see `DEFAULTS` for their meaning."""

    operator: int
    operator_password: str
    till: int
    rules: PlanRules
    set_cashier: bool
    port_exclusive: bool
    timing: LinkTiming


def read_options(options: Options) -> DatecsUaOptions:
    """Check bounds, or raise `BadDriverOption`; missing options take their defaults."""
    given = {**DEFAULTS, **options}
    check_bounds(given, BOUNDS)
    return DatecsUaOptions(
        operator=int(given["operator"]),
        operator_password=digits(given, "operator_password", 4, 8),
        till=int(given["till"]),
        rules=PlanRules(
            profile(given), int(given["item_name_width"]), payment_modes(given, "PNCD")
        ),
        set_cashier=bool(given["set_cashier"]),
        port_exclusive=bool(given["port_exclusive"]),
        timing=LinkTiming(int(given["reply_timeout_ms"]) / 1000, int(given["tries"])),
    )
