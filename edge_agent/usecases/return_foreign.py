"""Take back goods of a sale that another register made, while the centre does not tell of it.

This register does not know the sale's shares. Its fact names lines and quantities, or says that
everything the sale has left is undone; the centre, which has the sale or will have it, moves the
points, never over what the sale did. So it works before the other register has sent its sale.
What the goods had earned leaves the account below zero where it is spent: nothing could be
withheld from a refund whose points nobody knew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.errors import Conflict
from edge_agent.ports import ReturnRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.return_sale import result_of
from edge_agent.usecases.sold_sale import bodies_of
from loyalty.basket import Tender
from loyalty.ids import parse_uuid
from sync.contract.messages import WireReturnLine, WireSaleReturn, WireTender


@dataclass(frozen=True, slots=True)
class ForeignReturn:
    """The refund as the POS made it, kopecks; the means sum to it. `lines` are thousandths by
    line, None for all that is left."""

    return_id: str
    sale_id: str
    refund_minor: int
    tenders: tuple[Tender, ...]
    reason: str = ""
    lines: Mapping[str, int] | None = None


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
    earlier = bodies_of(uow.returns_of(command.sale_id))
    if any(each.is_complete for each in earlier):
        raise Conflict("already_returned", f"sale {command.sale_id} was returned before")
    if sum(tender.amount_minor for tender in command.tenders) != command.refund_minor:
        raise Conflict("refund_differs", "the means of the refund do not sum to it")
    now = ctx.clock.stamp()
    body = WireSaleReturn(
        version=1 if command.lines is None else 3,
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
        lines=[_goods(line_id, qty) for line_id, qty in (command.lines or {}).items()],
        is_complete=command.lines is None,
    )
    uow.append_fact("sale_return", body.model_dump(mode="json"), now)
    saved = ReturnRow(return_id, command.sale_id, "posted", body.model_dump_json())
    uow.save_return(saved, now)
    return result_of(saved)


def _goods(line_id: str, qty_milli: int) -> WireReturnLine:
    """A line whose figures nobody knows here."""
    return WireReturnLine(
        line_id=line_id,
        qty_milli=qty_milli,
        gross_minor=0,
        discount_minor=0,
        redeemed_minor=0,
        paid_minor=0,
    )
