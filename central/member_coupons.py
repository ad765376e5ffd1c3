"""Coupons of a member: earned by one sale, used by a later one, as the facts say.

A coupon counts from the moment its sale does: with paper, once that was printed. A void gives
back what the sale had used; a return takes away what it had earned, if nobody used it yet.
"""

from __future__ import annotations

from typing import Any

from central.member_state import MemberState
from sync.contract.messages import WireSale

MAX_COUPONS = 50
_MAX_CODE = 64


def apply_sale(member: MemberState, sale: WireSale, today: str) -> None:
    """Use up what the sale used, nearest expiry first, and add what it earned.

    A coupon that another register used as well is used once here; the goods are gone anyway."""
    if member.is_erased or not (sale.coupons or sale.used_coupons):
        return
    for code in sale.used_coupons:
        open_ones = [each for each in member.coupons if _is_open(each) and each["code"] == code]
        if open_ones:
            min(open_ones, key=lambda each: str(each["until"]))["used_by"] = sale.sale_id
    earned = [
        {
            "code": coupon.coupon[:_MAX_CODE].replace("\x00", ""),
            "until": coupon.expires_on[:10],
            "sale_id": sale.sale_id,
            "used_by": "",
            "pending": sale.fiscal == "pending",
        }
        for coupon in sale.coupons
    ]
    kept = [each for each in member.coupons if str(each["until"]) >= today]
    member.coupons = [*kept, *earned][-MAX_COUPONS:]
    member.touch("member")


def confirm(member: MemberState, sale_id: str) -> None:
    """The sale's paper came out: what it earned may be used."""
    for each in member.coupons:
        if each["sale_id"] == sale_id and each["pending"]:
            each["pending"] = False
            member.touch("member")


def undo(member: MemberState, sale_id: str, *, is_void: bool) -> None:
    """Take away what the sale earned and nobody used; a void also gives back what it used."""
    kept = [each for each in member.coupons if each["sale_id"] != sale_id or each["used_by"]]
    changed = len(kept) < len(member.coupons)
    for each in kept:
        if is_void and each["used_by"] == sale_id:
            each["used_by"] = ""
            changed = True
    if changed:
        member.coupons = kept
        member.touch("member")


def usable(member: MemberState) -> list[dict[str, Any]]:
    """Coupons that may be used, in the order they were earned."""
    return [each for each in member.coupons if _is_open(each)]


def _is_open(coupon: dict[str, Any]) -> bool:
    return not coupon["used_by"] and not coupon["pending"]
