"""Typed identifiers: parse and check, never generate.

Sale, authorisation, return and job ids are UUID strings made by the client before anything is
sent. Member ids are positive integers below 2**53, so that every JSON reader keeps them exact.
"""

from __future__ import annotations

import re
import uuid

from loyalty.errors import LoyaltyError

MAX_MEMBER_ID = 2**53 - 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


def parse_uuid(text: str, field: str) -> str:
    """Canonical lower-case UUID text, or `LoyaltyError` with code `bad_id`."""
    try:
        return str(uuid.UUID(text))
    except (ValueError, AttributeError, TypeError):
        raise LoyaltyError("bad_id", f"{field} must be a UUID", field) from None


def parse_name(text: str, field: str) -> str:
    """Store, register or promotion name: 1–32 of letters, digits, `_`, `.`, `-`."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise LoyaltyError(
            "bad_id", f"{field} must be 1–32 letters, digits, '_', '.' or '-'", field
        )
    return text
