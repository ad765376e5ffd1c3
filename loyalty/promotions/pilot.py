"""Where a promotion gives what it gives: everywhere, nowhere yet, or where its pilot runs."""

from __future__ import annotations

import hashlib

from loyalty.money import BASIS_POINTS
from loyalty.promotions.ruleset import Promotion


def is_live_at(promotion: Promotion, store_id: str, register_id: str) -> bool:
    """True when what the promotion gives is given there and not only counted."""
    if promotion.state != "pilot":
        return promotion.state == "live"
    pilot = promotion.pilot
    if store_id in pilot.stores or register_id in pilot.registers:
        return True
    return bool(pilot.share_bp) and _draw(promotion.promotion_id, register_id) < pilot.share_bp


def _draw(promotion_id: str, register_id: str) -> int:
    """A stable number in [0, 10 000) of a promotion on a register."""
    digest = hashlib.sha256(f"{promotion_id}\x00{register_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BASIS_POINTS
