"""A peer's calls to its hub: signed like those to the centre, over TLS of the term."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

from edge_agent.hub import tls
from edge_agent.hub.port import CLAIM_S
from edge_agent.hub.terms import Peer
from sync.centre_client import CentreClient
from sync.channel import Channel, M
from sync.contract.hub import HubBeat, HubBeatReply
from sync.contract.messages import UploadBatch, UploadReply, WireModel, canonical_json
from sync.contract.rights import (
    AloneReport,
    BorrowReply,
    BorrowRequest,
    ClaimReply,
    ClaimRequest,
    HeardReply,
)
from sync.contract.signing import sign_request

BEAT_S = 2.0
COPY_S = 5.0
_SMALL = 1024 * 1024


class HubLink:
    """Calls to one hub at one address. Methods block, may be called from any thread, and raise
    `CentreUnavailable` or `CentreRefused` (see `sync.errors`) and nothing else. `claim_s` bounds
    what a redemption waits for."""

    def __init__(
        self,
        hub: Peer,
        address: str,
        own_file: Path,
        register_id: str,
        private_key: bytes,
        now: Callable[[], str],
        claim_s: float = CLAIM_S,
    ) -> None:
        self.hub = hub
        self.address = address
        self._register_id = register_id
        self._key = private_key
        self._now = now
        self._claim_s = claim_s
        context = tls.calling(own_file, hub)
        self._channel = Channel(f"https://{address}", now, context=context)
        who = (register_id, private_key, None, now)
        self.feed = CentreClient(f"https://{address}", *who, context=context)
        """The store's feed at the hub, by the centre's contract."""

    def borrow(self, request: BorrowRequest) -> BorrowReply:
        """Be lent a part of the store's lease; at a walk-up nobody waits for it yet."""
        total_s = BEAT_S if request.is_walk_up else self._claim_s
        return self._post("/v1/hub/leases", request, total_s, BorrowReply)

    def claim(self, request: ClaimRequest) -> ClaimReply:
        """Claim purse and cache points before they are approved."""
        return self._post("/v1/hub/claims", request, self._claim_s, ClaimReply)

    def used_alone(self, report: AloneReport) -> HeardReply:
        """Tell what was taken without the hub."""
        return self._post("/v1/hub/alone", report, BEAT_S, HeardReply)

    def beat(self, report: HubBeat) -> HubBeatReply:
        """Say that this register is here."""
        return self._post("/v1/hub/beat", report, BEAT_S, HubBeatReply)

    def copy(self, batch: UploadBatch) -> UploadReply:
        """Put facts into the second copy, signed so that the hub can hand them on as they are."""
        body = gzip.compress(canonical_json(batch.model_dump(mode="json")), 1, mtime=0)
        return self._send("/v1/facts", body, COPY_S, UploadReply, {"Content-Encoding": "gzip"})

    def close(self) -> None:
        """End calls in flight and let the connections go."""
        self._channel.close()
        self.feed.close()

    def _post(self, target: str, message: WireModel, total_s: float, reply: type[M]) -> M:
        body = canonical_json(message.model_dump(mode="json"))
        return self._send(target, body, total_s, reply, {})

    def _send(
        self, target: str, body: bytes, total_s: float, reply: type[M], headers: dict[str, str]
    ) -> M:
        answer = self._channel.call(
            "POST",
            target,
            total_s=total_s,
            body=body,
            headers=headers,
            sign=self._sign,
            max_bytes=_SMALL,
        )
        return answer.parse(reply)

    def _sign(self, method: str, target: str, body: bytes) -> dict[str, str]:
        return sign_request(self._key, self._register_id, method, target, self._now(), body)
