"""Messages on the wire. JSON, UTF-8; instants are UTC ISO 8601 with `Z`.

`CONTRACT_VERSION` rises when fields or routes are added; nothing is ever taken away or given
another meaning within four versions, so either end may be three behind the other.

Money is kopecks, points are hundredths of a bonus, quantities are thousandths. Readers ignore
fields they do not know; the centre stores each fact's body byte for byte.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CONTRACT_VERSION = 4
OLDEST_VERSION = 1
MAX_BATCH_FACTS = 500
MAX_BATCH_BYTES = 256 * 1024
MAX_FACT_BYTES = 512 * 1024
MAX_BODY_BYTES = 4 * 1024 * 1024

FactKind = (
    Literal["sale", "sale_voided", "sale_return", "print_verdict", "lease_close", "shift"]
    | Literal["lease_returned", "counter_lease_returned", "purse_floor"]
)
FactVerdict = Literal["accepted", "duplicate", "gap", "fork", "quarantined"]
Layer = Literal["online", "lease", "purse", "cache", "declined"]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
MemberIdField = Annotated[int, Field(gt=0, lt=2**53)]
Points = Annotated[int, Field(ge=0, lt=10**12)]
Minute = Annotated[int, Field(ge=0, lt=2**32, description="minutes since 1970 UTC")]
Minor = Annotated[int, Field(ge=-(10**12), le=10**12)]


def _none() -> Any:
    """No elements. A list as the default would be copied deeply for each message, and the copies
    took as long as the rest of the reading."""
    return Field(default_factory=list, json_schema_extra={"default": []})


class WireModel(BaseModel):
    """Base of every message: unknown fields are tolerated, known ones are strict."""

    model_config = ConfigDict(extra="ignore", strict=False, frozen=True, defer_build=True)


def canonical_json(value: Any) -> bytes:
    """The bytes that are hashed, signed and sent: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# --- enrolment ------------------------------------------------------------------------------


class EnrolRequest(WireModel):
    """One-time code and the public key the register made for itself (base64)."""

    code: Annotated[str, Field(min_length=8, max_length=64)]
    public_key: Annotated[str, Field(max_length=64)]
    agent_version: Annotated[str, Field(max_length=40)] = ""
    machine: Annotated[str, Field(max_length=80)] = ""


class ProgrammeKey(WireModel):
    """A public key that may sign bundles (base64)."""

    key_id: Annotated[str, Field(max_length=32)]
    public_key: Annotated[str, Field(max_length=64)]


class EnrolReply(WireModel):
    """What a register is, in which epoch it writes, and whom it trusts."""

    register_id: Name
    store_id: Name
    store_name: str
    epoch: Annotated[int, Field(ge=1)]
    incarnation: str
    programme_keys: list[ProgrammeKey]
    phone_key: Annotated[str, Field(description="per-store HMAC key of phone tokens, base64")]
    server_time: str


# --- upstream facts -------------------------------------------------------------------------


class Fact(WireModel):
    """One upstream fact; `body` is the exact JSON text that `hash` covers."""

    seq: Annotated[int, Field(ge=1)]
    kind: Annotated[str, Field(max_length=40)]
    body: Annotated[str, Field(max_length=MAX_FACT_BYTES)]
    prev_hash: Hex32
    hash: Hex32


class UploadBatch(WireModel):
    """Consecutive facts of one register and epoch.

    `settled_number`: with all facts up to the last of these, each question to authorise up to this
    number has its answer in the log or was given up; 0 says nothing. Holds end by it."""

    register_id: Name
    epoch: Annotated[int, Field(ge=1)]
    facts: Annotated[list[Fact], Field(max_length=MAX_BATCH_FACTS)]
    settled_number: Annotated[int, Field(ge=0)] = 0


class ItemVerdict(WireModel):
    """What the centre did with one fact. `quarantined` is stored, not applied."""

    seq: int
    verdict: FactVerdict
    detail: str = ""


class UploadReply(WireModel):
    """Verdicts, and the highest contiguous sequence that is committed at the centre."""

    verdicts: list[ItemVerdict]
    head_seq: int
    head_hash: str
    server_time: str
    incarnation: str = ""


class WireLine(WireModel):
    """A line of a basket (see `loyalty.basket.LineItem` for units)."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    line_id: str
    sku: str
    name: str
    qty_milli: int
    unit_price_minor: int
    sum_minor: int
    barcode: str = ""
    unit: str = "шт"
    price_kind: str = "shelf"
    tax_group: str = "А"
    uktzed: str = ""
    excise_stamps: list[str] = _none()
    goods_class: str = "normal"
    min_price_minor: int = 0
    groups: list[str] = _none()
    tags: list[str] = _none()
    brand: str = ""


class WireShare(WireModel):
    """Part of an amount carried by one line."""

    line_id: str
    amount: int


class WirePromotion(WireModel):
    """Money one promotion took off, with its frozen split."""

    promotion_id: str
    name: str
    amount_minor: int
    shares: list[WireShare]
    units: int = 0


class WireAccrual(WireModel):
    """Points one rule earned, with its frozen split."""

    promotion_id: str
    name: str
    points: int
    shares: list[WireShare]


class WireIdentification(WireModel):
    """How the member was identified."""

    token_kind: str
    strength: int
    source: str


class WireRedemption(WireModel):
    """Points spent and the decision that allowed it. A declined one has points 0.

    `hold_points` of the total rest on the online hold `auth_id`, `lease_points` on the lease,
    `purse_points` on the purse, `cache_points` on the cached balance alone. `link_index` is the
    number of the link that a moving code showed (-1: a still one), `strength` that of the
    identification, `island` the hub whose claim it was ("": the register's own), `decision` what
    the decision rested on."""

    requested_points: Points
    points: Points
    amount_minor: Annotated[int, Field(ge=0)]
    shares: list[WireShare]
    layer: Layer
    reason: str = ""
    auth_id: Uuid
    hold_points: Points = 0
    lease_id: str = ""
    lease_points: Points = 0
    purse_serial: Annotated[int, Field(ge=0, lt=2**40)] = 0
    purse_points: Points = 0
    link_index: Annotated[int, Field(ge=-1, le=2**16)] = -1
    cache_points: Points = 0
    strength: Annotated[int, Field(ge=0, le=100)] = 0
    island: Annotated[str, Field(max_length=32)] = ""
    decision: dict[str, Any] = {}


class WireCounterUse(WireModel):
    """Units that a sale took of a counter lease."""

    counter_id: Annotated[str, Field(max_length=200)]
    units: Annotated[int, Field(ge=0, lt=10**12)]


class WireTender(WireModel):
    """One means of payment. Of a gift card: the till's own reference of it, and what of its
    balance was forfeited."""

    kind: str
    amount_minor: int
    reference: str = ""
    forfeited_minor: Annotated[int, Field(ge=0)] = 0


class WireGift(WireModel):
    """Pieces handed out on top of the basket at no price."""

    promotion_id: str
    sku: str
    name: str
    quantity: int


class WireCoupon(WireModel):
    """A coupon the sale earned, and its last valid local day."""

    promotion_id: str
    coupon: str
    valid_days: int
    expires_on: str


class WireTickets(WireModel):
    """Tickets of a prize draw the sale earned."""

    promotion_id: str
    draw: str
    tickets: int


class WireClock(WireModel):
    """Which clock stamped the sale and its last known offset to the centre."""

    source: Literal["centre", "device", "unsure"]
    offset_ms: int = 0


class WireSale(WireModel):
    """A committed sale, a member's or a stranger's."""

    version: Literal[1] = 1
    sale_id: Uuid
    register_id: Name
    store_id: Name
    occurred_at: str
    clock: WireClock
    cashier_id: str = ""
    mode: Literal["online", "offline", "degraded"]
    member_id: MemberIdField | None = None
    identification: WireIdentification | None = None
    lines: list[WireLine]
    promotions: list[WirePromotion] = _none()
    accruals: list[WireAccrual] = _none()
    redemption: WireRedemption | None = None
    tenders: list[WireTender]
    gross_minor: Minor
    discount_minor: Minor
    redeemed_minor: Minor
    payable_minor: Minor
    rounding_minor: int = 0
    accrual_points: Points = 0
    accrual_expires_on: str | None = None
    ruleset_sequence: int
    agent_version: str = ""
    fiscal: Literal["pending", "none"]
    channel: str = "till"
    codes: list[str] = _none()
    gifts: list[WireGift] = _none()
    coupons: list[WireCoupon] = _none()
    used_coupons: list[str] = _none()
    tickets: list[WireTickets] = _none()
    counter_uses: Annotated[list[WireCounterUse], Field(max_length=200)] = []


class WirePrintVerdict(WireModel):
    """The truth about a sale's (or a return's) paper."""

    version: Literal[1] = 1
    subject_id: Annotated[Uuid, Field(description="sale_id or return_id")]
    job_id: Uuid
    verdict: Literal["printed", "not_printed", "unknown"]
    fiscal_number: str = ""
    reason: str = ""
    decided_at: str


class WireSaleVoided(WireModel):
    """A committed sale undone as a whole before its paper came out, or because it was given to
    another member: then `reassigned_to` is the id of its next life."""

    version: Literal[1] = 1
    sale_id: Uuid
    reason: str
    voided_at: str
    reassigned_to: Uuid | None = None


class WireReturnLine(WireModel):
    """What one line gives back, by its frozen shares: `gross_minor` less `discount_minor` and
    `redeemed_minor` is the money."""

    line_id: str
    qty_milli: int
    gross_minor: int
    discount_minor: int
    redeemed_minor: int
    paid_minor: int
    restored_points: Points = 0
    accrual_points: Points = 0


class WireSaleReturn(WireModel):
    """Goods brought back. Points move by the sale's own frozen shares.

    Version 1 undoes everything that the sale has left; version 2 moves exactly the points it
    names; version 3 names lines and quantities alone, of a sale that its register does not know:
    the centre moves the points of those goods. Of what the goods earned, `reversed_points` leave
    the account, `withheld_points` were paid with `withheld_minor` of the refund,
    `written_off_points` are the programme's loss. `cash_minor` is the part due in cash before
    anything was withheld. After an `is_complete` one nothing of the sale stays with the buyer."""

    version: Literal[1, 2, 3] = 1
    return_id: Uuid
    sale_id: Uuid
    member_id: MemberIdField | None = None
    refund_minor: Annotated[int, Field(ge=0)]
    restored_points: Points = 0
    reversed_points: Points = 0
    tenders: list[WireTender]
    reason: str = ""
    returned_at: str
    fiscal: Literal["pending", "none"]
    lines: list[WireReturnLine] = _none()
    rounding_minor: int = 0
    cash_minor: Annotated[int, Field(ge=0)] = 0
    is_complete: bool = True
    withheld_minor: Annotated[int, Field(ge=0)] = 0
    withheld_points: Points = 0
    written_off_points: Points = 0


class WireLeaseClose(WireModel):
    """The register gives back what it has not spent of a lease; nothing may follow on it."""

    version: Literal[1] = 1
    lease_id: str
    member_id: MemberIdField
    spent_points: Points
    closed_at: str
