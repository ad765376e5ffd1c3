"""Verbs about countable rights: `edge-central counter define|lend|show`."""

from __future__ import annotations

import argparse
import getpass
import json
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from central import counters
from central.counter_store import key_of
from central.instants import system_clock
from central.place import opened
from central.tables import table

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]

KINDS = ("campaign_limit", "gift_card", "coupon", "member_limit")


def add_verbs(add: Add, verbs: Verbs, place: argparse.ArgumentParser) -> None:
    """The group."""
    text = "limits of campaigns and other countable rights, lent to registers in parts"
    parser = verbs.add_parser("counter", help=text, description=text)
    group = parser.add_subparsers(required=True, metavar="COMMAND")
    text = "set a total; a campaign's limit is spread over all registers"
    verb = add(group, place, "define", text, define)
    verb.add_argument("--total", type=int, required=True)
    verb.add_argument("--unit", choices=["use", "minor"], default="use")
    verb.add_argument("--expires-on", type=date.fromisoformat, metavar="DATE")
    lent = add(group, place, "lend", "lend units of a counter to one register", lend)
    lent.add_argument("--register", required=True)
    lent.add_argument("--units", type=int, required=True)
    for each in (verb, lent):
        each.add_argument("--kind", choices=KINDS, required=True)
        each.add_argument("--key", required=True, help="promotion, coupon code or card reference")
        each.add_argument("--window", default="", help="a local day, for a limit of that day")
        each.add_argument("--member", type=int, default=0, metavar="ID")
        each.add_argument("--reason", required=True)
        each.add_argument("--author", default="")
    shown = add(group, place, "show", "every counter: total, lent, used, left, over", show)
    shown.add_argument("--json", action="store_true")


def define(arguments: Namespace) -> int:
    """Set a total."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        counter = counters.define(
            connection,
            arguments.kind,
            arguments.key,
            arguments.total,
            system_clock(),
            arguments.author or getpass.getuser(),
            arguments.reason,
            unit=arguments.unit,
            window=arguments.window,
            member_id=arguments.member,
            expires_on=arguments.expires_on.isoformat() if arguments.expires_on else None,
        )
    print(json.dumps({"counter_key": counter.counter_key, "total": counter.total}))
    return 0


def lend(arguments: Namespace) -> int:
    """Units for one register."""
    key = key_of(arguments.kind, arguments.key, arguments.window)
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        granted = counters.lend(
            connection,
            arguments.member,
            key,
            arguments.register,
            max(0, arguments.units),
            system_clock(),
            arguments.author or getpass.getuser(),
            arguments.reason,
        )
    print(json.dumps({"counter_key": key, "register_id": arguments.register, "lent": granted}))
    return 0


def show(arguments: Namespace) -> int:
    """A table or JSON lines; 1 when a counter was used beyond its total."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        rows = counters.report(connection)
    if arguments.json:
        for row in rows:
            print(json.dumps(row))
    elif rows:
        titles = tuple(rows[0])
        cells = [tuple(row.values()) for row in rows]
        print("\n".join(table(titles, cells, right=titles[3:])))
    return 1 if any(row["over"] for row in rows) else 0
