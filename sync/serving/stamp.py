"""Every answer, a refusal too, says what time it is here, which contract is spoken, and how
often this register may come by routine."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.contract.messages import CONTRACT_VERSION
from sync.contract.signing import HEADER_CONTRACT, HEADER_PACE, HEADER_TIME
from sync.serving.pacer import Pacer
from sync.serving.port import TellsTime


class StampedAnswers:
    """ASGI wrapper that adds the headers; streams pass through it unbuffered."""

    def __init__(self, app: ASGIApp, server: TellsTime, pacer: Pacer) -> None:
        self._app = app
        self._server = server
        self._pacer = pacer
        self._contract = (HEADER_CONTRACT.lower().encode(), str(CONTRACT_VERSION).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = (HEADER_TIME.lower().encode(), self._server.server_time().encode())
                pace = (HEADER_PACE.lower().encode(), str(self._pacer.pace_s).encode())
                message["headers"] = [*message.get("headers", ()), now, pace, self._contract]
            await send(message)

        await self._app(scope, receive, stamped)
