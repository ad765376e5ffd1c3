"""Finding the sale whose goods come back: by its receipt, or by its member."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from edge_agent.errors import NotFound
from edge_agent.ports import SaleRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import load_draft
from edge_agent.usecases.return_sale import present_life
from edge_agent.usecases.sold_sale import Told, all_returns
from sync.contract.messages import WireSale
from sync.contract.sold import given_of, sold_of

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
    """A sale that goods may come back from; money in kopecks, points in hundredths. Of another
    register's (`is_foreign`) the centre has told; its paper is the POS's."""

    sale_id: str
    state: str
    sold_at: str
    fiscal_number: str
    member_name: str
    payable_minor: int
    redeemed_points: int
    accrual_points: int
    lines: list[SoldLineLeft]
    register_id: str
    is_foreign: bool


def sale_id_in(receipt: str) -> str:
    """The sale's id in our own QR or in the text, "" when there is none."""
    named = _UUID.search(receipt.lower())
    return named.group() if named else ""


def find_sold(
    uow: UnitOfWork,
    ctx: RegisterContext,
    receipt: str,
    member_id: int | None,
    told: Sequence[Told] = (),
) -> list[Receipt]:
    """Committed sales, newest first: this register's, and what the centre has `told` of others.

    `receipt` is a fiscal number, the QR of the tax service (`…?fn=…&id=…`), our own QR or a
    sale's id. Raises `NotFound` (`unknown_receipt`)."""
    rows = _by_receipt(uow, receipt.strip()) if receipt.strip() else []
    if member_id is not None and not receipt.strip():
        rows = uow.sales_of_member(member_id)
    by_id = {each.sale.sale_id: each for each in told}
    found = [
        _own(uow, row, by_id.get(row.sale_id))
        for row in rows
        if row.document and row.state != "voided"
    ]
    found += [_foreign(uow, ctx, each) for each in told if uow.sale(each.sale.sale_id) is None]
    if not found:
        raise NotFound("unknown_receipt", "no such receipt on this register")
    return sorted(found, key=lambda each: each.sold_at, reverse=True)


def _by_receipt(uow: UnitOfWork, text: str) -> list[SaleRow]:
    if sale_id := sale_id_in(text):
        row = uow.sale(present_life(uow, sale_id))
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


def _own(uow: UnitOfWork, row: SaleRow, told: Told | None) -> Receipt:
    sale = WireSale.model_validate_json(row.document or "{}")
    member = load_draft(row.draft).member
    printed = [job.fiscal_number for job in uow.print_jobs_of(row.sale_id) if job.fiscal_number]
    return _receipt(
        sale,
        _left(uow, sale, told),
        state=row.state,
        fiscal_number=printed[-1] if printed else "",
        member_name=member.name if member else "",
    )


def _foreign(uow: UnitOfWork, ctx: RegisterContext, told: Told) -> Receipt:
    sale = told.sale
    member = ctx.members.member(sale.member_id) if sale.member_id is not None else None
    lines = _left(uow, sale, told)
    return _receipt(
        sale,
        lines,
        state="posted" if any(line.left_milli for line in lines) else "returned",
        member_name=member.name if member else "",
        is_foreign=True,
    )


def _left(uow: UnitOfWork, sale: WireSale, told: Told | None) -> list[SoldLineLeft]:
    sold = sold_of(sale)
    given = given_of(sold, all_returns(uow.returns_of(sale.sale_id), told))
    plain = {line.line_id: line for line in sale.lines}
    return [
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
    ]


def _receipt(
    sale: WireSale,
    lines: list[SoldLineLeft],
    *,
    state: str,
    member_name: str,
    fiscal_number: str = "",
    is_foreign: bool = False,
) -> Receipt:
    return Receipt(
        sale_id=sale.sale_id,
        state=state,
        sold_at=sale.occurred_at,
        fiscal_number=fiscal_number,
        member_name=member_name,
        payable_minor=sale.payable_minor + sale.rounding_minor,
        redeemed_points=sale.redemption.points if sale.redemption else 0,
        accrual_points=sale.accrual_points,
        lines=lines,
        register_id=sale.register_id,
        is_foreign=is_foreign,
    )
