"""Words wrap, sums never break and stand at the right edge."""

from __future__ import annotations

import textwrap

MIN_WIDTH = 16
MAX_WIDTH = 80


def check_width(width: int) -> int:
    """The width, or `ValueError` when no receipt has it."""
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise ValueError(f"a line holds {MIN_WIDTH} to {MAX_WIDTH} characters, not {width}")
    return width


def wrap(text: str, width: int, max_lines: int = 4) -> list[str]:
    """Lines of at most `width`, broken at blanks; what exceeds `max_lines` ends in "..."."""
    return textwrap.wrap(
        text,
        width,
        break_on_hyphens=False,
        max_lines=max_lines,
        placeholder="...",
    )


def with_amount(label: str, amount: str, width: int, max_lines: int = 2) -> list[str]:
    """A label with a sum at the right edge.

    Both stand on one line when they fit; a short label keeps its line and the sum takes the
    next; a long label wraps beside the sum.
    """
    room = width - len(amount) - 1
    if len(label) <= room:
        return [label + amount.rjust(width - len(label))]
    if len(label) <= width or room < MIN_WIDTH // 2:
        return [*wrap(label, width, max_lines), amount.rjust(width)]
    lines = wrap(label, room, max_lines)
    lines[-1] += amount.rjust(width - len(lines[-1]))
    return lines
