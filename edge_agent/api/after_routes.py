"""Routes beside and after a sale: parking, the POS's own paper, another member, receipts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from edge_agent.after_sale import AfterSale, Listed, SaleBrief
from edge_agent.api.late_route import LateRoute
from edge_agent.api.models import (
    Answer,
    ApprovalId,
    ForeignReturnIn,
    IdentityIn,
    Request,
    ReturnOut,
    ReturnPreviewIn,
    named,
)
from edge_agent.api.sales import SaleId, given_member, uuid_of
from edge_agent.api.writes import Call, Writes
from edge_agent.desk import Desk
from edge_agent.errors import Conflict
from edge_agent.till import Till
from edge_agent.usecases.find_sold import Receipt
from edge_agent.usecases.reassign_sale import Reassign
from edge_agent.usecases.return_foreign import ForeignReturn
from edge_agent.usecases.return_sale import ReturnSale
from edge_agent.views import SaleView
from sync.contract.basket_models import Short


class ParkIn(Request):
    """A word by which the cashier finds the sale again."""

    note: Short = ""


class PrintResultIn(Request):
    """What became of the receipt that the POS printed, and its fiscal number where it has one."""

    verdict: Literal["printed", "not_printed", "unknown"]
    fiscal_number: Short = ""
    reason: Annotated[str, Field(max_length=80)] = ""


class ReassignIn(Request):
    """Whose the sale is, why, and which supervisor said so: a name alone counts only where the
    centre has sent no list of staff, else `approval` does, or a senior who is signed in."""

    identity: IdentityIn
    reason: Annotated[str, Field(min_length=1, max_length=120)]
    supervisor: Annotated[str, Field(max_length=40)] = ""
    approval: ApprovalId = ""


class ReceiptSearchIn(Request):
    """A receipt's fiscal number, its QR or the sale's id; or the member whose receipts to list."""

    receipt: Annotated[str, Field(max_length=512)] = ""
    identity: IdentityIn | None = None


class ReceiptsOut(Answer):
    """Receipts found, newest first."""

    receipts: list[Receipt]


def routes(till: Till, after: AfterSale, desk: Desk, writes: Writes) -> APIRouter:
    """The router over one register."""
    router = APIRouter(prefix="/v1", tags=["sales"], route_class=LateRoute)
    _parking_routes(router, after, writes)
    _later_routes(router, till, after, desk, writes)
    _return_routes(router, till, after, desk, writes)
    return router


def _parking_routes(router: APIRouter, after: AfterSale, writes: Writes) -> None:
    @router.get("/sales")
    def list_sales(state: Annotated[Listed, Query()] = "open") -> list[SaleBrief]:
        """Open, parked, or abandoned sales (closed by rule within 7 days), touched last first."""
        return after.listed(state)

    @router.post("/sales/{sale_id}/park", response_model=SaleView)
    def park(sale_id: SaleId, body: ParkIn, call: Call) -> Response:
        """Put an open sale aside; an approved redemption is given back."""
        return writes.run(call, lambda: named(after.park(uuid_of(sale_id), body.note), body))

    @router.post("/sales/{sale_id}/resume", response_model=SaleView)
    def resume(sale_id: SaleId, body: Request, call: Call) -> Response:
        """Take a parked sale up again, priced as of now."""
        return writes.run(call, lambda: named(after.resume(uuid_of(sale_id)), body))


def _later_routes(
    router: APIRouter, till: Till, after: AfterSale, desk: Desk, writes: Writes
) -> None:
    @router.post("/sales/{sale_id}/print-result", response_model=SaleView)
    def print_result(sale_id: SaleId, body: PrintResultIn, call: Call) -> Response:
        """Where the POS prints: what became of the paper. `printed` is the last word."""

        def work() -> SaleView:
            view = after.printed_by_pos(
                uuid_of(sale_id), body.verdict, body.fiscal_number, body.reason
            )
            return named(view, body)

        return writes.run(call, work, durable=True)

    @router.post("/sales/{sale_id}/reassign", response_model=SaleView)
    def reassign(sale_id: SaleId, body: ReassignIn, call: Call) -> Response:
        """Give a confirmed sale to another member within the shift; answers with its new life."""

        known = uuid_of(sale_id)

        def work(by: str) -> SaleView:
            member, how = given_member(desk, body.identity)
            ids = (known, till.new_id(), till.new_id())
            command = Reassign(*ids, member, how, body.reason, by or body.supervisor)
            return named(after.reassign(command), body)

        return writes.run(
            call, lambda: after.allowed("reassign", known, body.approval, work), durable=True
        )


def _return_routes(
    router: APIRouter, till: Till, after: AfterSale, desk: Desk, writes: Writes
) -> None:
    @router.post("/receipts/search")
    def find_receipts(body: ReceiptSearchIn) -> ReceiptsOut:
        """Receipts that goods may come back from: this register's, and by QR or member those of
        others that the centre knows."""
        if not body.receipt.strip() and body.identity is None:
            raise Conflict("unknown_receipt", "say a receipt or a member")
        identity = body.identity if not body.receipt.strip() else None
        member_id = given_member(desk, identity)[0].member_id if identity else None
        return named(ReceiptsOut(receipts=after.sold(body.receipt, member_id)), body)

    @router.post("/sales/{sale_id}/returns/preview")
    def preview(sale_id: SaleId, body: ReturnPreviewIn) -> ReturnOut:
        """What a return would give back in money and points; nothing is written."""
        command = ReturnSale(
            till.new_id(), uuid_of(sale_id), till.new_id(), body.reason, body.wanted()
        )
        shown = ReturnOut.model_validate(after.preview(command) | {"state": "preview"})
        return named(shown, body)

    @router.post("/sales/{sale_id}/returns/foreign", response_model=ReturnOut)
    def foreign(sale_id: SaleId, body: ForeignReturnIn, call: Call) -> Response:
        """Take back goods of another register's sale while the centre does not tell of it: lines
        and quantities, or all that is left. The centre settles the points, once it has the sale."""

        def work() -> ReturnOut:
            command = ForeignReturn(
                body.return_id,
                uuid_of(sale_id),
                body.refund_minor,
                body.paid(),
                body.reason,
                body.wanted(),
            )
            given_back = after.give_back_foreign(command, body.approval)
            return named(ReturnOut.model_validate(given_back), body)

        def again() -> ReturnOut:
            return named(ReturnOut.model_validate(after.returned(body.return_id)), body)

        return writes.run(call, work, durable=True, again=again)
