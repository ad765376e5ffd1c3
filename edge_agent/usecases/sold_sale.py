"""A committed sale as its returns see it, read back from its own fact and from earlier returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from edge_agent.ports import ReturnRow
from loyalty.basket import Tender, TenderKind
from loyalty.returns import Given, SaleLine, Sold, freeze
from sync.contract.messages import WireSale, WireSaleReturn


def sold_of(sale: WireSale) -> Sold:
    """The frozen shares of a sale's fact."""
    shares: dict[str, list[tuple[str, int]]] = {}
    for promotion in sale.promotions:
        for share in promotion.shares:
            shares.setdefault(share.line_id, []).append((promotion.promotion_id, share.amount))
    earned: dict[str, int] = {}
    for accrual in sale.accruals:
        for share in accrual.shares:
            earned[share.line_id] = earned.get(share.line_id, 0) + share.amount
    spent = sale.redemption.shares if sale.redemption else ()
    redeemed = {share.line_id: share.amount for share in spent}
    lines = [
        SaleLine(
            line.line_id,
            line.qty_milli,
            line.sum_minor,
            tuple(shares.get(line.line_id, ())),
            redeemed.get(line.line_id, 0),
            earned.get(line.line_id, 0),
            line.price_kind != "manual_discount",
        )
        for line in sale.lines
    ]
    tenders = [
        Tender(cast(TenderKind, tender.kind), tender.amount_minor, tender.reference)
        for tender in sale.tenders
    ]
    points = sale.redemption.points if sale.redemption else 0
    return freeze(lines, tenders, redeemed_points=points, rounding=sale.rounding_minor)


def bodies_of(returns: Iterable[ReturnRow]) -> list[WireSaleReturn]:
    """Facts of stored returns."""
    return [WireSaleReturn.model_validate_json(row.document) for row in returns]


def given_of(sold: Sold, returns: Iterable[WireSaleReturn]) -> Given:
    """What earlier returns took back; one that names no lines took everything."""
    quantities: dict[str, int] = {}
    cash = 0
    for body in returns:
        if not body.lines:
            return Given({line.line_id: line.qty_milli for line in sold.lines}, sold.cash_minor)
        cash += body.cash_minor
        for line in body.lines:
            quantities[line.line_id] = quantities.get(line.line_id, 0) + line.qty_milli
    return Given(quantities, cash)
