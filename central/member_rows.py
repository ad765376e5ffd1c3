"""The member's own feed row: a pseudonym, balances, lots and the last purchases."""

from __future__ import annotations

from datetime import UTC, datetime

from central.changes import Changes
from central.instants import kyiv_date
from central.member_coupons import usable
from central.member_state import MemberState
from loyalty.ledger import OVERDRAFT, PENDING
from loyalty.lots import NEVER
from sync.contract.feed import FeedLot, FeedMember

LOTS_SHOWN = 12


def feed_name(full_name: str) -> str:
    """First name and initial of the surname: «Олена Коваль» → «Олена К.»."""
    words = full_name.split()
    if len(words) < 2:
        return words[0] if words else ""
    return f"{words[0]} {words[1][0].upper()}."


def shown_lots(member: MemberState) -> list[FeedLot]:
    """Points per last valid day over available, held and lent; nearest first, a dozen at most."""
    sums: dict[str, int] = {}
    for place, parts in member.books.slices.items():
        if place not in (PENDING, OVERDRAFT):
            for part in parts:
                sums[part.expires_on] = sums.get(part.expires_on, 0) + part.points
    return [
        FeedLot(points=points, expires_on=None if day == NEVER else day)
        for day, points in sorted(sums.items())[:LOTS_SHOWN]
    ]


def last_purchase_on(member: MemberState) -> str | None:
    """The Ukrainian day of the newest purchase that is remembered."""
    instants = [datetime.fromisoformat(each["at"]) for each in member.purchases]
    aware = [each if each.tzinfo else each.replace(tzinfo=UTC) for each in instants]
    return kyiv_date(max(aware)) if aware else None


def put_member(changes: Changes, member: MemberState) -> None:
    """Everybody's row about this member; of one who was erased, only that they are gone."""
    if member.is_erased:
        key = str(member.member_id)
        changes.put("member", key, {}, member_id=member.member_id, is_deleted=True)
        return
    # One call for the row with all that is in it: this is made for every member of a batch.
    row = FeedMember.model_validate(
        {
            "member_id": member.member_id,
            "name": member.feed_name,
            "birthday": member.feed_birthday,
            "tier": member.tier,
            "groups": member.groups,
            "balance_points": member.books.spendable_total,
            "pending_points": member.books.balance(PENDING),
            "is_blocked": member.is_blocked,
            "lots": shown_lots(member),
            "purchases": member.purchases,
            "purchases_count": member.purchases_count,
            "segments": member.segments,
            "coupons": [
                {"code": each["code"], "expires_on": each["until"]} for each in usable(member)
            ],
            "last_purchase_on": last_purchase_on(member),
        }
    )
    changes.put_message("member", str(member.member_id), row, member_id=member.member_id)
