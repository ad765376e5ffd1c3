"""What every part of the command line is made of: commands, groups and the common options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

CONFIG_HELP = (
    "settings file; by default $LOYALTY_EDGE_CONFIG, then ./agent.toml, then the only one in "
    "/etc/loyalty-edge"
)

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def command(commands: Commands, name: str, target: str, about: str) -> argparse.ArgumentParser:
    """Add a subcommand; `target` is `module:function`, imported when it is used."""
    parser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    parser.set_defaults(target=target)
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an unexpected error"
    )
    return parser


def group(commands: Commands, name: str, about: str) -> Commands:
    """Add a command that has subcommands."""
    parser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    return parser.add_subparsers(metavar="COMMAND", required=True)


def config_option(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    parser.add_argument("--config", type=Path, metavar="FILE", help=CONFIG_HELP)


def json_option(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")


def bounded(minimum: int, maximum: int) -> Callable[[str], int]:
    """The type of an option that is a whole number within bounds."""

    def integer(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not minimum <= int(text[:9]) <= maximum:
            raise argparse.ArgumentTypeError(f"must be a whole number, {minimum} to {maximum}")
        return int(text)

    return integer
