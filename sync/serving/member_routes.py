"""Routes for people at the till: a new member, another card."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from sync.contract.joining import CardReply, CardRequest, JoinReply, JoinRequest
from sync.serving.port import Caller, Refused, Server

Ask = Callable[[Server, Request, Any, Any], Awaitable[Response]]


@runtime_checkable
class TakesMembers(Protocol):
    """A server that takes members in at the till; one without answers 404."""

    def join(self, caller: Caller, request: JoinRequest) -> JoinReply:
        """Make a buyer a member, or find the one they are."""
        ...

    def give_card(self, caller: Caller, request: CardRequest) -> CardReply:
        """Give a member another card in place of the earlier ones."""
        ...


def add_member_routes(app: FastAPI, server: Server, ask: Ask) -> None:
    """Both routes; `ask` authenticates, parses and answers."""

    @app.post("/v1/members")
    async def join(request: Request) -> Response:
        """A new member, from the data the buyer gave."""
        return await ask(server, request, JoinRequest, _of(server).join)

    @app.post("/v1/members/card")
    async def give_card(request: Request) -> Response:
        """Another card for a member."""
        return await ask(server, request, CardRequest, _of(server).give_card)


def _of(server: Server) -> TakesMembers:
    if not isinstance(server, TakesMembers):
        raise Refused(404, "no_such_route", "no members are taken in here")
    return server
