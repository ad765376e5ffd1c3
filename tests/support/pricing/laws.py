"""What holds for every basket under every ruleset; each law yields a sentence for each breach."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

from loyalty.basket import Basket
from loyalty.promotions import effects as then
from loyalty.promotions.compile import PRICE_STAGES, stage_of
from loyalty.promotions.explain import REASONS, explain
from loyalty.promotions.law import floor_of, may_be_promoted
from loyalty.promotions.limits import NOT_USED, Usage
from loyalty.promotions.policies import DEFAULT_POLICIES
from loyalty.promotions.ruleset import Promotion
from loyalty.quote import Quote
from tests.support.pricing.random_sales import RandomSale
from tests.support.pricing.rescans import differences
from tests.support.pricing.watched import Watched, watch

Breaches = Iterator[str]
Law = Callable[[RandomSale, Watched], Breaches]


def shares_add_up(_: RandomSale, seen: Watched) -> Breaches:
    """Σ shares = amount of each promotion; the lines carry exactly the shares."""
    quote = seen.quote
    discounts: Counter[str] = Counter()
    points: Counter[str] = Counter()
    for applied in quote.promotions:
        if not applied.amount_minor == sum(share.amount for share in applied.shares) > 0:
            yield f"{applied.promotion_id} gives {applied.amount_minor}, shares {applied.shares}"
        discounts.update({share.line_id: share.amount for share in applied.shares})
        if min((share.amount for share in applied.shares), default=1) <= 0:
            yield f"{applied.promotion_id} has a share that is not over zero"
    for accrual in quote.accruals:
        if not accrual.points == sum(share.amount for share in accrual.shares) > 0:
            yield f"{accrual.promotion_id} earns {accrual.points}, shares {accrual.shares}"
        points.update({share.line_id: share.amount for share in accrual.shares})
    for line in quote.lines:
        if line.discount_minor != discounts[line.line_id]:
            yield f"{line.line_id}: discount {line.discount_minor} of {discounts[line.line_id]}"
        if line.accrual_points != points[line.line_id]:
            yield f"{line.line_id}: {line.accrual_points} points of {points[line.line_id]}"
    twice = [
        name
        for name, count in Counter(p.promotion_id for p in quote.promotions).items()
        if count > 1
    ]
    if twice:
        yield f"acted twice: {twice}"


def totals_add_up(sale: RandomSale, seen: Watched) -> Breaches:
    """total = Σ lines ≥ 0, and the sheet's pieces cost what its lines cost."""
    quote = seen.quote
    gross = sale.basket.gross_minor
    if quote.payable_minor != gross - quote.discount_minor - quote.redeemed_minor:
        yield f"payable {quote.payable_minor} is not what is left of {gross}"
    if quote.payable_minor < 0:
        yield f"payable {quote.payable_minor}"
    if quote.redeemed_minor != sum(line.redeemed_minor for line in quote.lines):
        yield f"redeemed {quote.redeemed_minor} is not the sum of the lines"
    for line in seen.sheet.lines:
        if line.cut is None:
            continue
        if sum(run.net for run in line.cut) != line.net or min(run.net for run in line.cut) < 0:
            yield f"{line.item.line_id}: pieces {[run.net for run in line.cut]} of {line.net}"
        if sum(run.count for run in line.cut) != line.pieces:
            yield f"{line.item.line_id}: {line.pieces} pieces cut to {len(line.cut)} runs"


def floors_hold(sale: RandomSale, seen: Watched) -> Breaches:
    """No line is taken under its floor, no piece under its lawful price."""
    for item, line, sheet in zip(
        sale.basket.lines, seen.quote.lines, seen.sheet.lines, strict=True
    ):
        taken = line.discount_minor + line.redeemed_minor
        if min(line.discount_minor, line.redeemed_minor) < 0:
            yield f"{item.line_id}: negative discount or redemption"
        left = line.paid_minor - sheet.manual
        floor = floor_of(item, sale.ruleset.programme.unit_floor_minor)
        if taken and left < floor:
            yield f"{item.line_id}: {left} left, floor {floor}"
        if taken and left * 1000 < min(
            item.sum_minor * 1000, item.min_price_minor * item.qty_milli
        ):
            yield f"{item.line_id}: {left} left, lawful {item.min_price_minor}"
        if not item.min_price_minor or sheet.cut is None:
            continue
        lawful = floor_of(item, 0)
        for run in sheet.cut:
            if run.net < lawful * run.count // sheet.pieces:
                all_pieces = f"lawful {lawful} for {sheet.pieces}"
                yield f"{item.line_id}: {run.count} pieces cost {run.net}, {all_pieces}"


def tobacco_is_untouched(sale: RandomSale, seen: Watched) -> Breaches:
    """Nothing for tobacco, gift cards and manual discounts; without them the rest is the same."""
    quote = seen.quote
    for item, line in zip(sale.basket.lines, quote.lines, strict=True):
        if may_be_promoted(item):
            continue
        if (line.discount_minor, line.redeemed_minor, line.accrual_points) != (0, 0, 0):
            yield f"{item.line_id} of {item.goods_class} got {line}"
    has_manual = any(item.price_kind == "manual_discount" for item in sale.basket.lines)
    others = tuple(item for item in sale.basket.lines if may_be_promoted(item))
    if has_manual or len(others) == len(sale.basket.lines):
        return
    without = dataclasses.replace(sale, basket=Basket(others)).quote()
    if without.promotions != quote.promotions or without.gifts != quote.gifts:
        yield "promotions differ without the goods that take no part"


def bonuses_pay_within_limits(sale: RandomSale, seen: Watched) -> Breaches:
    """Redeemed ≤ asked, spendable, share, cap, and leaves the least money part."""
    quote, programme = seen.quote, sale.ruleset.programme
    stranger = sale.member is None or sale.member.is_blocked
    spendable = 0 if stranger else sale.spendable_points
    if not 0 <= quote.redeemed_points <= min(sale.redeem_points, quote.redeemable_points):
        yield f"{quote.redeemed_points} points redeemed of {quote.redeemable_points}"
    if quote.redeemable_points > min(spendable, quote.basket_limit_points):
        yield f"{quote.redeemable_points} redeemable of {spendable}"
    if quote.redeemed_minor != quote.redeemed_points * programme.minor_per_bonus // 100:
        yield f"{quote.redeemed_points} points pay {quote.redeemed_minor}"
    fired = _fired(quote)
    effects = [p.effect for p in sale.ruleset.promotions if p.promotion_id in fired]
    allowed = [effect for effect in effects if isinstance(effect, then.RedeemAllowance)]
    if len(allowed) > 1:
        yield "two allowances"
    bounds = allowed[0] if allowed else then.RedeemAllowance()
    share = programme.redeem_max_share_bp if bounds.max_share_bp is None else bounds.max_share_bp
    cap = programme.redeem_cap_minor if bounds.cap_minor is None else bounds.cap_minor
    least = (
        programme.redeem_min_money_minor
        if bounds.min_money_minor is None
        else bounds.min_money_minor
    )
    payable = [line.net - line.manual for line in seen.sheet.lines if line.may_be_paid]
    if quote.redeemed_minor * 10_000 > sum(n for n in payable if n > 0) * share:
        yield f"{quote.redeemed_minor} is over {share} bp of {payable}"
    if cap is not None and quote.redeemed_minor > cap:
        yield f"{quote.redeemed_minor} is over the cap {cap}"
    if quote.redeemed_minor and quote.payable_minor < least:
        yield f"{quote.payable_minor} of money is under {least}"


def caps_hold(sale: RandomSale, seen: Watched) -> Breaches:
    """No cap of a receipt, a member or a campaign is exceeded."""
    amounts = {p.promotion_id: p.amount_minor for p in seen.quote.promotions}
    points = {p.promotion_id: p.points for p in seen.quote.accruals}
    fired = _fired(seen.quote)
    for promotion in sale.ruleset.promotions:
        own, caps = promotion.promotion_id, promotion.caps
        usage = sale.around.usage.get(own, NOT_USED)
        if own not in fired:
            continue
        for used, size in _counts(promotion, usage):
            if size is not None and used >= size:
                yield f"{own} acted although {used} of {size} were used"
        if caps.per_receipt_minor is not None and amounts.get(own, 0) > caps.per_receipt_minor:
            yield f"{own} gives {amounts[own]} over {caps.per_receipt_minor}"
        if caps.per_receipt_points is not None and points.get(own, 0) > caps.per_receipt_points:
            yield f"{own} earns {points[own]} over {caps.per_receipt_points}"
        left = caps.campaign_minor
        if left is not None and usage.campaign_minor + amounts.get(own, 0) > left:
            yield f"{own} gives {amounts.get(own)} with {usage.campaign_minor} of {left} used"


def _counts(promotion: Promotion, usage: Usage) -> list[tuple[int, int | None]]:
    caps = promotion.caps
    return [
        (usage.member_today, caps.per_member_day),
        (usage.member_total, caps.per_member),
        (usage.campaign_count, caps.campaign_count),
    ]


def groups_are_kept(sale: RandomSale, seen: Watched) -> Breaches:
    """One of a first or best group acts; an exclusive one leaves no other change of prices."""
    fired = _fired(seen.quote)
    modes = sale.ruleset.group_modes
    acted = [p for p in sale.ruleset.promotions if p.promotion_id in fired]
    for group in {p.group for p in acted if p.group}:
        names = [p.promotion_id for p in acted if p.group == group]
        if modes.get(group, "first") in ("first", "best") and len(names) > 1:
            yield f"{names} of group {group} acted"
    changed = {applied.promotion_id for applied in seen.quote.promotions}
    for promotion in acted:
        if not _is_exclusive(sale, promotion):
            continue
        others = changed - {promotion.promotion_id}
        if others and stage_of(promotion) in PRICE_STAGES:
            yield f"{sorted(others)} acted beside the exclusive {promotion.promotion_id}"
    shadows = {p.promotion_id for p in sale.ruleset.promotions if p.state in ("shadow", "draft")}
    off = sale.ruleset.stopped | sale.around.stopped
    if fired & (shadows | off):
        yield f"{sorted(fired & (shadows | off))} acted though it must not"


def _is_exclusive(sale: RandomSale, promotion: Promotion) -> bool:
    mode = sale.ruleset.group_modes.get(promotion.group)
    return promotion.is_exclusive or (bool(promotion.group) and mode == "exclusive")


def pieces_are_used_once(_: RandomSale, seen: Watched) -> Breaches:
    """Each piece stands in one set only: what sets say they used is what was free before."""
    for used in seen.used:
        if used.said != used.gone:
            yield f"{used.promotion_id} used {used.said} pieces, {used.gone} of them free"


def traces_are_complete(sale: RandomSale, seen: Watched) -> Breaches:
    """One trace for each promotion, with a known reason that can be said in both languages."""
    quote = seen.quote
    names = [p.promotion_id for p in sale.ruleset.promotions if p.state != "draft"]
    if [trace.promotion_id for trace in quote.traces] != names:
        yield "traces are not the promotions in their order"
    given: set[str] = set()
    for rows in (quote.promotions, quote.accruals, quote.gifts, quote.coupons, quote.tickets):
        given.update(row.promotion_id for row in rows)
    if given - _fired(quote):
        yield f"{given - _fired(quote)} gave without having fired"
    amounts = {p.promotion_id: p.amount_minor for p in quote.promotions}
    for trace in quote.traces:
        if (trace.reason == "") != (trace.status == "fired"):
            yield f"{trace.promotion_id} is {trace.status} for {trace.reason!r}"
        if trace.reason and trace.reason not in REASONS:
            yield f"unknown reason {trace.reason}"
        if trace.hint and trace.status == "fired":
            yield f"{trace.promotion_id} fired and has a hint"
        if trace.status == "fired" and trace.amount_minor != amounts.get(trace.promotion_id, 0):
            yield f"{trace.promotion_id} traces {trace.amount_minor}"
        for locale in ("uk", "en"):
            text = explain(trace, locale)
            if not text or re.search(r"[{}]", text):
                yield f"{trace.promotion_id} is explained as {text!r}"


def _fired(quote: Quote) -> set[str]:
    return {trace.promotion_id for trace in quote.traces if trace.status == "fired"}


def as_bytes(quote: Quote) -> bytes:
    """A quote with every figure and text."""
    return json.dumps(dataclasses.asdict(quote), ensure_ascii=False).encode()


def same_input_same_bytes(sale: RandomSale, seen: Watched) -> Breaches:
    """Priced again from the start, every byte is the same."""
    if as_bytes(sale.quote()) != as_bytes(seen.quote):
        yield "the second quote differs"


def what_does_not_act_changes_nothing(sale: RandomSale, seen: Watched) -> Breaches:
    """Without drafts, shadows and promotions that nothing came of, every figure is the same.

    Not under `member_best`, which looks ahead at what could act."""
    if sale.ruleset.programme.policies.allocation == "member_best":
        return
    counted = {t.promotion_id for t in seen.quote.traces if t.status in ("fired", "lost")}
    # Whether an exclusive one may act is asked before all others, so it stops them at once.
    counted |= {p.promotion_id for p in sale.ruleset.promotions if _is_exclusive(sale, p)}
    acted = tuple(p for p in sale.ruleset.promotions if p.promotion_id in counted)
    alone = dataclasses.replace(sale, ruleset=dataclasses.replace(sale.ruleset, promotions=acted))
    quote = alone.quote()
    for part in ("lines", "promotions", "accruals", "gifts", "coupons", "tickets", "messages"):
        if getattr(quote, part) != getattr(seen.quote, part):
            others = [t[:4] for t in seen.quote.traces if t[0] not in counted]
            yield f"other {part} without {others}"


def a_memory_changes_nothing(sale: RandomSale, _: Watched) -> Breaches:
    """However a sale came about, its quote is that of a sale rung in one go."""
    yield from differences(sale)


def line_order_moves_tie_kopecks_only(sale: RandomSale, _: Watched) -> Breaches:
    """Another order of the lines moves at most tie kopecks between lines.

    About each promotion alone, for its ties decide what the next one sees, and under switches
    that do not name a line by its place (`split`, `tie`).
    """
    rules, programme = sale.ruleset, sale.ruleset.programme
    policies = dataclasses.replace(
        programme.policies, split=DEFAULT_POLICIES.split, tie=DEFAULT_POLICIES.tie
    )
    programme = dataclasses.replace(programme, policies=policies)
    shuffled = list(sale.basket.lines)
    random.Random(sale.seed).shuffle(shuffled)
    for promotion in rules.promotions[:3]:
        alone = dataclasses.replace(rules, promotions=(promotion,), programme=programme)
        first = dataclasses.replace(sale, ruleset=alone)
        other = dataclasses.replace(first, basket=Basket(tuple(shuffled)))
        for breach in _differences(first.quote(), other.quote(), len(shuffled)):
            yield f"{promotion.promotion_id} alone, shuffled: {breach}"


def _differences(first: Quote, second: Quote, tolerance: int) -> Breaches:
    there = {line.line_id: line for line in second.lines}
    for line in first.lines:
        if abs(line.discount_minor - there[line.line_id].discount_minor) > tolerance:
            yield f"{line.line_id}: {line.discount_minor}, {there[line.line_id].discount_minor}"
    if [(t.status, t.reason) for t in first.traces] != [
        (t.status, t.reason) for t in second.traces
    ]:
        yield f"traces {first.traces} and {second.traces}"
    # A tie kopeck that meets a full line is dropped where the rule says so.
    if abs(first.discount_minor - second.discount_minor) > tolerance:
        yield f"discount {first.discount_minor}, {second.discount_minor}"
    is_same = first.discount_minor == second.discount_minor
    if is_same and first.payable_minor != second.payable_minor:
        yield f"payable {first.payable_minor}, {second.payable_minor}"


LAWS: tuple[Law, ...] = (
    shares_add_up,
    totals_add_up,
    floors_hold,
    tobacco_is_untouched,
    bonuses_pay_within_limits,
    caps_hold,
    groups_are_kept,
    pieces_are_used_once,
    traces_are_complete,
    same_input_same_bytes,
    what_does_not_act_changes_nothing,
    line_order_moves_tie_kopecks_only,
    a_memory_changes_nothing,
)


def breaches(sale: RandomSale, laws: tuple[Law, ...] = LAWS) -> list[str]:
    """All breaches of the laws by one sale; an exception is one too."""
    try:
        seen = watch(sale)
        return [f"{law.__name__}: {text}" for law in laws for text in law(sale, seen)]
    except (ArithmeticError, LookupError, TypeError, ValueError, AssertionError) as error:
        return [f"raised {error!r}"]
