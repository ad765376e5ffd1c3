"""Our own QR texts: the static `LC1:` code and the signed, rotating `LP1:` purse.

`LC1:` + ten Crockford base-32 characters + one check character (Luhn mod 32 over the ten). What an
`LP1:` text says is `loyalty.purse`'s; here only its alphabet is looked at.
"""

from __future__ import annotations

import re

from loyalty.codes.checks import CROCKFORD, CROCKFORD_VALUE, luhn_mod_32
from loyalty.codes.kinds import Classified, not_usable
from loyalty.errors import InvalidToken
from loyalty.member import MemberToken, Strength

STATIC_QR_PREFIX = "LC1:"
PURSE_PREFIX = "LP1:"
STATIC_QR_CHARACTERS = 10
_TYPED_TWINS = str.maketrans("OIL", "011")
_BASE45 = re.compile(r"[0-9A-Z $%*+\-./:]*")


def make_static_qr(number: int) -> str:
    """The static QR text of a number from 0 to 32**10 − 1; `InvalidToken` outside."""
    if not 0 <= number < 32**STATIC_QR_CHARACTERS:
        raise InvalidToken("out_of_range", "the number does not fit ten base-32 characters")
    body = ""
    for _ in range(STATIC_QR_CHARACTERS):
        number, value = divmod(number, 32)
        body = CROCKFORD[value] + body
    return STATIC_QR_PREFIX + body + luhn_mod_32(body)


def parse_static_qr(text: str) -> str:
    """The ten characters of a static QR; `InvalidToken` when form or check is wrong.

    Small letters, and O for 0 or I and L for 1, are read as Crockford's base 32 says.
    """
    upper = text.strip().upper()
    if not upper.startswith(STATIC_QR_PREFIX):
        raise InvalidToken("not_static_qr", f"does not start with {STATIC_QR_PREFIX}")
    code = upper.removeprefix(STATIC_QR_PREFIX).translate(_TYPED_TWINS)
    if len(code) != STATIC_QR_CHARACTERS + 1 or any(char not in CROCKFORD_VALUE for char in code):
        raise InvalidToken("bad_form", "eleven base-32 characters are expected")
    body, check = code[:-1], code[-1]
    if luhn_mod_32(body) != check:
        raise InvalidToken("bad_check", "the check character is wrong")
    return body


def own_qr(whole: str) -> list[Classified]:
    """What a text with one of our prefixes is; [] without one."""
    # Without the shift key the Cyrillic ж is a semicolon.
    upper = re.sub(r"^(L[CP]1);", r"\1:", whole.upper())
    if upper.startswith((PURSE_PREFIX, STATIC_QR_PREFIX)) and "\x1d" in upper:
        return [not_usable("control_characters", whole)]
    if upper.startswith(PURSE_PREFIX):
        if not _BASE45.fullmatch(upper):
            return [Classified("unknown", "LP1:****", reason="bad_check")]
        return [Classified("purse", "LP1:****", reason="purse_unsupported", purse=upper)]
    if not upper.startswith(STATIC_QR_PREFIX):
        return []
    try:
        body = parse_static_qr(upper)
    except InvalidToken:
        return [Classified("unknown", "LC1:****", reason="bad_check")]
    return [Classified("member", "LC1:****", MemberToken("qr", body, Strength.STATIC_CODE))]
