"""What was scanned or typed: a member's code, a product, something else, or nothing we know.

A static member QR is `LC1:` + ten Crockford base-32 characters + one check character (Luhn mod 32
over the ten). A member card is an EAN-13 in the programme's own sub-range. The first class that
fits wins and nothing is guessed: what fits none is unknown. Numbers of payment cards are dropped
at once, and `masked` is the only form of a code that may reach a log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from loyalty.errors import InvalidToken
from loyalty.member import MemberToken, ScanSource, Strength

MAX_TEXT = 512
STATIC_QR_PREFIX = "LC1:"
PURSE_PREFIX = "LP1:"
STATIC_QR_CHARACTERS = 10

CodeKind = Literal["member", "product", "weighed", "purse", "coupon", "unknown"]

REASONS = {
    "empty": "nothing was read",
    "too_long": f"over {MAX_TEXT} characters",
    "control_characters": "the text holds control characters",
    "bad_check": "the check character is wrong: scan again",
    "payment_card": "a payment card; the number was dropped",
    "purse_unsupported": "a purse code; this agent cannot open it yet",
    "coupon_unsupported": "a coupon code; this agent cannot use it yet",
    "phone_not_typed": "a phone number counts only when typed by hand",
    "unknown_code": "no known kind of code",
}

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_VALUE = {char: value for value, char in enumerate(_CROCKFORD)}
_TYPED_TWINS = str.maketrans("OIL", "011")

# A wedge scanner on a Ukrainian layout types these for the prefix and letters of our codes.
_UKRAINIAN_KEYS = str.maketrans(
    "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬЖйцукенгшщзфівапролдячсмитьж",
    "QWERTYUIOPASDFGHJKLZXCVBNM:qwertyuiopasdfghjklzxcvbnm:",
)
# The same layout also moves three signs that a purse code uses.
_UKRAINIAN_SIGNS = str.maketrans("юЮ.;", "../$")

_DIGITS = re.compile(r"[0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SEPARATORS = re.compile(r"[\s().\-\u00a0\u2010-\u2015]")
_TRACK = re.compile(r"[;%]?B?([0-9]{13,19})[=^]")
_MOBILE = re.compile(r"790[0-9]{6}|(?:39|50|6[36-8]|7[1-357]|9[1-9])[0-9]{7}")
# Visa; Mastercard; American Express, Diners, JCB; Maestro, UnionPay, Discover; Prostir (Ukraine).
_PAYMENT_IIN = re.compile(r"4|5[0-9]|2[2-7]|3[0-9]|6[0-9]|9804")
_DINERS_IIN = re.compile(r"30[0-5]|3[689]")


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """Number ranges of the programme: prefixes of member cards and of weighed goods."""

    card_prefixes: tuple[str, ...] = ("042",)
    weighed_prefixes: tuple[str, ...] = ("21", "22", "23", "24", "25", "26", "27", "28", "29")


@dataclass(frozen=True, slots=True)
class Classified:
    """What a text is.

    `code` is the product's bar code as scanned; for a weighed label it is the label with its
    weight zeroed, which is how the goods list names it, and `qty_milli` is the weight in grams.
    `purse` is the whole text of an `LP1:` code, for `loyalty.purse.read`; it must not be logged.
    `reason` is a key of `REASONS` when the code cannot be used.
    """

    kind: CodeKind
    masked: str
    token: MemberToken | None = None
    code: str = ""
    qty_milli: int | None = None
    reason: str = ""
    purse: str = ""

    @property
    def lookup_codes(self) -> tuple[str, ...]:
        """The code and its twin with or without the leading zero of a UPC-A."""
        if len(self.code) == 12:
            return (self.code, "0" + self.code)
        if len(self.code) == 13 and self.code.startswith("0"):
            return (self.code, self.code[1:])
        return (self.code,) if self.code else ()


def classify(text: str, symbology: str, source: ScanSource, policy: CodePolicy) -> Classified:
    """Decide what a scan or a typed text is; never raises.

    `symbology` is the AIM identifier ("]E0") or "" when the source does not tell it. A phone
    number is taken from the keyboard only.
    """
    if len(text) > MAX_TEXT:
        return _unknown("too_long", text)
    text = text.strip()
    if not text:
        return _unknown("empty", text)
    if _CONTROL.search(text):
        return _unknown("control_characters", text)
    own = _own_scheme(text)
    if own is not None:
        return own
    track = _TRACK.match(text)
    bare = track[1] if track else _SEPARATORS.sub("", text)
    phone = None if track else normalise_phone(text)
    if phone is not None and source == "keyboard":
        token = MemberToken("phone", phone, Strength.PHONE_TYPED)
        return Classified("member", "phone:****", token)
    if phone is not None and not has_gtin_check(bare):
        return Classified("unknown", "phone:****", reason="phone_not_typed")
    if not _DIGITS.fullmatch(bare):
        return _unknown("unknown_code", text)
    if track or _is_payment_card(bare, symbology):
        return Classified("unknown", "****", reason="payment_card")
    return _number(bare, symbology, policy)


def _unknown(reason: str, text: str) -> Classified:
    return Classified("unknown", f"?({len(text)})", reason=reason)


# --- our own schemes --------------------------------------------------------------------------


def make_static_qr(number: int) -> str:
    """The static QR text of a number from 0 to 32**10 − 1; `InvalidToken` outside."""
    if not 0 <= number < 32**STATIC_QR_CHARACTERS:
        raise InvalidToken("out_of_range", "the number does not fit ten base-32 characters")
    body = ""
    for _ in range(STATIC_QR_CHARACTERS):
        number, value = divmod(number, 32)
        body = _CROCKFORD[value] + body
    return STATIC_QR_PREFIX + body + _luhn_mod_32(body)


def parse_static_qr(text: str) -> str:
    """The ten characters of a static QR; `InvalidToken` when form or check is wrong.

    Small letters, and O for 0 or I and L for 1, are read as Crockford's base 32 says.
    """
    upper = text.strip().upper()
    if not upper.startswith(STATIC_QR_PREFIX):
        raise InvalidToken("not_static_qr", f"does not start with {STATIC_QR_PREFIX}")
    code = upper.removeprefix(STATIC_QR_PREFIX).translate(_TYPED_TWINS)
    if len(code) != STATIC_QR_CHARACTERS + 1 or any(char not in _CROCKFORD_VALUE for char in code):
        raise InvalidToken("bad_form", "eleven base-32 characters are expected")
    body, check = code[:-1], code[-1]
    if _luhn_mod_32(body) != check:
        raise InvalidToken("bad_check", "the check character is wrong")
    return body


def _luhn_mod_32(body: str) -> str:
    total = 0
    for place, char in enumerate(reversed(body)):
        doubled = _CROCKFORD_VALUE[char] * (2 if place % 2 == 0 else 1)
        total += doubled // 32 + doubled % 32
    return _CROCKFORD[-total % 32]


def _own_scheme(text: str) -> Classified | None:
    for candidate in (text, text.translate(_UKRAINIAN_SIGNS).translate(_UKRAINIAN_KEYS)):
        upper = candidate.upper()
        if upper.startswith(PURSE_PREFIX):
            return Classified("purse", "LP1:****", reason="purse_unsupported", purse=upper)
        if upper.startswith(STATIC_QR_PREFIX):
            try:
                body = parse_static_qr(upper)
            except InvalidToken:
                return Classified("unknown", "LC1:****", reason="bad_check")
            token = MemberToken("qr", body, Strength.STATIC_CODE)
            return Classified("member", "LC1:****", token)
    return None


# --- digits -----------------------------------------------------------------------------------


def gtin_check_digit(body: str) -> str:
    """Check digit for the digits before it (GS1 General Specifications, 7.9)."""
    total = sum(int(char) * (1 if place % 2 else 3) for place, char in enumerate(reversed(body)))
    return str(-total % 10)


def has_gtin_check(digits: str) -> bool:
    """True for an EAN-8, UPC-A, EAN-13 or GTIN-14 whose check digit is right."""
    is_gtin = len(digits) in (8, 12, 13, 14) and bool(_DIGITS.fullmatch(digits))
    return is_gtin and gtin_check_digit(digits[:-1]) == digits[-1]


def _luhn_holds(digits: str) -> bool:
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_payment_card(digits: str, symbology: str) -> bool:
    """ISO/IEC 7812 numbers of payment brands; a 13-digit number that is an EAN is an EAN."""
    if not 13 <= len(digits) <= 19 or not _PAYMENT_IIN.match(digits) or not _luhn_holds(digits):
        return False
    if not has_gtin_check(digits):
        return True
    is_case_code = symbology.startswith(("]I", "]C1"))
    return len(digits) == 14 and bool(_DINERS_IIN.match(digits)) and not is_case_code


def _is_ean(symbology: str) -> bool:
    return not symbology or symbology.startswith("]E") or symbology.upper().startswith("EAN")


def _number(digits: str, symbology: str, policy: CodePolicy) -> Classified:
    if len(digits) not in (8, 12, 13, 14):
        return _unknown("unknown_code", digits)
    # A reader may drop the leading zero of an EAN-13 and send it as UPC-A.
    full = "0" + digits if len(digits) == 12 else digits
    is_card = len(full) == 13 and full.startswith(policy.card_prefixes) and _is_ean(symbology)
    if not has_gtin_check(digits):
        return _unknown("bad_check", digits)
    if is_card:
        token = MemberToken("card", full, Strength.STATIC_CODE)
        return Classified("member", "card:****", token)
    if len(digits) == 13 and digits.startswith(policy.weighed_prefixes):
        label = digits[:7] + "00000"
        code = label + gtin_check_digit(label)
        return Classified("weighed", code, code=code, qty_milli=int(digits[7:12]))
    if len(digits) == 13 and digits.startswith(("98", "99", "05")):
        return Classified("coupon", f"{digits[:3]}****", reason="coupon_unsupported")
    return Classified("product", digits, code=digits)


# --- phones -----------------------------------------------------------------------------------


def normalise_phone(text: str) -> str | None:
    """E.164 of a Ukrainian mobile number in any usual spelling, else None.

    Taken: 0671234567, +380…, 380…, 00380…, 671234567, 8067…, with blanks, dashes, dots and
    brackets. Landlines and other countries are not. Ranges as in libphonenumber 9.0 for UA.
    """
    if len(text) > 40:
        return None
    bare = _SEPARATORS.sub("", text.strip())
    has_plus = bare.startswith("+")
    bare = bare.removeprefix("+")
    if not _DIGITS.fullmatch(bare):
        return None
    for prefix, length in (("00380", 14), ("380", 12), ("80", 11), ("0", 10), ("", 9)):
        if len(bare) == length and bare.startswith(prefix):
            if has_plus and prefix != "380":
                return None
            national = bare.removeprefix(prefix)
            return f"+380{national}" if _MOBILE.fullmatch(national) else None
    return None
