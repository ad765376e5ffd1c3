"""`edge-agent ledger`: check, export, back up and salvage the register's database.

None of these writes to the register's own file; all but `salvage` may run beside the agent.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file


def verify(arguments: argparse.Namespace) -> int:
    """Print the faults; exit code 1 when there are any."""
    from edge_agent.ledger.verify import verify as check

    path = _ledger(arguments)
    found = check(path)
    if arguments.json:
        shown = {"facts": found.facts, "rows": found.rows, "faults": found.faults}
        _json({"ledger": str(path), **shown})
    elif found.faults:
        print("\n".join(found.faults))
    else:
        print(f"ledger ok: {found.facts} facts in a whole chain, {found.rows} rows, sales agree")
    return 1 if found.faults else 0


def export(arguments: argparse.Namespace) -> int:
    """Print every fact as a line of JSON, or write them to a file."""
    from edge_agent.ledger.copies import fact_lines

    path = _ledger(arguments)
    count = 0
    try:
        out = sys.stdout if arguments.out is None else arguments.out.open("x", encoding="utf-8")
        try:
            for line in fact_lines(path):
                print(line, file=out)
                count += 1
        finally:
            if arguments.out is not None:
                out.close()
    except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
        raise CommandFailed(f"{count} facts written, then: {error}") from None
    if arguments.out is not None:
        print(f"{count} facts written to {arguments.out}")
    return 0


def backup(arguments: argparse.Namespace) -> int:
    """Copy the file while the agent sells; exit code 1 when the copy shows faults."""
    from edge_agent.ledger.copies import backup as copy

    path = _ledger(arguments)
    try:
        faults = copy(path, arguments.copy)
    except (OSError, sqlite3.Error) as error:
        raise CommandFailed(f"no copy was made: {error}") from None
    if arguments.json:
        _json({"ledger": str(path), "copy": str(arguments.copy), "faults": faults})
    else:
        print("\n".join(faults) or f"copied to {arguments.copy}, checked; {_RESTORE}")
    return 1 if faults else 0


_RESTORE = "to go on with it the register needs a new epoch (edge-agent enrol --replace)"


def salvage(arguments: argparse.Namespace) -> int:
    """Write what can be proved of a damaged file into a new one; exit code 1 when facts lack."""
    from edge_agent.ledger.salvage import salvage as rescue
    from sync.enrolment import Identity
    from sync.errors import IdentityError

    path = _ledger(arguments)
    register = arguments.register
    try:
        if register is None:
            identity = settings_file.load(arguments.config).identity_file
            register = Identity.load(identity).register_id
        found = rescue(path, arguments.copy, register)
    except IdentityError as error:
        raise CommandFailed(f"{error}; name the register: --register ID") from None
    except (OSError, ValueError, sqlite3.Error) as error:
        raise CommandFailed(f"nothing was salvaged: {error}") from None
    shown: Mapping[str, Any] = {
        "ledger": str(path),
        "salvaged": str(arguments.copy),
        "facts": found.facts,
        "not_acknowledged": found.pending,
        "missing": found.missing,
        "rows": found.rows,
    }
    if arguments.json:
        _json(shown)
    else:
        print(f"{found.facts} facts salvaged, {found.pending} of them not acknowledged")
        print("\n".join(f"{count} rows of {table}" for table, count in found.rows.items()))
        print("\n".join(f"missing: fact {gap}" for gap in found.missing) or "no fact is missing")
        print(f"written to {arguments.copy}; {_RESTORE}")
    return 1 if found.missing else 0


def _ledger(arguments: argparse.Namespace) -> Path:
    path: Path = arguments.ledger or settings_file.load(arguments.config).ledger_file
    if not path.is_file():
        raise CommandFailed(f"no ledger at {path}")
    return path


def _json(shown: Mapping[str, Any]) -> None:
    print(json.dumps(shown, ensure_ascii=False, indent=1))
