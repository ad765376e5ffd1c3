"""Who answers the local API and speaks to the screens: the register, or its training."""

from __future__ import annotations

import threading
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_agent.broadcast import Broadcast

LEAVE_S: Final = 10.0
"""How long calls that were under way may take to end before a change is given up."""
_APART: Final = ("/v1/training", "/v1/events", "/v1/customer/events")
_WRITING: Final = ("POST", "PUT", "PATCH", "DELETE")


class Stage:
    """Which application plays now, and how many calls are under way in it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._training: ASGIApp | None = None
        self._under_way = 0

    @property
    def is_training(self) -> bool:
        """Whether a training answers."""
        return self._training is not None

    def play(self, training: ASGIApp | None) -> bool:
        """Let a training answer, or None: the register. True when all calls that had begun before
        have ended; new ones come to the new application at once."""
        with self._changed:
            self._training = training
            return self._changed.wait_for(lambda: self._under_way == 0, LEAVE_S)

    def enter(self, path: str) -> ASGIApp | None:
        """A call begins: the training that answers it, None for the register."""
        with self._changed:
            self._under_way += not path.startswith(_APART)
            return self._training

    def left(self, path: str) -> None:
        """A call has ended."""
        with self._changed:
            self._under_way -= not path.startswith(_APART)
            self._changed.notify_all()


class Door:
    """The outermost middleware of the register's application: each call goes to who plays."""

    def __init__(self, app: ASGIApp, stage: Stage) -> None:
        self._app = app
        self._stage = stage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the register or with its training."""
        path = scope.get("path", "")
        training = self._stage.enter(path)
        try:
            if training is None:
                await self._app(scope, receive, send)
            else:
                await training(scope, receive, Marked(scope, send))
        finally:
            self._stage.left(path)


class Marked:
    """Says `"training": true` in every answer to a write, refusals as well."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._is_write = scope["type"] == "http" and scope["method"] in _WRITING
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Pass on; the answer to a write when it is whole."""
        if not self._is_write:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._whole(self._start)
        else:
            await self._send(message)

    async def _whole(self, start: Message) -> None:
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        kind = next((value for name, value in headers if name == b"content-type"), b"")
        body = marked(self._body) if b"json" in kind else self._body
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def marked(body: bytes) -> bytes:
    """A JSON object with the mark in front; anything else as it is."""
    if not body.startswith(b"{") or body.startswith(b'{"training":'):
        return body
    return b'{"training":true' + (b"," if body[1:2] != b"}" else b"") + body[1:]


class Voice(Broadcast):
    """The register's own voice on the one broadcast; silent while its training speaks there."""

    def __init__(self, broadcast: Broadcast) -> None:
        super().__init__()
        self._broadcast = broadcast
        self.is_muted = False

    @property
    def is_heard(self) -> bool:
        """Somebody listens now, and may hear this."""
        return not self.is_muted and self._broadcast.is_heard

    def publish(self, kind: str, data: str) -> None:
        """Send to every listener, unless muted."""
        if not self.is_muted:
            self._broadcast.publish(kind, data)

    def next_revision(self) -> int:
        """States of register and training follow one another in one order."""
        return self._broadcast.next_revision()
