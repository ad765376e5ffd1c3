"""Rows of the cache about rights: who is denied, keys of purses, the policy, recalls, counters.

They stand as JSON in one table, because there are few of them and a snapshot file brings none.
"""

from __future__ import annotations

import base64
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar

from edge_agent.ledger.damage import DamagedRow
from loyalty.authorisation.policy import Needs, Policy, checked
from loyalty.errors import InvalidRuleset
from sync.contract.cache_format import MAX_INTEGER, MAX_KEY, row_crc
from sync.contract.feed import FeedLease, FeedRow
from sync.contract.messages import WireModel
from sync.contract.rights import (
    FeedCounterLease,
    FeedDeny,
    FeedHubTerm,
    FeedOfflinePolicy,
    FeedPurseFloor,
    FeedPurseKey,
)
from sync.contract.signing import verify_purse_key
from sync.contract.staff import FeedStaff

T = TypeVar("T")

LEASE_RECALL: Final = "lease_recall"
KINDS: Final[Mapping[str, type[WireModel]]] = MappingProxyType(
    {
        "deny": FeedDeny,
        "counter_lease": FeedCounterLease,
        "purse_key": FeedPurseKey,
        "offline_policy": FeedOfflinePolicy,
        "purse_floor": FeedPurseFloor,
        "hub_term": FeedHubTerm,
        "staff": FeedStaff,
    }
)
_COLUMNS = "kind, key, version, name, body, crc"
_ONE = f"SELECT {_COLUMNS} FROM right_row WHERE kind = ? AND key = ? AND body IS NOT NULL"
_ALL = f"SELECT {_COLUMNS} FROM right_row WHERE kind = ? AND body IS NOT NULL ORDER BY key"
_RECALLED = (
    f"SELECT {_COLUMNS} FROM right_row WHERE kind = 'counter_lease' "
    "AND json_extract(body, '$.recall_id') <> '' ORDER BY key"
)
_DROP = "DELETE FROM right_row WHERE kind = ? AND key = ? AND version < ?"
_UPSERT = (
    f"INSERT INTO right_row ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, key) "
    "DO UPDATE SET version = excluded.version, name = excluded.name, body = excluded.body, "
    "crc = excluded.crc WHERE excluded.version > right_row.version"
)


@dataclass(frozen=True, slots=True)
class RightRow:
    """A row ready for its table; `body` is None once it is deleted."""

    kind: str
    key: str
    version: int
    name: str = ""
    body: str | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        """The row's columns with their checksum."""
        columns = (self.kind, self.key, self.version, self.name, self.body)
        return (*columns, row_crc(columns))


def right_of(row: FeedRow) -> RightRow | None:
    """The row as the table of rights holds it; None for one that does not belong there.

    A lease whose row asks points back leaves the question here, for the lease's own table has no
    room for it. Raises `ValueError` for a row that cannot be used."""
    if row.kind == "lease":
        return _recall_of(row)
    model = KINDS.get(row.kind)
    if model is None:
        return None
    if not 0 < len(row.key) <= MAX_KEY or not 0 <= row.version <= MAX_INTEGER:
        raise ValueError("a key or a version is out of bounds")
    if row.is_deleted:
        return RightRow(row.kind, row.key, row.version)
    right = model.model_validate(row.body)
    name = right.key if isinstance(right, FeedCounterLease) else ""
    return RightRow(row.kind, row.key, row.version, name, right.model_dump_json())


def _recall_of(row: FeedRow) -> RightRow | None:
    lease = None if row.is_deleted else FeedLease.model_validate(row.body)
    if lease is None or not lease.recall_id:
        return RightRow(LEASE_RECALL, row.key, row.version)
    return RightRow(LEASE_RECALL, row.key, row.version, "", lease.model_dump_json())


def put_rights(connection: sqlite3.Connection, rows: Iterable[RightRow]) -> int:
    """Write rows whose version is higher than the stored one; how many, recalls of leases not
    counted (the lease's own row is)."""
    applied = 0
    for row in rows:
        if row.kind != LEASE_RECALL:
            applied += connection.execute(_UPSERT, row.values).rowcount
        elif row.body is None:
            connection.execute(_DROP, (row.kind, row.key, row.version))
        else:
            connection.execute(_UPSERT, row.values)
    return applied


def _body(row: Sequence[Any]) -> str:
    *values, crc = row
    if row_crc(values) != crc:
        raise DamagedRow("a cached right does not fit its checksum")
    return str(values[4])


class RightsLookup(ABC):
    """The rights of a cache, over its way to read rows."""

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
        """The rows of a query, each made into an object."""

    def is_denied(self, member_id: int) -> bool:
        """Whether the centre lets this member spend nothing on any layer."""
        return bool(self._rows(_ONE, ("deny", str(member_id)), _body))

    def offline_policy(self) -> Policy | None:
        """The policy of the centre's row; None without one, or when it is out of its bounds."""
        rows = self._rows(_ONE, ("offline_policy", "active"), _body)
        if not rows:
            return None
        values = FeedOfflinePolicy.model_validate_json(rows[0]).model_dump()
        needs = Needs(**values.pop("needs"))
        known = {name: values[name] for name in Policy.__dataclass_fields__ if name in values}
        try:
            return checked(Policy(**known, needs=needs))
        except InvalidRuleset:
            return None

    def purse_keys(self, programme_keys: Mapping[str, bytes]) -> list[bytes]:
        """Public keys of purses that a programme key vouches for."""
        found = []
        for body in self._rows(_ALL, ("purse_key",), _body):
            row = FeedPurseKey.model_validate_json(body)
            key, signature = _decoded(row.public_key), _decoded(row.signature)
            signer = programme_keys.get(row.signed_by)
            if signer is not None and len(key) == 32 and verify_purse_key(signer, key, signature):
                found.append(key)
        return found

    def purse_floor_wanted(self, store_id: str) -> int:
        """The minute up to which the centre wants purses closed here; 0 when it wants none."""
        rows = self._rows(_ONE, ("purse_floor", store_id), _body)
        return FeedPurseFloor.model_validate_json(rows[0]).floor_min if rows else 0

    def lease_recalls(self, register_id: str, epoch: int) -> list[FeedLease]:
        """Leases of this life of the register of which the centre asks points back."""
        rows = self._rows(_ALL, (LEASE_RECALL,), _body)
        found = [FeedLease.model_validate_json(body) for body in rows]
        return [row for row in found if (row.register_id, row.epoch) == (register_id, epoch)]

    def counters(self, names: Sequence[str]) -> list[FeedCounterLease]:
        """Counter leases of coupons, promotions and cards."""
        marks = ",".join("?" * len(names))
        named = (
            f"SELECT {_COLUMNS} FROM right_row WHERE name <> '' AND name IN ({marks}) "
            "AND kind = 'counter_lease' AND body IS NOT NULL ORDER BY key"
        )
        rows = self._rows(named, tuple(names), _body)
        return [FeedCounterLease.model_validate_json(body) for body in rows]

    def staff(self) -> list[FeedStaff]:
        """Who works here, as the centre last told."""
        return [FeedStaff.model_validate_json(body) for body in self._rows(_ALL, ("staff",), _body)]

    def counter_leases(self, register_id: str, epoch: int) -> list[FeedCounterLease]:
        """Counter leases of this life of the register."""
        rows = self._rows(_ALL, ("counter_lease",), _body)
        found = [FeedCounterLease.model_validate_json(body) for body in rows]
        return [row for row in found if (row.register_id, row.epoch) == (register_id, epoch)]

    def counter_recalls(self, register_id: str, epoch: int) -> list[FeedCounterLease]:
        """Counter leases of this life of which the centre asks units back."""
        rows = self._rows(_RECALLED, (), _body)
        found = [FeedCounterLease.model_validate_json(body) for body in rows]
        return [row for row in found if (row.register_id, row.epoch) == (register_id, epoch)]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
