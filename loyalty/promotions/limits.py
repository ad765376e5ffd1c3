"""Caps of a promotion: how often and for how much it may act, and what has been used already.

Counts are of receipts on which the promotion acted. A register knows its own share of a campaign
(a counter lease), the member's uses come with the member.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds on one promotion; None means no bound.

    `per_receipt_minor` cuts the discount of one receipt, `per_receipt_points` its accrual.
    `per_member_day`, `per_member` and `campaign_count` count receipts; `campaign_minor` is the
    campaign's money. When less money is left than the discount, `is_partial` gives what is left,
    else nothing is given.
    """

    per_receipt_minor: int | None = None
    per_receipt_points: int | None = None
    per_member_day: int | None = None
    per_member: int | None = None
    campaign_count: int | None = None
    campaign_minor: int | None = None
    is_partial: bool = False

    @property
    def needs_member(self) -> bool:
        """True when uses are counted for each member."""
        return self.per_member_day is not None or self.per_member is not None


NO_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Usage:
    """What has been used of a promotion so far, without the present receipt."""

    member_today: int = 0
    member_total: int = 0
    campaign_count: int = 0
    campaign_minor: int = 0


NOT_USED = Usage()


@dataclass(frozen=True, slots=True)
class CapReached:
    """The first cap that is used up: its name, what was used and its size."""

    cap: str
    used: int
    size: int


def remaining_uses(caps: Caps, usage: Usage) -> int | None:
    """On how many more receipts the promotion may act; None when nothing counts them."""
    left = [size - used for _, used, size in _counted(caps, usage)]
    return max(0, min(left)) if left else None


def remaining_minor(caps: Caps, usage: Usage) -> int | None:
    """Kopecks left in the campaign's budget; None when it has none."""
    if caps.campaign_minor is None:
        return None
    return max(0, caps.campaign_minor - usage.campaign_minor)


def reached(caps: Caps, usage: Usage) -> CapReached | None:
    """The first cap that keeps the promotion from acting at all."""
    for name, used, size in _counted(caps, usage):
        if used >= size:
            return CapReached(name, used, size)
    if caps.campaign_minor is not None and usage.campaign_minor >= caps.campaign_minor:
        return CapReached("campaign_minor", usage.campaign_minor, caps.campaign_minor)
    return None


def _counted(caps: Caps, usage: Usage) -> list[tuple[str, int, int]]:
    rows = (
        ("per_member_day", usage.member_today, caps.per_member_day),
        ("per_member", usage.member_total, caps.per_member),
        ("campaign_count", usage.campaign_count, caps.campaign_count),
    )
    return [(name, used, size) for name, used, size in rows if size is not None]


def after_cancels(usage: Usage, cancelled: int, *, gives_back: bool) -> Usage:
    """What counts as used when `cancelled` of it were on receipts that were undone since.

    `cancelled` is in the unit of each counter (receipts, or kopecks of the campaign's money). With
    `gives_back` an undone receipt frees its use again, else a use stays used. Raises `ValueError`
    for a negative number.
    """
    if cancelled < 0:
        raise ValueError("cancelled uses must not be negative")
    if not gives_back:
        return usage
    return Usage(
        member_today=max(0, usage.member_today - cancelled),
        member_total=max(0, usage.member_total - cancelled),
        campaign_count=max(0, usage.campaign_count - cancelled),
        campaign_minor=max(0, usage.campaign_minor - cancelled),
    )
