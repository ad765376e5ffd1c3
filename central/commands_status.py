"""Verbs that show the registers: `edge-central status`, and `resolve` for what was dealt with."""

from __future__ import annotations

import argparse
import getpass
import json
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from central import attention, reports
from central.instants import system_clock
from central.place import opened
from central.tables import table

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]

_COLUMNS = {
    "store": "store_id",
    "register": "register_id",
    "epoch": "epoch",
    "seen": "last_seen_at",
    "head": "head_seq",
    "lag": "lag",
    "unapplied": "unapplied",
    "gaps": "gaps",
    "forks": "forks",
    "quarantined": "quarantined",
    "waiting": "parked",
    "clock": "clock_offset_ms",
    "rules": "ruleset_active",
    "disk": "storage",
    "needs": "needs",
}
_FIGURES = ("epoch", "head", "lag", "unapplied", "gaps", "forks", "quarantined", "waiting", "rules")


def add_verbs(add: Add, verbs: Verbs, place: argparse.ArgumentParser) -> None:
    """Both."""
    verb = add(verbs, place, "status", "the state of every register", show_status)
    verb.add_argument("--json", action="store_true")
    verb.add_argument("--silent-hours", type=int, default=attention.SILENT_HOURS)
    text = "say that a register's forks and quarantined facts have been dealt with"
    verb = add(verbs, place, "resolve", text, resolve)
    verb.add_argument("--register", required=True)
    verb.add_argument("--reason", required=True)
    verb.add_argument("--author", default="")


def show_status(arguments: Namespace) -> int:
    """A table or JSON; 1 when something needs a person."""
    now = system_clock()
    with opened(arguments.data_dir, arguments.database_url) as connection:
        found = reports.status(connection)
        needs = attention.needs_a_person(connection, found, now, max(1, arguments.silent_hours))
    found["needs"] = needs
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
        return 1 if needs else 0
    print(f"ruleset {found['ruleset_sequence']}, {found['members']} members")
    rows = [[_cell(register, name, now) for name in _COLUMNS] for register in found["registers"]]
    for line in table(list(_COLUMNS), rows, _FIGURES):
        print(line)
    for need in needs:
        print(f"! {need['register_id'] or 'centre'}: {need['what']}: {need['detail']}")
    return 1 if needs else 0


def _cell(register: dict[str, Any], name: str, now: datetime) -> object:
    value = register[_COLUMNS[name]]
    if name == "seen":
        return _ago(value, now)
    if name == "clock":
        return "" if value is None else f"{value / 1000:+.1f} s"
    if name == "disk":
        return f"{value['state']}, {value['free_bytes'] / 2**30:.1f} GiB" if value else ""
    if name == "needs":
        return "revoked" if register["revoked"] else ", ".join(value)
    return value


def _ago(instant: str | None, now: datetime) -> str:
    if instant is None:
        return "never"
    gone = max(timedelta(0), now - datetime.fromisoformat(instant))
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if gone.total_seconds() >= 2 * seconds:
            return f"{gone.total_seconds() // seconds:.0f} {unit} ago"
    return f"{gone.total_seconds():.0f} s ago"


def resolve(arguments: Namespace) -> int:
    """Note who dealt with it and why."""
    author = str(arguments.author or getpass.getuser())
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        attention.resolve(connection, arguments.register, author, arguments.reason, system_clock())
    print(json.dumps({"register_id": arguments.register, "resolved": True}))
    return 0
