"""Take back a whole sale that another register made: the reversal waits for it at the centre.

This register does not know the sale's shares. Its fact says that everything the sale has left is
undone; the centre, which has the sale or will have it, moves the points, never over what the sale
did. So it works offline, and before the other register has sent its sale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_agent.errors import Conflict
from edge_agent.ports import ReturnRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.return_sale import result_of
from loyalty.basket import Tender
from loyalty.ids import parse_uuid
from sync.contract.messages import WireSaleReturn, WireTender


@dataclass(frozen=True, slots=True)
class ForeignReturn:
    """The refund as the POS made it, kopecks; the means sum to it."""

    return_id: str
    sale_id: str
    refund_minor: int
    tenders: tuple[Tender, ...]
    reason: str = ""


def return_foreign(uow: UnitOfWork, ctx: RegisterContext, command: ForeignReturn) -> dict[str, Any]:
    """Write the reversal; asked again under the same id, it answers the same.

    Raises `Conflict`: `own_sale`, `already_returned`, `return_id_used`, `refund_differs`."""
    return_id = parse_uuid(command.return_id, "return_id")
    known = uow.sale_return(return_id)
    if known is not None and known.sale_id == command.sale_id:
        return result_of(known)
    if known is not None:
        raise Conflict("return_id_used", "this return id belongs to another sale")
    if uow.sale(command.sale_id) is not None:
        raise Conflict("own_sale", "this register made the sale: return it by its lines")
    if uow.returns_of(command.sale_id):
        raise Conflict("already_returned", f"sale {command.sale_id} was returned before")
    if sum(tender.amount_minor for tender in command.tenders) != command.refund_minor:
        raise Conflict("refund_differs", "the means of the refund do not sum to it")
    now = ctx.clock.stamp()
    body = WireSaleReturn(
        version=1,
        return_id=return_id,
        sale_id=command.sale_id,
        refund_minor=command.refund_minor,
        tenders=[
            WireTender(kind=each.kind, amount_minor=each.amount_minor, reference=each.reference)
            for each in command.tenders
        ],
        reason=command.reason[:200],
        returned_at=now,
        fiscal="none",
        cash_minor=sum(each.amount_minor for each in command.tenders if each.kind == "cash"),
    )
    uow.append_fact("sale_return", body.model_dump(mode="json"), now)
    saved = ReturnRow(return_id, command.sale_id, "posted", body.model_dump_json())
    uow.save_return(saved, now)
    return result_of(saved)
