"""The verbs of `edge-central`: each takes parsed arguments and returns an exit code."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from central import enrolment, garbage, keys, logs, reports
from central.audit import check_books
from central.code_sender import ProgramSender
from central.db import embedded
from central.errors import BadInput
from central.goods_import import import_goods
from central.instants import system_clock, to_text
from central.member_import import import_members
from central.place import database, opened, remember_database
from central.snapshots import SNAPSHOT_DIR

if TYPE_CHECKING:
    from central.server import Tls

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _note(text: str) -> None:
    print(f"edge-central: {text}", file=sys.stderr)


def _progress() -> Callable[[int], None]:
    """Rows done, on one line, when somebody is watching."""
    if not sys.stderr.isatty():
        return lambda _rows: None

    def show(rows: int) -> None:
        print(f"\r{rows} rows", end="", file=sys.stderr, flush=True)

    return show


# --- service ----------------------------------------------------------------------------------


def run(arguments: Namespace) -> int:
    """Serve until SIGTERM; one JSON line with the URL says that it listens."""
    # The web framework costs half a second to load; only this command needs it.
    from central import server

    server.unwind_on_sigterm()
    logs.configure(arguments.log_level)
    now = system_clock()
    if not keys.load_keys(arguments.data_dir):
        created = keys.create_key(arguments.data_dir, now)
        _note(f"made the programme's key {created.key_id}")
    own_keys = keys.load_keys(arguments.data_dir)
    programme_keys = [key.public for key in own_keys]
    tls = _tls(arguments)
    if arguments.host not in LOOPBACK and tls is None:
        _note("registers accept plain HTTP on loopback only: give --tls-cert, or put TLS in front")
    listening = server.bind(arguments.host, arguments.port)
    remember_database(arguments.data_dir, arguments.database_url)
    with (
        listening,
        database(arguments.data_dir, arguments.database_url) as url,
        server.wired(
            url,
            programme_keys,
            database_server=embedded.running(arguments.data_dir),
            snapshot_dir=arguments.data_dir / SNAPSHOT_DIR,
            code_sender=ProgramSender(arguments.code_program) if arguments.code_program else None,
            term_key=own_keys[0],
        ) as (
            app,
            board,
        ),
        _page(arguments, url, tls) as page_url,
    ):
        garbage.collect_seldom()
        known = {"page_url": page_url} if page_url else {}
        server.serve(app, board, listening, lambda address: _print({"url": address, **known}), tls)
    return 0


@contextmanager
def _page(arguments: Namespace, url: str, tls: Tls | None) -> Iterator[str]:
    """The listener of the member's page, when one is asked for; its address or ""."""
    if arguments.page_port is None:
        yield ""
        return
    from central import page, server

    listening = server.bind(arguments.page_host, arguments.page_port)
    with listening, page.served(url, arguments.data_dir, listening, tls) as address:
        yield address


def _tls(arguments: Namespace) -> Tls | None:
    from central.server import Tls

    certificate, key = arguments.tls_cert, arguments.tls_key
    if (certificate is None) != (key is None):
        raise BadInput("bad_tls", "--tls-cert and --tls-key go together")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise BadInput("bad_tls", f"{path} is not a file")
    return Tls(certificate, key) if certificate else None


# --- keys, registers --------------------------------------------------------------------------


def keys_init(arguments: Namespace) -> int:
    """Make a signing key."""
    key = keys.create_key(arguments.data_dir, system_clock(), rotate=arguments.rotate)
    _print({"created_at": key.created_at, **key.public.model_dump()})
    return 0


def keys_list(arguments: Namespace) -> int:
    """Public keys, the signing one first."""
    for number, key in enumerate(keys.load_keys(arguments.data_dir)):
        public = key.public.model_dump()
        _print({**public, "created_at": key.created_at, "signs": number == 0})
    return 0


def enrol_code(arguments: Namespace) -> int:
    """A one-time code; it is shown here and nowhere else."""
    with (
        opened(arguments.data_dir, arguments.database_url) as connection,
        connection.transaction(),
    ):
        code, expires_at = enrolment.create_code(
            connection,
            arguments.store,
            arguments.register,
            arguments.store_name,
            arguments.ttl_hours,
            system_clock(),
        )
    _print(
        {
            "code": code,
            "store_id": arguments.store,
            "register_id": arguments.register,
            "expires_at": to_text(expires_at),
        }
    )
    return 0


def revoke(arguments: Namespace) -> int:
    """Shut a register out."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        enrolment.revoke(connection, arguments.register, arguments.reason, system_clock())
    _print({"register_id": arguments.register, "revoked": True})
    return 0


# --- imports ----------------------------------------------------------------------------------


def members_import(arguments: Namespace) -> int:
    """Take members in; 1 when rows were rejected."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        result = import_members(
            connection,
            arguments.file,
            system_clock(),
            dry_run=arguments.dry_run,
            on_progress=_progress(),
        )
    _print({**asdict(result), "dry_run": arguments.dry_run})
    return 1 if result.rejected else 0


def goods_import(arguments: Namespace) -> int:
    """Take goods in; 1 when rows were rejected."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        result = import_goods(connection, arguments.file, on_progress=_progress())
    _print(asdict(result))
    return 1 if result.rejected else 0


# --- reports ----------------------------------------------------------------------------------


def export_sales(arguments: Namespace) -> int:
    """Bodies of sales, one line each."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        for line in reports.sales(connection, arguments.since):
            print(line)
    return 0


def export_balances(arguments: Namespace) -> int:
    """Every member's balance, one line each."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        for line in reports.balances(connection):
            print(line)
    return 0


def audit(arguments: Namespace) -> int:
    """Recompute the books; 1 when something does not add up."""
    with opened(arguments.data_dir, arguments.database_url) as connection:
        found = check_books(connection)
    if arguments.json:
        _print(found)
    else:
        print("books are sound" if found["ok"] else "books are NOT sound")
        print("\n".join(f"{name:<12} {total}" for name, total in found["totals"].items()))
        for name, rows in found["findings"].items():
            for row in rows:
                print(f"{name}: {row}")
    return 0 if found["ok"] else 1
