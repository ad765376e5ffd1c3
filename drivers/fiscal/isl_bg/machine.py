"""A Bulgarian ISL printer as a `Machine`, whatever its dialect."""

from __future__ import annotations

from drivers.base import DeviceInfo, DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.machine import Counters, Transaction
from drivers.fiscal.counted.receipt_plan import Payment, ReceiptPlan, Sale
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.payment import PaymentReply, pay_off
from drivers.fiscal.isl.session import IslSession
from drivers.fiscal.isl_bg.dialects import Cmd, DatecsP, IslFlags, counters_of
from drivers.fiscal.isl_bg.options import BulgarianOptions
from drivers.shift import OPENS_ITSELF, ShiftState


class BulgarianMachine(IslSession):
    """One recognised printer; see `drivers.fiscal.counted.machine.Machine`."""

    prints_nothing = frozenset(
        {Cmd.STATUS, Cmd.TRANSACTION, Cmd.DIAGNOSTICS, Cmd.LAST_DOCUMENT, Cmd.LAST_CLOSURE}
    )

    def __init__(self, link: IslLink, dialect: DatecsP, options: BulgarianOptions) -> None:
        self._dialect = dialect
        self._options = options
        self.allowed = dialect.allowed
        self.dialect_name = dialect.name
        super().__init__(link)

    def read_status(self, raw: bytes) -> IslFlags:
        """The dialect's meaning of the status bytes."""
        return self._dialect.status(raw)

    def read_identity(self, data: bytes) -> DeviceInfo | None:
        """The dialect's form of 90."""
        return self._dialect.identity(data)

    def counters(self) -> Counters:
        """113, where 76 does not tell the number itself."""
        _, number = self._transaction()
        if number is None:
            number = self._dialect.read_document(self._say(Cmd.LAST_DOCUMENT))
        return counters_of(number)

    def transaction(self) -> Transaction:
        """76."""
        return self._transaction()[0]

    def prepare(self, _plan: ReceiptPlan, _journal: DeviceJournal) -> None:
        """Nothing: goods need no programming here."""

    def open_receipt(self, _plan: ReceiptPlan) -> None:
        """48."""
        opts = self._options
        data = self._dialect.open_data(opts.operator, opts.operator_password, opts.till)
        self._say(Cmd.OPEN_FISCAL, data)

    def sell(self, sale: Sale) -> None:
        """49; stamps as text."""
        self._say(Cmd.SALE, self._dialect.sale_data(sale))
        for stamp in sale.excise_stamps:
            self.print_text(f"Марка акцизу {stamp}")

    def take_off(self, amount_minor: int) -> None:
        """51."""
        self._say(Cmd.SUBTOTAL, self._dialect.discount_data(amount_minor))

    def print_text(self, line: str) -> None:
        """54."""
        self._say(Cmd.FISCAL_TEXT, self._dialect.text_data(line))

    def finish(self, plan: ReceiptPlan | None, paid_minor: int) -> dict[str, str]:
        """53 per means of payment, then 56."""
        evidence = {}
        if plan is not None:
            cash = self._options.rules.payment_modes["cash"]
            evidence = pay_off(self._pay, plan, paid_minor, cash)
        self._say(Cmd.CLOSE_FISCAL)
        return evidence

    def cancel_receipt(self) -> None:
        """60, on a Daisy 130."""
        self._say(self._dialect.cancel)

    def open_slip(self) -> None:
        """38."""
        self._say(Cmd.OPEN_NONFISCAL)

    def print_slip_line(self, line: str) -> None:
        """42."""
        self._say(Cmd.NONFISCAL_TEXT, self._dialect.text_data(line))

    def print_qr(self, payload: str) -> None:
        """84."""
        self._say(Cmd.BARCODE, self._dialect.qr_data(payload))

    def close_slip(self) -> None:
        """39."""
        self._say(Cmd.CLOSE_NONFISCAL)

    def shift_state(self) -> ShiftState:
        """64 and 70; whether a shift is open is not told."""
        closed = self._dialect.read_closure(
            self._say(Cmd.LAST_CLOSURE, self._dialect.closure_data())
        )
        try:
            cash = self._dialect.read_cash(self._say(Cmd.CASH, self._dialect.cash_data(0)))
        except DeviceRefused:
            return ShiftState(closed)
        drawer, came, went = cash
        return ShiftState(closed, cash_minor=drawer, cash_in_minor=came, cash_out_minor=went)

    def open_shift(self) -> None:
        """Refused: the first receipt opens it."""
        raise DeviceRefused(OPENS_ITSELF, "the first receipt opens the shift")

    def report(self, closing: bool) -> None:
        """69."""
        self._say(Cmd.REPORT, self._dialect.report_data(closing))

    def move_cash(self, amount_minor: int) -> None:
        """70."""
        self._dialect.read_cash(self._say(Cmd.CASH, self._dialect.cash_data(amount_minor)))

    def _pay(self, payment: Payment) -> PaymentReply:
        reply = self._dialect.read_payment(
            self._say(Cmd.PAYMENT, self._dialect.payment_data(payment))
        )
        if reply.code not in ("D", "R"):
            raise DeviceRefused("payment_refused", f"payment refused: {reply.code}", reply.code)
        return reply

    def _transaction(self) -> tuple[Transaction, int | None]:
        data = self._say(Cmd.TRANSACTION, self._dialect.transaction_data())
        return self._dialect.read_transaction(data)

    def _say(self, cmd: int, data: bytes = b"") -> bytes:
        return self._dialect.answer(self.send(cmd, data))
