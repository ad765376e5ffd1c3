"""`edge-agent logs`: the rotated files as lines for people."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.log_lines import human
from edge_agent.log_reader import Wanted, entries, follow, log_files, parse_since


def run(arguments: argparse.Namespace) -> int:
    """Print wanted entries, oldest first, and go on with new ones when asked to."""
    settings = settings_file.load(arguments.config)
    try:
        since = parse_since(arguments.since, datetime.now(UTC)) if arguments.since else None
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    if not log_files(settings.log_dir) and not arguments.follow:
        raise CommandFailed(f"no log files in {settings.log_dir}")
    wanted = Wanted(sale_id=arguments.sale, since=since)
    for entry in entries(settings.log_dir, wanted):
        print(human(entry))
    if arguments.follow:
        for entry in follow(settings.log_dir, wanted):
            print(human(entry), flush=True)
    return 0
