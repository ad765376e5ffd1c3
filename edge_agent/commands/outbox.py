"""`edge-agent outbox`: facts that wait for the centre or that it could not take."""

from __future__ import annotations

import argparse
import json
import sqlite3
from dataclasses import asdict

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import local_api, settings_file
from edge_agent.config import Settings


def list_rows(arguments: argparse.Namespace) -> int:
    """Print them; exit code 1 while one is quarantined."""
    from edge_agent.ledger.outbox_rows import MAX_ROWS, open_rows

    path = settings_file.load(arguments.config).ledger_file
    if not path.is_file():
        raise CommandFailed(f"no ledger at {path}")
    try:
        rows = open_rows(path, arguments.state or "")
    except sqlite3.Error as error:
        raise CommandFailed(f"{path} cannot be read: {error}") from None
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        for row in rows:
            where = f"{row.epoch}/{row.seq}"
            print(f"{where:<12} {row.kind:<14} {row.state:<12} {row.created_at}")
        print(_summary([row.state for row in rows], MAX_ROWS))
    return 1 if any(row.state == "quarantined" for row in rows) else 0


def _summary(states: list[str], most: int) -> str:
    if not states:
        return "nothing waits: the centre has everything"
    waiting, held = states.count("pending"), states.count("quarantined")
    more = f" (the first {most} are shown)" if len(states) == most else ""
    return f"{waiting} waiting, {held} quarantined{more}"


def retry(arguments: argparse.Namespace) -> int:
    """Offer the quarantined facts to the centre again."""
    settings = settings_file.load(arguments.config)
    try:
        count = local_api.call(settings, "POST", "/v1/outbox/retry", {})["facts"]
    except local_api.Refused as error:
        raise CommandFailed(str(error)) from None
    except local_api.NotAnswering as no:
        if no.is_running:
            raise CommandFailed(str(no)) from None
        count = _retry_in_file(settings)
    if arguments.json:
        print(json.dumps({"facts": count}))
    else:
        print(f"{count} facts will be sent again")
    return 0


def _retry_in_file(settings: Settings) -> int:
    """The agent does not run: its lock keeps it from starting meanwhile."""
    from edge_agent.ledger.ledger import Ledger, LedgerDamaged, WrongLedger
    from edge_agent.ledger.outbox_rows import retry_quarantined
    from edge_agent.single_instance import AlreadyRunning, lock
    from sync.enrolment import Identity
    from sync.errors import IdentityError

    try:
        identity = Identity.load(settings.identity_file)
        with lock(settings.data_dir, settings.api.port, settings.path):
            ledger = Ledger(settings.ledger_file, identity.register_id, identity.epoch)
            try:
                return ledger.write(retry_quarantined)
            finally:
                ledger.close()
    except (AlreadyRunning, IdentityError, LedgerDamaged, WrongLedger, sqlite3.Error) as error:
        raise CommandFailed(str(error)) from None
