"""The options of `edge-agent ledger` and `outbox`."""

from __future__ import annotations

from pathlib import Path

from edge_agent.cli_options import Commands, command, config_option, group, json_option


def add_ledger_commands(commands: Commands) -> None:
    """The register's database."""
    ledger = group(commands, "ledger", "the register's database")
    module = "edge_agent.commands.ledger"
    verify = command(
        ledger,
        "verify",
        f"{module}:verify",
        "check the ledger's file, hash chain, rows and sales; changes nothing",
    )
    export = command(ledger, "export", f"{module}:export", "every fact as a line of JSON")
    export.add_argument("--out", type=Path, metavar="FILE", help="new file; by default the screen")
    backup = command(
        ledger,
        "backup",
        f"{module}:backup",
        "a consistent copy, also while the agent sells; it goes on only in a new epoch",
    )
    salvage = command(
        ledger,
        "salvage",
        f"{module}:salvage",
        "write what a damaged database can still prove into a new one, and say what is missing",
    )
    salvage.add_argument(
        "--register", metavar="ID", help="whose facts; by default this register's identity"
    )
    for each in (backup, salvage):
        each.add_argument("copy", type=Path, metavar="TARGET", help="file to write, new")
        json_option(each)
    for each in (verify, export, backup, salvage):
        each.add_argument(
            "--ledger", type=Path, metavar="FILE", help="database to read; default: the register's"
        )
        config_option(each)
    json_option(verify)


def add_outbox_commands(commands: Commands) -> None:
    """Facts on their way to the centre."""
    outbox = group(commands, "outbox", "facts on their way to the centre")
    listed = command(
        outbox,
        "list",
        "edge_agent.commands.outbox:list_rows",
        "facts that wait or are quarantined; exit code 1 while one is quarantined",
    )
    listed.add_argument("--state", choices=("pending", "quarantined"), help="only these")
    retry = command(
        outbox,
        "retry",
        "edge_agent.commands.outbox:retry",
        "offer the quarantined facts to the centre again",
    )
    for each in (listed, retry):
        config_option(each)
        json_option(each)
