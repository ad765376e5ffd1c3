"""Feed rows as statements on `cache.db`, and stored bodies back as the types of the programme."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from edge_agent.ledger.cache_goods import CachedGood
from edge_agent.ports import LeaseView
from loyalty.ids import MAX_MEMBER_ID
from loyalty.member import LotView, Member, PastPurchase
from sync.contract.messages import (
    FeedGood,
    FeedHead,
    FeedLease,
    FeedMember,
    FeedRow,
    FeedRuleset,
    FeedToken,
)

MAX_INTEGER = 2**63 - 1
MAX_KEY = 200
MAX_BARCODES = 200
ROW_TABLES: Final = ("member", "token", "good", "barcode", "lease", "ruleset", "head")
Params = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CachedLease(LeaseView):
    """A lease as granted; what is left is `granted_points` less this register's own burns."""

    member_id: int
    register_id: str
    epoch: int
    state: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """A guarded upsert, and what follows only when it changed something."""

    upsert: str
    params: Params
    follow: tuple[tuple[str, Sequence[Params]], ...] = ()

    def apply(self, connection: sqlite3.Connection) -> bool:
        """Execute; False when the stored row is as new."""
        if connection.execute(self.upsert, self.params).rowcount == 0:
            return False
        for statement, rows in self.follow:
            connection.executemany(statement, rows)
        return True


@dataclass(slots=True)
class Changes:
    """Rows of a page made ready. `unknown` counts kinds this agent does not know."""

    rows: list[RowChange] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    has_head: bool = False


def _upsert(table: str, key: str, *columns: str) -> str:
    names = (key, "version", *columns)
    values = ", ".join("?" * len(names))
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT ({key}) "
        f"DO UPDATE SET {sets} WHERE excluded.version > {table}.version"
    )


_MEMBER = _upsert("member", "member_id", "body")
_TOKEN = _upsert("token", "key", "member_id")
_GOOD = _upsert("good", "sku", "name_folded", "body")
_LEASE = _upsert(
    "lease", "lease_id", "member_id", "register_id", "epoch", "granted_points", "state"
)
_RULESET = _upsert("ruleset", "key", "sequence", "sha256", "size")
_HEAD = _upsert("head", "register_id", "epoch", "seq")
_DROP_BARCODES = "DELETE FROM barcode WHERE sku = ?"
_ADD_BARCODE = "INSERT OR IGNORE INTO barcode (barcode, sku) VALUES (?, ?)"


def _same(key: str, named: str) -> None:
    if key != named:
        raise ValueError("the row's key is not the one in its body")


def _bounded(*numbers: int) -> None:
    if any(not 0 <= number <= MAX_INTEGER for number in numbers):
        raise ValueError("a number is out of bounds")


def _member_change(row: FeedRow) -> RowChange:
    member_id = int(row.key)
    if not 0 < member_id <= MAX_MEMBER_ID:
        raise ValueError("a member id is out of bounds")
    body = None
    if not row.is_deleted:
        member = FeedMember.model_validate(row.body)
        _same(row.key, str(member.member_id))
        body = member.model_dump_json(exclude_defaults=True)
    return RowChange(_MEMBER, (member_id, row.version, body))


def _token_change(row: FeedRow) -> RowChange:
    owner = None if row.is_deleted else FeedToken.model_validate(row.body).member_id
    return RowChange(_TOKEN, (row.key, row.version, owner))


def _good_change(row: FeedRow) -> RowChange:
    drop = (_DROP_BARCODES, [(row.key,)])
    if row.is_deleted:
        return RowChange(_GOOD, (row.key, row.version, None, None), (drop,))
    good = FeedGood.model_validate(row.body)
    _same(row.key, good.sku)
    if len(good.barcodes) > MAX_BARCODES:
        raise ValueError("too many barcodes")
    body = good.model_dump_json(exclude_defaults=True)
    add = (_ADD_BARCODE, [(code, good.sku) for code in good.barcodes])
    return RowChange(_GOOD, (row.key, row.version, good.name.casefold(), body), (drop, add))


def _lease_change(row: FeedRow) -> RowChange:
    if row.is_deleted:
        return RowChange(_LEASE, (row.key, row.version, None, None, None, None, None))
    lease = FeedLease.model_validate(row.body)
    _same(row.key, lease.lease_id)
    _bounded(lease.epoch)
    return RowChange(
        _LEASE,
        (
            row.key,
            row.version,
            lease.member_id,
            lease.register_id,
            lease.epoch,
            lease.granted_points,
            lease.state,
        ),
    )


def _ruleset_change(row: FeedRow) -> RowChange:
    if row.is_deleted:
        return RowChange(_RULESET, (row.key, row.version, None, None, None))
    wanted = FeedRuleset.model_validate(row.body)
    _bounded(wanted.sequence, wanted.size)
    return RowChange(_RULESET, (row.key, row.version, wanted.sequence, wanted.sha256, wanted.size))


def _head_change(row: FeedRow) -> RowChange:
    if row.is_deleted:
        return RowChange(_HEAD, (row.key, row.version, None, None))
    head = FeedHead.model_validate(row.body)
    _bounded(head.epoch, head.seq)
    return RowChange(_HEAD, (row.key, row.version, head.epoch, head.seq))


_KINDS: Mapping[str, Callable[[FeedRow], RowChange]] = {
    "member": _member_change,
    "token": _token_change,
    "good": _good_change,
    "lease": _lease_change,
    "ruleset": _ruleset_change,
    "head": _head_change,
}


def prepare(rows: Iterable[FeedRow]) -> Changes:
    """Check every row; one that cannot be used is counted and the rest still applies."""
    changes = Changes()
    for row in rows:
        make = _KINDS.get(row.kind)
        if make is None:
            changes.unknown[row.kind[:32]] += 1
            continue
        try:
            _bounded(row.version)
            if not 0 < len(row.key) <= MAX_KEY:
                raise ValueError("a key is empty or too long")
            changes.rows.append(make(row))
        except ValueError:
            changes.rejected += 1
        else:
            changes.has_head = changes.has_head or row.kind == "head"
    return changes


def member_of(body: str) -> Member:
    """The member of a stored body; raises `ValidationError` when it is damaged."""
    row = FeedMember.model_validate_json(body)
    return Member(
        member_id=row.member_id,
        name=row.name,
        balance_points=row.balance_points,
        pending_points=row.pending_points,
        birthday=row.birthday,
        tier=row.tier,
        groups=tuple(row.groups),
        is_blocked=row.is_blocked,
        lots=tuple(LotView(lot.points, lot.expires_on) for lot in row.lots),
        purchases=tuple(
            PastPurchase(past.at, past.total_minor, tuple(past.items)) for past in row.purchases
        ),
        purchases_count=row.purchases_count,
    )


def good_of(body: str) -> CachedGood:
    """The good of a stored body; raises `ValidationError` when it is damaged."""
    row = FeedGood.model_validate_json(body)
    return CachedGood(
        sku=row.sku,
        name=row.name,
        barcodes=tuple(row.barcodes),
        unit=row.unit,
        unit_price_minor=row.unit_price_minor,
        price_kind=row.price_kind,
        tax_group=row.tax_group,
        uktzed=row.uktzed,
        goods_class=row.goods_class,
        min_price_minor=row.min_price_minor,
        groups=tuple(row.groups),
        tags=tuple(row.tags),
    )


DAMAGED_BODY = (ValidationError, UnicodeDecodeError)
