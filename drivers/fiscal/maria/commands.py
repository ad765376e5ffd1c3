"""Commands of the MARIA-304T: an allow-list, what they carry, and what CONF says. Pure.

Sums are kopecks as digits of fixed width, text is CP866. FISC, BFIS, COMP, TEXT, UPAS and CONF are
laid out as those of a Delphi driver in use for years. Not compared with a device: quantities of
divisible goods in thousandths, and what the states of an open document other than 3 mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from drivers.errors import DeviceRefused, FrameError
from drivers.fiscal.counted.machine import PlainStatus
from drivers.fiscal.printer_text import CP866, encode

ALLOWED: Final = frozenset(
    {"PREP", "BCHN", "FISC", "BFIS", "TEXT", "COMP", "CANC", "DBEG", "PRTX", "CTXT"}
    | {"ZREP", "NREP", "nrep", "CAIO"}
)
"""ZREP is an X report, NREP the Z, nrep opens the shift, CAIO moves service cash."""
TEXT_CHARS: Final = 43
HEAD_CHARS, TAIL_CHARS, NOTE_CHARS = 12, 31, 13
TAX_GROUPS: Final = 8
CONF_LENGTH: Final = 106
NOTHING_OPEN, RECEIPT_OPEN, TEXT_OPEN = 3, 1, 2
PAYMENTS: Final = "1234"

REASONS: Final = {
    "paper_out": ("HARDPAPER",),
    "cover_open": ("HARDPOINT",),
    "shift_over_24_hours": (
        "SOFT24HOUR",
        "SOFTNREP",
    ),
    "not_transmitted_72_hours": ("SOFTpOVER72H",),
    "wrong_password": ("SOFTUPAS",),
    "not_allowed": (
        "SOFTPROTOC",
        "SOFTTXTOUT",
    ),
    "total_differs": ("SOFTCHECK",),
    "syntax_error": ("SOFTPARAM",),
    "invalid_command": ("SOFTCOMMAN",),
    "article_refused": ("SOFTDIFART",),
    "overflow": (
        "SOFTCOPY",
        "SOFTOVART",
    ),
}
"""Our stable codes and the device's own that they stand for; any other is `device_error`."""
OUR_CODE: Final = {word: code for code, words in REASONS.items() for word in words}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What CONF tells. `last_command` is the last that was executed, session commands apart."""

    serial_number: str
    fiscal_number: str
    document_state: int
    last_receipt: int
    last_command: str
    shift: int
    shift_open: bool


def digits(value: int, width: int) -> str:
    """A number of fixed width; `FrameError` when it does not fit."""
    if not 0 <= value < 10**width:
        raise FrameError("bad_number", f"{value} does not fit into {width} digits")
    return str(value).rjust(width, "0")


def payload(text: str) -> bytes:
    """A command as it is sent."""
    return text[:4].encode("ascii") + encode(text[4:], CP866)


def fiscal_line(
    *,
    is_return: bool,
    name: str,
    sum_minor: int,
    price_minor: int,
    qty_milli: int,
    group: int,
    scheme: str,
    article: int,
    correction_minor: int,
) -> bytes:
    """FISC or BFIS: name, sum, price, quantity, divisible, rounding, eight tax groups, article
    number, discount sign, its name and sum, the rest of the name."""
    divisible = qty_milli % 1000 != 0
    quantity = qty_milli if divisible else qty_milli // 1000
    if quantity > 99_999:
        raise DeviceRefused("document_mismatch", f"{qty_milli} thousandths do not fit into a line")
    taxes = ["000000"] * TAX_GROUPS
    taxes[group] = scheme
    sign = "-" if correction_minor < 0 else "+" if correction_minor else "0"
    note = "Знижка" if correction_minor < 0 else "Надбавка" if correction_minor else ""
    return payload(
        ("BFIS" if is_return else "FISC")
        + name[:HEAD_CHARS].ljust(HEAD_CHARS)
        + digits(sum_minor, 9)
        + digits(price_minor, 9)
        + digits(quantity, 5)
        + str(int(divisible))
        + "0"
        + "".join(taxes)
        + digits(article, 4)
        + sign
        + note.ljust(NOTE_CHARS)
        + digits(abs(correction_minor), 9)
        + name[HEAD_CHARS : HEAD_CHARS + TAIL_CHARS]
    )


def completion(sold_minor: int, returned_minor: int, sums: dict[str, int]) -> bytes:
    """COMP: what was sold, what was taken back, four means of payment, cash the last."""
    means = "".join(digits(sums.get(mode, 0), 10) for mode in PAYMENTS)
    return payload("COMP" + digits(sold_minor, 10) + digits(returned_minor, 10) + means)


def text_line(line: str) -> bytes:
    """TEXT: behind the lines, on one tape, plain height."""
    return payload("TEXT100" + line[:TEXT_CHARS])


def cash(amount_minor: int) -> bytes:
    """CAIO: I or O, and the sum. The layout was not compared with a device."""
    return payload(("CAIOI" if amount_minor > 0 else "CAIOO") + digits(abs(amount_minor), 10))


def parse_configuration(data: str) -> Configuration:
    """CONF and CONf: fields of 10, 10, 36, 8, 6, 1, 1, 1, 4, 1, 12, 12, 4 … characters."""
    if len(data) < CONF_LENGTH or not (data[90:102] + data[73:77]).isdecimal():
        raise FrameError("bad_reply", f"CONF of {len(data)} characters")
    return Configuration(
        serial_number=data[:10].strip(),
        fiscal_number=data[10:20].strip(),
        document_state=ord(data[71]),
        last_receipt=int(data[90:102]),
        last_command=data[102:106],
        shift=int(data[73:77]),
        shift_open=data[77] == "\0",
    )


def status_of(conf: Configuration, trouble: tuple[str, ...], kind: str) -> PlainStatus:
    """State for the job layer; `kind` is what we opened last, for the device does not tell."""
    is_open = conf.document_state not in (NOTHING_OPEN, TEXT_OPEN)
    known = [OUR_CODE.get(word, "") for word in trouble]
    return PlainStatus(
        raw=f"{conf.document_state} {conf.last_command} {' '.join(trouble)}".strip(),
        paper_out="paper_out" in known,
        cover_open="cover_open" in known,
        fiscal_open=is_open,
        nonfiscal_open=conf.document_state == TEXT_OPEN,
        return_open=is_open and kind == "return",
        error=next((reason for reason in known if reason), ""),
    )
