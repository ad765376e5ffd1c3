"""Staff of a store for tests: a cashier and a senior, as the centre tells a register of them."""

from __future__ import annotations

from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from sync.contract.staff import badge_digest, pin_verifier
from tests.support.rig import Rig

SALT = bytes(range(16))
CASHIER = {"cashier_id": "c1", "pin": "4711"}
SENIOR = {"cashier_id": "s1", "pin": "9000"}
BADGE = "B-900"
ROWS = (
    {"cashier_id": "c1", "name": "Олена К.", "role": "cashier", "pin": pin_verifier("4711", SALT)},
    {
        "cashier_id": "s1",
        "name": "Ірина С.",
        "role": "senior",
        "pin": pin_verifier("9000", SALT),
        "badge": badge_digest(BADGE),
    },
)


def staffed(register: Rig) -> None:
    """Put the list into the register's cache; before its start, so that it is known at once."""
    cache = Cache(register.folder / "data" / "cache.db")
    rows = [FeedRow(kind="staff", key=str(row["cashier_id"]), version=1, body=row) for row in ROWS]
    cache.apply_rows(rows)
    cache.close()
