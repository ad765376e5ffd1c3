"""A folder of pictures with the codes that are in them, read for `bench.decoders`.

`truth.csv` has the columns file, symbology, text; a file has a row for every code in the picture.
`none/` holds pictures without a readable code. A row without a symbology takes the picture's folder
for its class; a row without file or text, and a picture that is not there, are counted and left
out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drivers.scanner.camera.symbology import PLAIN_FORMATS, has_gtin_check, symbology_named

MAX_ROWS = 20_000
MAX_CSV_BYTES = 16 * 1024 * 1024
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
NONE = "none"
_CODABAR = re.compile(r"[A-Da-d]([0-9$:/.+-]+)[A-Da-d]")


class BadFolder(Exception):
    """A folder that cannot be measured on."""


@dataclass(slots=True)
class Picture:
    """One picture: its codes as (class, text), none for a picture without a code."""

    path: Path
    codes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Truth:
    """All pictures, the kinds of code to look for, and what was left out and why."""

    pictures: list[Picture]
    kinds: tuple[str, ...]
    left_out: dict[str, int]


def read_truth(folder: Path) -> Truth:
    """Read one folder; `BadFolder` when there is nothing to measure on."""
    left_out: dict[str, int] = {}
    pictures: dict[Path, Picture] = {}
    for row in _rows(folder / "truth.csv"):
        name, text = (row.get("file") or "").strip(), row.get("text") or ""
        symbology = (row.get("symbology") or "").strip() or Path(name).parent.name or "unnamed"
        path = folder / name
        if not name or not text.strip():
            _count(left_out, "rows without file or text")
        elif not path.is_file():
            _count(left_out, "rows whose picture is not there")
        else:
            entry = pictures.setdefault(path.resolve(), Picture(path))
            if (symbology, text) not in entry.codes:
                entry.codes.append((symbology, text))
    for path in sorted((folder / NONE).rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.resolve() not in pictures:
            pictures[path.resolve()] = Picture(path)
    if not pictures:
        raise BadFolder(f"{folder}: no picture is named in truth.csv or stands in none/")
    return Truth(list(pictures.values()), _kinds(pictures), left_out)


def same_text(one: str, other: str) -> bool:
    """Equal but for line ends, white space at the end, and the leading zero of a UPC-A."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").rstrip()
    if codabar := _CODABAR.fullmatch(text):
        return codabar[1]  # some write its start and stop letters down, some do not
    return text.zfill(13) if len(text) == 12 and has_gtin_check(text) else text


def _kinds(pictures: Mapping[Path, Picture]) -> tuple[str, ...]:
    """The retail kinds and those that the folder names; a name that nobody knows is a class that
    nobody reads."""
    named = {
        known.name
        for picture in pictures.values()
        for symbology, _text in picture.codes
        if (known := symbology_named(symbology)) is not None
    }
    return (*PLAIN_FORMATS, *sorted(named - set(PLAIN_FORMATS)))


def _rows(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(MAX_CSV_BYTES)
    try:
        if path.stat().st_size > MAX_CSV_BYTES:
            raise BadFolder(f"{path} is larger than {MAX_CSV_BYTES} bytes")
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = list(csv.DictReader(file, restkey="rest", restval=""))
    except (OSError, csv.Error) as error:
        raise BadFolder(f"{path}: {error}") from None
    if len(rows) > MAX_ROWS:
        raise BadFolder(f"{path} has more than {MAX_ROWS} rows")
    return [{k.strip().lower(): v for k, v in row.items() if isinstance(v, str)} for row in rows]


def _count(left_out: dict[str, int], why: str) -> None:
    left_out[why] = left_out.get(why, 0) + 1
