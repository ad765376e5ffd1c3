"""The Ukrainian Datecs as a `Machine`: its session with its articles and its way of paying."""

from __future__ import annotations

from drivers.base import DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, Sale
from drivers.fiscal.datecs_ua.articles import ArticleBook
from drivers.fiscal.datecs_ua.opcodes import Cmd
from drivers.fiscal.datecs_ua.options import DatecsUaOptions
from drivers.fiscal.datecs_ua.session import Session
from drivers.fiscal.datecs_ua.shift_commands import cash_data, parse_cash, parse_shift, report_data
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.payment import pay_off
from drivers.shift import OPENS_ITSELF, ShiftState


class DatecsUaMachine(Session):
    """One recognised printer; see `drivers.fiscal.counted.machine.Machine`."""

    def __init__(self, link: IslLink, options: DatecsUaOptions) -> None:
        super().__init__(link, options)
        self._articles = ArticleBook(self)

    def prepare(self, plan: ReceiptPlan, journal: DeviceJournal) -> None:
        """Cashier's name and article numbers."""
        self.name_cashier(plan.cashier)
        self._articles.use(journal)
        for sale in plan.sales:
            self._articles.ensure(sale.article)

    def sell(self, sale: Sale) -> None:
        """58; an article that the printer has lost meanwhile is programmed once more."""
        try:
            self.sell_plu(self._articles.ensure(sale.article), sale)
        except DeviceRefused as refusal:
            if refusal.code in ("paper_out", "cover_open"):
                raise
            renewed = self._articles.restore(sale.article)
            if renewed is None:
                raise
            self.sell_plu(renewed, sale)

    def finish(self, plan: ReceiptPlan | None, paid_minor: int) -> dict[str, str]:
        """53 per means of payment, then 56."""
        evidence = {}
        if plan is not None:
            cash = self._options.rules.payment_modes["cash"]
            evidence = pay_off(self.pay, plan, paid_minor, cash)
        self.close_receipt()
        return evidence

    def shift_state(self) -> ShiftState:
        """46, 110 and 70; the printer tells its drawer only while it has paper."""
        shift, day = self.send(Cmd.SHIFT_STATE), self.send(Cmd.DAY)
        try:
            cash = parse_cash(self.send(Cmd.CASH))
        except DeviceRefused:
            cash = None
        return parse_shift(shift, day, cash)

    def open_shift(self) -> None:
        """Refused: the first receipt opens it."""
        raise DeviceRefused(OPENS_ITSELF, "the first receipt opens the shift")

    def report(self, closing: bool) -> None:
        """69."""
        self.send(Cmd.REPORT, report_data(self._options.operator_password, closing))

    def move_cash(self, amount_minor: int) -> None:
        """70."""
        parse_cash(self.send(Cmd.CASH, cash_data(amount_minor)))
