"""What a redemption asks of its island: the port that use cases and the till call.

An island is the registers that can talk to each other and not to the centre. With a hub that
answers, the island is the store; without one each register is an island of its own and grants
itself, out of its own records and share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from edge_agent.ports import LeaseView
from loyalty.authorisation.decision import Claimed

CLAIM_S = 0.1
"""Bound of every question to the hub, seconds (one round trip on the LAN takes two or three ms)."""

Island = Literal["none", "store", "alone"]


@dataclass(frozen=True, slots=True)
class IslandClaim:
    """What is claimed before an approval, under the authorisation's own id.

    `serial` and `value_points` are the shown purse's, 0 without one, `minute` and `is_still` those
    of its screen (`loyalty.purse.Shown`); `purse_points` and `cache_points` are what
    `loyalty.authorisation.decision.wanted_claim` asks for."""

    auth_id: str
    member_id: int
    serial: int = 0
    value_points: int = 0
    purse_points: int = 0
    cache_points: int = 0
    minute: int = -1
    is_still: bool = False


class StoreHub(Protocol):
    """The store's hub as a register knows it. Calls may be made from any thread, never inside a
    ledger transaction; none raises, none takes longer than `CLAIM_S`."""

    @property
    def island(self) -> Island:
        """`none`: this store has no hub. `store`: the hub answers. `alone`: it was silent, and this
        register grants itself until the hub has heard of all that it did alone."""
        ...

    def lease(self, member_id: int, /) -> LeaseView | None:
        """What the hub has lent to this life of the register, ever; no question is asked.

        `LeaseView.lease_id` is the store's lease: burns name it, what is left is
        `granted_points` less all burns of this register under that id. The one call that may be
        made inside a transaction."""
        ...

    def borrow(self, member_id: int, points: int, /) -> LeaseView | None:
        """Ask the hub to lend so much that `points` are unspent here; what is then lent in all.

        Fewer points than wanted may come, and none when the hub is silent: what was lent before
        still stands."""
        ...

    def claim(self, claim: IslandClaim, /) -> Claimed:
        """Claim purse points and cache points at the hub before approval; the same answer for the
        same id. `silent` makes this register an island of its own from the next redemption on.

        While `island` is not `store` all is granted: own records and own share bound it."""
        ...

    def lends(self, lease_id: str, /) -> bool:
        """This register's own lease is the store's, and it is the hub: its till spends only what
        `lease` says was lent to it. May be asked inside a transaction."""
        ...

    def spent_by_peers(self, member_id: int, /) -> int:
        """Points that other registers of the store have spent and the centre has not yet."""
        ...


class NoHub:
    """A register whose store has no hub."""

    @property
    def island(self) -> Island:
        """Always `none`."""
        return "none"

    def lease(self, _member_id: int, /) -> LeaseView | None:
        """Nothing was lent."""
        return None

    def borrow(self, _member_id: int, _points: int, /) -> LeaseView | None:
        """Nobody lends."""
        return None

    def claim(self, claim: IslandClaim, /) -> Claimed:
        """The register grants itself."""
        return Claimed("granted", claim.purse_points, claim.cache_points)

    def lends(self, _lease_id: str, /) -> bool:
        """Leases are this register's own."""
        return False

    def spent_by_peers(self, _member_id: int, /) -> int:
        """There are no peers."""
        return 0
