"""What a quote takes off each line and each tax group, and what the POS prints of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from loyalty.basket import Basket
from loyalty.quote import Quote


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """Kopecks that one promotion, or the redemption, takes off one line."""

    line_id: str
    tax_group: str
    kind: Literal["promotion", "redemption"]
    promotion_id: str
    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TaxGroupView:
    """The lines of one tax group together, kopecks: gross less discount and redeemed is paid."""

    tax_group: str
    gross_minor: int
    discount_minor: int
    redeemed_minor: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class ReceiptBlock:
    """Lines that the POS prints: `post_lines` before the total, `additional_trailer` after the
    fiscal part (slots of UnifiedPOS), or the text of a QR code in `qr`."""

    slot: Literal["post_lines", "additional_trailer", "qr"]
    text: list[str]
    qr: str = ""


def adjustments_of(basket: Basket, quote: Quote) -> list[AdjustmentView]:
    """By promotion in the order they acted, then the redemption, lines in the basket's order."""
    groups = {line.line_id: line.tax_group for line in basket.lines}
    found = [
        AdjustmentView(
            share.line_id,
            groups[share.line_id],
            "promotion",
            applied.promotion_id,
            applied.name,
            share.amount,
        )
        for applied in quote.promotions
        for share in applied.shares
        if share.amount
    ]
    return found + [
        AdjustmentView(
            line.line_id, groups[line.line_id], "redemption", "", "", line.redeemed_minor
        )
        for line in quote.lines
        if line.redeemed_minor
    ]


def tax_groups_of(basket: Basket, quote: Quote) -> list[TaxGroupView]:
    """Sums by tax group, in the order in which the groups first stand in the basket."""
    quoted = {line.line_id: line for line in quote.lines}
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in basket.lines:
        priced, known = quoted[line.line_id], sums[line.tax_group]
        known[0] += priced.gross_minor
        known[1] += priced.discount_minor
        known[2] += priced.redeemed_minor
        known[3] += priced.paid_minor
    return [TaxGroupView(name, *known) for name, known in sums.items()]
