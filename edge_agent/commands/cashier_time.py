"""`edge-agent cashier-time`: seconds and keys of a sale by way of identification."""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from edge_agent.cashier_pace import K_MS, M_MS, Figures, figures
from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.ledger.screen_file import paces

HEAD = ("identified by", "sales", "median s", "p90 s", "keys", "model s", "of it identifying s")


def run(arguments: argparse.Namespace) -> int:
    """Print the table, or JSON; exit 1 when there is nothing to tell or it cannot be read."""
    settings = settings_file.load(arguments.config)
    try:
        found = figures(paces(settings.data_dir))
    except sqlite3.DatabaseError as error:
        raise CommandFailed(f"screen.db cannot be read ({error}); it may be deleted") from None
    if not found:
        raise CommandFailed("no sale was made on the cashier's screen yet")
    if arguments.json:
        print(json.dumps([asdict(each) for each in found]))
    else:
        print("\n".join(table(found)))
    return 0


def table(found: Sequence[Figures]) -> list[str]:
    """Lines of the table, and what the model is."""
    rows = [HEAD, *(_cells(each) for each in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    model = f"model: {seconds(K_MS)} s a key (K), {seconds(M_MS)} s an act (M)"
    return [*lines, f"{model}; Card, Moran, Newell 1980; median of the same sales"]


def _cells(each: Figures) -> tuple[str, ...]:
    own = "?" if each.identifying_ms is None else seconds(each.identifying_ms)
    times = (seconds(each.median_ms), seconds(each.p90_ms))
    return (each.way, str(each.sales), *times, str(each.median_keys), seconds(each.model_ms), own)


def seconds(ms: int) -> str:
    """Milliseconds as "1.35"."""
    hundredths = (ms + 5) // 10
    return f"{hundredths // 100}.{hundredths % 100:02d}"
