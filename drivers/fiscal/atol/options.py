"""Settings of one ATOL printer, from the agent's configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from drivers.fiscal.atol.link import LinkTiming
from drivers.fiscal.counted.options import (
    check_bounds,
    digits,
    payment_modes,
    profile,
    tax_letters,
)
from drivers.fiscal.counted.receipt_plan import PlanRules
from drivers.fiscal.printer_text import CP866
from drivers.registry import Options

DEFAULTS: Final[Options] = {
    "password": "0000",
    "operator": "1",
    "tax_letters": "АБВГД",
    "line_width": 40,
    "trailer_width": 40,
    "payment_cash": "1",
    "payment_card": "2",
    "payment_gift_card": "3",
    "payment_bonus": "4",
    "payment_other": "4",
    "port_exclusive": True,
    "reply_timeout_ms": 500,
    "tries": 5,
}
"""`password` opens the device's interface, `operator` is the password of the registration mode.
`tax_letters`: the letters of departments 1 to 5, to which the device binds its taxes."""

BOUNDS: Final = {
    "line_width": (16, 64),
    "trailer_width": (16, 64),
    "reply_timeout_ms": (20, 5_000),
    "tries": (1, 20),
}


@dataclass(frozen=True, slots=True)
class AtolOptions:
    """Checked options; see `DEFAULTS` for their meaning."""

    password: int
    operator: int
    tax_letters: str
    rules: PlanRules
    port_exclusive: bool
    timing: LinkTiming


def read_options(options: Options) -> AtolOptions:
    """Check bounds, or raise `BadDriverOption`; missing options take their defaults."""
    given = {**DEFAULTS, **options}
    check_bounds(given, BOUNDS)
    letters = tax_letters(given)
    return AtolOptions(
        password=int(digits(given, "password", 1, 4)),
        operator=int(digits(given, "operator", 1, 8)),
        tax_letters=letters,
        rules=PlanRules(
            profile(given, CP866, prints_qr=False),
            item_name_width=int(given["line_width"]),
            payment_modes=payment_modes(given, "123456789"),
            tax_groups=frozenset(letters),
            max_sales=400,
            qr_bytes=0,
            corrects_apart=True,
        ),
        port_exclusive=bool(given["port_exclusive"]),
        timing=LinkTiming(int(given["reply_timeout_ms"]) / 1000, int(given["tries"])),
    )
