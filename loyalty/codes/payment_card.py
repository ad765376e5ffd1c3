"""Numbers of payment cards, which are dropped at once (PCI DSS 3.2: never kept, never logged)."""

from __future__ import annotations

import re

from loyalty.codes.checks import has_check_digit, has_gtin_check, luhn_holds

# Visa; Mastercard; American Express, Diners, JCB; Maestro, UnionPay, Discover; Prostir (Ukraine).
_IIN = re.compile(r"4|5[0-9]|2[2-7]|3[0-9]|6[0-9]|9804")
_DINERS = re.compile(r"30[0-5]|3[689]")
TRACK = re.compile(r"(?:[;%]|%B|;B)?([0-9]{13,19})(?:=|\^(?!\]))")
BAD_TRACK = re.compile(r"[;%+]E\?")
"""What a stripe reader sends for a track it could not read (MagTek, keyboard emulation)."""


def is_payment_card(digits: str, symbology: str) -> bool:
    """ISO/IEC 7812 numbers of payment brands; a 13-digit number that is an EAN is an EAN.

    Eighteen digits that begin with 4 and end in a GS1 check digit are a GSRN (Ukraine's begin with
    482): Visa, whose range that is, has numbers of 13, 16 and 19 digits."""
    if len(digits) == 18 and digits.startswith("4") and has_check_digit(digits):
        return False
    if not 13 <= len(digits) <= 19 or not _IIN.match(digits) or not luhn_holds(digits):
        return False
    if not has_gtin_check(digits):
        return True
    is_case_code = symbology.startswith(("]I", "]C1"))
    return len(digits) == 14 and bool(_DINERS.match(digits)) and not is_case_code


def is_payment_range(prefix: str) -> bool:
    """True when numbers that begin so may belong to a payment brand, or could not be told."""
    is_inside = bool(_IIN.match(prefix)) or "9804".startswith(prefix)
    return is_inside or any(_IIN.match(prefix + digit) for digit in "0123456789")
