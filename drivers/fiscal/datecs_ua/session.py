"""The commands of the Ukrainian FP-700 over a link, each returning what the device said.

Every call raises `DeviceRefused` (the device said no; `vendor_code` is its status bytes),
`DeviceUnavailable` (no answer: it may have acted) or `FrameError` (an answer nobody can read).
"""

from __future__ import annotations

from drivers.base import DeviceInfo, DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.datecs_ua.commands import (
    Counters,
    PaymentReply,
    Transaction,
    article_data,
    article_matches,
    open_data,
    parse_counters,
    parse_diagnostics,
    parse_free_plu,
    parse_payment,
    parse_transaction,
    payment_data,
    sale_data,
    subtotal_discount_data,
)
from drivers.fiscal.datecs_ua.opcodes import ALLOWED, Cmd
from drivers.fiscal.datecs_ua.options import DatecsUaOptions
from drivers.fiscal.datecs_ua.receipt_plan import Article, Payment, Sale
from drivers.fiscal.datecs_ua.status import Status, decode_status
from drivers.fiscal.isl.frame import Reply
from drivers.fiscal.isl.link import IslLink, LinkCounters
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
    }
)


class Session:
    """A recognised printer. `status` is what came with its last reply."""

    def __init__(self, link: IslLink, options: DatecsUaOptions) -> None:
        self._link = link
        self._options = options
        self._cashier = ""
        self.status: Status = self._ask(Cmd.STATUS)
        self.identity = self._recognise()

    @property
    def link_counters(self) -> LinkCounters:
        """How the line behaved so far."""
        return self._link.counters

    def bind(self, journal: DeviceJournal) -> None:
        """Keep SEQ in the agent's journal."""
        self._link.bind(journal)

    def refresh(self) -> Status:
        """74: harmless, and the first thing after any doubt."""
        return self._ask(Cmd.STATUS)

    def diagnose(self) -> DeviceInfo:
        """90: model, firmware, serial and fiscal number."""
        return self._recognise()

    def counters(self) -> Counters:
        """113: what proves that a document came out."""
        return parse_counters(self._send(Cmd.LAST_DOCUMENT))

    def transaction(self) -> Transaction:
        """76 "T": sum and payment of the open or the last receipt."""
        return parse_transaction(self._send(Cmd.TRANSACTION, b"T"))

    def open_receipt(self, kind: str) -> None:
        """48 for a sale, 85 for a return."""
        opts = self._options
        data = open_data(opts.operator, opts.operator_password, opts.till)
        self._send(Cmd.OPEN_RETURN if kind == "return" else Cmd.OPEN_FISCAL, data)

    def sell(self, plu: int, sale: Sale) -> None:
        """58: one line; further excise stamps follow it as text."""
        stamps = sale.excise_stamps
        self._send(
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
        self._send(Cmd.SUBTOTAL, subtotal_discount_data(amount_minor))

    def print_text(self, line: str) -> None:
        """54: a line inside the fiscal receipt."""
        self._send(Cmd.FISCAL_TEXT, encode(line))

    def pay(self, payment: Payment) -> PaymentReply:
        """53: one means of payment; refused when the device answers F, E or I."""
        data = self._send(Cmd.PAYMENT, payment_data(payment.mode, payment.amount_minor))
        reply = parse_payment(data)
        if reply.code not in ("D", "R"):
            raise DeviceRefused("payment_refused", f"payment refused: {reply.code}", reply.code)
        return reply

    def close_receipt(self) -> None:
        """56."""
        self._send(Cmd.CLOSE_FISCAL)

    def cancel_receipt(self) -> None:
        """57: only ever for a receipt that this driver opened."""
        self._send(Cmd.CANCEL)

    def open_slip(self) -> None:
        """38."""
        self._send(Cmd.OPEN_NONFISCAL)

    def print_slip_line(self, line: str) -> None:
        """42."""
        self._send(Cmd.NONFISCAL_TEXT, encode(line))

    def print_qr(self, payload: str) -> None:
        """88 "Q"."""
        self._send(Cmd.BARCODE, b"Q," + payload.encode("ascii"))

    def close_slip(self) -> None:
        """39."""
        self._send(Cmd.CLOSE_NONFISCAL)

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
        return parse_free_plu(self._send(Cmd.ARTICLE, b"X"))

    def has_article(self, plu: int, article: Article) -> bool:
        """107 "R": the number still holds this very article."""
        reply = self._send(Cmd.ARTICLE, f"R{plu}".encode("ascii"))
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
        return self._send(Cmd.ARTICLE, data).strip().upper().startswith(b"P")

    def _recognise(self) -> DeviceInfo:
        identity = parse_diagnostics(self._send(Cmd.DIAGNOSTICS, b"1"))
        if identity is None:
            raise DeviceRefused(
                "wrong_dialect",
                "the printer is no Datecs with Ukrainian firmware; nothing was sent",
            )
        self._link.permit(ALLOWED)
        return identity

    def _ask(self, cmd: Cmd) -> Status:
        self.status = decode_status(self._link.exchange(cmd).status)
        return self.status

    def _send(self, cmd: Cmd, data: bytes = b"") -> bytes:
        reply = self._link.exchange(cmd, data)
        self.status = decode_status(reply.status)
        self._check(cmd, reply)
        return reply.data

    def _check(self, cmd: Cmd, reply: Reply) -> None:
        status = self.status
        if status.rejected or (status.refused and cmd not in PRINTS_NOTHING):
            code = status.reason or "device_error"
            answer = reply.data.decode("cp1251", "replace")
            raise DeviceRefused(
                code, f"command {int(cmd)} refused: {code} {answer}".strip(), status.raw
            )
