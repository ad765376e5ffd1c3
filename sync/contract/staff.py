"""Who works at a store: a row of the feed, its PIN as a slow hash, and facts about the shift.

A PIN of four digits can be tried out by whoever holds the hash and a computer; the slow hash makes
that minutes of work and not milliseconds, and the register locks after a few wrong ones.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Annotated, Final, Literal

from pydantic import Field

from sync.contract.messages import Name, Uuid, WireModel

Role = Literal["cashier", "senior", "manager"]
MIN_PIN: Final = 4
MAX_PIN: Final = 12
SALT_BYTES: Final = 16
_COST, _BLOCK, _LANES = 2**14, 8, 1
_KEY_BYTES: Final = 32
_SCHEME: Final = "scrypt14"


class FeedStaff(WireModel):
    """Row kind `staff`, key = cashier id, given to the registers of the person's stores.

    `name` is first name and initial. `pin` is a verifier of `pin_verifier`, `badge` a digest of
    `badge_digest`; "" where the person has none."""

    cashier_id: Name
    name: Annotated[str, Field(max_length=80)]
    role: Role = "cashier"
    pin: Annotated[str, Field(max_length=160)] = ""
    badge: Annotated[str, Field(max_length=64)] = ""


class WireShiftTotals(WireModel):
    """What loyalty did within one shift of one register. Kopecks and hundredths of a bonus.

    `identified` are sales with a member, `declined` those whose redemption was refused, `unknown`
    papers whose end nobody knows. Voided sales count nowhere, returns apart."""

    sales: int = 0
    identified: int = 0
    turnover_minor: int = 0
    discount_minor: int = 0
    earned_points: int = 0
    spent_points: int = 0
    declined: int = 0
    returns: int = 0
    restored_points: int = 0
    withdrawn_points: int = 0
    unknown: int = 0


class WireShift(WireModel):
    """Fact kind `shift`: something that happened to a register's shift; it moves no points.

    A shift that a sale began has no `opened`; `opened_at` stands in each. `z_number` is the fiscal
    device's, "" where the POS owns it; `totals` come with `closed`."""

    version: Literal[1] = 1
    shift_id: Uuid
    number: Annotated[int, Field(ge=1)]
    event: Literal["opened", "closed", "cash_in", "cash_out", "signed_in", "signed_out"]
    at: str
    opened_at: str = ""
    cashier_id: Annotated[str, Field(max_length=64)] = ""
    amount_minor: Annotated[int, Field(ge=0)] = 0
    z_number: Annotated[str, Field(max_length=40)] = ""
    totals: WireShiftTotals | None = None


def is_pin(pin: str) -> bool:
    """Four to twelve digits."""
    return pin.isascii() and pin.isdecimal() and MIN_PIN <= len(pin) <= MAX_PIN


def pin_verifier(pin: str, salt: bytes) -> str:
    """What is kept instead of a PIN; `ValueError` when it is none, or the salt too short."""
    if not is_pin(pin):
        raise ValueError(f"a PIN has {MIN_PIN} to {MAX_PIN} digits")
    if len(salt) < SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return f"{_SCHEME}${_text(salt)}${_text(_hash(pin, salt))}"


def pin_matches(pin: str, verifier: str) -> bool:
    """Whether the PIN is the one behind the verifier; false for a verifier of another scheme.

    Takes about 50 ms."""
    parts = verifier.split("$")
    if len(parts) != 3 or parts[0] != _SCHEME or not is_pin(pin):
        return False
    try:
        salt, kept = (base64.b64decode(part, validate=True) for part in parts[1:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(_hash(pin, salt), kept)


def badge_digest(code: str) -> str:
    """What is kept instead of a badge's code."""
    return hashlib.sha256(f"loyalty-edge badge\0{code.strip()}".encode()).hexdigest()


def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        pin.encode("ascii"),
        salt=salt,
        n=_COST,
        r=_BLOCK,
        p=_LANES,
        maxmem=64 * 1024 * 1024,
        dklen=_KEY_BYTES,
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
