"""What a cash register does with a receipt, whatever language it was told so in.

Kopecks and thousandths. Every verb refuses what the state does not allow (`Refusal`) and then has
changed nothing.
"""

from __future__ import annotations

from drivers.emulators.paper import Document, DocumentKind, Row, SoldItem, money
from drivers.emulators.register import counting, layout
from drivers.emulators.register.core import DEFAULT_CASHIER, PrinterCore
from drivers.emulators.register.memory import Shift
from drivers.emulators.register.refusals import NotAllowed

SHIFT_HOURS = 24
UNSENT_HOURS = 72


class Till:
    """Receipts, slips and reports of one register."""

    def __init__(self, core: PrinterCore) -> None:
        self.core = core

    def open(self, kind: DocumentKind, cashier: str = "", till: str = "1") -> Document:
        """A new sale or return; refused when the shift is older than 24 hours."""
        if self.shift_is_over():
            raise NotAllowed("the shift is over 24 hours")
        slip = self.core.begin(kind, cashier or DEFAULT_CASHIER)
        slip.rows += layout.opening(slip, till)
        shift = self.core.memory.shift
        if not shift.opened_at:
            shift.opened_at = int(self.core.clock().timestamp())
        return slip

    def receipt(self) -> Document:
        """The open receipt, or a refusal."""
        return self.core.open_slip("sale", "return")

    def sell(self, item: SoldItem) -> None:
        """One line."""
        slip = self.receipt()
        counting.add_sale(slip, item)
        slip.rows += layout.sold(item)

    def change_whole(self, change_minor: int) -> None:
        """A discount (<0) or surcharge on the whole receipt."""
        slip = self.receipt()
        counting.change_whole(slip, change_minor)
        slip.rows += layout.whole_change(change_minor, "")

    def text(self, line: str) -> None:
        """A line of free text on whatever is open."""
        self.core.open_slip("sale", "return", "nonfiscal").rows.append(Row("text", line))

    def code(self, payload: str) -> None:
        """A QR code on whatever is open."""
        self.core.open_slip("sale", "return", "nonfiscal").rows.append(Row("qr", payload))

    def total(self) -> int:
        """Sum of the open receipt."""
        return counting.total(self.receipt())

    def pay(self, mode: str, amount_minor: int | None) -> str:
        """One means of payment; `D` and what is left, `R` and the change, `F` refused."""
        slip, config = self.receipt(), self.core.config
        if not slip.items:
            raise NotAllowed("nothing was sold")
        first = not slip.payments
        reply = counting.pay(slip, mode, amount_minor, config.cash_rounding)
        if reply != "F" and first:
            slip.taxes = counting.taxes(slip, config.tax_rates)
            slip.total_minor = counting.total(slip)
            slip.rows += layout.totals(slip, config)
        if counting.is_settled(slip):
            slip.rows += layout.payments(slip, config)
        return reply

    def pay_all(self, payments: list[tuple[str, int]]) -> int:
        """All means at once, then close; returns the change. All or nothing."""
        slip = self.receipt()
        # Rows and payments are put back when the whole does not add up.
        rows, held = list(slip.rows), list(slip.payments)
        for mode, amount in payments:
            if self.pay(mode, amount) == "F":
                break
        if not counting.is_settled(slip):
            slip.rows, slip.payments = rows, held
            slip.taxes, slip.total_minor, slip.rounding_minor, slip.change_minor = {}, 0, 0, 0
            raise NotAllowed("the payments do not cover the receipt")
        change = slip.change_minor
        self.close()
        return change

    def close(self) -> Document:
        """Count the paid receipt and tear it off."""
        slip, core, memory = self.receipt(), self.core, self.core.memory
        if not counting.is_settled(slip):
            raise NotAllowed("the receipt is not paid in full")
        core.number_slip(slip, counted=True)
        if slip.kind == "return":
            memory.fiscal_refunds += 1
        else:
            memory.fiscal_sales += 1
        self.remember(slip)
        memory.shift.count(slip, counting.group_sums(slip))
        cash = sum(amount for mode, amount in slip.payments if mode == "P") - slip.change_minor
        memory.cash_minor += -cash if slip.kind == "return" else cash
        core.finish(slip, layout.ending(slip, core.config))
        if memory.tax_link_out:
            if not memory.unsent:
                memory.unsent_number = memory.documents
                memory.unsent_since = int(core.clock().timestamp())
            memory.unsent += 1
        return slip

    def cancel(self, *, counted: bool = False) -> None:
        """Give the open receipt up; refused once paid, unless so configured.

        `counted` says that the cancelled receipt takes a document number."""
        slip = self.receipt()
        if slip.payments and not self.core.config.cancel_after_payment:
            raise NotAllowed("a receipt with a payment on it cannot be cancelled")
        self.core.number_slip(slip, counted=counted)
        self.remember(slip)
        slip.state = "cancelled"
        self.core.finish(slip, layout.cancelled(slip))

    def remember(self, slip: Document) -> None:
        """The sums that are told of the last receipt."""
        memory = self.core.memory
        memory.last_sum_minor = counting.total(slip)
        memory.last_paid_minor = counting.paid(slip)
        memory.last_items = len(slip.items)

    def open_slip(self) -> None:
        """A service slip."""
        self.core.begin("nonfiscal").rows += layout.slip_opening()

    def close_slip(self, *, counted: bool = True) -> None:
        """Number the service slip and tear it off; `counted` if it is a document of its own."""
        slip = self.core.open_slip("nonfiscal")
        self.core.number_slip(slip, counted=counted)
        self.core.finish(slip, layout.ending(slip, self.core.config))

    def cancel_slip(self) -> None:
        """Throw the service slip away."""
        slip = self.core.open_slip("nonfiscal")
        slip.state = "cancelled"
        self.core.finish(slip, layout.cancelled(slip))

    def open_shift(self) -> None:
        """Open the shift by command; refused while one is open."""
        shift = self.core.memory.shift
        if shift.opened_at:
            raise NotAllowed("a shift is open already")
        slip = self.core.begin("nonfiscal")
        self.core.number_slip(slip, counted=False)
        shift.opened_at = int(self.core.clock().timestamp())
        self.core.finish(slip, layout.report(f"ЗМІНУ № {shift.number:04d} ВІДКРИТО", [], slip))

    def report(self, closing: bool) -> Shift:
        """An X report, or a Z report that begins a new shift; returns the shift it is about."""
        core = self.core
        shift = core.memory.shift
        slip = core.begin("z_report" if closing else "x_report")
        core.number_slip(slip, counted=False)
        title = f"Z-ЗВІТ № {shift.number:04d}" if closing else "X-ЗВІТ"
        core.finish(slip, layout.report(title, shift_lines(shift, core.memory.cash_minor), slip))
        if closing:
            core.memory.shift = Shift(number=shift.number + 1)
            core.articles.clear_turnover()
        return shift

    def move_cash(self, amount_minor: int) -> None:
        """Service cash in (>0) or out (<0)."""
        core, memory = self.core, self.core.memory
        slip = core.begin("cash_in" if amount_minor > 0 else "cash_out")
        core.number_slip(slip, counted=False)
        memory.cash_minor += amount_minor
        if amount_minor > 0:
            memory.shift.cash_in_minor += amount_minor
        else:
            memory.shift.cash_out_minor -= amount_minor
        slip.total_minor = amount_minor
        core.finish(slip, layout.cash_moved(slip, amount_minor, memory.cash_minor))

    def shift_is_over(self) -> bool:
        """The shift was opened more than 24 hours ago."""
        opened = self.core.memory.shift.opened_at
        return bool(opened) and self.core.clock().timestamp() - opened > SHIFT_HOURS * 3600

    def is_blocked(self) -> bool:
        """A document has waited more than 72 hours for the tax service."""
        memory = self.core.memory
        waited = self.core.clock().timestamp() - memory.unsent_since
        return memory.unsent > 0 and waited > UNSENT_HOURS * 3600


def shift_lines(shift: Shift, cash_minor: int) -> list[tuple[str, str]]:
    """The rows of an X or Z report."""
    lines = [("Чеків продажу", str(shift.receipts))]
    for group in sorted(shift.sales):
        lines.append((f"Обіг {group}", money(shift.sales[group])))
        lines.append((f"  ПДВ {group}", money(shift.tax_of_sales.get(group, 0))))
    lines.append(("Чеків повернення", str(shift.return_receipts)))
    for group in sorted(shift.returns):
        lines.append((f"Повернено {group}", money(shift.returns[group])))
        lines.append((f"  ПДВ {group}", money(shift.tax_of_returns.get(group, 0))))
    lines.append(("Знижки", money(shift.discounts_minor)))
    lines += [
        ("Службове внесення", money(shift.cash_in_minor)),
        ("Службова видача", money(shift.cash_out_minor)),
        ("Готівка в касі", money(cash_minor)),
    ]
    return lines
