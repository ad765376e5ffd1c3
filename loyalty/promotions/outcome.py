"""What an evaluation has given so far, and the trace of every promotion."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.promotions.compile import CompiledPromotion
from loyalty.promotions.facts import Failure
from loyalty.promotions.hints import NearMiss
from loyalty.promotions.worksheet import SheetLine
from loyalty.quote import (
    AppliedAccrual,
    AppliedPromotion,
    Gift,
    IssuedCoupon,
    IssuedTickets,
    PromotionTrace,
    Share,
    TraceStatus,
)

MAX_MESSAGES = 8
MAX_HINTS = 10


class Outcome:
    """Lists that become the quote. `gains` is what each group gives now, with its winner."""

    def __init__(self, untouched: Sequence[PromotionTrace]) -> None:
        self.traces = list(untouched)
        self.promotions: list[AppliedPromotion] = []
        self.accruals: list[AppliedAccrual] = []
        self.gifts: list[Gift] = []
        self.coupons: list[IssuedCoupon] = []
        self.used_coupons: list[str] = []
        self.tickets: list[IssuedTickets] = []
        self.messages: list[tuple[str, str]] = []
        self.gains: dict[str, tuple[int, str]] = {}
        self.misses: list[tuple[CompiledPromotion, NearMiss]] = []

    def name_of(self, item: CompiledPromotion) -> str:
        """The promotion's name in the locale of the quote."""
        return self.traces[item.position].name

    def trace(
        self,
        item: CompiledPromotion,
        status: TraceStatus,
        failure: Failure | None,
        *,
        amount_minor: int = 0,
        points: int = 0,
        units: int = 0,
        cap: str = "",
        winner: str = "",
    ) -> None:
        """Put down why the promotion acted or not; the last word counts."""
        self.traces[item.position] = PromotionTrace(
            item.promotion.promotion_id,
            self.traces[item.position].name,
            status,
            "" if failure is None else failure.reason,
            "" if failure is None else failure.seen,
            "" if failure is None else failure.needed,
            amount_minor,
            points,
            units=units,
            cap=cap,
            winner=winner,
        )

    def add_accrual(
        self, item: CompiledPromotion, lines: Sequence[SheetLine], points: Sequence[int]
    ) -> None:
        """A promotion that gives points, with its share of each line."""
        name, shares = self.name_of(item), shares_of(lines, points)
        self.accruals.append(AppliedAccrual(item.promotion.promotion_id, name, sum(points), shares))

    def add_hints(self) -> None:
        """The best hints; each counts what it would add to what its group gives now."""
        worth = []
        for item, miss in self.misses:
            gain, _ = self.gains.get(item.promotion.group, (0, ""))
            worth.append((miss.benefit_minor - gain, item, miss))
        worth.sort(key=lambda entry: (-entry[0], entry[1].position))
        for benefit, item, miss in worth[:MAX_HINTS]:
            if benefit > 0:
                self.traces[item.position] = self.traces[item.position]._replace(
                    hint=miss.texts(), benefit_minor=benefit
                )


def shares_of(lines: Sequence[SheetLine], amounts: Sequence[int]) -> tuple[Share, ...]:
    """What each line carries, without the lines that carry nothing."""
    pairs = zip(lines, amounts, strict=True)
    return tuple([Share(line.item.line_id, amount) for line, amount in pairs if amount])
