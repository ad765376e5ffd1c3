"""A register's way to the centre in the simulation: what becomes of each message is given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from bench.soak.depths_plan import Fate
from edge_agent.ledger.ledger import Outbox
from sync.contract.feed import FeedPage
from sync.contract.live import AuthorisationReply, AuthorisationRequest
from sync.contract.messages import UploadBatch, UploadReply
from sync.errors import CentreUnavailable
from sync.serving.port import Caller, Server

T = TypeVar("T")


class Link:
    """The way to the centre; `fate` is what the next message meets."""

    def __init__(self, server: Server, caller: Caller, flying: list[Callable[[], Any]]) -> None:
        self.server = server
        self.caller = caller
        self.fate: Fate = "answered"
        self.head = 0
        self._flying = flying

    def _carry(self, call: Callable[[], T]) -> T:
        if self.fate in ("late", "doubled"):
            self._flying.append(call)
        if self.fate in ("request lost", "late"):
            raise CentreUnavailable(self.fate)
        answer = call()
        if self.fate == "answer lost":
            raise CentreUnavailable(self.fate)
        return answer

    def upload(self, batch: UploadBatch) -> UploadReply:
        """Facts up."""
        server, caller = self.server, self.caller

        def send() -> UploadReply:
            reply = server.upload(caller, batch)
            self.head = reply.head_seq
            return reply

        self.head = 0
        return self._carry(send)

    def feed(self, cursor: str, limit: int) -> FeedPage:
        """Rows down."""
        if self.fate not in ("answered", "doubled"):
            raise CentreUnavailable(self.fate)
        return self.server.feed(self.caller, cursor, limit)

    def authorise(self, request: AuthorisationRequest, fate: Fate) -> AuthorisationReply | None:
        """The centre's answer, or None when none came in time."""
        self.fate = fate
        server, caller = self.server, self.caller
        with suppress(CentreUnavailable):
            return self._carry(lambda: server.authorise(caller, request))
        return None

    def void(self, auth_id: str, fate: Fate) -> None:
        """Give a hold back."""
        if auth_id:
            self.fate = fate
            server, caller = self.server, self.caller
            with suppress(CentreUnavailable):
                self._carry(lambda: server.void(caller, auth_id))


class Portion:
    """The outbox, with no more facts at a time than the order says."""

    def __init__(self, outbox: Outbox, most: int) -> None:
        self._outbox = outbox
        self._most = most

    def pending(self, max_facts: int, max_bytes: int) -> UploadBatch | None:
        """The oldest facts, as many as the plan says at most."""
        return self._outbox.pending(min(max_facts, self._most), max_bytes)

    def acknowledge(self, batch: UploadBatch, reply: UploadReply) -> None:
        """As the outbox does."""
        self._outbox.acknowledge(batch, reply)

    def rewind(self, epoch: int, head_seq: int) -> None:
        """As the outbox does."""
        self._outbox.rewind(epoch, head_seq)
