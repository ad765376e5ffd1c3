"""The `edge-agent` command: every subcommand, its options and its help.

Only this table is built at start; the module behind a subcommand is imported when it is used.
Exit codes: 0 done, 1 refused or found wanting, 2 misuse or an unexpected error; `run` also 75 when
the machine is not ready (port taken, another agent) and 78 when set-up is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from edge_agent.cli_data import add_ledger_commands, add_outbox_commands
from edge_agent.cli_devices import add_device_commands
from edge_agent.cli_install import add_browser_commands, add_service_commands
from edge_agent.cli_options import Commands, bounded, command, config_option, group, json_option
from edge_agent.cli_papers import add_print_job_commands, add_receipt_commands, add_shift_commands
from edge_agent.cli_training import add_training_commands
from edge_agent.command_failed import CommandFailed


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    arguments = build_parser().parse_args(argv)
    module, _, function = arguments.target.partition(":")
    try:
        return int(getattr(import_module(module), function)(arguments))
    except CommandFailed as refused:
        print(f"edge-agent: {refused}", file=sys.stderr)
        return refused.exit_code
    except BrokenPipeError:
        # The reader of a pipe has gone; what is left in the buffer must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if arguments.debug:
            raise
        said = " ".join(str(error).split()) or "no message"
        print(
            f"edge-agent: unexpected {type(error).__name__}: {said} (--debug shows where)",
            file=sys.stderr,
        )
        return 2


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="edge-agent", description="The loyalty agent of one register."
    )
    parser.set_defaults(debug=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _everyday(commands)
    _operation(commands)
    add_service_commands(commands)
    add_browser_commands(commands)
    return parser


def _everyday(commands: Commands) -> None:
    run = command(
        commands, "run", "edge_agent.commands.run:run", "run the agent until it is told to stop"
    )
    config_option(run)
    run.add_argument(
        "--service",
        action="store_true",
        help="started by systemd or the Windows service manager: log for machines",
    )
    _demo(commands)
    check = command(
        commands,
        "check-config",
        "edge_agent.commands.check_config:run",
        "check a settings file; every mistake is shown with its line",
    )
    config_option(check)
    enrol = command(
        commands,
        "enrol",
        "edge_agent.commands.enrol:run",
        "make this machine a register of the centre, by a one-time code",
    )
    enrol.add_argument(
        "--centre", metavar="URL", help="address of the centre; by default [centre] url"
    )
    enrol.add_argument("--code", required=True, help="one-time code from the central team")
    enrol.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="certificate authority of the centre, PEM; by default [centre] ca_file",
    )
    enrol.add_argument(
        "--replace", action="store_true", help="give up the register's present identity"
    )
    config_option(enrol)


def _demo(commands: Commands) -> None:
    demo = command(
        commands,
        "demo",
        "edge_agent.demo.cli:run",
        "two registers, a centre and emulated devices on this machine; the cable is pulled",
    )
    json_option(demo)
    demo.add_argument("--keep", action="store_true", help="leave it running and name its pages")
    demo.add_argument(
        "--sales",
        type=bounded(1, 10_000),
        default=220,
        metavar="N",
        help="sales to make (%(default)s)",
    )
    demo.add_argument(
        "--device-delay",
        type=bounded(0, 10_000),
        default=3,
        metavar="MS",
        help="how long the emulated printers take to answer, milliseconds (%(default)s; "
        "60 is a real one's pace)",
    )


def _operation(commands: Commands) -> None:
    status = command(
        commands,
        "status",
        "edge_agent.commands.status:run",
        "what the running agent says",
    )
    config_option(status)
    json_option(status)
    panel = command(
        commands,
        "panel",
        "edge_agent.commands.panel:run",
        "print a link that opens the cashier's screen; it works once, within a minute",
    )
    panel.add_argument(
        "--customer", action="store_true", help="of the buyer's display, a second window"
    )
    config_option(panel)
    add_training_commands(commands)
    pace = command(
        commands,
        "cashier-time",
        "edge_agent.commands.cashier_time:run",
        "seconds and keys of a sale by way of identification, beside a model; agent may be stopped",
    )
    config_option(pace)
    json_option(pace)
    add_print_job_commands(commands)
    add_shift_commands(commands)
    add_receipt_commands(commands)
    _logs(commands)
    doctor = command(
        commands,
        "doctor",
        "edge_agent.doctor.report:run",
        "look for what keeps the agent from working; works with the agent stopped",
    )
    config_option(doctor)
    json_option(doctor)
    devices = group(commands, "devices", "scanners and printers at this register")
    add_device_commands(devices)
    add_ledger_commands(commands)
    add_outbox_commands(commands)
    command(commands, "version", "edge_agent.commands.version:run", "print the version")


def _logs(commands: Commands) -> None:
    logs = command(commands, "logs", "edge_agent.commands.logs:run", "read the agent's log files")
    config_option(logs)
    logs.add_argument("--sale", default="", metavar="ID", help="one sale; its id or its beginning")
    logs.add_argument(
        "--since",
        metavar="T",
        help="not older than 10m, 2h, 1d or an instant as 2026-03-01T08:00",
    )
    logs.add_argument("--follow", action="store_true", help="go on with new lines")
