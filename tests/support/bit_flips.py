"""Single flipped bits in a register's two files: which of them matter, and which are noticed."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.verify import quick_check
from sync.contract.feed import FeedRow
from sync.contract.messages import ItemVerdict, UploadReply
from sync.errors import LocalStoreFailed
from tests.support.rig import CARD, OTHER_CARD, Rig, feed_rows, line, sell

SALES = 60
MEMBERS = 400


def more_rows() -> list[FeedRow]:
    """Members, cards and goods beyond the rig's few, so that the cache has many pages."""
    rows = feed_rows()
    for number in range(1_000, 1_000 + MEMBERS):
        name = f"Учасник Ч. {number}"
        body = {"member_id": number, "name": name, "balance_points": number * 7}
        rows.append(FeedRow(kind="member", key=str(number), version=2, body=body))
        owner = {"member_id": number}
        rows.append(FeedRow(kind="token", key=f"card:05{number:011d}", version=2, body=owner))
        good = {
            "sku": f"sku{number}",
            "name": f"Товар {number}",
            "unit_price_minor": number,
            "barcodes": [f"48200{number:08d}", f"48300{number:08d}"],
        }
        rows.append(FeedRow(kind="good", key=f"sku{number}", version=2, body=good))
    return rows


def make_register(folder: Path) -> None:
    """A stopped register that has sold, printed nothing, and sent two thirds of its facts."""
    rig = Rig(folder)
    rig.start()
    try:
        assert rig.agent is not None
        for number in range(SALES):
            lines = [line(1, "milk", 4_590 + number, groups=["dairy"]), line(2, "bread", 2_750)]
            card = (CARD, OTHER_CARD, "")[number % 3]
            sell(rig.http, lines, card=card, redeem=50 if card == CARD else False)
        outbox = rig.agent.health._outbox
        batch = outbox.pending(SALES * 2 // 3, 10**7)
        assert batch is not None
        verdicts = [ItemVerdict(seq=fact.seq, verdict="accepted") for fact in batch.facts]
        last = batch.facts[-1]
        outbox.acknowledge(
            batch,
            UploadReply(verdicts=verdicts, head_seq=last.seq, head_hash=last.hash, server_time="t"),
        )
    finally:
        rig.stop()
    with closing(Cache(folder / "data" / "cache.db")) as cache:
        cache.apply_rows(more_rows())


def logical_dump(path: Path) -> list[object]:
    """Everything a query can see: each table, and each index read through itself."""
    found: list[object] = []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA query_only = ON")
        found.append(connection.execute("PRAGMA user_version").fetchone())
        names = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
        ).fetchall()
        found.append(names)
        for kind, name, table, sql in names:
            if kind == "table":
                found.append(connection.execute(f'SELECT * FROM "{table}" NOT INDEXED').fetchall())
            elif sql is not None:
                found.append(_through_index(connection, name, table, sql))
    return found


def _through_index(connection: sqlite3.Connection, name: str, table: str, sql: str) -> list[object]:
    match = re.search(r"\((.*?)\)(?:\s+WHERE\s+(.*))?$", sql, re.DOTALL)
    assert match is not None, sql
    where = f" WHERE {match[2]}" if match[2] else ""
    columns = match[1]
    rows = connection.execute(
        f'SELECT {columns} FROM "{table}" INDEXED BY "{name}"{where} ORDER BY {columns}'
    )
    return list(rows.fetchall())


@dataclass
class Tally:
    """What became of the flips of one file."""

    flips: int = 0
    harmless: int = 0
    noticed: int = 0
    healed: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def mattered(self) -> int:
        """Flips that changed a result or made a read fail."""
        return self.flips - self.harmless


class Flipper:
    """Flips bits in copies of a register's files."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        self._folder = folder
        make_register(folder / "whole")
        self._data = {
            name: (folder / "whole" / "data" / f"{name}.db").read_bytes()
            for name in ("ledger", "cache")
        }
        self._dumps = {
            name: logical_dump(folder / "whole" / "data" / f"{name}.db") for name in self._data
        }
        self.tallies = {name: Tally() for name in self._data}

    def flip(self) -> None:
        """One bit of one file, anywhere."""
        name = self._rng.choice(("ledger", "cache"))
        data = bytearray(self._data[name])
        at, bit = self._rng.randrange(len(data)), self._rng.randrange(8)
        data[at] ^= 1 << bit
        work = self._folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        path = work / f"{name}.db"
        path.write_bytes(data)
        tally = self.tallies[name]
        tally.flips += 1
        if not self._matters(name, path):
            tally.harmless += 1
            return
        path.write_bytes(data)
        noticed = bool(quick_check(path)) if name == "ledger" else self._heals(path, tally)
        tally.noticed += noticed
        if not noticed:
            tally.missed.append(f"{name} byte {at} bit {bit} (page {at // 4096 + 1})")

    def _matters(self, name: str, path: Path) -> bool:
        try:
            return logical_dump(path) != self._dumps[name]
        except (sqlite3.Error, UnicodeDecodeError):
            return True
        finally:
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)

    def _heals(self, path: Path, tally: Tally) -> bool:
        """One check cycle of the cache, and the download that follows."""
        aside: list[Path] = []
        try:
            cache = Cache(path, on_rebuilt=aside.append)
        except LocalStoreFailed:
            return True
        with closing(cache):
            cache.check()
            if aside:
                cache.apply_rows(more_rows())
        tally.healed += bool(aside) and _content(path) == self._content
        return bool(aside)

    @property
    def _content(self) -> list[object]:
        return _content(self._folder / "whole" / "data" / "cache.db")


def _content(path: Path) -> list[object]:
    """The rows of the programme in a cache file."""
    with closing(sqlite3.connect(path)) as connection:
        return [list(_rows(connection, table)) for table in ("member", "token", "good", "lease")]


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[object]:
    yield from connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
