"""Commands of Shtrih-M printers: an allow-list, what they carry, how answers are read. Pure.

Integers are little-endian; money is kopecks in 5 bytes, quantity thousandths in 5 bytes, a text
field 40 bytes of CP1251 filled up with zeros. Source: "FP protocol v1.10", Shtrih-M; numbers of
operation registers (148 sale receipts, 150 sale refunds, 152 documents) and of cash registers (193
cash of sales, 195 cash of refunds, four apart by means) from github.com/shtrih-m/javapos_shtrih,
classes OperationRegister and CashRegister; FF39h, which printers with a fiscal storage know, from
pyshtrih 2.0.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from drivers.errors import FrameError
from drivers.fiscal.counted.exchange import moment
from drivers.fiscal.counted.machine import PlainStatus
from drivers.fiscal.printer_text import encode

TEXT_BYTES: Final = 40
RECEIPT_STATION: Final = 0x02
PAYMENT_TYPES: Final = 4
MONEY_LIMIT: Final = 10**10


class Cmd(IntEnum):
    """Commands that this driver may send, and no others."""

    SHORT_STATUS = 0x10
    STATUS = 0x11
    PRINT_LINE = 0x17
    CASH_REGISTER = 0x1A
    OPERATION_REGISTER = 0x1B
    CUT = 0x25
    X_REPORT = 0x40
    Z_REPORT = 0x41
    CASH_IN = 0x50
    CASH_OUT = 0x51
    SALE = 0x80
    REFUND = 0x82
    CLOSE = 0x85
    DISCOUNT = 0x86
    SURCHARGE = 0x87
    CANCEL = 0x88
    SUBTOTAL = 0x89
    OPEN = 0x8D
    CONTINUE_PRINT = 0xB0
    OPEN_SHIFT = 0xE0
    DEVICE_TYPE = 0xFC
    EXCHANGE_STATE = 0xFF39


DETECTION: Final = frozenset({int(Cmd.DEVICE_TYPE), int(Cmd.SHORT_STATUS), int(Cmd.STATUS)})
ALLOWED: Final = frozenset(int(cmd) for cmd in Cmd)

REGISTER_SALES, REGISTER_REFUNDS, REGISTER_DOCUMENTS = 148, 150, 152
PAID_FOR_SALES, PAID_FOR_REFUNDS, PAID_STEP = 193, 195, 4

REGISTER_DRAWER, REGISTER_CASH_IN, REGISTER_CASH_OUT = 241, 242, 243
"""Cash registers of 1Ah: cash in the drawer, service cash in and out of this shift."""

MODE_SHIFT_OPEN, MODE_OVER_24_HOURS, MODE_SHIFT_CLOSED, MODE_RECEIPT_OPEN = 2, 3, 4, 8
SUBMODE_NO_PAPER, SUBMODE_HALTED, SUBMODE_WAITS, SUBMODES_BUSY = 1, 2, 3, frozenset({4, 5})

ERROR_PRINTING, ERROR_WAITS = 0x50, 0x58

REASONS: Final = {
    "underpaid": (0x45,),
    "receipt_open": (0x4A,),
    "shift_over_24_hours": (0x4E,),
    "wrong_password": (0x4F,),
    "printing": (0x50,),
    "waits_for_paper": (0x58,),
    "paper_out": (0x6B,),
    "journal_full": (0x6C,),
    "not_allowed": (
        0x72,
        0x73,
    ),
    "syntax_error": (0x33,),
    "invalid_command": (0x37,),
}
"""Our stable codes and the device's own that they stand for; any other is `device_error`."""
OUR_CODE: Final = {word: code for code, words in REASONS.items() for word in words}


@dataclass(frozen=True, slots=True)
class DeviceType:
    """Answer of FCh."""

    kind: int
    model: int
    name: str


def number(value: int, size: int) -> bytes:
    """A little-endian integer; `FrameError` when it does not fit."""
    if not 0 <= value < min(256**size, MONEY_LIMIT):
        raise FrameError("bad_number", f"{value} does not fit into {size} bytes")
    return value.to_bytes(size, "little")


def text(line: str) -> bytes:
    """A text field."""
    return encode(line)[:TEXT_BYTES].ljust(TEXT_BYTES, b"\0")


def line_body(line: str) -> bytes:
    """17h: receipt station, text."""
    return bytes((RECEIPT_STATION,)) + text(line)


def sale_body(qty_milli: int, price_minor: int, department: int, tax: int, name: str) -> bytes:
    """80h and 82h: quantity, price, department, four taxes of which we use the first, name."""
    return (
        number(qty_milli, 5)
        + number(price_minor, 5)
        + bytes((department, tax, 0, 0, 0))
        + text(name)
    )


def correction_body(amount_minor: int, tax: int, name: str) -> bytes:
    """86h and 87h: sum, taxes, text."""
    return number(amount_minor, 5) + bytes((tax, 0, 0, 0)) + text(name)


def close_body(sums_minor: tuple[int, int, int, int]) -> bytes:
    """85h: cash and three further means, no discount, no taxes, no text."""
    paid = b"".join(number(amount, 5) for amount in sums_minor)
    return paid + bytes(2) + bytes(4) + text("")


def parse_status(data: bytes) -> tuple[PlainStatus, int]:
    """10h behind the error byte: flags, mode, submode; returns the status and the submode.

    Flag bits: 1 roll not near its end, 7 paper under the head, 10 lid up (receipt station)."""
    if len(data) < 5:
        raise FrameError("bad_reply", f"short status of {len(data)} bytes")
    flags, mode, submode = int.from_bytes(data[1:3], "little"), data[3], data[4]
    is_open = mode & 0x0F == MODE_RECEIPT_OPEN
    status = PlainStatus(
        raw=data[1:5].hex(" "),
        paper_out=submode in (SUBMODE_NO_PAPER, SUBMODE_HALTED) or not flags >> 7 & 1,
        paper_low=not flags >> 1 & 1,
        cover_open=bool(flags >> 10 & 1),
        fiscal_open=is_open,
        return_open=is_open and mode >> 4 == 2,
        halted=submode in (SUBMODE_HALTED, SUBMODE_WAITS),
        error="shift_over_24_hours" if mode & 0x0F == MODE_OVER_24_HOURS else "",
    )
    return status, submode


def parse_device_type(data: bytes) -> DeviceType:
    """FCh behind the error byte: type, subtype, version, subversion, model, language, name."""
    if len(data) < 6:
        raise FrameError("bad_reply", f"device type of {len(data)} bytes")
    return DeviceType(data[0], data[4], data[6:].decode("cp1251", "replace").strip("\0 "))


def parse_serial(data: bytes) -> tuple[str, str]:
    """11h behind the error byte: (serial number, firmware version)."""
    if len(data) < 34:
        raise FrameError("bad_reply", f"status of {len(data)} bytes")
    version = data[1:3].decode("ascii", "replace")
    return str(int.from_bytes(data[30:34], "little")), f"{version[:1]}.{version[1:]}"


def parse_mode(data: bytes) -> int:
    """10h behind the error byte: the mode; see `MODE_SHIFT_OPEN` and those beside it."""
    if len(data) < 5:
        raise FrameError("bad_reply", f"short status of {len(data)} bytes")
    return data[3] & 0x0F


def parse_closed_shifts(data: bytes) -> int:
    """11h behind the error byte: number of the last closed shift."""
    if len(data) < 36:
        raise FrameError("bad_reply", f"status of {len(data)} bytes")
    return int.from_bytes(data[34:36], "little")


def parse_clock(data: bytes) -> datetime | None:
    """11h behind the error byte: day, month, year, hour, minute, second of the printer's clock."""
    return moment(data[25:22:-1] + data[26:29]) if len(data) >= 29 else None


def parse_number(data: bytes, size: int) -> int:
    """1Ah, 1Bh, 85h and 89h behind the error byte: operator, then one integer of `size` bytes."""
    if len(data) < size + 1:
        raise FrameError("bad_reply", f"{len(data)} bytes where {size + 1} are due")
    return int.from_bytes(data[1 : size + 1], "little")
