"""A picture of policies: what is approved by value against what is overspent, as plain SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 460, 300, 60, 50, 60
_MOST_OVER = 30.0
_COLOURS = ("#888888", "#b3541e", "#1f6f8b", "#5a3d8a", "#2e7d32", "#a61b46", "#7a6a00")
_TITLES = {"store": "One store out for a day", "chain": "Every store alone"}
Spread = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One policy: (mean, least, most) in percent of what was asked, and of what was approved."""

    name: str
    panel: str
    approved: Spread
    over: Spread


def plot(marks: Sequence[Mark]) -> str:
    """One panel an outage; lines through a mark reach from the least to the most of the days."""
    panels = [name for name in _TITLES if any(mark.panel == name for mark in marks)]
    names = list(dict.fromkeys(mark.name for mark in marks))
    width = _LEFT + len(panels) * (_WIDTH + _LEFT)
    height = _TOP + _HEIGHT + _BOTTOM + 20 * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        left = _LEFT + number * (_WIDTH + _LEFT)
        parts += _axes(left, _TITLES[panel])
        for mark in marks:
            if mark.panel == panel:
                parts += _mark(left, mark, _COLOURS[names.index(mark.name) % len(_COLOURS)])
    for number, name in enumerate(names):
        top = _TOP + _HEIGHT + _BOTTOM + 20 * number
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f'<circle cx="{_LEFT + 6}" cy="{top - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + 20}" y="{top}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(left: int, approved: float) -> float:
    return left + _WIDTH * approved / 100


def _y(over: float) -> float:
    return _TOP + _HEIGHT * (1 - min(over, _MOST_OVER) / _MOST_OVER)


def _axes(left: int, title: str) -> list[str]:
    bottom = _TOP + _HEIGHT
    parts = [
        f'<text x="{left}" y="{_TOP - 20}" font-size="15">{escape(title)}</text>',
        f'<rect x="{left}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none"'
        ' stroke="#444444"/>',
        f'<text x="{left + _WIDTH // 2}" y="{bottom + 34}" text-anchor="middle">'
        "approved, % of the value asked for</text>",
        f'<text x="{left - 38}" y="{_TOP + _HEIGHT // 2}" text-anchor="middle"'
        f' transform="rotate(-90 {left - 38} {_TOP + _HEIGHT // 2})">'
        "overspent, % of approved</text>",
    ]
    for percent in range(0, 101, 20):
        x = _x(left, percent)
        parts.append(f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="middle">{percent}</text>')
    for percent in range(0, 31, 10):
        more = "≥ " if percent == _MOST_OVER else ""
        y = _y(percent) + 4
        parts.append(f'<text x="{left - 6}" y="{y:.0f}" text-anchor="end">{more}{percent}</text>')
    return parts


def _mark(left: int, mark: Mark, colour: str) -> list[str]:
    x, y = _x(left, mark.approved[0]), _y(mark.over[0])
    lines = [
        (_x(left, mark.approved[1]), y, _x(left, mark.approved[2]), y),
        (x, _y(mark.over[1]), x, _y(mark.over[2])),
    ]
    parts = [
        f'<line x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}" stroke="{colour}"/>'
        for a, b, c, d in lines
    ]
    return [*parts, f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>']
