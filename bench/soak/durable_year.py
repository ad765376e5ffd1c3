"""`python -m bench.soak.durable_year`: a year of 300 sales a day, and the ledger stays bounded.

The real use cases, on memory where there is `/dev/shm`, with the default days of retention; every
night the centre has taken all facts and the register prunes. From the day on which the first sales
are old enough to go, the file may grow by a tenth at most. SALES sets another number a day.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from edge_agent.ledger.verify import quick_check
from tests.support.year_of_sales import YearOfSales

DAYS = 365
SALES_A_DAY = 300
FULL_AT = 100
MAY_GROW = 1.10
MEMORY = Path("/dev/shm")


def campaign(terms: Terms) -> Outcome:
    """Day after day; the size is told each thirty."""
    sales = int(os.environ.get("SALES") or SALES_A_DAY)
    where = MEMORY if MEMORY.is_dir() else None
    days, full = 0, 0
    with tempfile.TemporaryDirectory(prefix="year-", dir=where) as folder:
        year = YearOfSales(Path(folder), terms.seed)
        try:
            while days < terms.target and not terms.is_over:
                year.day(sales)
                days += 1
                if days == FULL_AT:
                    full = year.file_bytes
                if days % 30 == 0:
                    print(f"day {days}: {year.file_bytes / 1e6:.1f} MB", flush=True)
            end, rows = year.file_bytes, year.rows()
            faults = quick_check(year.path)
            forgotten = year.spent_points - year.burned()
        finally:
            year.close()
    for fault in faults[:20]:
        print(fault)
    is_bounded = not full or end <= full * MAY_GROW
    says = (
        f"{year.sold} sales; {full / 1e6:.1f} MB on day {FULL_AT}, {end / 1e6:.1f} MB at the end, "
        f"{rows['sale']} sales and {rows['idempotency']} answers in it; {forgotten} points of "
        f"leases forgotten, {len(faults)} faults"
    )
    figures = {"sales": year.sold, "full_bytes": full, "end_bytes": end}
    return Outcome(days, is_bounded and not faults and not forgotten, says, figures)


if __name__ == "__main__":
    sys.exit(run("durable_year", DAYS, campaign))
