"""Give a sale to the member it should have had, after it was confirmed.

Facts are never changed: the sale is voided and written again under a new id, with the same goods,
prices and payments. So this is only possible while nothing of it depends on the member but what
it earns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from edge_agent.errors import Conflict
from edge_agent.ports import PrintJobRow, SaleRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft, Identification, dump_draft, known_row, load_draft
from edge_agent.usecases.return_sale import present_life
from edge_agent.usecases.spendable import shown_balance
from edge_agent.usecases.surroundings import around, uses_up, with_own_coupons
from loyalty.member import Member
from loyalty.promotions.engine import evaluate
from loyalty.quote import Quote
from sync.contract.messages import WireSale, WireSaleVoided, canonical_json

LATEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Reassign:
    """Whose the sale is, why, and which supervisor said so. `new_id` names the sale's new life,
    `job_id` its paper."""

    sale_id: str
    new_id: str
    job_id: str
    member: Member
    identification: Identification
    reason: str
    supervisor: str


def reassign_sale(
    uow: UnitOfWork,
    ctx: RegisterContext,
    command: Reassign,
    since: tuple[int, int] | None = None,
) -> str:
    """Void the sale's present life and write it for the other member; returns its new id, also
    when asked again for the same member.

    `since` is the fact (epoch, seq) after which the shift's own begin; without a shift a sale of
    the last 12 hours of the same local day counts. Raises `Conflict`: `needs_supervisor`,
    `reassign_too_late`, `redeemed_already`, `not_reassignable`."""
    row = known_row(uow, present_life(uow, command.sale_id))
    if row.sale_id != command.sale_id and row.member_id == command.member.member_id:
        return row.sale_id
    result = json.loads(row.result or "{}")
    if not command.reason.strip() or not command.supervisor.strip():
        raise Conflict("needs_supervisor", "a reassignment names its reason and a supervisor")
    if row.state != "posted" or row.document is None:
        raise Conflict("not_reassignable", f"sale {row.sale_id} is {row.state}")
    sale = WireSale.model_validate_json(row.document)
    _check(uow, ctx, sale, result, since)
    if sale.member_id == command.member.member_id:
        return row.sale_id
    quote = _earned(uow, ctx, row, sale, command.member)
    _void(uow, ctx, row, sale, command)
    _write(uow, ctx, row, sale, quote, result, command)
    return command.new_id


def _check(
    uow: UnitOfWork,
    ctx: RegisterContext,
    sale: WireSale,
    result: dict[str, Any],
    since: tuple[int, int] | None,
) -> None:
    if sale.redemption is not None and sale.redemption.points:
        raise Conflict("redeemed_already", "bonuses were redeemed: return the sale, sell it again")
    if result.get("counted") or sale.coupons or sale.used_coupons or sale.counter_uses:
        raise Conflict("not_reassignable", "coupons or limited promotions belong to its member")
    if uow.returns_of(sale.sale_id):
        raise Conflict("not_reassignable", "goods of it came back")
    told = result.get("fact", {})
    fact = (told.get("epoch", 0), told.get("seq", 0))
    if (fact <= since) if since is not None else _is_late(ctx, sale):
        raise Conflict("reassign_too_late", "the shift of this sale is over")


def _is_late(ctx: RegisterContext, sale: WireSale) -> bool:
    sold_at = datetime.fromisoformat(sale.occurred_at)
    zone = ctx.rules.zone
    same_day = sold_at.astimezone(zone).date() == ctx.clock.local().astimezone(zone).date()
    return not same_day or ctx.clock.now() - sold_at > LATEST


def _earned(
    uow: UnitOfWork, ctx: RegisterContext, row: SaleRow, sale: WireSale, member: Member
) -> Quote:
    """What the sale gives this member; the money was taken, so it must be the same."""
    draft = load_draft(row.draft)
    theirs = with_own_coupons(uow, ctx, member)
    quote = evaluate(
        ctx.rules,
        draft.basket,
        member=theirs,
        at=ctx.clock.local(),
        store_id=ctx.store_id,
        locale=ctx.locale,
        around=around(uow, ctx, replace(draft, member=theirs)),
    )
    paid = [line.paid_minor for line in quote.lines]
    before = [line.paid_minor for line in draft.quote.lines] if draft.quote else []
    if paid != before or uses_up(quote, ctx.rules) or quote.coupons or quote.tickets or quote.gifts:
        raise Conflict("not_reassignable", "this member has other prices: return, sell again")
    if sale.ruleset_sequence != quote.ruleset_sequence:
        raise Conflict("not_reassignable", "the rules have changed since")
    return quote


def _void(
    uow: UnitOfWork, ctx: RegisterContext, row: SaleRow, sale: WireSale, command: Reassign
) -> None:
    now = ctx.clock.stamp()
    reason = f"reassigned by {command.supervisor}: {command.reason}"[:200]
    body = WireSaleVoided(
        sale_id=row.sale_id, reason=reason, voided_at=now, reassigned_to=command.new_id
    )
    fact = uow.append_fact("sale_voided", body.model_dump(mode="json"), now)
    result = json.loads(row.result or "{}") | {"reassigned_to": command.new_id}
    uow.close_sale(row.sale_id, "voided", now, result=json.dumps(result))
    if sale.member_id is not None and sale.accrual_points:
        uow.add_effect(sale.member_id, fact, 0, -sale.accrual_points)


def _body(ctx: RegisterContext, sale: WireSale, quote: Quote, command: Reassign) -> dict[str, Any]:
    """The sale's fact as the other member's."""
    days = ctx.programme.accrual_valid_days
    until = (ctx.clock.local() + timedelta(days=days)).date().isoformat() if days else None
    member, how = command.member, command.identification
    return sale.model_dump(mode="json") | {
        "sale_id": command.new_id,
        "member_id": member.member_id,
        "identification": {
            "token_kind": how.token_kind,
            "strength": int(how.strength),
            "source": how.source,
        },
        "accruals": [
            {
                "promotion_id": item.promotion_id,
                "name": item.name,
                "points": item.points,
                "shares": [{"line_id": s.line_id, "amount": s.amount} for s in item.shares],
            }
            for item in quote.accruals
        ],
        "accrual_points": quote.accrual_points,
        "accrual_expires_on": until,
        "redemption": None,
        "fiscal": "none",
    }


def _write(
    uow: UnitOfWork,
    ctx: RegisterContext,
    row: SaleRow,
    sale: WireSale,
    quote: Quote,
    result: dict[str, Any],
    command: Reassign,
) -> None:
    now, member = ctx.clock.stamp(), command.member
    body = _body(ctx, sale, quote, command)
    fact = uow.append_fact("sale", canonical_json(body), now)
    uow.add_effect(member.member_id, fact, 0, quote.accrual_points)
    balance = shown_balance(uow, ctx, member)
    draft = _draft(load_draft(row.draft), member, command.identification, quote, balance)
    fresh = SaleRow(command.new_id, "open", 0, member.member_id, now, now, None, "", None, None)
    uow.save_draft(replace(fresh, revision=1, draft=dump_draft(draft)))
    told = result | {
        "sale_id": command.new_id,
        "fact": {"epoch": fact[0], "seq": fact[1]},
        "job_id": "",
        "accrual_points": quote.accrual_points,
        "committed_at": now,
        "reassigned_from": row.sale_id,
    }
    document = canonical_json(body).decode()
    uow.close_sale(command.new_id, "committed", now, document, json.dumps(told))
    uow.close_sale(command.new_id, "posted", now)
    _take_paper_along(uow, row.sale_id, command, now)


def _draft(draft: Draft, member: Member, how: Identification, quote: Quote, balance: int) -> Draft:
    return replace(
        draft,
        member=member,
        identification=how,
        quote=quote,
        auth_id="",
        requested_points=0,
        approved_points=0,
        decline_reason="",
        layer="",
        balance_points=balance,
    )


def _take_paper_along(uow: UnitOfWork, old_id: str, command: Reassign, now: str) -> None:
    """The buyer's receipt is the old one: under its number the sale is found again."""
    for job in uow.print_jobs_of(old_id):
        if job.state == "printed":
            uow.add_print_job(
                PrintJobRow(
                    command.job_id, command.new_id, "sale", "printing", job.document, 0, "", "", now
                )
            )
            uow.set_print_state(command.job_id, "printed", now, job.fiscal_number, "reassigned")
            return
