"""A Shtrih-M printer as a `Machine`: commands with a password, errors, paper that was refilled."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from drivers.base import DeviceInfo, DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.exchange import untransmitted_min
from drivers.fiscal.counted.machine import Counters, PlainStatus, Transaction
from drivers.fiscal.counted.payment import amounts_by_mode
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, Sale
from drivers.fiscal.shtrih.commands import (
    ALLOWED,
    ERROR_PRINTING,
    ERROR_WAITS,
    MODE_OVER_24_HOURS,
    MODE_SHIFT_CLOSED,
    OUR_CODE,
    PAID_FOR_REFUNDS,
    PAID_FOR_SALES,
    PAID_STEP,
    PAYMENT_TYPES,
    REGISTER_CASH_IN,
    REGISTER_CASH_OUT,
    REGISTER_DOCUMENTS,
    REGISTER_DRAWER,
    REGISTER_REFUNDS,
    REGISTER_SALES,
    SUBMODE_WAITS,
    SUBMODES_BUSY,
    Cmd,
    close_body,
    correction_body,
    line_body,
    number,
    parse_clock,
    parse_closed_shifts,
    parse_device_type,
    parse_mode,
    parse_number,
    parse_serial,
    parse_status,
    sale_body,
)
from drivers.fiscal.shtrih.link import ShtrihLink
from drivers.fiscal.shtrih.options import ShtrihOptions
from drivers.shift import MINUTES_OF_A_SHIFT, ShiftState

BUSY_PAUSE_S = 0.05
BUSY_TRIES = 400


class ShtrihMachine:
    """One recognised printer; see `drivers.fiscal.counted.machine.Machine`."""

    def __init__(
        self,
        link: ShtrihLink,
        options: ShtrihOptions,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._link = link
        self._options = options
        self._pause = pause
        self._kind = "sale"
        self._has_storage = True
        link.clear_pending()
        self._identity = self.diagnose()
        link.permit(ALLOWED)
        self.status: PlainStatus = self.refresh()

    def bind(self, _journal: DeviceJournal) -> None:
        """This protocol keeps what must be kept in the printer."""

    def refresh(self) -> PlainStatus:
        """10h, until the printer is done printing; paper that was refilled is told to go on."""
        for _ in range(BUSY_TRIES):
            self.status, submode = parse_status(self._send(Cmd.SHORT_STATUS, retry=False))
            if submode == SUBMODE_WAITS:
                self._send(Cmd.CONTINUE_PRINT, retry=False)
            elif submode in SUBMODES_BUSY:
                self._pause(BUSY_PAUSE_S)
            else:
                break
        return self.status

    def diagnose(self) -> DeviceInfo:
        """FCh and 11h; only a fiscal printer (type 0) is ours."""
        answer = self._link.exchange(Cmd.DEVICE_TYPE)
        found = parse_device_type(answer[1:])
        if answer[0] or found.kind != 0:
            raise DeviceRefused("wrong_dialect", "the device is no Shtrih-M fiscal printer")
        serial, firmware = parse_serial(self._send(Cmd.STATUS, retry=False))
        return DeviceInfo(found.name or f"Shtrih-M {found.model}", serial, firmware)

    def counters(self) -> Counters:
        """1Bh for the numbers, 1Ah for what was paid in this shift: together they prove a sum."""
        self.refresh()
        return Counters(
            documents=self._operation_register(REGISTER_DOCUMENTS),
            sales=self._operation_register(REGISTER_SALES),
            refunds=self._operation_register(REGISTER_REFUNDS),
            printed=0,
            sold_minor=self._paid(PAID_FOR_SALES),
            refunded_minor=self._paid(PAID_FOR_REFUNDS),
        )

    def transaction(self) -> Transaction:
        """89h for the open receipt; a closed one is told by the sums of `counters`."""
        if not self.refresh().fiscal_open:
            return Transaction(False, 0, 0)
        return Transaction(True, parse_number(self._send(Cmd.SUBTOTAL), 5), 0)

    def prepare(self, _plan: ReceiptPlan, _journal: DeviceJournal) -> None:
        """Nothing: the cashier is the password, and goods need no programming."""

    def open_receipt(self, plan: ReceiptPlan) -> None:
        """8Dh: 0 sale, 2 refund."""
        self._kind = plan.kind
        self._send(Cmd.OPEN, bytes((2 if plan.kind == "return" else 0,)))

    def sell(self, sale: Sale) -> None:
        """80h or 82h, codes as text, and 86h or 87h for what the till's own sum differs by."""
        article = sale.article
        tax = self._options.tax_letters.index(article.tax_group) + 1
        cmd = Cmd.REFUND if self._kind == "return" else Cmd.SALE
        name = article.name_lines[0]
        self._send(
            cmd, sale_body(sale.qty_milli, sale.price_minor, self._options.department, tax, name)
        )
        for stamp in sale.excise_stamps:
            self.print_text(f"Марка акцизу {stamp}")
        if sale.correction_minor < 0:
            self._correct(Cmd.DISCOUNT, -sale.correction_minor, tax, "Знижка")
        elif sale.correction_minor > 0:
            self._correct(Cmd.SURCHARGE, sale.correction_minor, tax, "Надбавка")

    def take_off(self, amount_minor: int) -> None:
        """86h without a tax group."""
        self._correct(Cmd.DISCOUNT, amount_minor, 0, "Знижка на чек")

    def print_text(self, line: str) -> None:
        """17h."""
        self._send(Cmd.PRINT_LINE, line_body(line))

    def finish(self, plan: ReceiptPlan | None, _paid_minor: int) -> dict[str, str]:
        """85h with every means of payment: one command, so it is paid in whole or not at all."""
        if plan is None:
            raise DeviceRefused("payment_unfinished", "the receipt is not paid")
        cash = self._options.rules.payment_modes["cash"]
        sums, evidence = amounts_by_mode(plan, cash)
        first, second, third, fourth = (sums.get(str(n + 1), 0) for n in range(PAYMENT_TYPES))
        change = parse_number(self._send(Cmd.CLOSE, close_body((first, second, third, fourth))), 5)
        if change != plan.change_minor:
            evidence["change_minor"] = f"device {change}, document {plan.change_minor}"
        self.refresh()
        return evidence

    def cancel_receipt(self) -> None:
        """88h."""
        self._send(Cmd.CANCEL)
        self.refresh()

    def open_slip(self) -> None:
        """Nothing: text outside a receipt is a slip of its own until it is cut off."""

    def print_slip_line(self, line: str) -> None:
        """17h."""
        self.print_text(line)

    def print_qr(self, _payload: str) -> None:
        """Never called: this family's profile has no QR code."""
        raise DeviceRefused("qr_not_printable", "this printer prints no QR code")

    def close_slip(self) -> None:
        """25h, a partial cut."""
        self._send(Cmd.CUT, b"\x01")

    def shift_state(self) -> ShiftState:
        """10h for the mode, 11h for the number of the last closed shift, 1Ah for the cash, FF39h
        for what waits to be sent.

        The device tells that 24 hours are over, and not how many minutes have passed."""
        self.refresh()
        mode = parse_mode(self._send(Cmd.SHORT_STATUS, retry=False))
        status = self._send(Cmd.STATUS, retry=False)
        return ShiftState(
            z_reports=parse_closed_shifts(status),
            is_open=mode != MODE_SHIFT_CLOSED,
            age_min=MINUTES_OF_A_SHIFT if mode == MODE_OVER_24_HOURS else None,
            untransmitted_min=self._untransmitted(parse_clock(status)),
            cash_minor=self._cash(REGISTER_DRAWER),
            cash_in_minor=self._cash(REGISTER_CASH_IN),
            cash_out_minor=self._cash(REGISTER_CASH_OUT),
        )

    def open_shift(self) -> None:
        """E0h."""
        self._send(Cmd.OPEN_SHIFT)
        self.refresh()

    def report(self, closing: bool) -> None:
        """41h or 40h."""
        self._send(Cmd.Z_REPORT if closing else Cmd.X_REPORT)
        self.refresh()

    def move_cash(self, amount_minor: int) -> None:
        """50h or 51h."""
        cmd = Cmd.CASH_IN if amount_minor > 0 else Cmd.CASH_OUT
        self._send(cmd, number(abs(amount_minor), 5))
        self.refresh()

    def _untransmitted(self, now: datetime | None) -> int | None:
        """FF39h; a printer without a fiscal storage refuses it, and is not asked again."""
        if not self._has_storage:
            return None
        try:
            return untransmitted_min(self._send(Cmd.EXCHANGE_STATE, retry=False), now)
        except DeviceRefused as refusal:
            self._has_storage = refusal.code != "invalid_command"
            return None

    def _cash(self, register: int) -> int:
        return parse_number(self._send(Cmd.CASH_REGISTER, bytes((register,))), 6)

    def _correct(self, cmd: Cmd, amount_minor: int, tax: int, name: str) -> None:
        self._send(cmd, correction_body(amount_minor, tax, name))

    def _operation_register(self, which: int) -> int:
        return parse_number(self._send(Cmd.OPERATION_REGISTER, bytes((which,))), 2)

    def _paid(self, first: int) -> int:
        """What was paid by all means in this shift, kopecks."""
        registers = range(first, first + PAYMENT_TYPES * PAID_STEP, PAID_STEP)
        return sum(
            parse_number(self._send(Cmd.CASH_REGISTER, bytes((register,))), 6)
            for register in registers
        )

    def _send(self, cmd: Cmd, params: bytes = b"", *, retry: bool = True) -> bytes:
        """One command with our password; returns what follows the error byte.

        While an earlier command still prints, the printer refuses new ones: they are asked again,
        which is safe because a refused command did nothing."""
        body = number(self._options.password, 4) + params
        for _ in range(BUSY_TRIES if retry else 1):
            answer = self._link.exchange(cmd, body)
            error = answer[0] if answer else 0xFF
            if not retry or error not in (ERROR_PRINTING, ERROR_WAITS):
                break
            if self.refresh().halted:
                break
            self._pause(BUSY_PAUSE_S)
        if error:
            reason = OUR_CODE.get(error, "device_error")
            code = "paper_out" if reason in ("waits_for_paper", "printing") else reason
            raise DeviceRefused(
                code, f"command {int(cmd):02X}h refused: error {error:02X}h", f"{error:02X}"
            )
        return answer[1:]
