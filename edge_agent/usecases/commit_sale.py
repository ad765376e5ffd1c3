"""Commit a sale: sale, ledger effects, print job and outbox fact in one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import AuthorisationRow, PrintJobRow, SaleRow, UnitOfWork
from edge_agent.sentences import sentence
from edge_agent.usecases.compose_receipt import dump_document, sale_document
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.counters import burn_counters
from edge_agent.usecases.drafts import Draft, load_draft, requote, save, without_redemption
from edge_agent.usecases.open_sale import drop_authorisation
from edge_agent.usecases.surroundings import (
    count_uses,
    counter_uses,
    coupon_changes,
    needs_of,
    uses_up,
)
from edge_agent.usecases.wire import coupon_day, wire_sale
from loyalty.basket import Tender
from loyalty.gift_card import payable_by_gift_card
from loyalty.money import format_minor
from loyalty.points import format_points
from loyalty.quote import Quote
from loyalty.sale import Settlement, settle
from loyalty.stamps import first_lacking, lacking
from sync.contract.messages import MAX_FACT_BYTES, canonical_json


@dataclass(frozen=True, slots=True)
class Confirm:
    """The till's last word: the quote it shows and how it is paid. `job_id` names the paper."""

    sale_id: str
    quote_id: str
    basket_hash: str
    tenders: tuple[Tender, ...]
    job_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What of an authorisation this sale uses; `rests_on` is JSON of what it rested on."""

    row: AuthorisationRow
    hold_points: int
    lease_points: int
    purse_points: int = 0
    cache_points: int = 0
    rests_on: str = ""

    @property
    def offline_points(self) -> int:
        """What is spent of rights held here."""
        return self.lease_points + self.purse_points + self.cache_points


@dataclass(frozen=True, slots=True)
class _Paid:
    """A sale about to be written; `shown` is the quote that the till saw."""

    draft: Draft
    quote: Quote
    shown: Quote
    settlement: Settlement
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Repriced:
    """The sale was not committed: what is true now gives another quote, which is stored."""

    before: Quote
    after: Quote

    def conflict(self) -> Conflict:
        """The answer to the till: never a silent difference."""
        before, after = (format_minor(quote.payable_minor) for quote in (self.before, self.after))
        if before == after:
            return Conflict("quote_changed", "what the sale gives has changed; show the new quote")
        return Conflict(
            "sum_changed", f"the sum changed: {before} → {after}", before=before, after=after
        )


def commit_sale(
    uow: UnitOfWork, ctx: RegisterContext, command: Confirm
) -> dict[str, Any] | Repriced:
    """Close the sale for ever and return its result; confirmed again, it answers the same.

    The quote is made anew where the means of payment or a counted use could change it. Raises
    `Conflict` (`quote_changed`) when the till shows another quote than the register holds or
    (`stamp_missing`) a line lacks an excise stamp, and `InvalidTenders` when the money does not
    fit."""
    row = uow.sale(command.sale_id)
    if row is None:
        raise NotFound("unknown_sale", f"no sale {command.sale_id} on this register")
    if row.state in ("committed", "posted", "voided", "returned") and row.result:
        answer: dict[str, Any] = json.loads(row.result)
        return answer
    if row.state != "open":
        raise Conflict("sale_closed", f"sale {command.sale_id} is {row.state}")
    draft = load_draft(row.draft)
    if draft.quote is None or not draft.basket.lines:
        raise Conflict("empty_basket", "a sale needs at least one line")
    if (command.quote_id, command.basket_hash) != (draft.quote_id, draft.basket_hash):
        raise Conflict("quote_changed", "the basket or its price changed; show the new quote first")
    _refuse_unstamped(draft)
    shown = draft.quote
    if _is_void_now(uow, ctx, draft):
        draft = requote(uow, ctx, without_redemption(draft))
        return Repriced(shown, save(uow, ctx, row, draft).quote or shown)
    draft, quote = _as_paid(uow, ctx, draft, shown, command.tenders)
    if _differs(shown, quote):
        save(uow, ctx, row, draft)
        return Repriced(shown, quote)
    settlement = settle(
        quote,
        command.tenders,
        ctx.cash_step_minor,
        residue=ctx.programme.gift_card_residue,
        gift_card_limit_minor=payable_by_gift_card(draft.basket, quote),
    )
    decision = _use_authorisation(uow, draft, quote)
    paid = _Paid(draft, quote, shown, settlement, decision)
    return _write(uow, ctx, row, paid, command.job_id)


def _refuse_unstamped(draft: Draft) -> None:
    """Marked goods are not sold without a stamp per piece, with or without loyalty."""
    line = first_lacking(draft.basket.lines)
    if line is not None:
        short = lacking(line)
        raise Conflict(
            "stamp_missing",
            f"line {line.line_id} lacks {short} excise stamps",
            name=line.name,
            quantity=str(short),
        )


def _as_paid(
    uow: UnitOfWork,
    ctx: RegisterContext,
    draft: Draft,
    shown: Quote,
    tenders: tuple[Tender, ...],
) -> tuple[Draft, Quote]:
    """The draft under the means it is really paid with; without tenders the planned ones stay."""
    paid = draft
    if tenders:
        cards = sum(tender.amount_minor for tender in tenders if tender.kind == "gift_card")
        kinds = tuple(sorted({tender.kind for tender in tenders}))
        paid = replace(draft, tender_kinds=kinds, gift_card_minor=cards)
    matters = uses_up(shown, ctx.rules) or bool(draft.codes)
    matters = matters or (
        needs_of(ctx.rules).asks_tender and paid.tender_kinds != draft.tender_kinds
    )
    if not ctx.programme.gift_card_earns and paid.gift_card_minor != draft.gift_card_minor:
        matters = True
    if matters:
        paid = requote(uow, ctx, paid)
    return paid, paid.quote or shown


def _differs(shown: Quote, quote: Quote) -> bool:
    """True when the buyer would pay, spend or get something else; points earned are told."""
    if shown is quote:
        return False
    names = ("payable_minor", "redeemed_points", "gifts", "coupons", "used_coupons", "tickets")
    return any(getattr(shown, name) != getattr(quote, name) for name in names)


def _is_void_now(uow: UnitOfWork, ctx: RegisterContext, draft: Draft) -> bool:
    """B4: an old image brings back promises of rights that may long be spent. What was decided
    before this register confirmed that its records are the newest is not spent, nor a purse that
    its log has closed meanwhile: ask again."""
    known = uow.authorisation(draft.auth_id) if draft.auth_id else None
    if known is None:
        return False
    if known.epoch != ctx.epoch and known.approved_points:
        drop_authorisation(uow, ctx, known.auth_id)
        return True
    if not known.offline_points:
        return False
    purse = draft.identification.purse if draft.identification else None
    is_closed = (
        purse is not None and known.purse_points and purse.not_after_min <= uow.purse_floor()
    )
    if ctx.is_head_confirmed and not uow.is_fenced() and not is_closed:
        return False
    drop_authorisation(uow, ctx, known.auth_id)
    return True


def _use_authorisation(uow: UnitOfWork, draft: Draft, quote: Quote) -> Decision | None:
    """How the redeemed points are covered: the centre's hold first, then layer by layer."""
    known = uow.authorisation(draft.auth_id) if draft.auth_id else None
    if known is None:
        if quote.redeemed_points:
            raise Conflict("not_authorised", "the redemption has no decision")
        return None
    if quote.redeemed_points > known.approved_points or known.state != "decided":
        raise Conflict("not_authorised", "the redemption exceeds its decision")
    hold = min(known.hold_points, left := quote.redeemed_points)
    lease = min(known.lease_points, left := left - hold)
    purse = min(known.purse_points, left := left - lease)
    return Decision(known, hold, lease, purse, left - purse, uow.decision(known.auth_id))


def _burn(uow: UnitOfWork, ctx: RegisterContext, decision: Decision, fact: tuple[int, int]) -> None:
    """B2: what the sale spends is in the sale's own durable transaction."""
    row = decision.row
    if decision.lease_points:
        uow.burn_lease(row.lease_id, row.sale_id, decision.lease_points)
    if decision.purse_points:
        uow.burn_purse(row.purse_serial, row.sale_id, decision.purse_points, row.purse_minute)
    if decision.cache_points:
        uow.burn_cache(row.member_id, row.sale_id, decision.cache_points, fact, row.island)
    uow.save_authorisation(replace(row, state="used", used_seq=fact[1]), ctx.clock.stamp())


def _write(
    uow: UnitOfWork, ctx: RegisterContext, row: SaleRow, paid: _Paid, job_id: str
) -> dict[str, Any]:
    now = ctx.clock.stamp()
    draft, quote = paid.draft, paid.quote
    days = ctx.programme.accrual_valid_days
    expires_on = (ctx.clock.local() + timedelta(days=days)).date() if days is not None else None
    body = wire_sale(
        ctx, row.sale_id, now, draft, quote, paid.settlement, paid.decision, expires_on
    )
    uses = counter_uses(uow, ctx, draft, quote, paid.settlement.tenders)
    body["counter_uses"] = [asdict(use) for use in uses]
    data = canonical_json(body)
    if len(data) > MAX_FACT_BYTES:
        raise Conflict("sale_too_large", "the sale is too large to be sent; split the receipt")
    fact = uow.append_fact("sale", data, now)
    if paid.decision is not None:
        _burn(uow, ctx, paid.decision, fact)
    if draft.member is not None:
        earned = 0 if ctx.prints else quote.accrual_points
        uow.add_effect(draft.member.member_id, fact, quote.redeemed_points, earned)
    burn_counters(uow, row.sale_id, uses)
    counted = count_uses(uow, ctx, draft, quote)
    until = [coupon_day(ctx, coupon) for coupon in quote.coupons]
    uow.change_coupons(fact, coupon_changes(row.sale_id, draft, quote, until))
    if ctx.prints:
        document = dump_document(
            sale_document(ctx, row.sale_id, draft, quote, paid.settlement, now)
        )
        uow.add_print_job(
            PrintJobRow(job_id, row.sale_id, "sale", "queued", document, 0, "", "", now)
        )
    result = {
        "sale_id": row.sale_id,
        "fact": {"epoch": fact[0], "seq": fact[1]},
        "job_id": job_id if ctx.prints else "",
        **_figures(paid),
        "spends_rights": bool(uses or (paid.decision and paid.decision.offline_points)),
        "mode": "online" if ctx.is_online else "offline",
        "data_as_of": ctx.balance_as_of,
        "committed_at": now,
    }
    if counted:
        result["counted"] = [asdict(use) for use in counted]
    uow.close_sale(row.sale_id, "committed", now, data.decode(), json.dumps(result))
    if not ctx.prints:
        uow.close_sale(row.sale_id, "posted", now)
    return result


def _figures(paid: _Paid) -> dict[str, Any]:
    """The sale's own figures for the till."""
    quote, settlement, decision = paid.quote, paid.settlement, paid.decision
    return {
        "payable_minor": settlement.payable_minor,
        "rounding_minor": settlement.rounding_minor,
        "change_minor": settlement.change_minor,
        "discount_minor": quote.discount_minor,
        "redeemed_minor": quote.redeemed_minor,
        "redeemed_points": quote.redeemed_points,
        "accrual_points": quote.accrual_points if paid.draft.member else 0,
        "layer": decision.row.layer if decision else "",
        "decline_reason": paid.draft.decline_reason,
        "notices": _notices(paid.shown, quote),
        "gift_cards": [asdict(card) for card in settlement.gift_cards],
    }


def _notices(shown: Quote, quote: Quote) -> list[dict[str, str]]:
    """What turned out otherwise than shown without changing the sum."""
    if shown.accrual_points == quote.accrual_points:
        return []
    before, after = format_points(shown.accrual_points), format_points(quote.accrual_points)
    figures = {"before": before, "after": after}
    return [
        {
            "code": "accrual_changed",
            "uk": sentence("accrual_changed", "uk", **figures),
            "en": sentence("accrual_changed", "en", **figures),
        }
    ]
