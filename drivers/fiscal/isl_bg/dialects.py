"""What each Bulgarian dialect sends and says, command by command. Pure.

The same numbers mean other things from one dialect to the next (46 is a storno, a cut or a display
line; 43 a header or a storno; 45 a cut or a question), so each has an allow-list of its own, and
nothing but 74 and 90 goes out before 90 has been answered in its form. Sources: Datecs protocol P
1.00 and X 2.02, programmer's manuals; Daisy protocol 2019 and the driver ErpNet.FP for `$` and 130.
64 and the answers of 70 are as generally known of the family and were not compared with a device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from drivers.base import DeviceInfo
from drivers.errors import DeviceRefused, FrameError
from drivers.fiscal.counted.machine import Counters, PlainStatus, Transaction
from drivers.fiscal.counted.receipt_plan import Payment, Sale
from drivers.fiscal.isl.framing import CLASSIC, EXTENDED, Framing
from drivers.fiscal.isl.payment import PaymentReply, parse_payment
from drivers.fiscal.printer_text import encode
from loyalty.money import format_minor


class Cmd(IntEnum):
    """The numbers that mean the same in all three dialects, and two that do not."""

    OPEN_NONFISCAL = 38
    CLOSE_NONFISCAL = 39
    NONFISCAL_TEXT = 42
    OPEN_FISCAL = 48
    SALE = 49
    SUBTOTAL = 51
    PAYMENT = 53
    FISCAL_TEXT = 54
    CLOSE_FISCAL = 56
    CANCEL = 60
    LAST_CLOSURE = 64
    REPORT = 69
    CASH = 70
    STATUS = 74
    TRANSACTION = 76
    BARCODE = 84
    DIAGNOSTICS = 90
    LAST_DOCUMENT = 113
    DAISY_CANCEL = 130


SHARED: Final = frozenset(int(c) for c in Cmd) - {Cmd.BARCODE, Cmd.LAST_DOCUMENT, Cmd.CANCEL, 130}
TAX_LETTERS: Final = "АБВГДЕЖЗ"
SIX_FIELDS, EIGHT_FIELDS = 6, 8


@dataclass(frozen=True, slots=True)
class IslFlags(PlainStatus):
    """`PlainStatus` with the bits that say whether a command was carried out."""

    rejected: bool = False
    refused: bool = False


def flags_of(raw: bytes, *, cover_bit: bool, storno_bit: bool) -> IslFlags:
    """The bits that all dialects share, the cover (S0.6) and storno (S1.4) where they exist."""

    def bit(byte: int, number: int) -> bool:
        return bool(raw[byte] >> number & 1)

    rejected = bit(0, 0) or bit(0, 1) or bit(1, 0) or bit(1, 1)
    names = (
        (bit(1, 1), "not_allowed"),
        (bit(0, 1), "invalid_command"),
        (bit(0, 0), "syntax_error"),
        (bit(1, 0), "overflow"),
        (bit(0, 5), "device_error"),
    )
    return IslFlags(
        raw=raw.hex(" "),
        paper_out=bit(2, 0),
        paper_low=bit(2, 1),
        cover_open=cover_bit and bit(0, 6),
        journal_full=bit(2, 2),
        fiscal_open=bit(2, 3),
        nonfiscal_open=bit(2, 5),
        return_open=storno_bit and bit(1, 4),
        error=next((name for flag, name in names if flag), ""),
        rejected=rejected,
        refused=rejected or bit(0, 5) or bit(2, 0),
    )


class DatecsP:
    """Datecs P: FP-800, FP-2000, FP-650, FMP-10, FP-550 with Bulgarian firmware."""

    serial_prefix: str = "DT"
    name: str = "Datecs with Bulgarian firmware (protocol P)"
    framing: Framing = CLASSIC
    cancel: int = Cmd.CANCEL
    allowed: frozenset[int] = SHARED | {Cmd.BARCODE, Cmd.LAST_DOCUMENT, Cmd.CANCEL}
    discount_sign: str = ";"
    prints_qr: bool = True
    cover_bit: bool = True

    def status(self, raw: bytes) -> IslFlags:
        """S0.6 cover, S1.4 storno."""
        return flags_of(raw, cover_bit=self.cover_bit, storno_bit=self.cover_bit)

    def identity(self, data: bytes) -> DeviceInfo | None:
        """90: name, firmware and date, checksum, switches, serial, fiscal memory: six fields."""
        fields = [field.strip() for field in data.decode("cp1251", "replace").split(",")]
        if len(fields) != SIX_FIELDS or not fields[4].startswith(self.serial_prefix):
            return None
        return DeviceInfo(fields[0], fields[4], fields[1], fields[5])

    def answer(self, data: bytes) -> bytes:
        """What a reply says; here all of it."""
        return data

    def open_data(self, operator: int, password: str, till: int) -> bytes:
        """48."""
        return f"{operator},{password},{till}".encode("ascii")

    def sale_data(self, sale: Sale) -> bytes:
        """49: name TAB letter price*quantity and a discount in money."""
        qty = f"{sale.qty_milli // 1000}.{sale.qty_milli % 1000:03d}"
        data = encode(sale.article.name_lines[0]) + b"\t" + encode(sale.article.tax_group)
        data += f"{format_minor(sale.price_minor)}*{qty}".encode("ascii")
        return data + self._change(sale.correction_minor)

    def discount_data(self, amount_minor: int) -> bytes:
        """51."""
        return b"10" + self._change(-amount_minor)

    def text_data(self, line: str) -> bytes:
        """42 and 54."""
        return encode(line)

    def payment_data(self, payment: Payment) -> bytes:
        """53."""
        return f"\t{payment.mode}{format_minor(payment.amount_minor)}".encode("ascii")

    def read_payment(self, data: bytes) -> PaymentReply:
        """53."""
        return parse_payment(data)

    def transaction_data(self) -> bytes:
        """76."""
        return b"T"

    def read_transaction(self, data: bytes) -> tuple[Transaction, int | None]:
        """76: open, items, amount, tender; no number."""
        fields = data.decode("ascii", "replace").split(",")
        try:
            return Transaction(fields[0].strip() == "1", int(fields[2]), int(fields[3])), None
        except (IndexError, ValueError):
            raise FrameError("bad_reply", f"reply of command 76 cannot be read: {data!r}") from None

    def read_document(self, data: bytes) -> int:
        """113: the number of the last document, cancelled receipts and slips counted."""
        if not data.strip().isdigit():
            raise FrameError("bad_reply", f"reply of command 113 cannot be read: {data!r}")
        return int(data)

    def report_data(self, closing: bool) -> bytes:
        """69: 0 is a Z, 2 an X report."""
        return b"0" if closing else b"2"

    def cash_data(self, amount_minor: int) -> bytes:
        """70: a signed sum; of 0 the printer only answers."""
        if not amount_minor:
            return b""
        sign = "-" if amount_minor < 0 else "+"
        return f"{sign}{format_minor(abs(amount_minor))}".encode("ascii")

    def read_cash(self, data: bytes) -> tuple[int, int, int]:
        """70: P or F, drawer, service cash in and out of the day; F is a refusal."""
        fields = data.decode("ascii", "replace").split(",")
        if fields[0].strip() == "F":
            raise DeviceRefused("not_enough_cash", "the drawer does not hold that much", "F")
        return _three(fields[1:4], int)

    def closure_data(self) -> bytes:
        """64: the last record of the fiscal memory."""
        return b""

    def read_closure(self, data: bytes) -> int:
        """64: P or F, number of the last Z; F while there is none."""
        fields = data.decode("ascii", "replace").split(",")
        if fields[0].strip() == "F":
            return 0
        return _three(fields[1:2] * 3, int)[0]

    def qr_data(self, payload: str) -> bytes:
        """84: a QR code, centred, without its digits."""
        return b"QC;" + payload.encode("ascii")

    def _change(self, amount_minor: int) -> bytes:
        if not amount_minor:
            return b""
        sign = "-" if amount_minor < 0 else "+"
        return f"{self.discount_sign}{sign}{format_minor(abs(amount_minor))}".encode("ascii")


class Daisy(DatecsP):
    """Daisy: cancels with 130, `$` before a discount in money, no QR in 84, cover not told."""

    serial_prefix = "DY"
    name = "Daisy"
    cancel = Cmd.DAISY_CANCEL
    allowed = SHARED | {Cmd.LAST_DOCUMENT, Cmd.DAISY_CANCEL}
    discount_sign = "$"
    prints_qr = False
    cover_bit = False

    def identity(self, data: bytes) -> DeviceInfo | None:
        """90: `model firmware date,checksum,switches,country,serial,fiscal memory`."""
        fields = [field.strip() for field in data.decode("cp1251", "replace").split(",")]
        if len(fields) != SIX_FIELDS or not fields[4].startswith(self.serial_prefix):
            return None
        model, _, firmware = fields[0].partition(" ")
        return DeviceInfo(model, fields[4], firmware, fields[5])


class DatecsX(DatecsP):
    """Datecs X: every field ends with TAB, every reply begins with an error code."""

    name = "Datecs X"
    framing = EXTENDED
    allowed = SHARED | {Cmd.BARCODE, Cmd.CANCEL}

    def identity(self, data: bytes) -> DeviceInfo | None:
        """90 in either of its two forms, eight or nine fields."""
        text = data.decode("cp1251", "replace").strip("\t")
        fields = text.replace("\t", ",").replace(" ", ",").split(",")
        if fields and fields[0] == "0" and len(fields) > EIGHT_FIELDS:
            fields = fields[1:]
        if len(fields) != EIGHT_FIELDS or not fields[6].startswith(self.serial_prefix):
            return None
        return DeviceInfo(fields[0], fields[6], " ".join(fields[1:4]), fields[7])

    def status(self, raw: bytes) -> IslFlags:
        """S0.6 cover; the kind of a receipt is told by 76."""
        return flags_of(raw, cover_bit=True, storno_bit=False)

    def answer(self, data: bytes) -> bytes:
        """What stands behind the error code; a code other than 0 is a refusal."""
        code, _, rest = data.decode("cp1251", "replace").partition("\t")
        if code.strip() != "0":
            raise DeviceRefused("device_error", f"the printer says error {code}", code.strip())
        return rest.encode("cp1251")

    def open_data(self, operator: int, password: str, till: int) -> bytes:
        """48: operator, password, till, no invoice."""
        return _tabs(operator, password, till, "")

    def sale_data(self, sale: Sale) -> bytes:
        """49: name, group 1..8, price, quantity, kind and sum of a change, department 0."""
        group = TAX_LETTERS.index(sale.article.tax_group) + 1
        qty = f"{sale.qty_milli // 1000}.{sale.qty_milli % 1000:03d}"
        name = encode(sale.article.name_lines[0])
        kind, value = _change_fields(sale.correction_minor)
        return name + b"\t" + _tabs(group, format_minor(sale.price_minor), qty, kind, value, 0)

    def discount_data(self, amount_minor: int) -> bytes:
        """51: print, do not display, a discount in money."""
        return _tabs(1, 0, *_change_fields(-amount_minor))

    def text_data(self, line: str) -> bytes:
        """42 and 54: text and five empty fields."""
        return encode(line) + b"\t" * 6

    def payment_data(self, payment: Payment) -> bytes:
        """53: means and sum, no kind of card payment."""
        return _tabs(payment.mode, format_minor(payment.amount_minor), "")

    def read_payment(self, data: bytes) -> PaymentReply:
        """53: D or R and a sum with two decimals."""
        status, _, rest = data.decode("ascii", "replace").partition("\t")
        return parse_payment(f"{status}{_kopecks(rest.partition(chr(9))[0])}".encode("ascii"))

    def transaction_data(self) -> bytes:
        """76."""
        return b""

    def read_transaction(self, data: bytes) -> tuple[Transaction, int | None]:
        """76: open, number of the current or last receipt, items, amount, paid."""
        fields = data.decode("ascii", "replace").split("\t")
        try:
            is_open, number = fields[0] != "0", int(fields[1])
            amount, paid = _kopecks(fields[3]), _kopecks(fields[4])
        except (IndexError, ValueError):
            raise FrameError("bad_reply", f"reply of command 76 cannot be read: {data!r}") from None
        return Transaction(is_open, amount, paid), number - is_open

    def report_data(self, closing: bool) -> bytes:
        """69: Z or X."""
        return b"Z\t" if closing else b"X\t"

    def cash_data(self, amount_minor: int) -> bytes:
        """70: 0 in or 1 out, and the sum; of 0 the printer only answers."""
        return _tabs(int(amount_minor < 0), format_minor(abs(amount_minor)))

    def read_cash(self, data: bytes) -> tuple[int, int, int]:
        """70: drawer, service cash in and out of the day."""
        return _three(data.decode("ascii", "replace").split("\t")[:3], _kopecks)

    def closure_data(self) -> bytes:
        """64: kind of sums, which we do not read."""
        return _tabs(0)

    def read_closure(self, data: bytes) -> int:
        """64: number of the last Z."""
        return _three(data.decode("ascii", "replace").split("\t")[:1] * 3, int)[0]

    def qr_data(self, payload: str) -> bytes:
        """84: type 4 is a QR code."""
        return _tabs(4, payload, "")


def counters_of(document: int) -> Counters:
    """One running number for everything that was begun, cancelled receipts too."""
    return Counters(document, document, 0, 0, one_series=True, counts_cancelled=True)


def _three(fields: list[str], read: Callable[[str], int]) -> tuple[int, int, int]:
    try:
        first, second, third = (read(field) for field in fields)
    except ValueError:
        raise FrameError("bad_reply", f"64 or 70 cannot be read: {fields}") from None
    return first, second, third


def _tabs(*fields: object) -> bytes:
    return "".join(f"{field}\t" for field in fields).encode("ascii")


def _change_fields(amount_minor: int) -> tuple[str, str]:
    if not amount_minor:
        return "", ""
    return ("4" if amount_minor < 0 else "3"), format_minor(abs(amount_minor))


def _kopecks(text: str) -> int:
    """A sum with two decimals, or without a point where the device is set so."""
    return int(text.strip().replace(".", ""))
