"""What registers say about purses that ended: the only ground on which one is credited back."""

from __future__ import annotations

from collections.abc import Sequence

from central.db.bulk import Connection
from central.facts import Understood
from sync.contract.rights import WirePurseFloor

NEVER_AGAIN = 2**32 - 1
"""Floor of a life that a person has declared over."""


def take_floors(connection: Connection, facts: Sequence[Understood]) -> None:
    """Keep the highest floor of each life among these facts."""
    floors: dict[tuple[str, int], int] = {}
    for fact in facts:
        if isinstance(fact.message, WirePurseFloor):
            life = (fact.register_id, fact.epoch)
            floors[life] = max(floors.get(life, 0), fact.message.floor_min)
    for (register_id, epoch), floor in floors.items():
        raise_floor(connection, register_id, epoch, floor)


def raise_floor(connection: Connection, register_id: str, epoch: int, floor_min: int) -> None:
    """Floors only rise."""
    connection.execute(
        "insert into purse_floor (register_id, epoch, floor_min) values (%s, %s, %s)"
        " on conflict (register_id, epoch) do update"
        " set floor_min = greatest(purse_floor.floor_min, excluded.floor_min)",
        [register_id, epoch, floor_min],
    )
