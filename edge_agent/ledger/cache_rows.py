"""How rows of the centre stand in `cache.db`, and how they come back as types of the programme.

The form is `sync.contract.cache_format`. Each row carries a check of its own: SQLite has no
checksums, and a flipped bit in a balance or a lease would otherwise be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.ledger.cache_goods import CachedGood
from edge_agent.ledger.damage import DamagedRow
from edge_agent.ports import LeaseView
from loyalty.member import HeldCoupon, LotView, Member, PastPurchase
from sync.contract.cache_format import (
    COLUMNS,
    SEALS,
    balance_of,
    member_from,
    owner_of,
    row_crc,
    unpack_lots,
)
from sync.contract.feed import FeedGood

DAMAGE_IN_ROW: Final = (ValueError,)
"""Seals that do not fit, values that make no sense, text that is not UTF-8."""


@dataclass(frozen=True, slots=True)
class CachedLease(LeaseView):
    """A lease as granted; what is left is `granted_points` less this register's own burns."""

    member_id: int
    register_id: str
    epoch: int
    state: str


def checked(row: Sequence[Any]) -> tuple[Any, ...]:
    """The columns of a row read with `select`, without the checksum; raises `DamagedRow`."""
    *values, crc = row
    if row_crc(values) != crc:
        raise DamagedRow("a cached row does not fit its checksum")
    return tuple(values)


def checked_member(row: Sequence[Any]) -> tuple[Any, ...]:
    """The columns of a member's row, the balance in its place; raises `DamagedRow`."""
    balance = balance_of(row)
    if balance is None:
        raise DamagedRow("a cached member does not fit its check number")
    member_id, version, name, _, tier, rest = row
    return member_id, version, name, balance, tier, rest


def check_row(table: str, row: Sequence[Any]) -> None:
    """Look at the check of a row read with `select`; raises `DamagedRow`."""
    look = checked if SEALS[table] else owner_in
    (checked_member if table == "member" else look)(row)


def owner_in(row: Sequence[Any]) -> int:
    """The member id of a row of `token` or `phone`, 0 when it has none; raises `DamagedRow`."""
    member_id = owner_of(*row)
    if member_id is None:
        raise DamagedRow("a cached token does not fit its check number")
    return member_id


def select(table: str, rest: str) -> str:
    """SQL that reads whole rows of a table: for `checked`, or for `owner_in` where no checksum
    follows the columns."""
    return f"SELECT {', '.join(_names(table))} FROM {table} {rest}"


def _names(table: str) -> tuple[str, ...]:
    return (*COLUMNS[table], *filter(None, (SEALS[table],)))


def upsert(table: str) -> str:
    """SQL that takes a row only when its version is higher than the stored one."""
    names = _names(table)
    values = ", ".join("?" * len(names))
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT ({names[0]}) "
        f"DO UPDATE SET {sets} WHERE excluded.version > {table}.version"
    )


def member_of(row: Sequence[Any]) -> Member:
    """The member of a stored row; raises `ValueError` when it is damaged."""
    values = checked_member(row)
    member_id, _, name, balance, tier, rest = values
    if not isinstance(rest, str):
        parts = unpack_lots(rest, balance)
        return Member(
            member_id=member_id,
            name=name,
            balance_points=balance,
            tier=tier or "",
            lots=tuple(LotView(lot.points, lot.expires_on) for lot in parts),
        )
    known = member_from(values)
    return Member(
        member_id=known.member_id,
        name=known.name,
        balance_points=known.balance_points,
        pending_points=known.pending_points,
        birthday=known.birthday,
        tier=known.tier,
        groups=tuple(known.groups),
        is_blocked=known.is_blocked,
        lots=tuple(LotView(lot.points, lot.expires_on) for lot in known.lots),
        purchases=tuple(
            PastPurchase(past.at, past.total_minor, tuple(past.items)) for past in known.purchases
        ),
        purchases_count=known.purchases_count,
        segments=tuple(known.segments),
        coupons=tuple(HeldCoupon(coupon.code, coupon.expires_on) for coupon in known.coupons),
        last_purchase_on=known.last_purchase_on,
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
        needs_stamp=row.needs_stamp,
    )


def lease_of(values: Sequence[Any]) -> CachedLease:
    """The lease of a stored row's columns."""
    lease_id, _, member_id, register_id, epoch, granted, state = values
    return CachedLease(lease_id, granted, state == "open", member_id, register_id, epoch, state)
