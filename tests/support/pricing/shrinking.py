"""The smallest sale that still breaks: promotions and lines are left out one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from loyalty.basket import Basket
from tests.support.pricing.random_sales import RandomSale


def smallest(sale: RandomSale, is_broken: Callable[[RandomSale], bool]) -> RandomSale:
    """A sale from which nothing can be left out without mending it."""
    shrinks = True
    while shrinks:
        shrinks = False
        for fewer in _with_less(sale):
            if is_broken(fewer):
                sale, shrinks = fewer, True
                break
    return sale


def _with_less(sale: RandomSale) -> list[RandomSale]:
    rules, lines = sale.ruleset, sale.basket.lines
    found = []
    for n in range(len(rules.promotions)):
        fewer = (*rules.promotions[:n], *rules.promotions[n + 1 :])
        found.append(replace(sale, ruleset=replace(rules, promotions=fewer)))
    for n in range(len(lines)):
        basket = Basket((*lines[:n], *lines[n + 1 :]))
        if basket.gross_minor >= 0:
            found.append(replace(sale, basket=basket))
    for n, promotion in enumerate(rules.promotions):
        for m in range(len(promotion.conditions)):
            left = (*promotion.conditions[:m], *promotion.conditions[m + 1 :])
            eased = replace(promotion, conditions=left)
            others = (*rules.promotions[:n], eased, *rules.promotions[n + 1 :])
            found.append(replace(sale, ruleset=replace(rules, promotions=others)))
    return found
