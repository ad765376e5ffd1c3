"""A PostgreSQL of its own for the third depth: the product's embedded server, not made to last."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from central.db.embedded import embedded
from central.db.migrate import migrate


@contextmanager
def postgres() -> Iterator[str]:
    """URL of a migrated database; nothing here has to outlive a crash of the machine."""
    programs = os.environ.get("CENTRE_TEST_POSTGRES_BIN")
    folder = Path(tempfile.mkdtemp(prefix="depths-pg-"))
    try:
        with embedded(folder, Path(programs) if programs else None) as url:
            migrate(url)
            superuser = url.replace("//edge_central:", "//postgres:").replace(
                "/edge_central?", "/?"
            )
            with psycopg.connect(superuser, autocommit=True, dbname="postgres") as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(f"alter system set {setting} to off")
                connection.execute("select pg_reload_conf()")
            yield url
    finally:
        shutil.rmtree(folder)
