"""Keys of the token index that both ends must form alike."""

from __future__ import annotations

import hashlib
import hmac
import re

from loyalty.errors import InvalidToken

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def phone_token(phone_key: bytes, e164: str) -> str:
    """Index key of a phone: `phone:` and the hex HMAC-SHA256 of the number as `+380…`.

    A pseudonym under the store's key; raises `InvalidToken` when the number is not E.164."""
    if not _E164.fullmatch(e164):
        raise InvalidToken("bad_phone", "a phone is + and 7 to 15 digits", "phone")
    return "phone:" + hmac.new(phone_key, e164.encode("ascii"), hashlib.sha256).hexdigest()
