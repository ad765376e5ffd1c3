"""What rules may know about a sale beside basket, member, store and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from loyalty.basket import TenderKind
from loyalty.promotions.limits import Usage


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and how the sale happens.

    `codes` were typed or scanned for this sale, in upper case. `tender_kinds` is how the buyer
    said they pay, empty while unknown; `gift_card_minor` is what gift cards pay of it.
    `usage` tells for each promotion with caps what has been used before this sale. `stopped` is
    the newest kill-list, beside the one of the ruleset.
    """

    store_format: str = ""
    register_id: str = ""
    channel: str = "till"
    codes: frozenset[str] = frozenset()
    tender_kinds: frozenset[TenderKind] = frozenset()
    gift_card_minor: int = 0
    cashier_member_id: int | None = None
    usage: Mapping[str, Usage] = field(default_factory=lambda: MappingProxyType({}))
    stopped: frozenset[str] = frozenset()


ORDINARY = Circumstances()
