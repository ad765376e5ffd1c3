"""Waiting between attempts: full jitter, `Retry-After`, and an end as soon as `stop` is set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_base, wait_random_exponential

from sync.errors import CentreUnavailable, SyncError

LEAST_WAIT_S = 0.05
FIRST_WAIT_S = 1.0


class JitteredWait(wait_base):
    """Uniform between 0.05 s and 1, 2, 4 … `cap_s` seconds; what the centre asked for comes
    before it, so that registers which were told the same still come one by one."""

    def __init__(self, cap_s: float) -> None:
        self._jitter = wait_random_exponential(
            multiplier=min(FIRST_WAIT_S, cap_s), max=max(LEAST_WAIT_S, cap_s), min=LEAST_WAIT_S
        )

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.retry_after_s if isinstance(error, CentreUnavailable) else None
        return self._jitter(retry_state) + (asked or 0.0)


def retrying(
    stop: asyncio.Event,
    cap_s: float,
    before_sleep: Callable[[RetryCallState], Awaitable[None]] | None = None,
) -> AsyncRetrying:
    """Retries every `SyncError` until `stop` is set, then raises the last one."""
    return AsyncRetrying(
        sleep=lambda seconds: sleep_unless(stop, seconds),
        stop=lambda _: stop.is_set(),
        wait=JitteredWait(cap_s),
        retry=retry_if_exception_type(SyncError),
        before_sleep=before_sleep,
        reraise=True,
    )


async def sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, or return at once when `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
