"""The embedded server lets nobody in without the password, as root and as anybody else."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from central.db.embedded import embedded
from central.db.migrate import migrate

pytestmark = pytest.mark.postgres


def rules_of(pgdata: Path) -> list[str]:
    lines = (pgdata / "pg_hba.conf").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def test_there_is_no_trust_and_every_door_is_narrow(postgres, postgres_dir):
    rules = rules_of(postgres_dir / "postgres")
    assert rules
    assert all(rule.split()[-1] == "scram-sha-256" for rule in rules)
    for path, mode in (
        (postgres_dir / "database.password", 0o600),
        (postgres_dir / "run", 0o700),
        (postgres_dir / "postgres", 0o700),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    password = (postgres_dir / "database.password").read_text()
    with psycopg.connect(postgres) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        role = "select rolsuper from pg_roles where rolname = current_user"
        assert connection.execute(role).fetchone() == (False,)
    for role in ("edge_central", "postgres"):
        wrong = postgres.replace(password, "wrong").replace("//edge_central", f"//{role}")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_migrations_run_once(database_url):
    assert migrate(database_url) == 0


def test_a_newer_schema_is_refused(database_url):
    from central.errors import SchemaTooNew

    with psycopg.connect(database_url) as connection:
        connection.execute("insert into migration values (9999, 'future', now())")
    try:
        with pytest.raises(SchemaTooNew, match="9999"):
            migrate(database_url)
    finally:
        with psycopg.connect(database_url) as connection:
            connection.execute("delete from migration where number = 9999")


def test_one_process_may_enter_twice(postgres, postgres_dir):
    with embedded(postgres_dir) as again:
        assert again == postgres
    with psycopg.connect(postgres) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_long_folder_name_gets_a_short_socket():
    with tempfile.TemporaryDirectory(prefix="centre-long-") as short:
        folder = Path(short) / ("x" * 100)
        with embedded(folder) as url, psycopg.connect(url) as connection:
            sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
            assert connection.execute("select 1").fetchone() == (1,)
            assert folder not in sockets.parents
            assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert not sockets.exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root to step down")
def test_it_works_without_root():
    """The interpreter itself may lie where others cannot read, so modules load before stepping
    down."""
    program = """
import os, pwd, sys, psycopg, central.db.embedded as it
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
import encodings.idna
nobody = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
with it.embedded(Path(sys.argv[1])) as url, psycopg.connect(url) as connection:
    print(connection.execute("select current_user").fetchone()[0], os.getuid() == nobody.pw_uid)
"""
    with tempfile.TemporaryDirectory(prefix="centre-nobody-") as folder:
        os.chmod(folder, 0o777)
        done = subprocess.run(
            [sys.executable, "-c", program, f"{folder}/data"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.split() == ["edge_central", "True"], done.stderr
        assert all("trust" not in rule for rule in rules_of(Path(folder) / "data" / "postgres"))
