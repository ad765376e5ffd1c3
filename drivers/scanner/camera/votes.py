"""Which readings are believed. Pure: no picture, no clock.

One reading of a QR is proof enough. An EAN has a single check digit, and decoders misread the same
blurred picture in the same way, so its readings must agree: two of different decoders, or three of
one, each on another preparation of the picture or another frame. While two values contend, one
needs a clear lead. Measured on 747 published pictures with an EAN-13 or a UPC-A: one wrong value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.scanner.camera.symbology import SYMBOLOGIES, same_code_key

FORGET_S = 2.0
MAX_CANDIDATES = 64
NEEDED = 2
NEEDED_OF_ONE = 3
NEVER_ALONE = "zxing:upright"
"""Small bars enlarged are read wrong in the same way frame after frame."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one decoder read: `box` is (left, top, right, bottom) in pixels of the frame.

    `aim` is the AIM identifier; `way` names decoder and preparation ("zxing", "zbar:clahe");
    `is_sure` marks a way that needs no second opinion."""

    symbology: str
    text: str
    aim: str
    way: str
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    is_sure: bool = False


@dataclass(slots=True)
class _Candidate:
    reading: Reading
    last_at_s: float
    ways: set[tuple[str, int]] = field(default_factory=set)


class Votes:
    """Collects readings of successive frames. `frame` is a number that differs between pictures
    that differ: the same picture cannot vote twice in the same way."""

    def __init__(self) -> None:
        self._candidates: dict[tuple[str, str], _Candidate] = {}

    def add(self, reading: Reading, frame: int, now_s: float) -> Reading | None:
        """The reading, once it is believed."""
        self._forget(now_s)
        proof = SYMBOLOGIES[reading.symbology].proof
        if proof == "repaired":
            return reading
        key = same_code_key(reading.symbology, reading.text)
        candidate = self._candidates.get(key)
        if candidate is None:
            if len(self._candidates) >= MAX_CANDIDATES:
                return None
            candidate = self._candidates[key] = _Candidate(reading, now_s)
        candidate.last_at_s = now_s
        candidate.ways.add((reading.way, frame))
        if reading.is_sure and not self._rivals(key, reading):
            return reading
        if {way for way, _frame in candidate.ways} == {NEVER_ALONE}:
            return None
        decoders = {way.partition(":")[0] for way, _frame in candidate.ways}
        needed = NEEDED if len(decoders) > 1 else NEEDED_OF_ONE
        lead = needed + self._rivals(key, reading)
        return reading if len(candidate.ways) >= lead else None

    def clear(self) -> None:
        """Forget everything, as when the scene changes."""
        self._candidates.clear()

    def _rivals(self, key: tuple[str, str], reading: Reading) -> int:
        """Most votes of another value of the same kind at the same place."""
        return max(
            (
                len(other.ways)
                for other_key, other in self._candidates.items()
                if other_key != key and other_key[0] == key[0] and _meet(other.reading, reading)
            ),
            default=0,
        )

    def _forget(self, now_s: float) -> None:
        old = [k for k, c in self._candidates.items() if now_s - c.last_at_s > FORGET_S]
        for key in old:
            del self._candidates[key]


def _meet(one: Reading, other: Reading) -> bool:
    if one.box == (0, 0, 0, 0) or other.box == (0, 0, 0, 0):
        return True
    return not (
        one.box[2] < other.box[0]
        or other.box[2] < one.box[0]
        or one.box[3] < other.box[1]
        or other.box[3] < one.box[1]
    )
