"""A receipt as Checkbox takes it. Pure.

Fields as in the models of checkbox-sdk 1.6.0 (MIT): sums in kopecks, quantity in thousandths, texts
of ours only in `footer`; bonuses that lower the price are named discounts, never text.
"""

from __future__ import annotations

from typing import Any, Final

from drivers.base import PrintJob
from drivers.fiscal.checkbox.options import CheckboxOptions
from drivers.fiscal.counted.payment import amounts_by_mode
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, Sale
from loyalty.receipt import ReceiptItem

LABELS: Final = {"2": "Картка", "3": "Сертифікат", "4": "Бонуси", "5": "Інше"}
CASH: Final = "1"
MAX_FOOTER: Final = 4_000


def sell_payload(
    job: PrintJob, plan: ReceiptPlan, receipt_id: str, options: CheckboxOptions
) -> dict[str, Any]:
    """The body of `receipts/sell`; `id` is ours and never changes for this attempt."""
    goods = [item for item in job.document.items if item.sum_minor >= 0]
    is_return = plan.kind == "return"
    sums, _ = amounts_by_mode(plan, CASH)
    body: dict[str, Any] = {
        "id": receipt_id,
        "cashier_name": plan.cashier,
        "goods": [
            _good(item, sale, is_return, options)
            for item, sale in zip(goods, plan.sales, strict=True)
        ],
        "payments": [_payment(mode, amount) for mode, amount in sums.items()],
        "footer": "\n".join((*plan.heading, *plan.lines, *plan.slip_lines))[:MAX_FOOTER],
    }
    if plan.subtotal_discount_minor:
        body["discounts"] = [_discount(plan.subtotal_discount_minor, "Знижка на чек")]
    if plan.slip_qr:
        body["barcode"] = plan.slip_qr
    return body


def _good(
    item: ReceiptItem, sale: Sale, is_return: bool, options: CheckboxOptions
) -> dict[str, Any]:
    good: dict[str, Any] = {
        "code": item.sku,
        "name": " ".join(sale.article.name_lines),
        "price": sale.price_minor,
        "tax": [options.tax_codes[item.tax_group]],
    }
    good |= {"barcode": item.barcode} if item.barcode else {}
    good |= {"uktzed": item.uktzed} if item.uktzed else {}
    line: dict[str, Any] = {"good": good, "quantity": sale.qty_milli, "is_return": is_return}
    if item.excise_stamps:
        line["excise_barcodes"] = list(item.excise_stamps)
    if sale.correction_minor:
        line["discounts"] = [_discount(-sale.correction_minor, "Знижка")]
    return line


def _discount(amount_minor: int, name: str) -> dict[str, Any]:
    """A discount in money, or a surcharge when negative."""
    kind = "DISCOUNT" if amount_minor >= 0 else "EXTRA_CHARGE"
    return {"type": kind, "mode": "VALUE", "value": abs(amount_minor), "name": name}


def _payment(mode: str, amount_minor: int) -> dict[str, Any]:
    if mode == CASH:
        return {"type": "CASH", "value": amount_minor, "label": "Готівка"}
    return {"type": "CASHLESS", "value": amount_minor, "label": LABELS[mode]}
