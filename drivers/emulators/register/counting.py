"""The printer's own arithmetic: lines, discounts, payments and tax of one receipt. Kopecks.

It computes from what it is told on the wire and knows nothing of the document on the other side.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.emulators.paper import Document, SoldItem
from drivers.emulators.register.refusals import NotAllowed, Overflow
from loyalty.money import round_cash, round_half_up, split_by_weight

MAX_SUM_MINOR = 999_999_999
MAX_SALES = 512


def add_sale(document: Document, item: SoldItem) -> None:
    """Count one line, or refuse it."""
    if document.payments:
        raise NotAllowed("no sale after a payment")
    if len(document.items) >= MAX_SALES:
        raise NotAllowed(f"at most {MAX_SALES} sales in a receipt")
    if item.net_minor < 0:
        raise NotAllowed("a discount over the line's sum")
    if total(document) + item.net_minor > MAX_SUM_MINOR:
        raise Overflow("the receipt's sum does not fit")
    document.items.append(item)


def total(document: Document) -> int:
    """Sum of the lines less the discounts on the whole."""
    return sum(item.net_minor for item in document.items) + document.discount_minor


def change_whole(document: Document, change_minor: int) -> None:
    """A discount (<0) or surcharge on the whole receipt."""
    if document.payments:
        raise NotAllowed("no discount after a payment")
    if not 0 <= total(document) + change_minor <= MAX_SUM_MINOR:
        raise NotAllowed("the discount is more than the sum")
    document.discount_minor += change_minor


def taxes(document: Document, rates: Mapping[str, int]) -> dict[str, int]:
    """VAT contained in each group's sum; a discount on the whole is spread over the groups."""
    sums = group_sums(document)
    return {
        group: round_half_up(amount * rates[group], 10_000 + rates[group])
        for group, amount in sums.items()
    }


def group_sums(document: Document) -> dict[str, int]:
    """Turnover by tax letter, in alphabetical order of the letters."""
    sums: dict[str, int] = {}
    for item in document.items:
        sums[item.tax_group] = sums.get(item.tax_group, 0) + item.net_minor
    groups = sorted(sums)
    change = document.discount_minor
    if change and sum(sums.values()) > 0:
        weights = [sums[group] for group in groups]
        for group, share in zip(groups, split_by_weight(abs(change), weights), strict=True):
            sums[group] += share if change > 0 else -share
    return {group: sums[group] for group in groups}


def paid(document: Document) -> int:
    """What has been tendered so far."""
    return sum(amount for _, amount in document.payments)


def is_settled(document: Document) -> bool:
    """Nothing is left to pay."""
    return bool(document.payments) and (
        paid(document) - document.change_minor == total(document) + document.rounding_minor
    )


def pay(document: Document, mode: str, amount_minor: int | None, cash_step: int) -> str:
    """One payment; the reply of 53: `D` and what is left, `R` and the change, `F` refused.

    Cash due is rounded to `cash_step`; whoever pays the exact sum pays the exact sum. Change is
    given on cash only."""
    if is_settled(document):
        raise NotAllowed("the receipt is paid already")
    due = total(document) - paid(document)
    amount = due if amount_minor is None else amount_minor
    if amount <= 0 or (mode != "P" and amount > due):
        return "F"
    rounding = round_cash(due, cash_step) - due if mode == "P" and amount != due else 0
    if amount < due + rounding and amount >= due:
        rounding = 0
    document.payments.append((mode, amount))
    if amount < due + rounding:
        return f"D{due - amount:09d}"
    document.rounding_minor = rounding
    document.change_minor = amount - due - rounding
    return f"R{document.change_minor:09d}" if document.change_minor else "D000000000"
