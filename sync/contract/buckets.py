"""Checksums of the rows a register holds, cut into buckets, so that both ends can compare.

A row is named by `row_id`: the first 8 bytes (big-endian, signed) of SHA-256(kind ‖ 0x1f ‖ key).
Its digest is the first 8 bytes of SHA-256(row_id ‖ version), both as 8 signed big-endian bytes.
It falls into bucket `row_id mod buckets` (a power of two); a bucket's sum is the XOR of the
digests of its live rows. Deleted rows count for nothing. Content is not in the digest: a version
has one content, and each end guards its own rows against damage.

Phones are tokens under a store's key, so they are summed as kind `phone`, key = member id, with
the version of the member's phone row, for members who have a phone.

The same in SQL (PostgreSQL 15), for `kind`, `key`, `version`:
    substr(sha256(convert_to(kind || chr(31) || key, 'UTF8')), 1, 8)           -- the id
    substr(sha256(id || int8send(version)), 1, 8)                               -- the digest
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import sha256

DEFAULT_BUCKETS = 1_024


def row_id(kind: str, key: str) -> int:
    """Signed 64-bit name of a row."""
    digest = sha256(f"{kind}\x1f{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def row_digest(row: int, version: int) -> int:
    """Unsigned 64-bit digest of a live row by its `row_id` and version (0 … 2^63 − 1)."""
    named = row.to_bytes(8, "big", signed=True) + version.to_bytes(8, "big", signed=True)
    return int.from_bytes(sha256(named).digest()[:8], "big")


def pack_sums(sums: Sequence[int]) -> str:
    """Base64 of unsigned 64-bit sums."""
    return base64.b64encode(b"".join(value.to_bytes(8, "big") for value in sums)).decode()


def unpack_sums(text: str, buckets: int) -> list[int]:
    """Sums of a reply; `ValueError` when there are not exactly `buckets`."""
    data = base64.b64decode(text, validate=True)
    if len(data) != buckets * 8:
        raise ValueError("the sums do not fit the number of buckets")
    return [int.from_bytes(data[at : at + 8], "big") for at in range(0, len(data), 8)]


def pack_bits(bits: Sequence[bool]) -> str:
    """Base64 of a bitmap, bit n in byte n // 8, least significant first."""
    data = bytearray((len(bits) + 7) // 8)
    for number, is_set in enumerate(bits):
        data[number // 8] |= is_set << (number % 8)
    return base64.b64encode(data).decode()


def unpack_bits(text: str, count: int) -> list[bool]:
    """The bitmap of a reply; `ValueError` when its length is another."""
    data = base64.b64decode(text, validate=True)
    if len(data) != (count + 7) // 8:
        raise ValueError("the bitmap does not fit the number of buckets")
    return [bool(data[number // 8] >> (number % 8) & 1) for number in range(count)]
