"""The contract's routes over a `Server`. Every error is RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import FastAPI, Path
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sync.contract.counters import CounterRequest
from sync.contract.live import (
    AuthorisationRequest,
    Heartbeat,
    LookupRequest,
    OneTimeCodeRequest,
    Problem,
    RightsReport,
    SoldRequest,
)
from sync.contract.messages import EnrolRequest, UploadBatch, WireModel
from sync.contract.rights import HeadRequest
from sync.serving.feed_routes import add_feed_routes
from sync.serving.gate import authenticate, parse, read_body, unpack
from sync.serving.hints import HintBoard
from sync.serving.lanes import Lanes, admitted
from sync.serving.member_routes import add_member_routes
from sync.serving.pacer import Pacer
from sync.serving.port import Caller, LendsCounters, Refused, SendsCodes, Server, TellsSales
from sync.serving.stamp import StampedAnswers

_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported encoding",
    422: "Not understood",
    500: "Internal error",
    503: "Unavailable",
}
M = TypeVar("M", bound=WireModel)


def build_app(server: Server, board: HintBoard, pacer: Pacer | None = None) -> FastAPI:
    """The application; `board` is told of changes by whoever makes them, `pacer` says how many
    requests this process shall answer."""
    app = FastAPI(title="Loyalty Edge centre", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.pacer = pacer or Pacer()
    app.state.lanes = Lanes()
    app.add_middleware(StampedAnswers, server=server, pacer=app.state.pacer)
    explain_errors(app)
    _add_open_routes(app, server)
    _add_fact_routes(app, server)
    add_feed_routes(app, server, board)
    _add_live_routes(app, server)
    add_member_routes(app, server, _ask)
    return app


# --- errors -----------------------------------------------------------------------------------


def problem(
    status: int, code: str, detail: str = "", headers: dict[str, str] | None = None
) -> Response:
    """A problem+json answer."""
    body = Problem(
        title=_TITLES.get(status, "Error"), status=status, code=code, detail=detail
    ).model_dump_json()
    return Response(body, status, headers, media_type="application/problem+json")


def explain_errors(app: FastAPI) -> None:
    """Have every failure of an application answered with problem details."""
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_error)


async def _on_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Loyalty-Signature"
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return problem(error.status, error.code, error.detail, headers)


async def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "no_such_route", 405: "method_not_allowed"}
    code = codes.get(error.status_code, f"http_{error.status_code}")
    return problem(error.status_code, code, str(error.detail), dict(error.headers or {}))


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, "bad_parameter", f"{where}: {first['msg']}"[:300])


async def _on_error(_request: Request, _error: Exception) -> Response:
    return problem(500, "internal_error", "the centre's log says why")


# --- routes -----------------------------------------------------------------------------------


def _answer(message: WireModel) -> Response:
    return Response(message.model_dump_json(), media_type="application/json")


async def _ask(
    server: Server,
    request: Request,
    model: type[M],
    work: Callable[[Caller, M], WireModel],
    *,
    any_epoch: bool = False,
) -> Response:
    """Authenticate, parse, do the work in a thread, answer."""
    body = await read_body(request)
    async with admitted(request):
        caller = await authenticate(server, request, body, any_epoch=any_epoch)
        plain = unpack(body, request.headers.get("Content-Encoding", ""))
        message = parse(model, plain)
        return _answer(await run_in_threadpool(work, caller, message))


def _add_open_routes(app: FastAPI, server: Server) -> None:
    @app.get("/healthz")
    async def healthz() -> Response:
        """The process answers; unsigned."""
        if not await run_in_threadpool(server.is_healthy):
            raise Refused(503, "unavailable", "the database does not answer", 5)
        return Response('{"status":"ok"}', media_type="application/json")

    @app.post("/v1/enrol")
    async def enrol(request: Request) -> Response:
        """A one-time code for an identity; unsigned."""
        message = parse(EnrolRequest, await read_body(request))
        return _answer(await run_in_threadpool(server.enrol, message))


def _add_fact_routes(app: FastAPI, server: Server) -> None:
    @app.post("/v1/facts")
    async def facts(request: Request) -> Response:
        """A batch of facts; one verdict each, after the commit."""
        return await _ask(server, request, UploadBatch, server.upload, any_epoch=True)

    @app.post("/v1/rights")
    async def rights(request: Request) -> Response:
        """Leases that a register holds, told to a restored centre."""
        return await _ask(server, request, RightsReport, server.report_rights)

    @app.post("/v1/heads")
    async def heads(request: Request) -> Response:
        """Whether a register's log is the newest that is known of it."""
        return await _ask(server, request, HeadRequest, server.confirm_head)

    @app.post("/v1/heartbeat")
    async def heartbeat(request: Request) -> Response:
        """The register's report of itself."""
        return await _ask(server, request, Heartbeat, server.heartbeat)


def _add_live_routes(app: FastAPI, server: Server) -> None:
    @app.post("/v1/authorisations")
    async def authorise(request: Request) -> Response:
        """Hold points for one sale; the same id gets the same answer."""
        return await _ask(server, request, AuthorisationRequest, server.authorise)

    @app.post("/v1/authorisations/{auth_id}/void")
    async def void(
        request: Request,
        auth_id: Annotated[str, Path(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")],
    ) -> Response:
        """Give a hold back."""
        caller = await authenticate(server, request, await read_body(request))
        return _answer(await run_in_threadpool(server.void, caller, auth_id))

    @app.post("/v1/one-time-codes")
    async def send_code(request: Request) -> Response:
        """Bring a one-time code to a member."""
        if not isinstance(server, SendsCodes):
            raise Refused(404, "no_such_route", "no codes are sent here")
        return await _ask(server, request, OneTimeCodeRequest, server.send_code)

    @app.post("/v1/counters")
    async def lend_counters(request: Request) -> Response:
        """Lend the register what a sale is short of: uses of a coupon, of a limit, a gift card."""
        if not isinstance(server, LendsCounters):
            raise Refused(404, "no_such_route", "no counters are lent here")
        return await _ask(server, request, CounterRequest, server.lend_counters)

    @app.post("/v1/sales/lookup")
    async def sold(request: Request) -> Response:
        """What is left of a sale that another register made."""
        if not isinstance(server, TellsSales):
            raise Refused(404, "no_such_route", "no sales are told here")
        tell = server.sold
        return await _ask(server, request, SoldRequest, lambda _caller, asked: tell(asked))

    @app.post("/v1/members/lookup")
    async def lookup(request: Request) -> Response:
        """A member's rows by a token the register does not know."""
        return await _ask(server, request, LookupRequest, server.lookup)
