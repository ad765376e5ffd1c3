"""Verbs about redemption offline: `edge-central purse …`, `policy show|set`, `offline-loss`."""

from __future__ import annotations

import argparse
import getpass
import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from central import offline_loss, policies, purse_keys, purses
from central.deeds import note_deed
from central.errors import BadInput, KeysUnusable
from central.instants import system_clock
from central.place import opened
from central.policy_cli import policy_with
from central.tables import table
from sync.contract.rights import PurseRequest

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]


def add_verbs(add: Add, verbs: Verbs, policy: Verbs, place: argparse.ArgumentParser) -> None:
    """All groups."""
    add(policy, place, "show", "the policy in force", policy_show)
    verb = add(policy, place, "set", "put figures of the policy in force", policy_set)
    verb.add_argument(
        "--set", action="append", required=True, metavar="NAME=NUMBER", help="may be repeated"
    )
    _signed(verb)
    _add_purse(add, verbs, place)
    text = "what redemption offline has cost, or the receipts behind it"
    verb = add(verbs, place, "offline-loss", text, show_loss)
    verb.add_argument("--by", default="layer,store,day", help="of layer,store,day,member,register")
    verb.add_argument("--since", type=_instant, metavar="TIME", help="ISO 8601")
    verb.add_argument("--member", type=int, metavar="ID", help="every receipt of one member")
    verb.add_argument("--twice", action="store_true", help="purses used twice, with receipts")
    verb.add_argument("--json", action="store_true")
    text = "book overdrafts that are older as the programme's loss; the service does so by itself"
    verb = add(verbs, place, "write-off", text, write_off)
    verb.add_argument("--days", type=int, default=offline_loss.WRITE_OFF_AFTER.days)
    _signed(verb)


def _add_purse(add: Add, verbs: Verbs, place: argparse.ArgumentParser) -> None:
    text = "signed purses that the member's page shows"
    parser = verbs.add_parser("purse", help=text, description=text)
    purse = parser.add_subparsers(required=True, metavar="COMMAND")
    verb = add(purse, place, "issue", "a code for one member, as the page would get it", issue)
    who = verb.add_mutually_exclusive_group(required=True)
    who.add_argument("--member", type=int, metavar="ID")
    who.add_argument("--card", default="", metavar="DIGITS")
    verb.add_argument("--store", action="append", default=[], help="three at most")
    verb.add_argument("--chain-end", default="", metavar="HEX", help="make it a moving code")
    verb = add(purse, place, "token", "the bearer token of the page", token)
    verb.add_argument("--renew", action="store_true", help="a new one; restart the service then")
    text = "keys that sign purses"
    parser = purse.add_parser("key", help=text, description=text)
    key = parser.add_subparsers(required=True, metavar="COMMAND")
    verb = add(key, place, "init", "make a key and tell registers of it", key_init)
    verb.add_argument("--rotate", action="store_true", help="a second key, which signs from now")
    _signed(verb)
    verb = add(key, place, "drop", "let registers trust a key no longer", key_drop)
    verb.add_argument("--key", required=True)
    _signed(verb)
    add(key, place, "list", "valid keys, the signing one first", key_list)


def _signed(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--reason", required=True)
    verb.add_argument("--author", default="")


def _author(arguments: Namespace) -> str:
    return str(arguments.author or getpass.getuser())


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.astimezone()


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


# --- policy -----------------------------------------------------------------------------------


def policy_show(arguments: Namespace) -> int:
    """One JSON object."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        _print(asdict(policies.active(connection)))
    return 0


def policy_set(arguments: Namespace) -> int:
    """Figures over those in force."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        policy = policy_with(policies.active(connection), arguments.set)
        sequence, _ = policies.put(
            connection, policy, system_clock(), _author(arguments), arguments.reason
        )
    _print({"sequence": sequence, **asdict(policy)})
    return 0


# --- purses -----------------------------------------------------------------------------------


def issue(arguments: Namespace) -> int:
    """The reply of `POST /v1/purses`; 1 when there is no code, with its reason."""
    keys = purse_keys.load(arguments.data_dir)
    if not keys:
        raise KeysUnusable("there is no purse key: `edge-central purse key init` makes one")
    try:
        request = PurseRequest(
            member_id=arguments.member,
            card=arguments.card,
            stores=arguments.store,
            chain_end=arguments.chain_end,
        )
    except ValueError as error:
        raise BadInput("bad_purse", str(error).splitlines()[0]) from None
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        policy = policies.active(connection)
        reply = purses.issue(connection, keys[0], request, system_clock(), policy)
    print(reply.model_dump_json())
    return 0 if reply.text else 1


def token(arguments: Namespace) -> int:
    """The secret itself: for the server of the page and nobody else."""
    # The web framework costs half a second to load; only this command needs it.
    from central.page import page_token

    _print({"token": page_token(arguments.data_dir, renew=arguments.renew)})
    return 0


def key_init(arguments: Namespace) -> int:
    """Make a key."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        key = purse_keys.create(
            connection,
            arguments.data_dir,
            system_clock(),
            _author(arguments),
            arguments.reason,
            rotate=arguments.rotate,
        )
    _print({"created_at": key.created_at, **key.public.model_dump()})
    return 0


def key_drop(arguments: Namespace) -> int:
    """End a key."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        purse_keys.drop(
            connection,
            arguments.data_dir,
            arguments.key,
            system_clock(),
            _author(arguments),
            arguments.reason,
        )
    _print({"key_id": arguments.key, "dropped": True})
    return 0


def key_list(arguments: Namespace) -> int:
    """Public halves."""
    for number, key in enumerate(purse_keys.load(arguments.data_dir)):
        _print({**key.public.model_dump(), "created_at": key.created_at, "signs": number == 0})
    return 0


# --- loss -------------------------------------------------------------------------------------


def show_loss(arguments: Namespace) -> int:
    """A table or JSON lines; 1 when a layer that can lose nothing has lost."""
    by = tuple(name for name in arguments.by.split(",") if name)
    if unknown := set(by) - set(offline_loss.BY):
        raise BadInput("unknown_group", f"{sorted(unknown)[0]} is none of {offline_loss.BY}")
    with opened(arguments.data_dir, arguments.database_url) as connection:
        sound = {"lease", "online"}
        broken = any(row["layer"] in sound for row in offline_loss.report(connection, ("layer",)))
        if arguments.twice:
            rows = offline_loss.purses_used_twice(connection)
        elif arguments.member is not None:
            rows = offline_loss.receipts(connection, arguments.member)
        else:
            rows = offline_loss.report(connection, by, arguments.since)
    if arguments.json or arguments.twice:
        for row in rows:
            _print(row)
    elif not rows:
        print("nothing was lost")
    else:
        titles = tuple(rows[0])
        cells = [tuple(_cell(name, row[name]) for name in titles) for row in rows]
        numbers = tuple(name for name in titles if "points" in name or name == "overdrafts")
        print("\n".join(table(titles, cells, right=numbers)))
    return 1 if broken else 0


def _cell(name: str, value: Any) -> str:
    """Points as bonuses."""
    return f"{value / 100:.2f}" if name.endswith("points") else str(value)


def write_off(arguments: Namespace) -> int:
    """Transfer to the loss account."""
    now, count = system_clock(), 0
    after = timedelta(days=max(1, arguments.days))
    with opened(arguments.data_dir, arguments.database_url) as connection:
        while True:
            with connection.transaction():
                done = offline_loss.write_off(connection, now, after)
            count += done
            if not done:
                break
        if count:
            author = _author(arguments)
            note_deed(connection, now, author, "write_off", f"{count} members", arguments.reason)
    _print({"members": count, "older_than_days": after.days})
    return 0
