"""A new register's file made at the centre: its time and memory for a million members.

`python -m bench.snapshots [--members 1000000]`. PostgreSQL holds members with a name, a lot, a
card and a phone; one in three hundred shops at the store's own tills and has purchases. The file
is made by the centre's own `Snapshots` in a process of its own, whose peak memory is compared
with what it took before. Beside it: the same rows read from PostgreSQL and thrown away, and a
finished file's rows copied into a new file, which is what no way of making could leave out.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg

from bench.report import Row, finish
from central import enrolment, snapshots
from central.changes import EVERYONE
from central.db.embedded import embedded
from central.db.migrate import migrate
from central.db.session import connect, open_pool
from central.errors import DatabaseUnavailable
from central.instants import system_clock
from central.snapshots import Snapshots
from sync.contract.cache_format import FORMAT, PAGE_BYTES, SCHEMA
from sync.serving.port import Caller, Refused

MEMBERS = 1_000_000
BUDGET_MIB = 64.0
BUDGET_TIMES = 4.0
STORE = "S1"
_CALLER = Caller("R1", STORE, 1, True)
_FILL = (
    """
    insert into member (member_id, feed_name, home_store, created_at)
    select id * 9000000, 'Олена К.', case when id %% 300 = 0 then 'S1' else 'S2' end, now()
    from generate_series(1::bigint, %s) id
    """,
    """
    insert into person (member_id, name, phone)
    select id * 9000000, 'Олена Коваленко', '+380' || lpad(id::text, 9, '5')
    from generate_series(1::bigint, %s) id
    """,
    """
    insert into change (member_id, kind, key, scope, version, is_deleted, body, xid, id)
    select id * 9000000, 'member', (id * 9000000)::text, '*', 1 + id %% 150, false,
           jsonb_build_object('member_id', id * 9000000, 'name', 'Олена К.', 'birthday', null,
             'tier', case id %% 3 when 0 then 'gold' else '' end, 'groups', '[]'::jsonb,
             'balance_points', id %% 50000, 'pending_points', 0, 'is_blocked', false,
             'lots', jsonb_build_array(
               jsonb_build_object('points', id %% 50000, 'expires_on', '2027-05-31')),
             'purchases', case when id %% 300 = 0 then jsonb_build_array(jsonb_build_object(
               'at', '2026-11-22T09:00:00.000Z', 'total_minor', 13650, 'items',
               jsonb_build_array('Хліб', 'Молоко'))) else '[]'::jsonb end,
             'purchases_count', id %% 9, 'segments', '[]'::jsonb, 'coupons', '[]'::jsonb,
             'last_purchase_on', null),
           pg_current_xact_id(), id
    from generate_series(1::bigint, %s) id
    """,
    """
    insert into change (member_id, kind, key, scope, version, is_deleted, body, xid, id)
    select id * 9000000, 'token', 'card:042' || lpad(id::text, 10, '0'), '*', 1, false,
           jsonb_build_object('member_id', id * 9000000), pg_current_xact_id(), id
    from generate_series(1::bigint, %s) id
    """,
    """
    insert into change (member_id, kind, key, scope, version, is_deleted, body, xid, id)
    select id * 9000000, 'phone', (id * 9000000)::text, '*', 1, false, '{}',
           pg_current_xact_id(), id
    from generate_series(1::bigint, %s) id
    """,
)


def fill(url: str, members: int) -> None:
    """The store and its members."""
    with connect(url) as connection:
        with connection.transaction():
            enrolment.create_code(connection, STORE, "R1", "", 1, system_clock())
        for statement in _FILL:
            connection.execute(statement, [members])
        connection.execute("vacuum analyze")


def memory_kb(name: str) -> int:
    """`VmRSS` or `VmHWM` of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"no {name}")


def make(url: str, folder: Path) -> None:
    """In a process of its own: make the file, print what it took."""
    pool = open_pool(url, 2)
    made = Snapshots(pool, folder, system_clock)
    with pool.connection() as connection:
        connection.execute("select 1")
    before_kb, began = memory_kb("VmRSS"), time.perf_counter()
    while True:
        try:
            info = made.newest(_CALLER, FORMAT)
            break
        except Refused:
            time.sleep(0.05)
    took_s = time.perf_counter() - began
    made.stop()
    pool.close()
    grown_kb = memory_kb("VmHWM") - before_kb
    print(json.dumps({"took_s": took_s, "kb": grown_kb, "rows": info.rows, "size": info.size}))


def bare_read_s(url: str) -> float:
    """The rows of the file, read and thrown away."""
    began = time.perf_counter()
    queries = ((snapshots._EVERYBODYS, [EVERYONE]), (snapshots._PHONES, []))
    with psycopg.connect(url) as connection:
        for query, parameters in queries:
            with connection.cursor("bare") as cursor:
                cursor.itersize = 2_000
                cursor.execute(query.encode(), parameters)
                for _ in cursor:
                    pass
    return time.perf_counter() - began


def bare_copy_s(finished: Path, target: Path) -> float:
    """The finished file's rows into a new file of the same tables."""
    began = time.perf_counter()
    with closing(sqlite3.connect(target, isolation_level=None)) as out:
        out.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        out.execute("PRAGMA journal_mode = OFF")
        out.execute("PRAGMA synchronous = OFF")
        out.executescript(SCHEMA)
        with closing(sqlite3.connect(finished)) as source:
            for table in ("member", "token", "phone"):
                rows = source.execute(f"SELECT * FROM {table}")
                width = len(rows.description)
                out.execute("BEGIN")
                out.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * width)})", rows)
                out.execute("COMMIT")
    return time.perf_counter() - began


def measured(folder: Path, members: int) -> list[Row]:
    """Both rows."""
    with embedded(folder / "centre") as url:
        migrate(url)
        fill(url, members)
        files = folder / "files"
        ran = subprocess.run(
            [sys.executable, "-m", "bench.snapshots", "--make", url, "--folder", str(files)],
            check=True,
            capture_output=True,
            text=True,
        )
        told = json.loads(ran.stdout)
        if told["rows"] != 3 * members:
            raise AssertionError(f"{told['rows']} rows of {3 * members}")
        bare_s = bare_read_s(url) + bare_copy_s(next(files.glob("*.db")), folder / "copy.db")
    size = told["size"] / 1024 / 1024
    what = f"{members:,} members, {told['rows']:,} rows, file of {size:.0f} MiB"
    beside = f"{told['took_s']:.1f} s beside {bare_s:.1f} s of reading and writing alone"
    return [
        Row(
            "snapshot made beside its bare rows", told["took_s"] / bare_s, BUDGET_TIMES, "x", beside
        ),
        Row("memory while it is made", told["kb"] / 1024, BUDGET_MIB, "MiB", what),
    ]


def main() -> int:
    """The bench, or one making for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.make, arguments.folder)
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="bench-snapshots-") as folder:
            rows = measured(Path(folder), arguments.members)
    except (DatabaseUnavailable, OSError) as why:
        print(f"snapshots: could not run: {why}")
        return 2
    return finish("snapshots", rows)


if __name__ == "__main__":
    sys.exit(main())
