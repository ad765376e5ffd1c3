"""Records what a register and a centre of this contract say to each other, byte for byte.

`python -m tests.support.record_wire FILE` writes JSON lines: first who speaks, then one exchange a
line. A log is made once for each contract version and kept under tests/data/wire.
"""

from __future__ import annotations

import base64
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync import enrolment
from sync.centre_client import CentreClient
from sync.contract import live, messages
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.messages import Fact, UploadBatch
from sync.errors import SyncError
from tests.integration.sync.conftest import LiveCentre

AT = "2026-11-22T09:00:00.000Z"
SALE = "11111111-1111-4111-8111-111111111111"
AUTH = "22222222-2222-4222-8222-222222222222"
MEMBER = {
    "member_id": 7,
    "name": "Олена К.",
    "tier": "gold",
    "balance_points": 12_345,
    "lots": [{"points": 12_345, "expires_on": "2027-05-31"}],
}
GOOD = {"sku": "7", "name": "Хліб", "unit_price_minor": 2_500, "barcodes": ["4820000000017"]}
LEASE = {
    "lease_id": "r1.1.7",
    "member_id": 7,
    "register_id": "r1",
    "epoch": 1,
    "granted_points": 500,
    "state": "open",
}
WIRE_SALE = {
    "version": 1,
    "sale_id": SALE,
    "register_id": "r1",
    "store_id": "s1",
    "occurred_at": AT,
    "clock": {"source": "centre", "offset_ms": -40},
    "mode": "online",
    "member_id": 7,
    "identification": {"token_kind": "card", "strength": 2, "source": "scanner"},
    "lines": [
        {
            "line_id": "1",
            "sku": "7",
            "name": "Хліб",
            "qty_milli": 1_000,
            "unit_price_minor": 2_500,
            "sum_minor": 2_500,
        }
    ],
    "redemption": {
        "requested_points": 500,
        "points": 500,
        "amount_minor": 500,
        "shares": [{"line_id": "1", "amount": 500}],
        "layer": "online",
        "auth_id": AUTH,
        "hold_points": 500,
    },
    "tenders": [{"kind": "card", "amount_minor": 2_000}],
    "gross_minor": 2_500,
    "discount_minor": 0,
    "redeemed_minor": 500,
    "payable_minor": 2_000,
    "accrual_points": 100,
    "ruleset_sequence": 4,
    "fiscal": "none",
    "said_by_a_newer_agent": {"nested": [1, "два"]},
}
FACTS = (
    ("sale", json.dumps(WIRE_SALE, ensure_ascii=False, indent=1)),
    ("sale_voided", json.dumps({"sale_id": SALE, "reason": "помилка", "voided_at": AT})),
    (
        "lease_close",
        json.dumps({"lease_id": "r1.1.7", "member_id": 7, "spent_points": 0, "closed_at": AT}),
    ),
    ("weather_report", '{"version":9,  "sky":"clear", "sky":"no"}'),
)


class _Recorder:
    """ASGI in the middle: keeps what passes."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.lines: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        sent, answered = bytearray(), bytearray()
        start: dict[str, Any] = {}

        async def hear() -> Any:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def say(message: Any) -> None:
            start.update(message if message["type"] == "http.response.start" else {})
            answered.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, hear, say)
        target = scope["raw_path"] + (
            b"?" + scope["query_string"] if scope["query_string"] else b""
        )
        self.lines.append(
            {
                "method": scope["method"],
                "target": target.decode(),
                "request_headers": _texts(scope["headers"]),
                "request": base64.b64encode(sent).decode(),
                "status": start["status"],
                "headers": _texts(start["headers"]),
                "response": base64.b64encode(answered).decode(),
            }
        )


def _texts(headers: Any) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in headers}


def batch_of(first: int = 1, prev: bytes = GENESIS) -> UploadBatch:
    """The facts, chained."""
    facts = []
    for seq, (kind, body) in enumerate(FACTS, first):
        own = fact_hash("r1", 1, seq, kind, body.encode(), prev)
        facts.append(Fact(seq=seq, kind=kind, body=body, prev_hash=prev.hex(), hash=own.hex()))
        prev = own
    return UploadBatch(register_id="r1", epoch=1, facts=facts)


def converse(client: CentreClient, centre: LiveCentre) -> None:
    """Every call of the contract, refusals too."""
    state = centre.state
    state.publish("member", "7", MEMBER)
    state.publish("token", "card:123", {"member_id": 7})
    state.publish("good", "7", GOOD)
    state.publish("lease", "r1.1.7", LEASE)
    state.publish_bundle(4, b'{"promotions":[]}')
    state.publish("head", "r1", {"epoch": 1, "seq": 0})
    state.publish("token", "card:old", {}, deleted=True)
    batch = batch_of()
    client.upload(batch)
    client.upload(batch)
    client.upload(batch.model_copy(update={"facts": batch_of(9).facts[:1]}))
    page = client.feed("", 3)
    client.feed(page.cursor, 100)
    with suppress(SyncError):
        client.feed("gone:5", 10)
    client.bundle(4)
    with suppress(SyncError):
        client.bundle(99)
    client.authorise(
        live.AuthorisationRequest(auth_id=AUTH, sale_id=SALE, member_id=7, points=500), timeout_s=5
    )
    client.void_authorisation(AUTH)
    client.lookup(live.LookupRequest(token_key="card:123"), timeout_s=5)
    client.lookup(live.LookupRequest(token_key="card:nobody"), timeout_s=5)
    client.heartbeat(
        live.Heartbeat(
            agent_version="0.1.0",
            epoch=1,
            outbox_pending=0,
            last_seq=4,
            ruleset_active=4,
            ruleset_downloaded=4,
            devices={"printer": "ok"},
        )
    )
    if hasattr(client, "bucket_sums"):
        _converse_since_2(client, page.cursor)


def _converse_since_2(client: CentreClient, cursor: str) -> None:
    client.bucket_sums(cursor)
    client.bucket(3, 16)
    with suppress(SyncError):
        client.snapshot(2)
    lease = live.HeldLease(
        lease_id="r1.1.7", member_id=7, granted_points=500, spent_points=0, state="open"
    )
    client.report_rights(live.RightsReport(incarnation="first", epoch=1, leases=[lease]))
    if hasattr(client, "confirm_head"):
        _converse_since_3(client)


def _converse_since_3(client: CentreClient) -> None:
    from sync.contract.rights import HeadRequest

    head = batch_of().facts[-1]
    client.confirm_head(HeadRequest(epoch=1, seq=head.seq, hash=head.hash), timeout_s=5)
    client.confirm_head(HeadRequest(epoch=1, seq=1, hash="0" * 64), timeout_s=5)
    if hasattr(client, "sold"):
        _converse_since_4(client)


def _converse_since_4(client: CentreClient) -> None:
    client.sold(live.SoldRequest(sale_id=SALE))
    client.sold(live.SoldRequest(member_id=8))


def main(file: Path) -> None:
    """Record one conversation."""
    centre = LiveCentre()
    recorder = _Recorder(centre.faults.app)
    centre.faults.app = recorder
    try:
        identity = enrolment.enrol(centre.url, "ENROL-ME-1", None, "till-7", "0.1.0")

        def now() -> str:
            return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

        client = CentreClient(centre.url, "r1", identity.private_key, None, now)
        try:
            converse(client, centre)
        finally:
            client.close()
    finally:
        centre.stop()
    head = {"contract": getattr(messages, "CONTRACT_VERSION", 1), "facts": [b for _, b in FACTS]}
    lines = [head, *recorder.lines]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
