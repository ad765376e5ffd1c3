"""The way down at a store's hub: the routes of the centre's contract that it answers for its tills.

Checksums of buckets are not among them: a till compares with the centre, and so checks its hub too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Protocol

from fastapi import FastAPI, Query
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sync.contract.feed import FeedPage, SnapshotInfo
from sync.serving.feed_routes import MAX_FEED_ROWS, Sequence53, bundle_answer, packed
from sync.serving.gate import authenticate, read_body
from sync.serving.port import Caller, KeyRing, SignedBundle


class HubFeed(Protocol):
    """What a hub keeps of the feed. Blocking calls; each may raise `Refused`."""

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """Rows of `sync.contract.feed.HUB_KINDS` after the centre's own cursor; 410 `cursor_gone`
        for one that this hub cannot go on from."""
        ...

    def bundle(self, sequence: int) -> SignedBundle | None:
        """A bundle that this hub has."""
        ...

    def snapshot(self, caller: Caller, format_number: int) -> SnapshotInfo:
        """A file of everybody's rows, made of the hub's own cache."""
        ...

    def snapshot_file(self, caller: Caller, snapshot_id: str) -> Path:
        """A file that was handed out before."""
        ...


def add_hub_feed(app: FastAPI, keys: KeyRing, hub: HubFeed) -> None:
    """The routes over a hub's feed, for the registers that `keys` knows."""

    async def caller_of(request: Request) -> Caller:
        return await authenticate(keys, request, await read_body(request))

    @app.get("/v1/feed")
    async def feed(
        request: Request,
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_FEED_ROWS)] = 500,
    ) -> Response:
        """State rows after a cursor; 410 when the centre has to be asked."""
        caller = await caller_of(request)
        page = await run_in_threadpool(hub.feed, caller, cursor, limit)
        return await run_in_threadpool(packed, request, page)

    @app.get("/v1/bundles/{sequence}")
    async def bundle(request: Request, sequence: Sequence53) -> Response:
        """The exact bytes of a bundle, its signature in the headers."""
        await caller_of(request)
        return bundle_answer(await run_in_threadpool(hub.bundle, sequence), sequence)

    @app.get("/v1/snapshot")
    async def snapshot(
        request: Request, format: Annotated[int, Query(ge=1, le=1_000_000)]
    ) -> Response:
        """Which file holds every row up to a cursor."""
        caller = await caller_of(request)
        return packed(request, await run_in_threadpool(hub.snapshot, caller, format))

    @app.get("/v1/snapshots/{snapshot_id}")
    async def snapshot_file(
        request: Request, snapshot_id: Annotated[str, InPath(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    ) -> Response:
        """The file's bytes; `Range` goes on where a download was cut."""
        caller = await caller_of(request)
        path = await run_in_threadpool(hub.snapshot_file, caller, snapshot_id)
        return FileResponse(path, media_type="application/octet-stream")
