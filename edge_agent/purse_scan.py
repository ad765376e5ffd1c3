"""A scanned purse at this register: verified with public keys alone, the member never needed here.

Signature, stores, times and the link of the moving part are looked at once, at the scan; what the
register's own records say of the serial is looked at again when it is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge_agent.ledger.store import Store
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.identified import ShownPurse
from edge_agent.usecases.rights import place_of
from loyalty.member import Strength
from loyalty.purse import PurseRefused, Shown, keys_by_tag, points_left, read
from sync.contract.signing import verify_purse

_STILL_THE_MEMBER = frozenset({"purse_replayed", "purse_spent", "purse_wrong_store"})
"""The code is the member's own and alive, only its points are not for this till."""
_ONLY_EARNS = frozenset({"purse_expired", "purse_early", "purse_stale_link"})
"""An old picture: as good as a typed number."""


class PurseKeys(Protocol):
    """Where the programme's purse keys stand."""

    def purse_keys(self, programme_keys: Mapping[str, bytes]) -> list[bytes]: ...


class Units(Protocol):
    """The one call that is used of `edge_agent.ledger.ledger.Ledger`."""

    def unit(self, work: Callable[[Store], str], *, durable: bool = True) -> str: ...


@dataclass(frozen=True, slots=True)
class PurseScan:
    """What a purse's text says: nobody (`member_id` 0) or a member, how strongly identified, and
    why its points are not given here ("" when they are)."""

    member_id: int = 0
    strength: Strength = Strength.PHONE_TYPED
    purse: ShownPurse | None = None
    reason: str = ""


class PurseReader:
    """Reads purses for one register."""

    def __init__(
        self,
        keys: PurseKeys,
        programme_keys: Mapping[str, bytes],
        ledger: Units,
        context: Callable[[], RegisterContext],
    ) -> None:
        self._keys = keys
        self._programme_keys = programme_keys
        self._ledger = ledger
        self._context = context

    def read(self, text: str) -> PurseScan:
        """Verify a text; a refusal is an answer, never an exception."""
        keys = keys_by_tag(self._keys.purse_keys(self._programme_keys))
        try:
            shown = read(text, keys, verify_purse)
        except PurseRefused as refused:
            return PurseScan(reason=refused.code)
        ctx = self._context()
        reason = self._ledger.unit(lambda uow: _refusal(uow, ctx, shown), durable=False)
        member_id, purse = shown.claim.member_id, ShownPurse.of(shown)
        if not reason:
            return PurseScan(member_id, Strength.SIGNED_CODE, purse)
        if reason in _STILL_THE_MEMBER:
            return PurseScan(member_id, Strength.STATIC_CODE, purse, reason)
        if reason in _ONLY_EARNS:
            return PurseScan(member_id, Strength.PHONE_TYPED, None, reason)
        return PurseScan(reason=reason)


def _refusal(uow: Store, ctx: RegisterContext, shown: Shown) -> str:
    try:
        points_left(shown, place_of(uow, ctx), uow.purse_seen(shown.claim.serial))
    except PurseRefused as refused:
        return refused.code
    return ""
