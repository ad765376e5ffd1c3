"""`python -m bench.screens`: a member's code on a phone's screen, spoilt to the levels we promise.

Each level is shown to the camera's pipeline with ten seeds (`--seeds N`): another number, place,
way of movement, place of glare and noise each. A code counts as read when its own value is believed
within fifteen frames, a second of the camera; any other believed value is wrong. Budget: at most
20 % of the seeds of a level not read, nothing wrong. Angles are every 15 degrees, and the row shows
the worst of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2

from bench.report import Row, finish
from bench.screens_made import Kind, Screen, Spoilt
from drivers.scanner.camera.pipeline import Pipeline
from drivers.scanner.camera.symbology import PLAIN_FORMATS, same_code_key
from drivers.scanner.camera.zbar_link import ZbarLink

FRAMES: Final = 15
FRAME_S: Final = 1 / 15
READY_S: Final = 60.0
SEEDS: Final = 10
MAX_SEEDS: Final = 1_000
MISSED_PERCENT: Final = 20
ANGLES: Final = tuple(range(0, 360, 15))


@dataclass(frozen=True, slots=True)
class Level:
    """One way of spoiling: the worst of `spoilt` is what the row shows."""

    name: str
    kind: Kind
    spoilt: tuple[Spoilt, ...]


LEVELS: Final = (
    Level("QR as it is, 260 points", "qr", (Spoilt(),)),
    Level("QR of 60 points", "qr", (Spoilt(size=60),)),
    Level("QR blurred, sigma 3.5", "qr", (Spoilt(blur=3.5),)),
    Level("QR moved 11 points", "qr", (Spoilt(motion=11),)),
    Level("QR turned, 0 to 345 degrees", "qr", tuple(Spoilt(turned=each) for each in ANGLES)),
    Level("QR dim, gain 0.08", "qr", (Spoilt(gain=0.08),)),
    Level("QR over-exposed, gain 9", "qr", (Spoilt(gain=9.0),)),
    Level("QR with glare 1.0", "qr", (Spoilt(glare=1.0),)),
    Level("QR in noise, sigma 60", "qr", (Spoilt(noise=60.0),)),
    Level("EAN-13 of 170 points", "ean13", (Spoilt(size=170),)),
    Level(
        "EAN-13 turned, 0 to 345 degrees",
        "ean13",
        tuple(Spoilt(turned=each) for each in ANGLES),
    ),
    Level(
        "EAN-13 of 170 points, turned",
        "ean13",
        tuple(Spoilt(size=170, turned=each) for each in ANGLES),
    ),
)


@dataclass(slots=True)
class Tally:
    """One level: seeds not read for each of its ways, and values that were not there."""

    missed: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)


def shown(
    screen: Screen, zbar: ZbarLink | None, kinds: tuple[str, ...] = PLAIN_FORMATS
) -> tuple[int, set[str]]:
    """After how many frames the code was believed (0: never), and what else was."""
    pipeline = Pipeline(kinds, zbar)
    for place in range(FRAMES):
        look = pipeline.look(screen.frame(), place * FRAME_S)
        # A UPC-A is the EAN-13 with a zero before it, and is told either way.
        texts = {same_code_key(each.symbology, each.text)[1] for each in look.believed}
        if screen.text in texts:
            return place + 1, texts - {screen.text}
        if texts:
            return 0, texts
    return 0, set()


def tally_of(level: Level, seeds: range, zbar: ZbarLink | None) -> Tally:
    """All seeds of all ways of a level."""
    tally = Tally()
    for spoilt in level.spoilt:
        missed = 0
        for seed in seeds:
            frames, wrong = shown(Screen(level.kind, spoilt, seed), zbar)
            missed += not frames
            tally.frames.append(frames or FRAMES)
            tally.wrong += sorted(wrong)
        tally.missed.append(missed)
    return tally


def rows_of(
    seeds: range, zbar: ZbarLink | None, told: Callable[[str], None] = lambda _text: None
) -> list[Row]:
    """A row a level, and one for what was wrong."""
    rows, wrong = [], []
    for level in LEVELS:
        tally = tally_of(level, seeds, zbar)
        wrong += tally.wrong
        worst, total = max(tally.missed), len(tally.frames)
        read = total - sum(tally.missed)
        beside = f"{read} of {total} read, {sum(tally.frames) / total:.1f} frames"
        name = f"{level.name}: not read"
        rows.append(Row(name, 100 * worst / len(seeds), MISSED_PERCENT, "%", beside))
        told(f"{level.name}: {read} of {total}; missed by way {tally.missed}")
    return [*rows, Row("values that were not there", len(wrong), 0.5, "", ", ".join(wrong[:3]))]


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every level holds, 1 when not, 2 when it could not run."""
    parser = argparse.ArgumentParser(prog="bench.screens", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"seeds a level ({SEEDS})")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--list", action="store_true", help="say each level's misses as they come")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.seeds <= MAX_SEEDS or arguments.first < 0:
        print(f"screens: 1 to {MAX_SEEDS} seeds from 0 on", file=sys.stderr)
        return 2
    cv2.setNumThreads(1)
    zbar = ZbarLink(qr_pause_s=0.0)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    try:
        if not zbar.start(READY_S):
            print("screens: zbar does not start; is libzbar0 installed?", file=sys.stderr)
            return 2
        rows = rows_of(seeds, zbar, print if arguments.list else lambda _text: None)
    finally:
        zbar.close()
    return finish("screens", rows)


if __name__ == "__main__":
    sys.exit(main())
