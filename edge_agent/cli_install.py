"""The options of `edge-agent service` and `browser-policy`."""

from __future__ import annotations

from pathlib import Path

from edge_agent.cli_options import Commands, command, config_option, group


def add_service_commands(commands: Commands) -> None:
    """The agent as a service of this machine."""
    service = group(commands, "service", "the agent as a service of this machine")
    install = command(
        service,
        "install",
        "edge_agent.commands.service:install",
        "install or upgrade the service; keeps settings, data and whether it starts at boot",
    )
    install.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings to install; by default a commented sample",
    )
    uninstall = command(
        service,
        "uninstall",
        "edge_agent.commands.service:uninstall",
        "stop and remove the service; settings and data stay",
    )
    status = command(
        service, "status", "edge_agent.commands.service:status", "whether it is installed and runs"
    )
    for each in (install, uninstall, status):
        each.add_argument(
            "--name", default="till-1", help="name of the register's instance (%(default)s)"
        )
        each.add_argument(
            "--root",
            type=Path,
            default=Path("/"),
            metavar="DIR",
            help="work on a system tree under DIR and run no command (for packages)",
        )
    for each in (install, uninstall):
        each.add_argument("--dry-run", action="store_true", help="only print what would be done")


def add_browser_commands(commands: Commands) -> None:
    """Pages that may reach this machine."""
    policy = group(commands, "browser-policy", "let pages of [api] origins reach this machine")
    where = "edge_agent.commands.browser_policy"
    for verb, about in (
        ("install", "write the policy of Chromium, Chrome and Edge"),
        ("show", "print what is installed; exit code 1 when an origin is missing"),
        ("remove", "take the policy away; others stay"),
    ):
        made = command(policy, verb, f"{where}:{verb}", about)
        made.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="system tree")
        config_option(made)
