"""Where the centre keeps its things, and which database a command talks to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from central.db.bulk import Connection
from central.db.embedded import embedded
from central.db.migrate import migrate
from central.db.session import connect

URL_FILE = "database.url"


def remember_database(data_dir: Path, database_url: str | None) -> None:
    """Keep the URL that `run` was given (mode 0600), so that other commands find it; without one
    the folder goes back to the embedded server."""
    path = data_dir / URL_FILE
    path.unlink(missing_ok=True)
    if database_url:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(database_url)


@contextmanager
def database(data_dir: Path, database_url: str | None) -> Iterator[str]:
    """URL of the database: the one given, else the one remembered, else the embedded server's,
    started for as long as it is used."""
    remembered = data_dir / URL_FILE
    if database_url:
        yield database_url
    elif remembered.exists():
        yield remembered.read_text(encoding="utf-8").strip()
    else:
        with embedded(data_dir) as url:
            yield url


@contextmanager
def opened(data_dir: Path, database_url: str | None) -> Iterator[Connection]:
    """An autocommit connection to the migrated database, for one command."""
    with database(data_dir, database_url) as url:
        migrate(url)
        with connect(url) as connection:
            yield connection
