"""Routes of the cashier's side of the tablet: show a pairing code, let every tablet go."""

from __future__ import annotations

from fastapi import APIRouter

from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Answer, Request, named
from edge_agent.errors import Conflict
from edge_agent.tablet.desk import TabletDesk


class TabletsOut(Answer):
    """How many tablets are paired now."""

    tablets: int


def routes(tablet: TabletDesk | None) -> APIRouter:
    """The router; without a `[tablet]` section every call is refused (`no_tablet`)."""
    router = APIRouter(prefix="/v1/tablet", tags=["customer"], route_class=LateRoute)

    def wanted() -> TabletDesk:
        if tablet is None:
            raise Conflict("no_tablet", "the settings have no [tablet] section")
        return tablet

    @router.post("/code")
    def show_code(body: Request) -> TabletsOut:
        """Show a new pairing code on the cashier's screen; five minutes, one tablet. 409 where
        no tablet is set up."""
        desk = wanted()
        desk.show_code()
        return named(TabletsOut(tablets=desk.pairing.tablets()), body)

    @router.post("/revoke")
    def revoke(body: Request) -> TabletsOut:
        """End every tablet's session and the code; answers how many were ended. 409 where no
        tablet is set up."""
        return named(TabletsOut(tablets=wanted().revoke()), body)

    return router
