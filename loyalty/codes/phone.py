"""Ukrainian phone numbers as people type them."""

from __future__ import annotations

import re
from typing import Literal

from loyalty.codes.checks import DIGITS

SEPARATORS = re.compile(r"[\s().\-\u00a0\u2010-\u2015]")
_MOBILE = re.compile(r"790[0-9]{6}|(?:39|50|6[36-8]|7[1-357]|9[1-9])[0-9]{7}")
_LANDLINE = re.compile(r"(?:3[1-8]|4[13-8]|5[1-7]|6[12459])[0-9]{7}")
_FORMS = (("00380", 14), ("380", 12), ("80", 11), ("0", 10), ("", 9))
MAX_TYPED = 40
MIN_NEAR, MAX_E164 = 6, 15
"""Digits of what may have been meant as a phone number."""

Line = Literal["mobile", "landline", "other"]


def normalise_phone(text: str) -> str | None:
    """E.164 of a Ukrainian mobile number in any usual spelling, else None.

    Taken: 0671234567, +380…, 380…, 00380…, 671234567, 8067…, with blanks, dashes, dots and
    brackets. Landlines and other countries are not. Ranges as in libphonenumber 9.0 for UA.
    """
    national, line = _national(text)
    return f"+380{national}" if line == "mobile" else None


def is_landline(text: str) -> bool:
    """True for a Ukrainian landline, in the spellings of `normalise_phone` that name a trunk or
    the country; nine bare digits say too little."""
    national, line = _national(text)
    return line == "landline" and len(SEPARATORS.sub("", text).lstrip("+")) > len(national)


def is_near_phone(text: str) -> bool:
    """True for what a person meant as a phone number: a plus, brackets, the blanks and dashes of
    one, or 0 and a number of digits that no bar code of goods has."""
    bare = SEPARATORS.sub("", text.strip())
    digits = bare.removeprefix("+")
    if not DIGITS.fullmatch(digits) or not MIN_NEAR <= len(digits) <= MAX_E164:
        return False
    if digits != bare or "(" in text:
        return True
    if digits != text.strip():
        return digits[0] in "038"
    return digits[0] == "0" and len(digits) in (9, 10, 11)


def _national(text: str) -> tuple[str, Line]:
    if len(text) > MAX_TYPED:
        return "", "other"
    bare = SEPARATORS.sub("", text.strip())
    has_plus = bare.startswith("+")
    bare = bare.removeprefix("+")
    if not DIGITS.fullmatch(bare):
        return "", "other"
    for prefix, length in _FORMS:
        if len(bare) == length and bare.startswith(prefix):
            if has_plus and prefix != "380":
                return "", "other"
            national = bare.removeprefix(prefix)
            if _MOBILE.fullmatch(national):
                return national, "mobile"
            return national, "landline" if _LANDLINE.fullmatch(national) else "other"
    return "", "other"
