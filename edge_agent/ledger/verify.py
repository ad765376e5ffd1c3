"""Check a ledger file: SQLite's own check, the hash chain, and what must follow from what."""

from __future__ import annotations

import argparse
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from edge_agent.ledger.database import connect_reader
from sync.contract.chain import GENESIS, fact_hash


def check_chain(connection: sqlite3.Connection, register_id: str) -> list[str]:
    """Faults of the outbox: gaps in (epoch, seq), broken links, bodies that do not match."""
    faults = []
    expected_epoch, expected_seq, prev = None, 1, GENESIS
    rows = connection.execute(
        "SELECT epoch, seq, kind, body, prev_hash, hash FROM outbox ORDER BY epoch, seq"
    )
    for row in rows:
        if row["epoch"] != expected_epoch:
            expected_epoch, expected_seq, prev = row["epoch"], 1, GENESIS
        where = f"fact {row['epoch']}/{row['seq']}"
        if row["seq"] != expected_seq:
            faults.append(f"{where}: expected seq {expected_seq}")
        link = fact_hash(
            register_id, row["epoch"], row["seq"], row["kind"], row["body"].encode(), prev
        )
        if row["prev_hash"] != prev or row["hash"] != link:
            faults.append(f"{where}: broken link")
        expected_seq, prev = row["seq"] + 1, row["hash"]
    return faults


_MUST_BE_EMPTY = {
    "committed sales without exactly one fact": (
        "SELECT count(*) FROM sale s WHERE s.document IS NOT NULL AND 1 <> (SELECT count(*) "
        "FROM outbox o WHERE o.kind = 'sale' AND json_extract(o.body, '$.sale_id') = s.sale_id)"
    ),
    "sale facts without a sale": (
        "SELECT count(*) FROM outbox o WHERE o.kind = 'sale' AND NOT EXISTS (SELECT 1 FROM sale s "
        "WHERE s.sale_id = json_extract(o.body, '$.sale_id') AND s.document IS NOT NULL)"
    ),
    "posted sales whose paper is not printed": (
        "SELECT count(*) FROM sale s WHERE s.state IN ('posted', 'returned') "
        "AND json_extract(s.document, '$.fiscal') = 'pending' AND NOT EXISTS "
        "(SELECT 1 FROM print_job j WHERE j.subject_id = s.sale_id AND j.state = 'printed')"
    ),
}


def quick_check(path: Path) -> list[str]:
    """All faults found in the file, as sentences; empty when it is sound.

    SQLite's own check sees few flipped bits, so the chain is recomputed as well."""
    try:
        with closing(connect_reader(path)) as connection:
            result = connection.execute("PRAGMA quick_check").fetchone()[0]
            faults = [] if result == "ok" else [f"quick_check: {result}"]
            owner = connection.execute(
                "SELECT value FROM meta WHERE key = 'register_id'"
            ).fetchone()
            if owner is None:
                return [*faults, "the file names no register"]
            faults += check_chain(connection, owner[0])
            for name, sql in _MUST_BE_EMPTY.items():
                count = connection.execute(sql).fetchone()[0]
                if count:
                    faults.append(f"{count} {name}")
            return faults
    except sqlite3.DatabaseError as error:
        return [f"unreadable: {error}"]


def main(args: argparse.Namespace) -> int:
    """`edge-agent ledger verify`: print the faults, exit 1 when there are any."""
    path: Path = args.ledger
    faults = quick_check(path) if path.is_file() else [f"no ledger at {path}"]
    if args.json:
        print(json.dumps({"ledger": str(path), "faults": faults}, ensure_ascii=False))
    else:
        print("\n".join(faults) if faults else "ledger ok: chain whole, facts and sales agree")
    return 1 if faults else 0
