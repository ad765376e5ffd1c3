"""`edge-agent panel`: a link that opens the cashier's screen, or the buyer's display, once."""

from __future__ import annotations

import argparse

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import local_api, settings_file


def run(arguments: argparse.Namespace) -> int:
    """Print the link; it works once, within a minute."""
    settings = settings_file.load(arguments.config)
    try:
        path = "/v1/customer/links" if arguments.customer else "/v1/panel/links"
        found = local_api.call(settings, "POST", path, {})
        print(f"{local_api.address(settings)}{found['path']}")
    except (local_api.NotAnswering, local_api.Refused) as error:
        raise CommandFailed(str(error)) from None
    return 0
