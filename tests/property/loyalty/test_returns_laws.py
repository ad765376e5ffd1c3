"""Returns in any order and any portions end exactly at the sale's own figures.

Hypothesis prints the failing example and its seed (`--hypothesis-seed`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.basket import Tender
from loyalty.money import CASH_STEPS, round_cash
from loyalty.returns import Given, Refund, SaleLine, Sold, freeze, take_back
from loyalty.spent_points import settle_points

COMMON = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Paid:
    """A drawn sale and what it was."""

    lines: list[SaleLine]
    tenders: list[Tender]
    points: int
    rounding: int
    step: int
    payable: int
    sold: Sold = field(init=False)

    def __post_init__(self) -> None:
        self.sold = freeze(
            self.lines, self.tenders, redeemed_points=self.points, rounding=self.rounding
        )


@st.composite
def goods(draw: st.DrawFn, number: int) -> SaleLine:
    weighed = draw(st.booleans())
    qty = draw(st.integers(1, 3000)) if weighed else draw(st.integers(1, 6)) * 1000
    gross = draw(st.integers(0, 60_000))
    first = draw(st.integers(0, gross))
    second = draw(st.integers(0, gross - first))
    redeemed = draw(st.integers(0, gross - first - second))
    return SaleLine(
        f"L{number}",
        qty,
        gross,
        (("a", first), ("b", second)),
        redeemed,
        draw(st.integers(0, 5_000)),
    )


@st.composite
def sales(draw: st.DrawFn) -> Paid:
    lines = [draw(goods(number)) for number in range(draw(st.integers(1, 6)))]
    rest = sum(line.paid_minor for line in lines)
    if draw(st.booleans()):
        manual = draw(st.integers(0, rest))
        lines.append(SaleLine("M", 1000, -manual, is_goods=False))
        rest -= manual
    payable = rest
    tenders = []
    for kind in draw(st.lists(st.sampled_from(["card", "gift_card", "other"]), max_size=3)):
        amount = draw(st.integers(0, rest))
        if amount:
            tenders.append(Tender(kind, amount, draw(st.sampled_from(["", "A", "B"]))))
            rest -= amount
    step = draw(st.sampled_from(CASH_STEPS))
    cash = round_cash(rest, step)
    if cash:
        tenders.append(Tender("cash", cash + draw(st.sampled_from([0, 5_000]))))
    redeemed = sum(line.redeemed_minor for line in lines)
    points = draw(st.integers(redeemed, redeemed * 3)) if redeemed else 0
    return Paid(lines, tenders, points, cash - rest, step, payable)


def bring_back(draw: st.DrawFn, paid: Paid, step: int | None = None) -> list[Refund]:
    """Return everything in drawn portions and a drawn order, to the last gram."""
    left = {line.line_id: line.qty_milli for line in paid.sold.lines}
    done: dict[str, int] = {}
    refunds: list[Refund] = []
    while left:
        wanted = None
        if len(refunds) < 12 and draw(st.integers(0, 9)):
            chosen = draw(st.lists(st.sampled_from(sorted(left)), min_size=1, unique=True))
            wanted = {name: draw(st.integers(1, left[name])) for name in chosen}
        cash = sum(each.cash_minor for each in refunds)
        used = draw(st.sampled_from(CASH_STEPS)) if step is None else step
        refund = take_back(paid.sold, wanted, used, Given(dict(done), cash))
        refunds.append(refund)
        for back in refund.lines:
            done[back.line_id] = done.get(back.line_id, 0) + back.qty_milli
            left[back.line_id] -= back.qty_milli
            if not left[back.line_id]:
                del left[back.line_id]
    return refunds


def by_means(tenders: list[Tender]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for tender in tenders:
        key = (tender.kind, tender.reference)
        sums[key] = sums.get(key, 0) + tender.amount_minor
    return sums


def check_exact(paid: Paid, refunds: list[Refund]) -> None:
    backs = [back for refund in refunds for back in refund.lines]
    for line in paid.sold.lines:
        own = [back for back in backs if back.line_id == line.line_id]
        assert sum(back.qty_milli for back in own) == line.qty_milli
        for name in ("gross_minor", "manual_minor", "redeemed_minor", "redeemed_points"):
            assert sum(getattr(back, name) for back in own) == getattr(line, name), name
        assert sum(back.accrual_points for back in own) == line.accrual_points
        assert sum(back.paid_minor for back in own) == line.paid_minor
        for index, (_, amount) in enumerate(line.promotions):
            assert sum(back.promotions[index][1] for back in own) == amount
    cash = sum(tender.amount_minor for tender in paid.tenders if tender.kind == "cash")
    change = sum(t.amount_minor for t in paid.tenders) - paid.payable - paid.rounding
    expected = by_means([tender for tender in paid.tenders if tender.kind != "cash"])
    if cash - change:
        expected["cash", ""] = cash - change
    assert by_means([t for refund in refunds for t in refund.tenders]) == expected
    assert sum(refund.rounding_minor for refund in refunds) == paid.rounding
    assert sum(refund.restored_points for refund in refunds) == paid.points
    assert [refund.is_complete for refund in refunds] == [False] * (len(refunds) - 1) + [True]


@COMMON
@given(sales(), st.data())
def test_any_order_and_any_portions_end_exactly(paid: Paid, data: st.DataObject) -> None:
    refunds = bring_back(data.draw, paid, paid.step)
    check_exact(paid, refunds)
    for refund in refunds:
        if paid.step:
            assert refund.cash_minor % paid.step == 0, "a refund is paid in coins that exist"


@COMMON
@given(sales(), st.data())
def test_a_changed_cash_step_changes_no_total(paid: Paid, data: st.DataObject) -> None:
    check_exact(paid, bring_back(data.draw, paid))


@COMMON
@given(sales(), st.data())
def test_no_figure_is_ever_negative(paid: Paid, data: st.DataObject) -> None:
    for refund in bring_back(data.draw, paid, paid.step):
        assert all(tender.amount_minor > 0 for tender in refund.tenders)
        assert refund.refund_minor == sum(b.paid_minor for b in refund.lines) + (
            refund.rounding_minor
        )
        for back in refund.lines:
            figures = (back.paid_minor, back.redeemed_minor, back.redeemed_points)
            assert min(*figures, back.accrual_points, back.manual_minor) >= 0
            assert all(amount >= 0 for _, amount in back.promotions)
            assert back.gross_minor == back.paid_minor + back.redeemed_minor + (
                back.manual_minor + sum(amount for _, amount in back.promotions)
            )


@COMMON
@given(sales(), st.data())
def test_the_order_of_returns_changes_no_line(paid: Paid, data: st.DataObject) -> None:
    """A line's shares follow from its own quantity alone, whatever came back before."""
    first, *others = paid.sold.lines
    qty = data.draw(st.integers(1, first.qty_milli))
    alone = take_back(paid.sold, {first.line_id: qty}, 0)
    before = {line.line_id: data.draw(st.integers(0, line.qty_milli)) for line in others}
    later = take_back(paid.sold, {first.line_id: qty}, 0, Given(before, 0))
    assert later.lines == alone.lines


@COMMON
@given(
    sales(),
    st.integers(0, 20_000),
    st.sampled_from(["withhold", "negative", "write_off"]),
    st.sampled_from([1, 33, 100, 250]),
)
def test_spent_points_are_all_accounted_for(
    paid: Paid, available: int, policy: str, rate: int
) -> None:
    refund = take_back(paid.sold, None, paid.step)
    result = settle_points(
        refund,
        available_points=available,
        policy=policy,  # type: ignore[arg-type]
        minor_per_bonus=rate,
        cash_step_minor=paid.step,
    )
    assert (
        result.reversed_points + result.withheld_points + result.written_off_points
        == refund.accrual_points
    )
    assert min(result.reversed_points, result.withheld_points, result.written_off_points) >= 0
    assert result.refund.refund_minor + result.withheld_minor == refund.refund_minor
    assert all(tender.amount_minor > 0 for tender in result.refund.tenders)
    if paid.step:
        assert result.refund.cash_minor % paid.step == 0
    missing = max(0, refund.accrual_points - available - refund.restored_points)
    assert result.withheld_minor * 100 <= missing * rate, "never more than the points are worth"
