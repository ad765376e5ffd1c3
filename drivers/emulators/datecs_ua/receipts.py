"""Commands of a fiscal receipt: 48 85 58 51 54 53 55 56 57 76."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from drivers.emulators.paper import Document, DocumentKind, Row, SoldItem, money
from drivers.emulators.register import counting, layout
from drivers.emulators.register.core import DEFAULT_CASHIER
from drivers.emulators.register.refusals import SyntaxRefusal
from drivers.emulators.register.till import Till
from loyalty.money import line_sum, share_half_up

FISCAL_TEXT_WIDTH = 36

_SALE = re.compile(
    r"(?P<plu>\d{1,9})(?:\*(?P<qty>\d{1,8}(?:\.\d{1,3})?))?(?:#(?P<price>\d{1,8}(?:\.\d{1,2})?))?"
    r"(?:,(?P<percent>[+-]?\d{1,2}(?:\.\d{1,2})?))?(?:;(?P<change>[+-]\d{1,8}(?:\.\d{1,2})?))?"
    r"(?:&(?P<barcode>\d{1,20}))?(?:!(?P<excise>[A-Za-z0-9]{1,30}))?"
)
_SUBTOTAL = re.compile(
    r"(?P<print>[01])(?P<show>[01])"
    r"(?:,(?P<percent>[+-]?\d{1,2}(?:\.\d{1,2})?)|;(?P<change>[+-]?\d{1,8}(?:\.\d{1,2})?))?"
)
_PAYMENT = re.compile(r"[^\t]*\t(?P<mode>[PNCD])?(?P<amount>[+]?\d{1,8}(?:\.\d{1,2})?)?")


class ReceiptDesk:
    """Sales and returns."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._core = till.core

    def commands(self) -> Mapping[int, Callable[[str], str]]:
        """Handlers by command number: data in, reply data out."""
        return {
            48: lambda text: self._open("sale", text),
            85: lambda text: self._open("return", text),
            58: self._sell,
            51: self._subtotal,
            54: self._text,
            53: self._pay,
            55: self._pay_and_close,
            56: self._close,
            57: self._cancel,
            76: self._transaction,
        }

    def _open(self, kind: DocumentKind, text: str) -> str:
        operator, till = self._core.check_operator(text)
        cashier = self._core.memory.cashiers.get(operator, DEFAULT_CASHIER)
        self._till.open(kind, cashier, till)
        return self._core.numbers()

    def _sell(self, text: str) -> str:
        self._till.receipt()
        match = _SALE.fullmatch(text)
        if match is None:
            raise SyntaxRefusal("58 cannot be read")
        article = self._core.articles.find(int(match["plu"]))
        qty_milli = _thousandths(match["qty"] or "1")
        price_minor = _kopecks(match["price"]) if match["price"] else article.price_minor
        sum_minor = line_sum(price_minor, qty_milli)
        item = SoldItem(
            plu=article.plu,
            name=article.name,
            tax_group=article.tax_group,
            qty_milli=qty_milli,
            price_minor=price_minor,
            sum_minor=sum_minor,
            correction_minor=_change(match, sum_minor),
            barcode=match["barcode"] or "",
            uktzed=article.uktzed,
            excise_stamp=match["excise"] or "",
        )
        if qty_milli == 0:
            raise SyntaxRefusal("a sale of nothing")
        self._till.sell(item)
        article.sold_milli += qty_milli
        article.sold_minor += item.net_minor
        return ""

    def _subtotal(self, text: str) -> str:
        slip = self._receipt()
        match = _SUBTOTAL.fullmatch(text)
        if match is None:
            raise SyntaxRefusal("51 cannot be read")
        change = _change(match, counting.total(slip))
        if change:
            counting.change_whole(slip, change)
            slip.rows += layout.whole_change(change, match["percent"] or "")
        if match["print"] == "1":
            slip.rows.append(Row("pair", "Проміжна сума", money(counting.total(slip))))
        taxes = counting.taxes(slip, self._core.config.tax_rates)
        fields = [counting.total(slip), *(taxes.get(group, 0) for group in "АБВГД")]
        return ",".join(str(field) for field in fields)

    def _text(self, text: str) -> str:
        self._receipt().rows.append(Row("text", text[:FISCAL_TEXT_WIDTH]))
        return ""

    def _pay(self, text: str) -> str:
        self._till.receipt()
        match = _PAYMENT.fullmatch(text)
        if match is None:
            raise SyntaxRefusal("53 cannot be read")
        amount = _kopecks(match["amount"].lstrip("+")) if match["amount"] else None
        return self._till.pay(match["mode"] or "P", amount)

    def _pay_and_close(self, text: str) -> str:
        reply = self._pay(text)
        if counting.is_settled(self._receipt()):
            self._close("")
        return reply

    def _close(self, _text: str) -> str:
        self._till.close()
        return self._core.numbers()

    def _cancel(self, _text: str) -> str:
        self._till.cancel()
        return ""

    def _transaction(self, text: str) -> str:
        memory, slip = self._core.memory, self._core.slip
        if slip is not None and slip.is_fiscal:
            self._till.remember(slip)
        fields = [
            "1" if slip is not None else "0",
            f"{memory.last_items:04d}",
            f"{memory.last_sum_minor:+010d}",
        ]
        if text == "T":
            fields.append(f"{memory.last_paid_minor:+010d}")
        return ",".join(fields)

    def _receipt(self) -> Document:
        return self._till.receipt()


def _kopecks(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") if part else "0")


def _thousandths(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0") if part else "0")


def _change(match: re.Match[str], base_minor: int) -> int:
    """The discount (<0) or surcharge a command asks for, in kopecks."""
    text = match["percent"] or match["change"]
    if not text:
        return 0
    sign = -1 if text[0] == "-" else 1
    amount = _kopecks(text.lstrip("+-"))
    return sign * (share_half_up(base_minor, amount) if match["percent"] else amount)
