"""Faults of a store hub on its file, each with one condition of the bound taken away."""

from __future__ import annotations

from dataclasses import dataclass

from bench.soak.islands_hub import HubOnDisk, RealHub
from bench.soak.islands_world import IslandWorld
from edge_agent.ledger.hub_rights import HubLease
from loyalty.protocol import AuthId


class CreatingDisk(HubOnDisk):
    """Lends twice what the store was granted."""

    def _lease_of(self, member_id: int) -> HubLease | None:
        lease = super()._lease_of(member_id)
        return HubLease(lease.lease_id, 2 * lease.granted_points, True) if lease else None


class ForgetfulDisk(HubOnDisk):
    """Starts with an empty file after each kill."""

    def _start_again(self) -> None:
        for each in self._image.iterdir():
            each.unlink()
        super()._start_again()


class GenerousDisk(HubOnDisk):
    """Grants each claim in full."""

    def claim(
        self, auth: AuthId, serial: int, value: int, purse: int, cache: int
    ) -> tuple[int, int]:
        """Whatever was taken before."""
        super().claim(auth, serial, value, purse, cache)
        return purse, cache


class CreatingHub(RealHub):
    """On such a file."""

    on_disk = CreatingDisk


class ForgetfulHub(RealHub):
    """On such a file."""

    on_disk = ForgetfulDisk


class GenerousHub(RealHub):
    """On such a file."""

    on_disk = GenerousDisk


@dataclass(frozen=True)
class Mutant:
    """A fault, and the steps within which it is seen on every seed that was tried."""

    name: str
    hub: type[RealHub]
    within: int


MUTANTS = (
    Mutant("hub that creates rights", CreatingHub, 10_000),
    Mutant("hub that forgets in a kill", ForgetfulHub, 20_000),
    Mutant("hub that grants every claim", GenerousHub, 60_000),
)


def seen_at(mutant: Mutant, seed: int) -> tuple[int, str]:
    """The step at which the invariants saw a fault and what they said; "" when they did not."""
    world = IslandWorld(seed, hub=mutant.hub)
    try:
        world.run(mutant.within)
    except AssertionError as found:
        return world.steps, str(found)
    finally:
        world.close()
    return world.steps, ""
