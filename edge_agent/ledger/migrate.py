"""Migrating both files in a process of their own, so that the daemon never carries the tool.

The migration library costs the agent 13 MiB for life, and is needed on the first start after an
install or an upgrade only. Whatever this process leaves undone, opening the files does.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.ledger.database import connect_reader, connect_writer, migrations_of

FILES = (("ledger.db", "ledger"), ("cache.db", "cache"), ("screen.db", "screen"))
_CHILD_S = 60


def is_behind(path: Path, schema: str) -> bool:
    """The file is missing or has migrations to come; a damaged one is left to who opens it."""
    if not path.is_file():
        return True
    try:
        with closing(connect_reader(path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError:
        return False
    return bool(version < migrations_of(schema)[-1][0])


def migrate_apart(data_dir: Path) -> None:
    """Run the migrations in a child process when there are any."""
    if any(is_behind(data_dir / name, schema) for name, schema in FILES):
        subprocess.run(
            [sys.executable, "-m", "edge_agent.ledger.migrate", str(data_dir)],
            timeout=_CHILD_S,
            check=False,
        )


def main(arguments: list[str]) -> int:
    """`python -m edge_agent.ledger.migrate DATA_DIR`."""
    for name, schema in FILES:
        path = Path(arguments[0]) / name
        if is_behind(path, schema):
            connect_writer(path, schema).close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
