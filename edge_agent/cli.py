"""The `edge-agent` command: every subcommand, its options and its help.

Only this table is built at start; the module behind a subcommand is imported when it is used.
Exit codes: 0 done, 1 refused or found wanting, 2 misuse or an unexpected error; `run` also 75 when
the machine is not ready (port taken, another agent) and 78 when set-up is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from edge_agent.cli_devices import add_device_commands
from edge_agent.command_failed import CommandFailed

CONFIG_HELP = (
    "settings file; by default $LOYALTY_EDGE_CONFIG, then ./agent.toml, then the only one in "
    "/etc/loyalty-edge"
)


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
    _service(commands)
    _browser(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _everyday(commands: Commands) -> None:
    run = _command(
        commands, "run", "edge_agent.commands.run:run", "run the agent until it is told to stop"
    )
    _config_option(run)
    run.add_argument(
        "--service",
        action="store_true",
        help="started by systemd or the Windows service manager: log for machines",
    )
    _demo(commands)
    check = _command(
        commands,
        "check-config",
        "edge_agent.commands.check_config:run",
        "check a settings file; every mistake is shown with its line",
    )
    _config_option(check)
    enrol = _command(
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
    _config_option(enrol)


def _demo(commands: Commands) -> None:
    demo = _command(
        commands,
        "demo",
        "edge_agent.demo.cli:run",
        "two registers, a centre and emulated devices on this machine; the cable is pulled",
    )
    _json_option(demo)
    demo.add_argument("--keep", action="store_true", help="leave it running and name its pages")
    demo.add_argument(
        "--sales",
        type=_bounded(1, 10_000),
        default=220,
        metavar="N",
        help="sales to make (%(default)s)",
    )
    demo.add_argument(
        "--device-delay",
        type=_bounded(0, 10_000),
        default=3,
        metavar="MS",
        help="how long the emulated printers take to answer, milliseconds (%(default)s; "
        "60 is a real one's pace)",
    )


def _operation(commands: Commands) -> None:
    status = _command(
        commands,
        "status",
        "edge_agent.commands.status:run",
        "what the running agent says",
    )
    _config_option(status)
    _json_option(status)
    panel = _command(
        commands,
        "panel",
        "edge_agent.commands.panel:run",
        "print a link that opens the cashier's screen; it works once, within a minute",
    )
    _config_option(panel)
    _print_jobs(commands)
    _shift(commands)
    _receipt(commands)
    logs = _command(commands, "logs", "edge_agent.commands.logs:run", "read the agent's log files")
    _config_option(logs)
    logs.add_argument("--sale", default="", metavar="ID", help="one sale; its id or its beginning")
    logs.add_argument(
        "--since",
        metavar="T",
        help="not older than 10m, 2h, 1d or an instant as 2026-03-01T08:00",
    )
    logs.add_argument("--follow", action="store_true", help="go on with new lines")
    doctor = _command(
        commands,
        "doctor",
        "edge_agent.doctor.report:run",
        "look for what keeps the agent from working; works with the agent stopped",
    )
    _config_option(doctor)
    _json_option(doctor)
    devices = _group(commands, "devices", "scanners and printers at this register")
    for command in add_device_commands(devices, _command, _bounded):
        _config_option(command)
    _ledger(commands)
    _outbox(commands)
    _command(commands, "version", "edge_agent.commands.version:run", "print the version")


def _ledger(commands: Commands) -> None:
    ledger = _group(commands, "ledger", "the register's database")
    module = "edge_agent.commands.ledger"
    verify = _command(
        ledger,
        "verify",
        f"{module}:verify",
        "check the ledger's file, hash chain, rows and sales; changes nothing",
    )
    export = _command(ledger, "export", f"{module}:export", "every fact as a line of JSON")
    export.add_argument("--out", type=Path, metavar="FILE", help="new file; by default the screen")
    backup = _command(
        ledger,
        "backup",
        f"{module}:backup",
        "a consistent copy, also while the agent sells; it goes on only in a new epoch",
    )
    salvage = _command(
        ledger,
        "salvage",
        f"{module}:salvage",
        "write what a damaged database can still prove into a new one, and say what is missing",
    )
    salvage.add_argument(
        "--register", metavar="ID", help="whose facts; by default this register's identity"
    )
    for command in (backup, salvage):
        command.add_argument("copy", type=Path, metavar="TARGET", help="file to write, new")
        _json_option(command)
    for command in (verify, export, backup, salvage):
        command.add_argument(
            "--ledger", type=Path, metavar="FILE", help="database to read; default: the register's"
        )
        _config_option(command)
    _json_option(verify)


def _outbox(commands: Commands) -> None:
    outbox = _group(commands, "outbox", "facts on their way to the centre")
    listed = _command(
        outbox,
        "list",
        "edge_agent.commands.outbox:list_rows",
        "facts that wait or are quarantined; exit code 1 while one is quarantined",
    )
    listed.add_argument("--state", choices=("pending", "quarantined"), help="only these")
    retry = _command(
        outbox,
        "retry",
        "edge_agent.commands.outbox:retry",
        "offer the quarantined facts to the centre again",
    )
    for command in (listed, retry):
        _config_option(command)
        _json_option(command)


def _print_jobs(commands: Commands) -> None:
    jobs = _group(commands, "print-jobs", "papers that wait for a person")
    listed = _command(
        jobs,
        "list",
        "edge_agent.commands.print_jobs:list_jobs",
        "every paper that is not printed; exit code 1 while one is unknown",
    )
    _config_option(listed)
    _json_option(listed)
    resolve = _command(
        jobs,
        "resolve",
        "edge_agent.commands.print_jobs:resolve",
        "say what you saw on the paper of an unknown job",
    )
    resolve.add_argument("job", metavar="JOB", help="id of the job")
    resolve.add_argument("verdict", choices=("printed", "not_printed"), help="what the paper shows")
    resolve.add_argument("--author", required=True, help="who looked at the paper")
    resolve.add_argument("--fiscal-number", default="", help="number on the slip, when printed")
    _config_option(resolve)


def _shift(commands: Commands) -> None:
    shift = _group(commands, "shift", "sign-in, opening, X and Z reports, service cash")
    where = "edge_agent.commands.shift"
    made = [
        _command(shift, "status", f"{where}:status", "the shift, who works, what loyalty did"),
        _command(shift, "sign-out", f"{where}:sign_out", "sign out whoever is signed in"),
    ]
    for verb, about in (
        ("open", "open the shift"),
        ("x", "print an X report with the loyalty slip"),
        ("z", "print the Z report and close the shift; refused while a paper is unknown"),
        ("cash-in", "service cash into the drawer"),
        ("cash-out", "service cash out of the drawer; needs a senior cashier"),
    ):
        made.append(_command(shift, verb, f"{where}:act", about))
        made[-1].set_defaults(verb=verb)
        if verb.startswith("cash"):
            made[-1].add_argument("amount", metavar="UAH", help="hryvnias, such as 500 or 500.50")
    made.append(_command(shift, "sign-in", f"{where}:sign_in", "sign a cashier in; asks the PIN"))
    made[-1].add_argument("cashier", metavar="ID", help="number of the cashier")
    made.append(_command(shift, "resolve", f"{where}:resolve", "say what an act's paper shows"))
    made[-1].add_argument("act", metavar="ACT", help="id of the act")
    made[-1].add_argument("verdict", choices=("printed", "not_printed"), help="what was seen")
    made[-1].add_argument("--author", required=True, help="who looked at the paper")
    made[-1].add_argument("--number", default="", help="number of the Z, when printed")
    for command in made:
        _config_option(command)
        _json_option(command)


def _receipt(commands: Commands) -> None:
    receipts = _group(commands, "receipt", "slips and their templates")
    preview = _command(
        receipts,
        "preview",
        "edge_agent.commands.receipt:preview",
        "show a sample slip as text, and as the dots on its paper",
    )
    preview.add_argument(
        "--sample",
        choices=("sale", "offline", "return", "stranger", "shift"),
        default="sale",
        help="which slip (default sale)",
    )
    preview.add_argument(
        "--paper", type=int, choices=(58, 80), default=80, help="width of the paper in mm"
    )
    preview.add_argument(
        "--width", type=_bounded(16, 64), help="characters of a line; by default 32 or 48"
    )
    preview.add_argument("--locale", choices=("uk", "en"), default="uk", help="language")
    preview.add_argument(
        "--template", type=Path, metavar="FILE", help="rule file with a receipt template"
    )
    preview.add_argument("--png", type=Path, metavar="FILE", help="write the picture here, 203 dpi")


def _service(commands: Commands) -> None:
    service = _group(commands, "service", "the agent as a service of this machine")
    install = _command(
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
    uninstall = _command(
        service,
        "uninstall",
        "edge_agent.commands.service:uninstall",
        "stop and remove the service; settings and data stay",
    )
    status = _command(
        service, "status", "edge_agent.commands.service:status", "whether it is installed and runs"
    )
    for command in (install, uninstall, status):
        command.add_argument(
            "--name", default="till-1", help="name of the register's instance (%(default)s)"
        )
        command.add_argument(
            "--root",
            type=Path,
            default=Path("/"),
            metavar="DIR",
            help="work on a system tree under DIR and run no command (for packages)",
        )
    for command in (install, uninstall):
        command.add_argument("--dry-run", action="store_true", help="only print what would be done")


def _browser(commands: Commands) -> None:
    policy = _group(commands, "browser-policy", "let pages of [api] origins reach this machine")
    where = "edge_agent.commands.browser_policy"
    for verb, about in (
        ("install", "write the policy of Chromium, Chrome and Edge"),
        ("show", "print what is installed; exit code 1 when an origin is missing"),
        ("remove", "take the policy away; others stay"),
    ):
        made = _command(policy, verb, f"{where}:{verb}", about)
        made.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="system tree")
        _config_option(made)


def _command(commands: Commands, name: str, target: str, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    parser.set_defaults(target=target)
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an unexpected error"
    )
    return parser


def _group(commands: Commands, name: str, about: str) -> Commands:
    parser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    return parser.add_subparsers(metavar="COMMAND", required=True)


def _config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help=CONFIG_HELP)


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")


def _bounded(minimum: int, maximum: int) -> Callable[[str], int]:
    def integer(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not minimum <= int(text[:9]) <= maximum:
            raise argparse.ArgumentTypeError(f"must be a whole number, {minimum} to {maximum}")
        return int(text)

    return integer
