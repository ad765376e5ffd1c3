"""Pricing a basket and compiling rules: the engine alone, beside reading the lines and a peer.

`python -m bench.promotions`. Every measured evaluation is a whole quote: amounts, floors, splits,
redemption, accrual, traces and hints, and the engine's memory of goods is emptied before it, as
on the first basket after a start. On a shared machine the best of a few repeats counts for each
basket and the median over the baskets is the figure; the sort of 10,000 numbers in the same run
shows what the machine was worth.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from copy import copy
from datetime import UTC, datetime
from random import Random

from bench import promotion_peer as peer
from bench.promotion_rules import SEED, basket_of, rule_file, ruleset_of
from bench.report import Row, finish, median, percentile
from edge_agent.demo_data import loader
from loyalty.basket import Basket
from loyalty.member import Member
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.engine import evaluate
from loyalty.promotions.memory import Memory
from loyalty.quote import Quote
from sync.contract.bundle import parse_draft

BASKETS = 40
ROUNDS = 15
PEER_BASKETS = 3
NOON = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NOON_MINUTE = 12 * 60
MEMBER = Member(1, "Олена К.", 500_000, birthday="11-24", groups=("vip",))


def timed_ms(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def best_ms(
    work: Callable[[Basket], object],
    baskets: Sequence[Basket],
    before: Callable[[Basket], object] = id,
) -> list[float]:
    """Milliseconds of each basket, the best of some rounds over all of them.

    `before` is called before each call and not measured. What other programs took is left out."""
    best = [math.inf] * len(baskets)
    for _ in range(ROUNDS):
        for place, basket in enumerate(baskets):
            before(basket)
            best[place] = min(best[place], timed_ms(lambda basket=basket: work(basket)))
    return best


def price(compiled: CompiledRuleset, basket: Basket, memory: Memory | None = None) -> Quote:
    """One whole quote with a redemption."""
    return evaluate(
        compiled,
        basket,
        member=MEMBER,
        at=NOON,
        store_id="S1",
        redeem_points=5_000,
        spendable_points=500_000,
        memory=memory,
    )


def read_lines(basket: Basket) -> int:
    """The least that any engine does: look at each line's goods and add up its sum."""
    seen: dict[tuple[object, ...], int] = {}
    for line in basket.lines:
        key = line.sku, line.groups, line.tags, line.brand, line.price_kind, line.unit_price_minor
        seen[key] = seen.get(key, 0) + line.sum_minor * line.qty_milli
    return sum(seen.values())


def cold_times(compiled: CompiledRuleset, baskets: Sequence[Basket]) -> list[float]:
    """Milliseconds of each basket's quote, the memory of goods emptied before each."""
    return best_ms(
        lambda basket: price(compiled, basket), baskets, lambda _: compiled.index.forget()
    )


def baskets_of(lines: int, count: int = BASKETS) -> list[Basket]:
    """Different baskets of one size."""
    return [basket_of(lines, SEED + number) for number in range(count)]


def evaluation_row(lines: int, rules: int, budget_ms: float) -> Row:
    """Median over many different baskets, beside reading their lines and the peer."""
    ruleset, baskets = ruleset_of(rules), baskets_of(lines)
    compiled = compile_ruleset(ruleset)
    times = cold_times(compiled, baskets)
    reading = median(best_ms(read_lines, baskets))
    fired = [sum(t.status == "fired" for t in price(compiled, b).traces) for b in baskets[:20]]
    other = f"{peer.NAME} not installed"
    if peer.is_installed():
        find = peer.peer_of(ruleset, NOON_MINUTE)
        took = median(best_ms(find, baskets[:PEER_BASKETS]))
        other = f"{peer.NAME}, conditions only, {took:.1f}"
    beside = (
        f"p95 {percentile(times, 95):.2f}, {median(fired):.0f} promotions act; reading the lines"
        f" {reading:.3f}; {other}; {yardstick()}"
    )
    return Row(f"{lines} lines x {rules} rules, median", median(times), budget_ms, "ms", beside)


def scanned_line_row() -> Row:
    """The quote after one more scan, with the memory of the quote before it, as a register has."""
    compiled, memory = compile_ruleset(ruleset_of(1000)), Memory()

    def before(basket: Basket) -> None:
        compiled.index.forget()
        memory.forget()
        price(compiled, Basket(tuple(map(copy, basket.lines[:-1]))), memory)

    baskets = baskets_of(50)
    for basket in baskets:
        before(basket)
        if price(compiled, basket, memory) != price(compiled, basket):
            raise AssertionError("a quote with a memory differs from one without")
    times = best_ms(lambda basket: price(compiled, basket, memory), baskets, before)
    whole = median(best_ms(lambda basket: price(compiled, basket), baskets))
    beside = f"p95 {percentile(times, 95):.2f}; without the memory {whole:.2f}; {yardstick()}"
    return Row("one more line, 50 x 1000", median(times), 1, "ms", beside)


def growth_rows() -> list[Row]:
    """Cost over lines, and over rules that are mostly about goods of other departments.

    They are to be looked at; the bounds are those of the three main rows, by size of the basket.
    """
    rows = []
    compiled = compile_ruleset(ruleset_of(1000))
    for lines, bound_ms in ((10, 2), (25, 2), (100, 6), (400, 12)):
        times = cold_times(compiled, baskets_of(lines, 15))
        beside = f"{median(times) / lines * 1000:.0f} us a line"
        rows.append(Row(f"growth: {lines} lines x 1000", median(times), bound_ms, "ms", beside))
    for departments, bound_ms in ((3, 3), (10, 3)):
        rules = 1000 * departments
        compiled = compile_ruleset(ruleset_of(rules, departments))
        baskets = baskets_of(50, 15)
        times = cold_times(compiled, baskets)
        seen = [sum(t.reason != "no_goods" for t in price(compiled, b).traces) for b in baskets]
        beside = f"1,000 rules a department, the basket from one; it meets {median(seen):.0f} rules"
        rows.append(Row(f"growth: 50 lines x {rules}", median(times), bound_ms, "ms", beside))
    return rows


def yardstick() -> str:
    """What this machine is worth right now: sorting 10,000 numbers."""
    draw = Random(SEED)
    numbers = [draw.random() for _ in range(10_000)]
    return f"sort of 10k {median([timed_ms(lambda: sorted(numbers)) for _ in range(9)]):.1f}"


def compile_rows() -> list[Row]:
    """From file bytes to dataclasses, and from dataclasses to the index."""
    data = rule_file(1000)
    ruleset = parse_draft(data).to_ruleset(1)
    compiling = [timed_ms(lambda: compile_ruleset(ruleset)) for _ in range(9)]
    parsing = [timed_ms(lambda: parse_draft(data).to_ruleset(1)) for _ in range(5)]
    loading = median([timed_ms(lambda: json.loads(data)) for _ in range(5)])
    beside = f"json.loads of the same {len(data) // 1024} kB: {loading:.1f} ms"
    return [
        Row("compile 1000 rules", median(compiling), 100, "ms", yardstick()),
        Row("check and read 1000 rules", median(parsing), 500, "ms", beside),
    ]


def dry_run_row() -> Row:
    """Real basket shapes under the demo rules, as a dry run on past receipts would do it."""
    goods = loader.goods()
    baskets = [loader.basket_of(shape, goods) for shape in loader.basket_shapes()]
    compiled = compile_ruleset(parse_draft(loader.rules()).to_ruleset(1))
    receipts = 10_000

    def run(baskets: Sequence[Basket]) -> None:
        for number in range(receipts):
            price(compiled, baskets[number % len(baskets)])

    seconds = timed_ms(lambda: run(baskets)) / 1000
    lines = sum(len(basket.lines) for basket in baskets) / len(baskets)
    beside = f"{lines:.1f} lines a receipt, 15 rules, {receipts / seconds:.0f} receipts a second"
    return Row("dry run of 10,000 receipts", seconds, 30, "s", beside)


def main() -> int:
    """Measure, print, write the report."""
    rows = [
        evaluation_row(10, 100, 0.5),
        evaluation_row(50, 100, 2),
        evaluation_row(50, 1000, 2),
        evaluation_row(200, 1000, 6),
        scanned_line_row(),
        *growth_rows(),
        *compile_rows(),
        dry_run_row(),
    ]
    return finish("promotions", rows)


if __name__ == "__main__":
    raise SystemExit(main())
