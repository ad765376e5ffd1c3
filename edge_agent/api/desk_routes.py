"""Routes of the register itself: status, state, events, scans, the panel's own sale and login."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from edge_agent.api.guard import Tokens
from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import (
    Answer,
    ChoiceIn,
    DialogIn,
    GoodIn,
    QuantityIn,
    Request,
    ScanIn,
    SessionIn,
    named,
)
from edge_agent.api.writes import Call, Writes
from edge_agent.broadcast import Broadcast
from edge_agent.desk import Desk
from edge_agent.errors import AgentError
from edge_agent.ledger.storage import StorageState
from edge_agent.panel_state import PanelState, screen_json
from edge_agent.scanner_report import ScannerOut
from edge_agent.views import SaleView

HEARTBEAT_S = 15.0


class LinkOut(Answer):
    """Path and fragment of a one-time panel link, valid for a minute."""

    path: str


class SessionOut(Answer):
    """A token for the panel's memory."""

    token: str


class ScanOut(Answer):
    """What a typed or passed-on code is."""

    kind: str
    masked: str
    reason: str


class ScansOut(Answer):
    """Whether scans wait now."""

    held: bool


class GoodOut(BaseModel):
    """A good for the search list."""

    sku: str
    name: str
    unit: str
    unit_price_minor: int


class RetryOut(Answer):
    """Quarantined facts that will be sent again."""

    facts: int


class BadLink(AgentError):
    """The panel link was used, is too old or never existed."""

    status = 403


class HubOut(BaseModel):
    """The store's hub, where the settings have one; see `edge_agent.hub.state.HubState`."""

    role: Literal["none", "hub", "peer", "stranger"]
    hub: str
    term: int
    until: str
    island: Literal["none", "store", "alone"]
    problem: str
    is_fenced: bool
    members_lent: int
    claims: int
    copies: int
    feed: Literal["centre", "hub", "kept", "behind"] = "centre"
    fed: int = 0
    stand_in: str = ""
    stands_for: str = ""


class StatusOut(BaseModel):
    """The register at a glance, for people and scripts."""

    agent_version: str
    register_id: str
    store_id: str
    epoch: int
    pid: int
    online: bool
    since: str
    last_error: str
    outbox_pending: int
    quarantined: int
    last_seq: int
    ruleset_active: int
    ruleset_downloaded: int
    ruleset_refused: str
    clock_source: str
    clock_offset_ms: int
    devices: dict[str, str]
    members: int
    goods: int
    balance_as_of: str
    storage: StorageState
    reserve_bytes: int
    ledger_check: str
    ledger_checked_at: str
    ledger_faults: int
    panel_url: str
    head: str = ""
    scanner: ScannerOut | None = None
    hub: HubOut | None = None
    training: bool = False


def routes(
    desk: Desk,
    broadcast: Broadcast,
    tokens: Tokens,
    writes: Writes,
    status: Callable[[], StatusOut],
    search: Callable[[str, int], list[GoodOut]],
    retry_facts: Callable[[], int],
) -> APIRouter:
    """The router over one desk."""
    router = APIRouter(prefix="/v1", tags=["register"], route_class=LateRoute)

    @router.post("/outbox/retry")
    def retry_outbox(body: Request) -> RetryOut:
        """Offer the quarantined facts to the centre again."""
        return named(RetryOut(facts=retry_facts()), body)

    _look(router, desk, broadcast, status, search)
    _panel(router, desk, tokens, writes)
    _scans(router, desk)
    return router


def _look(
    router: APIRouter,
    desk: Desk,
    broadcast: Broadcast,
    status: Callable[[], StatusOut],
    search: Callable[[str, int], list[GoodOut]],
) -> None:
    @router.get("/status")
    def get_status() -> StatusOut:
        """Connection, queue, rules, clock and devices."""
        return status().model_copy(update={"scanner": desk.scans.report.out()})

    @router.get("/state")
    def get_state() -> PanelState:
        """The screen's state as of now."""
        return desk.state()

    @router.get("/goods")
    def find_goods(
        q: Annotated[str, Query(min_length=2, max_length=60)],
        limit: Annotated[int, Query(ge=1, le=20)] = 8,
    ) -> list[GoodOut]:
        """Goods whose name, SKU or bar code fits."""
        return search(q, limit)

    @router.get("/events")
    async def events(
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> StreamingResponse:
        """Server-sent events: `state`, `sale`, `scan`; resumes after `Last-Event-ID`."""
        return StreamingResponse(
            _stream(desk, broadcast, last_event_id), media_type="text/event-stream"
        )


async def _stream(desk: Desk, broadcast: Broadcast, after_id: int | None) -> AsyncIterator[bytes]:
    listener = broadcast.listen(asyncio.get_running_loop(), after_id)
    try:
        first = await asyncio.to_thread(desk.state)
        yield f"event: state\ndata: {screen_json(first)}\n\n".encode()
        while not listener.is_dropped:
            event = await listener.get(HEARTBEAT_S)
            if event is None:
                yield b": alive\n\n"
                continue
            yield f"id: {event.event_id}\nevent: {event.kind}\ndata: {event.data}\n\n".encode()
    finally:
        broadcast.leave(listener)


def _scans(router: APIRouter, desk: Desk) -> None:
    @router.post("/scan")
    def scan(body: ScanIn) -> ScanOut:
        """Treat a code as if it had been scanned: a member, a good of the panel's sale, or not."""
        found = desk.scanned(body.code, body.symbology, body.source)
        heard = ScanOut(kind=found.kind, masked=found.masked, reason=found.reason)
        return named(heard, body)

    @router.post("/panel/dialog")
    def dialog(body: DialogIn) -> ScansOut:
        """Hold scans while a question stands on the screen, and deliver them after it."""
        takes = body.takes()
        desk.scans.question(body.is_open, takes)
        return named(ScansOut(held=body.is_open and not takes), body)

    @router.post("/panel/choice")
    def choose(body: ChoiceIn) -> PanelState:
        """Say which of the choices on the screen was scanned."""
        desk.choose(body.place)
        return desk.state()


def _panel(router: APIRouter, desk: Desk, tokens: Tokens, writes: Writes) -> None:
    @router.post("/panel/links")
    def new_link(body: Request) -> LinkOut:
        """A link that opens the panel once; the code stands in the fragment, never in a query."""
        return named(LinkOut(path=f"/panel/#{tokens.new_link()}"), body)

    @router.post("/panel/sessions")
    def new_session(body: SessionIn) -> SessionOut:
        """Exchange a link's code for a token that lives in the page's memory."""
        token = tokens.exchange(body.code)
        if token is None:
            raise BadLink("bad_link", "the link was used or is older than a minute")
        return named(SessionOut(token=token), body)

    @router.post("/panel/sale", response_model=SaleView)
    def begin(body: Request, call: Call) -> Response:
        """Open the panel's own sale, with the waiting member."""
        return writes.run(call, lambda: named(desk.begin(), body))

    @router.post("/panel/goods", response_model=SaleView)
    def add_good(body: GoodIn, call: Call) -> Response:
        """Add a good by bar code or SKU."""
        return writes.run(call, lambda: named(desk.add_good(body.code, body.qty_milli), body))

    @router.patch("/panel/lines/{line_id}", response_model=SaleView)
    def set_quantity(line_id: str, body: QuantityIn, call: Call) -> Response:
        """Change a line's quantity; 0 removes it."""
        return writes.run(call, lambda: named(desk.set_quantity(line_id, body.qty_milli), body))

    @router.post("/panel/sales/{sale_id}/replace-member", response_model=SaleView)
    def replace_member(sale_id: str, body: Request, call: Call) -> Response:
        """Give the sale to the member who was scanned second."""
        return writes.run(call, lambda: named(desk.replace_member(sale_id), body))
