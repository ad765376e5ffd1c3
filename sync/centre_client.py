"""The register's calls to its centre, each signed by the register's own key.

Every call raises `CentreUnavailable` or `CentreRefused` (see `sync.errors`) and nothing else;
every answer is bounded in size and time and checked against its message.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from sync.channel import MAX_ANSWER_BYTES, Answer, Channel, M
from sync.contract.counters import CounterReply, CounterRequest
from sync.contract.feed import SUMMED_KINDS, BucketSums, FeedBucket, FeedPage, SnapshotInfo
from sync.contract.joining import CardReply, CardRequest, JoinReply, JoinRequest
from sync.contract.lanes import AUTHORISE, BURNS, EARNS, TELEMETRY, lane_of
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
from sync.contract.messages import (
    CONTRACT_VERSION,
    UploadBatch,
    UploadReply,
    WireModel,
    canonical_json,
)
from sync.contract.rights import HeadReply, HeadRequest
from sync.contract.signing import (
    HEADER_BUNDLE_KEY,
    HEADER_BUNDLE_SIGNATURE,
    HEADER_CONTRACT,
    HEADER_LANE,
    HEADER_PACE,
    HEADER_TIME,
    sign_request,
)
from sync.errors import CentreRefused, CentreUnavailable, CursorGone

UPLOAD_S = 30.0
FEED_S = 30.0
BUNDLE_S = 60.0
HEARTBEAT_S = 5.0
AUTHORISE_S = 1.2
VOID_S = 5.0
LOOKUP_S = 0.3
SOLD_S = 1.2
CODE_S = 6.0
HINT_CONNECT_S = 10.0
HINT_IDLE_S = 60.0
DOWNLOAD_IDLE_S = 30.0
MAX_PACE_S = 3600.0
_SMALL = 256 * 1024
_GZIP_LEVEL = 1
_PLAIN_BYTES = 512


@dataclass(frozen=True, slots=True)
class ClockSample:
    """Centre's clock less this machine's, and how wrong that may be (half the round trip), ms."""

    offset_ms: int
    error_ms: int


class BundleFile(NamedTuple):
    """A bundle as downloaded: its exact bytes, detached signature and signing key."""

    data: bytes
    signature: bytes
    key_id: str


class Hint(NamedTuple):
    """There is something to fetch. `id` goes into the next `Last-Event-ID`; the first hint of a
    stream has no data and only says that it is open."""

    id: str
    data: str


class CentreClient:
    """Calls of one register. Methods block and may be called from any thread.

    `now` is this machine's own clock, uncorrected, as ISO 8601 UTC: the offset that `on_clock`
    hears is against it, and requests are stamped with it corrected by that offset. `context`
    stands in for the TLS of the address: a store's hub speaks the same contract down.
    """

    def __init__(
        self,
        base_url: str,
        register_id: str,
        private_key: bytes,
        ca_file: Path | None,
        now: Callable[[], str],
        on_clock: Callable[[ClockSample], None] | None = None,
        ca_pem: str = "",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.register_id = register_id
        self._key = private_key
        self._now = now
        self._on_clock = on_clock
        self._offset_ms = 0
        self._channel = Channel(base_url, now, ca_file, ca_pem, context)
        self._channel.on_answer = self._heard
        self._contract = {HEADER_CONTRACT: str(CONTRACT_VERSION)}
        self.pace_s = 0.0

    def upload(self, batch: UploadBatch) -> UploadReply:
        """Send consecutive facts; the reply comes after the centre's own commit."""
        plain = canonical_json(batch.model_dump(mode="json"))
        headers = {HEADER_LANE: lane_of(batch)}
        if len(plain) > _PLAIN_BYTES:
            plain = gzip.compress(plain, _GZIP_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._timed(
            self._call("POST", "/v1/facts", UPLOAD_S, plain, headers=headers), UploadReply
        )

    def feed(self, cursor: str, limit: int, heads: int | None = None) -> FeedPage:
        """Rows after `cursor` ("" from the start); raises `CursorGone` on 410. A hub asks for the
        heads of its store that are newer than the mark `heads`."""
        marked = {} if heads is None else {"heads": heads}
        query = urlencode({"cursor": cursor, "limit": limit, **marked})
        with _gone_cursor():
            return self._timed(self._get(f"/v1/feed?{query}", FEED_S, EARNS), FeedPage)

    def own_feed(self, cursor: str, limit: int) -> FeedPage:
        """The rows that only the centre gives, for a register whose hub brings the others."""
        query = urlencode({"cursor": cursor, "limit": limit})
        with _gone_cursor():
            return self._timed(self._get(f"/v1/feed/own?{query}", FEED_S, EARNS), FeedPage)

    def snapshot(self, format_number: int) -> SnapshotInfo:
        """Which file holds every row; `CentreRefused` when the centre makes no such snapshot,
        `CentreUnavailable` with code `snapshot_not_ready` while it is being made."""
        target = f"/v1/snapshot?format={format_number}"
        return self._timed(self._get(target, FEED_S, EARNS), SnapshotInfo)

    def snapshot_bytes(self, snapshot_id: str, offset: int) -> Iterator[bytes]:
        """The snapshot's bytes from `offset` on, as they arrive."""
        target = f"/v1/snapshots/{snapshot_id}"
        yield from self._channel.download(
            target, offset=offset, idle_s=DOWNLOAD_IDLE_S, sign=self._sign
        )

    def bucket_sums(self, cursor: str) -> BucketSums:
        """What this register's buckets should add up to at `cursor`."""
        query = urlencode({"cursor": cursor, "kinds": ",".join(SUMMED_KINDS)})
        with _gone_cursor():
            return self._timed(self._get(f"/v1/feed/sums?{query}", FEED_S, TELEMETRY), BucketSums)

    def bucket(self, number: int, buckets: int) -> FeedBucket:
        """Every live row of one bucket."""
        query = urlencode({"of": buckets, "kinds": ",".join(SUMMED_KINDS)})
        target = f"/v1/feed/buckets/{number}?{query}"
        reply = self._timed(self._get(target, FEED_S, TELEMETRY), FeedBucket)
        if (reply.number, reply.buckets) != (number, buckets):
            raise CentreUnavailable("the answer holds another bucket")
        return reply

    def report_rights(self, report: RightsReport) -> RightsReply:
        """Tell a new incarnation of the centre which leases are held here."""
        body = canonical_json(report.model_dump(mode="json"))
        packed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers = {HEADER_LANE: BURNS, "Content-Encoding": "gzip"}
        answer = self._call("POST", "/v1/rights", UPLOAD_S, packed, headers=headers)
        return self._timed(answer, RightsReply)

    def bundle(self, sequence: int) -> BundleFile:
        """The bundle of that sequence, not yet verified."""
        answer = self._get(f"/v1/bundles/{sequence}", BUNDLE_S, EARNS)
        try:
            signature = base64.b64decode(
                answer.headers.get(HEADER_BUNDLE_SIGNATURE, ""), validate=True
            )
        except binascii.Error:
            signature = b""
        key_id = answer.headers.get(HEADER_BUNDLE_KEY, "")
        if len(signature) != 64 or not key_id:
            raise CentreUnavailable("the bundle came without its signature")
        return BundleFile(answer.body, signature, key_id)

    def authorise(
        self, request: AuthorisationRequest, timeout_s: float = AUTHORISE_S
    ) -> AuthorisationReply:
        """Hold points under the request's own id; safe to send again with the same id."""
        reply = self._post("/v1/authorisations", request, timeout_s, AuthorisationReply, AUTHORISE)
        too_much = (
            reply.approved_points > request.points
            or (reply.purse_points or 0) > request.purse_points
        )
        if reply.auth_id != request.auth_id or too_much:
            raise CentreUnavailable("the answer belongs to another authorisation")
        return reply

    def void_authorisation(self, auth_id: str) -> None:
        """Give an unused hold back. A hold that is not known is not an error of this call."""
        try:
            target = f"/v1/authorisations/{auth_id}/void"
            self._call("POST", target, VOID_S, b"{}", headers={HEADER_LANE: AUTHORISE})
        except CentreRefused as error:
            if error.status not in (404, 409, 410):
                raise

    def lookup(self, request: LookupRequest, timeout_s: float = LOOKUP_S) -> LookupReply:
        """Ask for a member that is not cached here."""
        return self._post("/v1/members/lookup", request, timeout_s, LookupReply, AUTHORISE)

    def join(self, request: JoinRequest) -> JoinReply:
        """Make a buyer a member; safe to send again."""
        return self._post("/v1/members", request, CODE_S, JoinReply, AUTHORISE)

    def give_card(self, request: CardRequest) -> CardReply:
        """Give a member another card; safe to send again."""
        return self._post("/v1/members/card", request, CODE_S, CardReply, AUTHORISE)

    def counters(self, request: CounterRequest, timeout_s: float = AUTHORISE_S) -> CounterReply:
        """Have lent to this register what a sale is short of; safe to send again."""
        return self._post("/v1/counters", request, timeout_s, CounterReply, AUTHORISE)

    def sold(self, request: SoldRequest) -> SoldReply:
        """Ask for a sale that another register made; 404 from a centre that does not tell."""
        body = canonical_json(request.model_dump(mode="json"))
        headers = {HEADER_LANE: AUTHORISE}
        answer = self._call("POST", "/v1/sales/lookup", SOLD_S, body, headers=headers)
        return self._timed(answer, SoldReply)

    def send_code(self, request: OneTimeCodeRequest) -> OneTimeCodeReply:
        """Let the centre bring a one-time code to a member."""
        return self._post("/v1/one-time-codes", request, CODE_S, OneTimeCodeReply, AUTHORISE)

    def heartbeat(self, report: Heartbeat) -> HeartbeatReply:
        """Report this register's health; learn what the centre holds of it."""
        return self._post("/v1/heartbeat", report, HEARTBEAT_S, HeartbeatReply, TELEMETRY)

    def confirm_head(self, request: HeadRequest, timeout_s: float = LOOKUP_S) -> HeadReply:
        """Ask whether this register's log is the newest that is known of it."""
        return self._post("/v1/heads", request, timeout_s, HeadReply, AUTHORISE)

    def hints(self, last_id: str = "", idle_s: float = HINT_IDLE_S) -> Iterator[Hint]:
        """Server-sent events; one without data first, once connected. Ends only by an error.

        A hint says no more than "there is something"; one that is lost costs a poll.
        Source of the format: WHATWG HTML, 9.2.6 (comments and other fields are skipped).
        """
        data: list[str] = []
        headers = {"Last-Event-ID": last_id} if last_id else {}
        lines = self._channel.lines(
            "/v1/feed/hints",
            connect_s=HINT_CONNECT_S,
            idle_s=idle_s,
            sign=self._sign,
            headers=headers,
        )
        yield Hint(last_id, next(lines))
        for line in lines:
            if line.startswith("id:"):
                last_id = line[3:].removeprefix(" ")[:80]
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif not line and data:
                yield Hint(last_id, "\n".join(data))
                data = []
        raise CentreUnavailable("the centre closed the stream of hints")

    def interrupt(self) -> None:
        """End all calls in flight within a tenth of a second and refuse new ones."""
        self._channel.interrupt()

    def close(self) -> None:
        """Interrupt and release the connections."""
        self._channel.close()

    def _get(self, target: str, total_s: float, lane: str) -> Answer:
        return self._call("GET", target, total_s, headers={HEADER_LANE: lane})

    def _post(
        self, target: str, message: WireModel, total_s: float, reply: type[M], lane: str
    ) -> M:
        body = canonical_json(message.model_dump(mode="json"))
        headers = {HEADER_LANE: lane}
        return self._timed(
            self._call("POST", target, total_s, body, headers=headers, max_bytes=_SMALL), reply
        )

    def _call(
        self,
        method: str,
        target: str,
        total_s: float,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        return self._channel.call(
            method,
            target,
            total_s=total_s,
            body=body,
            headers={**self._contract, **(headers or {})},
            sign=self._sign,
            max_bytes=max_bytes,
        )

    def _sign(self, method: str, target: str, body: bytes) -> dict[str, str]:
        here = datetime.fromisoformat(self._now()) + timedelta(milliseconds=self._offset_ms)
        stamp = here.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return sign_request(self._key, self.register_id, method, target, stamp, body)

    def _heard(self, answer: Answer) -> None:
        """Learn from the headers of every answer, refusals too: time, and the pace asked for."""
        told = answer.headers.get(HEADER_TIME, "")
        if told:
            self._learn(answer, told)
            pace = answer.headers.get(HEADER_PACE, "0")
            self.pace_s = min(float(pace), MAX_PACE_S) if pace.isdecimal() else 0.0

    def _timed(self, answer: Answer, model: type[M]) -> M:
        """Parse a reply; one of an older centre tells the time in its body only."""
        reply = answer.parse(model)
        if HEADER_TIME in answer.headers:
            return reply
        if not self._learn(answer, getattr(reply, "server_time", "")):
            raise CentreUnavailable("the answer has no usable server_time")
        return reply

    def _learn(self, answer: Answer, told: str) -> bool:
        try:
            there = datetime.fromisoformat(told)
            here = datetime.fromisoformat(answer.sent_at)
            offset_ms = (there - here) // timedelta(milliseconds=1) - answer.rtt_ms // 2
        except (ValueError, TypeError):
            return False
        self._offset_ms = offset_ms
        if self._on_clock is not None:
            self._on_clock(ClockSample(offset_ms, answer.rtt_ms // 2 + 1))
        return True


@contextmanager
def _gone_cursor() -> Iterator[None]:
    try:
        yield
    except CentreRefused as error:
        if error.status == 410:
            raise CursorGone(error.code, error.status, error.detail) from None
        raise
