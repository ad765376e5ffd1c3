"""Settings of one Bulgarian ISL printer, from the agent's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.fiscal.counted.options import check_bounds, digits, payment_modes, profile
from drivers.fiscal.counted.receipt_plan import PlanRules
from drivers.fiscal.isl.link import LinkTiming
from drivers.fiscal.isl_bg.dialects import TAX_LETTERS
from drivers.registry import Options, OptionValue

COMMON: Final[Options] = {
    "operator": 1,
    "operator_password": "0000",
    "till": 1,
    "port_exclusive": True,
    "reply_timeout_ms": 500,
    "tries": 5,
}
BOUNDS: Final = {
    "operator": (1, 30),
    "till": (1, 99_999),
    "line_width": (16, 64),
    "trailer_width": (16, 64),
    "item_name_width": (12, 72),
    "reply_timeout_ms": (20, 5_000),
    "tries": (1, 20),
}
DATECS_P: Final[Options] = {
    **COMMON,
    "line_width": 46,
    "trailer_width": 46,
    "item_name_width": 34,
    "payment_cash": "P",
    "payment_card": "D",
    "payment_gift_card": "C",
    "payment_bonus": "N",
    "payment_other": "N",
}
DAISY: Final[Options] = {
    **DATECS_P,
    "line_width": 28,
    "trailer_width": 28,
    "item_name_width": 20,
    "payment_card": "C",
    "payment_gift_card": "N",
    "payment_bonus": "D",
    "payment_other": "D",
}
DATECS_X: Final[Options] = {
    **COMMON,
    "line_width": 40,
    "trailer_width": 40,
    "item_name_width": 72,
    "payment_cash": "0",
    "payment_card": "1",
    "payment_gift_card": "3",
    "payment_bonus": "4",
    "payment_other": "5",
}
"""Widths as the manuals give them; a Daisy tells its own by 128, which is not asked."""


@dataclass(frozen=True, slots=True)
class BulgarianOptions:
    """Checked options; see the tables above for their defaults."""

    operator: int
    operator_password: str
    till: int
    rules: PlanRules
    port_exclusive: bool
    timing: LinkTiming


def read_options(
    options: Options, defaults: Mapping[str, OptionValue], modes: str, qr_bytes: int
) -> BulgarianOptions:
    """Check bounds, or raise `BadDriverOption`; missing options take their defaults."""
    given = {**defaults, **options}
    check_bounds(given, BOUNDS)
    return BulgarianOptions(
        operator=int(given["operator"]),
        operator_password=digits(given, "operator_password", 1, 8),
        till=int(given["till"]),
        rules=PlanRules(
            profile(given, prints_qr=bool(qr_bytes)),
            item_name_width=int(given["item_name_width"]),
            payment_modes=payment_modes(given, modes),
            name_lines=1,
            tax_groups=frozenset(TAX_LETTERS),
            qr_bytes=qr_bytes,
            takes_returns=False,
        ),
        port_exclusive=bool(given["port_exclusive"]),
        timing=LinkTiming(int(given["reply_timeout_ms"]) / 1000, int(given["tries"])),
    )
