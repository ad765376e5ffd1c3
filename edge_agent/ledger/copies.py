"""Copies of a ledger: its facts as JSON lines, and the whole file while the agent sells."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edge_agent.ledger.database import connect_reader, connect_writer
from edge_agent.ledger.ledger import COPIED_KEY, put_meta
from edge_agent.ledger.verify import verify
from sync.durable_file import sync_folder


def fact_lines(path: Path) -> Iterator[str]:
    """Every fact in order, one JSON object a line; `body` is the exact text that the hash covers.

    Raises `sqlite3.DatabaseError` where the file cannot be read."""
    with closing(connect_reader(path)) as connection:
        connection.execute("BEGIN")
        for row in connection.execute(
            "SELECT epoch, seq, kind, state, created_at, prev_hash, hash, body FROM outbox "
            "ORDER BY epoch, seq"
        ):
            head = {
                "epoch": row["epoch"],
                "seq": row["seq"],
                "kind": row["kind"],
                "state": row["state"],
                "created_at": row["created_at"],
                "prev_hash": row["prev_hash"].hex(),
                "hash": row["hash"].hex(),
            }
            yield f'{json.dumps(head)[:-1]}, "body": {row["body"]}}}'


def backup(source: Path, target: Path) -> list[str]:
    """A consistent copy at `target`, also while the agent sells; the faults found in the copy.

    The copy is marked: restored, it may go on only in a new epoch, because the register may have
    sold since. Raises `FileExistsError`, `OSError`, `sqlite3.Error`."""
    if target.exists():
        raise FileExistsError(f"{target} exists")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    with closing(connect_reader(source)) as reader, closing(sqlite3.connect(partial)) as copy:
        reader.backup(copy)
    with closing(connect_writer(partial, "ledger")) as connection:
        epoch = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        put_meta(connection, COPIED_KEY, epoch[0] if epoch else "0")
    faults = verify(partial).faults
    with partial.open("r+b") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    sync_folder(target.parent)
    return faults
