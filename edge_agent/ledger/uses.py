"""Rows about what promotions have used: counted uses, and coupons not yet in the centre's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge_agent.ledger import row_seals
from edge_agent.ports import CouponChange
from loyalty.promotions.limits import Usage

EVER = ""
CAMPAIGN = 0
_COUNT = row_seals.insert(
    "promotion_use",
    {name: f"{name} + excluded.{name}" for name in ("receipts", "minor")},
)
_CHANGE = row_seals.insert("coupon_change")


class UseRows:
    """The part of the store that promotions with caps and coupons need."""

    _db: sqlite3.Connection

    def promotion_usage(
        self, promotion_ids: Sequence[str], member_id: int, day: str
    ) -> dict[str, Usage]:
        """Uses by own sales, for promotions that have any; `member_id` 0 is a stranger."""
        if not promotion_ids:
            return {}
        marks = ",".join("?" * len(promotion_ids))
        rows = self._db.execute(
            "SELECT promotion_id, member_id, day, receipts, minor FROM promotion_use "
            f"WHERE promotion_id IN ({marks}) AND member_id IN (0, ?) AND day IN ('', ?)",
            (*promotion_ids, member_id, day),
        )
        found: dict[str, dict[tuple[bool, bool], tuple[int, int]]] = {}
        for name, member, on, receipts, minor in rows:
            found.setdefault(name, {})[(member == CAMPAIGN, on == EVER)] = (receipts, minor)
        nothing = (0, 0)
        return {
            name: Usage(
                member_today=parts.get((False, False), nothing)[0],
                member_total=parts.get((False, True), nothing)[0],
                campaign_count=parts.get((True, True), nothing)[0],
                campaign_minor=parts.get((True, True), nothing)[1],
            )
            for name, parts in found.items()
        }

    def count_use(
        self, promotion_id: str, member_id: int, day: str, receipts: int, minor: int
    ) -> None:
        """Count (or, negative, discount) a use; of a stranger only the campaign's."""
        keys = [(CAMPAIGN, EVER)]
        if member_id != CAMPAIGN:
            keys += [(member_id, EVER), (member_id, day)]
        for member, on in keys:
            values = {"promotion_id": promotion_id, "member_id": member, "day": on}
            self._db.execute(_COUNT, {**values, "receipts": receipts, "minor": minor})

    def coupon_changes(self, member_id: int, applied: tuple[int, int]) -> list[CouponChange]:
        """What own facts after `applied` (epoch, seq) did to the member's coupons, in order."""
        rows = self._db.execute(
            "SELECT member_id, sale_id, coupon, expires_on, is_used FROM coupon_change "
            "WHERE member_id = ? AND (epoch, seq) > (?, ?) ORDER BY epoch, seq, number",
            (member_id, *applied),
        )
        return [
            CouponChange(member, sale_id, coupon, until, bool(is_used))
            for member, sale_id, coupon, until, is_used in rows
        ]

    def change_coupons(self, fact: tuple[int, int], changes: Sequence[CouponChange]) -> None:
        """Remember what the sale of a fact did to coupons."""
        epoch, seq = fact
        for number, change in enumerate(changes):
            values = {
                "member_id": change.member_id,
                "epoch": epoch,
                "seq": seq,
                "number": number,
                "sale_id": change.sale_id,
                "coupon": change.coupon,
                "expires_on": change.expires_on,
                "is_used": int(change.is_used),
            }
            self._db.execute(_CHANGE, values)

    def forget_coupons(self, member_id: int, sale_id: str) -> None:
        """A voided sale used and earned nothing."""
        self._db.execute(
            "DELETE FROM coupon_change WHERE member_id = ? AND sale_id = ?", (member_id, sale_id)
        )
