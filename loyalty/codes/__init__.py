"""What was scanned or typed: a member's code, a product, something else, or nothing we know.

`classify` is the whole of it: payment cards are dropped first, then the classes are tried in the
order that the programme's data gives (`kinds`), and what fits two classes of one step is for the
cashier to decide. Nothing is guessed: what fits none is unknown. `masked` is the only form of a
code that may reach a log. Pure: no port, no clock, no lookup.
"""

from __future__ import annotations

from loyalty.codes.checks import (
    gtin_check_digit,
    has_check_digit,
    has_gtin_check,
    luhn_holds,
)
from loyalty.codes.classify import classify
from loyalty.codes.kinds import (
    CODE_CLASSES,
    DEFAULT_ORDER,
    MAX_TEXT,
    REASONS,
    Classified,
    CodeClass,
    CodeKind,
    CodePolicy,
    Steps,
    steps_of,
)
from loyalty.codes.own_qr import (
    PURSE_PREFIX,
    STATIC_QR_CHARACTERS,
    STATIC_QR_PREFIX,
    make_static_qr,
    parse_static_qr,
)
from loyalty.codes.payment_card import is_payment_card, is_payment_range
from loyalty.codes.phone import normalise_phone

__all__ = [
    "CODE_CLASSES",
    "DEFAULT_ORDER",
    "MAX_TEXT",
    "PURSE_PREFIX",
    "REASONS",
    "STATIC_QR_CHARACTERS",
    "STATIC_QR_PREFIX",
    "Classified",
    "CodeClass",
    "CodeKind",
    "CodePolicy",
    "Steps",
    "classify",
    "gtin_check_digit",
    "has_check_digit",
    "has_gtin_check",
    "is_payment_card",
    "is_payment_range",
    "luhn_holds",
    "make_static_qr",
    "normalise_phone",
    "parse_static_qr",
    "steps_of",
]
