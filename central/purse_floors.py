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


def floor_of_all(connection: Connection) -> int:
    """The minute up to which every life of every register has closed purses; without a register
    nobody takes any."""
    row = connection.execute(
        "select min(coalesce(f.floor_min, 0)) from register_epoch e"
        " left join purse_floor f on f.register_id = e.register_id and f.epoch = e.epoch"
    ).fetchone()
    return NEVER_AGAIN if row is None or row[0] is None else int(row[0])
