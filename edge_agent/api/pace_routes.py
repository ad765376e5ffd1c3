"""What the cashier's screen counted of a sale: keys, acts and milliseconds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import Answer, Request, named
from edge_agent.api.sales import uuid_of
from edge_agent.clock import Clock
from edge_agent.errors import NotFound
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.screen_file import Pace, ScreenFile
from edge_agent.usecases.drafts import known_row, load_draft
from edge_agent.usecases.identified import Identification

MAX_MS = 24 * 3600 * 1000
Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Verb = Annotated[str, Field(pattern="^[A-Za-z]{1,32}$")]


class PaceIn(Request):
    """Counts of one sale: keys pressed, acts by name, and milliseconds from the first key or scan
    to the payment. Nothing that was typed."""

    sale_id: Annotated[str, Field(max_length=36)]
    keys: Count
    ms: Annotated[int, Field(strict=True, ge=0, le=MAX_MS)]
    verbs: Annotated[dict[Verb, Count], Field(max_length=64)]


class PaceOut(Answer):
    """Whether the counts were kept."""

    kept: bool


def routes(ledger: Ledger, file: ScreenFile, clock: Clock) -> APIRouter:
    """The router over the ledger, which knows the sale, and the screen's own file."""
    router = APIRouter(prefix="/v1", tags=["register"], route_class=LateRoute)

    @router.post("/panel/pace")
    def tell_pace(body: PaceIn) -> PaceOut:
        """Keep what a finished sale cost in keys and time; it stays on this register."""
        sale_id = uuid_of(body.sale_id)
        draft = ledger.unit(lambda uow: load_draft(known_row(uow, sale_id).draft), durable=False)
        if draft.origin != "panel":
            raise NotFound("unknown_sale", "no sale of the screen's own has this id")
        way = way_of(draft.identification) if draft.member else "none"
        lines = len(draft.basket.lines)
        pace = Pace(sale_id, clock.stamp(), way, lines, body.keys, body.ms, body.verbs)
        file.keep(pace, clock.now())
        return named(PaceOut(kept=True), body)

    return router


def way_of(how: Identification | None) -> str:
    """The way of identification: card, qr, purse, phone, or other."""
    if how is None:
        return "other"
    return "purse" if how.purse is not None else how.token_kind
