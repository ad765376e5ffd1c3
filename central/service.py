"""The centre as the contract's routes see it: every call is one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from psycopg_pool import ConnectionPool

from central import (
    applier,
    authorisation,
    checksums,
    counters,
    enrolment,
    feed,
    goods_back,
    heads,
    holds,
    ingest,
    lives,
    lookup,
    members_at_till,
    rules,
    rules_stop,
)
from central.code_sender import Codes
from central.counter_asks import CounterAsks
from central.db.bulk import Connection
from central.db.session import snapshot, transact
from central.errors import DatabaseUnavailable
from central.feed_hub import own_page, with_heads
from central.hub_succession import after_report
from central.instants import Clock, system_clock, to_text
from central.keys import SigningKey
from central.recalls import Recalls
from central.snapshots import Snapshots
from loyalty.authorisation.policy import Policy
from sync.contract.counters import CounterReply, CounterRequest
from sync.contract.feed import BucketSums, FeedBucket, FeedPage, SnapshotInfo
from sync.contract.joining import CardReply, CardRequest, JoinReply, JoinRequest
from sync.contract.live import (
    AuthorisationReply,
    AuthorisationRequest,
    Heartbeat,
    HeartbeatReply,
    LookupReply,
    LookupRequest,
    OneTimeCodeReply,
    OneTimeCodeRequest,
    RightsReply,
    RightsReport,
    SoldReply,
    SoldRequest,
)
from sync.contract.messages import EnrolReply, EnrolRequest, ProgrammeKey, UploadBatch, UploadReply
from sync.contract.rights import HeadReply, HeadRequest
from sync.serving.port import Caller, Refused, RegisterKeys, SignedBundle

log = logging.getLogger("central.service")
_HEARTBEAT = """
insert into register_report (register_id, last_seen_at, heartbeat_at, heartbeat)
values (%(id)s, %(now)s, %(now)s, %(report)s::jsonb)
on conflict (register_id) do update set last_seen_at = excluded.last_seen_at,
    heartbeat_at = excluded.heartbeat_at, heartbeat = excluded.heartbeat
"""


@dataclass(frozen=True, slots=True)
class CentreService:
    """Implements `sync.serving.port.Server` on PostgreSQL."""

    pool: ConnectionPool[Connection]
    programme_keys: Sequence[ProgrammeKey]
    clock: Clock = system_clock
    policy: Callable[[], Policy] = Policy
    snapshots: Snapshots | None = None
    recalls: Recalls | None = None
    codes: Codes = field(default_factory=lambda: Codes(None))
    counter_asks: CounterAsks | None = None
    term_key: SigningKey | None = field(default=None, repr=False)

    def enrol(self, request: EnrolRequest) -> EnrolReply:
        """Exchange a one-time code for an identity."""
        now = self.clock()
        return transact(self.pool, lambda c: enrolment.enrol(c, request, self.programme_keys, now))

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """Keys that may have signed for a register."""
        return transact(self.pool, lambda c: enrolment.keys_of(c, register_id))

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        """Store facts, then apply them. The store's commit is what is acknowledged: facts that
        cannot be applied now are applied by the housekeeper."""
        now, policy = self.clock(), self.policy()
        stored = transact(self.pool, lambda c: ingest.store(c, caller, batch, now))
        outcomes: dict[int, ingest.Outcome] = {}
        try:
            seq = 0
            while stored.first_seq is not None and seq < stored.head.seq:
                work = partial(applier.apply_stored, stored=stored, now=now, policy=policy)
                progress = transact(self.pool, work)
                outcomes |= progress.outcomes
                seq = progress.seq
        except DatabaseUnavailable as error:
            log.warning("facts of %s are applied later: %s", caller.register_id, error)
        is_whole = all(each.verdict in ("accepted", "duplicate") for each in stored.judged)
        if batch.settled_number and batch.facts and is_whole:
            last = max(fact.seq for fact in batch.facts)
            self._note_settled(batch.register_id, batch.epoch, batch.settled_number, last)
        return stored.reply(outcomes)

    def _note_settled(self, register_id: str, epoch: int, number: int, seq: int) -> None:
        work = partial(
            holds.note_settled, register_id=register_id, epoch=epoch, number=number, seq=seq
        )
        transact(self.pool, work)

    def feed(self, caller: Caller, cursor: str, limit: int, heads: int | None = None) -> FeedPage:
        """State rows after a cursor; for a hub with the heads of its store."""
        now = self.clock()

        def read(connection: Connection) -> FeedPage:
            page = feed.read_page(connection, caller, cursor, limit, now)
            return page if heads is None else with_heads(connection, caller, page, heads)

        return snapshot(self.pool, read)

    def own_feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """The rows that a register behind a hub reads for itself."""
        now = self.clock()
        return snapshot(self.pool, lambda c: own_page(c, caller, cursor, limit, now))

    def bundle(self, sequence: int) -> SignedBundle | None:
        """A published bundle."""
        return snapshot(self.pool, lambda c: rules.read_bundle(c, sequence))

    def authorise(self, caller: Caller, request: AuthorisationRequest) -> AuthorisationReply:
        """Hold points for one sale."""
        now = self.clock()
        reply = transact(self.pool, lambda c: authorisation.authorise(c, caller, request, now))
        return self.recalls.improve(caller, request, reply, now) if self.recalls else reply

    def void(self, caller: Caller, auth_id: str) -> AuthorisationReply:
        """Give a hold back."""
        now = self.clock()
        return transact(self.pool, lambda c: authorisation.void(c, caller, auth_id, now))

    def lookup(self, caller: Caller, request: LookupRequest) -> LookupReply:
        """Find a member the register does not know."""
        now, policy = self.clock(), self.policy()
        return transact(self.pool, lambda c: lookup.look_up(c, caller, request, now, policy))

    def join(self, caller: Caller, request: JoinRequest) -> JoinReply:
        """Make a buyer a member, or find the one they are."""
        now, policy = self.clock(), self.policy()
        return transact(self.pool, lambda c: members_at_till.join(c, caller, request, now, policy))

    def give_card(self, caller: Caller, request: CardRequest) -> CardReply:
        """Give a member another card in place of the earlier ones."""
        now, policy = self.clock(), self.policy()
        give = members_at_till.give_card
        return transact(self.pool, lambda c: give(c, caller, request, now, policy))

    def sold(self, request: SoldRequest) -> SoldReply:
        """A sale of any register, with what came back of it."""
        now = self.clock()
        return snapshot(self.pool, lambda c: goods_back.tell_sold(c, request, now))

    def heartbeat(self, caller: Caller, report: Heartbeat) -> HeartbeatReply:
        """Note what a register says of itself."""
        if report.epoch != caller.epoch:
            raise Refused(403, "not_yours", f"this key does not write epoch {report.epoch}")
        return transact(self.pool, lambda c: self._heartbeat(c, caller, report))

    def _heartbeat(
        self, connection: Connection, caller: Caller, report: Heartbeat
    ) -> HeartbeatReply:
        now = self.clock()
        body = report.model_dump_json().replace("\\u0000", "")
        parameters = {"id": caller.register_id, "now": now, "report": body}
        connection.execute(_HEARTBEAT, parameters)
        holds.note_settled(
            connection, caller.register_id, report.epoch, report.settled_number, report.last_seq
        )
        row = connection.execute(
            "select head_seq from register_epoch where register_id = %s and epoch = %s",
            [caller.register_id, caller.epoch],
        ).fetchone()
        assert row is not None
        if self.term_key is not None:
            after_report(connection, caller, report, self.term_key, now)
        kill_list = rules_stop.newer_than(connection, report.kill_list_downloaded)
        return HeartbeatReply(
            server_time=to_text(now),
            head_seq=row[0],
            incarnation=feed.incarnation_of(connection),
            kill_list=kill_list,
        )

    def server_time(self) -> str:
        """This process's clock."""
        return to_text(self.clock())

    def snapshot(self, caller: Caller, format_number: int) -> SnapshotInfo:
        """The store's newest file; without a folder for files registers start from nothing."""
        if self.snapshots is None:
            raise Refused(404, "no_such_format", f"no snapshot {format_number} is made here")
        return self.snapshots.newest(caller, format_number)

    def snapshot_file(self, caller: Caller, snapshot_id: str) -> Path:
        """A file handed out before."""
        if self.snapshots is None:
            raise Refused(404, "no_such_snapshot", f"there is no file {snapshot_id}")
        return self.snapshots.file(caller, snapshot_id)

    def bucket_sums(self, caller: Caller, cursor: str, kinds: Sequence[str]) -> BucketSums:
        """Checksums of what a register should hold."""
        now = self.clock()
        return snapshot(self.pool, lambda c: checksums.bucket_sums(c, caller, cursor, kinds, now))

    def bucket(self, caller: Caller, number: int, buckets: int, kinds: Sequence[str]) -> FeedBucket:
        """Every live row of one bucket."""
        now = self.clock()
        return snapshot(
            self.pool, lambda c: checksums.read_bucket(c, caller, number, buckets, kinds, now)
        )

    def report_rights(self, caller: Caller, report: RightsReport) -> RightsReply:
        """Debit again the rights that a restore has forgotten; a portion is a transaction."""
        now = self.clock()
        restored = 0
        if transact(self.pool, lambda c: lives.check_report(c, caller, report)):
            for part in lives.portions(report.leases):
                work = partial(lives.take_report, caller=caller, held=part, now=now)
                restored += transact(self.pool, work)
            restored += transact(
                self.pool, lambda c: lives.take_holds(c, caller, report.holds, now)
            )
            restored += transact(
                self.pool,
                lambda c: counters.take_held(c, caller.register_id, report.epoch, report.counters),
            )
            transact(self.pool, lambda c: lives.finish_report(c, caller.register_id, now))
        return RightsReply(
            incarnation=report.incarnation, restored=restored, server_time=to_text(now)
        )

    def confirm_head(self, caller: Caller, request: HeadRequest) -> HeadReply:
        """Whether a register's log is the newest that is known of it."""
        now = self.clock()
        return transact(self.pool, lambda c: heads.confirm(c, caller, request, now))

    def send_code(self, caller: Caller, request: OneTimeCodeRequest) -> OneTimeCodeReply:
        """Bring a one-time code to the member; no transaction waits for the sender."""
        phone = transact(self.pool, lambda c: self.codes.phone_of(c, request.member_id))
        state = self.codes.send(caller.register_id, phone, request)
        return OneTimeCodeReply(state=state, server_time=to_text(self.clock()))

    def lend_counters(self, caller: Caller, request: CounterRequest) -> CounterReply:
        """Lend what a sale is short of; no transaction waits for other registers."""
        asks = self.counter_asks or CounterAsks(self.pool, self.clock, self.policy)
        return asks.answer(caller, request)

    def is_healthy(self) -> bool:
        """Whether the database answers."""
        try:
            transact(self.pool, lambda c: c.execute("select 1"))
        except DatabaseUnavailable:
            return False
        return True
