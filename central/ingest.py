"""Storing uploaded facts: the inbox keeps every (register, epoch, seq) for ever.

The first of two steps: a batch is judged, stored and acknowledged in one transaction that
touches the register's own rows only. `central.applier` takes it from there to the members. A
fact that this version does not understand, or cannot apply, is stored and marked `quarantined`;
the register's log goes on behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from central.db.bulk import Columns, Connection, Row, insert_rows
from central.facts import NotUnderstood, Understood, understand
from central.feed import incarnation_of
from central.instants import to_text
from sync.contract.chain import GENESIS
from sync.contract.messages import ItemVerdict, UploadBatch, UploadReply
from sync.serving.intake import Head, Judgement, judge
from sync.serving.port import Caller, Refused

log = logging.getLogger("central.ingest")

_KEY: Columns = (("register_id", "text"), ("epoch", "integer"), ("seq", "bigint"))
_FACT: Columns = (
    *(*_KEY, ("kind", "text"), ("prev_hash", "bytea"), ("hash", "bytea")),
    *(("state", "text"), ("detail", "text"), ("received_at", "timestamptz")),
    ("received_on", "date"),
)
_BODY: Columns = (*_KEY, ("received_on", "date"), ("body", "bytea"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """State and detail of a stored fact."""

    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A batch in the inbox: what it added, ready to be applied once the transaction commits."""

    register_id: str
    epoch: int
    judged: Sequence[Judgement]
    outcomes: Mapping[int, Outcome]
    facts: Sequence[Understood]
    head: Head
    incarnation: str
    now: datetime

    @property
    def first_seq(self) -> int | None:
        """The first fact that is new, if any."""
        return min(self.outcomes, default=None)

    def reply(self, later: Mapping[int, Outcome]) -> UploadReply:
        """Verdicts; `later` are outcomes of applying that differ from what was stored."""
        outcomes = {**self.outcomes, **later}
        return UploadReply(
            verdicts=[_verdict(each, outcomes) for each in self.judged],
            head_seq=self.head.seq,
            head_hash=self.head.hash.hex(),
            server_time=to_text(self.now),
            incarnation=self.incarnation,
        )


def store(connection: Connection, caller: Caller, batch: UploadBatch, now: datetime) -> Stored:
    """Judge and store one batch in the caller's open transaction."""
    _check_owner(caller, batch)
    head = _lock_head(connection, caller, batch, now)
    incarnation = incarnation_of(connection)
    stored = _stored_hashes(connection, batch)
    judged, new_head = judge(batch.register_id, batch.epoch, head, stored, batch.facts)
    accepted = [each for each in judged if each.verdict == "accepted"]
    with connection.pipeline():
        _insert_bodies(connection, batch, accepted, now)
        # The database writes the bodies, most of the bytes, while they are read here.
        facts, outcomes = _understand(caller, batch.epoch, accepted)
        _insert(connection, batch, judged, outcomes, now)
        _report(connection, batch.register_id, judged, now)
        if accepted:
            _move_head(connection, batch, new_head)
    return Stored(
        batch.register_id, batch.epoch, judged, outcomes, facts, new_head, incarnation, now
    )


def _verdict(judgement: Judgement, outcomes: Mapping[int, Outcome]) -> ItemVerdict:
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


def _lock_head(connection: Connection, caller: Caller, batch: UploadBatch, now: datetime) -> Head:
    """The chain's head, locked. An older epoch that this database has never heard of was
    enrolled before a restore took it away: its log is taken in under the present key."""
    query = (
        "select head_seq, head_hash from register_epoch"
        " where register_id = %s and epoch = %s for update"
    )
    key = [batch.register_id, batch.epoch]
    row = connection.execute(query, key).fetchone()
    if row is None and batch.epoch < caller.epoch:
        connection.execute(
            "insert into register_epoch (register_id, epoch, public_key, machine, enrolled_at,"
            " head_hash) values (%s, %s, '', 'lost', %s, %s) on conflict do nothing",
            [*key, now, GENESIS],
        )
        connection.execute(
            "insert into applied (register_id, epoch, seq) values (%s, %s, 0)"
            " on conflict do nothing",
            key,
        )
        row = connection.execute(query, key).fetchone()
    if row is None:
        raise Refused(403, "not_yours", f"register {key[0]} has no epoch {batch.epoch}")
    return Head(row[0], bytes(row[1]))


def _stored_hashes(connection: Connection, batch: UploadBatch) -> dict[int, bytes]:
    query = "select seq, hash from fact where register_id = %s and epoch = %s and seq = any(%s)"
    seqs = [fact.seq for fact in batch.facts]
    rows = connection.execute(query, [batch.register_id, batch.epoch, seqs])
    return {seq: bytes(digest) for seq, digest in rows}


def _understand(
    caller: Caller, epoch: int, accepted: Sequence[Judgement]
) -> tuple[list[Understood], dict[int, Outcome]]:
    facts: list[Understood] = []
    outcomes: dict[int, Outcome] = {}
    register_id, store_id = caller.register_id, caller.store_id
    for each in accepted:
        fact = each.fact
        try:
            facts.append(understand(register_id, store_id, epoch, fact.seq, fact.kind, each.body))
            outcomes[fact.seq] = Outcome("applied")
        except NotUnderstood as error:
            outcomes[fact.seq] = Outcome("quarantined", str(error))
    return facts, outcomes


def _insert_bodies(
    connection: Connection, batch: UploadBatch, accepted: Sequence[Judgement], now: datetime
) -> None:
    today = now.astimezone(UTC).date()
    key = (batch.register_id, batch.epoch)
    rows: list[Row] = [(*key, each.fact.seq, today, each.body) for each in accepted]
    insert_rows(connection, "fact_body", _BODY, rows)


def _insert(
    connection: Connection,
    batch: UploadBatch,
    judged: Sequence[Judgement],
    outcomes: Mapping[int, Outcome],
    now: datetime,
) -> None:
    facts: list[Row] = []
    forks: list[Row] = []
    today = now.astimezone(UTC).date()
    for each in judged:
        fact = each.fact
        key = (batch.register_id, batch.epoch, fact.seq)
        links = (bytes.fromhex(fact.prev_hash), bytes.fromhex(fact.hash))
        if each.verdict == "accepted":
            outcome = outcomes[fact.seq]
            state = (outcome.state, outcome.detail, now, today)
            facts.append((*key, fact.kind, *links, *state))
        elif each.verdict == "fork":
            forks.append((*key, fact.kind, each.body, *links, now))
    insert_rows(connection, "fact", _FACT, facts)
    if forks:
        log.error("register %s epoch %s forks", batch.register_id, batch.epoch)
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into fork (register_id, epoch, seq, kind, body, prev_hash, hash,"
                " received_at) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
                forks,
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


def _move_head(connection: Connection, batch: UploadBatch, head: Head) -> None:
    connection.execute(
        "update register_epoch set head_seq = %s, head_hash = %s"
        " where register_id = %s and epoch = %s",
        [head.seq, head.hash, batch.register_id, batch.epoch],
    )
