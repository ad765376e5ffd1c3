"""How state rows stand in a register's `cache.db`, which is also the form of a snapshot file.

Format 2: SQLite, STRICT tables, `user_version` 2. The centre writes a snapshot by these tuples and
SQL, and the register puts the file in place as it is; so both ends must form rows alike. It is
made to be small: a million members with a card and a phone each fit into 100 MB.

* A member's row holds in columns what most members have. `points` is the balance times 1,024 plus
  a check number over the whole row. `rest` is NULL (no open lots), an integer
  (one lot of the whole balance, its last day counted from 1970-01-01), text `points@day,points@`
  (day left out: never expires), or, for members with more than that, a JSON object with `lots`
  in either form.
* Tokens and phones are kept by the first 8 bytes of a SHA-256 (`token_key`). With 15 million
  tokens the chance that any two collide is 6 in a million. `owner` is the member id times 1,024
  plus a check number, so a flipped bit in key, version or owner is always noticed.
* Check numbers are modulo a prime, so that a single flipped bit never leaves them as they were.
* Every other row ends with `crc`, CRC-32 over the columns before it, signed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from loyalty.ids import MAX_MEMBER_ID
from sync.contract.buckets import row_id
from sync.contract.feed import (
    FeedGood,
    FeedHead,
    FeedLease,
    FeedLot,
    FeedMember,
    FeedRow,
    FeedRuleset,
    FeedToken,
)

FORMAT: Final = 2
MAX_INTEGER: Final = 2**63 - 1
MAX_BALANCE: Final = 2**52
MAX_KEY: Final = 200
MAX_BARCODES: Final = 200
Values = tuple[Any, ...]

SCHEMA: Final = """
CREATE TABLE member (
  member_id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  name TEXT,
  points INTEGER NOT NULL,
  tier TEXT,
  rest ANY
) STRICT;
CREATE TABLE token (
  key INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  owner INTEGER NOT NULL
) STRICT;
CREATE TABLE phone (
  key INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  owner INTEGER NOT NULL
) STRICT;
CREATE TABLE good (
  sku TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  name_folded TEXT,
  body TEXT,
  crc INTEGER NOT NULL
) STRICT;
CREATE INDEX good_name ON good (name_folded, sku) WHERE name_folded IS NOT NULL;
CREATE TABLE barcode (
  barcode TEXT NOT NULL,
  sku TEXT NOT NULL,
  PRIMARY KEY (barcode, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_sku ON barcode (sku);
CREATE TABLE lease (
  lease_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  member_id INTEGER,
  register_id TEXT,
  epoch INTEGER,
  granted_points INTEGER,
  state TEXT CHECK (state IN ('open', 'recalled', 'closed')),
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_member ON lease (member_id, register_id, epoch) WHERE state IS NOT NULL;
CREATE TABLE ruleset (
  key TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  sequence INTEGER,
  sha256 TEXT,
  size INTEGER,
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE head (
  register_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  epoch INTEGER,
  seq INTEGER,
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "member": ("member_id", "version", "name", "points", "tier", "rest"),
        "token": ("key", "version", "owner"),
        "phone": ("key", "version", "owner"),
        "good": ("sku", "version", "name_folded", "body"),
        "lease": (
            *("lease_id", "version", "member_id", "register_id", "epoch"),
            *("granted_points", "state"),
        ),
        "ruleset": ("key", "version", "sequence", "sha256", "size"),
        "head": ("register_id", "version", "epoch", "seq"),
        "meta": ("key", "value"),
    }
)
"""Columns by table, key first; the column of `SEALS` follows them."""

TABLES: Final = (*COLUMNS, "barcode")
SEALS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(COLUMNS, "crc") | dict.fromkeys(("member", "token", "phone"), "")
)
PAGE_BYTES: Final = 8_192
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_CHECKS: Final = 1_021
_PHONE: Final = "phone:"
# `json.dumps` with other separators makes an encoder a call.
_written: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_COLUMN_FIELDS: Final = frozenset({"member_id", "name", "balance_points", "tier", "lots"})


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row ready for its table, checks included. `barcodes` are set on goods only."""

    table: str
    values: Values
    barcodes: tuple[str, ...] | None = None


# --- checks -----------------------------------------------------------------------------------


def row_crc(values: Sequence[object]) -> int:
    """Signed CRC-32 of a row's columns in their order."""
    crc = zlib.crc32("\x1f".join(map(str, values)).encode())
    return crc - 2**32 if crc >= 2**31 else crc


def pack_points(values: Values) -> int:
    """`points` of a member's row whose columns are `values`, with the balance in its place."""
    member_id, version, name, balance, tier, rest = values
    texts: int = 5 * _number(name) + 11 * _number(tier) + 13 * _number(rest)
    whole: int = balance or 0
    check: int = (3 * member_id + 31 * version + 977 * whole + texts) % _CHECKS
    return whole << 10 | check


def balance_of(row: Sequence[Any]) -> int | None:
    """The balance in a member's row; None when the row is damaged."""
    member_id, version, name, points, tier, rest = row
    balance: int = points >> 10
    fits = pack_points((member_id, version, name, balance, tier, rest)) == points
    return balance if fits else None


def _number(value: int | str | None) -> int:
    """A column as a number in which a flipped bit is a power of two more or less."""
    if value is None:
        return 1
    return 2 + 7 * value if isinstance(value, int) else 3 + int.from_bytes(value.encode(), "big")


def pack_owner(key: int, version: int, member_id: int) -> int:
    """`owner` of a token row; member id 0 for a token that is no longer anyone's.

    The check is modulo a prime, so no single flipped bit leaves it as it was."""
    return member_id << 10 | (key + 31 * version + 977 * member_id) % _CHECKS


def owner_of(key: int, version: int, owner: int) -> int | None:
    """The member id of a token row, 0 when it has none; None when the row is damaged."""
    member_id = owner >> 10
    return member_id if pack_owner(key, version, member_id) == owner else None


def token_key(key: str) -> tuple[str, int]:
    """Table and stored key of a token key (`card:…`, `qr:…`, `phone:<hmac>`)."""
    table = "phone" if key.startswith(_PHONE) else "token"
    return table, row_id("token", key)


# --- rows of the feed as stored -----------------------------------------------------------------


def stored(row: FeedRow) -> StoredRow | None:
    """The row as its table holds it; None for a kind that this format does not know.

    Raises `ValueError` for a row that cannot be used."""
    make = _KINDS.get(row.kind)
    if make is None:
        return None
    _bounded(row.version)
    if not 0 < len(row.key) <= MAX_KEY:
        raise ValueError("a key is empty or too long")
    return make(row)


def _sealed(table: str, values: Values, barcodes: tuple[str, ...] | None = None) -> StoredRow:
    return StoredRow(table, (*values, row_crc(values)), barcodes)


def _same(key: str, named: str) -> None:
    if key != named:
        raise ValueError("the row's key is not the one in its body")


def _bounded(*numbers: int) -> None:
    for number in numbers:
        if not 0 <= number <= MAX_INTEGER:
            raise ValueError("a number is out of bounds")


def _member(row: FeedRow) -> StoredRow:
    member_id = int(row.key)
    if not 0 < member_id <= MAX_MEMBER_ID:
        raise ValueError("a member id is out of bounds")
    if row.is_deleted:
        return _sealed_member((member_id, row.version, None, None, None, None))
    member = FeedMember.model_validate(row.body)
    _same(row.key, str(member.member_id))
    if abs(member.balance_points) >= MAX_BALANCE:
        raise ValueError("a number is out of bounds")
    rest: int | str | None = pack_lots(member.lots, member.balance_points)
    more = member.model_dump(exclude=set(_COLUMN_FIELDS), exclude_defaults=True)
    if more:
        more["lots"] = rest
        rest = _written(more)
    tier = member.tier or None
    values = (member_id, row.version, member.name, member.balance_points, tier, rest)
    return _sealed_member(values)


def _sealed_member(values: Values) -> StoredRow:
    member_id, version, name, _, tier, rest = values
    return StoredRow("member", (member_id, version, name, pack_points(values), tier, rest))


def _token(row: FeedRow) -> StoredRow:
    table, key = token_key(row.key)
    member_id = 0 if row.is_deleted else FeedToken.model_validate(row.body).member_id
    return StoredRow(table, (key, row.version, pack_owner(key, row.version, member_id)))


def _good(row: FeedRow) -> StoredRow:
    if row.is_deleted:
        return _sealed("good", (row.key, row.version, None, None), ())
    good = FeedGood.model_validate(row.body)
    _same(row.key, good.sku)
    if len(good.barcodes) > MAX_BARCODES:
        raise ValueError("too many barcodes")
    body = good.model_dump_json(exclude_defaults=True)
    values = (row.key, row.version, good.name.casefold(), body)
    return _sealed("good", values, tuple(good.barcodes))


def _lease(row: FeedRow) -> StoredRow:
    if row.is_deleted:
        return _sealed("lease", (row.key, row.version, None, None, None, None, None))
    lease = FeedLease.model_validate(row.body)
    _same(row.key, lease.lease_id)
    _bounded(lease.epoch)
    who = (lease.member_id, lease.register_id, lease.epoch)
    return _sealed("lease", (row.key, row.version, *who, lease.granted_points, lease.state))


def _ruleset(row: FeedRow) -> StoredRow:
    if row.is_deleted:
        return _sealed("ruleset", (row.key, row.version, None, None, None))
    wanted = FeedRuleset.model_validate(row.body)
    _bounded(wanted.sequence, wanted.size)
    what = (wanted.sequence, wanted.sha256, wanted.size)
    return _sealed("ruleset", (row.key, row.version, *what))


def _head(row: FeedRow) -> StoredRow:
    if row.is_deleted:
        return _sealed("head", (row.key, row.version, None, None))
    head = FeedHead.model_validate(row.body)
    _bounded(head.epoch, head.seq)
    return _sealed("head", (row.key, row.version, head.epoch, head.seq))


_KINDS: Mapping[str, Callable[[FeedRow], StoredRow]] = MappingProxyType(
    {
        "member": _member,
        "token": _token,
        "good": _good,
        "lease": _lease,
        "ruleset": _ruleset,
        "head": _head,
    }
)


# --- members back from their columns ------------------------------------------------------------


def member_from(values: Sequence[Any]) -> FeedMember:
    """The member of a row's columns, the balance in its place; raises `ValueError` when they
    make no sense."""
    member_id, _, name, balance, tier, rest = values
    more: dict[str, Any] = {"lots": rest}
    if isinstance(rest, str) and rest.startswith("{"):
        more = json.loads(rest)
    columns = {"member_id": member_id, "name": name, "balance_points": balance}
    lots = unpack_lots(more["lots"], balance)
    return FeedMember.model_validate({**more, **columns, "tier": tier or "", "lots": lots})


def pack_lots(lots: Sequence[FeedLot], balance: int) -> int | str | None:
    """Open lots in the form of the `rest` column; raises `ValueError` for a bad date."""
    if not lots:
        return None
    first = lots[0]
    if len(lots) == 1 and first.points == balance and first.expires_on is not None:
        return _day(first.expires_on)
    parts = ((lot.points, lot.expires_on) for lot in lots)
    return ",".join(f"{points}@{'' if on is None else _day(on)}" for points, on in parts)


def unpack_lots(lots: int | str | None, balance: int) -> list[FeedLot]:
    """Open lots of a member's columns."""
    if lots is None:
        return []
    if isinstance(lots, int):
        return [FeedLot(points=balance, expires_on=_date(lots))]
    found = []
    for part in lots.split(","):
        points, _, day = part.partition("@")
        found.append(FeedLot(points=int(points), expires_on=_date(int(day)) if day else None))
    return found


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def _date(day: int) -> str:
    return date.fromordinal(day + _EPOCH_DAY).isoformat()
