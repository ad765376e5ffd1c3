"""`edge-agent ledger verify`: check a ledger file, by default this register's own."""

from __future__ import annotations

import argparse

from edge_agent.commands import settings_file


def verify(arguments: argparse.Namespace) -> int:
    """Print the faults; exit code 1 when there are any."""
    from edge_agent.ledger.verify import main

    if arguments.ledger is None:
        arguments.ledger = settings_file.load(arguments.config).ledger_file
    return main(arguments)
