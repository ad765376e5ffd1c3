"""Telling a damaged file from one that is busy, full or forbidden."""

from __future__ import annotations

import sqlite3


class DamagedRow(ValueError):
    """A stored row does not fit its checksum."""


_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    }
)


def is_damage(error: Exception) -> bool:
    """True when the file's content is to blame, and not a lock, a full disk or a permission."""
    if isinstance(error, UnicodeDecodeError | DamagedRow):
        return True
    code = sqlite_code(error)
    if code is None:
        # Raised without SQLite: text that is not UTF-8, or the schema of a newer agent.
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.ProgrammingError | sqlite3.InterfaceError
        )
    return code in _DAMAGE or code & 0xFF in _DAMAGE


def sqlite_code(error: Exception) -> int | None:
    """SQLite's extended result code, where the error is its."""
    return getattr(error, "sqlite_errorcode", None)
