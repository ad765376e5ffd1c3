"""Commands inside the tasks of an ATOL printer: an allow-list, what they carry, the state. Pure.

Numbers are packed decimal, high digits first: money 5 bytes of kopecks, quantity 5 bytes of
thousandths; text is CP866. The fields of the state (3Fh) and the codes of errors are those of two
public drivers (C# and Ruby), and so are 5Ah and 9Ah; the parameters of 43h, 49h, 4Ah, 4Fh, 52h,
56h, 57h, 67h, 92h and 99h and the answers of 91h follow the vendor's description as it is
generally known. None of it has been compared with a device; where an answer is read wrongly, the
sums differ and the job is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from drivers.errors import FrameError
from drivers.fiscal.counted.exchange import moment
from drivers.fiscal.counted.machine import PlainStatus
from drivers.fiscal.printer_text import CP866, encode


class Cmd(IntEnum):
    """Command codes that this driver may send, and no others."""

    STATE = 0x3F
    CORRECTION = 0x43
    PRINTER_STATE = 0x45
    LEAVE_MODE = 0x48
    CASH_IN = 0x49
    CLOSE = 0x4A
    PRINT_LINE = 0x4C
    CASH_OUT = 0x4F
    SALE = 0x52
    ENTER_MODE = 0x56
    REFUND = 0x57
    CANCEL = 0x59
    Z_REPORT = 0x5A
    X_REPORT = 0x67
    CUT = 0x75
    READ_REGISTER = 0x91
    OPEN = 0x92
    PAYMENT = 0x99
    OPEN_SHIFT = 0x9A
    STORAGE = 0xA4
    DEVICE_TYPE = 0xA5


DETECTION: Final = frozenset({int(Cmd.STATE), int(Cmd.PRINTER_STATE), int(Cmd.DEVICE_TYPE)})
ALLOWED: Final = frozenset(int(cmd) for cmd in Cmd)
REGISTER_LAST_RECEIPT: Final = 0x33
REGISTER_CASH_IN: Final = 0x04
REGISTER_CASH_OUT: Final = 0x05
REGISTER_DRAWER: Final = 0x0A
EXCHANGE_STATE: Final = b"\x20"
"""A4h: ask the fiscal storage how far it is with sending (github.com/Unact/kkm, OFD_STATUS)."""
MODE_REGISTRATION: Final = 1
MODE_X_REPORTS: Final = 2
MODE_Z_REPORTS: Final = 3
ANSWER, STATE_ANSWER = 0x55, 0x44

REASONS: Final = {
    "not_allowed": (0x66,),
    "paper_out": (0x67,),
    "printer_fault": (0x68,),
    "shift_over_24_hours": (0x88,),
    "receipt_open": (0x9B,),
    "shift_open": (0x9C,),
    "wrong_password": (0x8C,),
    "invalid_command": (0x7A,),
    "underpaid": (0x8A,),
}
"""Our stable codes and the device's own that they stand for; any other is `device_error`."""
OUR_CODE: Final = {word: code for code, words in REASONS.items() for word in words}


@dataclass(frozen=True, slots=True)
class DeviceState:
    """Answer of 3Fh: what it says beside the flags. Kopecks."""

    serial_number: str
    model: int
    next_receipt: int
    shift: int
    receipt_kind: int
    receipt_minor: int
    shift_open: bool
    paper: bool
    cover_open: bool
    clock: datetime | None = None


def bcd(value: int, size: int) -> bytes:
    """A packed decimal number; `FrameError` when it does not fit."""
    if not 0 <= value < 10 ** (2 * size):
        raise FrameError("bad_number", f"{value} does not fit into {size} bytes")
    return bytes.fromhex(str(value).rjust(2 * size, "0"))


def from_bcd(data: bytes) -> int:
    """The number of packed decimals; `FrameError` when a digit is none."""
    text = data.hex()
    if not text.isdecimal():
        raise FrameError("bad_reply", f"{text} is no packed decimal")
    return int(text)


def line(text: str, width: int) -> bytes:
    """4Ch: text of a line."""
    return encode(text, CP866)[:width]


def position(price_minor: int, qty_milli: int, department: int) -> bytes:
    """52h and 57h: flags, price, quantity, department."""
    return b"\0" + bcd(price_minor, 5) + bcd(qty_milli, 5) + bytes((department,))


def correction(amount_minor: int, whole: bool) -> bytes:
    """43h: flags, area (0 receipt, 1 last line), 1 = a sum, sign (0 discount), sum."""
    sign = 0 if amount_minor < 0 else 1
    return bytes((0, 0 if whole else 1, 1, sign)) + bcd(abs(amount_minor), 5)


def payment(mode: str, amount_minor: int) -> bytes:
    """99h and 4Ah: flags, means of payment, sum."""
    return bytes((0, int(mode))) + bcd(amount_minor, 5)


def service_cash(amount_minor: int) -> bytes:
    """49h and 4Fh: flags, sum."""
    return b"\0" + bcd(amount_minor, 5)


def parse_register(data: bytes) -> int:
    """91h behind `55h error`: a byte and a sum in packed decimals, as long as it came."""
    if len(data) < 6:
        raise FrameError("bad_reply", f"register of {len(data)} bytes")
    return from_bcd(data[1:6])


def parse_state(data: bytes) -> DeviceState:
    """3Fh: `D`, cashier, number, date, time, flags, serial, model, 2 reserved, mode, receipt
    number, last closed shift, receipt kind, sum, decimal point, port. Flags: 1 shift open, 3 paper,
    5 cover."""
    if len(data) < 30 or data[0] != STATE_ANSWER:
        raise FrameError("bad_reply", f"state of {len(data)} bytes")
    flags = data[9]
    told = data[3:9].hex()
    return DeviceState(
        serial_number=data[10:14].hex(),
        model=data[14],
        next_receipt=from_bcd(data[18:20]),
        shift=from_bcd(data[20:22]),
        receipt_kind=data[22],
        receipt_minor=from_bcd(data[23:28]),
        shift_open=bool(flags >> 1 & 1),
        paper=bool(flags >> 3 & 1),
        cover_open=bool(flags >> 5 & 1),
        clock=moment([int(told[n : n + 2]) for n in range(0, 12, 2)]) if told.isdecimal() else None,
    )


def status_of(state: DeviceState, raw: bytes) -> PlainStatus:
    """State flags for the job layer."""
    return PlainStatus(
        raw=raw.hex(" "),
        paper_out=not state.paper,
        cover_open=state.cover_open,
        fiscal_open=state.receipt_kind != 0,
        return_open=state.receipt_kind == 2,
    )


def parse_device_type(data: bytes) -> str:
    """A5h: 00, protocol, type (1 fiscal printer), model, mode, version 2, language, name."""
    if len(data) < 10 or data[0] != 0 or data[2] != 1:
        return ""
    return data[9:].decode(CP866, "replace").strip("\0 ") or f"ATOL {data[3]}"
