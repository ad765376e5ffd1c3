"""Databases of every earlier schema are taken over with all they hold, and sold on."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.ledger.database import expected_schema, latest_migration
from edge_agent.ledger.ledger import Ledger, LedgerDamaged
from edge_agent.ledger.verify import verify
from tests.support.rig import CARD, OTHER_CARD, Rig, line, sell

OLD = Path(__file__).parents[2] / "data" / "ledgers"
LEVELS = range(1, latest_migration("ledger"))


def _rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return [tuple(row) for row in connection.execute(sql)]


@pytest.mark.parametrize("schema", ["ledger", "cache"])
def test_a_database_of_every_earlier_schema_is_kept(schema: str) -> None:
    kept = {int(path.stem[-4:]) for path in OLD.glob(f"{schema}-*.db")}
    assert kept >= set(range(1, latest_migration(schema))), "keep one before adding a migration"


@pytest.mark.parametrize("schema", ["ledger", "cache"])
def test_every_table_is_strict(schema: str) -> None:
    tables = {
        name: sql
        for name, sql in expected_schema(schema).items()
        if sql.startswith("CREATE TABLE") and not name.startswith("sqlite_")
    }
    loose = [name for name, sql in tables.items() if not re.search(r"\)\s*STRICT", sql)]
    assert tables
    assert loose == []


@pytest.mark.parametrize("level", LEVELS)
def test_an_old_ledger_is_taken_over_whole_and_sold_on(tmp_path: Path, level: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for schema in ("ledger", "cache"):
        old = OLD / f"{schema}-{level:04d}.db"
        if old.is_file():
            shutil.copy(old, data / f"{schema}.db")
    path = data / "ledger.db"
    facts = "SELECT epoch, seq, kind, body, prev_hash, hash, state FROM outbox"
    before = {table: _rows(path, sql) for table, sql in _CONTENT.items()}
    chain = _rows(path, facts)
    rig = Rig(tmp_path)
    rig.start()
    try:
        waiting = rig.http.get("/v1/state").json()["sale"]
        assert waiting["state"] == "open", "what lay on the desk lies there again"
        rig.http.post(f"/v1/sales/{waiting['sale_id']}/cancel", json={}).raise_for_status()
        sold = sell(rig.http, [line(1, "milk", 4_590, groups=["dairy"])], card=CARD, redeem=100)
        again = sell(rig.http, [line(1, "bread", 2_750)], card=OTHER_CARD)
        assert sold["redeemed_minor"] == 100
    finally:
        rig.stop()
    assert verify(path).faults == []
    assert _rows(path, facts)[: len(chain)] == chain
    for table, sql in _CONTENT.items():
        now = _rows(path, sql)
        assert set(before[table]) <= set(now), table
    last = [sale["result"]["fact"]["seq"] for sale in (sold, again)]
    assert last == [len(chain) + 1, len(chain) + 2]


_CONTENT = {
    "sale": "SELECT sale_id, committed_at, document, result FROM sale WHERE state <> 'open'",
    "lease_burn": "SELECT lease_id, sale_id, points FROM lease_burn",
    "member_effect": "SELECT member_id, epoch, seq, spent_points, earned_points FROM member_effect",
    "sale_return": "SELECT return_id, sale_id, state, document, created_at FROM sale_return",
    "idempotency": "SELECT key, request_hash, status, answer, created_at FROM idempotency",
    "device_journal": "SELECT device, key, value FROM device_journal",
}


def test_a_ledger_of_a_newer_agent_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger(path, "R1", 1).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(LedgerDamaged, match="newer"):
        Ledger(path, "R1", 1)
