"""`edge-agent training`: begin and end training mode on the running agent."""

from __future__ import annotations

import argparse
import json

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import local_api, settings_file


def run(arguments: argparse.Namespace) -> int:
    """`enter`, `leave` or `status`; exit code 1 when the agent refuses or does not run."""
    settings = settings_file.load(arguments.config)
    is_look = arguments.verb == "status"
    path = "/v1/training" if is_look else f"/v1/training/{arguments.verb}"
    try:
        found = local_api.call(
            settings, "GET" if is_look else "POST", path, None if is_look else {}
        )
    except (local_api.NotAnswering, local_api.Refused) as no:
        raise CommandFailed(str(no)) from None
    if arguments.json:
        print(json.dumps({"training": bool(found["training"])}))
    else:
        print("training is on: nothing is sold" if found["training"] else "training is off")
    return 0
