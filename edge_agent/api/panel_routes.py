"""Routes of the screen's own acts on a sale: excise stamps, and why an offer does not act."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Request, named
from edge_agent.api.sales import SaleId, uuid_of
from edge_agent.api.writes import Call, Writes
from edge_agent.codes_desk import CodesDesk
from edge_agent.codes_views import OfferView
from edge_agent.stamp_desk import StampDesk
from edge_agent.views import SaleView
from sync.contract.basket_models import Stamp


class StampIn(Request):
    """An excise stamp as it was read, for a line of the panel's sale; without `line_id` for the
    first line that lacks one."""

    stamp: Stamp
    line_id: Annotated[str, Field(max_length=64)] = ""


def routes(stamps: StampDesk, codes: CodesDesk, writes: Writes) -> APIRouter:
    """The router over the screen's desk."""
    router = APIRouter(prefix="/v1", tags=["register"], route_class=LateRoute)

    @router.get("/sales/{sale_id}/offers")
    def offers(sale_id: SaleId) -> list[OfferView]:
        """Each offer that does not act on an open sale, and why; the nearest first."""
        return codes.offers(uuid_of(sale_id))

    @router.post("/panel/stamps", response_model=SaleView)
    def add_stamp(body: StampIn, call: Call) -> Response:
        """Put an excise stamp on a line; the same stamp twice is refused."""
        return writes.run(call, lambda: named(stamps.add(body.stamp, body.line_id), body))

    return router
