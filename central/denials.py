"""Who may spend nothing, as every register is told ahead of all other rows."""

from __future__ import annotations

from datetime import datetime

from central.changes import Changes
from central.instants import to_text
from central.member_state import MemberState
from loyalty.ledger import OVERDRAFT
from sync.contract.rights import FeedDeny

DENY = "deny"


def put_deny(changes: Changes, member: MemberState, now: datetime, *, anew: bool = False) -> None:
    """The row of a member whose overdraft began or ended with this change, or with `anew` of one
    who was blocked or let go."""
    was = member.before is not None and bool(member.before.balance(OVERDRAFT))
    owes = bool(member.books.balance(OVERDRAFT))
    if was == owes and not anew:
        return
    key = str(member.member_id)
    if not owes and not member.is_blocked:
        changes.put(DENY, key, {}, member_id=member.member_id, is_deleted=True)
        return
    row = FeedDeny(
        member_id=member.member_id,
        reason="overdraft" if owes else "blocked",
        since=to_text(now),
    )
    changes.put(DENY, key, row.model_dump(), member_id=member.member_id)
