"""Room for the questions of sales: bulk traffic shares what is left, its lanes in their order.

A request names its lane; no lane named is one of a register of the first contract. A lane that is
full lets a request wait a little, then sends it away with a slot of its own to come back in.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final

from starlette.requests import Request

from sync.contract.lanes import AUTHORISE, BURNS, EARNS, TELEMETRY
from sync.contract.signing import HEADER_LANE
from sync.serving.port import Refused

WAIT_S: Final = 2.0
SPREAD_S: Final = 20
_ROOM: Final[Mapping[str, int]] = MappingProxyType({BURNS: 12, EARNS: 8, TELEMETRY: 4})
_LIVE: Final = ("/v1/authorisations", "/v1/members/lookup")


class Lanes:
    """How many requests of each bulk lane one process works on at once.

    A lane's room is what it may take together with the lanes below it."""

    def __init__(
        self,
        room: Mapping[str, int] = _ROOM,
        wait_s: float = WAIT_S,
        dice: random.Random | None = None,
    ) -> None:
        self._order = tuple(room)
        self._room = dict(room)
        self._busy = dict.fromkeys(room, 0)
        self._freed = asyncio.Condition()
        self._wait_s = wait_s
        self._dice = dice or random.Random()

    @asynccontextmanager
    async def admit(self, lane: str) -> AsyncIterator[None]:
        """Hold a place; 503 `busy` with `Retry-After` when none gets free in time."""
        if lane not in self._room:
            yield
            return
        async with self._freed:
            try:
                await asyncio.wait_for(
                    self._freed.wait_for(lambda: self._has_room(lane)), self._wait_s
                )
            except TimeoutError:
                slot = 1 + self._dice.randrange(SPREAD_S)
                raise Refused(503, "busy", f"too many of lane {lane}", slot) from None
            self._busy[lane] += 1
        try:
            yield
        finally:
            async with self._freed:
                self._busy[lane] -= 1
                self._freed.notify_all()

    def _has_room(self, lane: str) -> bool:
        below = self._order[self._order.index(lane) :]
        return sum(self._busy[each] for each in below) < self._room[lane]


@asynccontextmanager
async def admitted(request: Request) -> AsyncIterator[None]:
    """The place of a request in its application's lanes."""
    lanes: Lanes = request.app.state.lanes
    async with lanes.admit(lane_in(request)):
        yield


def lane_in(request: Request) -> str:
    """The lane a request belongs to: a live question by its path, all else by its own word."""
    if request.url.path.startswith(_LIVE):
        return AUTHORISE
    lane = request.headers.get(HEADER_LANE, EARNS)
    return lane if lane in _ROOM else EARNS
