"""What a model of receipt printer can do, from the profiles of python-escpos.

Its profile names the code pages by the number of ESC t, the characters of a line in font A, the
dots of a line, and whether it has its own QR and cutter. What the profile leaves open is set here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from drivers.receipt.letters import PAGES, Letters
from drivers.registry import BadDriverOption

FONT_A_DOTS: Final = 12
MIN_COLUMNS: Final = 16
MAX_COLUMNS: Final = 64
_CHINESE: Final = frozenset({"Kefar", "Netum", "PBM", "Rongta", "Sunmi", "Zjiang", "ZiJiang"})
"""Makers whose printers take two bytes over 7Fh for one Chinese character until FS . is sent."""
_COLUMNS: Final = {"NT-80-V-UL": 48}
"""The profile gives the width of a character in dots where that of a line belongs."""


@dataclass(frozen=True, slots=True)
class PrinterModel:
    """One model: `page` is the number for ESC t, `None` when text is drawn or Latin."""

    name: str
    letters: Letters
    page: int | None
    columns: int
    dots: int
    has_qr: bool
    draws: bool
    cancels_chinese: bool


def model_names() -> tuple[str, ...]:
    """Every model there is a profile for."""
    return tuple(sorted(_profiles()))


def printer_model(name: str, letters: str = "auto", columns: int = 0) -> PrinterModel:
    """A model with its letters: the best page it has, or the one asked for.

    `columns` over 0 replaces the profile's line width. Raises `BadDriverOption` for a model, page
    or width that there is not."""
    profiles = _profiles()
    if name not in profiles:
        raise BadDriverOption("bad_option", f"model must be one of {', '.join(sorted(profiles))}")
    profile = profiles[name]
    pages = code_pages(profile)
    draws = bool(profile["features"].get("bitImageRaster"))
    chosen = _chosen(letters, pages, draws)
    width = columns or _COLUMNS.get(name) or int(profile["fonts"]["0"]["columns"])
    if not MIN_COLUMNS <= width <= MAX_COLUMNS:
        raise BadDriverOption("bad_option", f"columns must be {MIN_COLUMNS} to {MAX_COLUMNS}")
    dots = profile["media"].get("width", {}).get("pixels")
    return PrinterModel(
        name=name,
        letters=chosen,
        page=pages.get(chosen),
        columns=width,
        dots=dots if isinstance(dots, int) else width * FONT_A_DOTS,
        has_qr=bool(profile["features"].get("qrCode")),
        draws=draws,
        cancels_chinese=profile["vendor"] in _CHINESE,
    )


def code_pages(profile: dict[str, Any]) -> dict[Letters, int]:
    """The Cyrillic pages of a profile and their lowest numbers, compared as numbers."""
    found: dict[Letters, int] = {}
    for number in sorted(map(int, profile["codePages"])):
        name = str(profile["codePages"][str(number)]).lower()
        for page in PAGES:
            if name == page and page not in found:
                found[page] = number
    return found


def _chosen(asked: str, pages: dict[Letters, int], draws: bool) -> Letters:
    able: list[Letters] = [page for page in PAGES if page in pages]
    if draws:
        able.append("picture")
    able.append("latin")
    if asked == "auto":
        return able[0]
    for one in able:
        if one == asked:
            return one
    raise BadDriverOption("bad_option", f"letters must be auto or one of {', '.join(able)}")


def _profiles() -> dict[str, dict[str, Any]]:
    from escpos.capabilities import CAPABILITIES

    profiles: dict[str, dict[str, Any]] = CAPABILITIES["profiles"]
    return profiles
