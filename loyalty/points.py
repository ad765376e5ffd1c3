"""Points: integer hundredths of a bonus, and their rate to money."""

from __future__ import annotations

POINTS_PER_BONUS = 100


def points_to_minor(points: int, minor_per_bonus: int) -> int:
    """Kopecks that `points` hundredths pay for, rounded down."""
    return points * minor_per_bonus // POINTS_PER_BONUS


def minor_to_points(amount_minor: int, minor_per_bonus: int) -> int:
    """Fewest points that pay exactly `amount_minor` kopecks (rounded up)."""
    return -(-amount_minor * POINTS_PER_BONUS // minor_per_bonus)


def format_points(points: int) -> str:
    """Plain text with two digits: 1250 → "12.50"."""
    sign = "-" if points < 0 else ""
    return f"{sign}{abs(points) // POINTS_PER_BONUS}.{abs(points) % POINTS_PER_BONUS:02d}"
