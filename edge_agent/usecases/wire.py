"""From the register's own types to the facts of the wire contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft
from loyalty.basket import LineItem
from loyalty.quote import AppliedAccrual, AppliedPromotion, IssuedCoupon, Quote, Share
from loyalty.sale import Settlement

if TYPE_CHECKING:
    from edge_agent.usecases.commit_sale import Decision


def _shares(shares: Sequence[Share]) -> list[dict[str, Any]]:
    return [{"line_id": share.line_id, "amount": share.amount} for share in shares]


def _redemption(draft: Draft, quote: Quote, decision: Decision) -> dict[str, Any]:
    row = decision.row
    return {
        "requested_points": row.requested_points,
        "points": quote.redeemed_points,
        "amount_minor": quote.redeemed_minor,
        "shares": [
            {"line_id": line.line_id, "amount": line.redeemed_minor}
            for line in quote.lines
            if line.redeemed_minor
        ],
        "layer": row.layer,
        "reason": draft.decline_reason,
        "auth_id": row.auth_id,
        "hold_points": decision.hold_points,
        "lease_id": row.lease_id if decision.lease_points else "",
        "lease_points": decision.lease_points,
        "purse_serial": row.purse_serial if decision.purse_points else 0,
        "purse_points": decision.purse_points,
        "link_index": row.link_index if decision.purse_points else -1,
        "cache_points": decision.cache_points,
        "strength": row.strength,
        "island": row.island if decision.purse_points or decision.cache_points else "",
        "decision": _rested_on(decision.rests_on),
    }


def _rested_on(body: str) -> dict[str, Any]:
    """The decision's parts and inputs, without what stands elsewhere in the fact."""
    if not body:
        return {}
    kept = json.loads(body)
    inputs = {name: value for name, value in kept["inputs"].items() if name != "auth_id"}
    return {"parts": kept["parts"], "passed": kept["passed"], "inputs": inputs}


# That goods are marked is the goods list's word; the fact carries the stamps themselves.
_LINE_FIELDS = tuple(field.name for field in fields(LineItem) if field.name != "needs_stamp")


def _plain_line(line: LineItem) -> dict[str, Any]:
    """Its fields as they are; `asdict` would copy each of them deeply."""
    return {name: getattr(line, name) for name in _LINE_FIELDS}


def _applied(item: AppliedPromotion | AppliedAccrual, figure: str) -> dict[str, Any]:
    return {
        "promotion_id": item.promotion_id,
        "name": item.name,
        figure: getattr(item, figure),
        "shares": _shares(item.shares),
    }


def _promotion(item: AppliedPromotion) -> dict[str, Any]:
    return {**_applied(item, "amount_minor"), "units": item.units}


def _tenders(settlement: Settlement) -> list[dict[str, Any]]:
    known = iter(settlement.gift_cards)
    return [
        {
            "kind": tender.kind,
            "amount_minor": tender.amount_minor,
            "reference": tender.reference,
            "forfeited_minor": next(known).forfeited_minor
            if tender.kind == "gift_card" and tender.balance_minor is not None
            else 0,
        }
        for tender in settlement.tenders
    ]


def _extras(ctx: RegisterContext, draft: Draft, quote: Quote) -> dict[str, Any]:
    """What the sale gives and takes beside money and points."""
    return {
        "channel": ctx.channel,
        "codes": list(draft.codes),
        "gifts": [
            {
                "promotion_id": gift.promotion_id,
                "sku": gift.sku,
                "name": gift.name,
                "quantity": gift.quantity,
            }
            for gift in quote.gifts
        ],
        "coupons": [
            {
                "promotion_id": coupon.promotion_id,
                "coupon": coupon.coupon,
                "valid_days": coupon.valid_days,
                "expires_on": coupon_day(ctx, coupon),
            }
            for coupon in quote.coupons
        ],
        "used_coupons": list(quote.used_coupons),
        "tickets": [
            {"promotion_id": each.promotion_id, "draw": each.draw, "tickets": each.tickets}
            for each in quote.tickets
        ],
    }


def coupon_day(ctx: RegisterContext, coupon: IssuedCoupon) -> str:
    """The last local day on which a coupon earned now is valid."""
    return (ctx.clock.local().date() + timedelta(days=coupon.valid_days)).isoformat()


def wire_sale(
    ctx: RegisterContext,
    sale_id: str,
    occurred_at: str,
    draft: Draft,
    quote: Quote,
    settlement: Settlement,
    decision: Decision | None,
    expires_on: date | None,
) -> dict[str, Any]:
    """The `sale` fact as plain JSON values, in the form of `sync.contract.messages.WireSale`."""
    member, how, clock = draft.member, draft.identification, ctx.clock.state
    return {
        "version": 1,
        "sale_id": sale_id,
        "register_id": ctx.register_id,
        "store_id": ctx.store_id,
        "occurred_at": occurred_at,
        "clock": {"source": clock.source, "offset_ms": clock.offset_ms},
        "cashier_id": draft.cashier_id,
        "mode": "online" if ctx.is_online else "offline",
        "member_id": member.member_id if member else None,
        "identification": {
            "token_kind": how.token_kind,
            "strength": int(how.strength),
            "source": how.source,
        }
        if how
        else None,
        "lines": [_plain_line(line) for line in draft.basket.lines],
        "promotions": [_promotion(item) for item in quote.promotions],
        "accruals": [_applied(item, "points") for item in quote.accruals] if member else [],
        "redemption": _redemption(draft, quote, decision) if decision else None,
        "tenders": _tenders(settlement),
        "gross_minor": quote.gross_minor,
        "discount_minor": quote.discount_minor,
        "redeemed_minor": quote.redeemed_minor,
        "payable_minor": quote.payable_minor,
        "rounding_minor": settlement.rounding_minor,
        "accrual_points": quote.accrual_points if member else 0,
        "accrual_expires_on": expires_on.isoformat() if member and expires_on else None,
        "ruleset_sequence": quote.ruleset_sequence,
        "agent_version": ctx.agent_version,
        "fiscal": "pending" if ctx.prints else "none",
        **_extras(ctx, draft, quote),
    }
