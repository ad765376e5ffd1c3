"""Verbs about the database itself: `edge-central backup|restore|settle|retire`."""

from __future__ import annotations

import argparse
import getpass
import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from central import backup, lives, retention
from central.instants import system_clock
from central.people import ERASED_FILE
from central.place import database, opened

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]


def add_verbs(add: Add, verbs: Verbs, place: argparse.ArgumentParser) -> None:
    """Backups and what keeps the database small."""
    text = "copy the database to a file, beside a running service"
    add(verbs, place, "backup", text, take_backup).add_argument(
        "target", type=Path, metavar="FILE|DIR"
    )
    text = "put a backup in the database's place; registers then report what it has forgotten"
    verb = add(verbs, place, "restore", text, restore)
    verb.add_argument("source", type=Path, metavar="FILE")
    verb.add_argument("--author", default="")
    text = "do not wait for a register that will not come back: its report, its holds and leases"
    verb = add(verbs, place, "settle", text, settle)
    verb.add_argument("--register", required=True)
    verb.add_argument("--reason", required=True)
    verb.add_argument("--author", default="")
    text = "forget what is older than it is kept; the running service does so daily"
    verb = add(verbs, place, "retire", text, retire)
    kept = retention.Retention()
    verb.add_argument("--body-months", type=int, default=kept.body_months)
    verb.add_argument("--deletion-days", type=int, default=kept.deletion_days)


def _author(arguments: Namespace) -> str:
    return str(arguments.author or getpass.getuser())


def take_backup(arguments: Namespace) -> int:
    """One file and its manifest."""
    with database(arguments.data_dir, arguments.database_url) as url:
        manifest = backup.backup(url, arguments.target, system_clock())
    print(json.dumps(asdict(manifest)))
    return 0


def restore(arguments: Namespace) -> int:
    """Back to a backup, in a new life."""
    with database(arguments.data_dir, arguments.database_url) as url:
        restored = backup.restore(
            url,
            arguments.source,
            arguments.data_dir / ERASED_FILE,
            system_clock(),
            _author(arguments),
        )
    print(json.dumps(asdict(restored)))
    return 0


def settle(arguments: Namespace) -> int:
    """Stop waiting for one register; what it may still have spent is printed."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        done = lives.settle(
            connection, arguments.register, _author(arguments), arguments.reason, system_clock()
        )
        left = lives.awaited_registers(connection)
    print(
        json.dumps(
            {"register_id": arguments.register, "settled": True, "awaited": left, **asdict(done)}
        )
    )
    return 0


def retire(arguments: Namespace) -> int:
    """One round of retention; 1 when a month's bodies wait for a person."""
    keep = retention.Retention(
        body_months=max(1, arguments.body_months), deletion_days=max(1, arguments.deletion_days)
    )
    with opened(arguments.data_dir, arguments.database_url) as connection:
        done = retention.retire(connection, system_clock(), keep)
    print(json.dumps(asdict(done)))
    return 1 if done.held_back else 0
