"""Checking a driver's options: bounds, digits, and the names of means of payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.base import PrinterProfile
from drivers.registry import BadDriverOption, Options
from loyalty.basket import TenderKind

TENDER_KINDS: Final[tuple[TenderKind, ...]] = ("cash", "card", "gift_card", "bonus", "other")


def check_bounds(options: Options, bounds: Mapping[str, tuple[int, int]]) -> None:
    """`BadDriverOption` names the first number outside its bounds."""
    for key, (low, high) in bounds.items():
        if not low <= int(options[key]) <= high:
            raise BadDriverOption("bad_option", f"option {key!r} must be {low} to {high}")


def digits(options: Options, key: str, least: int, most: int) -> str:
    """A text of digits of a given length, or `BadDriverOption`."""
    value = str(options[key])
    if not (value.isascii() and value.isdecimal() and least <= len(value) <= most):
        raise BadDriverOption("bad_option", f"option {key!r} must be {least} to {most} digits")
    return value


def payment_modes(options: Options, known: str) -> dict[TenderKind, str]:
    """The printer's one-letter name for each means of payment, each one of `known`."""
    modes = {kind: str(options[f"payment_{kind}"]) for kind in TENDER_KINDS}
    for kind, mode in modes.items():
        if len(mode) != 1 or mode not in known:
            raise BadDriverOption(
                "bad_option", f"option 'payment_{kind}' must be one of {', '.join(known)}"
            )
    return modes


def tax_letters(options: Options) -> str:
    """Tax letters in the order of the printer's own groups, or `BadDriverOption`."""
    letters = str(options["tax_letters"])
    if not letters or len(set(letters)) != len(letters) or not set(letters) <= set("АБВГДМН"):
        raise BadDriverOption("bad_option", "option 'tax_letters' must be different А Б В Г Д М Н")
    return letters


def profile(options: Options, page: str = "cp1251", *, prints_qr: bool = True) -> PrinterProfile:
    """Widths from `line_width` and `trailer_width`."""
    return PrinterProfile(
        int(options["line_width"]), int(options["trailer_width"]), page, prints_qr
    )
