"""The commands of the Ukrainian FP-700 over a link, each returning what the device said.

Every call raises `DeviceRefused` (the device said no; `vendor_code` is its status bytes),
`DeviceUnavailable` (no answer: it may have acted) or `FrameError` (an answer nobody can read).
"""

from __future__ import annotations

from drivers.base import DeviceInfo
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.machine import Counters, Transaction
from drivers.fiscal.counted.receipt_plan import Article, Payment, ReceiptPlan, Sale
from drivers.fiscal.datecs_ua.commands import (
    article_data,
    article_matches,
    open_data,
    parse_counters,
    parse_diagnostics,
    parse_free_plu,
    parse_transaction,
    payment_data,
    sale_data,
    subtotal_discount_data,
)
from drivers.fiscal.datecs_ua.opcodes import ALLOWED, Cmd
from drivers.fiscal.datecs_ua.options import DatecsUaOptions
from drivers.fiscal.datecs_ua.status import Status, decode_status
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.payment import PaymentReply, parse_payment
from drivers.fiscal.isl.session import IslSession
from drivers.fiscal.printer_text import encode

PRINTS_NOTHING = frozenset(
    {
        Cmd.LAST_ERROR,
        Cmd.STATUS,
        Cmd.TRANSACTION,
        Cmd.DIAGNOSTICS,
        Cmd.OPERATOR_NAME,
        Cmd.ARTICLE,
        Cmd.LAST_DOCUMENT,
        Cmd.SHIFT_STATE,
        Cmd.DAY,
    }
)


class Session(IslSession):
    """A recognised Ukrainian Datecs."""

    allowed = ALLOWED
    prints_nothing = PRINTS_NOTHING
    dialect_name = "Datecs with Ukrainian firmware"

    def __init__(self, link: IslLink, options: DatecsUaOptions) -> None:
        self._options = options
        self._cashier = ""
        super().__init__(link)

    def read_status(self, raw: bytes) -> Status:
        """Status bytes of the Ukrainian FP-700."""
        return decode_status(raw)

    def read_identity(self, data: bytes) -> DeviceInfo | None:
        """Model, firmware, serial and fiscal number."""
        return parse_diagnostics(data)

    def counters(self) -> Counters:
        """113: what proves that a document came out."""
        return parse_counters(self.send(Cmd.LAST_DOCUMENT))

    def transaction(self) -> Transaction:
        """76 "T": sum and payment of the open or the last receipt."""
        return parse_transaction(self.send(Cmd.TRANSACTION, b"T"))

    def open_receipt(self, plan: ReceiptPlan) -> None:
        """48 for a sale, 85 for a return."""
        opts = self._options
        data = open_data(opts.operator, opts.operator_password, opts.till)
        self.send(Cmd.OPEN_RETURN if plan.kind == "return" else Cmd.OPEN_FISCAL, data)

    def sell_plu(self, plu: int, sale: Sale) -> None:
        """58: one line; further excise stamps follow it as text."""
        stamps = sale.excise_stamps
        self.send(
            Cmd.SALE,
            sale_data(
                plu,
                sale.qty_milli,
                sale.price_minor,
                sale.correction_minor,
                sale.barcode,
                stamps[0] if stamps else "",
            ),
        )
        for stamp in stamps[1:]:
            self.print_text(f"Марка акцизу {stamp}")

    def take_off(self, amount_minor: int) -> None:
        """51: a discount on the whole receipt."""
        self.send(Cmd.SUBTOTAL, subtotal_discount_data(amount_minor))

    def print_text(self, line: str) -> None:
        """54: a line inside the fiscal receipt."""
        self.send(Cmd.FISCAL_TEXT, encode(line))

    def pay(self, payment: Payment) -> PaymentReply:
        """53: one means of payment; refused when the device answers F, E or I."""
        data = self.send(Cmd.PAYMENT, payment_data(payment.mode, payment.amount_minor))
        reply = parse_payment(data)
        if reply.code not in ("D", "R"):
            raise DeviceRefused("payment_refused", f"payment refused: {reply.code}", reply.code)
        return reply

    def close_receipt(self) -> None:
        """56."""
        self.send(Cmd.CLOSE_FISCAL)

    def cancel_receipt(self) -> None:
        """57: only ever for a receipt that this driver opened."""
        self.send(Cmd.CANCEL)

    def open_slip(self) -> None:
        """38."""
        self.send(Cmd.OPEN_NONFISCAL)

    def print_slip_line(self, line: str) -> None:
        """42."""
        self.send(Cmd.NONFISCAL_TEXT, encode(line))

    def print_qr(self, payload: str) -> None:
        """88 "Q"."""
        self.send(Cmd.BARCODE, b"Q," + payload.encode("ascii"))

    def close_slip(self) -> None:
        """39."""
        self.send(Cmd.CLOSE_NONFISCAL)

    def name_cashier(self, name: str) -> None:
        """102: shown on the receipt. Some firmware refuses it in an open shift; that is no harm."""
        if not name or name == self._cashier or not self._options.set_cashier:
            return
        opts = self._options
        head = f"{opts.operator},{opts.operator_password},".encode("ascii")
        self._link.exchange(Cmd.OPERATOR_NAME, head + encode(name))
        self._cashier = name

    def free_plu(self) -> int:
        """107 "X": the first article number that is free."""
        return parse_free_plu(self.send(Cmd.ARTICLE, b"X"))

    def has_article(self, plu: int, article: Article) -> bool:
        """107 "R": the number still holds this very article."""
        reply = self.send(Cmd.ARTICLE, f"R{plu}".encode("ascii"))
        return article_matches(reply, article.tax_group, list(article.name_lines))

    def program_article(self, plu: int, article: Article) -> bool:
        """107 "P": true when the device took it, false when the number is in use."""
        data = article_data(
            plu,
            article.tax_group,
            article.price_minor,
            self._options.operator_password,
            list(article.name_lines),
            article.uktzed,
        )
        return self.send(Cmd.ARTICLE, data).strip().upper().startswith(b"P")
