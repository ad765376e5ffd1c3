"""The one exception by which a subcommand says no to its user."""

from __future__ import annotations


class CommandFailed(Exception):
    """A subcommand cannot do what was asked; the message is the whole explanation."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
