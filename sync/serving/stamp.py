"""Every answer, a refusal too, says what time it is here and which contract is spoken."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.contract.messages import CONTRACT_VERSION
from sync.contract.signing import HEADER_CONTRACT, HEADER_TIME
from sync.serving.port import Server


class StampedAnswers:
    """ASGI wrapper that adds the headers; streams pass through it unbuffered."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self._app = app
        self._server = server
        self._contract = (HEADER_CONTRACT.lower().encode(), str(CONTRACT_VERSION).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = (HEADER_TIME.lower().encode(), self._server.server_time().encode())
                message["headers"] = [*message.get("headers", ()), now, self._contract]
            await send(message)

        await self._app(scope, receive, stamped)
