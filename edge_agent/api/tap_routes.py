"""The route of the tap between the POS and its receipt printer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Request
from edge_agent.tap_desk import TapDesk


class TapIn(Request):
    """A receipt that is being printed: its total in kopecks and the characters of a line."""

    total_minor: Annotated[int, Field(strict=True, ge=0, le=100_000_000_000)]
    width: Annotated[int, Field(strict=True, ge=16, le=64)]
    receipt: Annotated[str, Field(min_length=1, max_length=64)]


class TapOut(BaseModel):
    """What to add before the cut; nothing when the total is no sale of ours."""

    lines: list[str]
    qr: str


def routes(desk: TapDesk) -> APIRouter:
    """The router over one desk."""
    router = APIRouter(prefix="/v1", tags=["paper"], route_class=LateRoute)

    @router.post("/tap/lines")
    def tap_lines(body: TapIn) -> TapOut:
        """Lines for the receipt of the sale confirmed last, once, within two minutes."""
        lines, qr = desk.lines(body.total_minor, body.width, body.receipt)
        return TapOut(lines=list(lines), qr=qr)

    return router
