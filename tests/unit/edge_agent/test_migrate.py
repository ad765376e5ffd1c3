"""Migrations run apart from the daemon, once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.ledger.migrate import FILES, is_behind, migrate_apart

_OPEN = """
import sys
from pathlib import Path
from edge_agent.ledger.migrate import migrate_apart
from edge_agent.ledger.ledger import Ledger
folder = Path(sys.argv[1])
migrate_apart(folder)
Ledger(folder / "ledger.db", "R1", 1).close()
print("sqlite_utils" in sys.modules)
"""


def test_both_files_are_made_by_the_child_and_then_left_alone(tmp_path: Path) -> None:
    migrate_apart(tmp_path)
    stamps = [(tmp_path / name).stat().st_mtime_ns for name, _ in FILES]
    assert not any(is_behind(tmp_path / name, schema) for name, schema in FILES)
    migrate_apart(tmp_path)
    assert [(tmp_path / name).stat().st_mtime_ns for name, _ in FILES] == stamps


def test_the_daemon_never_loads_the_tool(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _OPEN, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"


def test_a_file_of_an_older_agent_is_behind_and_rubbish_is_left_to_who_opens_it(
    tmp_path: Path,
) -> None:
    old, rubbish = tmp_path / "ledger.db", tmp_path / "cache.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version=0")
    rubbish.write_bytes(b"not a database, " * 400)
    assert is_behind(old, "ledger")
    assert not is_behind(rubbish, "cache")
