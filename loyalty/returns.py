"""Bringing goods back, whole or in part: exact shares of what the sale itself did.

A sale freezes what each line cost, which bonuses paid it, what it earned and by which means its
money came. A return takes of every such figure the part that belongs to the quantity brought
back, counted from the start: after n returns the buyer has `round(total × returned ÷ sold)`, so
the last one gives the exact rest whatever the order. What stays is never priced anew and a
discount is never spread again over the lines that stay.

Money goes back by the means it came, each line's own mix of them; what a gift card paid returns
to it. For cards that is the tax service's reading of law 265/95; the law itself leaves the means
open (letter 57-0002/84778 of the NBU, 12.10.2016). Only the cash part is rounded (NBU Board
resolution 115 of 17.09.2025), again from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from loyalty.basket import Tender, TenderKind
from loyalty.errors import InvalidReturn
from loyalty.money import CASH_STEPS, round_cash, round_half_up, split_by_weight

Means = tuple[TenderKind, str]
"""A means of payment: its kind, and the till's reference of one gift card."""

_CASH: Means = ("cash", "")


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line as the sale's fact has it.

    `promotions` are (promotion id, kopecks) of this line; a line that is not `is_goods` is a
    discount of the till itself, which the goods carry.
    """

    line_id: str
    qty_milli: int
    sum_minor: int
    promotions: tuple[tuple[str, int], ...] = ()
    redeemed_minor: int = 0
    accrual_points: int = 0
    is_goods: bool = True

    @property
    def paid_minor(self) -> int:
        """What is left to pay with money; negative for a discount of the till."""
        return self.sum_minor - sum(amount for _, amount in self.promotions) - self.redeemed_minor


@dataclass(frozen=True, slots=True)
class SoldLine:
    """The shares of one line, frozen. `parts` stand beside `Sold.means` and sum to `paid_minor`."""

    line_id: str
    qty_milli: int
    gross_minor: int
    promotions: tuple[tuple[str, int], ...]
    manual_minor: int
    redeemed_minor: int
    redeemed_points: int
    accrual_points: int
    parts: tuple[int, ...]

    @property
    def paid_minor(self) -> int:
        """Money paid for the line, before the rounding of cash."""
        return sum(self.parts)


@dataclass(frozen=True, slots=True)
class Sold:
    """A paid sale as its returns see it. `cash_minor` is the cash that stayed in the drawer."""

    lines: tuple[SoldLine, ...]
    means: tuple[Means, ...]
    cash_minor: int


@dataclass(frozen=True, slots=True)
class Given:
    """What earlier returns of the sale took back: thousandths per line, and cash paid out for
    them (before anything was withheld)."""

    qty_milli: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    cash_minor: int = 0


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class LineBack:
    """What one return takes of one line. `paid_minor` is its money before cash rounding."""

    line_id: str
    qty_milli: int
    gross_minor: int
    promotions: tuple[tuple[str, int], ...]
    manual_minor: int
    redeemed_minor: int
    redeemed_points: int
    accrual_points: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Refund:
    """One return: money by means (kopecks), points to restore and points that were earned.

    `tenders` sum to the lines' money plus `rounding_minor`, which is the cash part's.
    """

    lines: tuple[LineBack, ...]
    tenders: tuple[Tender, ...]
    rounding_minor: int
    is_complete: bool

    @property
    def refund_minor(self) -> int:
        """What the buyer gets."""
        return sum(tender.amount_minor for tender in self.tenders)

    @property
    def cash_minor(self) -> int:
        """The part that is paid out of the drawer."""
        return sum(tender.amount_minor for tender in self.tenders if tender.kind == "cash")

    @property
    def restored_minor(self) -> int:
        """Kopecks that bonuses had paid."""
        return sum(line.redeemed_minor for line in self.lines)

    @property
    def restored_points(self) -> int:
        """Points that were spent and come back."""
        return sum(line.redeemed_points for line in self.lines)

    @property
    def accrual_points(self) -> int:
        """Points that the goods had earned."""
        return sum(line.accrual_points for line in self.lines)


def freeze(
    lines: Sequence[SaleLine], tenders: Iterable[Tender], *, redeemed_points: int, rounding: int
) -> Sold:
    """The shares of a paid sale. `tenders` are as taken, change not yet subtracted.

    `rounding` is what cash rounding added at the sale. Raises `InvalidReturn` (`bad_sale`) for
    figures that do not add up.
    """
    goods = [line for line in lines if line.is_goods]
    manual = -sum(line.paid_minor for line in lines if not line.is_goods)
    paid = [line.paid_minor for line in goods]
    payable = sum(paid) - manual
    if manual < 0 or payable < 0 or any(part < 0 for part in paid):
        raise InvalidReturn("bad_sale", "the sale's figures do not add up")
    manuals = _split(manual, paid)
    rests = [part - less for part, less in zip(paid, manuals, strict=True)]
    means, columns, cash = _columns(tenders, rests, payable)
    points = _split(redeemed_points, [line.redeemed_minor for line in goods])
    return Sold(
        lines=tuple(
            SoldLine(
                line.line_id,
                line.qty_milli,
                line.sum_minor,
                line.promotions,
                manuals[index],
                line.redeemed_minor,
                points[index],
                line.accrual_points,
                tuple(column[index] for column in columns),
            )
            for index, line in enumerate(goods)
        ),
        means=means,
        cash_minor=cash + rounding,
    )


def _split(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    try:
        return split_by_weight(amount, weights)
    except ValueError:
        raise InvalidReturn("bad_sale", "the sale's figures do not add up") from None


def _columns(
    tenders: Iterable[Tender], rests: list[int], payable: int
) -> tuple[tuple[Means, ...], list[tuple[int, ...]], int]:
    """Means in order of payment, cash last; of each the kopecks per line; and the cash due."""
    paid: dict[Means, int] = {}
    for tender in tenders:
        if tender.kind != "cash":
            key = (tender.kind, tender.reference)
            paid[key] = paid.get(key, 0) + tender.amount_minor
    cash = payable - sum(paid.values())
    if cash < 0:
        raise InvalidReturn("bad_sale", "the sale was paid with more than it cost")
    columns = []
    for amount in paid.values():
        column = _split(amount, rests)
        rests = [rest - part for rest, part in zip(rests, column, strict=True)]
        columns.append(column)
    return (*paid, _CASH), [*columns, tuple(rests)], cash


def take_back(
    sold: Sold,
    wanted: Mapping[str, int] | None,
    cash_step_minor: int,
    given: Given = NOTHING_GIVEN,
) -> Refund:
    """Return thousandths per line, or everything that is left (`None`).

    Raises `InvalidReturn` with code `bad_cash_step`, `unknown_line`, `bad_quantity`,
    `over_returned` or `already_returned`.
    """
    if cash_step_minor not in CASH_STEPS:
        raise InvalidReturn("bad_cash_step", f"the step must be one of {CASH_STEPS}", "cash_step")
    asked = _asked(sold, wanted, given)
    backs: list[LineBack] = []
    sums = [0] * len(sold.means)
    cash_due = 0
    is_complete = True
    for line in sold.lines:
        before = given.qty_milli.get(line.line_id, 0)
        after = before + asked.get(line.line_id, 0)
        is_complete = is_complete and after == line.qty_milli
        parts_after = _parts_at(line, after)
        cash_due += parts_after[-1]
        if after > before:
            backs.append(_line_back(line, before, after))
            for number, part in enumerate(_parts_at(line, before)):
                sums[number] += parts_after[number] - part
    exact_cash = sums[-1]
    owed = sold.cash_minor if is_complete else round_cash(cash_due, cash_step_minor)
    sums[-1] = max(0, min(owed, sold.cash_minor) - given.cash_minor)
    tenders = tuple(
        Tender(kind, amount, reference)
        for (kind, reference), amount in zip(sold.means, sums, strict=True)
        if amount
    )
    return Refund(tuple(backs), tenders, sums[-1] - exact_cash, is_complete)


def _asked(sold: Sold, wanted: Mapping[str, int] | None, given: Given) -> dict[str, int]:
    left = {
        line.line_id: line.qty_milli - given.qty_milli.get(line.line_id, 0) for line in sold.lines
    }
    if not any(left.values()):
        raise InvalidReturn("already_returned", "everything was returned before", "lines")
    if wanted is None:
        return left
    if not wanted:
        raise InvalidReturn("bad_quantity", "a return needs at least one line", "lines")
    for line_id, qty_milli in wanted.items():
        if line_id not in left:
            raise InvalidReturn("unknown_line", f"the sale has no goods line {line_id}", "line_id")
        if not isinstance(qty_milli, int) or isinstance(qty_milli, bool) or qty_milli <= 0:
            raise InvalidReturn("bad_quantity", "quantities are whole thousandths", "qty_milli")
        if qty_milli > left[line_id]:
            raise InvalidReturn(
                "over_returned",
                f"line {line_id}: {left[line_id]} thousandths are left to return",
                "qty_milli",
            )
    return dict(wanted)


def _line_back(line: SoldLine, before: int, after: int) -> LineBack:
    def share(total: int) -> int:
        return _at(total, after, line.qty_milli) - _at(total, before, line.qty_milli)

    paid, redeemed = share(line.paid_minor), share(line.redeemed_minor)
    manual = share(line.manual_minor)
    promotions = tuple((name, share(amount)) for name, amount in line.promotions)
    return LineBack(
        line_id=line.line_id,
        qty_milli=after - before,
        # The parts are rounded each for itself; the shelf sum is what they add up to.
        gross_minor=paid + redeemed + manual + sum(amount for _, amount in promotions),
        promotions=promotions,
        manual_minor=manual,
        redeemed_minor=redeemed,
        redeemed_points=share(line.redeemed_points),
        accrual_points=share(line.accrual_points),
        paid_minor=paid,
    )


def _at(total: int, qty_milli: int, sold_milli: int) -> int:
    return round_half_up(total * qty_milli, sold_milli)


def _parts_at(line: SoldLine, qty_milli: int) -> list[int]:
    """Kopecks by means once `qty_milli` are back; no part ever falls as the quantity grows.

    Each means takes its share of what the means before it left, for shares by largest remainder
    may fall when the whole grows (the Alabama paradox).
    """
    rest_paid = line.paid_minor
    rest = _at(rest_paid, qty_milli, line.qty_milli)
    parts = []
    for paid in line.parts:
        part = round_half_up(paid * rest, rest_paid) if rest_paid else 0
        parts.append(part)
        rest -= part
        rest_paid -= paid
    return parts
