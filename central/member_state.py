"""A member as the centre works on them: loaded under a lock, changed in memory, saved at once.

Everything here is keyed by member_id, so one member is one shard; a batch loads its members in
member_id order, which is also the order of their locks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from loyalty import ledger
from loyalty.ledger import AVAILABLE, Books, Entry
from loyalty.lots import Slices

_ENTRY_NAMESPACE = uuid.UUID("7c3f3d54-5d4d-4d6f-9c3e-0b9c1c2f6a01")
_NAMESPACE = _ENTRY_NAMESPACE.bytes
PURCHASES_KEPT = 5


def _entry_id(name: str) -> str:
    """`str(uuid.uuid5(_ENTRY_NAMESPACE, name))` (RFC 9562, 5.5), without the object between."""
    digest = bytearray(hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest())
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


class Cause(NamedTuple):
    """Why an entry is posted. `key` is unique per event, so the same event twice collides."""

    key: str
    register_id: str = ""
    store_id: str = ""
    layer: str = ""
    epoch: int = 0
    seq: int = 0
    subject_id: str | None = None


@dataclass(slots=True)
class Hold:
    """Points set aside for one sale, and what was answered. `purse_points` of a shown purse are
    claimed while it is open, see `central.purse_claims`; serial 0: the centre was not asked."""

    auth_id: str
    sale_id: str
    register_id: str
    requested: int
    approved: int
    reason: str
    state: Literal["open", "used", "voided", "expired", "settled", "refused"]
    created_at: datetime
    epoch: int = 0
    number: int = 0
    purse_serial: int = 0
    purse_points: int = 0
    purse_minute: int = -1


@dataclass(slots=True)
class Lease:
    """Points lent to one register's epoch; `granted` is the total ever, so is `returned`. `claimed`
    is what the register says it was granted, before a restore: never granted beyond what is there.
    `recall_id` and `recall_points` are what it is asked to give back now."""

    lease_id: str
    register_id: str
    store_id: str
    epoch: int
    granted: int
    state: Literal["open", "recalled", "closed"]
    claimed: int = 0
    is_hub: bool = False
    returned: int = 0
    recall_id: str = ""
    recall_points: int = 0


@dataclass(slots=True)
class Overdraft:
    """What one sale spent over everything the member had, by the layer that approved it. `left` is
    neither repaid nor written off, `lost` was written off."""

    overdraft_id: str
    layer: str
    register_id: str
    store_id: str
    subject_id: str | None
    points: int
    left: int
    lost: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A sale that took from a purse."""

    serial: int
    sale_id: str
    register_id: str
    store_id: str
    epoch: int
    seq: int
    points: int
    link_index: int
    occurred_at: str


@dataclass(slots=True)
class SaleState:
    """What a sale did to the member's points, and what has been undone since.

    `restored` of the redeemed points came back, `reversed` of the accrued ones were taken back."""

    sale_id: str
    register_id: str
    store_id: str
    epoch: int
    seq: int
    state: Literal["open", "voided", "returned"]
    redeemed: int
    redemption_entry: str | None
    accrued: int
    accrual_lot: str | None
    accrual_state: Literal["none", "pending", "posted", "reversed"]
    restored: int = 0
    reversed: int = 0

    @property
    def redeemed_left(self) -> int:
        """Spent points that no return gave back yet."""
        return self.redeemed - self.restored

    @property
    def accrued_left(self) -> int:
        """Earned points that no return took back yet."""
        return self.accrued - self.reversed


@dataclass(slots=True)
class ReturnState:
    """A return that waits for its paper (`pending`), has been posted, or found nothing to undo.

    `restored` and `reversed` are its own points; None means everything the sale has left.
    After a complete one nothing of the sale stays with the buyer."""

    return_id: str
    sale_id: str
    state: Literal["pending", "posted", "idle"]
    restored: int | None = None
    reversed: int | None = None
    is_complete: bool = True


@dataclass(slots=True)
class MemberState:
    """One member, locked. Change it through `post` and the dictionaries; `touched` names what
    must be written back."""

    member_id: int
    books: Books
    feed_name: str = ""
    feed_birthday: str | None = None
    tier: str = ""
    groups: list[str] = field(default_factory=list)
    is_blocked: bool = False
    home_store: str | None = None
    purchases_count: int = 0
    purchases: list[dict[str, Any]] = field(default_factory=list)
    is_erased: bool = False
    coupons: list[dict[str, Any]] = field(default_factory=list)
    visits: dict[str, int] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    sales: dict[str, SaleState] = field(default_factory=dict)
    returns: dict[str, ReturnState] = field(default_factory=dict)
    spent: dict[str, Slices] = field(default_factory=dict)
    overdrafts: dict[str, Overdraft] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)
    postings: list[tuple[Entry, Cause]] = field(default_factory=list)
    touched: set[tuple[str, str]] = field(default_factory=set)
    before: Books | None = None

    def __post_init__(self) -> None:
        self.before = self.books

    def free_points(self, kept_back: int) -> int:
        """Available points that may be given out, beside those that stay back."""
        return max(0, self.books.balance(AVAILABLE) - kept_back)

    def next_id(self, cause: Cause) -> str:
        """Id of the next entry: the same event gives the same ids."""
        number = sum([earlier.key == cause.key for _, earlier in self.postings])
        return _entry_id(f"{self.member_id}:{cause.key}:{number}")

    def post(self, entry: Entry | None, cause: Cause) -> None:
        """Append an entry; None is nothing to do."""
        if entry is not None:
            self.books = ledger.post(self.books, entry)
            self.postings.append((entry, cause))

    def touch(self, table: str, key: str = "") -> None:
        """Remember a row of `hold`, `lease`, `sale`, `sale_return` or `member` to write back."""
        self.touched.add((table, key))

    def remember_purchase(self, purchase: dict[str, Any]) -> None:
        """Count a purchase and keep it among the newest few; of the erased nothing is kept."""
        if self.is_erased:
            return
        self.purchases = [purchase, *self.purchases][:PURCHASES_KEPT]
        self.purchases_count += 1
        self.touch("member")

    def forget_purchase(self, sale_id: str) -> None:
        """Take back a purchase that was undone."""
        self.purchases = [each for each in self.purchases if each["sale_id"] != sale_id]
        self.purchases_count = max(0, self.purchases_count - 1)
        self.touch("member")


Members = Mapping[int, MemberState]
MemberIds = Collection[int]
