"""Blocking work away from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def off_loop(work: Callable[[], None]) -> None:
    """Run blocking work in a pool thread, away from the event loop that called."""
    asyncio.get_running_loop().run_in_executor(None, work)
