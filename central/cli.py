"""`edge-central`: run the centre, and the commands of those who keep it.

Exit codes: 0 done, 1 done with findings (rejected rows, unsound books, a bad rule file), 2 not
done. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from central import (
    commands,
    commands_counters,
    commands_hub,
    commands_lives,
    commands_members,
    commands_offline,
    commands_staff,
    commands_status,
    policy_cli,
    rules_cli,
)
from central.errors import CentralError

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

DEFAULT_DATA_DIR = "central-data"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        code: int = arguments.work(arguments)
        sys.stdout.flush()
    except CentralError as error:
        print(f"edge-central: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has left; nothing may be written to it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return code


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(prog="edge-central", description="The loyalty centre.")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        *("--data-dir",),
        type=Path,
        default=Path(DEFAULT_DATA_DIR),
        metavar="DIR",
        help=f"keys, database and its password (default: {DEFAULT_DATA_DIR})",
    )
    place.add_argument(
        "--database-url", metavar="URL", help="a PostgreSQL of your own instead of the embedded one"
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_run, _add_keys, _add_registers, _add_imports, rules_cli.add, _add_reports):
        add(verbs, place)
    hub = _group(verbs, "hub", "store hubs: who lends while the centre is away")
    commands_hub.add_verbs(_add, hub, place)
    commands_offline.add_verbs(_add, verbs, policy_cli.add(verbs, place), place)
    commands_counters.add_verbs(_add, verbs, place)
    commands_staff.add_verbs(_add, verbs, place)
    commands_lives.add_verbs(_add, verbs, place)
    commands_status.add_verbs(_add, verbs, place)
    return parser


def _add(
    verbs: Verbs, place: argparse.ArgumentParser, name: str, text: str, work: Callable[..., int]
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, parents=[place], help=text, description=text)
    verb.set_defaults(work=work)
    return verb


def _group(verbs: Verbs, name: str, text: str) -> Verbs:
    group = verbs.add_parser(name, help=text, description=text)
    return group.add_subparsers(required=True, metavar="COMMAND")


def _add_run(verbs: Verbs, place: argparse.ArgumentParser) -> None:
    run = _add(verbs, place, "run", "serve registers until SIGTERM", commands.run)
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--port", type=_port, default=8470, help="0 takes a free one")
    run.add_argument("--tls-cert", type=Path, metavar="FILE", help="PEM certificate with its chain")
    run.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM private key")
    run.add_argument("--page-host", default="127.0.0.1", help="where the member's page asks")
    run.add_argument("--page-port", type=_port, help="serve purses to the member's page here")
    run.add_argument(
        "--code-program",
        type=Path,
        metavar="FILE",
        help="program that brings one-time codes to phones: JSON on its standard input",
    )
    levels = ["debug", "info", "warning", "error"]
    run.add_argument("--log-level", default="info", choices=levels)


def _add_keys(verbs: Verbs, place: argparse.ArgumentParser) -> None:
    keys = _group(verbs, "keys", "the programme's signing keys")
    init = _add(keys, place, "init", "make a key", commands.keys_init)
    init.add_argument("--rotate", action="store_true", help="a second key, which signs from now")
    _add(keys, place, "list", "keys that registers are told to trust", commands.keys_list)


def _add_registers(verbs: Verbs, place: argparse.ArgumentParser) -> None:
    text = "a one-time code with which one register enrols"
    code = _add(verbs, place, "enrol-code", text, commands.enrol_code)
    code.add_argument("--store", required=True)
    code.add_argument("--register", required=True)
    code.add_argument("--store-name", default="")
    code.add_argument("--ttl-hours", type=int, default=24)
    revoke = _add(verbs, place, "revoke", "accept nothing from a register", commands.revoke)
    revoke.add_argument("--register", required=True)
    revoke.add_argument("--reason", required=True)


def _add_imports(verbs: Verbs, place: argparse.ArgumentParser) -> None:
    members = _group(verbs, "members", "the programme's members")
    take = _add(members, place, "import", "take members in from CSV", commands.members_import)
    take.add_argument("file", type=Path)
    take.add_argument("--dry-run", action="store_true", help="check everything, keep nothing")
    commands_members.add_verbs(_add, members, place)
    goods = _group(verbs, "goods", "the goods list")
    take = _add(goods, place, "import", "take goods in from CSV", commands.goods_import)
    take.add_argument("file", type=Path)


def _add_reports(verbs: Verbs, place: argparse.ArgumentParser) -> None:
    export = _group(verbs, "export", "what registers have sent")
    sales = _add(export, place, "sales", "sales as JSON lines", commands.export_sales)
    sales.add_argument("--since", type=_instant, metavar="TIME", help="received since, ISO 8601")
    _add(export, place, "balances", "members' points as JSON lines", commands.export_balances)
    audit = _add(verbs, place, "audit", "recompute the books", commands.audit)
    audit.add_argument("--json", action="store_true")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.astimezone()


if __name__ == "__main__":
    sys.exit(main())
