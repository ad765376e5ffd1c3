"""A centre's database put back to a backup, with the rows before it or without them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from central import backup
from central.db.migrate import migrate
from central.db.session import connect
from central.people import ERASED_FILE


@contextmanager
def own_database(postgres: str) -> Iterator[str]:
    """A database of its own: a restore replaces everything."""
    name = f"restore_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"create database {name}")
        url = postgres.replace("/edge_central?", f"/{name}?")
        migrate(url)
        try:
            yield url
        finally:
            with psycopg.connect(_owner(postgres), autocommit=True) as owner:
                owner.execute(f"drop database {name} with (force)")


def _owner(url: str) -> str:
    """The server's owner: only it may end a backend that is just starting and is nobody's yet."""
    return url.replace("//edge_central:", "//postgres:")


def restore_to(
    centre: Any, file: Path, tmp_path: Path, *, is_lost: bool = False
) -> backup.Restored:
    """Restore under a listening service; `is_lost`: nothing of the present rows can be read."""
    # The listening service lets go of the database for the moment of the restore.
    with psycopg.connect(_owner(centre.database_url), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        )
    if is_lost:
        with connect(centre.database_url) as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")
    try:
        erased = tmp_path / ERASED_FILE
        return backup.restore(centre.database_url, file, erased, centre.clock(), "test")
    finally:
        # The service's first call meets a broken connection; registers would try again.
        while centre.http.get("/healthz").status_code != 200:
            pass
