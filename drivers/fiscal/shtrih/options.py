"""Settings of one Shtrih-M printer, from the agent's configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from drivers.fiscal.counted.options import (
    check_bounds,
    digits,
    payment_modes,
    profile,
    tax_letters,
)
from drivers.fiscal.counted.receipt_plan import PlanRules
from drivers.fiscal.shtrih.link import LinkTiming
from drivers.registry import Options

DEFAULTS: Final[Options] = {
    "password": "30",
    "department": 1,
    "tax_letters": "АБВГ",
    "line_width": 36,
    "trailer_width": 36,
    "payment_cash": "1",
    "payment_card": "2",
    "payment_gift_card": "3",
    "payment_bonus": "4",
    "payment_other": "4",
    "port_exclusive": True,
    "reply_timeout_ms": 500,
    "tries": 5,
}
"""`password`: 1 to 28 cashiers, 29 and 30 administrators. `payment_*`: the four means of 85h, cash
is 1. `tax_letters`: the letters of tax groups 1 to 4. 36 is the width
of SHTRIH-FR-K (pyshtrih)."""

BOUNDS: Final = {
    "department": (0, 16),
    "line_width": (16, 40),
    "trailer_width": (16, 40),
    "reply_timeout_ms": (20, 20_000),
    "tries": (1, 20),
}


@dataclass(frozen=True, slots=True)
class ShtrihOptions:
    """Checked options; see `DEFAULTS` for their meaning."""

    password: int
    department: int
    tax_letters: str
    rules: PlanRules
    port_exclusive: bool
    timing: LinkTiming


def read_options(options: Options) -> ShtrihOptions:
    """Check bounds, or raise `BadDriverOption`; missing options take their defaults."""
    given = {**DEFAULTS, **options}
    check_bounds(given, BOUNDS)
    letters = tax_letters(given)
    return ShtrihOptions(
        password=int(digits(given, "password", 1, 8)),
        department=int(given["department"]),
        tax_letters=letters[:4],
        rules=PlanRules(
            profile(given, prints_qr=False),
            item_name_width=40,
            payment_modes=payment_modes(given, "1234"),
            name_lines=1,
            tax_groups=frozenset(letters[:4]),
            max_sales=400,
            qr_bytes=0,
            corrects_apart=True,
        ),
        port_exclusive=bool(given["port_exclusive"]),
        timing=LinkTiming(int(given["reply_timeout_ms"]) / 1000, int(given["tries"])),
    )
