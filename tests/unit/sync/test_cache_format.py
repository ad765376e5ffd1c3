"""Rows as a register stores them: small, sealed, and alike on both ends."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

import pytest

from edge_agent.ledger.cache_install import snapshot_schema
from edge_agent.ledger.database import connect_writer, migrations_of
from sync.contract.buckets import (
    pack_bits,
    pack_sums,
    row_digest,
    row_id,
    unpack_bits,
    unpack_sums,
)
from sync.contract.cache_format import (
    COLUMNS,
    FORMAT,
    SCHEMA,
    SEALS,
    TABLES,
    balance_of,
    member_from,
    owner_of,
    pack_lots,
    pack_owner,
    stored,
    token_key,
    unpack_lots,
)
from sync.contract.feed import FeedLot, FeedMember, FeedRow

SEED = 20_261_122
MEMBER = {
    "member_id": 2**53 - 1,
    "name": "Олена К.",
    "birthday": "02-29",
    "tier": "gold",
    "groups": ["staff"],
    "balance_points": 12_345,
    "pending_points": 50,
    "is_blocked": True,
    "lots": [{"points": 12_000, "expires_on": "2027-05-31"}, {"points": 345, "expires_on": None}],
    "purchases": [{"at": "2026-11-01", "total_minor": 100, "items": ["Хліб"]}],
    "purchases_count": 7,
}


def tables_of(connection):
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '%sqlite%'"
    )
    return dict(tuple(row) for row in rows)


def test_a_snapshot_has_the_tables_of_a_migrated_cache(tmp_path):
    with (
        closing(connect_writer(tmp_path / "cache.db", "cache")) as migrated,
        closing(sqlite3.connect(":memory:")) as fresh,
    ):
        fresh.executescript(SCHEMA)
        assert tables_of(fresh) == snapshot_schema()
        assert tables_of(fresh).items() <= tables_of(migrated).items()
        assert {name for name in tables_of(fresh) if name in TABLES} == set(TABLES)
    assert FORMAT in [number for number, _, _ in migrations_of("cache")]


@pytest.mark.parametrize("left_out", ["", *MEMBER])
def test_a_member_comes_back_as_it_was(left_out):
    needed = ("member_id", "name", "balance_points")
    body = {name: value for name, value in MEMBER.items() if name != left_out or name in needed}
    ready = stored(FeedRow(kind="member", key=str(2**53 - 1), version=3, body=body))
    assert ready.table == "member"
    balance = balance_of(ready.values)
    assert balance == body["balance_points"]
    member_id, version, name, _, tier, rest = ready.values
    values = (member_id, version, name, balance, tier, rest)
    assert member_from(values) == FeedMember.model_validate(body)


def test_one_lot_of_the_whole_balance_takes_one_number():
    lots = [FeedLot(points=5, expires_on="2027-05-31")]
    assert pack_lots(lots, 5) == 20_969
    assert unpack_lots(20_969, 5) == lots
    assert pack_lots(lots, 6) == "5@20969"
    assert unpack_lots("5@20969", 6) == lots
    with pytest.raises(ValueError, match="Invalid isoformat"):
        pack_lots([FeedLot(points=5, expires_on="soon")], 5)


@pytest.mark.parametrize("seed", range(SEED, SEED + 20))
def test_no_flipped_bit_of_a_token_is_believed(seed):
    dice = random.Random(seed)
    _, key = token_key(f"card:{dice.randrange(10**13)}")
    version, member_id = dice.randrange(1, 2**31), dice.randrange(1, 2**53)
    owner = pack_owner(key, version, member_id)
    assert -(2**63) <= owner < 2**63
    assert owner_of(key, version, owner) == member_id
    for bit in range(64):
        assert owner_of(key ^ 1 << bit if bit < 63 else ~key, version, owner) is None, bit
        if bit < 63:
            assert owner_of(key, version ^ 1 << bit, owner) is None, bit
            assert owner_of(key, version, owner ^ 1 << bit) is None, bit


@pytest.mark.parametrize("balance", [0, 1, 12_345, -7, 10**12 - 1])
@pytest.mark.parametrize("lots", [[], MEMBER["lots"], MEMBER["lots"][:1]])
def test_no_flipped_bit_of_a_member_is_believed(balance, lots):
    body = {**MEMBER, "balance_points": balance, "lots": lots, "purchases": []}
    if lots == MEMBER["lots"][:1]:
        body = {name: body[name] for name in ("member_id", "name", "tier", "balance_points")}
        body["lots"] = [{"points": balance, "expires_on": "2027-05-31"}] if balance >= 0 else []
    row = stored(FeedRow(kind="member", key=str(2**53 - 1), version=77, body=body)).values
    assert balance_of(row) == balance
    for place, value in enumerate(row):
        for flipped in flips(value):
            changed = (*row[:place], flipped, *row[place + 1 :])
            assert balance_of(changed) is None, (place, value, flipped)


def flips(value):
    if isinstance(value, int):
        yield from (value ^ 1 << bit for bit in range(62))
    elif isinstance(value, str):
        data = value.encode()
        for bit in range(8 * len(data)):
            spoiled = bytearray(data)
            spoiled[bit // 8] ^= 1 << bit % 8
            try:
                yield spoiled.decode()
            except UnicodeDecodeError:
                continue


def test_a_balance_beyond_all_bounds_is_refused():
    body = {**MEMBER, "balance_points": 2**52}
    with pytest.raises(ValueError, match="out of bounds"):
        stored(FeedRow(kind="member", key=str(2**53 - 1), version=1, body=body))


def test_a_deleted_token_is_nobodys():
    row = FeedRow(kind="token", key="phone:ab", version=4, is_deleted=True)
    ready = stored(row)
    assert ready.table == "phone"
    assert owner_of(*ready.values) == 0
    assert token_key("qr:x")[0] == "token"


def test_a_kind_of_a_newer_centre_is_left_aside():
    assert stored(FeedRow(kind="weather", key="1", version=1)) is None


@pytest.mark.parametrize(
    ("kind", "key", "body"),
    [
        ("member", "8", MEMBER),
        ("member", "eight", MEMBER),
        ("member", str(2**53), {**MEMBER, "member_id": 2**53 - 1}),
        ("good", "1", {"sku": "2", "name": "Хліб", "unit_price_minor": 1}),
        ("good", "1", {"sku": "1", "name": "Хліб", "unit_price_minor": 1, "barcodes": ["4"] * 201}),
        ("token", "k" * 201, {"member_id": 1}),
        ("token", "", {"member_id": 1}),
        ("head", "r1", {"epoch": -1, "seq": 1}),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(kind, key, body):
    with pytest.raises(ValueError):
        stored(FeedRow(kind=kind, key=key, version=1, body=body))


def test_columns_are_those_of_the_tables():
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(SCHEMA)
        for table, columns in COLUMNS.items():
            found = [row[1] for row in fresh.execute(f"PRAGMA table_info({table})")]
            assert found[: len(columns)] == list(columns)
            assert found[len(columns) :] == [name for name in (SEALS[table],) if name]


def test_ids_and_digests_are_those_of_the_page():
    """Fixed values: the centre forms the same in SQL."""
    assert row_id("member", "42") == -7_106_015_846_264_908_573
    assert row_digest(row_id("member", "42"), 7) == 15_312_912_942_709_203_927
    assert unpack_sums(pack_sums([0, 2**64 - 1, 5]), 3) == [0, 2**64 - 1, 5]
    bits = [True, False] * 9
    assert unpack_bits(pack_bits(bits), 18) == bits
    for wrong in (2, 4):
        with pytest.raises(ValueError, match="do not fit"):
            unpack_sums(pack_sums([1, 2, 3]), wrong)
    with pytest.raises(ValueError, match="does not fit"):
        unpack_bits(pack_bits(bits), 30)
