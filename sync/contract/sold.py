"""A committed sale as its returns see it, read back from its own fact and from earlier returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from loyalty.basket import Tender, TenderKind
from loyalty.returns import Given, SaleLine, Sold, freeze
from sync.contract.messages import WireSale, WireSaleReturn


def sold_of(sale: WireSale) -> Sold:
    """The frozen shares of a sale's fact. Raises `InvalidReturn` (`bad_sale`)."""
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


def given_of(sold: Sold, returns: Iterable[WireSaleReturn]) -> Given:
    """What earlier returns took back; one that names no lines took everything.

    Never more than was sold: two registers that did not hear of each other may take back the same
    goods."""
    quantities: dict[str, int] = {}
    cash = 0
    for body in returns:
        if not body.lines:
            return Given({line.line_id: line.qty_milli for line in sold.lines}, sold.cash_minor)
        cash += body.cash_minor
        for line in body.lines:
            quantities[line.line_id] = quantities.get(line.line_id, 0) + line.qty_milli
    most = {line.line_id: line.qty_milli for line in sold.lines}
    return Given({key: min(qty, most.get(key, 0)) for key, qty in quantities.items()}, cash)


def within(sold: Sold, given: Given, wanted: Mapping[str, int]) -> dict[str, int]:
    """What of the wanted thousandths is left to return; unknown and empty lines left out."""
    fits = {
        line.line_id: min(
            wanted.get(line.line_id, 0),
            line.qty_milli - given.qty_milli.get(line.line_id, 0),
        )
        for line in sold.lines
    }
    return {line_id: qty for line_id, qty in fits.items() if qty > 0}
