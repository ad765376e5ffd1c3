"""Loading members under a lock and writing them back, many at a time."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import astuple
from datetime import datetime
from types import MappingProxyType
from typing import Any

from central.db.bulk import Connection, Row, copy_rows, delete_rows, upsert_rows
from central.member_state import (
    Hold,
    Lease,
    MemberState,
    ReturnState,
    SaleState,
)
from loyalty import lots
from loyalty.ledger import Books
from loyalty.lots import Slice

_MEMBER = [("member_id", "bigint")]
_ACCOUNT = [*_MEMBER, ("account", "text")]
_SLICE = [*_MEMBER, ("place", "text"), ("lot_id", "text"), ("expires_on", "date")]
_HOLD = (
    [*_MEMBER, ("auth_id", "uuid")],
    [
        ("sale_id", "uuid"),
        ("register_id", "text"),
        ("requested", "bigint"),
        ("approved", "bigint"),
        ("reason", "text"),
        ("state", "text"),
        ("created_at", "timestamptz"),
        ("expires_at", "timestamptz"),
    ],
)
_LEASE = (
    [*_MEMBER, ("lease_id", "text")],
    [
        ("register_id", "text"),
        ("store_id", "text"),
        ("epoch", "integer"),
        ("granted", "bigint"),
        ("state", "text"),
    ],
)
_SALE = (
    [*_MEMBER, ("sale_id", "uuid")],
    [
        ("register_id", "text"),
        ("store_id", "text"),
        ("epoch", "integer"),
        ("seq", "bigint"),
        ("state", "text"),
        ("redeemed", "bigint"),
        ("redemption_entry", "uuid"),
        ("accrued", "bigint"),
        ("accrual_lot", "text"),
        ("accrual_state", "text"),
    ],
)
_RETURN = ([*_MEMBER, ("return_id", "uuid")], [("sale_id", "uuid"), ("state", "text")])
_ENTRY_COLUMNS = (
    *("member_id", "entry_id", "kind", "posted_at"),
    *("register_id", "store_id", "layer", "epoch", "seq", "subject_id"),
)
_ALLOCATION_COLUMNS = (
    *("member_id", "entry_id", "number", "lot_id"),
    *("source", "target", "points", "expires_on", "arrives_on"),
)
_SELECT_MEMBERS = """
select member_id, feed_name, feed_birthday, tier, groups, is_blocked, home_store,
       purchases_count, purchases
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
    books = _load_books(connection, ids)
    members = {
        row[0]: MemberState(row[0], books.get(row[0], Books(row[0])), *row[1:]) for row in rows
    }
    _load_rights(connection, members, ids, list(auth_ids))
    if sale_ids or return_ids:
        _load_sales(connection, members, ids, list(sale_ids), list(return_ids))
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
        " state, created_at, expires_at from hold"
        " where member_id = any(%s) and (state = 'open' or auth_id = any(%s::uuid[]))"
    )
    for row in connection.execute(query, [ids, auth_ids]):
        members[row[0]].holds[row[1]] = Hold(*row[1:])
    query = (
        "select member_id, lease_id, register_id, store_id, epoch, granted, state from lease"
        " where member_id = any(%s)"
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
        "select member_id, return_id::text, sale_id::text, state from sale_return"
        " where member_id = any(%s) and return_id = any(%s::uuid[])"
    )
    for row in connection.execute(query, [ids, return_ids]).fetchall():
        members[row[0]].returns[row[1]] = ReturnState(*row[1:])
        sale_ids.append(row[2])
    query = (
        "select member_id, sale_id::text, register_id, store_id, epoch, seq, state, redeemed,"
        " redemption_entry::text, accrued, accrual_lot, accrual_state from sale"
        " where member_id = any(%s) and sale_id = any(%s::uuid[])"
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
    """Write postings, balances, slices and every touched row; the states are spent afterwards."""
    _save_postings(connection, members, posted_at)
    _save_balances(connection, members)
    _save_touched(connection, members)
    rows = [
        [m.home_store, m.purchases_count, json.dumps(m.purchases, ensure_ascii=False), m.member_id]
        for m in members
        if ("member", "") in m.touched
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "update member set home_store = %s, purchases_count = %s, purchases = %s"
                " where member_id = %s",
                rows,
            )


def _save_postings(
    connection: Connection, members: Collection[MemberState], posted_at: datetime
) -> None:
    entries: list[Row] = []
    legs: list[Row] = []
    allocations: list[Row] = []
    fresh: list[Row] = []
    for member in members:
        key = member.member_id
        for entry, c in member.postings:
            entry_id = entry.entry_id
            where = (c.register_id, c.store_id, c.layer, c.epoch, c.seq, c.subject_id)
            entries.append((key, entry_id, entry.kind, posted_at, *where))
            legs.extend((key, entry_id, leg.account, leg.amount) for leg in entry.legs)
            for number, m in enumerate(entry.allocations):
                arrives_on = m.reopened_on or m.expires_on
                row = (m.lot_id, m.source, m.target, m.points, m.expires_on, arrives_on)
                allocations.append((key, entry_id, number, *row))
                if entry.kind in ("accrual", "opening"):
                    fresh.append((key, m.lot_id, m.points, m.expires_on, entry.kind, posted_at))
    lot_columns = ("member_id", "lot_id", "points", "expires_on", "source", "created_at")
    copy_rows(connection, "entry", _ENTRY_COLUMNS, entries)
    copy_rows(connection, "leg", ("member_id", "entry_id", "account", "amount"), legs)
    copy_rows(connection, "allocation", _ALLOCATION_COLUMNS, allocations)
    copy_rows(connection, "lot", lot_columns, fresh)


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
    upsert_rows(connection, "account", _ACCOUNT, [("balance", "bigint")], balances)
    upsert_rows(connection, "slice", _SLICE, [("points", "bigint")], slices)


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
                tables[table].append((member.member_id, *astuple(sources[table][key])))
    upsert_rows(connection, "hold", *_HOLD, tables["hold"])
    upsert_rows(connection, "lease", *_LEASE, tables["lease"])
    upsert_rows(connection, "sale", *_SALE, tables["sale"])
    upsert_rows(connection, "sale_return", *_RETURN, tables["sale_return"])
