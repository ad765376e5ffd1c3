"""Python's cycle collector in a process that lives for months and works in batches.

A batch of facts makes some hundred thousand objects and nearly no cycles. With the default
thresholds the collector looks through all of them again and again: a sixth of the time of an
upload, and, with thousands of open streams, pauses as long as a fan-out of hints.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 50


def collect_seldom() -> None:
    """Leave what the start has made alone for ever, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
