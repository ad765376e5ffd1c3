"""Routes of the buyer's display: its link for the till, its state for itself, nothing else.

The display's own session is let in at the two reading routes here and nowhere else; see
`edge_agent.api.guard` and ADR 0042."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from edge_agent.api.desk_routes import LinkOut
from edge_agent.api.guard import Tokens
from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Request, named
from edge_agent.broadcast import Broadcast
from edge_agent.customer_state import CustomerDesk, CustomerState
from edge_agent.desk import Desk
from edge_agent.panel_state import screen_state

HEARTBEAT_S = 15.0
CLOSING_S = 1.0
"""Time between two looks while something on the display ends by itself."""


def routes(desk: Desk, customer: CustomerDesk, broadcast: Broadcast, tokens: Tokens) -> APIRouter:
    """The router over one desk."""
    router = APIRouter(prefix="/v1/customer", tags=["customer"], route_class=LateRoute)

    @router.post("/links")
    def new_link(body: Request) -> LinkOut:
        """A link that opens the buyer's display once; its session reads this display only."""
        return named(LinkOut(path=f"/panel/customer/#{tokens.new_link('customer')}"), body)

    @router.get("/state")
    def get_state() -> CustomerState:
        """What the buyer's display shows now."""
        return customer.state(desk.state())

    @router.get("/events")
    async def events() -> StreamingResponse:
        """Server-sent events `state`: the first at once, then one for each change."""
        return StreamingResponse(_stream(desk, customer, broadcast), media_type="text/event-stream")

    return router


async def _stream(desk: Desk, customer: CustomerDesk, broadcast: Broadcast) -> AsyncIterator[bytes]:
    listener = broadcast.listen(asyncio.get_running_loop(), None)
    shown: CustomerState | None = None
    try:
        seen = await asyncio.to_thread(desk.state)
        while not listener.is_dropped:
            now = customer.state(seen)
            if shown is None or _differs(now, shown):
                shown = now
                yield f"event: state\ndata: {now.model_dump_json()}\n\n".encode()
            ends = now.phase in ("done", "hello")
            event = await listener.get(CLOSING_S if ends else HEARTBEAT_S)
            if event is None:
                yield b": alive\n\n"
            elif event.kind == "state":
                seen = screen_state(event.data)
    finally:
        broadcast.leave(listener)


def _differs(now: CustomerState, shown: CustomerState) -> bool:
    same = {"at": shown.at, "revision": shown.revision}
    return now.model_copy(update=same) != shown
