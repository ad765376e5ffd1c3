"""What an evaluation has given so far, and the trace of every promotion."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.promotions.compile import CompiledPromotion
from loyalty.promotions.facts import Failure
from loyalty.promotions.hints import Hint, NearMisses
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
        self.misses = NearMisses()

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
            (),
            0,
            units,
            cap,
            winner,
        )

    def add_accrual(
        self, item: CompiledPromotion, lines: Sequence[SheetLine], points: Sequence[int]
    ) -> None:
        """A promotion that gives points, with its share of each line."""
        name, shares = self.name_of(item), shares_of(lines, points)
        self.accruals.append(AppliedAccrual(item.promotion.promotion_id, name, sum(points), shares))

    def forgone(self, item: CompiledPromotion) -> int:
        """Kopecks that are given now and would not be if this promotion acted."""
        if item.promotion.is_exclusive or item.mode == "exclusive":
            return sum([applied.amount_minor for applied in self.promotions])
        return self.gains.get(item.promotion.group, (0, ""))[0]

    def add_hints(self, hints: Sequence[Hint]) -> None:
        """Put the sentences on the traces of the promotions they are about."""
        for hint in hints:
            place = hint.item.position
            self.traces[place] = self.traces[place]._replace(
                hint=hint.texts, benefit_minor=hint.benefit_minor
            )


def shares_of(lines: Sequence[SheetLine], amounts: Sequence[int]) -> tuple[Share, ...]:
    """What each line carries, without the lines that carry nothing."""
    pairs = zip(lines, amounts, strict=True)
    return tuple([Share(line.item.line_id, amount) for line, amount in pairs if amount])
