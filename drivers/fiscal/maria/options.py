"""Settings of one MARIA-304T, from the agent's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.fiscal.counted.options import check_bounds, digits, payment_modes, profile
from drivers.fiscal.counted.receipt_plan import PlanRules
from drivers.fiscal.maria.commands import HEAD_CHARS, PAYMENTS, TAIL_CHARS, TAX_GROUPS
from drivers.fiscal.maria.link import LinkTiming
from drivers.fiscal.printer_text import CP866
from drivers.registry import BadDriverOption, Options

DEFAULTS: Final[Options] = {
    "password": "1111111111",
    "cashier": "Касир",
    "tax_schemes": "А2000 Б700 В0",
    "line_width": 43,
    "trailer_width": 43,
    "payment_cash": "4",
    "payment_card": "2",
    "payment_gift_card": "1",
    "payment_bonus": "3",
    "payment_other": "3",
    "port_exclusive": True,
    "reply_timeout_ms": 6_000,
    "tries": 4,
}
"""`tax_schemes`: letter and rate in hundredths of a percent, in the order of the device's groups.
`payment_*`: the four sums of COMP; the fourth is cash. The port is opened with even parity and two
stop bits: `serial:/dev/ttyUSB0?baud=115200&parity=even&stop=2`."""

BOUNDS: Final = {
    "line_width": (16, 43),
    "trailer_width": (16, 43),
    "reply_timeout_ms": (20, 20_000),
    "tries": (1, 20),
}
_SCHEME: Final = re.compile(r"([АБВГДМН])(\d{1,5})")


@dataclass(frozen=True, slots=True)
class MariaOptions:
    """Checked options; see `DEFAULTS` for their meaning. `schemes` is `А` → `А02000`."""

    password: str
    cashier: str
    schemes: Mapping[str, str]
    rules: PlanRules
    port_exclusive: bool
    timing: LinkTiming


def read_options(options: Options) -> MariaOptions:
    """Check bounds, or raise `BadDriverOption`; missing options take their defaults."""
    given = {**DEFAULTS, **options}
    check_bounds(given, BOUNDS)
    schemes = _schemes(str(given["tax_schemes"]))
    return MariaOptions(
        password=digits(given, "password", 10, 10),
        cashier=str(given["cashier"]),
        schemes=schemes,
        rules=PlanRules(
            profile(given, CP866, prints_qr=False),
            item_name_width=HEAD_CHARS + TAIL_CHARS,
            payment_modes=payment_modes(given, PAYMENTS),
            name_lines=1,
            tax_groups=frozenset(schemes),
            max_sales=300,
            qr_bytes=0,
            spreads_whole=True,
        ),
        port_exclusive=bool(given["port_exclusive"]),
        timing=LinkTiming(int(given["reply_timeout_ms"]) / 1000, int(given["tries"])),
    )


def _schemes(text: str) -> dict[str, str]:
    found = [_SCHEME.fullmatch(part) for part in text.split()]
    schemes = {match[1]: f"{match[1]}{int(match[2]):05d}" for match in found if match}
    if len(schemes) != len(found) or not 1 <= len(schemes) <= TAX_GROUPS:
        raise BadDriverOption(
            "bad_option",
            "option 'tax_schemes' must be letters with rates, for example 'А2000 Б700'",
        )
    return schemes
