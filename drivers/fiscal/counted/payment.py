"""Paying by one command: what was handed over, by means of payment. Kopecks."""

from __future__ import annotations

from drivers.fiscal.counted.receipt_plan import MAX_ROUNDING_MINOR, ReceiptPlan


def amounts_by_mode(plan: ReceiptPlan, cash_mode: str) -> tuple[dict[str, int], dict[str, str]]:
    """Sums by the printer's own names, and what is worth noting.

    A printer that does not round cash must be told the kopecks that nobody handed over."""
    sums: dict[str, int] = {}
    for payment in plan.payments:
        sums[payment.mode] = sums.get(payment.mode, 0) + payment.amount_minor
    missing = plan.total_minor - sum(sums.values())
    if not 0 < missing <= MAX_ROUNDING_MINOR:
        return sums, {}
    sums[cash_mode] = sums.get(cash_mode, 0) + missing
    return sums, {"rounding_paid_minor": str(missing)}
