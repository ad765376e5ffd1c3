"""Stopping a promotion at once: the signed kill-list and its feed row.

A list names all promotions that are stopped. `stop` adds one and is in force at once. Only
`release`, which goes with a new bundle, takes one off: registers keep it stopped until they run
that bundle.
"""

from __future__ import annotations

import base64
import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from central.changes import Changes
from central.db.bulk import Connection
from central.errors import BadInput
from central.instants import to_text
from central.keys import SigningKey
from sync.contract.bundle import parse_bundle
from sync.contract.feed import FeedKillList
from sync.contract.kill_list import StoppedPromotion, parse_kill_list, seal_kill_list
from sync.contract.signing import sign_kill_list

PUBLISH_LOCK = 5_260_871_002
_BUNDLES_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class KillListState:
    """The list in force: sequence 0 when none was ever issued."""

    sequence: int = 0
    bundle_sequence: int = 0
    stopped: tuple[StoppedPromotion, ...] = ()

    @property
    def promotion_ids(self) -> frozenset[str]:
        """Ids of all that is stopped."""
        return frozenset(each.promotion_id for each in self.stopped)


def lock_publishing(connection: Connection) -> None:
    """Bundles and kill-lists are numbered one at a time, until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(%s)", [PUBLISH_LOCK])


def in_force(connection: Connection) -> KillListState:
    """The newest list."""
    row = connection.execute(
        "select sequence, bundle_sequence, content from kill_list order by sequence desc limit 1"
    ).fetchone()
    if row is None:
        return KillListState()
    return KillListState(row[0], row[1], tuple(parse_kill_list(bytes(row[2])).stopped))


def newer_than(connection: Connection, sequence: int) -> FeedKillList | None:
    """The newest list, for a register that has an older one or none."""
    row = connection.execute(
        "select sequence, bundle_sequence, content, signature, key_id from kill_list"
        " where sequence > %s order by sequence desc limit 1",
        [sequence],
    ).fetchone()
    return _feed_row(row[0], row[1], bytes(row[2]), bytes(row[3]), row[4]) if row else None


def stop(
    connection: Connection,
    promotion_id: str,
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> KillListState:
    """Stop a promotion on every register; one that is stopped already stays as it is.

    Raises `BadInput` for a promotion that was never published, or a reason that is empty."""
    lock_publishing(connection)
    known = in_force(connection)
    if promotion_id in known.promotion_ids:
        return known
    _check_published(connection, promotion_id)
    try:
        entry = StoppedPromotion(promotion_id=promotion_id, reason=reason, at=to_text(now))
    except ValidationError:
        raise BadInput("bad_reason", "the reason is one line of 1 to 200 characters") from None
    stopped = (*known.stopped, entry)
    state = KillListState(known.sequence + 1, known.bundle_sequence, stopped)
    _issue(connection, state, key, author=author, reason=reason, now=now)
    return state


def release(
    connection: Connection,
    promotion_ids: Collection[str],
    bundle_sequence: int,
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> KillListState:
    """Let promotions act again with a bundle; the caller holds the publishing lock."""
    known = in_force(connection)
    stopped = tuple(each for each in known.stopped if each.promotion_id not in promotion_ids)
    state = KillListState(known.sequence + 1, bundle_sequence, stopped)
    _issue(connection, state, key, author=author, reason=reason, now=now)
    return state


def history(connection: Connection) -> list[dict[str, Any]]:
    """Issued lists, newest first."""
    rows = connection.execute(
        "select sequence, created_at, author, reason, content from kill_list"
        " order by sequence desc limit 100"
    )
    return [
        {
            "sequence": sequence,
            "created_at": to_text(created_at),
            "author": author,
            "reason": reason,
            "stopped": [each.promotion_id for each in parse_kill_list(bytes(content)).stopped],
        }
        for sequence, created_at, author, reason, content in rows
    ]


def _issue(
    connection: Connection,
    state: KillListState,
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> None:
    content = seal_kill_list(state.stopped, state.sequence, to_text(now))
    signature = sign_kill_list(key.private_key, content)
    connection.execute(
        "insert into kill_list (sequence, content, signature, key_id, bundle_sequence, created_at,"
        " author, reason) values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(state.sequence, content, signature, key.key_id, state.bundle_sequence),
            *(now, author, reason),
        ],
    )
    changes = Changes()
    row = _feed_row(state.sequence, state.bundle_sequence, content, signature, key.key_id)
    changes.put("kill_list", "active", row.model_dump())
    changes.flush(connection)


def _feed_row(
    sequence: int, bundle_sequence: int, content: bytes, signature: bytes, key_id: str
) -> FeedKillList:
    return FeedKillList(
        sequence=sequence,
        bundle_sequence=bundle_sequence,
        content=content.decode(),
        signature=base64.b64encode(signature).decode(),
        key_id=key_id,
    )


def _check_published(connection: Connection, promotion_id: str) -> None:
    names: set[str] = set()
    rows: Sequence[tuple[Any, ...]] = connection.execute(
        "select content from bundle order by sequence desc limit %s", [_BUNDLES_LOOKED_AT]
    ).fetchall()
    for (content,) in rows:
        names.update(each.promotion_id for each in parse_bundle(bytes(content)).promotions)
        if promotion_id in names:
            return
    near = difflib.get_close_matches(promotion_id, sorted(names), n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    message = f"no promotion {promotion_id!r} in the last {_BUNDLES_LOOKED_AT} bundles{hint}"
    raise BadInput("unknown_promotion", message)
