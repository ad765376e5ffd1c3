"""Rights to spend while the centre is away: what the centre lends, and what comes back by log.

Points are hundredths of a bonus, minutes are since 1970 UTC. Sums (`granted_…`, `total_…`) only
ever rise, so a lost, doubled or reordered message needs no thought; what is left at a holder is the
sum granted less everything that its own facts burnt or gave back.

The four conditions stand in `loyalty.authorisation.conditions`: B1 the debit is committed before
the row leaves, B2 the burn is durable before it is approved, B3 a right comes back only by its
holder's log, never by a timer, B4 a right belongs to one epoch.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loyalty.purse import MAX_LIFE_MIN, MAX_POINTS, MAX_SERIAL, MAX_STORES
from sync.contract.messages import Hex32, MemberIdField, Minute, Name, Points, Uuid, WireModel

MAX_PEERS = 48
MAX_ALONE = 10_000
MAX_PURSE_TEXT = 240

RightId = Annotated[str, Field(min_length=1, max_length=200)]
Units = Annotated[int, Field(ge=0, lt=10**12)]
Epoch = Annotated[int, Field(ge=1)]
Serial = Annotated[int, Field(ge=1, le=MAX_SERIAL)]
CounterKind = Literal["coupon", "member_limit", "campaign_limit", "gift_card"]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


# --- rows of the feed -------------------------------------------------------------------------


class FeedDeny(WireModel):
    """Row kind `deny`, key = member id: spends nothing on any layer, online too. A deleted row
    lifts it. Given ahead of everything else that a register has still to download."""

    member_id: MemberIdField
    reason: Literal["overdraft", "blocked", "purse_twice"]
    since: str


class FeedCounterLease(WireModel):
    """Row kind `counter_lease`, key = counter id: a part of a countable right, under the same
    conditions as a lease of points.

    `coupon`: `key` is the code, one unit is one use. `member_limit`: `key` is the promotion,
    `window` the local day, or "" for the member's uses in all. `campaign_limit`: `key` is the
    promotion, one unit is one receipt, or one kopeck where `unit` says so. `gift_card`: `key` is
    the card's reference, units are kopecks. `member_id` is None for rights of nobody's own.
    `granted_units` is the total ever granted."""

    counter_id: RightId
    kind: CounterKind
    key: Annotated[str, Field(max_length=64)]
    unit: Literal["use", "minor"] = "use"
    window: Annotated[str, Field(max_length=10)] = ""
    member_id: MemberIdField | None = None
    register_id: Name
    epoch: Epoch
    granted_units: Units
    state: Literal["open", "recalled", "closed"]
    expires_on: str | None = None
    recall_id: Annotated[str, Field(max_length=64)] = ""
    recall_units: Units = 0


class FeedPurseKey(WireModel):
    """Row kind `purse_key`, key = key id: a public key (base64) under which purses are signed. Two
    are valid at a time; a deleted row is no longer. `signature` (base64) is a programme key's, see
    `sync.contract.signing.verify_purse_key`: a row without a good one is not taken."""

    key_id: Annotated[str, Field(max_length=32)]
    public_key: Annotated[str, Field(max_length=64)]
    signature: Annotated[str, Field(max_length=128)]
    signed_by: Annotated[str, Field(max_length=32)]


class NeedsFields(WireModel):
    """Least strength of identification for each layer."""

    online: Annotated[int, Field(ge=0, le=100)] = 20
    lease: Annotated[int, Field(ge=0, le=100)] = 20
    purse: Annotated[int, Field(ge=0, le=100)] = 30
    cache: Annotated[int, Field(ge=0, le=100)] = 20


class FeedOfflinePolicy(WireModel):
    """Row kind `offline_policy`, key `active`: `loyalty.authorisation.policy.Policy` by its
    fields. `chain_outage` says that the centre has called an outage of the whole chain."""

    lease_home_bp: BasisPoints = 6_000
    lease_second_bp: BasisPoints = 2_000
    lease_least_points: Annotated[int, Field(ge=1)] = 100
    purse_share_bp: BasisPoints = 2_000
    purse_max_points: Annotated[int, Field(ge=0, le=MAX_POINTS)] = 10_000
    purse_life_min: Annotated[int, Field(ge=1, le=MAX_LIFE_MIN)] = MAX_LIFE_MIN
    purse_stores: Annotated[int, Field(ge=1, le=MAX_STORES)] = MAX_STORES
    purse_any_store: bool = False
    cache_cap_points: Points = 5_000
    cache_times: Annotated[int, Field(ge=0, le=1_000)] = 2
    cache_age_min: Annotated[int, Field(ge=1)] = 24 * 60
    cache_budget_points: Points = 100_000
    cache_in_chain_outage: bool = False
    coupons_by_right: bool = False
    limits_by_right: bool = False
    gift_cards_by_right: bool = False
    needs: NeedsFields = NeedsFields()


class FeedPurseFloor(WireModel):
    """Row kind `purse_floor`, key = store id: purses that ended at or before `floor_min` shall be
    taken no more. The register writes the fact `purse_floor` and keeps to it for ever."""

    floor_min: Minute


class HubPeer(WireModel):
    """A register of the store as its peers reach it: its key (base64 Ed25519, the one it enrolled
    with) and host:port on the LAN, "" where none is known. `certificate` (base64 DER) is made by
    the centre for that key: the one thing that the peer's side of TLS is trusted by."""

    register_id: Name
    epoch: Epoch
    public_key: Annotated[str, Field(max_length=64)]
    address: Annotated[str, Field(max_length=120)] = ""
    certificate: Annotated[str, Field(max_length=2_000)] = ""


class HubTerm(WireModel):
    """Which register is its store's hub. A newer `term` ends the older one; rights that an old hub
    was lent stay its own until its log gives them back.

    `stand_in` is the register that the centre makes the hub when this one is silent, `stands_for`
    the one that this hub stands in for ("": nobody)."""

    store_id: Name
    term: Annotated[int, Field(ge=1)]
    register_id: Name
    epoch: Epoch
    not_before: str
    not_after: str
    stand_in: Annotated[str, Field(max_length=32)] = ""
    stands_for: Annotated[str, Field(max_length=32)] = ""
    peers: Annotated[list[HubPeer], Field(min_length=1, max_length=MAX_PEERS)]


class FeedHubTerm(WireModel):
    """Row kind `hub_term`, key = store id, for that store's registers. `content` is the exact JSON
    text of a `HubTerm`, `signature` (base64) a programme key's, see
    `sync.contract.signing.verify_hub_term`. A deleted row: the store has no hub."""

    content: Annotated[str, Field(max_length=64 * 1024)]
    signature: Annotated[str, Field(max_length=128)]
    key_id: Annotated[str, Field(max_length=32)]


# --- facts ------------------------------------------------------------------------------------


class WireLeaseReturned(WireModel):
    """Kind `lease_returned`: so many points of a lease are given back; the lease stays open. An
    answer to a recall names it, also with 0 points when nothing is left. Each recall is answered
    once. A register that holds a hub's sub-lease gives that back under the hub's lease id."""

    version: Literal[1] = 1
    lease_id: RightId
    member_id: MemberIdField
    points: Points
    recall_id: Annotated[str, Field(max_length=64)] = ""
    returned_at: str


class WireCounterLeaseReturned(WireModel):
    """Kind `counter_lease_returned`: the same for a countable right; `closes` says that nothing
    will follow on it."""

    version: Literal[1] = 1
    counter_id: RightId
    member_id: MemberIdField | None = None
    units: Units
    recall_id: Annotated[str, Field(max_length=64)] = ""
    closes: bool = False
    returned_at: str


class WirePurseFloor(WireModel):
    """Kind `purse_floor`: after this fact this life of the register takes no purse whose last
    minute is at or before `floor_min`, whatever its clock says. Only ever rises."""

    version: Literal[1] = 1
    floor_min: Minute
    stated_at: str


# --- questions --------------------------------------------------------------------------------


class HeadRequest(WireModel):
    """`POST /v1/heads`, to a hub or the centre after every start and before a right is spent:
    this log ends so. `seq` 0 with 64 zeros is an empty one. `machine` is what this machine calls
    itself, hashed: the same log on a second machine is a clone."""

    epoch: Epoch
    seq: Annotated[int, Field(ge=0)]
    hash: Hex32
    machine: Annotated[str, Field(max_length=80)] = ""


class HeadReply(WireModel):
    """`confirmed`: nobody knows of a later fact. `ahead`: send the log first, then ask again.
    `behind` (an image older than its own past) and `forked`: enrol anew, spend nothing."""

    state: Literal["confirmed", "ahead", "behind", "forked"]
    head_seq: int
    server_time: str


class PurseRequest(WireModel):
    """`POST /v1/purses` on the listener of the member's page, with the page's bearer token. Without
    stores the centre names those where the member shops; `shown_in` is the store where the member
    means to show the code: a new purse names it before the others. `chain_end` (32 hex digits)
    makes a moving code; its seed stays with the page."""

    member_id: MemberIdField | None = None
    card: Annotated[str, Field(max_length=40, pattern=r"^[0-9A-Za-z]*$")] = ""
    stores: Annotated[list[Name], Field(max_length=MAX_STORES)] = []
    shown_in: Name | Literal[""] = ""
    chain_end: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""


class PurseReply(WireModel):
    """The signed text to show (a moving code: append the suffix of the minute). While a purse is
    open the same serial is renewed. `text` is "" with a `reason` when there is none: `no_points`,
    `blocked`, `denied`, `off`, `restoring`, `no_store`."""

    text: Annotated[str, Field(max_length=MAX_PURSE_TEXT)] = ""
    reason: str = ""
    serial: int = 0
    points: Points = 0
    not_before_min: Minute = 0
    life_min: int = 0
    stores: list[Name] = []
    server_time: str


# --- register and hub -------------------------------------------------------------------------


class BorrowRequest(WireModel):
    """`POST /v1/hub/leases`: lend so much that the sum lent to this life becomes `total_points`.

    `known_points` is the sum this life knows of `lease_id` ("": of none): a hub that remembers
    less is an older image of itself and lends no more; `used_points` of it are used already.
    `is_walk_up`: nobody redeems yet, so the hub keeps half of what is left of the lease."""

    member_id: MemberIdField
    epoch: Epoch
    total_points: Points
    lease_id: Annotated[str, Field(max_length=200)] = ""
    known_points: Points = 0
    used_points: Points = 0
    is_walk_up: bool = False


class BorrowReply(WireModel):
    """The sum ever lent to this life of the register, and the lease it is a part of ("": none)."""

    lease_id: Annotated[str, Field(max_length=200)] = ""
    total_points: Points = 0
    server_time: str


class ClaimRequest(WireModel):
    """`POST /v1/hub/claims`, before a purse or the cache layer is approved. The same id always
    gets the same answer. `purse_value` is what the shown claim is worth, `purse_minute` its
    `loyalty.purse.Shown.minute`."""

    auth_id: Uuid
    member_id: MemberIdField
    purse_serial: Annotated[int, Field(ge=0, le=MAX_SERIAL)] = 0
    purse_value: Points = 0
    purse_points: Points = 0
    purse_minute: int = -1
    is_still: bool = False
    cache_points: Points = 0


class ClaimReply(WireModel):
    """What this store may still take."""

    auth_id: Uuid
    purse_points: Points = 0
    cache_points: Points = 0
    server_time: str


class AloneUse(WireModel):
    """What a register has burnt of a serial by its own records, whoever granted it."""

    purse_serial: Serial
    points: Points
    minute: int = -1


class AloneReport(WireModel):
    """`POST /v1/hub/alone`: said when a register comes back to its hub."""

    epoch: Epoch
    purses: Annotated[list[AloneUse], Field(max_length=MAX_ALONE)] = []


class HeardReply(WireModel):
    """The hub knows it."""

    server_time: str
