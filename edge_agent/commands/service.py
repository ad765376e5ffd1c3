"""`edge-agent service install | uninstall | status`, on Linux and Windows."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import PureWindowsPath

from edge_agent.command_failed import CommandFailed
from edge_agent.service import linux, windows
from edge_agent.service.plan import COMMAND_LIMIT_S, ServiceError, Step, carry_out


def install(arguments: argparse.Namespace) -> int:
    """Install or upgrade the service of one register."""
    try:
        if sys.platform == "win32":
            config = PureWindowsPath(arguments.config or windows.config_file(arguments.name))
            executable = PureWindowsPath(linux.current_executable()).with_suffix(".exe")
            steps = windows.plan_install(arguments.name, executable, config, _is_known(arguments))
        else:
            place = linux.find_place(arguments.name, arguments.root)
            executable = linux.current_executable()
            steps = linux.plan_install(place, arguments.config, executable)
        _do(steps, arguments.dry_run)
    except ServiceError as error:
        raise CommandFailed(str(error)) from None
    return 0


def uninstall(arguments: argparse.Namespace) -> int:
    """Stop and remove the service of one register."""
    try:
        if sys.platform == "win32":
            steps = windows.plan_uninstall(arguments.name)
        else:
            steps = linux.plan_uninstall(linux.find_place(arguments.name, arguments.root))
        _do(steps, arguments.dry_run)
    except ServiceError as error:
        raise CommandFailed(str(error)) from None
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Print what is installed and how it runs; exit code 1 when it is not installed."""
    try:
        if sys.platform == "win32":
            return subprocess.run(
                windows.status_command(arguments.name), check=False, timeout=COMMAND_LIMIT_S
            ).returncode
        found = linux.status(linux.find_place(arguments.name, arguments.root))
    except ServiceError as error:
        raise CommandFailed(str(error)) from None
    for key, value in found.items():
        if value:
            print(f"{key:<15} {value}")
    return 1 if found["unit"] == "absent" else 0


def _do(steps: Sequence[Step], is_dry: bool) -> None:
    if is_dry:
        for step in steps:
            print(step)
    else:
        carry_out(steps, print)


def _is_known(arguments: argparse.Namespace) -> bool:
    query = subprocess.run(
        windows.status_command(arguments.name),
        check=False,
        capture_output=True,
        timeout=COMMAND_LIMIT_S,
    )
    return query.returncode == 0
