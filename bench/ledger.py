"""What a sale's commit costs beside the very same SQL without the product around it.

`python -m bench.ledger`. First the statements of whole sales are recorded from real commits. Then
fresh sales are committed through the use case (durable), and after each the recorded statements of
one sale run bare, on another file of the same folder, with the same pragmas; a bare `fdatasync`
follows. All three take turns, so that the disk's moods hit each of them. Then the same again while
another thread of the agent applies a feed of a million rows, as fast as it may.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.api import rules_of
from bench.report import OUT, Row, finish, median, percentile
from edge_agent.agent import Agent
from edge_agent.bootstrap import build
from edge_agent.config import load_settings
from edge_agent.demo_data import loader
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.database import connect_writer
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.ledger.verify import quick_check
from edge_agent.usecases.commit_sale import Confirm, commit_sale
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.open_sale import OpenSale
from edge_agent.views import SaleView
from loyalty.basket import Tender
from sync.contract.feed import FeedPage, FeedRow
from tests.support.rig import CARD, TOKEN, Rig

SALES = 600
WARM_UP = 30
RULES = 100
LEASE_POINTS = 10**9
SEED = 20_261_122
MEMBER_SHARE, REDEEM_SHARE = 0.65, 0.35
ALONE, FED = SALES + WARM_UP, SALES // 2 + WARM_UP
WAL_PAGES = 6
FEED_ROWS, PAGE_ROWS = 1_000_000, 500

Statement = tuple[str, Sequence[Any]]

_SETTINGS = """\
data_dir = "data"
[api]
port = 0
[printer]
driver = "fiscal.datecs_ua"
url = "serial:/dev/null"
"""


class Recorder:
    """Stands before the writing connection and notes each statement with its values."""

    def __init__(self, connection: sqlite3.Connection, into: list[Statement]) -> None:
        self._connection = connection
        self._into = into

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Note and run."""
        self._into.append((sql, values))
        return self._connection.execute(sql, values)


@dataclass
class RecordedSale:
    """Statements before the commit (drafts), and those of the commit's own transaction."""

    before: list[Statement]
    commit: list[Statement]


class Till:
    """An agent without its API and devices, on files of its own; sells what a shop sells."""

    def __init__(self, folder: Path) -> None:
        rig = Rig(folder, rules_of(RULES))
        rig.config.write_text(_SETTINGS, encoding="utf-8")
        with closing(Cache(folder / "data" / "cache.db")) as cache:
            cache.apply_rows([_lease()])
        self.ledger_file = folder / "data" / "ledger.db"
        self.agent: Agent = build(load_settings(rig.config), port=1, token=TOKEN)
        self.ledger: Ledger = self.agent.till._ledger
        self.cache: Cache = self.agent.health._cache
        self._rng = random.Random(SEED)
        self._goods = loader.goods()
        self._shapes = [shape for shape in loader.basket_shapes() if shape.lines]

    def close(self) -> None:
        """Close the files."""
        self.agent.close()

    def ready_to_pay(self) -> Confirm:
        """A sale rung up, with its member and redemption; the till's last word about it."""
        till, rng = self.agent.till, self._rng
        basket = loader.basket_of(rng.choice(self._shapes), self._goods)
        while not basket.lines:
            basket = loader.basket_of(rng.choice(self._shapes), self._goods)
        sale_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        member, how = None, None
        if rng.random() < MEMBER_SHARE:
            found = self.agent.desk.identify(CARD, "]E0", "scanner")
            member, how = found.member, found.how
        view: SaleView = till.open(OpenSale(sale_id, basket, member, how))
        if member is not None and rng.random() < REDEEM_SHARE:
            view = till.redeem(sale_id, 500)
        tender = Tender("card", view.payable_minor)
        return Confirm(sale_id, view.quote_id, view.basket_hash, (tender,), till.new_id())

    def commit(self, ctx: RegisterContext, command: Confirm) -> None:
        """The measured call."""
        self.ledger.unit(lambda uow: commit_sale(uow, ctx, command))

    def record(self) -> RecordedSale:
        """One sale, with everything the ledger was told."""
        before: list[Statement] = []
        commit: list[Statement] = []
        unit = self.ledger.unit
        self.ledger.unit = self._recording(before)  # type: ignore[method-assign]
        command = self.ready_to_pay()
        traced: list[str] = []
        self.ledger.query(lambda c: c.set_trace_callback(traced.append))
        ctx = self.agent.till.context()
        self._recording(commit)(lambda uow: commit_sale(uow, ctx, command))
        self.ledger.query(lambda c: c.set_trace_callback(None))
        self.ledger.unit = unit  # type: ignore[method-assign]
        own = [sql for sql in traced if not sql.startswith(("BEGIN", "COMMIT", "PRAGMA"))]
        if len(own) != len(commit):
            raise SystemExit("the recording is not whole")
        return RecordedSale(before, commit)

    def _recording(self, into: list[Statement]) -> Callable[..., Any]:
        def unit(work: Callable[[Store], Any], *, durable: bool = True) -> Any:
            def run(connection: sqlite3.Connection) -> Any:
                return work(Store(Recorder(connection, into), "R1", 1))  # type: ignore[arg-type]

            return self.ledger.write(run) if durable else self.ledger.query(run)

        return unit


def _lease() -> FeedRow:
    """More than all sales of the bench spend."""
    body = {
        "lease_id": "R1.1.101",
        "member_id": 101,
        "register_id": "R1",
        "epoch": 1,
        "granted_points": LEASE_POINTS,
        "state": "open",
    }
    return FeedRow(kind="lease", key="R1.1.101", version=2, body=body)


def replay(connection: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    """One transaction of plain SQL."""
    connection.execute("BEGIN IMMEDIATE")
    for sql, values in statements:
        cursor = connection.execute(sql, values)
        if sql.startswith("SELECT"):
            cursor.fetchall()
    connection.execute("COMMIT")


class BareFile:
    """The same tables, written by nobody but `sqlite3`."""

    def __init__(self, folder: Path) -> None:
        self._db = connect_writer(folder / "bare.db", "ledger")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def prepare(self, sale: RecordedSale) -> None:
        """The drafts, as the product writes them: without waiting for the disk."""
        self._db.execute("PRAGMA synchronous=NORMAL")
        replay(self._db, sale.before)
        self._db.execute("PRAGMA synchronous=FULL")

    def commit(self, sale: RecordedSale) -> None:
        """The measured transaction."""
        replay(self._db, sale.commit)


class RawFile:
    """What the disk itself takes to keep a few pages."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY, 0o600)
        self._page = os.urandom(4096 * WAL_PAGES)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def sync(self) -> None:
        """Append and wait for the disk."""
        os.write(self._descriptor, self._page)
        os.fdatasync(self._descriptor)


class Feed:
    """A thread that applies pages of members until it is told to stop or has applied a million."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._apply, daemon=True)
        self.rows, self.took_s = 0, 0.0

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _apply(self) -> None:
        began = time.monotonic()
        while self.rows < FEED_ROWS and not self._stop.is_set():
            self._cache.apply_page(_members(1_000_000 + self.rows, self.rows))
            self.rows += PAGE_ROWS
            # A page comes over the network, and the runner gives way after each.
            self.took_s = time.monotonic() - began


def _members(first: int, number: int) -> FeedPage:
    rows = []
    for member_id in range(first, first + PAGE_ROWS):
        body = {"member_id": member_id, "name": "Олена К.", "balance_points": member_id}
        rows.append(FeedRow(kind="member", key=str(member_id), version=1, body=body))
    return FeedPage(
        incarnation="i", cursor=f"c{number}", rows=rows, more=True, server_time="2026-11-22"
    )


def timed_ms(work: Callable[[], None]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


@dataclass
class Times:
    """Milliseconds, one of each for every round."""

    whole: list[float]
    bare: list[float]
    raw: list[float]


def measure(till: Till, bare: BareFile, raw: RawFile, recorded: Sequence[RecordedSale]) -> Times:
    """Commits of the product, bare replays and raw syncs by turns; each second round the other
    way round."""
    times = Times([], [], [])
    for number, sale in enumerate(recorded):
        command, ctx = till.ready_to_pay(), till.agent.till.context()
        bare.prepare(sale)
        turns: list[tuple[list[float], Callable[[], None]]] = [
            (times.whole, partial(till.commit, ctx, command)),
            (times.bare, partial(bare.commit, sale)),
        ]
        for into, work in turns if number % 2 else reversed(turns):
            into.append(timed_ms(work))
        times.raw.append(timed_ms(raw.sync))
    return Times(times.whole[WARM_UP:], times.bare[WARM_UP:], times.raw[WARM_UP:])


def _record(folder: Path) -> list[RecordedSale]:
    with closing(Till(folder)) as till:
        return [till.record() for _ in range(ALONE + FED)]


def main() -> int:
    """Run and report."""
    OUT.mkdir(exist_ok=True)
    # Beside the bench's own output: /tmp may be memory, where nothing ever waits for a disk.
    with tempfile.TemporaryDirectory(dir=OUT, prefix="ledger-") as name:
        folder = Path(name)
        for part in ("recorded", "measured"):
            (folder / part).mkdir()
        recorded = _record(folder / "recorded")
        with (
            closing(Till(folder / "measured")) as till,
            closing(BareFile(folder)) as bare,
            closing(RawFile(folder)) as raw,
        ):
            times = measure(till, bare, raw, recorded[:ALONE])
            with Feed(till.cache) as feed:
                fed = measure(till, bare, raw, recorded[ALONE:])
            file = till.ledger_file
        faults = quick_check(file)
        if faults:
            print("\n".join(faults))
            return 2
    print(
        f"{len(times.whole)} sales of {len(recorded[-1].commit)} or so statements under {RULES} "
        f"rules, one fdatasync each; load {os.getloadavg()[0]:.1f}; beside the feed "
        f"{feed.rows} rows at {feed.rows / feed.took_s:.0f}/s"
    )
    return finish("ledger", [*_rows("sale's commit", times), *_rows("beside the feed", fed)])


def _rows(name: str, times: Times) -> list[Row]:
    whole, bare, raw = times.whole, times.bare, times.raw
    disk = f"fdatasync alone p50 {median(raw):.2f}, p99 {percentile(raw, 99):.2f} ms"
    tail = f"whole {percentile(whole, 99):.2f} ms, bare {percentile(bare, 99):.2f} ms"
    return [
        Row(
            f"{name}, p50, as a multiple of its bare SQL",
            median(whole) / median(bare),
            2.0,
            "×",
            f"whole {median(whole):.2f} ms, bare {median(bare):.2f} ms; {disk}",
        ),
        Row(
            f"{name}, p99, as a multiple of its bare SQL",
            percentile(whole, 99) / percentile(bare, 99),
            3.0,
            "×",
            tail,
        ),
        Row(
            f"{name}, p99, against 3 fdatasync p99 + 5 ms",
            percentile(whole, 99),
            3 * percentile(raw, 99) + 5,
            "ms",
            f"worst {max(whole):.2f} ms",
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
