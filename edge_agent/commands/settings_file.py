"""Which settings file a subcommand means, and its content."""

from __future__ import annotations

import os
from pathlib import Path

from edge_agent.command_failed import CommandFailed
from edge_agent.config import ConfigError, Settings, load_settings

SYSTEM_FOLDER = Path("/etc/loyalty-edge")


def find(given: Path | None) -> Path:
    """The given file, else $LOYALTY_EDGE_CONFIG, ./agent.toml, the only one of this system."""
    if given is not None:
        return given
    if from_environment := os.environ.get("LOYALTY_EDGE_CONFIG"):
        return Path(from_environment)
    if Path("agent.toml").is_file():
        return Path("agent.toml")
    installed = sorted(SYSTEM_FOLDER.glob("*.toml"))
    if len(installed) == 1:
        return installed[0]
    if installed:
        raise CommandFailed(f"say which register: --config {' or '.join(map(str, installed))}")
    raise CommandFailed("no settings file found: give --config FILE")


def load(given: Path | None) -> Settings:
    """The settings, or `CommandFailed` with every mistake on its own line."""
    try:
        return load_settings(find(given))
    except ConfigError as error:
        raise CommandFailed("\n".join(str(one) for one in (error, *error.also))) from None
