"""Where a pruned chain begins: the last pruned fact's hash, signed by the register."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge_agent.ledger import row_seals

_TAG = b"loyalty-edge/chain-mark/1\n"
_PUT = row_seals.insert(
    "chain_mark",
    {name: f"excluded.{name}" for name in ("seq", "hash", "marked_at", "public_key", "signature")},
    "excluded.seq > chain_mark.seq",
)

Signer = Callable[[bytes], tuple[bytes, bytes]]
"""Signs a mark; answers (public key, signature), 32 and 64 bytes."""


def signer_of(private_key: bytes) -> Signer:
    """A signer with the register's Ed25519 seed."""

    def sign(message: bytes) -> tuple[bytes, bytes]:
        key = Ed25519PrivateKey.from_private_bytes(private_key)
        return key.public_key().public_bytes_raw(), key.sign(message)

    return sign


def mark_bytes(register_id: str, epoch: int, seq: int, link: bytes) -> bytes:
    """What the register signs about a mark."""
    return _TAG + f"{register_id}\n{epoch}\n{seq}\n".encode() + link


@dataclass(frozen=True, slots=True)
class ChainMark:
    """Facts of `epoch` up to `seq` were acknowledged and pruned; `hash` is that fact's link."""

    epoch: int
    seq: int
    hash: bytes
    public_key: bytes
    signature: bytes

    def is_signed(self, register_id: str) -> bool:
        """The signature fits the key that stands beside it."""
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(self.signature, mark_bytes(register_id, self.epoch, self.seq, self.hash))
        except (InvalidSignature, ValueError):
            return False
        return True


def marks_of(connection: sqlite3.Connection) -> dict[int, ChainMark]:
    """The marks of a file by epoch."""
    rows = connection.execute("SELECT epoch, seq, hash, public_key, signature FROM chain_mark")
    return {row[0]: ChainMark(*row) for row in rows}


def put_mark(
    connection: sqlite3.Connection,
    register_id: str,
    fact: tuple[int, int, bytes],
    at: str,
    sign: Signer,
) -> None:
    """Write the mark of a fact (epoch, seq, hash); it only ever moves up."""
    epoch, seq, link = fact
    public_key, signature = sign(mark_bytes(register_id, epoch, seq, link))
    values = {
        "epoch": epoch,
        "seq": seq,
        "hash": link,
        "marked_at": at,
        "public_key": public_key,
        "signature": signature,
    }
    connection.execute(_PUT, values)
