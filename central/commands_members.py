"""Verbs about one person: `edge-central members export|erase|block|show|rebind|merge|adjust`."""

from __future__ import annotations

import argparse
import getpass
import json
import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from central import member_lives, people
from central.csv_file import BadRow, parse_hundredths
from central.db.bulk import Connection
from central.errors import BadInput
from central.instants import system_clock
from central.member_csv import card_token
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
        _add_why(verb)
    _add_lives(add, members, place)


def _add_lives(add: Add, members: Verbs, place: argparse.ArgumentParser) -> None:
    text = "points by where they rest, lots, rights, deeds; no name or phone"
    _add_person(add(members, place, "show", text, members_show))
    verb = add(members, place, "rebind", "give a member another card", members_rebind)
    _add_person(verb)
    verb.add_argument("--to-card", required=True, metavar="DIGITS")
    verb.add_argument("--drop-card", default="", metavar="DIGITS", help="the lost one")
    _add_why(verb)
    text = "one person has two numbers: carry everything over to the other"
    verb = add(members, place, "merge", text, members_merge)
    _add_person(verb)
    verb.add_argument("--into", type=int, required=True, metavar="ID")
    _add_why(verb)
    verb = add(members, place, "adjust", "give or take points", members_adjust)
    _add_person(verb)
    verb.add_argument("--bonuses", required=True, metavar="+N|-N", help="such as +12.50 or -3")
    verb.add_argument("--expires-on", type=date.fromisoformat, metavar="DATE")
    _add_why(verb)
    text = "let points run out of members who have bought nothing for so long"
    verb = add(members, place, "annul", text, members_annul)
    verb.add_argument("--inactive-days", type=int, required=True)
    _add_why(verb)


def _add_why(verb: argparse.ArgumentParser) -> None:
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


@contextmanager
def _one(arguments: Namespace) -> Iterator[tuple[Connection, int]]:
    """One transaction about the person that was named."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        member_id = people.find(
            connection, member_id=arguments.member, card=arguments.card, phone=arguments.phone
        )
        with connection.transaction():
            yield connection, member_id


def members_show(arguments: Namespace) -> int:
    """One JSON document."""
    with _one(arguments) as (connection, member_id):
        print(json.dumps(member_lives.show(connection, member_id), ensure_ascii=False, indent=1))
    return 0


def _token(digits: str) -> str:
    try:
        return card_token(digits)
    except BadRow as error:
        raise BadInput(error.reason, f"{digits} is no card: {error.reason}") from None


def members_rebind(arguments: Namespace) -> int:
    """Another card."""
    new, old = _token(arguments.to_card), _token(arguments.drop_card)
    now, author = system_clock(), _author(arguments)
    with _one(arguments) as (connection, member_id):
        member_lives.rebind(connection, member_id, new, old, now, author, arguments.reason)
    print(json.dumps({"member_id": member_id, "card": new, "dropped": old}))
    return 0


def members_merge(arguments: Namespace) -> int:
    """Two numbers become one; both are kept."""
    now, author = system_clock(), _author(arguments)
    with _one(arguments) as (connection, member_id):
        points = member_lives.merge(
            connection, member_id, arguments.into, now, author, arguments.reason
        )
    print(json.dumps({"member_id": member_id, "into": arguments.into, "moved_points": points}))
    return 0


def members_adjust(arguments: Namespace) -> int:
    """A correction."""
    text = arguments.bonuses
    try:
        points = parse_hundredths(text.lstrip("+-"), "bonuses") * (-1 if text[:1] == "-" else 1)
    except BadRow:
        raise BadInput("bad_points", f"{text}: +12.50 or -3 is expected") from None
    now, author = system_clock(), _author(arguments)
    with _one(arguments) as (connection, member_id):
        member_lives.adjust(
            connection, member_id, points, arguments.expires_on, now, author, arguments.reason
        )
    print(json.dumps({"member_id": member_id, "points": points}))
    return 0


def members_annul(arguments: Namespace) -> int:
    """Inactivity; what is lent or in a purse waits."""
    if arguments.inactive_days < 30:
        raise BadInput("bad_days", "at least 30 days of inactivity are expected")
    now, author = system_clock(), _author(arguments)
    before, members, points = now - timedelta(days=arguments.inactive_days), 0, 0
    with opened(arguments.data_dir, arguments.database_url) as connection:
        while True:
            with connection.transaction():
                done = member_lives.annul(connection, before, now, author, arguments.reason)
            members, points = members + done[0], points + done[1]
            if not done[0]:
                break
    print(json.dumps({"members": members, "points": points}))
    return 0
