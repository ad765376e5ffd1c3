"""Loading members under a lock and writing them back, many at a time."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from central import overdrafts, sightings
from central.db.bulk import Columns, Connection, Row, delete_rows, insert_rows, upsert_rows
from central.member_state import (
    Hold,
    Lease,
    MemberState,
    ReturnState,
    SaleState,
)
from loyalty import lots
from loyalty.ledger import ADJUSTMENT, ISSUED, Books
from loyalty.lots import Slice

_MEMBER: Columns = (("member_id", "bigint"),)
_ACCOUNT: Columns = (*_MEMBER, ("account", "text"))
_SLICE: Columns = (*_MEMBER, ("place", "text"), ("lot_id", "text"), ("expires_on", "date"))
_POINTS: Columns = (("points", "bigint"),)
_ENTRY: Columns = (
    *(*_MEMBER, ("entry_id", "uuid"), ("posted_on", "date")),
    *(("kind", "text"), ("posted_at", "timestamptz")),
    *(("register_id", "text"), ("store_id", "text"), ("layer", "text")),
    *(("epoch", "integer"), ("seq", "bigint"), ("subject_id", "uuid")),
)
_LEG: Columns = (
    *(*_MEMBER, ("entry_id", "uuid"), ("posted_on", "date")),
    *(("account", "text"), ("amount", "bigint")),
)
_ALLOCATION: Columns = (
    *(*_MEMBER, ("entry_id", "uuid"), ("posted_on", "date")),
    *(("number", "integer"), ("lot_id", "text")),
    *(("source", "text"), ("target", "text"), ("points", "bigint")),
    *(("expires_on", "date"), ("arrives_on", "date")),
)
_LOT: Columns = (
    *(*_MEMBER, ("lot_id", "text"), ("points", "bigint"), ("expires_on", "date")),
    *(("source", "text"), ("created_at", "timestamptz")),
)
_HOLD_KEY: Columns = (*_MEMBER, ("auth_id", "uuid"))
_HOLD: Columns = (
    *(("sale_id", "uuid"), ("register_id", "text"), ("requested", "bigint")),
    *(("approved", "bigint"), ("reason", "text"), ("state", "text")),
    *(("created_at", "timestamptz"), ("epoch", "integer"), ("number", "bigint")),
    *(("purse_serial", "bigint"), ("purse_points", "bigint"), ("purse_minute", "bigint")),
)
_LEASE_KEY: Columns = (*_MEMBER, ("lease_id", "text"))
_LEASE: Columns = (
    *(("register_id", "text"), ("store_id", "text"), ("epoch", "integer")),
    *(("granted", "bigint"), ("state", "text"), ("claimed", "bigint"), ("is_hub", "boolean")),
    *(("returned", "bigint"), ("recall_id", "text"), ("recall_points", "bigint")),
)
_SALE_KEY: Columns = (*_MEMBER, ("sale_id", "uuid"))
_SALE: Columns = (
    *(("register_id", "text"), ("store_id", "text"), ("epoch", "integer"), ("seq", "bigint")),
    *(("state", "text"), ("redeemed", "bigint"), ("redemption_entry", "uuid")),
    *(("accrued", "bigint"), ("accrual_lot", "text"), ("accrual_state", "text")),
    *(("restored", "bigint"), ("reversed", "bigint")),
)
_RETURN_KEY: Columns = (*_MEMBER, ("return_id", "uuid"))
_RETURN: Columns = (
    *(("sale_id", "uuid"), ("state", "text")),
    *(("restored", "bigint"), ("reversed", "bigint"), ("is_complete", "boolean")),
)
_UPDATE_MEMBERS = """
update member set home_store = now.home_store, purchases_count = now.purchases_count,
                  purchases = now.purchases, coupons = now.coupons, visits = now.visits
from unnest(%b::bigint[], %b::text[], %b::bigint[], %b::jsonb[], %b::jsonb[], %b::jsonb[])
     as now (member_id, home_store, purchases_count, purchases, coupons, visits)
where member.member_id = now.member_id
"""
_VALUES = {
    table: attrgetter(*(field.name for field in fields(row)))
    for table, row in (
        ("hold", Hold),
        ("lease", Lease),
        ("sale", SaleState),
        ("sale_return", ReturnState),
    )
}
_SELECT_MEMBERS = """
select member_id, feed_name, feed_birthday, tier, groups, is_blocked, home_store,
       purchases_count, purchases, erased_at is not null, coupons, visits, segments
from member where member_id = any(%s) order by member_id
"""


def load_members(
    connection: Connection,
    member_ids: Collection[int],
    *,
    sale_ids: Collection[str] = (),
    return_ids: Collection[str] = (),
    auth_ids: Collection[str] = (),
    lock: bool = True,
) -> dict[int, MemberState]:
    """The members that exist, locked in member_id order until the transaction ends.

    Of sales and returns only the named ones are loaded, with what they spent; of holds the open
    and the named ones; leases all.
    """
    ids = sorted(set(member_ids))
    query = _SELECT_MEMBERS + (" for update" if lock else "")
    rows = connection.execute(query, [ids]).fetchall()
    # A member who is being made right now is not ours yet, nor are their rows.
    ids = [row[0] for row in rows]
    books = _load_books(connection, ids)
    members = {
        row[0]: MemberState(row[0], books.get(row[0], Books(row[0])), *row[1:]) for row in rows
    }
    _load_rights(connection, members, ids, list(auth_ids))
    if sale_ids or return_ids:
        _load_sales(connection, members, ids, list(sale_ids), list(return_ids))
    overdrafts.load(connection, members)
    return members


def _load_books(connection: Connection, ids: list[int]) -> dict[int, Books]:
    balances: dict[int, dict[str, int]] = {}
    query = "select member_id, account, balance from account where member_id = any(%s)"
    for member_id, account, balance in connection.execute(query, [ids]):
        balances.setdefault(member_id, {})[account] = balance
    places: dict[int, dict[str, list[Slice]]] = {}
    query = (
        "select member_id, place, lot_id, points, expires_on::text from slice"
        " where member_id = any(%s)"
    )
    for member_id, place, lot_id, points, expires_on in connection.execute(query, [ids]):
        parts = places.setdefault(member_id, {}).setdefault(place, [])
        parts.append(Slice(lot_id, points, expires_on))
    return {
        member_id: Books(
            member_id,
            MappingProxyType(balances.get(member_id, {})),
            MappingProxyType(
                {place: lots.add((), parts) for place, parts in places.get(member_id, {}).items()}
            ),
        )
        for member_id in balances.keys() | places.keys()
    }


def _load_rights(
    connection: Connection, members: dict[int, MemberState], ids: list[int], auth_ids: list[str]
) -> None:
    query = (
        "select member_id, auth_id::text, sale_id::text, register_id, requested, approved, reason,"
        " state, created_at, epoch, number, purse_serial, purse_points, purse_minute from hold"
        " where member_id = any(%s) and (state = 'open' or auth_id = any(%s::uuid[]))"
    )
    for row in connection.execute(query, [ids, auth_ids]):
        members[row[0]].holds[row[1]] = Hold(*row[1:])
    query = (
        "select member_id, lease_id, register_id, store_id, epoch, granted, state, claimed, is_hub,"
        " returned, recall_id, recall_points from lease where member_id = any(%s)"
    )
    for row in connection.execute(query, [ids]):
        members[row[0]].leases[row[1]] = Lease(*row[1:])


def _load_sales(
    connection: Connection,
    members: dict[int, MemberState],
    ids: list[int],
    sale_ids: list[str],
    return_ids: list[str],
) -> None:
    query = (
        "select member_id, return_id::text, sale_id::text, state, restored, reversed, is_complete"
        " from sale_return where member_id = any(%s) and return_id = any(%s::uuid[])"
    )
    for row in connection.execute(query, [ids, return_ids]).fetchall():
        members[row[0]].returns[row[1]] = ReturnState(*row[1:])
        sale_ids.append(row[2])
    query = (
        "select member_id, sale_id::text, register_id, store_id, epoch, seq, state, redeemed,"
        " redemption_entry::text, accrued, accrual_lot, accrual_state, restored, reversed"
        " from sale where member_id = any(%s) and sale_id = any(%s::uuid[])"
    )
    entry_ids = []
    for row in connection.execute(query, [ids, sale_ids]):
        sale = SaleState(*row[1:])
        members[row[0]].sales[sale.sale_id] = sale
        if sale.redemption_entry:
            entry_ids.append(sale.redemption_entry)
            members[row[0]].spent[sale.redemption_entry] = ()
    if entry_ids:
        query = (
            "select member_id, entry_id::text, lot_id, points, expires_on::text from allocation"
            " where member_id = any(%s) and entry_id = any(%s::uuid[])"
        )
        for member_id, entry_id, lot_id, points, expires_on in connection.execute(
            query, [ids, entry_ids]
        ):
            spent = members[member_id].spent
            spent[entry_id] = lots.add(spent[entry_id], (Slice(lot_id, points, expires_on),))


# --- saving -----------------------------------------------------------------------------------


def save_members(
    connection: Connection, members: Collection[MemberState], posted_at: datetime
) -> None:
    """Write postings, balances, slices and every touched row; the states are spent afterwards.

    Inside a pipeline the caller may go on while the database works."""
    overdrafts.save(connection, members, posted_at)
    sightings.save(connection, members, posted_at)
    _save_postings(connection, members, posted_at)
    _save_balances(connection, members)
    _save_touched(connection, members)
    _save_purchases(connection, members)


def _save_purchases(connection: Connection, members: Collection[MemberState]) -> None:
    rows = [
        (
            *(m.member_id, m.home_store, m.purchases_count),
            *(_json(m.purchases), _json(m.coupons), _json(m.visits)),
        )
        for m in members
        if ("member", "") in m.touched
    ]
    if rows:
        arrays = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(_UPDATE_MEMBERS, arrays)


_json = json.JSONEncoder(ensure_ascii=False).encode


def _save_postings(
    connection: Connection, members: Collection[MemberState], posted_at: datetime
) -> None:
    entries: list[Row] = []
    legs: list[Row] = []
    allocations: list[Row] = []
    fresh: list[Row] = []
    today = posted_at.astimezone(UTC).date()
    for member in members:
        key = member.member_id
        for entry, c in member.postings:
            entry_id = entry.entry_id
            where = (c.register_id, c.store_id, c.layer, c.epoch, c.seq, c.subject_id)
            entries.append((key, entry_id, today, entry.kind, posted_at, *where))
            legs.extend((key, entry_id, today, leg.account, leg.amount) for leg in entry.legs)
            for number, m in enumerate(entry.allocations):
                arrives_on = m.reopened_on or m.expires_on
                row = (m.lot_id, m.source, m.target, m.points, m.expires_on, arrives_on)
                allocations.append((key, entry_id, today, number, *row))
                if m.source in (ISSUED, ADJUSTMENT):
                    fresh.append((key, m.lot_id, m.points, m.expires_on, entry.kind, posted_at))
    insert_rows(connection, "entry", _ENTRY, entries)
    insert_rows(connection, "leg", _LEG, legs)
    insert_rows(connection, "allocation", _ALLOCATION, allocations)
    insert_rows(connection, "lot", _LOT, fresh)


def _save_balances(connection: Connection, members: Collection[MemberState]) -> None:
    balances: list[Row] = []
    emptied: list[Row] = []
    slices: list[Row] = []
    gone: list[Row] = []
    for member in members:
        before = member.before or Books(member.member_id)
        for account in before.balances.keys() | member.books.balances.keys():
            now = member.books.balance(account)
            if now == 0:
                emptied.append((member.member_id, account))
            elif now != before.balance(account):
                balances.append((member.member_id, account, now))
        was, is_ = _flat(before), _flat(member.books)
        gone.extend((member.member_id, *key) for key in was.keys() - is_.keys())
        slices.extend(
            (member.member_id, *key, points)
            for key, points in is_.items()
            if was.get(key) != points
        )
    delete_rows(connection, "account", _ACCOUNT, emptied)
    delete_rows(connection, "slice", _SLICE, gone)
    upsert_rows(connection, "account", _ACCOUNT, (("balance", "bigint"),), balances)
    upsert_rows(connection, "slice", _SLICE, _POINTS, slices)


def _flat(books: Books) -> dict[tuple[str, str, str], int]:
    return {
        (place, part.lot_id, part.expires_on): part.points
        for place, parts in books.slices.items()
        for part in parts
    }


def _save_touched(connection: Connection, members: Collection[MemberState]) -> None:
    tables: dict[str, list[Row]] = {"hold": [], "lease": [], "sale": [], "sale_return": []}
    for member in members:
        sources: dict[str, dict[str, Any]] = {
            "hold": member.holds,
            "lease": member.leases,
            "sale": member.sales,
            "sale_return": member.returns,
        }
        for table, key in member.touched:
            if table in sources:
                values = _VALUES[table](sources[table][key])
                tables[table].append((member.member_id, *values))
    upsert_rows(connection, "hold", _HOLD_KEY, _HOLD, tables["hold"])
    upsert_rows(connection, "lease", _LEASE_KEY, _LEASE, tables["lease"])
    upsert_rows(connection, "sale", _SALE_KEY, _SALE, tables["sale"])
    upsert_rows(connection, "sale_return", _RETURN_KEY, _RETURN, tables["sale_return"])
