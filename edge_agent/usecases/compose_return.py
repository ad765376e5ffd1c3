"""The receipt of a return: the goods that came back, as the sale's own paper named them."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.sentences import Locale, sentence
from loyalty.basket import Tender
from loyalty.money import format_minor, split_by_weight
from loyalty.receipt import ReceiptDocument, ReceiptItem
from loyalty.returns import LineBack
from loyalty.spent_points import Settled
from sync.contract.messages import WireSale, WireSaleReturn


def return_document(
    sold: ReceiptDocument,
    sale: WireSale,
    settled: Settled,
    body: WireSaleReturn,
    fiscal_number: str,
    balance_points: int | None,
    locale: Locale,
) -> ReceiptDocument:
    """The return's paper. What is withheld lowers the goods' return price, so that sums and
    tenders agree; redeemed bonuses stand as at the sale, as discount or as payment."""
    as_payment = sold.redeem_as == "payment"
    refund = settled.refund
    restored = refund.restored_minor
    tenders = refund.tenders
    paid = sum(back.paid_minor for back in refund.lines)
    on_goods = min(settled.withheld_minor, paid)
    payable = paid - on_goods
    rounding = refund.refund_minor - payable
    if as_payment and restored:
        tenders = (*tenders, Tender("bonus", restored))
        payable += restored
    messages: tuple[str, ...] = ()
    if settled.withheld_minor:
        amount = format_minor(settled.withheld_minor)
        messages = (sentence("points_withheld", locale, amount=amount),)
    return replace(
        sold,
        kind="return",
        printed_at=body.returned_at,
        items=_items(sold, sale, settled, on_goods, as_payment),
        tenders=tenders,
        payable_minor=payable,
        rounding_minor=rounding,
        redeemed_minor=restored,
        promotions=(),
        gifts=(),
        coupons=(),
        tickets=(),
        member=sold.member
        and replace(
            sold.member,
            earned_points=body.reversed_points,
            redeemed_points=body.restored_points,
            balance_points=balance_points,
            declined_reason="",
        ),
        messages=messages,
        original_fiscal_number=fiscal_number,
    )


def _items(
    sold: ReceiptDocument, sale: WireSale, settled: Settled, on_goods: int, as_payment: bool
) -> tuple[ReceiptItem, ...]:
    printed = {line.line_id: item for line, item in zip(sale.lines, sold.items, strict=True)}
    backs = settled.refund.lines
    withheld = split_by_weight(on_goods, [back.paid_minor for back in backs])
    return tuple(
        _item(printed[back.line_id], back, less, as_payment)
        for back, less in zip(backs, withheld, strict=True)
    )


def _item(item: ReceiptItem, back: LineBack, withheld: int, as_payment: bool) -> ReceiptItem:
    money = back.paid_minor + (back.redeemed_minor if as_payment else 0) - withheld
    return replace(
        item,
        qty_milli=back.qty_milli,
        sum_minor=back.gross_minor,
        discount_minor=back.gross_minor - money,
        # Which of several bottles came back is not known.
        excise_stamps=item.excise_stamps if back.qty_milli == item.qty_milli else (),
    )
