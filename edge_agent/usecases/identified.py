"""How the member of a sale was found."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.member import ScanSource, Strength, TokenKind
from loyalty.purse import Claim, Shown


@dataclass(frozen=True, slots=True)
class ShownPurse:
    """A signed purse as it was scanned for this sale, its signature and link verified.

    `link_no` is -1 on a still code; minutes are since 1970 UTC, `stores` are tags."""

    serial: int
    points: int
    not_before_min: int
    life_min: int
    stores: tuple[int, ...]
    link_no: int = -1

    @property
    def not_after_min(self) -> int:
        """The last minute in which it is taken."""
        return self.not_before_min + self.life_min

    @property
    def minute(self) -> int:
        """When the code was on the screen."""
        return self.not_before_min + self.link_no

    @classmethod
    def of(cls, shown: Shown) -> ShownPurse:
        """What a sale keeps of a claim: nothing that could be shown again."""
        claim = shown.claim
        return cls(
            claim.serial,
            claim.points,
            claim.not_before_min,
            claim.life_min,
            claim.stores,
            shown.link_no,
        )

    def shown(self, member_id: int) -> Shown:
        """For the rules of `loyalty.purse`; key and chain are not kept."""
        claim = Claim(
            0,
            self.serial,
            member_id,
            self.points,
            self.not_before_min,
            self.life_min,
            self.stores,
        )
        return Shown(claim, self.link_no)


@dataclass(frozen=True, slots=True)
class Identification:
    """How the member of a sale was found, and the purse that the code was."""

    token_kind: TokenKind
    strength: Strength
    source: ScanSource
    purse: ShownPurse | None = None
