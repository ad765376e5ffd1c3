"""Who is buying: the member as a register knows them, and how they were identified."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

TokenKind = Literal["card", "qr", "phone"]
ScanSource = Literal["scanner", "camera", "keyboard", "pos"]


class Strength(IntEnum):
    """How strongly a member was identified; policies compare with ≥."""

    PHONE_TYPED = 10
    STATIC_CODE = 20
    SIGNED_CODE = 30
    ONE_TIME_CODE = 40


@dataclass(frozen=True, slots=True)
class MemberToken:
    """A normalised member code: `key` is what the index is looked up by.

    `card:<digits>`, `qr:<10 base32>`; a phone's key is `phone:<hex HMAC>`, made by the caller who
    holds the store's key, so `value` (the E.164 number) never reaches a disk.
    """

    kind: TokenKind
    value: str
    strength: Strength

    @property
    def key(self) -> str:
        """Index key of a card or QR token."""
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class LotView:
    """An open lot as shown to people: points left and the last day they are valid."""

    points: int
    expires_on: str | None


@dataclass(frozen=True, slots=True)
class PastPurchase:
    """A line of the member's history: UTC instant, sum and the names of a few goods."""

    at: str
    total_minor: int
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon the member may use: its code and the last local day it is valid ("YYYY-MM-DD")."""

    code: str
    expires_on: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member as cached on a register. `birthday` is "MM-DD"; `name` is first name and initial.

    `purchases_count` are completed purchases; `last_purchase_on` is a local day ("YYYY-MM-DD").
    """

    member_id: int
    name: str
    balance_points: int = 0
    pending_points: int = 0
    birthday: str | None = None
    tier: str = ""
    groups: tuple[str, ...] = ()
    is_blocked: bool = False
    lots: tuple[LotView, ...] = ()
    purchases: tuple[PastPurchase, ...] = ()
    purchases_count: int = 0
    segments: tuple[str, ...] = ()
    coupons: tuple[HeldCoupon, ...] = ()
    last_purchase_on: str | None = None
