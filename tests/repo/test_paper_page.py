"""The page about paper names what exists, and no driver stands higher there than its proofs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from drivers.registry import known_drivers

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "paper.md"
HARDWARE = ROOT / "docs" / "hardware"


def rows(first: str) -> list[list[str]]:
    """Cells of the rows whose first cell looks like this."""
    found = re.findall(rf"^\| ({first}) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [[name, *(cell.strip() for cell in rest.split("|"))] for name, rest in found]


def missing(cell: str) -> list[str]:
    """Files and tests that a cell names and that are not there."""
    lost = []
    for named in re.findall(r"`([\w./]+\.(?:py|toml)(?:::\w+)?)`", cell):
        path, _, test = named.partition("::")
        file = ROOT / path
        if not file.is_file() or (test and f"def {test}(" not in file.read_text(encoding="utf-8")):
            lost.append(named)
    return lost


def test_every_point_has_its_place() -> None:
    points = rows(r"\d+")
    assert [int(row[0]) for row in points] == list(range(1, 29))
    assert [row[0] for row in points if "`" not in row[2] and "](" not in row[2]] == []
    assert [lost for row in points for lost in missing(row[2])] == []


def test_every_printer_s_level_is_what_its_proofs_are() -> None:
    levels = {row[0].strip("`"): row[1:] for row in rows(r"`[a-z]+\.\w+`")}
    printers = {name for name in known_drivers() if name.startswith(("fiscal.", "receipt."))}
    assert set(levels) == printers
    for driver, (level, conformance, more, *_) in levels.items():
        assert "`" in conformance, driver
        assert missing(conformance) == missing(more) == [], driver
        records = [json.loads(file.read_text()) for file in HARDWARE.glob("*.json")]
        passed = [r for r in records if r["driver"] == driver and not any(r["results"].values())]
        assert level == ("gold" if passed else "silver" if "`" in more else "bronze"), driver
