"""Routes about members at the till: a new one, and another card."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field

from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Answer, Request, named
from edge_agent.api.writes import Call, Writes
from edge_agent.member_desk import MemberDesk
from edge_agent.member_views import MemberCard
from edge_agent.shift.approvals import Approvals
from sync.contract.basket_models import Short

MemberId = Annotated[int, Path(gt=0, lt=2**53)]


class JoinIn(Request):
    """What the buyer gave, phone and name at least, and that they agreed to it."""

    phone: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    birthday: Annotated[str, Field(max_length=10)] = ""
    agreed: Annotated[bool, Field(strict=True)]


class JoinOut(Answer):
    """The new member's card (`joined`), or that of the member whose phone it is (`known`)."""

    state: str
    member: MemberCard | None


class CardIn(Request):
    """The new card as it was scanned, and why; may need a senior's word (`act` `card`)."""

    code: Annotated[str, Field(min_length=1, max_length=512)]
    reason: Annotated[str, Field(max_length=200)]
    approval: Short = ""


class CardOut(Answer):
    """The member after the change."""

    member: MemberCard


def routes(members: MemberDesk, approvals: Approvals, writes: Writes) -> APIRouter:
    """The router over one desk."""
    router = APIRouter(prefix="/v1/members", tags=["members"], route_class=LateRoute)

    @router.post("", response_model=JoinOut)
    def join(body: JoinIn, call: Call) -> Response:
        """Make the buyer a member; they are on the open sale then. 503 without the centre."""

        def work() -> JoinOut:
            joined = members.join(body.phone, body.name, body.birthday, body.agreed)
            return named(JoinOut(state=joined.state, member=joined.member), body)

        return writes.run(call, work)

    @router.post("/{member_id}/card", response_model=CardOut)
    def give_card(member_id: MemberId, body: CardIn, call: Call) -> Response:
        """Give a member another card; the earlier ones lead nowhere. 503 without the centre."""

        def work(by: str) -> MemberCard:
            return members.give_card(member_id, body.code, body.reason, by)

        def allowed() -> CardOut:
            card = approvals.run("card", str(member_id), body.approval, work)
            return named(CardOut(member=card), body)

        return writes.run(call, allowed)

    return router
