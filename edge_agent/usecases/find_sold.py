"""Finding the sale whose goods come back: by its receipt, or by its member."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from edge_agent.errors import NotFound
from edge_agent.ports import SaleRow, UnitOfWork
from edge_agent.usecases.drafts import load_draft
from edge_agent.usecases.return_sale import present_life
from edge_agent.usecases.sold_sale import bodies_of, given_of, sold_of
from sync.contract.messages import WireSale

SALE_QR = "LES:"
"""Before the sale's id in the QR that the POS prints for us."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TAX_QR_HOST = "cabinet.tax.gov.ua"


@dataclass(frozen=True, slots=True)
class SoldLineLeft:
    """A line of a sold receipt: thousandths sold and not yet returned, kopecks paid for it."""

    line_id: str
    sku: str
    name: str
    unit: str
    sold_milli: int
    left_milli: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A sale of this register that goods may come back from."""

    sale_id: str
    state: str
    sold_at: str
    fiscal_number: str
    member_name: str
    payable_minor: int
    redeemed_points: int
    accrual_points: int
    lines: list[SoldLineLeft]


def find_sold(uow: UnitOfWork, receipt: str, member_id: int | None) -> list[Receipt]:
    """Committed sales, newest first. `receipt` is a fiscal number, the QR of the tax service
    (`…?fn=…&id=…`), our own QR or a sale's id. Raises `NotFound` (`unknown_receipt`)."""
    rows = _by_receipt(uow, receipt.strip()) if receipt.strip() else []
    if member_id is not None and not receipt.strip():
        rows = uow.sales_of_member(member_id)
    found = [_told(uow, row) for row in rows if row.document and row.state != "voided"]
    if not found:
        raise NotFound("unknown_receipt", "no such receipt on this register")
    return found


def _by_receipt(uow: UnitOfWork, text: str) -> list[SaleRow]:
    named = _UUID.search(text.lower())
    if named is not None:
        row = uow.sale(present_life(uow, named.group()))
        return [row] if row is not None else []
    rows = uow.sales_of_paper(_number_of(text))
    # A receipt whose sale was given to another member stands under both of its lives.
    return [row for row in rows if row.state != "voided"]


def _number_of(text: str) -> str:
    """The receipt's number in the tax service's QR, else the text itself."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    if parts.hostname == _TAX_QR_HOST:
        return parse_qs(parts.query).get("id", [text])[0]
    return text


def _told(uow: UnitOfWork, row: SaleRow) -> Receipt:
    sale = WireSale.model_validate_json(row.document or "{}")
    sold = sold_of(sale)
    given = given_of(sold, bodies_of(uow.returns_of(row.sale_id)))
    plain = {line.line_id: line for line in sale.lines}
    member = load_draft(row.draft).member
    printed = [job.fiscal_number for job in uow.print_jobs_of(row.sale_id) if job.fiscal_number]
    return Receipt(
        sale_id=row.sale_id,
        state=row.state,
        sold_at=sale.occurred_at,
        fiscal_number=printed[-1] if printed else "",
        member_name=member.name if member else "",
        payable_minor=sale.payable_minor + sale.rounding_minor,
        redeemed_points=sale.redemption.points if sale.redemption else 0,
        accrual_points=sale.accrual_points,
        lines=[
            SoldLineLeft(
                line.line_id,
                plain[line.line_id].sku,
                plain[line.line_id].name,
                plain[line.line_id].unit,
                line.qty_milli,
                line.qty_milli - given.qty_milli.get(line.line_id, 0),
                line.paid_minor,
            )
            for line in sold.lines
        ],
    )
