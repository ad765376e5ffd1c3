"""Live questions between a register and the centre, and the register's report of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loyalty.purse import MAX_SERIAL
from sync.contract.feed import FeedKillList, FeedRow
from sync.contract.messages import (
    MemberIdField,
    Points,
    Uuid,
    WireModel,
    WireSale,
    WireSaleReturn,
)


class AuthorisationRequest(WireModel):
    """Ask the centre to hold points for one sale. The id is written before it is sent.

    `number` rises by one with each question of this life of the register (0: not counted); see
    `settled_number` of an upload and a heartbeat. A shown purse is named with what it would give
    here and the minute of its screen (-1: a still code); `own_points` of a lease come before it."""

    auth_id: Uuid
    sale_id: Uuid
    member_id: MemberIdField
    points: Points
    number: Annotated[int, Field(ge=0, lt=2**53)] = 0
    purse_serial: Annotated[int, Field(ge=0, le=MAX_SERIAL)] = 0
    purse_points: Points = 0
    purse_minute: Annotated[int, Field(ge=-1, lt=2**40)] = -1
    own_points: Points = 0


class AuthorisationReply(WireModel):
    """`approved_points` are held until the sale's fact, a void, or a log received past the
    question; never until an hour, so `expires_at` is None since version 3. `purse_points` of the
    named purse are claimed as long; None: the centre does not say, and the island decides."""

    auth_id: Uuid
    approved_points: Points
    purse_points: Points | None = None
    reason: str = ""
    expires_at: str | None = None
    server_time: str


class LookupRequest(WireModel):
    """Find a member by a token the register does not know; phone as E.164."""

    token_key: Annotated[str, Field(max_length=120)] = ""
    phone: Annotated[str, Field(max_length=20)] = ""


class LookupReply(WireModel):
    """The member's current rows, or `found` false."""

    found: bool
    rows: list[FeedRow] = []
    server_time: str


class SoldRequest(WireModel):
    """`POST /v1/sales/lookup`: a sale whose goods come back at another register, or the latest
    sales of a member; one of the two is named."""

    sale_id: Uuid | None = None
    member_id: MemberIdField | None = None


class SoldSale(WireModel):
    """A sale as its register told it, and what came back of it so far. One that was given to
    another member stands here as its present life."""

    sale: WireSale
    returns: Annotated[list[WireSaleReturn], Field(max_length=1000)] = []


class SoldReply(WireModel):
    """Sales that are not voided, newest first. `balance_points` is what their member has now,
    None where there is none."""

    sales: Annotated[list[SoldSale], Field(max_length=20)] = []
    balance_points: int | None = None
    server_time: str


class StorageReport(WireModel):
    """How a register's disk and files stand. `state` is the worst of it (ok, low, reserve, full,
    damaged); `checked_at` dates the last whole check of the ledger, "" when there was none, and
    `faults` is what it found. `broken_caches` were moved aside of late. `head` says whether the
    log is known to be the newest of its own past ("" when the register does not say)."""

    state: Annotated[str, Field(max_length=20)]
    free_bytes: Annotated[int, Field(ge=0)]
    reserve_bytes: Annotated[int, Field(ge=0)]
    ledger_bytes: Annotated[int, Field(ge=0)] = 0
    checked_at: Annotated[str, Field(max_length=40)] = ""
    faults: Annotated[int, Field(ge=0)] = 0
    broken_caches: Annotated[int, Field(ge=0)] = 0
    head: Annotated[str, Field(max_length=40)] = ""


class Heartbeat(WireModel):
    """A register's own report; also the answer to «which register runs what».

    `settled_number`: with all facts up to `last_seq`, each question to authorise up to this number
    has its answer in the log or was given up; 0 says nothing. `silent_term`: the hub of this term
    does not answer here; 0 says nothing."""

    agent_version: str
    epoch: int
    outbox_pending: int
    last_seq: int
    ruleset_active: int
    ruleset_downloaded: int
    ruleset_refused: str = ""
    kill_list_active: int = 0
    kill_list_downloaded: int = 0
    kill_list_refused: str = ""
    quarantined: int = 0
    clock_offset_ms: int = 0
    devices: dict[str, str] = {}
    settled_number: Annotated[int, Field(ge=0)] = 0
    silent_term: Annotated[int, Field(ge=0)] = 0
    storage: StorageReport | None = None


class HeartbeatReply(WireModel):
    """Server time and what the centre holds of this register; "" when it does not say.

    `kill_list` is the newest, for a register that reported an older one."""

    server_time: str
    head_seq: int
    incarnation: str = ""
    kill_list: FeedKillList | None = None


class HeldLease(WireModel):
    """A lease as the register knows it: granted in all, and burnt by its own facts."""

    lease_id: Annotated[str, Field(min_length=1, max_length=200)]
    member_id: MemberIdField
    granted_points: Points
    spent_points: Points
    state: Literal["open", "recalled"]
    is_hub: bool = False
    """The register is its store's hub and lends parts of it."""


class HeldHold(WireModel):
    """Points that the centre approved for a sale which is still open."""

    auth_id: Uuid
    sale_id: Uuid
    member_id: MemberIdField
    points: Annotated[int, Field(ge=1, le=10**12)]
    number: Annotated[int, Field(ge=0)] = 0


class HeldCounter(WireModel):
    """A counter lease as the register knows it."""

    counter_id: Annotated[str, Field(min_length=1, max_length=200)]
    granted_units: Points
    used_units: Points
    state: Literal["open", "recalled"]


CodeState = Literal["sent", "no_phone", "no_sender", "too_many", "failed"]


class OneTimeCodeRequest(WireModel):
    """`POST /v1/one-time-codes`: send this code to the phone that the programme knows of the
    member. The register made it, checks it and never shows it."""

    member_id: MemberIdField
    code: Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
    locale: Literal["uk", "en"] = "uk"


class OneTimeCodeReply(WireModel):
    """Whether it is on its way."""

    state: CodeState
    server_time: str


class RightsReport(WireModel):
    """Sent once for each new incarnation of the centre, after the facts and before the register
    forgets its old rows, also when nothing is held: a restored centre debits again the leases and
    holds it no longer remembers, and gives nobody a new right before every register has spoken."""

    incarnation: str
    epoch: Annotated[int, Field(ge=1)]
    leases: Annotated[list[HeldLease], Field(max_length=100_000)]
    counters: Annotated[list[HeldCounter], Field(max_length=100_000)] = []
    holds: Annotated[list[HeldHold], Field(max_length=10_000)] = []


class RightsReply(WireModel):
    """How many of the reported leases the centre did not know and has debited again."""

    incarnation: str
    restored: int
    server_time: str


class Problem(WireModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str = ""
