"""The store hub's routes over a port: rights of the island, and the second copy of receipts.

Facts, heads and the feed are those of the centre's contract; everything else a register asks the
centre itself. No other route exists here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sync.contract.hub import HubBeat, HubBeatReply
from sync.contract.messages import UploadBatch, UploadReply, WireModel
from sync.contract.rights import (
    AloneReport,
    BorrowReply,
    BorrowRequest,
    ClaimReply,
    ClaimRequest,
    HeadReply,
    HeadRequest,
    HeardReply,
)
from sync.contract.signing import HEADER_REGISTER, HEADER_SIGNATURE, HEADER_TIME
from sync.serving.app import explain_errors
from sync.serving.gate import authenticate, parse, read_body, unpack
from sync.serving.hub_feed import HubFeed, add_hub_feed
from sync.serving.pacer import Pacer
from sync.serving.port import Caller, KeyRing, TellsTime
from sync.serving.stamp import StampedAnswers

M = TypeVar("M", bound=WireModel)
_KEPT = (HEADER_REGISTER, HEADER_TIME, HEADER_SIGNATURE, "Content-Encoding")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request exactly as its register signed it, so that it can be handed on."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class HubServer(KeyRing, TellsTime, Protocol):
    """What a hub must be able to do. Blocking calls; each may raise `Refused`."""

    def borrow(self, caller: Caller, request: BorrowRequest) -> BorrowReply:
        """Lend of the store's lease; durable before the answer."""
        ...

    def claim(self, caller: Caller, request: ClaimRequest) -> ClaimReply:
        """Grant purse and cache points once per island; the same answer for the same id."""
        ...

    def used_alone(self, caller: Caller, report: AloneReport) -> HeardReply:
        """Remember what a register took while it was without the hub."""
        ...

    def beat(self, caller: Caller, report: HubBeat) -> HubBeatReply:
        """A register is here; what its peers spent."""
        ...

    def copy(self, caller: Caller, batch: UploadBatch, sent: Sent) -> UploadReply:
        """Keep a second copy of facts; the reply comes after it is on the disk."""
        ...

    def confirm_head(self, caller: Caller, request: HeadRequest) -> HeadReply:
        """Whether a register's log is the newest that this island knows of."""
        ...


def build_hub_app(server: HubServer, feed: HubFeed | None = None) -> FastAPI:
    """The application of a hub's own listener; with the store's feed where the hub keeps it."""
    app = FastAPI(title="Store hub", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.pacer = Pacer()
    app.add_middleware(StampedAnswers, server=server, pacer=app.state.pacer)
    explain_errors(app)
    _add_rights(app, server)
    _add_log(app, server)
    if feed is not None:
        add_hub_feed(app, server, feed)
    return app


async def _ask(
    server: HubServer, request: Request, model: type[M], work: Callable[[Caller, M], WireModel]
) -> Response:
    body = await read_body(request)
    caller = await authenticate(server, request, body)
    message = parse(model, unpack(body, request.headers.get("Content-Encoding", "")))
    return _answer(await run_in_threadpool(work, caller, message))


def _answer(message: WireModel) -> Response:
    return Response(message.model_dump_json(), media_type="application/json")


def _add_rights(app: FastAPI, server: HubServer) -> None:
    @app.post("/v1/hub/leases")
    async def borrow(request: Request) -> Response:
        """Lend of the store's lease."""
        return await _ask(server, request, BorrowRequest, server.borrow)

    @app.post("/v1/hub/claims")
    async def claim(request: Request) -> Response:
        """Claim a purse's points or a part of the cache layer's budget."""
        return await _ask(server, request, ClaimRequest, server.claim)

    @app.post("/v1/hub/alone")
    async def alone(request: Request) -> Response:
        """What was taken without the hub."""
        return await _ask(server, request, AloneReport, server.used_alone)

    @app.post("/v1/hub/beat")
    async def beat(request: Request) -> Response:
        """A register is here."""
        return await _ask(server, request, HubBeat, server.beat)


def _add_log(app: FastAPI, server: HubServer) -> None:
    @app.post("/v1/facts")
    async def facts(request: Request) -> Response:
        """A second copy of facts."""
        body = await read_body(request)
        caller = await authenticate(server, request, body)
        plain = unpack(body, request.headers.get("Content-Encoding", ""))
        batch = parse(UploadBatch, plain)
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        reply = await run_in_threadpool(server.copy, caller, batch, Sent(headers, body))
        return _answer(reply)

    @app.post("/v1/heads")
    async def heads(request: Request) -> Response:
        """Whether a register's log is the newest that is known."""
        return await _ask(server, request, HeadRequest, server.confirm_head)
