"""A checksum on every row of `ledger.db`, so that a flipped bit is noticed and not believed.

SQLite has no checksum of its own: its checks see a tenth of single flipped bits. The hash chain
covers the facts; everything else carries `crc`, a CRC-32 over the columns of its row. SQL writes
it with the function `row_seal`, which every writing connection of the ledger has.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FUNCTION: Final = "row_seal"

SEALED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "meta": ("key", "value"),
        "outbox": ("epoch", "seq", "state", "created_at"),
        "chain_mark": ("epoch", "seq", "hash", "marked_at", "public_key", "signature"),
        "sale": (
            "sale_id",
            "state",
            "revision",
            "member_id",
            "opened_at",
            "touched_at",
            "committed_at",
            "draft",
            "document",
            "result",
        ),
        "authorisation": (
            "auth_id",
            "sale_id",
            "member_id",
            "requested_points",
            "state",
            "layer",
            "hold_points",
            "lease_id",
            "lease_points",
            "reason",
            "asked_at",
            *("epoch", "number", "strength", "purse_serial", "purse_points", "purse_minute"),
            *("link_index", "cache_points", "island", "used_seq"),
        ),
        "decision": ("auth_id", "decided_at", "body"),
        "lease_burn": ("lease_id", "sale_id", "points"),
        "lease_return": ("lease_id", "recall_id", "points"),
        "purse_burn": ("serial", "sale_id", "points", "minute"),
        "cache_burn": ("member_id", "sale_id", "points", "epoch", "seq", "island"),
        "counter_burn": ("counter_id", "subject", "units"),
        "member_effect": ("member_id", "epoch", "seq", "spent_points", "earned_points"),
        "print_job": (
            "job_id",
            "subject_id",
            "kind",
            "state",
            "document",
            "attempts",
            "fiscal_number",
            "reason",
            "evidence",
            "created_at",
            "decided_at",
        ),
        "sale_return": ("return_id", "sale_id", "state", "document", "created_at"),
        "promotion_use": ("promotion_id", "member_id", "day", "receipts", "minor"),
        "coupon_change": (
            "member_id",
            "epoch",
            "seq",
            "number",
            "sale_id",
            "coupon",
            "expires_on",
            "is_used",
        ),
        "idempotency": ("key", "request_hash", "status", "answer", "created_at"),
        "device_journal": ("device", "key", "value"),
        "shift": (
            *("shift_id", "number", "state", "opened_at", "opened_by", "boot", "opened_ms"),
            *("after_epoch", "after_seq", "until_epoch", "until_seq"),
            *("closed_at", "closed_by", "z_number", "totals"),
        ),
        "shift_act": (
            *("job_id", "shift_id", "action", "state", "amount_minor", "cashier_id", "body"),
            *("fiscal_number", "reason", "evidence", "created_at", "decided_at"),
        ),
        "sign_in": (
            *("cashier_id", "is_current", "name", "role", "how", "signed_at"),
            *("failures", "locked_until"),
        ),
    }
)
"""Columns under the seal by table, key first; what the outbox leaves out is in its hash chain."""

KEYS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "outbox": 2,
        "lease_burn": 2,
        "lease_return": 2,
        "purse_burn": 2,
        "cache_burn": 2,
        "counter_burn": 2,
        "member_effect": 3,
        "promotion_use": 3,
        "coupon_change": 4,
        "device_journal": 2,
    }
)
"""Columns of the primary key, where it is not one."""


def seal(*values: object) -> int:
    """CRC-32 of a row's columns in their order; NULL, 5 and '5' are told apart."""
    parts = [value if type(value) is str else f"\x1e{value!r}" for value in values]
    return zlib.crc32("\x1f".join(parts).encode())


def teach(connection: sqlite3.Connection) -> None:
    """Give a writing connection the function `row_seal`."""
    connection.create_function(FUNCTION, -1, seal, deterministic=True)


def update(table: str, changes: Mapping[str, str], where: str) -> str:
    """SQL that changes columns to expressions and seals the row anew."""
    return f"UPDATE {table} SET {_sets(table, changes)} WHERE {where}"


def insert(table: str, changes: Mapping[str, str] | None = None, where: str = "") -> str:
    """SQL that inserts a sealed row of the table's sealed columns (named parameters).

    With `changes`, a row of the same key is changed instead, `where` it may."""
    names = SEALED[table]
    values = ", ".join(f":{name}" for name in names)
    sql = f"INSERT INTO {table} ({', '.join(names)}, crc) VALUES ({values}, {FUNCTION}({values}))"
    if changes is None:
        return sql
    key = ", ".join(names[: KEYS.get(table, 1)])
    guard = f" WHERE {where}" if where else ""
    return f"{sql} ON CONFLICT ({key}) DO UPDATE SET {_sets(table, changes)}{guard}"


def _sets(table: str, changes: Mapping[str, str]) -> str:
    sets = "".join(f"{name} = {value}, " for name, value in changes.items())
    sealed = ", ".join(changes.get(name, f"{table}.{name}") for name in SEALED[table])
    return f"{sets}crc = {FUNCTION}({sealed})"
