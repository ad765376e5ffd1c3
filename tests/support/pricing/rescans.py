"""A sale as it grows and changes at the till, each quote made with the memory of the last one."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from datetime import timedelta

from loyalty.basket import Basket, LineItem
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.engine import evaluate
from loyalty.promotions.memory import Memory
from loyalty.quote import Quote
from tests.support.pricing.random_sales import RandomSale

STEPS = 4


def steps_of(sale: RandomSale) -> Iterator[tuple[str, RandomSale]]:
    """What is done, and the sale after it; the last step is the sale itself."""
    draw = random.Random(sale.seed)
    lines = sale.basket.lines
    now = dataclasses.replace(sale, basket=Basket(lines[: draw.randrange(len(lines) + 1)]))
    yield "begun", now
    for _ in range(STEPS):
        what, now = _changed(now, sale, draw)
        yield what, now
    yield "whole", dataclasses.replace(sale, at=now.at)
    yield "whole, at its own time", sale


def _changed(now: RandomSale, sale: RandomSale, draw: random.Random) -> tuple[str, RandomSale]:
    lines, rung = list(now.basket.lines), {line.line_id for line in now.basket.lines}
    more = [line for line in sale.basket.lines if line.line_id not in rung]
    kind = draw.choice(("scanned", "scanned", "more", "voided", "paid", "later", "left"))
    if kind == "scanned" and more:
        lines.append(more[0])
    elif kind == "more" and lines:
        at = draw.randrange(len(lines))
        lines[at] = _twice(lines[at])
    elif kind == "voided" and lines:
        del lines[draw.randrange(len(lines))]
    elif kind == "paid":
        return kind, dataclasses.replace(now, redeem_points=draw.choice((0, 100, 10_000)))
    elif kind == "later":
        return kind, dataclasses.replace(now, at=now.at + timedelta(seconds=draw.randrange(90)))
    elif kind == "left":
        member = sale.member if now.member is None else None
        return kind, dataclasses.replace(now, member=member, redeem_points=0)
    return kind, dataclasses.replace(now, basket=Basket(tuple(map(dataclasses.replace, lines))))


def _twice(line: LineItem) -> LineItem:
    return dataclasses.replace(line, qty_milli=line.qty_milli * 2, sum_minor=line.sum_minor * 2)


def quoted(sale: RandomSale, compiled: CompiledRuleset, memory: Memory | None) -> Quote:
    """The quote of a sale by rules that stay compiled."""
    return evaluate(
        compiled,
        sale.basket,
        member=sale.member,
        at=sale.at,
        store_id=sale.store_id,
        redeem_points=sale.redeem_points,
        spendable_points=sale.spendable_points,
        around=sale.around,
        memory=memory,
    )


def differences(sale: RandomSale) -> Iterator[str]:
    """Steps at which a memory changes the quote."""
    compiled, memory = compile_ruleset(sale.ruleset), Memory()
    for number, (what, now) in enumerate(steps_of(sale)):
        if quoted(now, compiled, memory) != quoted(now, compiled, None):
            yield f"step {number} ({what}) is another quote with a memory than without"
