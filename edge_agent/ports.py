"""What the use cases need from the outside: rows of the ledger, the cache, rules and the centre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from loyalty.authorisation.policy import Policy
from loyalty.member import Member
from loyalty.promotions.limits import Usage
from loyalty.purse import Sighting
from sync.contract.rights import FeedCounterLease

SaleState = Literal["open", "cancelled", "committed", "posted", "voided", "returned"]
JobState = Literal["queued", "printing", "printed", "not_printed", "unknown"]


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale as stored. `draft` is JSON of `drafts.Draft`; `document` is the sale's fact."""

    sale_id: str
    state: SaleState
    revision: int
    member_id: int | None
    opened_at: str
    touched_at: str
    committed_at: str | None
    draft: str
    document: str | None
    result: str | None


@dataclass(frozen=True, slots=True)
class AuthorisationRow:
    """A redemption decision: the points that each layer covers.

    `number` rises with each question of this epoch. `purse_minute` is when the screen showed the
    purse, `link_index` the number of its link (-1: a still code), `island` the hub that granted
    purse and cache points ("": this register itself), `used_seq` the fact that used it."""

    auth_id: str
    sale_id: str
    member_id: int
    requested_points: int
    state: Literal["asked", "decided", "used", "dropped"]
    layer: str
    hold_points: int
    lease_id: str
    lease_points: int
    reason: str
    epoch: int = 0
    number: int = 0
    strength: int = 0
    purse_serial: int = 0
    purse_points: int = 0
    purse_minute: int = -1
    link_index: int = -1
    cache_points: int = 0
    island: str = ""
    used_seq: int = 0

    @property
    def approved_points(self) -> int:
        """All that may be redeemed under this id."""
        return self.hold_points + self.offline_points

    @property
    def offline_points(self) -> int:
        """What rests on rights held here and not on the centre's hold."""
        return self.lease_points + self.purse_points + self.cache_points


@dataclass(frozen=True, slots=True)
class PrintJobRow:
    """A document on its way to paper."""

    job_id: str
    subject_id: str
    kind: Literal["sale", "return"]
    state: JobState
    document: str
    attempts: int
    fiscal_number: str
    reason: str
    created_at: str


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return of a sale or of a part of it; `document` is its fact."""

    return_id: str
    sale_id: str
    state: Literal["committed", "posted", "voided"]
    document: str


@dataclass(frozen=True, slots=True)
class OwnEffects:
    """Effects of this register's facts that a balance from the centre does not hold yet."""

    spent_points: int = 0
    earned_points: int = 0


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A member's escrow lease on this register: what was ever granted on it."""

    lease_id: str
    granted_points: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class CacheTaken:
    """What this register redeemed by cached balances and the centre's rows do not contain yet:
    times of one member, and points of all members out of this register's own budget."""

    times: int = 0
    own_points: int = 0


@dataclass(frozen=True, slots=True)
class CouponChange:
    """A coupon that a sale of this register used up or earned."""

    member_id: int
    sale_id: str
    coupon: str
    expires_on: str
    is_used: bool


class UnitOfWork(Protocol):
    """One ledger transaction. Every method is plain SQL; nothing here commits."""

    def sale(self, sale_id: str) -> SaleRow | None: ...
    def open_sales_before(self, instant: str) -> list[str]: ...
    def sales_of_paper(self, fiscal_number: str) -> list[SaleRow]: ...
    def sales_of_member(self, member_id: int) -> list[SaleRow]: ...
    def save_draft(self, row: SaleRow) -> None: ...
    def close_sale(
        self,
        sale_id: str,
        state: SaleState,
        at: str,
        document: str | None = None,
        result: str | None = None,
    ) -> None: ...
    def append_fact(
        self, kind: str, body: Mapping[str, Any] | bytes, at: str
    ) -> tuple[int, int]: ...
    def authorisation(self, auth_id: str) -> AuthorisationRow | None: ...
    def save_authorisation(self, row: AuthorisationRow, at: str) -> None: ...
    def next_number(self) -> int: ...
    def save_decision(self, auth_id: str, body: str, at: str) -> None: ...
    def decision(self, auth_id: str) -> str: ...
    def is_fenced(self) -> bool: ...
    def lease_spent(self, lease_id: str) -> int: ...
    def is_returned(self, lease_id: str, recall_id: str) -> bool: ...
    def return_lease(self, lease_id: str, recall_id: str, points: int) -> None: ...
    def burn_lease(self, lease_id: str, sale_id: str, points: int) -> None: ...
    def purse_seen(self, serial: int) -> Sighting | None: ...
    def burn_purse(self, serial: int, sale_id: str, points: int, minute: int) -> None: ...
    def purse_floor(self) -> int: ...
    def put_purse_floor(self, floor_min: int) -> None: ...
    def counter_spent(self, counter_id: str) -> int: ...
    def has_counted(self, counter_id: str, subject: str) -> bool: ...
    def burn_counter(self, counter_id: str, subject: str, units: int) -> None: ...
    def cache_taken(self, member_id: int, applied: tuple[int, int]) -> CacheTaken: ...
    def burn_cache(
        self, member_id: int, sale_id: str, points: int, fact: tuple[int, int], island: str
    ) -> None: ...
    def add_effect(
        self, member_id: int, fact: tuple[int, int], spent: int, earned: int
    ) -> None: ...
    def own_effects(self, member_id: int, applied: tuple[int, int]) -> OwnEffects: ...
    def add_print_job(self, row: PrintJobRow) -> None: ...
    def print_job(self, job_id: str) -> PrintJobRow | None: ...
    def print_jobs_of(self, subject_id: str) -> list[PrintJobRow]: ...
    def next_print_job(self) -> PrintJobRow | None: ...
    def set_print_state(
        self,
        job_id: str,
        state: JobState,
        at: str,
        fiscal_number: str = "",
        reason: str = "",
        evidence: Mapping[str, str] | None = None,
    ) -> None: ...
    def sale_return(self, return_id: str) -> ReturnRow | None: ...
    def returns_of(self, sale_id: str) -> list[ReturnRow]: ...
    def save_return(self, row: ReturnRow, at: str) -> None: ...
    def promotion_usage(
        self, promotion_ids: Sequence[str], member_id: int, day: str
    ) -> dict[str, Usage]: ...
    def count_use(
        self, promotion_id: str, member_id: int, day: str, receipts: int, minor: int
    ) -> None: ...
    def coupon_changes(self, member_id: int, applied: tuple[int, int]) -> list[CouponChange]: ...
    def forget_coupons(self, member_id: int, sale_id: str) -> None: ...
    def change_coupons(self, fact: tuple[int, int], changes: Sequence[CouponChange]) -> None: ...


class MemberIndex(Protocol):
    """The cached copy of the centre's rows that a sale needs."""

    def find_member_by_token(self, key: str) -> Member | None: ...
    def member(self, member_id: int) -> Member | None: ...
    def lease_for(self, member_id: int, register_id: str, epoch: int) -> LeaseView | None: ...
    def applied_seq(self) -> tuple[int, int]: ...
    def offline_policy(self) -> Policy | None: ...
    def is_denied(self, member_id: int) -> bool: ...
    def counters(self, names: Sequence[str]) -> list[FeedCounterLease]: ...
