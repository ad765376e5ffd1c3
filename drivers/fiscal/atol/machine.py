"""An ATOL printer as a `Machine`: commands as tasks, the registration mode, the state."""

from __future__ import annotations

from datetime import datetime

from drivers.base import DeviceInfo, DeviceJournal
from drivers.errors import DeviceRefused, FrameError
from drivers.fiscal.atol.commands import (
    ALLOWED,
    ANSWER,
    EXCHANGE_STATE,
    MODE_REGISTRATION,
    MODE_X_REPORTS,
    MODE_Z_REPORTS,
    OUR_CODE,
    REGISTER_CASH_IN,
    REGISTER_CASH_OUT,
    REGISTER_DRAWER,
    REGISTER_LAST_RECEIPT,
    Cmd,
    DeviceState,
    bcd,
    correction,
    from_bcd,
    line,
    parse_device_type,
    parse_register,
    parse_state,
    payment,
    position,
    service_cash,
    status_of,
)
from drivers.fiscal.atol.link import AtolLink
from drivers.fiscal.atol.options import AtolOptions
from drivers.fiscal.counted.exchange import untransmitted_min
from drivers.fiscal.counted.machine import Counters, PlainStatus, Transaction
from drivers.fiscal.counted.payment import amounts_by_mode
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, Sale
from drivers.shift import ShiftState

QUESTIONS = frozenset({Cmd.STATE, Cmd.PRINTER_STATE, Cmd.DEVICE_TYPE})


class AtolMachine:
    """One recognised printer; see `drivers.fiscal.counted.machine.Machine`."""

    def __init__(self, link: AtolLink, options: AtolOptions) -> None:
        self._link = link
        self._options = options
        self._kind = "sale"
        self._state: DeviceState | None = None
        self._has_storage = True
        link.settle_last()
        self.diagnose()
        link.permit(ALLOWED)
        self.status: PlainStatus = self.refresh()

    def bind(self, journal: DeviceJournal) -> None:
        """Keep task ids in the agent's journal."""
        self._link.bind(journal)

    def refresh(self) -> PlainStatus:
        """3Fh."""
        data = self._send(Cmd.STATE)
        self._state = parse_state(data)
        self.status = status_of(self._state, data)
        return self.status

    def diagnose(self) -> DeviceInfo:
        """A5h and 3Fh; only a fiscal printer is ours."""
        name = parse_device_type(self._send(Cmd.DEVICE_TYPE))
        if not name:
            raise DeviceRefused("wrong_dialect", "the device is no ATOL fiscal printer")
        state = parse_state(self._send(Cmd.STATE))
        return DeviceInfo(name, state.serial_number, str(state.model))

    def counters(self) -> Counters:
        """The number of the next receipt: sales and refunds share it."""
        self.refresh()
        assert self._state is not None
        done = self._state.next_receipt - 1
        return Counters(documents=done, sales=done, refunds=0, printed=0, one_series=True)

    def transaction(self) -> Transaction:
        """The open receipt's sum by 3Fh, the last one's by register 33h."""
        self.refresh()
        assert self._state is not None
        if self.status.fiscal_open:
            return Transaction(True, self._state.receipt_minor, 0)
        data = self._send(Cmd.READ_REGISTER, bytes((REGISTER_LAST_RECEIPT, 0, 0)))
        return Transaction(False, from_bcd(data[1:6]) if len(data) >= 6 else 0, 0)

    def prepare(self, _plan: ReceiptPlan, _journal: DeviceJournal) -> None:
        """The registration mode."""
        self._enter(MODE_REGISTRATION)

    def open_receipt(self, plan: ReceiptPlan) -> None:
        """92h: 1 sale, 2 refund."""
        self._kind = plan.kind
        self._send(Cmd.OPEN, bytes((0, 2 if plan.kind == "return" else 1)))

    def sell(self, sale: Sale) -> None:
        """4Ch the name, 52h or 57h, and 43h for what the till's own sum differs by."""
        for name in sale.article.name_lines:
            self.print_text(name)
        for stamp in sale.excise_stamps:
            self.print_text(f"Марка акцизу {stamp}")
        group = self._options.tax_letters.index(sale.article.tax_group) + 1
        cmd = Cmd.REFUND if self._kind == "return" else Cmd.SALE
        self._send(cmd, position(sale.price_minor, sale.qty_milli, group))
        if sale.correction_minor:
            self._send(Cmd.CORRECTION, correction(sale.correction_minor, whole=False))

    def take_off(self, amount_minor: int) -> None:
        """43h on the whole receipt."""
        self._send(Cmd.CORRECTION, correction(-amount_minor, whole=True))

    def print_text(self, text: str) -> None:
        """4Ch."""
        self._send(Cmd.PRINT_LINE, line(text, self._options.rules.profile.line_width))

    def finish(self, plan: ReceiptPlan | None, _paid_minor: int) -> dict[str, str]:
        """99h for all means but the last, then 4Ah, which pays the rest and closes.

        A receipt with a 99h on it can still be cancelled by 59h."""
        if plan is None:
            raise DeviceRefused("payment_unfinished", "the receipt is not paid")
        cash = self._options.rules.payment_modes["cash"]
        sums, evidence = amounts_by_mode(plan, cash)
        # Cash last: only cash gives change.
        *first, last = sorted(sums.items(), key=lambda item: item[0] == cash)
        for mode, amount in first:
            self._send(Cmd.PAYMENT, payment(mode, amount))
        self._send(Cmd.CLOSE, payment(*last))
        return evidence

    def cancel_receipt(self) -> None:
        """59h."""
        self._send(Cmd.CANCEL)

    def open_slip(self) -> None:
        """Nothing: text outside a receipt is a slip of its own until it is cut off."""

    def print_slip_line(self, text: str) -> None:
        """4Ch."""
        self.print_text(text)

    def print_qr(self, _payload: str) -> None:
        """Never called: this family's profile has no QR code."""
        raise DeviceRefused("qr_not_printable", "this driver prints no QR code")

    def close_slip(self) -> None:
        """75h, a partial cut."""
        self._send(Cmd.CUT, b"\x01")

    def shift_state(self) -> ShiftState:
        """3Fh for the shift, 91h for the cash, A4h for what waits to be sent."""
        self.refresh()
        assert self._state is not None
        return ShiftState(
            z_reports=self._state.shift,
            is_open=self._state.shift_open,
            cash_minor=self._register(REGISTER_DRAWER),
            cash_in_minor=self._register(REGISTER_CASH_IN),
            cash_out_minor=self._register(REGISTER_CASH_OUT),
            untransmitted_min=self._untransmitted(self._state.clock),
        )

    def open_shift(self) -> None:
        """9Ah."""
        self._enter(MODE_REGISTRATION)
        self._send(Cmd.OPEN_SHIFT, b"\0")

    def report(self, closing: bool) -> None:
        """5Ah or 67h, each in a mode of its own."""
        self._enter(MODE_Z_REPORTS if closing else MODE_X_REPORTS)
        self._send(Cmd.Z_REPORT if closing else Cmd.X_REPORT, b"" if closing else b"\1")

    def move_cash(self, amount_minor: int) -> None:
        """49h or 4Fh."""
        self._enter(MODE_REGISTRATION)
        cmd = Cmd.CASH_IN if amount_minor > 0 else Cmd.CASH_OUT
        self._send(cmd, service_cash(abs(amount_minor)))

    def _untransmitted(self, now: datetime | None) -> int | None:
        """A4h 20h; a printer without a fiscal storage refuses it, and is not asked again."""
        if not self._has_storage:
            return None
        try:
            return untransmitted_min(self._send(Cmd.STORAGE, EXCHANGE_STATE), now)
        except DeviceRefused as refusal:
            self._has_storage = refusal.code != "invalid_command"
            return None

    def _register(self, which: int) -> int:
        return parse_register(self._send(Cmd.READ_REGISTER, bytes((which, 0, 0))))

    def _enter(self, mode: int) -> None:
        """56h, after leaving whichever mode the printer is in."""
        self._send(Cmd.LEAVE_MODE)
        self._send(Cmd.ENTER_MODE, bytes((mode,)) + bcd(self._options.operator, 4))

    def _send(self, cmd: Cmd, params: bytes = b"") -> bytes:
        """One task; returns its answer, for commands other than questions behind `55h error`."""
        answer = self._link.exchange(cmd, bcd(self._options.password, 2) + bytes((cmd,)) + params)
        if cmd in QUESTIONS and answer[:1] != bytes((ANSWER,)):
            return answer
        if len(answer) < 2 or answer[0] != ANSWER:
            raise FrameError("bad_reply", f"command {int(cmd):02X}h: {answer.hex(' ')}")
        error = answer[1]
        if error:
            raise DeviceRefused(
                OUR_CODE.get(error, "device_error"),
                f"command {int(cmd):02X}h refused: error {error:02X}h",
                f"{error:02X}",
            )
        return answer[2:]
