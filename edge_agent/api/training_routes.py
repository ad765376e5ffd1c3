"""Routes of training mode: begin, end, and whether it is on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from edge_agent.api.guard import Tokens
from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Answer, Request, named
from edge_agent.shift.approvals import Approvals
from edge_agent.training.mode import Training
from sync.contract.basket_models import Short


class TrainingIn(Request):
    """`approval` is a senior's word for `training` with the subject "" (`POST /v1/approvals`)."""

    approval: Short = ""


class TrainingOut(Answer):
    """Whether the register trains now."""

    training: bool


def routes(training: Training, approvals: Approvals, tokens: Tokens) -> APIRouter:
    """The router; both the register and its training have it."""
    router = APIRouter(prefix="/v1/training", tags=["training"], route_class=LateRoute)

    @router.get("")
    def look() -> TrainingOut:
        """Whether the register trains now."""
        return TrainingOut(training=training.is_on)

    @router.post("/enter")
    def enter(
        body: TrainingIn, authorization: Annotated[str, Header(include_in_schema=False)] = ""
    ) -> TrainingOut:
        """Begin; 409 while a sale is open. From the screen it needs a senior's word; whoever holds
        the register's own token (the command line, the POS) answers for it."""
        if tokens.is_registers_own(authorization.partition(" ")[2]):
            training.enter()
        else:
            approvals.run("training", "", body.approval, lambda _by: training.enter())
        return named(TrainingOut(training=True), body)

    @router.post("/leave")
    def leave(body: Request) -> TrainingOut:
        """End; everything done meanwhile is gone."""
        training.leave()
        return named(TrainingOut(training=False), body)

    return router
