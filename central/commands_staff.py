"""Verbs about who works at the tills: `edge-central staff set|remove|list`."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from central import staff
from central.instants import system_clock
from central.place import opened
from central.tables import table

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]

ROLES = ("cashier", "senior", "manager")


def add_verbs(add: Add, verbs: Verbs, place: argparse.ArgumentParser) -> None:
    """The group."""
    text = "who signs in at the tills, told to registers by the feed"
    parser = verbs.add_parser("staff", help=text, description=text)
    group = parser.add_subparsers(required=True, metavar="COMMAND")
    put = add(group, place, "set", "add or change a person; asks the PIN", staff_set)
    put.add_argument("--name", required=True, help="registers get first name and initial")
    put.add_argument("--role", choices=ROLES, default="cashier")
    put.add_argument("--store", default="", help="where they work; default every store")
    put.add_argument("--badge", default="", help="the code on their badge; kept as a digest")
    put.add_argument("--keep-pin", action="store_true", help="ask no PIN: the old one stays")
    drop = add(group, place, "remove", "a person signs in nowhere any more", staff_remove)
    for verb in (put, drop):
        verb.add_argument("--id", required=True, dest="cashier_id", help="number of the cashier")
        verb.add_argument("--reason", required=True, help="kept; no names here")
        verb.add_argument("--author", default="")
    shown = add(group, place, "list", "everybody, without PINs", staff_list)
    shown.add_argument("--json", action="store_true")


def staff_set(arguments: Namespace) -> int:
    """Add or change a person."""
    pin = ""
    if not arguments.keep_pin:
        pin = getpass.getpass("PIN: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        row = staff.put(
            connection,
            arguments.cashier_id,
            arguments.name,
            arguments.role,
            system_clock(),
            arguments.author or getpass.getuser(),
            arguments.reason,
            store_id=arguments.store,
            pin=pin,
            badge=arguments.badge,
        )
    print(json.dumps({"cashier_id": row.cashier_id, "role": row.role}))
    return 0


def staff_remove(arguments: Namespace) -> int:
    """Take a person off the list."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        staff.remove(
            connection,
            arguments.cashier_id,
            system_clock(),
            arguments.author or getpass.getuser(),
            arguments.reason,
        )
    print(json.dumps({"cashier_id": arguments.cashier_id, "removed": True}))
    return 0


def staff_list(arguments: Namespace) -> int:
    """Everybody, PINs and badges as yes or no."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        found = staff.listed(connection)
    rows = [
        {
            "cashier_id": one.row.cashier_id,
            "name": one.row.name,
            "role": one.row.role,
            "store_id": one.store_id or "*",
            "pin": bool(one.row.pin),
            "badge": bool(one.row.badge),
        }
        for one in found
    ]
    if arguments.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    elif rows:
        print("\n".join(table(tuple(rows[0]), [tuple(row.values()) for row in rows])))
    return 0
