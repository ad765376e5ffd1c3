"""Bring goods of a sale back, whole or in part: money and points move by its frozen shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import PrintJobRow, ReturnRow, SaleRow, UnitOfWork
from edge_agent.usecases.compose_receipt import dump_document, load_document
from edge_agent.usecases.compose_return import return_document
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.sold_sale import Told, all_returns, bodies_of
from edge_agent.usecases.spendable import shown_balance
from loyalty.errors import InvalidReturn
from loyalty.ids import parse_uuid
from loyalty.returns import Refund, take_back
from loyalty.spent_points import Settled, settle_points
from sync.contract.messages import WireReturnLine, WireSale, WireSaleReturn, WireTender
from sync.contract.sold import given_of, sold_of


@dataclass(frozen=True, slots=True)
class ReturnSale:
    """Return goods of one sale: thousandths per line, or all that is left."""

    return_id: str
    sale_id: str
    job_id: str
    reason: str = ""
    lines: Mapping[str, int] | None = None


def return_sale(
    uow: UnitOfWork, ctx: RegisterContext, command: ReturnSale, told: Told | None = None
) -> dict[str, Any]:
    """Write the return; asked again under the same id, it answers the same.

    Money goes back by the means it came, less the change; redeemed bonuses are restored and
    earned ones reversed at the centre, lot by lot. What the centre has `told` counts beside this
    register's own returns; without it a sale of another register is not known. Its paper is the
    POS's. Raises `InvalidReturn` for goods that were not sold, or not so many."""
    return_id = parse_uuid(command.return_id, "return_id")
    sale_id = present_life(uow, command.sale_id)
    if told is not None and uow.sale(sale_id) is None:
        sale_id = told.sale.sale_id
    known = uow.sale_return(return_id)
    if known is not None:
        if known.sale_id != sale_id:
            raise Conflict("return_id_used", "this return id belongs to another sale")
        return result_of(known)
    row = _returnable(uow, sale_id, told)
    sale = WireSale.model_validate_json(row.document or "{}") if row else _foreign(told)
    refund, is_first = _taken_back(uow, ctx, sale, command.lines, told)
    settled = _settled(uow, ctx, sale, refund, told)
    now = ctx.clock.stamp()
    prints = ctx.prints and row is not None
    body = _body(prints, sale, return_id, settled, refund, is_first, command.reason, now)
    fact = uow.append_fact("sale_return", body.model_dump(mode="json"), now)
    state: Literal["committed", "posted"] = "committed" if prints else "posted"
    saved = ReturnRow(return_id, sale.sale_id, state, body.model_dump_json())
    uow.save_return(saved, now)
    if row is not None and prints:
        _queue_paper(uow, ctx, row, sale, settled, body, command.job_id)
    else:
        post_return(uow, saved, fact, now)
    return result_of(saved)


def _taken_back(
    uow: UnitOfWork,
    ctx: RegisterContext,
    sale: WireSale,
    lines: Mapping[str, int] | None,
    told: Told | None,
) -> tuple[Refund, bool]:
    earlier = all_returns(uow.returns_of(sale.sale_id), told)
    sold = sold_of(sale)
    try:
        refund = take_back(sold, lines, ctx.cash_step_minor, given_of(sold, earlier))
    except InvalidReturn as error:
        if error.code == "already_returned":
            raise Conflict(error.code, f"sale {sale.sale_id} was returned before") from None
        raise
    return refund, not earlier


def _settled(
    uow: UnitOfWork, ctx: RegisterContext, sale: WireSale, refund: Refund, told: Told | None
) -> Settled:
    """Earned points by the programme's policy. A member that neither this register nor the centre
    knows of is settled there: below zero, if it must be."""
    member = ctx.members.member(sale.member_id) if sale.member_id is not None else None
    balance = told.balance_points if told else None
    if member is None and balance is None:
        return Settled(refund, refund.accrual_points)
    return settle_points(
        refund,
        available_points=shown_balance(uow, ctx, member) if member else balance or 0,
        policy=ctx.programme.spent_points,
        minor_per_bonus=ctx.programme.minor_per_bonus,
        cash_step_minor=ctx.cash_step_minor,
    )


def _body(
    prints: bool,
    sale: WireSale,
    return_id: str,
    settled: Settled,
    refund: Refund,
    is_first: bool,
    reason: str,
    now: str,
) -> WireSaleReturn:
    is_whole = is_first and refund.is_complete and settled.reversed_points == refund.accrual_points
    return WireSaleReturn(
        version=1 if is_whole else 2,
        return_id=return_id,
        sale_id=sale.sale_id,
        member_id=sale.member_id,
        refund_minor=settled.refund.refund_minor,
        restored_points=refund.restored_points,
        reversed_points=settled.reversed_points,
        tenders=[
            WireTender(kind=item.kind, amount_minor=item.amount_minor, reference=item.reference)
            for item in settled.refund.tenders
        ],
        reason=reason[:200],
        returned_at=now,
        fiscal="pending" if prints else "none",
        lines=[
            WireReturnLine(
                line_id=back.line_id,
                qty_milli=back.qty_milli,
                gross_minor=back.gross_minor,
                discount_minor=back.gross_minor - back.paid_minor - back.redeemed_minor,
                redeemed_minor=back.redeemed_minor,
                paid_minor=back.paid_minor,
                restored_points=back.redeemed_points,
                accrual_points=back.accrual_points,
            )
            for back in refund.lines
        ],
        rounding_minor=refund.rounding_minor,
        cash_minor=refund.cash_minor,
        is_complete=refund.is_complete,
        withheld_minor=settled.withheld_minor,
        withheld_points=settled.withheld_points,
        written_off_points=settled.written_off_points,
    )


def present_life(uow: UnitOfWork, sale_id: str) -> str:
    """The id under which a sale stands now: it may have been given to another member since."""
    row = uow.sale(sale_id)
    moved = json.loads(row.result).get("reassigned_to") if row is not None and row.result else None
    return present_life(uow, str(moved)) if moved else sale_id


def _returnable(uow: UnitOfWork, sale_id: str, told: Told | None) -> SaleRow | None:
    """The row of an own sale; None for another register's that the centre has told."""
    row = uow.sale(sale_id)
    if row is None and told is not None:
        return None
    if row is None:
        raise NotFound("unknown_sale", f"no sale {sale_id} on this register")
    if row.document is None:
        raise Conflict("not_returnable", f"sale {sale_id} is {row.state}: nothing was sold")
    if row.state == "returned":
        raise Conflict("already_returned", f"sale {sale_id} was returned before")
    if row.state != "posted":
        raise Conflict("not_returnable", f"sale {sale_id} is {row.state}; void it instead")
    return row


def _foreign(told: Told | None) -> WireSale:
    if told is None:
        raise AssertionError("a sale without a row was told by the centre")
    return told.sale


def _queue_paper(
    uow: UnitOfWork,
    ctx: RegisterContext,
    row: SaleRow,
    sale: WireSale,
    settled: Settled,
    body: WireSaleReturn,
    job_id: str,
) -> None:
    sold = next(job for job in uow.print_jobs_of(row.sale_id) if job.state == "printed")
    member = ctx.members.member(body.member_id) if body.member_id is not None else None
    balance = None
    if member is not None:
        balance = shown_balance(uow, ctx, member) + body.restored_points - body.reversed_points
    document = return_document(
        load_document(sold.document), sale, settled, body, sold.fiscal_number, balance, ctx.locale
    )
    uow.add_print_job(
        PrintJobRow(
            job_id,
            body.return_id,
            "return",
            "queued",
            dump_document(document),
            0,
            "",
            "",
            body.returned_at,
        )
    )


def post_return(uow: UnitOfWork, row: ReturnRow, fact: tuple[int, int], now: str) -> None:
    """The return counts: points move, and the sale is over once everything is back and posted.

    `fact` is the one after which the centre's balances contain it."""
    uow.save_return(ReturnRow(row.return_id, row.sale_id, "posted", row.document), now)
    body = WireSaleReturn.model_validate_json(row.document)
    if body.member_id is not None:
        uow.add_effect(body.member_id, fact, body.reversed_points - body.restored_points, 0)
    returns = uow.returns_of(row.sale_id)
    is_over = any(each.is_complete for each in bodies_of(returns))
    if is_over and all(each.state == "posted" for each in returns):
        uow.close_sale(row.sale_id, "returned", now)


def result_of(row: ReturnRow) -> dict[str, Any]:
    """What a stored return gives back."""
    body = json.loads(row.document)
    return {
        "return_id": row.return_id,
        "sale_id": row.sale_id,
        "state": row.state,
        **{name: body.get(name, default) for name, default in _SHOWN.items()},
    }


def first_result(uow: UnitOfWork, return_id: str) -> dict[str, Any]:
    """What a return gave back when it was written: its paper may be out by now.

    Raises `NotFound` (`unknown_sale`)."""
    row = uow.sale_return(parse_uuid(return_id, "return_id"))
    if row is None:
        raise NotFound("unknown_sale", f"no return {return_id} on this register")
    body = WireSaleReturn.model_validate_json(row.document)
    return result_of(row) | {"state": "committed" if body.fiscal == "pending" else "posted"}


_SHOWN: dict[str, Any] = {
    "refund_minor": 0,
    "rounding_minor": 0,
    "restored_points": 0,
    "reversed_points": 0,
    "withheld_minor": 0,
    "withheld_points": 0,
    "written_off_points": 0,
    "is_complete": True,
    "tenders": [],
    "lines": [],
}
