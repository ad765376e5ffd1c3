"""The ledger stops growing: after its days are over a row leaves, and its room is used again.

Two simulated hundred days of the real use cases; `python -m bench.soak.durable_year` does the same
for a year of three hundred sales a day.
"""

from __future__ import annotations

import os
from pathlib import Path

from edge_agent.ledger.verify import quick_check
from tests.support.year_of_sales import YearOfSales

SEED = int(os.environ.get("SEED") or 20_261_122)
"""Fixed: a few dozen rows of a kind are compared, and chance alone can move those by a third."""
SALES_A_DAY = 3
FULL_AT, END_AT = 110, 200
UNPRUNED = {"promotion_use", "lease_burn", "chain_mark", "meta", "device_journal"}


def test_the_file_and_its_tables_stop_growing(tmp_path: Path) -> None:
    print(f"SEED={SEED}")
    year = YearOfSales(tmp_path, SEED)
    try:
        for _ in range(FULL_AT):
            year.day(SALES_A_DAY)
        full, rows = year.file_bytes, year.rows()
        for _ in range(END_AT - FULL_AT):
            year.day(SALES_A_DAY)
        end, later = year.file_bytes, year.rows()
        assert year.burned() == year.spent_points > 0, "what a lease has spent is never forgotten"
        assert quick_check(year.path) == []
    finally:
        year.close()
    assert rows["sale"] <= 95 * SALES_A_DAY
    assert end <= full * 1.15, f"{full} bytes after {FULL_AT} days, {end} after {END_AT}"
    for table, count in rows.items():
        if table not in UNPRUNED:
            assert later[table] <= max(count * 1.3, count + 20), table
