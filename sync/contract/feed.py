"""Downstream: state rows with versions, pulled by a cursor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sync.contract.messages import Hex32, MemberIdField, Name, Points, WireModel

MAX_BUCKETS = 65_536
MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024 * 1024
FIRST_SUMMED = ("member", "token", "phone", "good", "lease", "ruleset")
"""Kinds that an end sums which does not say what it sums."""
SUMMED_RIGHTS = ("deny", "counter_lease", "purse_key", "offline_policy", "purse_floor")
SUMMED_KINDS = (*FIRST_SUMMED, *SUMMED_RIGHTS)
HUB_KINDS = frozenset(
    {"member", "token", "good", "ruleset", "kill_list", "hub_term", "purse_key", "deny", "head"}
)
"""Kinds that a register takes from its store's hub: signed ones, and those that give no right."""
OWN_KINDS = frozenset({"lease", "counter_lease", "offline_policy", "purse_floor", "staff", "deny"})
"""Kinds that a register takes from the centre alone. A denial is taken from both, and only the
centre lifts one."""


class FeedRow(WireModel):
    """One state row: replaces what is known under (kind, key) when `version` is higher."""

    kind: str
    key: str
    version: int
    is_deleted: bool = False
    body: dict[str, Any] = {}


class FeedPage(WireModel):
    """Rows after a cursor, in commit order. `cursor` is opaque to the register.

    `heads` is set when a hub has asked for the heads of its store and this page brings all that
    are newer than its mark: the next mark."""

    incarnation: str
    cursor: str
    rows: list[FeedRow]
    more: bool
    server_time: str
    heads: int | None = None


class FeedLot(WireModel):
    """An open lot of a member."""

    points: Points
    expires_on: str | None = None


class FeedPurchase(WireModel):
    """A past purchase, shortened."""

    at: str
    total_minor: int
    items: list[str] = []


class FeedCoupon(WireModel):
    """A coupon that the member may use, and its last valid local day (None: for ever)."""

    code: Annotated[str, Field(max_length=64)]
    expires_on: str | None = None


class FeedMember(WireModel):
    """Row kind `member`, key = member id. `name` is first name and initial only.

    `purchases` are given to registers of the member's home store only."""

    member_id: MemberIdField
    name: str
    birthday: str | None = None
    tier: str = ""
    groups: list[str] = []
    balance_points: int
    pending_points: int = 0
    is_blocked: bool = False
    lots: list[FeedLot] = []
    # A list as the default is copied deeply for each member that has none.
    purchases: list[FeedPurchase] = Field(default_factory=list, json_schema_extra={"default": []})
    purchases_count: int = 0
    segments: list[str] = []
    coupons: list[FeedCoupon] = []
    last_purchase_on: str | None = None


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
    needs_stamp: bool = False


class FeedLease(WireModel):
    """Row kind `lease`, key = lease id. `granted_points` is the total ever granted on it; what
    is left is that less all that this register's facts have burnt or given back under the lease.

    A new `recall_id` asks for up to `recall_points` of what is left back at once, by one fact
    `lease_returned` (see `sync.contract.rights`)."""

    lease_id: str
    member_id: MemberIdField
    register_id: Name
    epoch: int
    granted_points: Points
    state: Literal["open", "recalled", "closed"]
    recall_id: Annotated[str, Field(max_length=64)] = ""
    recall_points: Points = 0


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


class SnapshotInfo(WireModel):
    """A file with every row that this register would otherwise pull from an empty cursor.

    The file is SQLite in `sync.contract.cache_format`, its `meta` table empty. `sha256` and
    `size` are of its exact bytes. The feed after `cursor` holds everything the file does not,
    the register's own rows (leases, head) included.
    """

    snapshot_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    format: int
    sha256: Hex32
    size: Annotated[int, Field(ge=1, le=MAX_SNAPSHOT_BYTES)]
    rows: Annotated[int, Field(ge=0)]
    incarnation: str
    cursor: str
    made_at: str
    server_time: str


class BucketSums(WireModel):
    """What a register's cache should hold, bucket by bucket (see `sync.contract.buckets`).

    `sums` is base64 of `buckets` × 8 bytes, big-endian. `quiet` is base64 of a bitmap (bit n of
    byte n // 8, least significant first): only a bucket whose bit is set is the same at the
    caller's cursor as when its sum was made; the others are not to be compared this time. `kinds`
    are those of the asked ones that this centre sums.
    """

    incarnation: str
    buckets: Annotated[int, Field(ge=1, le=MAX_BUCKETS)]
    sums: str
    quiet: str
    server_time: str
    kinds: list[str] = list(FIRST_SUMMED)


class FeedBucket(WireModel):
    """Every live row of one bucket: rows of `kinds` in it that are not here no longer exist."""

    incarnation: str
    number: int
    buckets: int
    rows: list[FeedRow]
    server_time: str
    kinds: list[str] = list(FIRST_SUMMED)


class FeedKillList(WireModel):
    """Row kind `kill_list`, key `active`: the newest signed list itself, so that it needs no
    second question. `content` is its exact text, `signature` base64.

    A promotion that this list no longer stops acts again only on a register that runs the bundle
    `bundle_sequence` or a later one: until then the rule is the one that was stopped.
    """

    sequence: Annotated[int, Field(ge=1, lt=2**53)]
    bundle_sequence: Annotated[int, Field(ge=0, lt=2**53)] = 0
    content: Annotated[str, Field(max_length=1024 * 1024)]
    signature: Annotated[str, Field(max_length=128)]
    key_id: Annotated[str, Field(max_length=32)]
