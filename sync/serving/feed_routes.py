"""Routes of the way down: pages of the feed, hints, snapshots, checksums, rule bundles."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import FastAPI, Header, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from sync.contract.buckets import DEFAULT_BUCKETS
from sync.contract.feed import FIRST_SUMMED, MAX_BUCKETS, SUMMED_KINDS
from sync.contract.messages import WireModel
from sync.contract.signing import HEADER_BUNDLE_KEY, HEADER_BUNDLE_SIGNATURE
from sync.serving.gate import authenticate, read_body
from sync.serving.hints import HintBoard
from sync.serving.lanes import admitted
from sync.serving.port import Caller, FeedsHubs, KeyRing, Refused, Server, SignedBundle

MAX_FEED_ROWS = 2_000
_PACKED_FROM = 1_024
_GZIP_LEVEL = 1
_FIRST_KINDS = ",".join(FIRST_SUMMED)
_Cursor = Annotated[str, Query(max_length=200)]
Sequence53 = Annotated[int, Path(ge=1, lt=2**53)]
_Kinds = Annotated[str, Query(max_length=200, pattern=r"^[a-z_]{1,32}(,[a-z_]{1,32})*$")]


def add_feed_routes(app: FastAPI, server: Server, board: HintBoard) -> None:
    """Everything a register downloads."""
    _add_pages(app, server, board)
    _add_own(app, server)
    _add_snapshots(app, server)
    _add_checksums(app, server)
    _add_bundles(app, server)


def packed(request: Request, message: WireModel) -> Response:
    """The message, gzipped when it is worth it and the caller can read that."""
    body = message.model_dump_json().encode()
    headers = {}
    accepted = request.headers.get("Accept-Encoding", "").replace(" ", "").split(",")
    if len(body) >= _PACKED_FROM and "gzip" in accepted:
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")


async def _caller(server: KeyRing, request: Request) -> Caller:
    return await authenticate(server, request, await read_body(request))


def _add_own(app: FastAPI, server: Server) -> None:
    @app.get("/v1/feed/own")
    async def own(
        request: Request,
        cursor: _Cursor = "",
        limit: Annotated[int, Query(ge=1, le=MAX_FEED_ROWS)] = 500,
    ) -> Response:
        """The rows alone that a register behind a hub does not take from it."""
        if not isinstance(server, FeedsHubs):
            raise Refused(404, "no_such_route", "no register has a hub here")
        async with admitted(request):
            caller = await _caller(server, request)
            page = await run_in_threadpool(server.own_feed, caller, cursor, limit)
            return await run_in_threadpool(packed, request, page)


def _add_pages(app: FastAPI, server: Server, board: HintBoard) -> None:
    @app.get("/v1/feed")
    async def feed(
        request: Request,
        cursor: _Cursor = "",
        limit: Annotated[int, Query(ge=1, le=MAX_FEED_ROWS)] = 500,
        heads: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    ) -> Response:
        """State rows after a cursor; 410 when the cursor is gone. `heads` asks as a hub."""
        async with admitted(request):
            caller = await _caller(server, request)
            work = partial(server.feed, caller, cursor, limit)
            if heads is not None and isinstance(server, FeedsHubs):
                work = partial(server.feed, caller, cursor, limit, heads)
            page = await run_in_threadpool(work)
            return await run_in_threadpool(packed, request, page)

    @app.get("/v1/feed/hints")
    async def hints(
        request: Request, last_event_id: Annotated[str, Header(max_length=80)] = ""
    ) -> Response:
        """Server-sent hints that there is something new, since `Last-Event-ID` too."""
        await _caller(server, request)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = board.stream(last_event_id)
        return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


def _add_snapshots(app: FastAPI, server: Server) -> None:
    @app.get("/v1/snapshot")
    async def snapshot(
        request: Request, format: Annotated[int, Query(ge=1, le=1_000_000)]
    ) -> Response:
        """Which file holds every row up to a cursor."""
        caller = await _caller(server, request)
        return packed(request, await run_in_threadpool(server.snapshot, caller, format))

    @app.get("/v1/snapshots/{snapshot_id}")
    async def snapshot_file(
        request: Request, snapshot_id: Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    ) -> Response:
        """The file's bytes; `Range` goes on where a download was cut."""
        caller = await _caller(server, request)
        path = await run_in_threadpool(server.snapshot_file, caller, snapshot_id)
        return FileResponse(path, media_type="application/octet-stream")


def _add_checksums(app: FastAPI, server: Server) -> None:
    @app.get("/v1/feed/sums")
    async def sums(request: Request, cursor: _Cursor, kinds: _Kinds = _FIRST_KINDS) -> Response:
        """Checksums of the rows that the caller should hold at its cursor."""
        async with admitted(request):
            caller = await _caller(server, request)
            asked = _known(kinds)
            found = await run_in_threadpool(server.bucket_sums, caller, cursor, asked)
            return packed(request, found)

    @app.get("/v1/feed/buckets/{number}")
    async def bucket(
        request: Request,
        number: Annotated[int, Path(ge=0, lt=MAX_BUCKETS)],
        of: Annotated[int, Query(ge=1, le=MAX_BUCKETS)] = DEFAULT_BUCKETS,
        kinds: _Kinds = _FIRST_KINDS,
    ) -> Response:
        """Every live row of one bucket."""
        if of & (of - 1) or number >= of:
            raise Refused(422, "bad_parameter", "of: a power of two above the bucket's number")
        async with admitted(request):
            caller = await _caller(server, request)
            found = await run_in_threadpool(server.bucket, caller, number, of, _known(kinds))
            return await run_in_threadpool(packed, request, found)


def _known(kinds: str) -> Sequence[str]:
    """Kinds asked for that this server sums; others are a newer register's."""
    return [kind for kind in dict.fromkeys(kinds.split(",")) if kind in SUMMED_KINDS]


def _add_bundles(app: FastAPI, server: Server) -> None:
    @app.get("/v1/bundles/{sequence}")
    async def bundle(request: Request, sequence: Sequence53) -> Response:
        """The exact bytes of a bundle, its signature in the headers."""
        await _caller(server, request)
        return bundle_answer(await run_in_threadpool(server.bundle, sequence), sequence)


def bundle_answer(found: SignedBundle | None, sequence: int) -> Response:
    """A bundle as it is sent; 404 `no_such_bundle` for none."""
    if found is None:
        raise Refused(404, "no_such_bundle", f"no bundle has sequence {sequence}")
    headers = {
        HEADER_BUNDLE_SIGNATURE: base64.b64encode(found.signature).decode(),
        HEADER_BUNDLE_KEY: found.key_id,
    }
    return Response(found.content, headers=headers, media_type="application/json")
