"""Paying an ISL receipt: command 53 once per means, answered with what is left or the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from drivers.errors import DeviceRefused, FrameError
from drivers.fiscal.counted.receipt_plan import MAX_ROUNDING_MINOR, Payment, ReceiptPlan

PaymentCode = Literal["F", "E", "D", "R", "I"]


@dataclass(frozen=True, slots=True)
class PaymentReply:
    """Reply of 53: `D` still to pay, `R` change, `F` `E` `I` refused. Kopecks."""

    code: PaymentCode
    amount_minor: int


Pay = Callable[[Payment], PaymentReply]


def parse_payment(data: bytes) -> PaymentReply:
    """Reply of 53: one letter and kopecks."""
    text = data.decode("ascii", "replace").strip()
    code = text[:1]
    digits = text[1:].lstrip(",").strip() or "0"
    if code not in ("F", "E", "D", "R", "I") or not digits.lstrip("+-").isdecimal():
        raise FrameError("bad_reply", f"reply of command 53 cannot be read: {data!r}")
    return PaymentReply(code, int(digits))  # type: ignore[arg-type]


def pay_off(pay: Pay, plan: ReceiptPlan, paid_minor: int, cash_mode: str) -> dict[str, str]:
    """Send the payments that are missing; returns what is worth noting.

    Raises `DeviceRefused` when the receipt is still underpaid, or when what is paid on it already
    is not a beginning of our payments."""
    evidence: dict[str, str] = {}
    reply = None
    for payment in _payments_left(plan, paid_minor):
        reply = pay(payment)
    if reply is not None and reply.code == "D" and 0 < reply.amount_minor <= MAX_ROUNDING_MINOR:
        # The device does not round cash: it must be told the kopecks that nobody handed over,
        # for a receipt with a payment on it can no longer be cancelled.
        evidence["rounding_paid_minor"] = str(reply.amount_minor)
        reply = pay(Payment(cash_mode, reply.amount_minor))
    if reply is not None and reply.code == "D" and reply.amount_minor > 0:
        raise DeviceRefused("underpaid", f"{reply.amount_minor} kopecks are still to be paid")
    if reply is not None and reply.code == "R" and reply.amount_minor != plan.change_minor:
        told = f"device {reply.amount_minor}, document {plan.change_minor}"
        evidence["change_minor"] = told
    return evidence


def _payments_left(plan: ReceiptPlan, paid_minor: int) -> tuple[Payment, ...]:
    sums = list(accumulate((payment.amount_minor for payment in plan.payments), initial=0))
    if paid_minor >= plan.total_minor:
        return ()
    if paid_minor not in sums:
        raise DeviceRefused("payment_differs", f"{paid_minor} kopecks paid are none of ours")
    return plan.payments[sums.index(paid_minor) :]
