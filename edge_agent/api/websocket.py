"""The events as a WebSocket, the twin of `GET /v1/events`, for POS programs that have no SSE.

A browser cannot send the Authorization header with a WebSocket, and no token belongs into an
address. So the token may come as an offered subprotocol: `loyalty.v1` and `bearer.TOKEN`; only
the first is ever answered. The protocol's code is loaded with the first WebSocket, not at start.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from edge_agent.broadcast import Broadcast, Listener
from edge_agent.desk import Desk
from edge_agent.panel_state import screen_json

SUBPROTOCOL: Final = "loyalty.v1"
BEARER: Final = "bearer."
HEARTBEAT_S: Final = 15.0
MAX_MESSAGE_BYTES: Final = 4096
FELL_BEHIND: Final = 1013
GOING_AWAY: Final = 1001


def websocket_protocol(**parts: Any) -> asyncio.Protocol:
    """What `uvicorn.Config(ws=…)` calls for each upgrade."""
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

    return WSProtocol(**parts)


def offered_token(offered: Sequence[str]) -> str:
    """The token among the subprotocols that a WebSocket offers, else ""."""
    tokens = [each[len(BEARER) :] for each in offered if each.startswith(BEARER)]
    return tokens[0] if len(tokens) == 1 else ""


def routes(desk: Desk, broadcast: Broadcast) -> APIRouter:
    """The router over one desk."""
    router = APIRouter(prefix="/v1", tags=["register"])

    @router.websocket("/events/ws")
    async def events(
        socket: WebSocket, last_event_id: Annotated[int | None, Query(ge=0)] = None
    ) -> None:
        """Each message is `{"id": …, "event": "state" | "sale" | "scan", "data": …}`."""
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        listener = broadcast.listen(asyncio.get_running_loop(), last_event_id)
        gone = asyncio.create_task(_until_gone(socket, listener))
        try:
            with suppress(WebSocketDisconnect, RuntimeError):
                await _tell(socket, desk, listener)
        finally:
            broadcast.leave(listener)
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    return router


async def _tell(socket: WebSocket, desk: Desk, listener: Listener) -> None:
    first = await asyncio.to_thread(desk.state)
    await socket.send_text(f'{{"id":null,"event":"state","data":{screen_json(first)}}}')
    while not listener.is_dropped:
        event = await listener.get(HEARTBEAT_S)
        if event is None:
            await socket.send_text('{"id":null,"event":"alive","data":{}}')
        elif event.kind == "bye":
            await socket.close(GOING_AWAY)
            return
        else:
            kind = json.dumps(event.kind)
            await socket.send_text(f'{{"id":{event.event_id},"event":{kind},"data":{event.data}}}')
    await socket.close(FELL_BEHIND)


async def _until_gone(socket: WebSocket, listener: Listener) -> None:
    """What a listener says is ignored; that it left ends its queue."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        continue
    listener.hang_up()
