"""Storing uploaded facts: the inbox keeps every (register, epoch, seq) for ever.

The reply leaves after the commit. A fact that this version does not understand, or cannot apply,
is stored and marked `quarantined`; the register's log goes on behind it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from central.apply import apply_facts
from central.changes import Changes, register_scope
from central.db.bulk import Columns, Connection, Row, insert_rows
from central.facts import NotUnderstood, Understood, understand
from central.instants import to_text
from central.leases import LeasePolicy
from loyalty.errors import LoyaltyError
from sync.contract.feed import FeedHead
from sync.contract.messages import ItemVerdict, UploadBatch, UploadReply
from sync.serving.intake import Head, Judgement, judge
from sync.serving.port import Caller, Refused

log = logging.getLogger("central.ingest")
_FACT_FAULTS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    LoyaltyError,
    LookupError,
    ValueError,
)

_FORK: Columns = (
    *(("register_id", "text"), ("epoch", "integer"), ("seq", "bigint"), ("kind", "text")),
    *(("body", "bytea"), ("prev_hash", "bytea"), ("hash", "bytea")),
)
_INBOX: Columns = (
    *(*_FORK, ("state", "text"), ("detail", "text"), ("received_at", "timestamptz")),
)


@dataclass(slots=True)
class _Outcome:
    """State and detail of a stored fact."""

    state: str
    detail: str = ""


def ingest(
    connection: Connection, caller: Caller, batch: UploadBatch, now: datetime, policy: LeasePolicy
) -> UploadReply:
    """Judge, store and apply one batch in the caller's open transaction."""
    _check_owner(caller, batch)
    head = _lock_head(connection, batch.register_id, batch.epoch)
    stored = _stored_hashes(connection, batch)
    judged, new_head = judge(batch.register_id, batch.epoch, head, stored, batch.facts)
    accepted = [each for each in judged if each.verdict == "accepted"]
    changes = Changes()
    facts, outcomes = _understand(caller, batch.epoch, accepted)
    _store(connection, batch, judged, outcomes, now)
    outcomes |= _apply_or_isolate(connection, facts, now, changes, policy)
    _mark(connection, batch, outcomes)
    _report(connection, batch.register_id, judged, now)
    if accepted:
        _move_head(connection, caller, batch, new_head, changes)
    changes.flush(connection)
    return UploadReply(
        verdicts=[_verdict(each, outcomes) for each in judged],
        head_seq=new_head.seq,
        head_hash=new_head.hash.hex(),
        server_time=to_text(now),
    )


def _verdict(judgement: Judgement, outcomes: dict[int, _Outcome]) -> ItemVerdict:
    seq, verdict, detail = judgement.fact.seq, judgement.verdict, judgement.detail
    if verdict == "accepted" and (outcome := outcomes[seq]).state == "quarantined":
        verdict, detail = "quarantined", outcome.detail
    return ItemVerdict(seq=seq, verdict=verdict, detail=detail)


def _check_owner(caller: Caller, batch: UploadBatch) -> None:
    if batch.register_id != caller.register_id:
        raise Refused(403, "not_yours", "a register uploads its own facts only")
    too_new = batch.epoch > caller.epoch
    if too_new or (batch.epoch != caller.epoch and not caller.is_current):
        raise Refused(403, "not_yours", f"this key does not write epoch {batch.epoch}")
    if any("\x00" in fact.kind for fact in batch.facts):
        raise Refused(422, "bad_message", "facts: a kind holds a zero character")


def _lock_head(connection: Connection, register_id: str, epoch: int) -> Head:
    row = connection.execute(
        "select head_seq, head_hash from register_epoch"
        " where register_id = %s and epoch = %s for update",
        [register_id, epoch],
    ).fetchone()
    if row is None:
        raise Refused(403, "not_yours", f"register {register_id} has no epoch {epoch}")
    return Head(row[0], bytes(row[1]))


def _stored_hashes(connection: Connection, batch: UploadBatch) -> dict[int, bytes]:
    query = "select seq, hash from inbox where register_id = %s and epoch = %s and seq = any(%s)"
    seqs = [fact.seq for fact in batch.facts]
    rows = connection.execute(query, [batch.register_id, batch.epoch, seqs])
    return {seq: bytes(digest) for seq, digest in rows}


# --- applying ---------------------------------------------------------------------------------


def _understand(
    caller: Caller, epoch: int, accepted: Sequence[Judgement]
) -> tuple[list[Understood], dict[int, _Outcome]]:
    facts: list[Understood] = []
    outcomes: dict[int, _Outcome] = {}
    register_id, store_id = caller.register_id, caller.store_id
    for each in accepted:
        fact = each.fact
        try:
            facts.append(understand(register_id, store_id, epoch, fact.seq, fact.kind, each.body))
            outcomes[fact.seq] = _Outcome("applied")
        except NotUnderstood as error:
            outcomes[fact.seq] = _Outcome("quarantined", str(error))
    return facts, outcomes


def _apply_or_isolate(
    connection: Connection,
    facts: Sequence[Understood],
    now: datetime,
    changes: Changes,
    policy: LeasePolicy,
) -> dict[int, _Outcome]:
    """All at once; when that fails, one by one, so that a single fact cannot stop a register's
    log for ever. Returns what did not go as planned, by seq."""
    try:
        return _attempt(connection, facts, now, changes, policy)
    except _FACT_FAULTS as error:
        log.error("a batch could not be applied whole: %s", _fault_text(error))
    outcomes: dict[int, _Outcome] = {}
    for fact in facts:
        try:
            outcomes |= _attempt(connection, [fact], now, changes, policy)
        except _FACT_FAULTS as error:
            log.error("fact %s is quarantined: %s", fact.cause_key, _fault_text(error))
            outcomes[fact.seq] = _Outcome("quarantined", "apply_failed")
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
    policy: LeasePolicy,
) -> dict[int, _Outcome]:
    if not facts:
        return {}
    attempt = Changes()
    with connection.transaction():
        parked = apply_facts(connection, facts, now, attempt, policy)
    changes.take_over(attempt)
    own = (facts[0].register_id, facts[0].epoch)
    return {seq: _Outcome("parked") for register, epoch, seq in parked if (register, epoch) == own}


# --- storing ----------------------------------------------------------------------------------


def _store(
    connection: Connection,
    batch: UploadBatch,
    judged: Sequence[Judgement],
    outcomes: dict[int, _Outcome],
    now: datetime,
) -> None:
    inbox: list[Row] = []
    forks: list[Row] = []
    for each in judged:
        fact = each.fact
        content = (fact.kind, each.body, bytes.fromhex(fact.prev_hash), bytes.fromhex(fact.hash))
        row = (batch.register_id, batch.epoch, fact.seq, *content)
        if each.verdict == "accepted":
            outcome = outcomes[fact.seq]
            inbox.append((*row, outcome.state, outcome.detail, now))
        elif each.verdict == "fork":
            forks.append((*row, now))
    insert_rows(connection, "inbox", _INBOX, inbox)
    if forks:
        log.error("register %s epoch %s forks", batch.register_id, batch.epoch)
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into fork (register_id, epoch, seq, kind, body, prev_hash, hash,"
                " received_at) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
                forks,
            )


def _mark(connection: Connection, batch: UploadBatch, outcomes: dict[int, _Outcome]) -> None:
    """Write down what could not be applied."""
    rows = [(seq, each.state, each.detail) for seq, each in outcomes.items() if each.detail]
    rows += [(seq, each.state, "") for seq, each in outcomes.items() if each.state == "parked"]
    if rows:
        seqs, states, details = (list(column) for column in zip(*rows, strict=True))
        connection.execute(
            "update inbox set state = now.state, detail = now.detail"
            " from unnest(%s::bigint[], %s::text[], %s::text[]) as now (seq, state, detail)"
            " where register_id = %s and epoch = %s and inbox.seq = now.seq",
            [seqs, states, details, batch.register_id, batch.epoch],
        )


def _report(
    connection: Connection, register_id: str, judged: Sequence[Judgement], now: datetime
) -> None:
    gap = next((each for each in judged if each.verdict == "gap"), None)
    text = f"seq {gap.fact.seq}: {gap.detail}" if gap else ""
    connection.execute(
        "insert into register_report (register_id, last_seen_at, gaps, last_gap)"
        " values (%(id)s, %(now)s, %(gaps)s, %(text)s)"
        " on conflict (register_id) do update set last_seen_at = excluded.last_seen_at,"
        " gaps = register_report.gaps + excluded.gaps,"
        " last_gap = case when excluded.gaps > 0 then excluded.last_gap"
        " else register_report.last_gap end",
        {"id": register_id, "now": now, "gaps": 1 if gap else 0, "text": text},
    )


def _move_head(
    connection: Connection, caller: Caller, batch: UploadBatch, head: Head, changes: Changes
) -> None:
    connection.execute(
        "update register_epoch set head_seq = %s, head_hash = %s"
        " where register_id = %s and epoch = %s",
        [head.seq, head.hash, batch.register_id, batch.epoch],
    )
    if caller.is_current and batch.epoch == caller.epoch:
        row = FeedHead(epoch=batch.epoch, seq=head.seq)
        scope = register_scope(batch.register_id)
        changes.put("head", batch.register_id, row.model_dump(), scope=scope)
