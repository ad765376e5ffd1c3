"""What the central team may set about slips: words, lines at both ends, order, a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Block = Literal["header", "promotions", "member", "rewards", "offers", "qr", "footer"]

BLOCKS: Final[tuple[Block, ...]] = (
    "header",
    "promotions",
    "member",
    "rewards",
    "offers",
    "qr",
    "footer",
)
MAX_LABEL: Final = 60

LABELS: Final[Mapping[str, frozenset[str]]] = {
    "total_discount": frozenset(),
    "paid_with_bonuses": frozenset(),
    "other_promotions": frozenset(),
    "gift": frozenset({"name"}),
    "coupon": frozenset({"text"}),
    "coupon_until": frozenset({"code", "day"}),
    "tickets": frozenset({"draw"}),
    "member": frozenset({"name"}),
    "earned": frozenset(),
    "will_be_earned": frozenset(),
    "redeemed": frozenset(),
    "balance": frozenset(),
    "balance_as_of": frozenset({"time"}),
    "burns": frozenset(),
    "kept": frozenset(),
    "returned_bonuses": frozenset(),
    "withdrawn_bonuses": frozenset(),
    "promotions_head": frozenset(),
    "bonuses_head": frozenset(),
    "offers_head": frozenset(),
    "page_caption": frozenset(),
    "register": frozenset({"register"}),
    "no_receipt": frozenset(),
}
"""Every label of a slip, and the placeholders it must keep."""

PAGE_PLACEHOLDERS: Final = frozenset({"sale_id", "register_id"})


@dataclass(frozen=True, slots=True)
class ReceiptTemplate:
    """Changes to the built-in slip, by locale. `member_page` is what the QR leads to where the
    document brings none; it may hold {sale_id} and {register_id}, nothing about the member."""

    header: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    footer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    blocks: tuple[Block, ...] = BLOCKS
    member_page: str = ""


PLAIN: Final = ReceiptTemplate()


def placeholders(text: str) -> frozenset[str] | None:
    """The names in braces, `None` when braces do not match or hold anything but a name."""
    found = set()
    rest = text
    while "{" in rest or "}" in rest:
        before, _, rest = rest.partition("{")
        name, closed, rest = rest.partition("}")
        if "}" in before or not closed or not name.isidentifier():
            return None
        found.add(name)
    return frozenset(found)
