"""Where each table would lie on a Citus cluster, and the rules that the schema keeps for it.

A distributed table has its distribution column in every unique key; nothing refers to another
shard: no foreign keys across, no triggers, no sequences. Source: Citus documentation, «Determining
Distribution Column» and «SQL support». `faults` reads information_schema, so it can be pointed at
any database.
"""

from __future__ import annotations

from central.db.bulk import Connection
from central.db.partitions import PARTITIONED

BY_MEMBER = (
    *("account", "allocation", "change", "counter", "counter_lease", "entry", "hold", "lease"),
    *("leg", "lot", "member"),
    *("overdraft", "person", "purse", "purse_sighting", "sale", "sale_return", "slice"),
)
BY_REGISTER = (
    *("applied", "fact", "fact_body", "fork", "parked", "purse_floor", "register_epoch"),
    *("register_report", "settled", "subject", "voided_authorisation"),
)
BY_TOKEN = ("token",)
REFERENCE = (
    *(
        "alarm",
        "awaited",
        "bundle",
        "deed",
        "enrol_code",
        "feed_day",
        "good",
        "hub_term",
        "kill_list",
        "meta",
        "migration",
        "offline_policy",
        "purse_key",
        "register",
    ),
    "store",
)
DISTRIBUTION = {
    **dict.fromkeys(BY_MEMBER, "member_id"),
    **dict.fromkeys(BY_REGISTER, "register_id"),
    **dict.fromkeys(BY_TOKEN, "token_key"),
}

_KEYS = """
select c.table_name, c.constraint_name, array_agg(k.column_name::text)
from information_schema.table_constraints c
join information_schema.key_column_usage k
     on k.constraint_schema = c.constraint_schema and k.constraint_name = c.constraint_name
    and k.table_name = c.table_name
where c.table_schema = 'public' and c.constraint_type in ('PRIMARY KEY', 'UNIQUE')
group by c.table_name, c.constraint_name
"""
_UNIQUE_INDEXES = """
select t.relname, x.relname, array_agg(a.attname::text)
from pg_index i join pg_class t on t.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
join pg_namespace n on n.oid = t.relnamespace
join pg_attribute a on a.attrelid = t.oid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])
where i.indisunique and n.nspname = 'public' group by t.relname, x.relname
"""
_FOREIGN = """
select c.table_name, c.constraint_name, u.table_name from information_schema.table_constraints c
join information_schema.constraint_column_usage u
     on u.constraint_schema = c.constraint_schema and u.constraint_name = c.constraint_name
where c.table_schema = 'public' and c.constraint_type = 'FOREIGN KEY'
"""
_FORBIDDEN = {
    "a trigger may read another shard": (
        "select event_object_table, trigger_name from information_schema.triggers"
        " where trigger_schema = 'public'"
    ),
    "a sequence is one place that all shards wait for": (
        "select sequence_schema, sequence_name from information_schema.sequences"
        " where sequence_schema = 'public'"
    ),
    "an identity column is a sequence": (
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'public' and is_identity = 'YES'"
    ),
}


def faults(connection: Connection, extra_reference: frozenset[str] = frozenset()) -> list[str]:
    """What a cluster would refuse, one sentence each; empty for a sound schema."""
    reference = {*REFERENCE, *extra_reference}
    found = _unplaced(connection, reference)
    keyed = set()
    for query in (_KEYS, _UNIQUE_INDEXES):
        for table, name, columns in connection.execute(query).fetchall():
            owner = _owner(table)
            keyed.add(owner)
            column = DISTRIBUTION.get(owner)
            if column is not None and column not in columns:
                found.append(f"{table}: key {name} lacks {column}")
    found += [f"{table}: no key at all" for table in sorted(DISTRIBUTION.keys() - keyed)]
    for table, name, target in connection.execute(_FOREIGN).fetchall():
        if target not in reference and DISTRIBUTION.get(table) != DISTRIBUTION.get(target):
            found.append(f"{table}: foreign key {name} reaches {target} on another shard")
    for why, query in _FORBIDDEN.items():
        found += [f"{place}: {name}: {why}" for place, name in connection.execute(query).fetchall()]
    return sorted(set(found))


def _unplaced(connection: Connection, reference: set[str]) -> list[str]:
    tables = connection.execute(
        "select table_name from information_schema.tables"
        " where table_schema = 'public' and table_type = 'BASE TABLE'"
    ).fetchall()
    known = reference | DISTRIBUTION.keys()
    return [f"{name}: nobody said where it lies" for (name,) in tables if _owner(name) not in known]


def _owner(table: str) -> str:
    """The partitioned table that a partition belongs to, else the table itself."""
    for parent in PARTITIONED:
        if table.startswith(f"{parent}_") and table not in DISTRIBUTION:
            return parent
    return table
