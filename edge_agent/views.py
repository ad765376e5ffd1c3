"""What the POS and the panel are shown: plain models built from drafts, members and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from edge_agent.adjustment_views import (
    AdjustmentView,
    ReceiptBlock,
    TaxGroupView,
    adjustments_of,
    tax_groups_of,
)
from edge_agent.member_views import MemberCard
from edge_agent.ports import PrintJobRow
from edge_agent.promotion_views import (
    AS_PRICED,
    Names,
    PromotionView,
    TraceView,
    promotions_of,
    traces_of,
)
from edge_agent.reward_views import GiftView, RewardView, gift_views, reward_views
from edge_agent.sentences import Language, sentence
from edge_agent.usecases.drafts import Draft
from loyalty.money import round_cash
from loyalty.points import format_points, points_to_minor
from loyalty.promotions.ruleset import Programme
from loyalty.stamps import lacking

Mode = Literal["online", "offline", "degraded"]
OFFLINE_LAYERS = ("lease", "purse", "cache")


@dataclass(frozen=True, slots=True)
class LineView:
    """A line after promotions and redemption, kopecks. `stamps_lacking` excise stamps are still
    to be read before the sale may be confirmed."""

    line_id: str
    sku: str
    name: str
    qty_milli: int
    unit: str
    unit_price_minor: int
    tax_group: str
    gross_minor: int
    discount_minor: int
    redeemed_minor: int
    paid_minor: int
    accrual_points: int
    uktzed: str = ""
    excise_stamps: tuple[str, ...] = ()
    stamps_lacking: int = 0


class RedeemView(BaseModel):
    """Redemption: the most that is possible now, what was asked, what the quote redeems."""

    redeemable_points: int
    spendable_points: int
    requested_points: int
    redeemed_points: int
    redeemed_minor: int
    reason: str
    sentence: str
    layer: str = ""


class PrintView(BaseModel):
    """A print job of a sale or return (`subject_id`) and one sentence about it."""

    job_id: str
    subject_id: str
    kind: str
    state: str
    fiscal_number: str
    reason: str
    sentence: str
    ignored: list[str] = []


class SaleView(BaseModel):
    """A sale as the POS sees it. `quote_id` and `basket_hash` go into the confirmation.

    `payable_minor` is before cash rounding, `payable_cash_minor` is what cash alone would pay.
    `mode` is `degraded` while the register doubts its own records: it earns, and spends only what
    the centre approves. `data_age_s` is how old the shown balances are, None when none ever came.
    `adjustments` are `promotions` and the redemption by line, `tax_groups` their sums; with
    `redeem_as` payment the redemption is a tender and no adjustment of a group."""

    sale_id: str
    state: str
    revision: int
    origin: str
    mode: Mode
    member: MemberCard | None
    lines: list[LineView]
    promotions: list[PromotionView]
    gifts: list[GiftView]
    rewards: list[RewardView]
    used_coupons: list[str]
    codes: list[str]
    tender_kinds: list[str]
    hints: list[str]
    traces: list[TraceView]
    messages: list[str]
    redeem: RedeemView
    gross_minor: int
    discount_minor: int
    redeemed_minor: int
    payable_minor: int
    payable_cash_minor: int
    accrual_points: int
    ruleset_sequence: int
    quote_id: str
    basket_hash: str
    data_as_of: str
    data_age_s: int | None = None
    adjustments: list[AdjustmentView] = []
    tax_groups: list[TaxGroupView] = []
    redeem_as: str = "discount"
    is_parked: bool = False
    park_note: str = ""
    receipt_blocks: list[ReceiptBlock] = []
    result: dict[str, Any] | None = None
    prints: list[PrintView] = []
    training: bool = False
    ignored: list[str] = []


def print_view(job: PrintJobRow, locale: Language) -> PrintView:
    """A job with the sentence of its reason, else of its state."""
    text = ""
    if job.state in ("printed", "not_printed", "unknown"):
        code = job.reason if job.reason and job.state == "not_printed" else job.state
        text = sentence(code, locale)
    return PrintView(
        job_id=job.job_id,
        subject_id=job.subject_id,
        kind=job.kind,
        state=job.state,
        fiscal_number=job.fiscal_number,
        reason=job.reason,
        sentence=text,
    )


def _lines(draft: Draft) -> list[LineView]:
    quoted = {line.line_id: line for line in draft.quote.lines} if draft.quote else {}
    views = []
    for line in draft.basket.lines:
        priced = quoted[line.line_id]
        views.append(
            LineView(
                line_id=line.line_id,
                sku=line.sku,
                name=line.name,
                qty_milli=line.qty_milli,
                unit=line.unit,
                unit_price_minor=line.unit_price_minor,
                tax_group=line.tax_group,
                gross_minor=priced.gross_minor,
                discount_minor=priced.discount_minor,
                redeemed_minor=priced.redeemed_minor,
                paid_minor=priced.paid_minor,
                accrual_points=priced.accrual_points,
                uktzed=line.uktzed,
                excise_stamps=line.excise_stamps,
                stamps_lacking=lacking(line),
            )
        )
    return views


def _redeem(draft: Draft, locale: Language, minor_per_bonus: int) -> RedeemView:
    quote = draft.quote
    reason, text = draft.decline_reason, ""
    spent = quote.redeemed_points if quote else 0
    # Points that pay no whole kopeck are left out of every redemption and are no lowering.
    if points_to_minor(draft.approved_points - spent, minor_per_bonus) > 0:
        reason = "lowered_to_basket"
        before, after = format_points(draft.approved_points), format_points(spent)
        text = sentence(reason, locale, before=before, after=after)
    elif reason:
        text = sentence(reason, locale)
    elif draft.layer in OFFLINE_LAYERS:
        text = sentence(f"approved_{draft.layer}", locale)
    return RedeemView(
        redeemable_points=quote.redeemable_points if quote else 0,
        spendable_points=draft.spendable_points,
        requested_points=draft.requested_points,
        redeemed_points=spent,
        redeemed_minor=quote.redeemed_minor if quote else 0,
        reason=reason,
        sentence=text,
        layer=draft.layer,
    )


def _parked(draft: Draft, state: str) -> dict[str, Any]:
    """A sale that was confirmed out of its parking place is parked no more."""
    return {
        "is_parked": draft.is_parked and state in ("open", "cancelled"),
        "park_note": draft.park_note,
    }


def _totals(draft: Draft, cash_step_minor: int) -> dict[str, Any]:
    """The sums of a view; all 0 before the first quote."""
    quote = draft.quote
    payable = quote.payable_minor if quote else 0
    return {
        "gross_minor": quote.gross_minor if quote else 0,
        "discount_minor": quote.discount_minor if quote else 0,
        "redeemed_minor": quote.redeemed_minor if quote else 0,
        "payable_minor": payable,
        "payable_cash_minor": round_cash(payable, cash_step_minor),
        "accrual_points": quote.accrual_points if quote and draft.member else 0,
        "ruleset_sequence": quote.ruleset_sequence if quote else 0,
    }


def _given(draft: Draft, locale: Language, names: Names) -> dict[str, Any]:
    """What promotions gave, and the coupons that went into it."""
    quote = draft.quote
    return {
        "promotions": promotions_of(draft, names),
        "gifts": gift_views(quote, locale),
        "rewards": reward_views(quote, locale),
        "used_coupons": list(quote.used_coupons) if quote else [],
    }


def sale_view(
    sale_id: str,
    state: str,
    revision: int,
    draft: Draft,
    *,
    card: MemberCard | None,
    locale: Language,
    names: Names = AS_PRICED,
    mode: Mode,
    cash_step_minor: int,
    programme: Programme,
    data_as_of: str,
    data_age_s: int | None,
    prints: list[PrintView],
    result: dict[str, Any] | None = None,
) -> SaleView:
    """Everything about one sale, from draft and paper; `names` are promotions' in this locale."""
    quote = draft.quote
    traces, hints = traces_of(draft, locale, names)
    return SaleView(
        sale_id=sale_id,
        state=state,
        revision=revision,
        origin=draft.origin,
        mode=mode,
        member=card,
        lines=_lines(draft),
        **_given(draft, locale, names),
        codes=list(draft.codes),
        tender_kinds=list(draft.tender_kinds),
        hints=hints,
        traces=traces,
        messages=[text for place, text in (quote.messages if quote else ()) if place == "screen"],
        redeem=_redeem(draft, locale, programme.minor_per_bonus),
        **_totals(draft, cash_step_minor),
        quote_id=draft.quote_id,
        basket_hash=draft.basket_hash,
        data_as_of=data_as_of,
        data_age_s=data_age_s,
        adjustments=adjustments_of(draft.basket, quote) if quote else [],
        tax_groups=tax_groups_of(draft.basket, quote) if quote else [],
        redeem_as=programme.redeem_as,
        **_parked(draft, state),
        prints=prints,
        result=result,
    )
