"""A centre in memory behind the served contract."""

# ruff: noqa: ARG002 - the port's signatures are fixed
from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync.contract.buckets import pack_bits, pack_sums, row_digest, row_id
from sync.contract.chain import GENESIS
from sync.contract.feed import BucketSums, FeedBucket, FeedPage, FeedRow, SnapshotInfo
from sync.contract.live import (
    AuthorisationReply,
    AuthorisationRequest,
    Heartbeat,
    HeartbeatReply,
    LookupReply,
    LookupRequest,
    RightsReply,
    RightsReport,
    SoldReply,
    SoldRequest,
    SoldSale,
)
from sync.contract.messages import (
    EnrolReply,
    EnrolRequest,
    Fact,
    ItemVerdict,
    ProgrammeKey,
    UploadBatch,
    UploadReply,
    WireSale,
)
from sync.contract.rights import HeadReply, HeadRequest
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_bundle
from sync.serving.intake import Head, judge, judge_head
from sync.serving.port import Caller, Refused, RegisterKeys, SignedBundle


class MemoryCentre:
    """What a centre keeps, in dictionaries; implements `sync.serving.port.Server`."""

    def __init__(self) -> None:
        self.incarnation = "first"
        self.programme_key = new_private_key()
        self.phone_key = bytes(range(32))
        self.register_key = b""
        self.codes = {"ENROL-ME-1"}
        self.is_revoked = False
        self.facts: dict[int, Fact] = {}
        self.quarantine: set[int] = set()
        self.uploads: list[int] = []
        self.rows: list[FeedRow] = []
        self.pulls: list[tuple[str, int]] = []
        self.bundles: dict[int, SignedBundle] = {}
        self.bundle_calls: list[int] = []
        self.bucket_calls: list[int] = []
        self.holds: dict[str, int] = {}
        self.available = 1_000
        self.beats: list[Heartbeat] = []
        self.clock_ahead_ms = 0
        self.buckets = 16
        self.pace = ""
        self.rights: list[RightsReport] = []
        self.snapshots: dict[str, Path] = {}
        self.snapshot_info: SnapshotInfo | None = None

    # --- what the tests put in ----------------------------------------------------------------

    def publish(self, kind: str, key: str, body: dict[str, Any], *, deleted: bool = False) -> None:
        version = len(self.rows) + 1
        row = FeedRow(kind=kind, key=key, version=version, is_deleted=deleted, body=body)
        self.rows.append(row)

    def publish_bundle(self, sequence: int, content: bytes, signer: bytes | None = None) -> None:
        key = signer or self.programme_key
        public = public_key_of(key)
        self.bundles[sequence] = SignedBundle(content, sign_bundle(key, content), key_id(public))
        self.publish(
            "ruleset",
            "active",
            {
                "sequence": sequence,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
            },
        )

    def restore(self, incarnation: str, head_seq: int) -> None:
        """Come back from an older copy of itself."""
        self.incarnation = incarnation
        self.facts = {seq: fact for seq, fact in self.facts.items() if seq <= head_seq}

    @property
    def head(self) -> Head:
        seq = max(self.facts, default=0)
        return Head(seq, bytes.fromhex(self.facts[seq].hash) if seq else GENESIS)

    def _time(self) -> str:
        now = datetime.now(UTC).timestamp() + self.clock_ahead_ms / 1000
        return datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")

    # --- the port -----------------------------------------------------------------------------

    def enrol(self, request: EnrolRequest) -> EnrolReply:
        if request.code not in self.codes:
            raise Refused(403, "bad_code", "this code is not known or used")
        self.codes.discard(request.code)
        self.register_key = base64.b64decode(request.public_key)
        public = public_key_of(self.programme_key)
        return EnrolReply(
            register_id="r1",
            store_id="s1",
            store_name="Магазин № 1",
            epoch=1,
            incarnation=self.incarnation,
            programme_keys=[
                ProgrammeKey(key_id=key_id(public), public_key=base64.b64encode(public).decode())
            ],
            phone_key=base64.b64encode(self.phone_key).decode(),
            server_time=self._time(),
        )

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        if register_id != "r1":
            return None
        return RegisterKeys("r1", "s1", 1, self.is_revoked, [(1, self.register_key)])

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        self.uploads.append(len(batch.facts))
        stored = {
            fact.seq: bytes.fromhex(self.facts[fact.seq].hash)
            for fact in batch.facts
            if fact.seq in self.facts
        }
        judged, head = judge(caller.register_id, batch.epoch, self.head, stored, batch.facts)
        verdicts = []
        for item in judged:
            verdict = item.verdict
            if verdict == "accepted":
                self.facts[item.fact.seq] = item.fact
                if item.fact.seq in self.quarantine:
                    verdict = "quarantined"
            verdicts.append(ItemVerdict(seq=item.fact.seq, verdict=verdict, detail=item.detail))
        return UploadReply(
            verdicts=verdicts,
            head_seq=head.seq,
            head_hash=head.hash.hex(),
            server_time=self._time(),
        )

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        self.pulls.append((cursor, limit))
        incarnation, _, position = cursor.rpartition(":")
        if cursor and incarnation != self.incarnation:
            raise Refused(410, "cursor_gone", "the cursor is of another incarnation")
        start = int(position) if cursor else 0
        rows = self.rows[start : start + limit]
        end = start + len(rows)
        return FeedPage(
            incarnation=self.incarnation,
            cursor=f"{self.incarnation}:{end}",
            rows=rows,
            more=end < len(self.rows),
            server_time=self._time(),
        )

    def bundle(self, sequence: int) -> SignedBundle | None:
        self.bundle_calls.append(sequence)
        return self.bundles.get(sequence)

    def authorise(self, caller: Caller, request: AuthorisationRequest) -> AuthorisationReply:
        held = self.holds.setdefault(request.auth_id, min(request.points, self.available))
        return AuthorisationReply(
            auth_id=request.auth_id, approved_points=held, server_time=self._time()
        )

    def void(self, caller: Caller, auth_id: str) -> AuthorisationReply:
        if self.holds.pop(auth_id, None) is None:
            raise Refused(404, "no_such_hold", "nothing is held under this id")
        return AuthorisationReply(auth_id=auth_id, approved_points=0, server_time=self._time())

    def lookup(self, caller: Caller, request: LookupRequest) -> LookupReply:
        rows = [row for row in self.rows if row.kind == "token" and row.key == request.token_key]
        members = {row.body["member_id"] for row in rows}
        rows += [row for row in self.rows if row.kind == "member" and int(row.key) in members]
        return LookupReply(found=bool(rows), rows=rows, server_time=self._time())

    def sold(self, request: SoldRequest) -> SoldReply:
        told = [
            WireSale.model_validate_json(fact.body)
            for fact in self.facts.values()
            if fact.kind == "sale"
        ]
        asked = [
            SoldSale(sale=sale)
            for sale in told
            if request.sale_id == sale.sale_id or (request.member_id or -1) == sale.member_id
        ]
        return SoldReply(sales=asked, server_time=self.server_time())

    def heartbeat(self, caller: Caller, report: Heartbeat) -> HeartbeatReply:
        self.beats.append(report)
        return HeartbeatReply(server_time=self._time(), head_seq=self.head.seq)

    def server_time(self) -> str:
        return self._time()

    def snapshot(self, caller: Caller, format_number: int) -> SnapshotInfo:
        if self.snapshot_info is None or self.snapshot_info.format != format_number:
            raise Refused(404, "no_such_format", "no snapshot is made here")
        return self.snapshot_info

    def snapshot_file(self, caller: Caller, snapshot_id: str) -> Path:
        if snapshot_id not in self.snapshots:
            raise Refused(404, "no_such_snapshot", "this file is gone")
        return self.snapshots[snapshot_id]

    def _live(self, kinds: Sequence[str]) -> list[tuple[int, FeedRow]]:
        newest = {(row.kind, row.key): row for row in self.rows}
        named = [(_named(row), row) for row in newest.values() if not row.is_deleted]
        return [(row_id(*name), row) for name, row in named if name[0] in kinds]

    def bucket_sums(self, caller: Caller, cursor: str, kinds: Sequence[str]) -> BucketSums:
        incarnation, _, position = cursor.rpartition(":")
        if incarnation != self.incarnation:
            raise Refused(410, "cursor_gone", "the cursor is of another incarnation")
        sums = [0] * self.buckets
        for number, row in self._live(kinds):
            sums[number % self.buckets] ^= row_digest(number, row.version)
        moved = {row_id(*_named(row)) % self.buckets for row in self.rows[int(position) :]}
        return BucketSums(
            incarnation=self.incarnation,
            buckets=self.buckets,
            sums=pack_sums(sums),
            quiet=pack_bits([number not in moved for number in range(self.buckets)]),
            server_time=self._time(),
            kinds=list(kinds),
        )

    def bucket(self, caller: Caller, number: int, buckets: int, kinds: Sequence[str]) -> FeedBucket:
        rows = [row for name, row in self._live(kinds) if name % buckets == number]
        self.bucket_calls.append(number)
        return FeedBucket(
            incarnation=self.incarnation,
            number=number,
            buckets=buckets,
            rows=rows,
            server_time=self._time(),
            kinds=list(kinds),
        )

    def report_rights(self, caller: Caller, report: RightsReport) -> RightsReply:
        if report.incarnation != self.incarnation:
            raise Refused(409, "other_incarnation", "ask again")
        self.rights.append(report)
        return RightsReply(
            incarnation=self.incarnation, restored=len(report.leases), server_time=self._time()
        )

    def confirm_head(self, caller: Caller, request: HeadRequest) -> HeadReply:
        stored = self.facts.get(request.seq)
        known = bytes.fromhex(stored.hash) if stored else None
        state = judge_head(self.head, known, request.seq, bytes.fromhex(request.hash))
        return HeadReply(state=state, head_seq=self.head.seq, server_time=self._time())

    def is_healthy(self) -> bool:
        return True


def _named(row: FeedRow) -> tuple[str, str]:
    """What a row is summed as: a phone's token by its member."""
    if row.kind == "token" and row.key.startswith("phone:"):
        return "phone", str(row.body.get("member_id", ""))
    return row.kind, row.key
