"""A dry run: rules over past receipts with the register's own engine, in as many processes as there
are cores.

Each receipt is priced as it was sold: store, register, time, tenders, and the bonuses redeemed.
The other side is what the receipts themselves say, or a second set of rules. Caps that count from
receipt to receipt (a member's day, a campaign) are not followed: the cost is without them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from central.rules_files import RuleSource, parse_rules
from central.rules_receipts import (
    BrokenLine,
    Chunk,
    PastReceipt,
    chunks,
    read_receipt,
    total_bytes,
)
from central.rules_tally import Change, Figures, Given, Named, Part, Tally
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.engine import evaluate
from loyalty.promotions.law import floor_of
from loyalty.quote import Quote

MAX_WORKERS = 64
ALONE_BYTES = 1024 * 1024
"""Below so many bytes of receipts one process is faster than starting others."""
_UNKNOWN_OF_MEMBER = frozenset(
    {
        *("member_group", "member_tier", "member_segment", "birthday", "coupon_held"),
        *("nth_purchase", "first_purchase", "days_since_purchase", "points_at_least"),
        "cashier_is_not_member",
    }
)
OnProgress = Callable[[int, int], None]
"""Told (bytes done, bytes in all)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rules, beside which (None: the receipts' own figures), and for which stores (empty:
    all). `top` changes are listed."""

    rules: RuleSource
    against: RuleSource | None = None
    stores: frozenset[str] = frozenset()
    top: int = 10


def simulate(
    plan: Plan, files: Sequence[Path], workers: int | None, on_progress: OnProgress
) -> dict[str, Any]:
    """Price every receipt; one JSON-able dictionary. Raises `BadInput` for a file."""
    size = total_bytes(files)
    count = 1 if size < ALONE_BYTES else min(workers or os.cpu_count() or 1, MAX_WORKERS)
    tally = Tally(plan.top)
    on_progress(0, size)
    for done, part in _counted(plan, chunks(files), count):
        tally.add(part)
        on_progress(min(done, size), size)
    return _result(plan, tally)


def _counted(plan: Plan, work: Iterable[Chunk], count: int) -> Iterator[tuple[int, Tally]]:
    """(bytes read, what was counted) chunk by chunk, in the order of the files."""
    if count == 1:
        run = DryRun(plan)
        for chunk in work:
            yield chunk.bytes_read, run.count(chunk)
        return
    against = plan.against.data if plan.against else None
    setup = (plan.rules.data, against, plan.stores, plan.top)
    context = get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_set_up, initargs=setup) as pool:
        ahead: deque[tuple[int, Future[Tally]]] = deque()
        for chunk in work:
            ahead.append((chunk.bytes_read, pool.submit(_count, chunk)))
            if len(ahead) > 3 * count:
                done, future = ahead.popleft()
                yield done, future.result()
        for done, future in ahead:
            yield done, future.result()


# Each worker process makes its own index once.
_RUN: list[DryRun] = []


def _set_up(rules: bytes, against: bytes | None, stores: frozenset[str], top: int) -> None:
    other = parse_rules(against, "") if against else None
    _RUN[:] = [DryRun(Plan(parse_rules(rules, ""), other, stores, top))]


def _count(chunk: Chunk) -> Tally:
    return _RUN[0].count(chunk)


class DryRun:
    """One process's share: compiled rules, and the pricing of receipts."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rules = _compiled(plan.rules)
        self._against = _compiled(plan.against) if plan.against else None

    def count(self, chunk: Chunk) -> Tally:
        """Price all lines of a chunk; a broken one is named and the rest goes on."""
        tally = Tally(self._plan.top)
        for number, line in enumerate(chunk.lines, chunk.first):
            if not line.strip():
                continue
            try:
                receipt = read_receipt(line)
            except BrokenLine as error:
                tally.broken.note(file=chunk.file, line=number, why=str(error))
                continue
            if self._plan.stores and receipt.sale.store_id not in self._plan.stores:
                tally.skipped += 1
                continue
            self._price(receipt, tally)
        return tally

    def _price(self, receipt: PastReceipt, tally: Tally) -> None:
        quote = _quoted(self._rules, receipt)
        after = _figures(quote)
        before = _as_sold(receipt)
        if self._against is not None:
            other = _quoted(self._against, receipt)
            before = _figures(other)
            _note_given(other, tally.given_before)
            _note_floors(other, receipt, self._against, tally.below_floor_before)
        else:
            _note_sold(receipt, self._rules, tally)
        _note_given(quote, tally.given)
        _note_floors(quote, receipt, self._rules, tally.below_floor)
        part = tally.stores.setdefault(receipt.sale.store_id, Part())
        part.receipts += 1
        part.acted += bool(quote.promotions or quote.accruals or quote.gifts)
        part.gross_minor += quote.gross_minor
        part.before.add(before)
        part.after.add(after)
        if before != after:
            part.changed += 1
            tally.note_change(_change(receipt, before, after, self._rules))


def _compiled(source: RuleSource) -> CompiledRuleset:
    return compile_ruleset(source.draft.to_ruleset(source.sequence or 1))


def _quoted(rules: CompiledRuleset, receipt: PastReceipt) -> Quote:
    return evaluate(
        rules,
        receipt.basket,
        member=receipt.member,
        at=receipt.at,
        store_id=receipt.sale.store_id,
        redeem_points=receipt.redeem_points,
        spendable_points=receipt.redeem_points,
        around=receipt.around,
    )


def _figures(quote: Quote) -> Figures:
    return Figures(quote.discount_minor, quote.payable_minor, quote.accrual_points)


def _as_sold(receipt: PastReceipt) -> Figures:
    sale = receipt.sale
    return Figures(sale.discount_minor, sale.payable_minor, sale.accrual_points)


def _change(
    receipt: PastReceipt, before: Figures, after: Figures, rules: CompiledRuleset
) -> Change:
    money = abs(before.payable_minor - after.payable_minor)
    points = abs(before.points - after.points) * rules.programme.minor_per_bonus // 100
    sale = receipt.sale
    return Change(
        size=money + points,
        sale_id=sale.sale_id,
        store_id=sale.store_id,
        occurred_at=sale.occurred_at,
        payable_before=before.payable_minor,
        payable_after=after.payable_minor,
        points_before=before.points,
        points_after=after.points,
    )


# --- what promotions gave ---------------------------------------------------------------------


def _note_given(quote: Quote, found: dict[str, Given]) -> None:
    for trace in quote.traces:
        if trace.reason == "no_goods":
            continue
        if trace.status == "fired":
            given = found.setdefault(trace.promotion_id, Given())
            given.receipts += 1
            given.amount_minor += trace.amount_minor
            given.points += trace.points
            given.capped += bool(trace.cap)
        elif trace.reason == "floor":
            found.setdefault(trace.promotion_id, Given()).floored += 1
        elif trace.reason == "shadow":
            found.setdefault(trace.promotion_id, Given()).trial += 1


def _note_sold(receipt: PastReceipt, rules: CompiledRuleset, tally: Tally) -> None:
    """The receipt's own figures: its promotions, and its lines under the floors of these rules."""
    sale = receipt.sale
    taken = {line.line_id: line.sum_minor for line in sale.lines}
    for promotion in sale.promotions:
        given = tally.given_before.setdefault(promotion.promotion_id, Given())
        given.receipts += 1
        given.amount_minor += promotion.amount_minor
        for share in promotion.shares:
            taken[share.line_id] = taken.get(share.line_id, 0) - share.amount
    for accrual in sale.accruals:
        given = tally.given_before.setdefault(accrual.promotion_id, Given())
        given.receipts += not any(p.promotion_id == accrual.promotion_id for p in sale.promotions)
        given.points += accrual.points
    for share in sale.redemption.shares if sale.redemption else ():
        taken[share.line_id] = taken.get(share.line_id, 0) - share.amount
    _compare_floors(taken, receipt, rules, tally.below_floor_before)


def _note_floors(quote: Quote, receipt: PastReceipt, rules: CompiledRuleset, found: Named) -> None:
    paid = {line.line_id: line.paid_minor for line in quote.lines}
    _compare_floors(paid, receipt, rules, found)


def _compare_floors(
    paid: dict[str, int], receipt: PastReceipt, rules: CompiledRuleset, found: Named
) -> None:
    """Lines that cost less than the law or the programme lets them."""
    for item in receipt.basket.lines:
        floor = floor_of(item, rules.programme.unit_floor_minor)
        if paid[item.line_id] < floor:
            found.note(
                sale_id=receipt.sale.sale_id,
                line_id=item.line_id,
                sku=item.sku,
                paid_minor=paid[item.line_id],
                floor_minor=floor,
            )


# --- the answer -------------------------------------------------------------------------------


def _result(plan: Plan, tally: Tally) -> dict[str, Any]:
    total = tally.total()
    per_bonus = plan.rules.draft.programme.minor_per_bonus
    return {
        "rules": plan.rules.label,
        "against": plan.against.label if plan.against else "the receipts themselves",
        "promotions": len(plan.rules.draft.promotions),
        "skipped": tally.skipped,
        "total": _part(total, per_bonus),
        "stores": {name: _part(part, per_bonus) for name, part in sorted(tally.stores.items())},
        "given": _given(tally),
        "changes": [
            {name: value for name, value in asdict(each).items() if name != "size"}
            for each in sorted(tally.changes, key=lambda each: (-each.size, each.sale_id))
        ],
        "floor_breaches": {
            "before": asdict(tally.below_floor_before),
            "after": asdict(tally.below_floor),
        },
        "broken": asdict(tally.broken),
        "not_answered": _not_answered(plan),
    }


def _part(part: Part, minor_per_bonus: int) -> dict[str, Any]:
    """`cost_minor` is what the rules cost more than the other side, bonuses at their rate."""
    discount = part.after.discount_minor - part.before.discount_minor
    points = part.after.points - part.before.points
    return {**asdict(part), "cost_minor": discount + points * minor_per_bonus // 100}


def _given(tally: Tally) -> list[dict[str, Any]]:
    """Per promotion, the dearest first."""
    names = {*tally.given, *tally.given_before}
    rows = [
        {
            "promotion_id": name,
            "after": asdict(tally.given.get(name, Given())),
            "before": asdict(tally.given_before.get(name, Given())),
        }
        for name in names
    ]

    def dearness(row: dict[str, Any]) -> tuple[int, str]:
        return -row["after"]["amount_minor"] - row["after"]["points"], row["promotion_id"]

    return sorted(rows, key=dearness)


def _not_answered(plan: Plan) -> list[str]:
    """Promotions with a condition that past receipts cannot answer: they count as not acting."""
    return [
        promotion.promotion_id
        for promotion in plan.rules.draft.promotions
        if any(condition.kind in _UNKNOWN_OF_MEMBER for condition in promotion.conditions)
    ]
