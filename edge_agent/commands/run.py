"""`edge-agent run`: read the settings and serve until told to stop."""

from __future__ import annotations

import argparse

from edge_agent import lean_start
from edge_agent.command_failed import CommandFailed
from edge_agent.service.windows_host import run_under_manager

EXIT_CONFIG = 78


def run(arguments: argparse.Namespace) -> int:
    """Serve; on Windows under the service manager when `--service` is given.

    Settings that cannot be used exit with 78 (EX_CONFIG), after which systemd does not restart."""
    if arguments.service:
        return run_under_manager(lambda: _serve(arguments))
    return _serve(arguments)


def _serve(arguments: argparse.Namespace) -> int:
    lean_start.begin()
    from edge_agent.commands import settings_file

    try:
        settings = settings_file.load(arguments.config)
    except CommandFailed as error:
        raise CommandFailed(str(error), EXIT_CONFIG) from None
    from edge_agent.runtime import serve

    return serve(settings, service=arguments.service)
