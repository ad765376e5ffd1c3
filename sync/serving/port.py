"""What a server of the contract must be able to do, and how it says no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from sync.contract.counters import CounterReply, CounterRequest
from sync.contract.feed import BucketSums, FeedBucket, FeedPage, SnapshotInfo
from sync.contract.live import (
    AuthorisationReply,
    AuthorisationRequest,
    Heartbeat,
    HeartbeatReply,
    LookupReply,
    LookupRequest,
    OneTimeCodeReply,
    OneTimeCodeRequest,
    RightsReply,
    RightsReport,
    SoldReply,
    SoldRequest,
)
from sync.contract.messages import EnrolReply, EnrolRequest, UploadBatch, UploadReply
from sync.contract.rights import HeadReply, HeadRequest


class Refused(Exception):
    """A refusal with an HTTP status and a stable code (see docs/reference/central-cli.md)."""

    def __init__(
        self, status: int, code: str, detail: str = "", retry_after_s: int | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class RegisterKeys:
    """A register as the gate needs it. `keys` are (epoch, 32-byte public key), newest first."""

    register_id: str
    store_id: str
    epoch: int
    is_revoked: bool
    keys: Sequence[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: `epoch` is that of the key that signed it, `is_current` whether no
    newer enrolment has replaced it."""

    register_id: str
    store_id: str
    epoch: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """Exact bytes of a bundle, its detached signature and the id of the key that made it."""

    content: bytes = field(repr=False)
    signature: bytes
    key_id: str


class KeyRing(Protocol):
    """Who may sign requests here."""

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """Keys that may have signed for a register; None when it is not known."""
        ...


class TellsTime(Protocol):
    """Whose clock goes into the header of every answer."""

    def server_time(self) -> str:
        """ISO 8601 UTC. Must not block."""
        ...


@runtime_checkable
class SendsCodes(Protocol):
    """A server that also brings one-time codes to members; one without answers 404."""

    def send_code(self, caller: Caller, request: OneTimeCodeRequest) -> OneTimeCodeReply:
        """Send a code to the member's phone."""
        ...


@runtime_checkable
class FeedsHubs(Protocol):
    """A server whose stores may have a hub that reads the feed for its tills."""

    def feed(self, caller: Caller, cursor: str, limit: int, heads: int | None = None) -> FeedPage:
        """As `Server.feed`; with a mark, at the end of what there is, also the newer heads of the
        other registers of the caller's store."""
        ...

    def own_feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """Rows of `sync.contract.feed.OWN_KINDS` after a cursor of any page."""
        ...


@runtime_checkable
class TellsSales(Protocol):
    """A server that also tells what is left of a sale; one without answers 404."""

    def sold(self, request: SoldRequest) -> SoldReply:
        """A sale of any register, or the latest of a member, with what came back of it."""
        ...


@runtime_checkable
class LendsCounters(Protocol):
    """A server that lends countable rights on demand; one without answers 404."""

    def lend_counters(self, caller: Caller, request: CounterRequest) -> CounterReply:
        """Lend what a sale is short of."""
        ...


class Server(Protocol):
    """Blocking calls, made from worker threads; each may raise `Refused`."""

    def enrol(self, request: EnrolRequest) -> EnrolReply:
        """Exchange a one-time code for an identity."""
        ...

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """Keys that may have signed for a register; None when it is not known."""
        ...

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        """Store facts; the reply is given after the commit."""
        ...

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """State rows after a cursor; 410 `cursor_gone` when the cursor is not of this server."""
        ...

    def bundle(self, sequence: int) -> SignedBundle | None:
        """A published bundle."""
        ...

    def authorise(self, caller: Caller, request: AuthorisationRequest) -> AuthorisationReply:
        """Hold points for one sale."""
        ...

    def void(self, caller: Caller, auth_id: str) -> AuthorisationReply:
        """Give a hold back."""
        ...

    def lookup(self, caller: Caller, request: LookupRequest) -> LookupReply:
        """Find a member the register does not know."""
        ...

    def heartbeat(self, caller: Caller, report: Heartbeat) -> HeartbeatReply:
        """Note what a register says of itself."""
        ...

    def server_time(self) -> str:
        """This server's clock, ISO 8601 UTC; in a header of every answer. Must not block."""
        ...

    def snapshot(self, caller: Caller, format_number: int) -> SnapshotInfo:
        """The newest snapshot for this register, made if need be: the tables of
        `sync.contract.cache_format.SCHEMA`, `user_version` = `FORMAT`, pages of `PAGE_BYTES`, rows
        by `stored`, loaded in key order; scopes of everyone and of the store, deleted rows left
        out, `meta` empty, no write-ahead log beside it. Rows that the format does not hold (other
        kinds, and the register's own) come with the feed after `cursor`.

        404 `no_such_format` when this server does not make that format; 503
        `snapshot_not_ready` with `retry_after_s` while it is being made. The cursor inside must
        stay valid for hours: it may be older than the newest rows, never newer."""
        ...

    def snapshot_file(self, caller: Caller, snapshot_id: str) -> Path:
        """The file of a snapshot handed out before to a register of the same store; 404
        `no_such_snapshot` when it is gone (the register then asks for a new one)."""
        ...

    def bucket_sums(self, caller: Caller, cursor: str, kinds: Sequence[str]) -> BucketSums:
        """Checksums over the live rows this register may see, of these kinds, by
        `sync.contract.buckets`; 410 for a cursor of another incarnation. Sums may be older than
        the question, but a bucket is quiet only when none of its rows has changed between the
        making of its sum and `cursor`."""
        ...

    def bucket(self, caller: Caller, number: int, buckets: int, kinds: Sequence[str]) -> FeedBucket:
        """Every live row of one of `buckets` buckets, as the feed would give it."""
        ...

    def report_rights(self, caller: Caller, report: RightsReport) -> RightsReply:
        """Leases a register holds, told to a new incarnation. Idempotent. 409
        `other_incarnation` when the report was meant for another life of this server."""
        ...

    def confirm_head(self, caller: Caller, request: HeadRequest) -> HeadReply:
        """Whether a register's log, as it stands, is the newest that is known of its epoch."""
        ...

    def is_healthy(self) -> bool:
        """Whether requests can be served now."""
        ...
