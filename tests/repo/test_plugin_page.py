"""The page about the plug-in and the screen names what exists, for every point."""

from __future__ import annotations

import re

from tests.repo.test_paper_page import ROOT, missing

PAGE = ROOT / "docs" / "reference" / "plugin.md"
POINTS = [
    *(f"1.{number}" for number in range(1, 11)),
    *("2", "3", "4.1", "4.2", "4.3"),
    *(f"5.{number}" for number in range(1, 16)),
    *("6", "7"),
]


def test_every_point_names_tests_that_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d.]+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", text, re.MULTILINE)
    assert [row[0] for row in rows] == POINTS
    assert [row[0] for row in rows if not re.search(r"`tests/[\w/]+\.py", row[2])] == []
    assert [lost for row in rows for lost in missing(row[2])] == []


def test_a_made_up_test_would_be_seen() -> None:
    assert missing("`tests/repo/test_plugin_page.py::test_nothing_of_the_kind`")
    assert missing("`tests/repo/no_such_file.py`")
