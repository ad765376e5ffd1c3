"""Downstream: state rows with versions, pulled by a cursor."""

from __future__ import annotations

from typing import Any, Literal

from sync.contract.messages import Hex32, MemberIdField, Name, Points, WireModel


class FeedRow(WireModel):
    """One state row: replaces what is known under (kind, key) when `version` is higher."""

    kind: str
    key: str
    version: int
    is_deleted: bool = False
    body: dict[str, Any] = {}


class FeedPage(WireModel):
    """Rows after a cursor, in commit order. `cursor` is opaque to the register."""

    incarnation: str
    cursor: str
    rows: list[FeedRow]
    more: bool
    server_time: str


class FeedLot(WireModel):
    """An open lot of a member."""

    points: Points
    expires_on: str | None = None


class FeedPurchase(WireModel):
    """A past purchase, shortened."""

    at: str
    total_minor: int
    items: list[str] = []


class FeedMember(WireModel):
    """Row kind `member`, key = member id. `name` is first name and initial only."""

    member_id: MemberIdField
    name: str
    birthday: str | None = None
    tier: str = ""
    groups: list[str] = []
    balance_points: int
    pending_points: int = 0
    is_blocked: bool = False
    lots: list[FeedLot] = []
    purchases: list[FeedPurchase] = []
    purchases_count: int = 0


class FeedToken(WireModel):
    """Row kind `token`, key = canonical token key (`card:…`, `qr:…`, `phone:<hmac>`)."""

    member_id: MemberIdField


class FeedGood(WireModel):
    """Row kind `good`, key = SKU: the fields of a line that do not depend on the sale."""

    sku: str
    name: str
    barcodes: list[str] = []
    unit: str = "шт"
    unit_price_minor: int
    price_kind: str = "shelf"
    tax_group: str = "А"
    uktzed: str = ""
    goods_class: str = "normal"
    min_price_minor: int = 0
    groups: list[str] = []
    tags: list[str] = []


class FeedLease(WireModel):
    """Row kind `lease`, key = lease id. `granted_points` is the total ever granted on it; what
    is left is that less all burns this register has written under the lease."""

    lease_id: str
    member_id: MemberIdField
    register_id: Name
    epoch: int
    granted_points: Points
    state: Literal["open", "recalled", "closed"]


class FeedRuleset(WireModel):
    """Row kind `ruleset`, key `active`: which bundle the register should fetch and run."""

    sequence: int
    sha256: Hex32
    size: int


class FeedHead(WireModel):
    """Row kind `head`, key = register id: the register's facts up to `seq` are inside every
    balance delivered up to this row."""

    epoch: int
    seq: int
