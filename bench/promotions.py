"""Pricing a basket and compiling rules: the engine alone, on real basket shapes and on wide ones.

`python -m bench.promotions`. Every measured evaluation is a whole quote: amounts, floors, splits,
redemption, accrual, traces and hints. Beside each figure stands the time this machine needs to sort
10,000 numbers in the same run, so a slow box shows.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bench.report import Row, finish, median, percentile
from edge_agent.demo_data import loader
from loyalty.basket import Basket, LineItem
from loyalty.member import Member
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.engine import evaluate
from loyalty.promotions.ruleset import Ruleset
from sync.contract.bundle import parse_draft

SEED = 20261122
GROUPS = 150
SKUS = 5_000
REPEATS = 200
NOON = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MEMBER = Member(1, "Олена К.", 500_000, birthday="11-24", groups=("vip",))


def rule_file(count: int, seed: int) -> bytes:
    """`count` promotions of every effect kind over SKUs and groups, as a chain writes them."""
    draw = random.Random(seed)
    return json.dumps(
        {
            "group_parents": {f"g{n}": f"top{n % 12}" for n in range(GROUPS)}
            | {f"top{n}": None for n in range(12)},
            "promotions": [_promotion(number, draw) for number in range(count)],
        }
    ).encode()


def _promotion(number: int, draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.3:
        scope: dict[str, Any] = {"groups": [f"g{draw.randrange(GROUPS)}"]}
    else:
        scope = {"skus": [str(draw.randrange(SKUS)) for _ in range(8)]}
    effects = [
        {"kind": "percent", "target": scope, "percent_bp": draw.randrange(100, 3000)},
        {"kind": "amount", "target": scope, "amount_minor": draw.randrange(50, 900), "per": "unit"},
        {"kind": "n_for_m", "target": scope, "take": 3, "pay": 2},
        {"kind": "accrue_percent", "target": scope, "percent_bp": 300},
    ]
    conditions: list[dict[str, Any]] = []
    if draw.random() < 0.5:
        conditions.append(
            {"kind": "scope_quantity", "scope": scope, "at_least": draw.randrange(1, 4)}
        )
    if draw.random() < 0.3:
        conditions.append({"kind": "time_window", "from_time": "08:00", "until_time": "20:00"})
    return {
        "promotion_id": f"p{number}",
        "name": {"uk": f"Акція {number}", "en": f"Promotion {number}"},
        "priority": draw.randrange(10),
        "conditions": conditions,
        "effect": draw.choice(effects),
    }


def basket_of(lines: int, seed: int) -> Basket:
    """Random goods of the assortment, one to four pieces each."""
    draw = random.Random(seed)
    found = []
    for number in range(lines):
        price, pieces, sku = (
            draw.randrange(1000, 40_000),
            draw.randrange(1, 5),
            draw.randrange(SKUS),
        )
        found.append(
            LineItem(
                line_id=f"L{number}",
                sku=str(sku),
                name=f"Товар {sku}",
                qty_milli=pieces * 1000,
                unit_price_minor=price,
                sum_minor=price * pieces,
                groups=(f"g{sku % GROUPS}",),
            )
        )
    return Basket(tuple(found))


def ruleset_of(count: int) -> Ruleset:
    """The random rules as the engine takes them."""
    return parse_draft(rule_file(count, SEED)).to_ruleset(1)


def timed_ms(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def best_ms(work: Callable[[], object]) -> float:
    """The best of three calls: what the other programs of a shared machine took is left out.

    The engine keeps nothing between calls, so a repeated one is not warmer."""
    return min(timed_ms(work) for _ in range(3))


def price(compiled: CompiledRuleset, basket: Basket) -> object:
    """One whole quote with a redemption."""
    return evaluate(
        compiled,
        basket,
        member=MEMBER,
        at=NOON,
        store_id="S1",
        redeem_points=5_000,
        spendable_points=500_000,
    )


def evaluation_row(lines: int, rules: int, budget_ms: float) -> Row:
    """Median over many different baskets."""
    compiled = compile_ruleset(ruleset_of(rules))
    baskets = [basket_of(lines, SEED + number) for number in range(REPEATS)]
    times = [best_ms(lambda basket=basket: price(compiled, basket)) for basket in baskets]
    fired = [sum(t.status == "fired" for t in price(compiled, b).traces) for b in baskets[:20]]  # type: ignore[attr-defined]
    beside = f"p95 {percentile(times, 95):.2f}, {median(fired):.0f} promotions act, {yardstick()}"
    return Row(f"{lines} lines x {rules} rules, median", median(times), budget_ms, "ms", beside)


def yardstick() -> str:
    """What this machine is worth right now: sorting 10,000 numbers."""
    draw = random.Random(SEED)
    numbers = [draw.random() for _ in range(10_000)]
    return f"sort of 10k: {median([timed_ms(lambda: sorted(numbers)) for _ in range(9)]):.1f} ms"


def compile_rows() -> list[Row]:
    """From file bytes to dataclasses, and from dataclasses to the index."""
    data = rule_file(1000, SEED)
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
        *compile_rows(),
        dry_run_row(),
    ]
    return finish("promotions", rows)


if __name__ == "__main__":
    raise SystemExit(main())
