"""Errors of the centre.

CentralError
├── DatabaseUnavailable   no PostgreSQL to talk to, or the embedded one does not start
├── SchemaTooNew          the database was migrated by a newer version
├── KeysUnusable          programme keys missing, unreadable, or too many
└── BadInput              a file or argument that cannot be used; `code` is stable
"""

from __future__ import annotations


class CentralError(Exception):
    """What stops a command; its text is meant for the person at the terminal."""


class DatabaseUnavailable(CentralError):
    """PostgreSQL cannot be reached or started."""


class SchemaTooNew(CentralError):
    """This version is older than the database."""


class KeysUnusable(CentralError):
    """The programme's keys cannot be used as they are."""


class BadInput(CentralError):
    """A file or an argument is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
