"""The cache as one step of a sale sees it: a row that decides about points is read once.

A redemption asks a dozen times who is denied, what the policy is and what the member has. Between
two of the answers the feed may bring another; one step rests on one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from edge_agent.ports import LeaseView, MemberIndex
from loyalty.authorisation.policy import Policy
from loyalty.member import Member
from sync.contract.rights import FeedCounterLease

T = TypeVar("T")


class OneLook:
    """Implements `edge_agent.ports.MemberIndex` for one step, on one thread."""

    def __init__(self, members: MemberIndex) -> None:
        self._members = members
        self._seen: dict[tuple[Any, ...], object] = {}

    def _once(self, key: tuple[Any, ...], look: Callable[[], T]) -> T:
        if key not in self._seen:
            self._seen[key] = look()
        return cast(T, self._seen[key])

    def find_member_by_token(self, key: str) -> Member | None:
        """As the cache has it now."""
        return self._members.find_member_by_token(key)

    def member(self, member_id: int) -> Member | None:
        """Never older than `applied_seq`: a spend that the balance lacks is counted beside it."""
        self.applied_seq()
        return self._once(("member", member_id), lambda: self._members.member(member_id))

    def lease_for(self, member_id: int, register_id: str, epoch: int) -> LeaseView | None:
        """The register's own lease."""
        key = ("lease", member_id, register_id, epoch)
        return self._once(key, lambda: self._members.lease_for(member_id, register_id, epoch))

    def applied_seq(self) -> tuple[int, int]:
        """Own facts that the rows contain, at least."""
        return self._once(("applied",), self._members.applied_seq)

    def offline_policy(self) -> Policy | None:
        """The policy of the centre's row."""
        return self._once(("policy",), self._members.offline_policy)

    def is_denied(self, member_id: int) -> bool:
        """Whether the member may spend nothing."""
        return self._once(("denied", member_id), lambda: self._members.is_denied(member_id))

    def counters(self, names: Sequence[str]) -> list[FeedCounterLease]:
        """Counter leases of coupons, promotions and cards."""
        return self._members.counters(names)
