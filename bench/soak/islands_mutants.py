"""Faults of a hub or a register on its file, each with one condition of the bound taken away.

The bystander alone must see them: nothing else stands beside the machine at fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.soak.islands_hub import HubOnDisk, RealHub
from bench.soak.islands_register import RealRegister
from bench.soak.islands_world import IslandWorld
from edge_agent.ledger.hub_rights import HubLease
from loyalty.authorisation.decision import wanted_claim
from loyalty.protocol import AuthId, Message
from loyalty.protocol.register import Disk, Pending


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


class NoIslandCheck(RealRegister):
    """Takes a purse on its own records alone while the hub is there."""

    def _claim(self, pending: Pending) -> list[Message]:
        pending.claim = wanted_claim(self._inputs(pending))
        return self.finish(pending)


class TakesAnyDisk(RealRegister):
    """Takes an image of yesterday for the newest."""

    def restored(self, image: Disk, nonce: int) -> None:
        """No look at the anchor."""
        super().restored(image, nonce)
        self.is_confirmed = True


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
    within: int
    machines: dict[str, Any]


MUTANTS = (
    Mutant("hub that creates rights", 10_000, {"hub": CreatingHub}),
    Mutant("hub that forgets in a kill", 20_000, {"hub": ForgetfulHub}),
    Mutant("hub that grants every claim", 60_000, {"hub": GenerousHub}),
    Mutant("purse without island check", 30_000, {"register": NoIslandCheck}),
    Mutant("restored image not fenced", 60_000, {"register": TakesAnyDisk}),
)


def seen_at(mutant: Mutant, seed: int) -> tuple[int, str]:
    """The step at which the invariants saw a fault and what they said; "" when they did not."""
    world = IslandWorld(seed, **mutant.machines)
    try:
        world.run(mutant.within)
    except AssertionError as found:
        return world.steps, str(found)
    finally:
        world.close()
    return world.steps, ""
