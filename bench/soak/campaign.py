"""How a campaign on the register's files runs and reports: bounds, seed, one line, one JSON line.

SOAK_S bounds the seconds (1200), SEED repeats a run, TARGET asks for another volume. The last line
is what was achieved of the target, the seed and the verdict; exit code 0 when sound and complete
or stopped by its bound, 1 when something was lost, 2 when it could not run.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.report import OUT

DEFAULT_SOAK_S = 1200.0


class CannotRun(RuntimeError):
    """The machine lacks something; the sentence says what."""


@dataclass(frozen=True)
class Terms:
    """What one run was asked: its seed, its target and the moment (monotonic) to stop at."""

    seed: int
    target: int
    until: float

    @property
    def is_over(self) -> bool:
        """The time is used up."""
        return time.monotonic() >= self.until


@dataclass(frozen=True)
class Outcome:
    """What was achieved; `figures` go into the JSON line, `says` into the last line."""

    achieved: int
    is_sound: bool
    says: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def run(name: str, target: int, work: Callable[[Terms], Outcome]) -> int:
    """Run one campaign within its bounds and report it."""
    bound_s = float(os.environ.get("SOAK_S", DEFAULT_SOAK_S))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    target = int(os.environ.get("TARGET") or target)
    began = time.monotonic()
    try:
        outcome = work(Terms(seed, target, began + bound_s))
    except CannotRun as why:
        print(f"{name}: could not run: {why}")
        return 2
    line = {
        "soak": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "took_s": round(time.monotonic() - began),
        "achieved": outcome.achieved,
        "target": target,
        "sound": outcome.is_sound,
        **outcome.figures,
    }
    OUT.mkdir(exist_ok=True)
    with (OUT / "soak.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
    verdict = "sound" if outcome.is_sound else "NOT SOUND"
    print(f"{name}: {outcome.achieved} of {target}; {outcome.says}; seed {seed}; {verdict}")
    return 0 if outcome.is_sound else 1


def sound_sum(name: str, seed: int, achieved: int) -> int:
    """This run and the sound ones of that name before it, each seed once by its best."""
    best = {seed: achieved}
    path = OUT / "soak.jsonl"
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        line = json.loads(text)
        if line.get("soak") == name and line.get("sound"):
            best[line["seed"]] = max(best.get(line["seed"], 0), line["achieved"])
    return sum(best.values())
