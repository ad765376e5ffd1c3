"""The pure centre behind the product's contract, so that real registers can be its clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench.soak.depths_plan import auth_parts, number_of, till_name
from bench.soak.depths_shop import ShopCentre, lease_name
from loyalty.protocol.centre import OVERDRAFT
from sync.contract.chain import GENESIS
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.live import AuthorisationReply, AuthorisationRequest
from sync.contract.messages import (
    ItemVerdict,
    UploadBatch,
    UploadReply,
    WirePrintVerdict,
    WireSale,
    WireSaleReturn,
    WireSaleVoided,
)
from sync.contract.rights import WireLeaseReturned
from sync.serving.intake import Head, judge
from sync.serving.port import Caller


@dataclass
class PurePort:
    """The pure centre behind the contract: bodies in, rows out. Only what registers ask for."""

    centre: ShopCentre
    heads: dict[tuple[str, int], Head] = field(default_factory=dict)
    hashes: dict[tuple[str, int], dict[int, bytes]] = field(default_factory=dict)

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        """Judge by the chain, then apply."""
        assert batch.register_id == caller.register_id
        key = (batch.register_id, batch.epoch)
        stored = self.hashes.setdefault(key, {})
        head = self.heads.get(key, Head(0, GENESIS))
        judged, head = judge(*key, head, stored, batch.facts)
        life = (int(batch.register_id[1:]), batch.epoch)
        for each in judged:
            if each.verdict == "accepted":
                stored[each.fact.seq] = bytes.fromhex(each.fact.hash)
                fact = pure_fact(each.fact.kind, each.body)
                self.centre.on_facts(life[0], *life, each.fact.seq, (fact,), 0)
        self.heads[key] = head
        last = batch.facts[-1].seq
        self.centre.on_facts(life[0], *life, last + 1, (), batch.settled_number)
        verdicts = [
            ItemVerdict(seq=each.fact.seq, verdict=each.verdict, detail=each.detail)
            for each in judged
        ]
        return UploadReply(
            verdicts=verdicts, head_seq=head.seq, head_hash=head.hash.hex(), server_time=""
        )

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """Members that have changed since, this life's leases and the head."""
        centre, till = self.centre, int(caller.register_id[1:])
        since, now = int(cursor or 0), len(centre.journal)
        rows = []
        for member in sorted({each[0] for each in centre.journal[since:]}):
            balance = sum(p for place, p in centre.books[member].items() if place not in _NOT_SHOWN)
            body: dict[str, Any] = {"member_id": member, "name": "", "balance_points": balance}
            rows.append(FeedRow(kind="member", key=str(member), version=now, body=body))
            key = str(member)
            owes = bool(centre.balance(member, OVERDRAFT))
            body = {"member_id": member, "reason": "overdraft", "since": ""} if owes else {}
            rows.append(FeedRow(kind="deny", key=key, version=now, is_deleted=not owes, body=body))
            holder = centre.hubs[till]
            granted = centre.granted.get((holder, member))
            if granted:
                lease_id = lease_name(holder, member)
                recall_id, points = centre.recalls.get((holder, member), ("", 0))
                body = {
                    "lease_id": lease_id,
                    "member_id": member,
                    "register_id": caller.register_id,
                    "epoch": caller.epoch,
                    "granted_points": granted,
                    "state": "open",
                    "recall_id": recall_id,
                    "recall_points": points,
                }
                rows.append(FeedRow(kind="lease", key=lease_id, version=now, body=body))
        seq = centre.applied.get((till, caller.epoch), 0)
        body = {"epoch": caller.epoch, "seq": seq}
        version = caller.epoch * 1_000_000 + seq + 1
        rows.append(FeedRow(kind="head", key=caller.register_id, version=version, body=body))
        assert len(rows) <= limit
        return FeedPage(incarnation="i", cursor=str(now), rows=rows, more=False, server_time="")

    def authorise(self, caller: Caller, request: AuthorisationRequest) -> AuthorisationReply:
        """Hold points."""
        auth = auth_parts(number_of(request.auth_id))
        assert till_name(auth[0]) == caller.register_id
        answer = self.centre.on_authorise(
            auth[0], auth, number_of(request.sale_id), request.member_id, request.points
        )
        return _held(request.auth_id, answer[0][2][1])

    def void(self, caller: Caller, auth_id: str) -> AuthorisationReply:
        """Give a hold back."""
        auth = auth_parts(number_of(auth_id))
        assert till_name(auth[0]) == caller.register_id
        self.centre.on_void(auth)
        return _held(auth_id, 0)


_NOT_SHOWN = ("issued", "redeemed", "pending")


def _held(auth_id: str, points: int) -> AuthorisationReply:
    return AuthorisationReply(auth_id=auth_id, approved_points=points, server_time="")


def pure_fact(kind: str, body: bytes) -> tuple[Any, ...]:
    """A fact's body as the pure centre takes it."""
    if kind == "sale":
        return _pure_sale(WireSale.model_validate_json(body))
    if kind == "sale_voided":
        return ("void", number_of(WireSaleVoided.model_validate_json(body).sale_id))
    if kind == "lease_returned":
        given = WireLeaseReturned.model_validate_json(body)
        holder = holder_of(given.lease_id)
        return ("returned", holder, given.member_id, given.points, given.recall_id)
    if kind == "sale_return":
        back = WireSaleReturn.model_validate_json(body)
        is_pending = back.fiscal == "pending"
        return ("return", number_of(back.return_id), number_of(back.sale_id), is_pending)
    verdict = WirePrintVerdict.model_validate_json(body)
    kind = "printed" if verdict.verdict == "printed" else "waits"
    return (kind, number_of(verdict.subject_id))


def holder_of(lease_id: str) -> int:
    """The life of a register that holds a lease."""
    till, epoch, _ = lease_id.split(".")
    return ShopCentre.holder(int(till[1:]), int(epoch))


def _pure_sale(sale: WireSale) -> tuple[Any, ...]:
    auth, parts = None, []
    if sale.redemption is not None:
        auth = auth_parts(number_of(sale.redemption.auth_id))
        if sale.redemption.hold_points:
            parts.append(("online", "", sale.redemption.hold_points))
        if sale.redemption.lease_points:
            holder = holder_of(sale.redemption.lease_id)
            parts.append(("lease", str(holder), sale.redemption.lease_points))
    number = number_of(sale.sale_id)
    return ("sale", number, auth, sale.member_id, tuple(parts), sale.fiscal == "pending")
