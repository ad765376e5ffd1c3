"""Verbs about one person: `edge-central members export|erase|block|unblock`."""

from __future__ import annotations

import argparse
import getpass
import json
import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from central import people
from central.instants import system_clock
from central.place import opened
from central.snapshots import SNAPSHOT_DIR, drop_files

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]


def add_verbs(add: Add, members: Verbs, place: argparse.ArgumentParser) -> None:
    """The group's further commands."""
    text = "everything that is kept about a person, as JSON"
    export = add(members, place, "export", text, members_export)
    export.add_argument("--out", type=Path, metavar="FILE", help="a new file, mode 0600")
    _add_person(export)
    for name, text, work in (
        ("erase", "forget a person here and, by the feed, on every register", members_erase),
        ("block", "let a member spend nothing", members_block),
        ("unblock", "let a blocked member spend again", members_unblock),
    ):
        verb = add(members, place, name, text, work)
        _add_person(verb)
        verb.add_argument("--reason", required=True, help="kept; no names or phones here")
        verb.add_argument("--author", default="")


def _add_person(verb: argparse.ArgumentParser) -> None:
    who = verb.add_mutually_exclusive_group(required=True)
    who.add_argument("--member", type=int, metavar="ID")
    who.add_argument("--card", default="", metavar="DIGITS")
    who.add_argument("--phone", default="", metavar="E164")


def _author(arguments: Namespace) -> str:
    return str(arguments.author or getpass.getuser())


def members_export(arguments: Namespace) -> int:
    """One JSON document."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        member_id = people.find(
            connection, member_id=arguments.member, card=arguments.card, phone=arguments.phone
        )
        about = people.export(connection, member_id, system_clock())
    text = json.dumps(about, ensure_ascii=False, indent=1)
    if arguments.out is None:
        print(text)
    else:
        descriptor = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    return 0


def members_erase(arguments: Namespace) -> int:
    """Forget; saying it twice changes nothing."""
    now = system_clock()
    with opened(arguments.data_dir, arguments.database_url) as connection:
        member_id = people.find(
            connection, member_id=arguments.member, card=arguments.card, phone=arguments.phone
        )
        people.remember_erased(arguments.data_dir, member_id)
        with connection.transaction():
            done = people.erase(connection, member_id, now, _author(arguments), arguments.reason)
        people.wipe_traces(connection)
    drop_files(arguments.data_dir / SNAPSHOT_DIR)
    print(json.dumps({"member_id": member_id, "erased": True, "was_erased": not done}))
    return 0


def members_block(arguments: Namespace) -> int:
    """Stop a member's spending."""
    return _block(arguments, on=True)


def members_unblock(arguments: Namespace) -> int:
    """Let a member spend again."""
    return _block(arguments, on=False)


def _block(arguments: Namespace, *, on: bool) -> int:
    now = system_clock()
    with opened(arguments.data_dir, arguments.database_url) as connection:
        member_id = people.find(
            connection, member_id=arguments.member, card=arguments.card, phone=arguments.phone
        )
        with connection.transaction():
            people.block(connection, member_id, now, _author(arguments), arguments.reason, on=on)
    print(json.dumps({"member_id": member_id, "blocked": on}))
    return 0
