"""From a receipt document to what the printer has to be told, checked before a byte is sent. Pure.

The printer multiplies price by quantity itself; the till's line sum is authoritative, so what
differs goes into the line's discount or surcharge and it comes out at exactly `sum − discount`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from drivers.base import PrinterProfile, PrintJob
from drivers.errors import DeviceRefused
from drivers.fiscal.printer_text import printable, wrap
from loyalty.basket import TenderKind
from loyalty.money import line_sum, split_by_weight
from loyalty.receipt import ReceiptDocument, ReceiptItem

MAX_ROUNDING_MINOR = 50


@dataclass(frozen=True, slots=True)
class PlanRules:
    """What one kind of printer can take. `payment_modes` are its own names of the means.

    `qr_bytes` is 0 for a printer that prints no QR code; `corrects_apart` says that a line's
    discount is a command of its own, so the receipt shows the sum before it for a moment;
    `spreads_whole` that a discount on the whole receipt has to be given on its lines;
    `takes_returns` is false where a return needs what no document of ours says."""

    profile: PrinterProfile
    item_name_width: int
    payment_modes: Mapping[TenderKind, str]
    name_lines: int = 2
    tax_groups: frozenset[str] = frozenset("АБВГДМН")
    max_sales: int = 512
    qr_bytes: int = 200
    corrects_apart: bool = False
    spreads_whole: bool = False
    takes_returns: bool = True


class DocumentMismatch(DeviceRefused):
    """Sums or fields of the document that the printer must not be given."""


@dataclass(frozen=True, slots=True)
class Article:
    """Goods as the printer names them; `key` stands for all of it."""

    key: str
    tax_group: str
    price_minor: int
    name_lines: tuple[str, ...]
    uktzed: str


@dataclass(frozen=True, slots=True)
class Sale:
    """One line; a negative correction is a discount."""

    article: Article
    qty_milli: int
    price_minor: int
    correction_minor: int
    barcode: str
    excise_stamps: tuple[str, ...]

    @property
    def gross_minor(self) -> int:
        """Price times quantity, before the correction."""
        return line_sum(self.price_minor, self.qty_milli)


@dataclass(frozen=True, slots=True)
class Payment:
    """One means of payment, under the printer's own name."""

    mode: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ReceiptPlan:
    """Everything in the order of sending. `running_minor` is the receipt's sum after each step."""

    kind: str
    cashier: str
    heading: tuple[str, ...]
    sales: tuple[Sale, ...]
    subtotal_discount_minor: int
    lines: tuple[str, ...]
    payments: tuple[Payment, ...]
    total_minor: int
    change_minor: int
    running_minor: tuple[int, ...]
    slip_lines: tuple[str, ...]
    slip_qr: str
    qr_dropped: bool
    fingerprint: str

    @property
    def has_slip(self) -> bool:
        """Something is to be printed after the fiscal receipt."""
        return bool(self.slip_lines or self.slip_qr)


def plan_receipt(job: PrintJob, rules: PlanRules) -> ReceiptPlan:
    """The plan of a job, or `DocumentMismatch` saying which sum or field does not fit."""
    document, page = job.document, rules.profile.code_page
    goods = [item for item in document.items if item.sum_minor >= 0]
    taken_off = [item for item in document.items if item.sum_minor < 0]
    if not 1 <= len(goods) <= rules.max_sales:
        raise _mismatch(f"a receipt has 1 to {rules.max_sales} lines, this one {len(goods)}")
    if document.kind == "return" and not rules.takes_returns:
        raise DeviceRefused("return_not_supported", "this driver prints no returns")
    sales = tuple(_sale(item, rules) for item in goods)
    discount = -sum(item.sum_minor - item.discount_minor for item in taken_off)
    if rules.spreads_whole and discount:
        sales, discount = _spread(sales, discount), 0
    running = _running(sales, rules)
    if discount:
        running = (*running, running[-1] - discount)
    total = running[-1]
    payments, change = _payments(document, total, rules)
    return ReceiptPlan(
        kind=document.kind,
        cashier=printable(document.cashier, page)[:24].strip(),
        heading=_heading(document, rules.profile.line_width, page),
        sales=sales,
        subtotal_discount_minor=discount,
        lines=_wrapped(job.text.post_lines, rules.profile.line_width, page),
        payments=payments,
        total_minor=total,
        change_minor=change,
        running_minor=running,
        slip_lines=_wrapped(job.text.additional_trailer, rules.profile.trailer_width, page),
        slip_qr=job.text.qr if _qr_fits(job.text.qr, rules.qr_bytes) else "",
        qr_dropped=not _qr_fits(job.text.qr, rules.qr_bytes),
        fingerprint=fingerprint(job),
    )


def fingerprint(job: PrintJob) -> str:
    """Digest of the content, so that one job id cannot stand for two documents."""
    content = [dataclasses.asdict(job.document), dataclasses.asdict(job.text)]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _mismatch(message: str) -> DocumentMismatch:
    return DocumentMismatch("document_mismatch", message)


def _sale(item: ReceiptItem, rules: PlanRules) -> Sale:
    net = item.sum_minor - item.discount_minor
    if item.qty_milli <= 0 or item.unit_price_minor < 0 or net < 0:
        raise _mismatch(f"line {item.sku}: quantity, price and sum must not be negative")
    if item.tax_group not in rules.tax_groups:
        raise _mismatch(f"line {item.sku}: tax group {item.tax_group!r} is not known")
    if not all(code.isascii() for code in (item.uktzed, item.barcode, *item.excise_stamps)):
        raise _mismatch(f"line {item.sku}: codes must be ASCII")
    return Sale(
        article=_article(item, rules),
        qty_milli=item.qty_milli,
        price_minor=item.unit_price_minor,
        correction_minor=net - line_sum(item.unit_price_minor, item.qty_milli),
        barcode=item.barcode if item.barcode.isdecimal() else "",
        excise_stamps=item.excise_stamps,
    )


def _article(item: ReceiptItem, rules: PlanRules) -> Article:
    """Name, tax group, unit and UKTZED make an article; its price travels with every sale."""
    name = item.name if item.name.strip() else item.sku
    wrapped = wrap(name, rules.item_name_width, rules.profile.code_page)
    lines = tuple(wrapped[: rules.name_lines])
    identity = "\0".join((item.sku, *lines, item.tax_group, item.unit, item.uktzed))
    return Article(
        key=hashlib.sha256(identity.encode()).hexdigest()[:24],
        tax_group=item.tax_group,
        price_minor=item.unit_price_minor,
        name_lines=lines,
        uktzed=item.uktzed,
    )


def _heading(document: ReceiptDocument, width: int, page: str) -> tuple[str, ...]:
    if document.kind == "return" and document.original_fiscal_number:
        title = f"Повернення до чека {document.original_fiscal_number}"
        return tuple(wrap(title, width, page))
    return ()


def _spread(sales: tuple[Sale, ...], discount: int) -> tuple[Sale, ...]:
    """The lines with their shares of a discount on the whole, by their sums."""
    sums = [sale.gross_minor + sale.correction_minor for sale in sales]
    if discount > sum(sums):
        raise _mismatch("the discount is more than the lines")
    shares = split_by_weight(discount, sums)
    return tuple(
        dataclasses.replace(sale, correction_minor=sale.correction_minor - share)
        for sale, share in zip(sales, shares, strict=True)
    )


def _running(sales: tuple[Sale, ...], rules: PlanRules) -> tuple[int, ...]:
    """The sums that the open receipt shows one after the other."""
    steps = []
    for sale in sales:
        gross = sale.gross_minor
        if rules.corrects_apart and sale.correction_minor:
            steps += [gross, sale.correction_minor]
        else:
            steps.append(gross + sale.correction_minor)
    return tuple(accumulate(steps, initial=0))


def _wrapped(lines: tuple[str, ...], width: int, page: str) -> tuple[str, ...]:
    return tuple(part for line in lines for part in wrap(line, width, page))


def _qr_fits(payload: str, most: int) -> bool:
    """A QR that the printer cannot take must not stop the fiscal receipt; it is left out."""
    return payload.isascii() and payload.isprintable() and len(payload) <= most


def _payments(
    document: ReceiptDocument, total: int, rules: PlanRules
) -> tuple[tuple[Payment, ...], int]:
    """Means of payment, cash last because only cash gives change, and the change."""
    bonus = document.redeemed_minor if document.redeem_as == "payment" else 0
    told_bonus = sum(t.amount_minor for t in document.tenders if t.kind == "bonus")
    money = [t for t in document.tenders if t.kind != "bonus" and t.amount_minor != 0]
    if total <= 0:
        raise _mismatch("the lines sum to nothing")
    if total - bonus != document.payable_minor:
        raise _mismatch(
            f"lines less discounts and bonuses are {total - bonus},"
            f" the document says {document.payable_minor}"
        )
    if told_bonus not in (0, document.redeemed_minor) or bonus < 0:
        raise _mismatch("the bonus tender is not what was redeemed")
    if any(tender.amount_minor < 0 for tender in money):
        raise _mismatch("a tender must not be negative")
    if abs(document.rounding_minor) > MAX_ROUNDING_MINOR:
        raise _mismatch("cash rounding is at most 50 kopecks")
    cash = sum(t.amount_minor for t in money if t.kind == "cash")
    change = sum(t.amount_minor for t in money) - document.payable_minor - document.rounding_minor
    if change < 0 or change > cash or (document.rounding_minor and not cash):
        raise _mismatch(f"tenders do not cover the sum (change would be {change})")
    modes = rules.payment_modes
    ordered = [Payment(modes["bonus"], bonus)] if bonus else []
    ordered += [Payment(modes[t.kind], t.amount_minor) for t in money if t.kind != "cash"]
    ordered += [Payment(modes["cash"], cash)] if cash else []
    return tuple(ordered), change
