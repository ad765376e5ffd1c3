"""Where random tests get their seed."""

from __future__ import annotations

import os
import random


def fresh_seed(bound: int = 2**32) -> int:
    """`SEED` where it is given, so that a run can be had again; else one by chance."""
    given = os.environ.get("SEED")
    return int(given) % bound if given else random.SystemRandom().randrange(bound)
