"""The hash chain over a register's upstream facts.

h(n) = SHA-256(tag ‖ register ‖ epoch ‖ seq ‖ kind ‖ body ‖ h(n−1)), every variable part preceded
by its length as 8 big-endian bytes, so no two different facts share an input. The first fact of
an epoch links to `GENESIS`.
"""

from __future__ import annotations

import hashlib

TAG = b"loyalty-edge/fact/1"
GENESIS = bytes(32)


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def fact_hash(register_id: str, epoch: int, seq: int, kind: str, body: bytes, prev: bytes) -> bytes:
    """The 32-byte link of one fact; `body` is its exact JSON bytes."""
    digest = hashlib.sha256(TAG)
    digest.update(_sized(register_id.encode()))
    digest.update(epoch.to_bytes(8, "big") + seq.to_bytes(8, "big"))
    digest.update(_sized(kind.encode()))
    digest.update(_sized(body))
    digest.update(prev)
    return digest.digest()
