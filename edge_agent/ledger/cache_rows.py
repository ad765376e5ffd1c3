"""How rows of the centre stand in `cache.db`, and how they come back as types of the programme.

Each row carries a CRC-32 over its columns: SQLite has no checksum of its own, and a flipped bit in
a balance or a lease would otherwise be believed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from edge_agent.ledger.cache_goods import CachedGood
from edge_agent.ports import LeaseView
from loyalty.member import LotView, Member, PastPurchase
from sync.contract.feed import FeedGood, FeedMember

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "member": ("member_id", "version", "body"),
        "token": ("key", "version", "member_id"),
        "good": ("sku", "version", "name_folded", "body"),
        "lease": (
            "lease_id",
            "version",
            "member_id",
            "register_id",
            "epoch",
            "granted_points",
            "state",
        ),
        "ruleset": ("key", "version", "sequence", "sha256", "size"),
        "head": ("register_id", "version", "epoch", "seq"),
        "meta": ("key", "value"),
    }
)
"""Columns by table, key first; every one of these tables ends with `crc`."""

TABLES: Final = (*COLUMNS, "barcode")


class DamagedRow(ValueError):
    """A stored row does not fit its checksum."""


DAMAGE_IN_ROW: Final = (DamagedRow, ValidationError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class CachedLease(LeaseView):
    """A lease as granted; what is left is `granted_points` less this register's own burns."""

    member_id: int
    register_id: str
    epoch: int
    state: str


def row_crc(values: Sequence[object]) -> int:
    """CRC-32 of a row's columns in their order."""
    return zlib.crc32("\x1f".join(map(str, values)).encode())


def checked(row: Sequence[Any]) -> tuple[Any, ...]:
    """The columns of a row read with `select`, without the checksum; raises `DamagedRow`."""
    *values, crc = row
    if row_crc(values) != crc:
        raise DamagedRow("a cached row does not fit its checksum")
    return tuple(values)


def select(table: str, rest: str) -> str:
    """SQL that reads whole rows of a table, for `checked`."""
    return f"SELECT {', '.join(COLUMNS[table])}, crc FROM {table} {rest}"


def upsert(table: str) -> str:
    """SQL that takes a row only when its version is higher than the stored one."""
    names = (*COLUMNS[table], "crc")
    values = ", ".join("?" * len(names))
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT ({names[0]}) "
        f"DO UPDATE SET {sets} WHERE excluded.version > {table}.version"
    )


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


def lease_of(values: Sequence[Any]) -> CachedLease:
    """The lease of a stored row's columns."""
    lease_id, _, member_id, register_id, epoch, granted, state = values
    return CachedLease(lease_id, granted, state == "open", member_id, register_id, epoch, state)
