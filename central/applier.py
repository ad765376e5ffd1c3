"""From the inbox to the members: the second step of an upload, in transactions of its own.

A register's log is applied in order behind a mark (`applied`) whose row lock lets one applier at
a time work on it; members are locked in member_id order, so appliers of several registers and
several processes never deadlock. What the upload's own process does not manage, the housekeeper
of any process does later: what is acknowledged is stored, and is applied exactly once.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from central.apply import apply_facts
from central.changes import Changes, register_scope
from central.db.bulk import Connection
from central.facts import NotUnderstood, Understood, understand
from central.ingest import Outcome, Stored
from loyalty.authorisation.policy import Policy
from loyalty.errors import LoyaltyError
from sync.contract.feed import FeedHead

log = logging.getLogger("central.applier")
AT_ONCE = 500
_FACT_FAULTS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    LoyaltyError,
    LookupError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a log has been applied, and what did not go as planned."""

    seq: int
    outcomes: Mapping[int, Outcome]


@dataclass(frozen=True, slots=True)
class _Portion:
    """Facts to apply next, and the number behind which the mark will stand."""

    facts: Sequence[Understood]
    last_seq: int


def behind(connection: Connection, limit: int = 100) -> list[tuple[str, int]]:
    """Logs with facts that are stored and not yet applied."""
    return [
        (row[0], row[1])
        for row in connection.execute(
            "select a.register_id, a.epoch from applied a join register_epoch e"
            " on e.register_id = a.register_id and e.epoch = a.epoch"
            " where e.head_seq > a.seq order by a.register_id, a.epoch limit %s",
            [limit],
        )
    ]


def apply_stored(connection: Connection, stored: Stored, now: datetime, policy: Policy) -> Progress:
    """Apply a batch just stored; waits for another applier of the same log."""
    mark = _lock_mark(connection, stored.register_id, stored.epoch, wait=True)
    assert mark is not None
    if stored.first_seq is None or mark >= stored.head.seq:
        return Progress(mark, _read_outcomes(connection, stored))
    if mark == stored.first_seq - 1:
        portion = _Portion(stored.facts, stored.head.seq)
    else:
        portion = _read(connection, stored.register_id, stored.epoch, mark)
    return _apply(connection, stored.register_id, stored.epoch, portion, now, policy)


def apply_next(
    connection: Connection,
    register_id: str,
    epoch: int,
    now: datetime,
    policy: Policy,
    most: int = AT_ONCE,
) -> int:
    """Apply the next facts of a log, `most` of them, unless another applier is at it; returns how
    many."""
    mark = _lock_mark(connection, register_id, epoch, wait=False)
    if mark is None:
        return 0
    portion = _read(connection, register_id, epoch, mark, most)
    if portion.last_seq == mark:
        return 0
    return _apply(connection, register_id, epoch, portion, now, policy).seq - mark


def _lock_mark(connection: Connection, register_id: str, epoch: int, *, wait: bool) -> int | None:
    row = connection.execute(
        "select seq from applied where register_id = %s and epoch = %s for update"
        + ("" if wait else " skip locked"),
        [register_id, epoch],
    ).fetchone()
    return None if row is None else int(row[0])


def _read(
    connection: Connection, register_id: str, epoch: int, mark: int, most: int = AT_ONCE
) -> _Portion:
    rows = connection.execute(
        "select i.seq, i.kind, i.body, i.state, r.store_id from inbox i"
        " join register r on r.register_id = i.register_id"
        " where i.register_id = %s and i.epoch = %s and i.seq > %s order by i.seq limit %s",
        [register_id, epoch, mark, most],
    ).fetchall()
    facts = []
    for seq, kind, body, state, store_id in rows:
        if state != "quarantined":
            try:
                facts.append(understand(register_id, store_id, epoch, seq, kind, bytes(body)))
            except NotUnderstood:
                # Stored by a version that knew more; it stays until that one is back.
                _mark(connection, register_id, epoch, {seq: Outcome("quarantined", "unknown")})
    return _Portion(facts, rows[-1][0] if rows else mark)


def _read_outcomes(connection: Connection, stored: Stored) -> dict[int, Outcome]:
    """Another applier was faster: what it came to."""
    rows = connection.execute(
        "select seq, state, detail from fact where register_id = %s and epoch = %s"
        " and seq = any(%s) and state <> 'applied'",
        [stored.register_id, stored.epoch, list(stored.outcomes)],
    )
    return {seq: Outcome(state, detail) for seq, state, detail in rows}


def _apply(
    connection: Connection,
    register_id: str,
    epoch: int,
    portion: _Portion,
    now: datetime,
    policy: Policy,
) -> Progress:
    changes = Changes()
    outcomes = _apply_or_isolate(connection, portion.facts, now, changes, policy)
    _mark(connection, register_id, epoch, outcomes)
    # The head is the last fact that is in the balances: of the life before, until the present
    # one has a fact.
    row = connection.execute(
        "update applied set seq = %s where register_id = %s and epoch = %s"
        " returning not exists (select 1 from applied newer"
        " where newer.register_id = applied.register_id"
        " and newer.epoch > applied.epoch and newer.seq > 0)",
        [portion.last_seq, register_id, epoch],
    ).fetchone()
    if row is not None and row[0]:
        head = FeedHead(epoch=epoch, seq=portion.last_seq)
        changes.put("head", register_id, head.model_dump(), scope=register_scope(register_id))
    changes.flush(connection)
    return Progress(portion.last_seq, outcomes)


def _apply_or_isolate(
    connection: Connection,
    facts: Sequence[Understood],
    now: datetime,
    changes: Changes,
    policy: Policy,
) -> dict[int, Outcome]:
    """All at once; when that fails, one by one, so that a single fact cannot stop a register's
    log for ever. Returns what did not go as planned, by seq."""
    try:
        return _attempt(connection, facts, now, changes, policy)
    except _FACT_FAULTS as error:
        log.error("a batch could not be applied whole: %s", _fault_text(error))
    outcomes: dict[int, Outcome] = {}
    for fact in facts:
        try:
            outcomes |= _attempt(connection, [fact], now, changes, policy)
        except _FACT_FAULTS as error:
            log.error("fact %s is quarantined: %s", fact.cause_key, _fault_text(error))
            outcomes[fact.seq] = Outcome("quarantined", "apply_failed")
    return outcomes


def _fault_text(error: Exception) -> str:
    """Kind and place of a fault; messages of the database may quote rows and are left out."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    code = error.sqlstate if isinstance(error, psycopg.Error) else getattr(error, "code", "")
    return f"{kind} {code} at {place.name}:{place.lineno}"


def _attempt(
    connection: Connection,
    facts: Sequence[Understood],
    now: datetime,
    changes: Changes,
    policy: Policy,
) -> dict[int, Outcome]:
    if not facts:
        return {}
    attempt = changes.part()
    with connection.transaction():
        parked = apply_facts(connection, facts, now, attempt, policy)
    changes.take_over(attempt)
    own = (facts[0].register_id, facts[0].epoch)
    return {seq: Outcome("parked") for register, epoch, seq in parked if (register, epoch) == own}


def _mark(
    connection: Connection, register_id: str, epoch: int, outcomes: Mapping[int, Outcome]
) -> None:
    """Write down what could not be applied."""
    rows = [(seq, each.state, each.detail) for seq, each in outcomes.items()]
    if rows:
        seqs, states, details = (list(column) for column in zip(*rows, strict=True))
        connection.execute(
            "update fact set state = now.state, detail = now.detail"
            " from unnest(%s::bigint[], %s::text[], %s::text[]) as now (seq, state, detail)"
            " where register_id = %s and epoch = %s and fact.seq = now.seq",
            [seqs, states, details, register_id, epoch],
        )
