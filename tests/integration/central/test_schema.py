"""The schema can be spread over machines: what a cluster would refuse is found here."""

import pytest

pytestmark = pytest.mark.postgres

BY_MEMBER = {
    *("account", "allocation", "change", "entry", "hold", "lease", "leg", "lot"),
    *("member", "person", "sale", "sale_return", "slice"),
}
BY_REGISTER = {
    *("fork", "inbox", "parked", "register_epoch", "register_report", "subject"),
    "voided_authorisation",
}
BY_TOKEN = {"token"}
REFERENCE = {"bundle", "enrol_code", "good", "meta", "migration", "register", "store"}

UNIQUE = """
select t.relname, array_agg(a.attname::text)
from pg_index i join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
join pg_attribute a on a.attrelid = t.oid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])
where i.indisunique and n.nspname = 'public' group by i.indexrelid, t.relname
"""


@pytest.fixture
def tables(db):
    db.execute("drop table if exists naive_row")
    rows = db.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def test_every_table_has_a_place(tables):
    placed = [*BY_MEMBER, *BY_REGISTER, *BY_TOKEN, *REFERENCE]
    assert sorted(placed) == sorted(tables)


def test_the_distribution_column_is_in_every_unique_key(db):
    column = dict.fromkeys(BY_MEMBER, "member_id") | dict.fromkeys(BY_REGISTER, "register_id")
    column |= dict.fromkeys(BY_TOKEN, "token_key")
    unique = db.execute(UNIQUE).fetchall()
    assert column.keys() <= {table for table, _ in unique}
    missing = [
        (table, key) for table, key in unique if table in column and column[table] not in key
    ]
    assert missing == []


def test_nothing_reaches_across_shards(tables, db):
    assert tables
    found = db.execute(
        "select conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace"
        " where contype = 'f' and nspname = 'public'"
    ).fetchall()
    assert found == [], "no foreign keys across distribution columns"
    found = db.execute(
        "select sequencename from pg_sequences where schemaname = 'public'"
        " union select column_name from information_schema.columns"
        " where table_schema = 'public' and is_identity = 'YES'"
    ).fetchall()
    assert found == [], "ids come from clients or are random, never from a sequence"
    found = db.execute("select tgname from pg_trigger where not tgisinternal").fetchall()
    assert found == [], "no triggers"
