"""Check characters of scanned codes: GTIN (mod 10), Luhn, and Luhn mod 32 of our own QR."""

from __future__ import annotations

import re

DIGITS = re.compile(r"[0-9]+")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CROCKFORD_VALUE = {char: value for value, char in enumerate(CROCKFORD)}


def gtin_check_digit(body: str) -> str:
    """Check digit for the digits before it (GS1 General Specifications, 7.9); any length."""
    total = sum(int(char) * (1 if place % 2 else 3) for place, char in enumerate(reversed(body)))
    return str(-total % 10)


def has_check_digit(digits: str) -> bool:
    """True when the last digit is the GS1 check digit of the others, whatever the length."""
    return len(digits) > 1 and gtin_check_digit(digits[:-1]) == digits[-1]


def has_gtin_check(digits: str) -> bool:
    """True for an EAN-8, UPC-A, EAN-13 or GTIN-14 whose check digit is right."""
    is_gtin = len(digits) in (8, 12, 13, 14) and bool(DIGITS.fullmatch(digits))
    return is_gtin and has_check_digit(digits)


def luhn_holds(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def luhn_mod_32(body: str) -> str:
    """Check character of Crockford base-32 characters."""
    total = 0
    for place, char in enumerate(reversed(body)):
        doubled = CROCKFORD_VALUE[char] * (2 if place % 2 == 0 else 1)
        total += doubled // 32 + doubled % 32
    return CROCKFORD[-total % 32]
