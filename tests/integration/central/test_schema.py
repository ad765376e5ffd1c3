"""The schema can be spread over machines: what a cluster would refuse is found here."""

import tempfile
from datetime import date
from pathlib import Path

import psycopg
import pytest

from central.db.embedded import embedded, wheel_programs
from central.db.migrate import migrate, migrations
from central.db.partitions import ensure_partitions, partitions
from central.db.placement import DISTRIBUTION, faults

pytestmark = pytest.mark.postgres


def servers():
    """`bin` folders: the wheel's, and PostgreSQL 15 where Debian puts it."""
    debian = Path("/usr/lib/postgresql/15/bin")
    return [wheel_programs(), *([debian] if (debian / "initdb").exists() else [])]


def test_a_cluster_would_take_the_schema(db):
    db.execute("drop table if exists naive_row")
    assert faults(db) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("create unique index bad on sale (sale_id)", "sale: key bad lacks member_id"),
        ("alter table token add unique (member_id)", "token: key token_member_id_key lacks"),
        ("create table stray (n integer)", "stray: nobody said where it lies"),
        ("alter table lot drop constraint lot_pkey", "lot: no key at all"),
        (
            "alter table subject add foreign key (member_id) references member",
            "subject: foreign key subject_member_id_fkey reaches member",
        ),
        ("create sequence next_id", "public: next_id: a sequence"),
        ("create trigger t after insert on leg execute function f()", "leg: t: a trigger"),
    ],
)
def test_what_a_cluster_would_refuse_is_named(db, statement, fault):
    with db.transaction(force_rollback=True):
        db.execute(
            "create function f() returns trigger language plpgsql as 'begin return new; end'"
        )
        db.execute(statement)
        found = faults(db)
        assert any(each.startswith(fault) for each in found), found


def test_rows_of_an_old_database_move_into_their_months(postgres):
    """A database of the first versions, filled, then migrated: nothing is lost on the way."""
    steps = migrations()
    name = "centre_of_old"
    with psycopg.connect(postgres, autocommit=True) as setup:
        setup.execute(f"drop database if exists {name}")
        setup.execute(f"create database {name}")
    url = postgres.replace("/edge_central?", f"/{name}?")
    with psycopg.connect(url) as old:
        old.execute(
            "create table migration"
            " (number integer primary key, name text not null, applied_at timestamptz not null)"
        )
        for number, title, text in steps[:3]:
            old.execute(text.encode())
            old.execute("insert into migration values (%s, %s, now())", [number, title])
        old.execute(
            "insert into inbox select 'R1', 1, n, 'sale', '{}', 'p', 'h', 'applied', '',"
            " timestamptz '2026-11-22T09:00Z' - n * interval '20 days'"
            " from generate_series(1, 9) n"
        )
        old.execute(
            "insert into register_epoch values ('R1', 1, 'k', 'm', now(), 9, 'h');"
            "insert into entry (member_id, entry_id, kind, posted_at)"
            " select n, gen_random_uuid(), 'accrual', now() from generate_series(1, 9) n;"
            "insert into leg select member_id, entry_id, 'available', 5 from entry;"
            "insert into allocation select member_id, entry_id, 0, 'l', 'issued', 'available', 5,"
            " '2099-01-01', '2099-01-01' from entry"
        )
    assert migrate(url) == len(steps) - 3
    with psycopg.connect(url) as new:
        for table in ("inbox", "fact", "entry", "leg", "allocation"):
            assert new.execute(f"select count(*) from {table}").fetchone() == (9,)
        assert new.execute("select register_id, epoch, seq from applied").fetchall() == [
            ("R1", 1, 9)
        ]
        ensure_partitions(new, date(2026, 6, 1))
        months = partitions(new, "fact_body")
        assert date(2026, 6, 1) in months
        early = new.execute(f"select count(*) from {months[date(2026, 6, 1)]}").fetchone()
        assert early == (1,)
        assert new.execute("select count(*) from inbox").fetchone() == (9,)
        assert faults(new) == []
    with psycopg.connect(postgres, autocommit=True) as setup:
        setup.execute(f"drop database {name}")


def test_every_distributed_table_exists(db):
    rows = db.execute("select table_name from information_schema.tables").fetchall()
    assert DISTRIBUTION.keys() <= {row[0] for row in rows}


def test_the_schema_is_of_postgresql_15_and_later():
    """On every server that this machine has; the wheel's own is always among them."""
    for programs in servers():
        with (
            tempfile.TemporaryDirectory(prefix="centre-schema-") as folder,
            embedded(Path(folder), programs) as url,
        ):
            assert migrate(url) == len(migrations())
            with psycopg.connect(url) as connection:
                assert faults(connection) == []
