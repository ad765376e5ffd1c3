"""Bring a whole sale back: points move by the sale's own frozen shares."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, cast

from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import PrintJobRow, ReturnRow, SaleRow, UnitOfWork
from edge_agent.usecases.compose_receipt import dump_document, load_document, return_document
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.spendable import shown_balance
from loyalty.basket import Tender, TenderKind
from loyalty.ids import parse_uuid
from loyalty.sale import Reversal, Settlement, reversal
from sync.contract.messages import WireSale, WireSaleReturn, WireTender


@dataclass(frozen=True, slots=True)
class ReturnSale:
    """Return everything of one sale of this register."""

    return_id: str
    sale_id: str
    job_id: str
    reason: str = ""


def return_sale(uow: UnitOfWork, ctx: RegisterContext, command: ReturnSale) -> dict[str, Any]:
    """Write the return; asked again under the same id, it answers the same.

    Money goes back by the means it came, less the change; redeemed bonuses are restored and
    earned ones reversed at the centre, lot by lot."""
    return_id = parse_uuid(command.return_id, "return_id")
    known = uow.sale_return(return_id)
    if known is not None:
        if known.sale_id != command.sale_id:
            raise Conflict("return_id_used", "this return id belongs to another sale")
        return _result(known)
    row = _returnable(uow, command.sale_id)
    sale = WireSale.model_validate_json(row.document or "{}")
    now = ctx.clock.stamp()
    undone = _undone(sale)
    body = WireSaleReturn(
        return_id=return_id,
        sale_id=sale.sale_id,
        member_id=sale.member_id,
        refund_minor=undone.refund_minor,
        restored_points=undone.restored_points,
        reversed_points=undone.reversed_points,
        tenders=[
            WireTender(kind=item.kind, amount_minor=item.amount_minor) for item in undone.tenders
        ],
        reason=command.reason[:200],
        returned_at=now,
        fiscal="pending" if ctx.prints else "none",
    )
    fact = uow.append_fact("sale_return", body.model_dump(mode="json"), now)
    state: Literal["committed", "posted"] = "committed" if ctx.prints else "posted"
    saved = ReturnRow(return_id, sale.sale_id, state, body.model_dump_json())
    uow.save_return(saved, now)
    if ctx.prints:
        _queue_paper(uow, ctx, row, body, command.job_id, now)
    else:
        uow.close_sale(sale.sale_id, "returned", now)
        if sale.member_id is not None:
            uow.add_effect(sale.member_id, fact, body.reversed_points - body.restored_points, 0)
    return _result(saved)


def _undone(sale: WireSale) -> Reversal:
    paid = sale.payable_minor + sale.rounding_minor
    tenders = tuple(Tender(cast(TenderKind, t.kind), t.amount_minor) for t in sale.tenders)
    change = sum(tender.amount_minor for tender in tenders) - paid
    return reversal(
        Settlement(paid, sale.rounding_minor, change, tenders),
        redeemed_points=sale.redemption.points if sale.redemption else 0,
        accrual_points=sale.accrual_points,
    )


def _returnable(uow: UnitOfWork, sale_id: str) -> SaleRow:
    row = uow.sale(sale_id)
    if row is None or row.document is None:
        raise NotFound("unknown_sale", f"no committed sale {sale_id} on this register")
    if row.state == "returned" or uow.return_of(sale_id) is not None:
        raise Conflict("already_returned", f"sale {sale_id} was returned before")
    if row.state != "posted":
        raise Conflict("not_returnable", f"sale {sale_id} is {row.state}; void it instead")
    return row


def _queue_paper(
    uow: UnitOfWork,
    ctx: RegisterContext,
    row: SaleRow,
    body: WireSaleReturn,
    job_id: str,
    now: str,
) -> None:
    sold = next(job for job in uow.print_jobs_of(row.sale_id) if job.state == "printed")
    member = ctx.members.member(body.member_id) if body.member_id is not None else None
    balance = None
    if member is not None:
        balance = shown_balance(uow, ctx, member) + body.restored_points - body.reversed_points
    document = return_document(
        load_document(sold.document),
        now,
        sold.fiscal_number,
        body.restored_points,
        body.reversed_points,
        balance,
    )
    uow.add_print_job(
        PrintJobRow(
            job_id, body.return_id, "return", "queued", dump_document(document), 0, "", "", now
        )
    )


def _result(row: ReturnRow) -> dict[str, Any]:
    body = json.loads(row.document)
    return {
        "return_id": row.return_id,
        "sale_id": row.sale_id,
        "state": row.state,
        "refund_minor": body["refund_minor"],
        "restored_points": body["restored_points"],
        "reversed_points": body["reversed_points"],
    }
