"""The centre as the contract's routes see it: every call is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg_pool import ConnectionPool

from central import authorisation, enrolment, feed, ingest, lookup, rules
from central.db.bulk import Connection
from central.db.session import snapshot, transact
from central.errors import DatabaseUnavailable
from central.instants import Clock, system_clock, to_text
from central.leases import LeasePolicy
from sync.contract.feed import FeedPage
from sync.contract.live import (
    AuthorisationReply,
    AuthorisationRequest,
    Heartbeat,
    HeartbeatReply,
    LookupReply,
    LookupRequest,
)
from sync.contract.messages import EnrolReply, EnrolRequest, ProgrammeKey, UploadBatch, UploadReply
from sync.serving.port import Caller, Refused, RegisterKeys, SignedBundle

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
    policy: LeasePolicy = field(default_factory=LeasePolicy)

    def enrol(self, request: EnrolRequest) -> EnrolReply:
        """Exchange a one-time code for an identity."""
        now = self.clock()
        return transact(self.pool, lambda c: enrolment.enrol(c, request, self.programme_keys, now))

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """Keys that may have signed for a register."""
        return transact(self.pool, lambda c: enrolment.keys_of(c, register_id))

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        """Store and apply facts; the reply is made before, and returned after, the commit."""
        now = self.clock()
        return transact(self.pool, lambda c: ingest.ingest(c, caller, batch, now, self.policy))

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """State rows after a cursor."""
        now = self.clock()
        return snapshot(self.pool, lambda c: feed.read_page(c, caller, cursor, limit, now))

    def bundle(self, sequence: int) -> SignedBundle | None:
        """A published bundle."""
        return snapshot(self.pool, lambda c: rules.read_bundle(c, sequence))

    def authorise(self, caller: Caller, request: AuthorisationRequest) -> AuthorisationReply:
        """Hold points for one sale."""
        now = self.clock()
        return transact(self.pool, lambda c: authorisation.authorise(c, caller, request, now))

    def void(self, caller: Caller, auth_id: str) -> AuthorisationReply:
        """Give a hold back."""
        now = self.clock()
        return transact(self.pool, lambda c: authorisation.void(c, caller, auth_id, now))

    def lookup(self, caller: Caller, request: LookupRequest) -> LookupReply:
        """Find a member the register does not know."""
        now = self.clock()
        return transact(self.pool, lambda c: lookup.look_up(c, caller, request, now, self.policy))

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
        row = connection.execute(
            "select head_seq from register_epoch where register_id = %s and epoch = %s",
            [caller.register_id, caller.epoch],
        ).fetchone()
        assert row is not None
        return HeartbeatReply(server_time=to_text(now), head_seq=row[0])

    def is_healthy(self) -> bool:
        """Whether the database answers."""
        try:
            transact(self.pool, lambda c: c.execute("select 1"))
        except DatabaseUnavailable:
            return False
        return True
