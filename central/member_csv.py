"""One row of a members file, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from central.csv_file import BadRow, parse_hundredths, parse_list
from loyalty.codes import (
    has_check_digit,
    has_gtin_check,
    is_payment_card,
    luhn_holds,
    normalise_phone,
    parse_static_qr,
)
from loyalty.errors import InvalidToken

COLUMNS = (
    *("card", "phone", "name", "birthday", "groups", "segments"),
    *("balance", "expires_on", "consent_at"),
)
KEY_COLUMNS = ("card", "phone")
MAX_NAME = 200
_SEPARATORS = re.compile(r"[\s\u00a0-]")
_GSRN = re.compile(r"(?:\(8018\)|8018)([0-9]{18})")
_LOCAL_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """What a row says; empty fields leave what is known as it is. `balance` in hundredths."""

    line: int
    fields: tuple[str, ...]
    token_key: str
    phone: str
    name: str
    birthday: date | None
    groups: tuple[str, ...]
    segments: tuple[str, ...]
    balance: int
    expires_on: str | None
    consent_at: str


def parse_row(line: int, fields: list[str], values: Mapping[str, str]) -> MemberRow:
    """The checked row, or `BadRow`."""
    token_key = card_token(values["card"])
    phone = _phone(values["phone"])
    if not token_key and not phone:
        raise BadRow("no_card_and_no_phone", "card")
    if len(values["name"]) > MAX_NAME:
        raise BadRow("too_long", "name")
    balance = parse_hundredths(values["balance"], "balance") if values["balance"] else 0
    expires_on = _date(values["expires_on"], "expires_on")
    return MemberRow(
        line,
        tuple(fields),
        token_key,
        phone,
        " ".join(values["name"].split()),
        _birthday(values["birthday"]),
        tuple(parse_list(values["groups"], "groups")),
        tuple(parse_list(values["segments"], "segments")),
        balance,
        expires_on.isoformat() if expires_on else None,
        _instant(values["consent_at"]),
    )


def card_token(text: str) -> str:
    """`card:` and the digits as a scan gives them, or `qr:` of a static member QR.

    Digits are an EAN-13 (a lost leading zero is put back), a GSRN of 18 with or without its AI
    8018, or 14 to 19 with a Luhn digit: the programme's own numbers. A payment card is refused."""
    if not text:
        return ""
    if text.upper().startswith("LC1:"):
        try:
            return f"qr:{parse_static_qr(text)}"
        except InvalidToken:
            raise BadRow("bad_check", "card") from None
    digits = _SEPARATORS.sub("", text)
    if gsrn := _GSRN.fullmatch(digits):
        return _checked(gsrn[1], has_check_digit(gsrn[1]))
    if not digits.isascii() or not digits.isdigit() or not 12 <= len(digits) <= 19:
        raise BadRow("not_a_card", "card")
    if len(digits) <= 13:
        return _checked(digits.zfill(13), has_gtin_check(digits))
    if is_payment_card(digits, ""):
        raise BadRow("payment_card", "card")
    is_gsrn = len(digits) == 18 and has_check_digit(digits)
    return _checked(digits, is_gsrn or luhn_holds(digits))


def _checked(digits: str, is_right: bool) -> str:
    if not is_right:
        raise BadRow("bad_check", "card")
    return f"card:{digits}"


def _phone(text: str) -> str:
    if not text:
        return ""
    phone = normalise_phone(text)
    if phone is None:
        raise BadRow("not_a_phone", "phone")
    return phone


def _date(text: str, field: str) -> date | None:
    if not text:
        return None
    local = _LOCAL_DATE.fullmatch(text)
    try:
        if local:
            return date(int(local[3]), int(local[2]), int(local[1]))
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadRow("bad_date", field)


def _birthday(text: str) -> date | None:
    birthday = _date(text, "birthday")
    if birthday is not None and not 1900 <= birthday.year <= 2100:
        raise BadRow("bad_date", "birthday")
    return birthday


def _instant(text: str) -> str:
    """An instant or day of consent, ISO 8601 or DD.MM.YYYY; kept as ISO text."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        day = _date(text, "consent_at")
        return day.isoformat() if day else ""
