"""Tables for a terminal: columns as wide as their widest cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def table(
    titles: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
) -> Iterator[str]:
    """Lines of a table with its titles; columns named in `right` hold figures. None is empty."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    sides = [title in right for title in titles]
    for row in (titles, *cells):
        parts = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, sides, strict=True)
        )
        yield "  ".join(parts).rstrip()
