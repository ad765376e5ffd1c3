"""DATA of the commands and of their replies. Pure.

Formats: `datecsfp.cpp` of github.com/sergnochevny/datecs (FP3530T: 48, 51, 53, 58, 70, 76, 85,
107), comments of github.com/Wizard2007/datecs-fp-3530 (replies of 51, 53, 76, 107 R), and a public
driver of the Ukrainian FP-700 (`#price`, `&barcode`, `!excise` of 58; `^UKTZED` of 107; replies of
90 and 113).

Money on the wire is hryvnias with two digits to the printer and whole kopecks from it.
"""

from __future__ import annotations

from drivers.base import DeviceInfo
from drivers.errors import FrameError
from drivers.fiscal.counted.machine import Counters, Transaction
from drivers.fiscal.printer_text import encode
from loyalty.money import format_minor

UA_DIAGNOSTIC_FIELDS = 10


def format_qty(qty_milli: int) -> str:
    """Thousandths as the printer reads them: 2000 → "2.000"."""
    return f"{qty_milli // 1000}.{qty_milli % 1000:03d}"


def open_data(operator: int, password: str, till: int) -> bytes:
    """48 and 85: operator, password, till."""
    return f"{operator},{password},{till}".encode("ascii")


def sale_data(
    plu: int,
    qty_milli: int,
    price_minor: int,
    correction_minor: int = 0,
    barcode: str = "",
    excise_stamp: str = "",
) -> bytes:
    """58: `plu*qty#price[;±abs][&barcode][!excise]`; a negative correction is a discount."""
    text = f"{plu}*{format_qty(qty_milli)}#{format_minor(price_minor)}"
    if correction_minor:
        sign = "-" if correction_minor < 0 else "+"
        text += f";{sign}{format_minor(abs(correction_minor))}"
    if barcode:
        text += f"&{barcode}"
    if excise_stamp:
        text += f"!{excise_stamp}"
    return text.encode("ascii")


def subtotal_discount_data(amount_minor: int) -> bytes:
    """51: print, do not display, take `amount_minor` off the whole receipt."""
    return f"10;-{format_minor(amount_minor)}".encode("ascii")


def payment_data(mode: str, amount_minor: int) -> bytes:
    """53: no comment, TAB, means of payment, sum tendered."""
    return f"\t{mode}{format_minor(amount_minor)}".encode("ascii")


def article_data(
    plu: int, tax_group: str, price_minor: int, password: str, name_lines: list[str], uktzed: str
) -> bytes:
    """107 "P": tax letter and number, goods group 1, `^UKTZED`, price, password, name lines."""
    code = f"^{uktzed}," if uktzed else ""
    head = encode(f"P{tax_group}{plu},1,{code}{format_minor(price_minor)},{password},")
    return head + b"\t".join(encode(line) for line in name_lines)


def parse_counters(data: bytes) -> Counters:
    """Reply of 113; `FrameError` when it is not four numbers."""
    fields = data.split(b",")
    if len(fields) < 4 or not all(field.strip().isdigit() for field in fields[:4]):
        raise _unreadable(113, data)
    documents, sales, refunds, printed = (int(field) for field in fields[:4])
    return Counters(documents, sales, refunds, printed)


def parse_transaction(data: bytes) -> Transaction:
    """Reply of 76 "T": `open,items,±amount,±paid`."""
    fields = data.decode("ascii", "replace").split(",")
    try:
        return Transaction(fields[0].strip() == "1", int(fields[2]), int(fields[3]))
    except (IndexError, ValueError):
        raise _unreadable(76, data) from None


def parse_diagnostics(data: bytes) -> DeviceInfo | None:
    """Reply of 90, or `None` when it is not that of a Ukrainian FP-700.

    That firmware adds three identifiers of its data-transfer module behind model, version and
    date, checksum, switches, country, serial and fiscal number; the Bulgarian one sends six."""
    fields = [field.strip() for field in data.decode("cp1251", "replace").split(",")]
    if len(fields) < UA_DIAGNOSTIC_FIELDS:
        return None
    return DeviceInfo(
        model=fields[0], firmware=fields[1], serial_number=fields[5], fiscal_number=fields[6]
    )


def article_matches(reply: bytes, tax_group: str, name_lines: list[str]) -> bool:
    """Whether 107 "R" (`P,plu,tax,group,price,qty,sum,qty,sum,name`) shows this article."""
    fields = reply.split(b",", 9)
    if len(fields) < 10 or fields[0].strip() != b"P":
        return False
    name = b"".join(encode(line) for line in name_lines)
    return fields[2].strip() == encode(tax_group) and fields[9].replace(b"\t", b"") == name


def parse_free_plu(data: bytes) -> int:
    """Reply of 107 "X": the first free article number; the letters before it are ignored."""
    digits = data.decode("ascii", "replace").lstrip("PpXx, ")
    if not digits.isdecimal() or int(digits) < 1:
        raise _unreadable(107, data)
    return int(digits)


def _unreadable(cmd: int, data: bytes) -> FrameError:
    return FrameError("bad_reply", f"reply of command {cmd} cannot be read: {data!r}")
