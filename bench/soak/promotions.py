"""`make soak-promotions`: laws of pricing and a second pricing on ever new random sales.

Each sale has a basket, rules of the whole vocabulary and programme switches of its own, drawn from
one number; SEED chooses the numbers, so runs with different seeds add up. Two processes at most.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field

from bench.report import OUT
from bench.soak.campaign import Outcome, Terms, run
from tests.support.pricing.laws import breaches
from tests.support.pricing.naive_pricing import disagreements
from tests.support.pricing.naive_sheet import Unclear
from tests.support.pricing.random_sales import RandomSale, random_sale
from tests.support.pricing.shrinking import smallest

NAME = "promotions"
TARGET = 100_000
PROCESSES = 2
CHUNK = 250
SEEDS_OF_A_RUN = 10**9
SHOWN = 5


@dataclass
class Tally:
    """What some sales showed."""

    sales: int = 0
    lines: int = 0
    judged: int = 0
    broken: list[tuple[int, str]] = field(default_factory=list)
    unclear: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Both together."""
        self.sales += other.sales
        self.lines += other.lines
        self.judged += other.judged
        self.broken += other.broken
        self.unclear.update(other.unclear)


def faults(sale: RandomSale) -> list[str]:
    """Breaches of laws and differences from the naive pricing; raises `Unclear` as that does."""
    return breaches(sale) or [
        f"naive pricing: {text}" for text in disagreements(sale, sale.quote())
    ]


def judge(first: int, count: int) -> Tally:
    """So many sales from a number on."""
    tally = Tally()
    for seed in range(first, first + count):
        sale = random_sale(seed)
        tally.sales += 1
        tally.lines += len(sale.basket.lines)
        try:
            tally.broken += [(seed, text) for text in faults(sale)]
            tally.judged += 1
        except Unclear as why:
            tally.unclear[str(why)] += 1
    return tally


def earlier_runs(seed: int) -> tuple[int, int]:
    """(baskets, runs) of sound runs before, of other seeds."""
    path = OUT / "soak.jsonl"
    if not path.exists():
        return 0, 0
    best: dict[int, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["soak"] == NAME and row["sound"] and row["seed"] != seed:
            best[row["seed"]] = max(best.get(row["seed"], 0), row["achieved"])
    return sum(best.values()), len(best)


def campaign(terms: Terms) -> Outcome:
    """Judge until the target or the bound, whichever comes first."""
    tally, next_seed = Tally(), terms.seed * SEEDS_OF_A_RUN
    with ProcessPoolExecutor(PROCESSES) as pool:
        running: set[Future[Tally]] = set()
        asked = 0
        while running or (asked < terms.target and not terms.is_over):
            while len(running) < PROCESSES and asked < terms.target and not terms.is_over:
                count = min(CHUNK, terms.target - asked)
                running.add(pool.submit(judge, next_seed, count))
                next_seed, asked = next_seed + count, asked + count
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                tally.add(future.result())
    for seed, text in tally.broken[:SHOWN]:
        print(f"random_sale({seed}): {text}")
        print(f"  smallest: {_smallest(seed)}")
    baskets, runs = earlier_runs(terms.seed)
    says = (
        f"{len(tally.broken)} faults, {tally.judged} also priced by the naive pricing, "
        f"{tally.lines} lines; {baskets + tally.sales} baskets over {runs + 1} runs"
    )
    figures = {"judged": tally.judged, "faults": len(tally.broken), "unclear": dict(tally.unclear)}
    return Outcome(tally.sales, not tally.broken, says, figures)


def _smallest(seed: int) -> str:
    def is_broken(sale: RandomSale) -> bool:
        try:
            return bool(faults(sale))
        except Unclear:
            return False

    sale = smallest(random_sale(seed), is_broken)
    return f"{sale.ruleset.promotions} on {sale.basket.lines}"


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, campaign))
