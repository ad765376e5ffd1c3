"""Stored answers to writes: the same idempotency key always gets the same answer.

With hundreds of promotions most of an answer is the trace of each, so long texts are kept packed.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import zlib
from dataclasses import dataclass

from edge_agent.ledger import row_seals
from edge_agent.ledger.ledger import Ledger

PACKED = "z1:"
"""Before a packed text; no JSON text begins so."""
FROM_ROWS = "rows:"
"""Kept instead of a text that the ledger's rows give again, byte for byte."""
LONG = 2_000
_KEEP = f"{row_seals.insert('idempotency')} ON CONFLICT (key) DO NOTHING"


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An HTTP answer as it was given, and the hash of the request it answered."""

    request_hash: str
    status: int
    answer: str


def request_hash(method: str, target: str, body: bytes) -> str:
    """Identity of a request: a key that comes back with another one is a mistake."""
    head = f"{method} {target}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def pack(text: str) -> str:
    """The text as it is stored: long ones deflated, in base64."""
    if len(text) < LONG:
        return text
    return PACKED + base64.b64encode(zlib.compress(text.encode(), 1)).decode("ascii")


def unpack(stored: str) -> str:
    """The text of what `pack` made, byte for byte."""
    if not stored.startswith(PACKED):
        return stored
    return zlib.decompress(base64.b64decode(stored[len(PACKED) :])).decode()


class Answers:
    """The idempotency table of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def find(self, key: str) -> StoredAnswer | None:
        """The answer kept under a key."""

        def read(connection: sqlite3.Connection) -> StoredAnswer | None:
            row = connection.execute(
                "SELECT request_hash, status, answer FROM idempotency WHERE key = ?", (key,)
            ).fetchone()
            return StoredAnswer(row[0], row[1], unpack(row[2])) if row else None

        return self._ledger.query(read)

    def keep(self, key: str, answer: StoredAnswer, at: str, *, durable: bool) -> None:
        """Keep an answer; the first one stands."""

        def write(connection: sqlite3.Connection) -> None:
            values = {
                "key": key,
                "request_hash": answer.request_hash,
                "status": answer.status,
                "answer": pack(answer.answer),
                "created_at": at,
            }
            connection.execute(_KEEP, values)

        if durable:
            self._ledger.write(write)
        else:
            self._ledger.query(write)
