"""The POS says what became of the receipt that it prints itself."""

from __future__ import annotations

import json

from edge_agent.errors import Conflict
from edge_agent.ports import PrintJobRow, SaleRow, UnitOfWork
from edge_agent.usecases.compose_receipt import dump_document, sale_document
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import known_row, load_draft
from edge_agent.usecases.record_print import PaperVerdict, record_print
from edge_agent.usecases.return_sale import present_life
from loyalty.basket import Tender
from loyalty.receipt import ReceiptDocument
from loyalty.sale import Settlement
from sync.contract.messages import WireSale

CLOSED = ("committed", "posted", "returned")


def sold_document(ctx: RegisterContext, row: SaleRow) -> ReceiptDocument:
    """The receipt of a committed sale, from its rows alone: the same at any later time.

    Its QR names the sale, so that any register can take the goods back."""
    draft, sale = load_draft(row.draft), WireSale.model_validate_json(row.document or "{}")
    result = json.loads(row.result or "{}")
    if draft.quote is None:
        raise Conflict("empty_basket", "a sale needs at least one line")
    settlement = Settlement(
        result["payable_minor"],
        result["rounding_minor"],
        result["change_minor"],
        tuple(
            Tender(each.kind, each.amount_minor, each.reference)  # type: ignore[arg-type]
            for each in sale.tenders
        ),
    )
    then = ctx.as_it_was(result["mode"] == "online", result.get("data_as_of", ""))
    return sale_document(then, row.sale_id, draft, draft.quote, settlement, sale.occurred_at)


def report_print(
    uow: UnitOfWork, ctx: RegisterContext, sale_id: str, paper: PaperVerdict
) -> PrintJobRow:
    """Store the verdict under the one job of the sale's present life; `printed` is the last word.

    `paper.job_id` names the job when it is the first report. Raises `NotFound`, and `Conflict`
    (`paper_is_agents`, `sale_closed`)."""
    row = known_row(uow, present_life(uow, sale_id))
    sale_id = row.sale_id
    if ctx.prints:
        raise Conflict("paper_is_agents", "the agent prints this register's receipts")
    if row.state not in CLOSED or row.document is None:
        raise Conflict("sale_closed", f"sale {sale_id} is {row.state}: it has no receipt")
    known = next(iter(uow.print_jobs_of(sale_id)), None)
    if known is None:
        document = dump_document(sold_document(ctx, row))
        now = ctx.clock.stamp()
        job = PrintJobRow(paper.job_id, sale_id, "sale", "printing", document, 0, "", "", now)
        uow.add_print_job(job)
    elif _is_said(known, paper):
        return known
    job_id = known.job_id if known else paper.job_id
    return record_print(
        uow, ctx, PaperVerdict(job_id, paper.verdict, paper.fiscal_number, paper.reason)
    )


def _is_said(known: PrintJobRow, paper: PaperVerdict) -> bool:
    same = (known.state, known.fiscal_number) == (paper.verdict, paper.fiscal_number)
    return known.state == "printed" or same
