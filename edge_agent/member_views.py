"""The member's card as the POS and the panel are shown it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from loyalty.member import Member
from loyalty.promotions.member_checks import days_from_birthday

PROFILE = ("name", "birthday")


class LotCard(BaseModel):
    """Points that burn on a day."""

    points: int
    expires_on: str | None


class PurchaseCard(BaseModel):
    """One past purchase."""

    at: str
    total_minor: int
    items: list[str]


class MemberCard(BaseModel):
    """The member as shown. `as_of` dates the balance, `missing` is what of `PROFILE` is unknown."""

    member_id: int
    name: str
    tier: str
    groups: list[str]
    balance_points: int
    pending_points: int
    spendable_points: int
    is_birthday: bool
    is_blocked: bool
    lots: list[LotCard]
    purchases: list[PurchaseCard]
    purchases_count: int
    offers: list[str]
    as_of: str
    missing: list[str] = []


def member_card(
    member: Member,
    *,
    balance_points: int,
    spendable_points: int,
    offers: list[str],
    today: date,
    as_of: str,
) -> MemberCard:
    """The card of a member; balances are passed in because own spends are already subtracted."""
    return MemberCard(
        member_id=member.member_id,
        name=member.name,
        tier=member.tier,
        groups=list(member.groups),
        balance_points=balance_points,
        pending_points=member.pending_points,
        spendable_points=spendable_points,
        is_birthday=days_from_birthday(today, member.birthday or "") == 0,
        is_blocked=member.is_blocked,
        lots=[LotCard(points=lot.points, expires_on=lot.expires_on) for lot in member.lots],
        purchases=[
            PurchaseCard(at=past.at, total_minor=past.total_minor, items=list(past.items))
            for past in member.purchases
        ],
        purchases_count=member.purchases_count,
        offers=offers,
        as_of=as_of,
        missing=[each for each in PROFILE if not getattr(member, each)],
    )
