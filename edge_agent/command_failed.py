"""The one exception by which a subcommand says no to its user."""

from __future__ import annotations


class CommandFailed(Exception):
    """A subcommand cannot do what was asked; the message is the whole explanation. Exit code 1."""
