"""Settings of one Checkbox cash register, from the agent's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.fiscal.counted.options import check_bounds, payment_modes, profile
from drivers.fiscal.counted.receipt_plan import PlanRules
from drivers.registry import BadDriverOption, Options

DEFAULTS: Final[Options] = {
    "license_key": "",
    "pin_code": "",
    "tax_codes": "А1 Б2 В3 Г4 Д5 М6 Н7",
    "line_width": 42,
    "trailer_width": 42,
    "payment_cash": "1",
    "payment_card": "2",
    "payment_gift_card": "3",
    "payment_bonus": "4",
    "payment_other": "5",
    "offline": True,
    "open_shift": True,
    "reply_timeout_ms": 5_000,
    "tries": 3,
    "poll_ms": 750,
    "rate_limit": 15,
}
"""`license_key` and `pin_code` are given by Checkbox for a register and a cashier. `offline` lets
receipts be made under reserved numbers while the service cannot be reached; `rate_limit` is the
service's own bound on requests in ten seconds."""

BOUNDS: Final = {
    "line_width": (24, 64),
    "trailer_width": (24, 64),
    "reply_timeout_ms": (20, 60_000),
    "tries": (1, 10),
    "poll_ms": (1, 5_000),
    "rate_limit": (1, 10_000),
}
_TAX: Final = re.compile(r"([АБВГДМН])(\d{1,3})")


@dataclass(frozen=True, slots=True)
class CheckboxOptions:
    """Checked options; see `DEFAULTS` for their meaning."""

    license_key: str
    pin_code: str
    tax_codes: Mapping[str, int]
    rules: PlanRules
    offline: bool
    open_shift: bool
    timeout_s: float
    tries: int
    poll_s: float
    rate_limit: int


def read_options(options: Options) -> CheckboxOptions:
    """Check bounds, or raise `BadDriverOption`; missing options take their defaults."""
    given = {**DEFAULTS, **options}
    check_bounds(given, BOUNDS)
    found = [_TAX.fullmatch(part) for part in str(given["tax_codes"]).split()]
    taxes = {match[1]: int(match[2]) for match in found if match}
    if not taxes or len(taxes) != len(found):
        raise BadDriverOption("bad_option", "option 'tax_codes' must be like 'А1 Б2'")
    return CheckboxOptions(
        license_key=str(given["license_key"]),
        pin_code=str(given["pin_code"]),
        tax_codes=taxes,
        rules=PlanRules(
            profile(given),
            item_name_width=128,
            payment_modes=payment_modes(given, "12345"),
            name_lines=1,
            tax_groups=frozenset(taxes),
            qr_bytes=200,
        ),
        offline=bool(given["offline"]),
        open_shift=bool(given["open_shift"]),
        timeout_s=int(given["reply_timeout_ms"]) / 1000,
        tries=int(given["tries"]),
        poll_s=int(given["poll_ms"]) / 1000,
        rate_limit=int(given["rate_limit"]),
    )
