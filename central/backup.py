"""Copies of the database, and the way back from one.

A backup is what `pg_dump` writes (custom format, one consistent snapshot, made beside a running
service) and a manifest with its digest. The programme's private keys are no part of it. A restore
keeps the present rows aside until the backup's are in place, takes over what must not be
forgotten (revocations, registers and keys, erased persons, published rules, terms of hubs, open
purses) and begins a new life.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from central.carried_purses import carry_purses
from central.db.bulk import Connection
from central.db.embedded import wheel_programs
from central.db.migrate import migrate, migrations
from central.db.session import connect
from central.deeds import note_deed
from central.errors import BadInput, DatabaseUnavailable
from central.feed import incarnation_of
from central.forgotten_purses import forget_now
from central.instants import to_text
from central.lives import awaited_registers, begin_new_life
from central.people import erase_again

RUN_LOCK = 5_260_871_006
"""Held shared by every running service, alone by a restore."""
_CHUNK = 1024 * 1024
_DEBIAN = Path("/usr/lib/postgresql")
_BEFORE = "before_restore"
_CARRIED = """
insert into public.store select * from {before}.store on conflict do nothing;
insert into public.register select * from {before}.register on conflict do nothing;
update public.register set epoch = greatest(register.epoch, old.epoch),
    revoked_at = coalesce(register.revoked_at, old.revoked_at),
    revoked_reason = case when register.revoked_at is null then old.revoked_reason
                          else register.revoked_reason end
from {before}.register old where old.register_id = register.register_id;
insert into public.register_epoch
    (register_id, epoch, public_key, machine, enrolled_at, head_seq, head_hash)
select register_id, epoch, public_key, machine, enrolled_at, 0, decode(repeat('00', 32), 'hex')
from {before}.register_epoch on conflict do nothing;
insert into public.applied
select register_id, epoch, 0 from {before}.register_epoch on conflict do nothing;
insert into public.bundle select * from {before}.bundle on conflict do nothing;
insert into public.kill_list select * from {before}.kill_list on conflict do nothing;
insert into public.deed select * from {before}.deed on conflict do nothing;
insert into public.offline_policy select * from {before}.offline_policy on conflict do nothing;
insert into public.purse_key select * from {before}.purse_key on conflict do nothing;
delete from public.hub_term;
insert into public.hub_term select * from {before}.hub_term;
insert into public.change as here select * from {before}.change
    where member_id = 0 and kind in ('hub_term', 'offline_policy', 'purse_key')
on conflict (member_id, kind, key) do update
    set version = excluded.version, is_deleted = excluded.is_deleted, body = excluded.body
    where excluded.version > here.version;
"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup file is: `sha256` and `size` are of its exact bytes."""

    file: str
    taken_at: str
    incarnation: str
    migration: int
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Restored:
    """The new life: its incarnation, and the registers whose reports are awaited."""

    incarnation: str
    awaited: Sequence[str]
    carried_over: bool
    erased_again: int


def backup(url: str, target: Path, now: datetime) -> Manifest:
    """Write a backup to a file, or under its own name into a folder; complete or not there."""
    if target.is_dir():
        target = target / f"centre-{now:%Y%m%dT%H%M%SZ}.dump"
    if not target.parent.is_dir():
        raise BadInput("no_such_folder", f"{target.parent} is not a folder")
    part = target.with_name(f"{target.name}.part")
    with connect(url) as connection:
        incarnation = incarnation_of(connection)
    arguments = ["--format=custom", "--schema=public", "--no-owner", "--no-privileges"]
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        _program("pg_dump", url, *arguments, f"--file={part}")
        digest = _digest(part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    manifest = Manifest(
        target.name,
        to_text(now),
        incarnation,
        migrations()[-1][0],
        digest,
        target.stat().st_size,
    )
    _manifest_of(target).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
    return manifest


def check(source: Path, url: str) -> None:
    """`BadInput` unless the file is a whole backup, of the bytes that its manifest names, and
    one that the server's own programs read."""
    if not source.is_file():
        raise BadInput("no_such_file", f"{source} is not a file")
    manifest = _manifest_of(source)
    if manifest.is_file():
        try:
            wanted = json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
        except (ValueError, LookupError, TypeError):
            raise BadInput("bad_manifest", f"{manifest} is not a manifest") from None
        if _digest(source) != wanted:
            raise BadInput("damaged_backup", f"{source} does not fit its manifest")
    try:
        _run([_find("pg_restore", _major(url)), "--list", str(source)], dict(os.environ))
    except DatabaseUnavailable as error:
        raise BadInput("not_a_backup", f"{source}: {error}") from None


def restore(url: str, source: Path, erased_file: Path, now: datetime, author: str) -> Restored:
    """Put a backup in the place of what is there. The present rows are lost in the end, and
    come back at once when the restore fails. `BadInput` `busy` while a service runs."""
    check(source, url)
    with connect(url) as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", [RUN_LOCK]).fetchone()
        if row is None or not row[0]:
            raise BadInput("busy", "stop every edge-central of this database first")
        _set_aside(connection)
        try:
            arguments = ["--schema=public", "--no-owner", "--no-privileges", "--exit-on-error"]
            _program("pg_restore", url, *arguments, "--single-transaction", str(source))
            migrate(url)
            restored = _revive(connection, source, erased_file, now, author)
        except BaseException:
            with suppress(DatabaseUnavailable):
                _bring_back(connection)
            raise
        _drop(connection, _BEFORE)
        connection.execute("vacuum analyze change")
    return restored


def _revive(
    connection: Connection, source: Path, erased_file: Path, now: datetime, author: str
) -> Restored:
    with connection.transaction():
        carried = _has_same_tables(connection)
        if carried:
            connection.execute(sql.SQL(_CARRIED).format(before=sql.Identifier(_BEFORE)).as_bytes())
        incarnation = begin_new_life(connection, now)
        if carried and carry_purses(connection, _BEFORE, now):
            forget_now(connection)
        erased = _erased_ids(connection, erased_file, carried=carried)
        again = erase_again(connection, erased, now)
        note_deed(connection, now, author, "restore", source.name, incarnation)
        return Restored(incarnation, awaited_registers(connection), carried, again)


def _has_same_tables(connection: Connection) -> bool:
    """Whether what was there is a centre of the present schema: then it is asked what must not
    be forgotten."""
    row = connection.execute(
        "select to_regclass(%s) is not null", [f"{_BEFORE}.migration"]
    ).fetchone()
    if row is None or not row[0]:
        return False
    query = sql.SQL("select coalesce(max(number), 0) from {}.migration")
    found = connection.execute(query.format(sql.Identifier(_BEFORE))).fetchone()
    return found is not None and found[0] == migrations()[-1][0]


def _erased_ids(connection: Connection, erased_file: Path, *, carried: bool) -> list[int]:
    ids = set()
    if erased_file.exists():
        ids |= {int(line) for line in erased_file.read_text().split() if line.isdecimal()}
    if carried:
        query = sql.SQL("select member_id from {}.member where erased_at is not null")
        rows = connection.execute(query.format(sql.Identifier(_BEFORE)))
        ids |= {row[0] for row in rows}
    return sorted(ids)


def _set_aside(connection: Connection) -> None:
    _drop(connection, _BEFORE)
    with connection.transaction():
        connection.execute(
            sql.SQL("alter schema public rename to {}").format(sql.Identifier(_BEFORE))
        )
        connection.execute("create schema public")


def _bring_back(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("drop schema public cascade")
        connection.execute(
            sql.SQL("alter schema {} rename to public").format(sql.Identifier(_BEFORE))
        )


def _drop(connection: Connection, schema: str) -> None:
    connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))


def _manifest_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _program(name: str, url: str, *arguments: str) -> None:
    """Run a PostgreSQL program; the password goes by the environment, never by the command line."""
    parts: dict[str, Any] = conninfo_to_dict(url)
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", "") or "")}
    command = [_find(name, _major(url)), f"--dbname={make_conninfo(**parts)}", *arguments]
    _run(command, environment)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        name = Path(command[0]).name
        raise DatabaseUnavailable(f"{name} failed: {done.stderr.strip()[-1000:]}")


def _find(name: str, major: int) -> str:
    """The program, of the server's own major version: an older one does not read it, and what a
    newer one writes an older server does not take."""
    candidates = [shutil.which(name), str(_DEBIAN / str(major) / "bin" / name)]
    with suppress(DatabaseUnavailable):
        candidates.insert(0, str(wheel_programs() / name))
    for candidate in candidates:
        if candidate is None or not Path(candidate).exists():
            continue
        done = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        found = re.search(r" (\d+)", done.stdout)
        if found and major == int(found[1]):
            return candidate
    raise BadInput("no_program", f"{name} of PostgreSQL {major} is not installed")


def _major(url: str) -> int:
    with connect(url) as connection:
        return connection.info.server_version // 10_000
