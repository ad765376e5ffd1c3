"""Check of cash rounding: does the POS take the sums that this register asks for?

A POS that rounds by another step asks the buyer for another sum. Where that is less than this
register's, the sale is refused as `underpaid`; where it is more, the register reckons change that
nobody gave, in coins smaller than its step. Both are looked for in the last days.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice

from edge_agent.doctor.finding import Case, Finding
from edge_agent.event_codes import Event
from edge_agent.ledger.database import connect_reader
from edge_agent.log_reader import Wanted, entries

CHECK = "rounding"
LATELY = timedelta(days=3)
MAX_SALES = 200
MAX_ENTRIES = 200_000
_NEWEST = (
    "SELECT document, result FROM sale WHERE document IS NOT NULL AND committed_at >= ? "
    "ORDER BY committed_at DESC LIMIT ?"
)


def rounding(case: Case) -> Iterable[Finding]:
    """Nothing where no cash was taken lately; a warning with the figures where sums differ."""
    step = case.settings.till.cash_rounding
    since = datetime.now(UTC) - LATELY
    paid, odd = _cash_sales(case, since, step)
    refused = _refused(case, since)
    if not paid and not refused:
        return
    if refused or odd:
        says = (
            f"[till] cash_rounding is {step}: of {paid} cash sales in {LATELY.days} days {odd} "
            f"left change under that step, and {refused} confirmations with cash were refused as "
            "underpaid"
        )
        do = "set it to the step that the POS rounds cash by (50 kopecks by law), on both sides"
        yield Finding(CHECK, "warn", says, do)
    else:
        yield Finding(CHECK, "ok", f"{paid} cash sales of the last days fit the step of {step}")


def _cash_sales(case: Case, since: datetime, step: int) -> tuple[int, int]:
    """How many sales were paid with cash, and how many of them left change under the step."""
    path = case.settings.ledger_file
    if not path.is_file():
        return 0, 0
    stamp = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    try:
        with closing(connect_reader(path)) as connection:
            rows = connection.execute(_NEWEST, [stamp, MAX_SALES]).fetchall()
    except sqlite3.DatabaseError:
        return 0, 0  # the ledger's own check says what is wrong
    changes = [
        int(json.loads(result or "{}").get("change_minor", 0))
        for document, result in rows
        if any(tender["kind"] == "cash" for tender in json.loads(document)["tenders"])
    ]
    return len(changes), sum(1 for change in changes if step and change % step)


def _refused(case: Case, since: datetime) -> int:
    folder = case.settings.log_dir
    newest = islice(entries(folder, Wanted(since=since)), MAX_ENTRIES)
    return sum(
        1
        for entry in newest
        if entry.event == Event.SALE_UNDERPAID and entry.detail.get("has_cash") is True
    )
