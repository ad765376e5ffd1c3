"""Seconds and keys of a sale by way of identification, beside a keystroke-level model.

The model is that of Card, Moran and Newell, "The keystroke-level model for user performance time
with interactive systems", Communications of the ACM 23 (7), 1980: expert time is the sum of its
operators. Here K is one key of an average typist (0.28 s at 40 words a minute), M the mental
preparation of one act (1.35 s), R the machine's answer that the user waits for. Hands stay on the
keys, so there is no P (pointing) and no H (homing)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edge_agent.ledger.screen_file import Pace

K_MS: Final = 280
M_MS: Final = 1_350
WAYS: Final = ("card", "qr", "purse", "phone", "other", "none")
IDENTIFYING: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"card": (1, 0), "qr": (1, 0), "purse": (1, 0), "phone": (1, 11), "none": (0, 0)}
)
"""(M, K) of identifying alone: a scan is one act and no key, a phone ten digits and Enter."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one way: sales, medians of milliseconds and keys, and the model of the same sales."""

    way: str
    sales: int
    median_ms: int
    p90_ms: int
    median_keys: int
    model_ms: int
    identifying_ms: int | None


def model_ms(pace: Pace) -> int:
    """What the model gives for the keys and acts of one sale, without the machine's answers."""
    return K_MS * pace.keys + M_MS * sum(pace.verbs.values())


def identifying_ms(way: str) -> int | None:
    """What the model gives for the identification alone; None where the way is not known."""
    if way not in IDENTIFYING:
        return None
    thinks, keys = IDENTIFYING[way]
    return M_MS * thinks + K_MS * keys


def figures(paces: Iterable[Pace]) -> list[Figures]:
    """By way of identification, in a fixed order; ways without a sale are left out."""
    by_way: dict[str, list[Pace]] = {}
    for pace in paces:
        by_way.setdefault(pace.way if pace.way in WAYS else "other", []).append(pace)
    return [_figures(way, by_way[way]) for way in WAYS if way in by_way]


def _figures(way: str, sales: Sequence[Pace]) -> Figures:
    times = sorted(pace.ms for pace in sales)
    return Figures(
        way=way,
        sales=len(sales),
        median_ms=statistics.median_low(times),
        p90_ms=times[max(0, -(-len(times) * 9 // 10) - 1)],
        median_keys=statistics.median_low([pace.keys for pace in sales]),
        model_ms=statistics.median_low([model_ms(pace) for pace in sales]),
        identifying_ms=identifying_ms(way),
    )
