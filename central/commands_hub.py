"""Verbs about store hubs: `edge-central hub name|end|show`."""

from __future__ import annotations

import argparse
import getpass
import json
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from central import hub_terms
from central.errors import BadInput
from central.instants import system_clock
from central.keys import load_keys
from central.place import opened
from sync.contract.rights import HubTerm

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
    Add = Callable[..., argparse.ArgumentParser]


def add_verbs(add: Add, hub: Verbs, place: argparse.ArgumentParser) -> None:
    """The group's commands."""
    text = "make a register its store's hub, or renew its term with the registers of today"
    name = add(hub, place, "name", text, hub_name)
    name.add_argument("--store", required=True)
    name.add_argument("--register", required=True)
    name.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="REGISTER=HOST:PORT",
        help="where a register is reached on the LAN; once for each",
    )
    name.add_argument(
        "--stand-in",
        default="",
        metavar="REGISTER",
        help="a register that listens too and takes over while the hub is silent",
    )
    end = add(hub, place, "end", "let a store be without a hub", hub_end)
    end.add_argument("--store", required=True)
    for verb in (name, end):
        verb.add_argument("--reason", required=True)
        verb.add_argument("--author", default="")
    add(hub, place, "show", "terms in force", hub_show)


def _author(arguments: Namespace) -> str:
    return str(arguments.author or getpass.getuser())


def _addresses(values: list[str]) -> dict[str, str]:
    found = {}
    for value in values:
        register, _, address = value.partition("=")
        host, _, port = address.rpartition(":")
        if not (register and host and port.isdecimal() and 0 < int(port) <= 65535):
            raise BadInput("bad_address", f"{value!r} is not REGISTER=HOST:PORT")
        found[register] = address
    return found


def hub_name(arguments: Namespace) -> int:
    """A new term; registers hear of it by the feed."""
    keys = load_keys(arguments.data_dir)
    if not keys:
        raise BadInput("no_key", "there is no signing key: edge-central keys init")
    addresses = _addresses(arguments.address)
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        term = hub_terms.name_hub(
            connection,
            arguments.store,
            arguments.register,
            addresses,
            keys[0],
            author=_author(arguments),
            reason=arguments.reason,
            now=system_clock(),
            stand_in=arguments.stand_in,
        )
    print(json.dumps(_line(term)))
    return 0


def hub_end(arguments: Namespace) -> int:
    """No hub from now on."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        done = hub_terms.end_hub(
            connection,
            arguments.store,
            author=_author(arguments),
            reason=arguments.reason,
            now=system_clock(),
        )
    print(json.dumps({"store": arguments.store, "ended": done}))
    return 0


def hub_show(arguments: Namespace) -> int:
    """One line for each store with a hub."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        for term in hub_terms.terms(connection):
            peers = {peer.register_id: peer.address for peer in term.peers}
            print(json.dumps({**_line(term), "not_after": term.not_after, "peers": peers}))
    return 0


def _line(term: HubTerm) -> dict[str, object]:
    line: dict[str, object] = {"store": term.store_id, "hub": term.register_id, "term": term.term}
    said = {"stand_in": term.stand_in, "stands_for": term.stands_for}
    return line | {name: value for name, value in said.items() if value}
