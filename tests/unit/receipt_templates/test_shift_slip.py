"""The loyalty slip of a shift: whole sums, any width, no word of a fiscal report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.cli import main
from receipt_templates import reserved
from receipt_templates.samples import SHIFT_SAMPLE
from receipt_templates.shift_slip import render_shift, shift_lines

WIDTHS = (24, 28, 30, 32, 34, 40, 42, 48)


@pytest.mark.parametrize("locale", ["uk", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_row_is_too_wide_and_every_figure_stands_at_the_edge(width: int, locale: str) -> None:
    rows = render_shift(SHIFT_SAMPLE, locale=locale, width=width)
    assert all(len(row.text) <= (width // 2 if row.style == "title" else width) for row in rows)
    for figure in ("312", "247", "12043,15" if locale == "uk" else "12043.15"):
        assert [r for r in rows if r.text.endswith(f" {figure}") and len(r.text) == width], figure
    assert all(not reserved.reserved_words(row.text) for row in rows if row.style == "text")


def test_what_there_was_none_of_is_left_out() -> None:
    totals = replace(SHIFT_SAMPLE.totals, returns=0, unknown=0)
    said = " ".join(shift_lines(replace(SHIFT_SAMPLE, totals=totals), locale="uk", width=32))
    assert "Повернень" not in said
    assert "невідомим" not in said
    assert "Відмов у списанні" in said


def test_an_x_says_that_it_is_so_far() -> None:
    rows = render_shift(replace(SHIFT_SAMPLE, kind="x"), locale="uk", width=42)
    assert any("проміжно" in row.text for row in rows)


@pytest.mark.parametrize("paper", ["58", "80"])
def test_preview_draws_it(paper: str, tmp_path, capsys) -> None:
    png = tmp_path / "z.png"
    code = main(["receipt", "preview", "--sample", "shift", "--paper", paper, "--png", str(png)])
    assert code == 0
    assert "З учасником" in capsys.readouterr().out
    assert png.read_bytes().startswith(b"\x89PNG")
