"""`LP1:` a signed purse in a QR code: a register that never saw the member can decide by it.

The text is `LP1:` + base 45 (RFC 9285) of claim, Ed25519 signature and, on a moving code, the
suffix of the minute. All numbers are big-endian.

    claim      form (1 byte: version 1 in the high half, flags below), key id (2), serial (5),
               member (7), points (3), not before in minutes since 1970 UTC (4), life in minutes
               (2), three store tags (4 each, unused ones zero), and on a moving code the end of
               its hash chain (16)
    signature  64 bytes over the tag `loyalty-edge/purse/1` and the claim
    suffix     link number (2) and link (16)

A still claim is 36 bytes and fits QR version 6 at level M, a moving one is 52 bytes and fits
version 7 at M without its suffix and version 7 at L with it. Each part is of even length, so that
a page appends the suffix to a text it was given, without a key.

The chain: link 0 belongs to the first minute, `H(link i) = link i-1`, the end that the claim
carries is `H(link 0)`. Whoever sees a link can make the earlier ones and none of the later, so a
register needs public data alone: it hashes the shown link down to the end. Instants here are
minutes since 1970 UTC; signing and verifying come from the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from loyalty import base45
from loyalty.codes import PURSE_PREFIX
from loyalty.errors import LoyaltyError
from loyalty.ids import MAX_MEMBER_ID

MAX_STORES = 3
MAX_SERIAL = 2**40 - 1
MAX_POINTS = 2**24 - 1
MAX_LIFE_MIN = 72 * 60
MAX_KEYS = 4
"""More keys under one short id than this are not tried."""
SIGNATURE_BYTES = 64
LINK_BYTES = 16
STILL_BYTES = 36
MOVING_BYTES = STILL_BYTES + LINK_BYTES
SUFFIX_BYTES = 2 + LINK_BYTES
LENGTHS = {
    STILL_BYTES + SIGNATURE_BYTES: False,
    MOVING_BYTES + SIGNATURE_BYTES + SUFFIX_BYTES: True,
}
TEXT_LENGTHS = frozenset(len(PURSE_PREFIX) + size // 2 * 3 for size in LENGTHS)
SIGNED_TAG = b"loyalty-edge/purse/1\n"
_VERSION = 1
_MOVING = 1

Refusal = Literal[
    "purse_malformed",
    "purse_unknown_key",
    "purse_forged",
    "purse_wrong_store",
    "purse_early",
    "purse_expired",
    "purse_bad_link",
    "purse_stale_link",
    "purse_replayed",
    "purse_spent",
]
Sign = Callable[[bytes], bytes]
"""Message to 64-byte Ed25519 signature (RFC 8032)."""
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) to whether it holds."""


class PurseRefused(LoyaltyError):
    """A purse that is not taken; `code` says why, in words of `Refusal`."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code, code.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Claim:
    """What the centre signs. `stores` are tags of 1 to 3 stores, or none: any store.

    `points` are hundredths of a bonus, `chain_end` is empty on a still claim.
    """

    key_tag: int
    serial: int
    member_id: int
    points: int
    not_before_min: int
    life_min: int
    stores: tuple[int, ...]
    chain_end: bytes = b""

    @property
    def not_after_min(self) -> int:
        """The last minute in which it is taken, before any tolerance."""
        return self.not_before_min + self.life_min


@dataclass(frozen=True, slots=True)
class Shown:
    """A claim as scanned, its signature already verified. `link_no` is -1 on a still claim."""

    claim: Claim
    link_no: int = -1
    link: bytes = b""

    @property
    def minute(self) -> int:
        """When the code was on the screen; it also rises over renewals with chains of their own."""
        return self.claim.not_before_min + self.link_no


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an island remembers of a serial: points taken in all and the latest screen's minute."""

    points: int = 0
    minute: int = -1


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a claim is shown, and what this programme allows.

    `floor_min` is the not-after that this register has closed in its log: no claim that ends at
    or before it is taken again, whatever the clock says. `skew_min` is how far the clocks of
    register and phone may stand apart.
    """

    store_tag: int
    now_min: int
    floor_min: int = 0
    skew_min: int = 5
    any_store: bool = False


def key_tag(public_key: bytes) -> int:
    """Short id of a key in a claim: the first two bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(public_key).digest()[:2], "big")


def store_tag(store_id: str) -> int:
    """32 bits that stand for a store in a claim; never zero."""
    named = hashlib.sha256(b"loyalty-edge/store/1\n" + store_id.encode()).digest()
    return int.from_bytes(named[:4], "big") or 1


# --- the chain of a moving code ---------------------------------------------------------------


def _hashed(link: bytes) -> bytes:
    return hashlib.sha256(link).digest()[:LINK_BYTES]


def chain_end(seed: bytes, life_min: int) -> bytes:
    """What the claim carries, for a secret seed of 16 bytes that stays with the member's page."""
    return _hashed(link_at(seed, life_min, 0))


def link_at(seed: bytes, life_min: int, link_no: int) -> bytes:
    """The link of one minute; the seed itself is the link of the last."""
    if len(seed) != LINK_BYTES or not 0 <= link_no <= life_min <= MAX_LIFE_MIN:
        raise ValueError("seed of 16 bytes and a link number within the life are expected")
    link = seed
    for _ in range(life_min - link_no):
        link = _hashed(link)
    return link


def link_holds(shown: Shown) -> bool:
    """Whether the link leads to the claim's chain end; at most `life_min` + 1 hashes."""
    if not 0 <= shown.link_no <= shown.claim.life_min:
        return False
    link = shown.link
    for _ in range(shown.link_no + 1):
        link = hashlib.sha256(link).digest()[:LINK_BYTES]
    return link == shown.claim.chain_end


def suffix(seed: bytes, life_min: int, link_no: int) -> str:
    """Text that a page appends to the signed text in the given minute."""
    return base45.encode(link_no.to_bytes(2, "big") + link_at(seed, life_min, link_no))


# --- writing ----------------------------------------------------------------------------------


def issue(claim: Claim, sign: Sign) -> str:
    """The signed text; `ValueError` when a field is out of its bounds."""
    body = pack(claim)
    signature = sign(SIGNED_TAG + body)
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError("a signature of 64 bytes is expected")
    return PURSE_PREFIX + base45.encode(body + signature)


def pack(claim: Claim) -> bytes:
    """The claim's bytes; `ValueError` when a field is out of its bounds."""
    if not _in_bounds(claim) or len(claim.chain_end) not in (0, LINK_BYTES):
        raise ValueError("a field of the claim is out of its bounds")
    padded = (*claim.stores, *(0,) * (MAX_STORES - len(claim.stores)))
    form = _VERSION << 4 | (_MOVING if claim.chain_end else 0)
    return b"".join(
        (
            bytes((form,)),
            claim.key_tag.to_bytes(2, "big"),
            claim.serial.to_bytes(5, "big"),
            claim.member_id.to_bytes(7, "big"),
            claim.points.to_bytes(3, "big"),
            claim.not_before_min.to_bytes(4, "big"),
            claim.life_min.to_bytes(2, "big"),
            *(tag.to_bytes(4, "big") for tag in padded),
            claim.chain_end,
        )
    )


def _in_bounds(claim: Claim) -> bool:
    return (
        0 <= claim.key_tag <= 0xFFFF
        and 0 < claim.serial <= MAX_SERIAL
        and 0 < claim.member_id <= MAX_MEMBER_ID
        and 0 < claim.points <= MAX_POINTS
        and 0 <= claim.not_before_min <= 0xFFFF_FFFF - MAX_LIFE_MIN
        and 0 < claim.life_min <= MAX_LIFE_MIN
        and len(claim.stores) <= MAX_STORES
        and len(set(claim.stores)) == len(claim.stores)
        and all(0 < tag <= 0xFFFF_FFFF for tag in claim.stores)
    )


# --- reading ----------------------------------------------------------------------------------


def read(text: str, keys: Mapping[int, Sequence[bytes]], verify: Verify) -> Shown:
    """The claim in a scanned text, its signature verified; `PurseRefused` otherwise.

    `keys` are the programme's public keys by `key_tag`; two may be valid at a time.
    """
    data = _bytes_of(text)
    is_moving = LENGTHS[len(data)]
    size = MOVING_BYTES if is_moving else STILL_BYTES
    body, signature = data[:size], data[size : size + SIGNATURE_BYTES]
    claim = _unpack(body, is_moving)
    candidates = keys.get(claim.key_tag, ())
    if not candidates:
        raise PurseRefused("purse_unknown_key")
    message = SIGNED_TAG + body
    if not any(verify(key, signature, message) for key in candidates[:MAX_KEYS]):
        raise PurseRefused("purse_forged")
    if not is_moving:
        return Shown(claim)
    tail = data[size + SIGNATURE_BYTES :]
    return Shown(claim, int.from_bytes(tail[:2], "big"), tail[2:])


def _bytes_of(text: str) -> bytes:
    if len(text) not in TEXT_LENGTHS or not text.startswith(PURSE_PREFIX):
        raise PurseRefused("purse_malformed")
    try:
        # The last character of a full group is never a blank, so none can have been cut off.
        return base45.decode(text[len(PURSE_PREFIX) :])
    except ValueError:
        raise PurseRefused("purse_malformed") from None


def _unpack(body: bytes, is_moving: bool) -> Claim:
    if body[0] != (_VERSION << 4 | (_MOVING if is_moving else 0)):
        raise PurseRefused("purse_malformed")
    tags = tuple(int.from_bytes(body[at : at + 4], "big") for at in (24, 28, 32))
    claim = Claim(
        key_tag=int.from_bytes(body[1:3], "big"),
        serial=int.from_bytes(body[3:8], "big"),
        member_id=int.from_bytes(body[8:15], "big"),
        points=int.from_bytes(body[15:18], "big"),
        not_before_min=int.from_bytes(body[18:22], "big"),
        life_min=int.from_bytes(body[22:24], "big"),
        stores=tuple(tag for tag in tags if tag),
        chain_end=body[36:],
    )
    if not _in_bounds(claim):
        raise PurseRefused("purse_malformed")
    return claim


# --- deciding ---------------------------------------------------------------------------------


def points_left(shown: Shown, place: Place, seen: Sighting | None) -> int:
    """How much of the purse this island may still take; `PurseRefused` when nothing.

    `seen` is the island's own record of the serial. A still claim counts once per island. A
    moving one may come again while points are left, each time under a later link.
    """
    check_place(shown.claim, place)
    left = left_after(shown, seen)
    if shown.claim.chain_end:
        _check_link(shown, place)
    return left


def check_place(claim: Claim, place: Place) -> None:
    """Whether a claim may be taken at this place and minute at all; `PurseRefused` otherwise."""
    if not claim.stores and not place.any_store:
        raise PurseRefused("purse_wrong_store")
    if claim.stores and place.store_tag not in claim.stores:
        raise PurseRefused("purse_wrong_store")
    if claim.not_after_min <= place.floor_min:
        raise PurseRefused("purse_expired")
    if place.now_min < claim.not_before_min - place.skew_min:
        raise PurseRefused("purse_early")
    if place.now_min > claim.not_after_min + place.skew_min:
        raise PurseRefused("purse_expired")


def left_after(shown: Shown, seen: Sighting | None) -> int:
    """What the island's own record of the serial leaves of it; `PurseRefused` when nothing."""
    if seen is not None and (shown.link_no < 0 or shown.minute <= seen.minute):
        raise PurseRefused("purse_replayed")
    left = shown.claim.points - (seen.points if seen else 0)
    if left <= 0:
        raise PurseRefused("purse_spent")
    return left


def _check_link(shown: Shown, place: Place) -> None:
    due = place.now_min - shown.claim.not_before_min
    if abs(shown.link_no - min(max(due, 0), shown.claim.life_min)) > place.skew_min:
        raise PurseRefused("purse_stale_link")
    if not link_holds(shown):
        raise PurseRefused("purse_bad_link")


def taken(seen: Sighting | None, shown: Shown, points: int) -> Sighting:
    """The island's record after it took `points`; it must be durable before they are approved."""
    before = seen or Sighting()
    return Sighting(before.points + points, max(before.minute, shown.minute))


def keys_by_tag(public_keys: Iterable[bytes]) -> dict[int, tuple[bytes, ...]]:
    """Public keys of 32 bytes as `read` wants them."""
    found: dict[int, tuple[bytes, ...]] = {}
    for public_key in public_keys:
        tag = key_tag(public_key)
        found[tag] = (*found.get(tag, ()), public_key)
    return found
