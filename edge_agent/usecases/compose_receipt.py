"""The device-neutral receipt of a sale."""

from __future__ import annotations

from pydantic import TypeAdapter

from edge_agent.sentences import sentence
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft
from edge_agent.usecases.wire import coupon_day
from loyalty.basket import Tender
from loyalty.quote import Quote
from loyalty.receipt import (
    CouponLine,
    GiftLine,
    MemberBlock,
    PromoLine,
    ReceiptDocument,
    ReceiptItem,
    TicketLine,
)
from loyalty.sale import Settlement

_DOCUMENT = TypeAdapter(ReceiptDocument)


def dump_document(document: ReceiptDocument) -> str:
    """JSON text of a document."""
    return _DOCUMENT.dump_json(document).decode()


def load_document(text: str) -> ReceiptDocument:
    """Document of a stored print job."""
    return _DOCUMENT.validate_json(text)


def _items(draft: Draft, quote: Quote, as_discount: bool) -> tuple[ReceiptItem, ...]:
    quoted = {line.line_id: line for line in quote.lines}
    items = []
    for line in draft.basket.lines:
        priced = quoted[line.line_id]
        items.append(
            ReceiptItem(
                sku=line.sku,
                name=line.name,
                qty_milli=line.qty_milli,
                unit=line.unit,
                unit_price_minor=line.unit_price_minor,
                sum_minor=line.sum_minor,
                discount_minor=priced.discount_minor
                + (priced.redeemed_minor if as_discount else 0),
                tax_group=line.tax_group,
                barcode=line.barcode,
                uktzed=line.uktzed,
                excise_stamps=line.excise_stamps,
            )
        )
    return tuple(items)


def _member_block(ctx: RegisterContext, draft: Draft, quote: Quote) -> MemberBlock | None:
    member = draft.member
    if member is None:
        return None
    balance = max(0, draft.balance_points - quote.redeemed_points)
    earned = quote.accrual_points
    declined = draft.decline_reason if not quote.redeemed_points else ""
    lots = [lot.expires_on for lot in member.lots if lot.expires_on]
    return MemberBlock(
        name=member.name,
        earned_points=earned,
        redeemed_points=quote.redeemed_points,
        balance_points=balance + (earned if ctx.is_online else 0),
        balance_at="" if ctx.is_online else ctx.balance_as_of,
        expires_on=min(lots) if lots else None,
        accrual_state="credited" if ctx.is_online else "will_be_credited",
        declined_reason=sentence(declined, ctx.locale) if declined else "",
    )


def sale_document(
    ctx: RegisterContext,
    sale_id: str,
    draft: Draft,
    quote: Quote,
    settlement: Settlement,
    printed_at: str,
) -> ReceiptDocument:
    """The receipt of a committed sale; bonuses stand as discount or as payment, as the programme
    says, and either way the money adds up."""
    as_discount = ctx.programme.redeem_as == "discount"
    tenders = settlement.tenders
    payable = settlement.payable_minor - settlement.rounding_minor
    if quote.redeemed_minor and not as_discount:
        tenders = (*tenders, Tender("bonus", quote.redeemed_minor))
        payable += quote.redeemed_minor
    return ReceiptDocument(
        kind="sale",
        sale_id=sale_id,
        store_name=ctx.store_name,
        register_id=ctx.register_id,
        cashier=_cashier(draft, ctx),
        printed_at=printed_at,
        items=_items(draft, quote, as_discount),
        tenders=tenders,
        payable_minor=payable,
        rounding_minor=settlement.rounding_minor,
        redeemed_minor=quote.redeemed_minor,
        redeem_as=ctx.programme.redeem_as,
        promotions=tuple(
            PromoLine(applied.name, applied.amount_minor) for applied in quote.promotions
        ),
        member=_member_block(ctx, draft, quote),
        messages=tuple(text for place, text in quote.messages if place == "receipt"),
        gifts=tuple(GiftLine(gift.name, gift.quantity) for gift in quote.gifts),
        coupons=tuple(
            CouponLine(coupon.text, coupon.coupon, coupon_day(ctx, coupon))
            for coupon in quote.coupons
        ),
        tickets=tuple(TicketLine(each.draw, each.tickets) for each in quote.tickets),
    )


def _cashier(draft: Draft, ctx: RegisterContext) -> str:
    """The name of who is signed in, or what the POS calls its cashier."""
    by_pos = draft.cashier_id and draft.cashier_id != ctx.cashier_id
    return draft.cashier_id if by_pos else ctx.cashier
