"""`edge-agent version`."""

from __future__ import annotations

import argparse
from importlib.metadata import version


def agent_version() -> str:
    """Version of the installed distribution."""
    return version("loyalty-edge")


def run(_arguments: argparse.Namespace) -> int:
    """Print it."""
    print(f"edge-agent {agent_version()}")
    return 0
