"""Purses as a member's page shows them: real keys, real signatures, real chains."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime

from loyalty import purse
from loyalty.purse import Claim
from sync.contract.feed import FeedRow
from sync.contract.signing import (
    new_private_key,
    public_key_of,
    sign_purse,
    sign_purse_key,
)

MEMBER = 777_001
"""A member that no register of these tests has ever heard of."""


def minute_now() -> int:
    """Minutes since 1970 UTC."""
    return int(datetime.now(UTC).timestamp()) // 60


class Page:
    """Issues purses under a key that the programme vouches for."""

    def __init__(self, programme_key: bytes, programme_key_id: str, seed: int = 7) -> None:
        self._private = new_private_key()
        self.public = public_key_of(self._private)
        self._signed_by = programme_key_id
        self._signature = sign_purse_key(programme_key, self.public)
        self._dice = random.Random(seed)

    def row(self, version: int = 1) -> FeedRow:
        """The feed's row of this key."""
        body = {
            "key_id": "purse-1",
            "public_key": base64.b64encode(self.public).decode(),
            "signature": base64.b64encode(self._signature).decode(),
            "signed_by": self._signed_by,
        }
        return FeedRow(kind="purse_key", key="purse-1", version=version, body=body)

    def claim(
        self,
        points: int = 10_000,
        *,
        stores: tuple[str, ...] = ("S1",),
        age_min: int = 10,
        life_min: int = 600,
        seed: bytes = b"",
        member_id: int = MEMBER,
    ) -> Claim:
        """A claim that began `age_min` minutes ago."""
        return Claim(
            purse.key_tag(self.public),
            self._dice.randrange(1, purse.MAX_SERIAL),
            member_id,
            points,
            minute_now() - age_min,
            life_min,
            tuple(purse.store_tag(store) for store in stores),
            purse.chain_end(seed, life_min) if seed else b"",
        )

    def still(self, claim: Claim) -> str:
        """The text of a still code."""
        return purse.issue(claim, lambda message: sign_purse(self._private, message))

    def moving(self, claim: Claim, seed: bytes, ahead_min: int = 0) -> str:
        """The text of a moving code in this minute, or `ahead_min` later."""
        link_no = minute_now() - claim.not_before_min + ahead_min
        return self.still(claim) + purse.suffix(seed, claim.life_min, link_no)
