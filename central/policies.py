"""The offline policy in force: programme data, kept as numbered rows, told to every register.

A policy is set by a person with a reason; the newest is in force. `ActivePolicy` is how the
running service reads it: at most `AGE_S` old, for a policy only says how much is lent, never
whether a right is sound.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from psycopg_pool import ConnectionPool

from central.changes import Changes
from central.db.bulk import Connection
from central.db.session import snapshot
from central.deeds import note_deed
from central.errors import BadInput
from loyalty.authorisation.policy import Needs, Policy, checked
from loyalty.errors import InvalidRuleset
from sync.contract.rights import FeedOfflinePolicy

AGE_S = 2.0


def active(connection: Connection) -> Policy:
    """The newest policy; the defaults before the first was set."""
    row = connection.execute(
        "select body from offline_policy order by sequence desc limit 1"
    ).fetchone()
    return Policy() if row is None else from_body(row[0])


def from_body(body: dict[str, Any]) -> Policy:
    """A policy from its stored fields."""
    fields = {name: value for name, value in body.items() if name != "needs"}
    return replace(Policy(), **fields, needs=Needs(**body.get("needs", {})))


def put(
    connection: Connection, policy: Policy, now: datetime, author: str, reason: str
) -> tuple[int, Policy]:
    """Put a policy in force. One transaction; `BadInput` when a figure is out of its bounds."""
    try:
        checked(policy)
    except InvalidRuleset as refused:
        raise BadInput(refused.code, str(refused)) from None
    connection.execute("lock table offline_policy in share row exclusive mode")
    body = asdict(policy)
    row = connection.execute(
        "insert into offline_policy (sequence, body, created_at, author, reason)"
        " select coalesce(max(sequence), 0) + 1, %s::jsonb, %s, %s, %s from offline_policy"
        " returning sequence",
        [json.dumps(body), now, author, reason],
    ).fetchone()
    assert row is not None
    changes = Changes()
    changes.put("offline_policy", "active", FeedOfflinePolicy.model_validate(body).model_dump())
    changes.flush(connection)
    note_deed(connection, now, author, "policy", f"policy:{row[0]}", reason)
    return int(row[0]), policy


class ActivePolicy:
    """Reads the policy now and then; safe to call from any thread."""

    def __init__(
        self,
        pool: ConnectionPool[Connection],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._policy = Policy()

    def __call__(self) -> Policy:
        """The policy in force, at most `AGE_S` old."""
        with self._lock:
            if self._monotonic() - self._read_at > AGE_S:
                self._policy = snapshot(self._pool, active)
                self._read_at = self._monotonic()
            return self._policy
