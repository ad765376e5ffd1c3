"""What a register's copy of the centre's rows costs: its size, its lookups, its start, its feed.

`python -m bench.sync [--members 1000000]`. Members have a first name with initial, a card, a phone,
a tier, a lot with its expiry; one in fifty has a lease here. A snapshot file of them is made as the
centre makes it, served over HTTP by another process, downloaded, checked and put in place. Lookups
are cold: the file's pages are thrown out of the system's cache first. The start is a real
`edge-agent run` over that cache, until its first sale is confirmed. The feed is applied in a thread
beside a bare loop of the same upserts without the product.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from bench.report import Row, finish, percentile
from bench.sync_start import start_to_first_sale_s
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_pages import apply_row
from edge_agent.ledger.database import connect_writer
from loyalty.codes import gtin_check_digit
from sync.centre_client import CentreClient
from sync.contract.cache_format import FORMAT, PAGE_BYTES, SCHEMA, Values, stored
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.signing import new_private_key, public_key_of
from sync.fresh_start import FreshStart

MEMBERS = 1_000_000
SEED = 20_261_122
LOOKUPS = 2_000
WARM_UP = 500
FEED_ROWS = 100_000
BARE_ROWS = 20_000
PAGE_ROWS = 1_000
NOW = "2026-11-22T09:00:00.000Z"
_NAMES = (
    *("Олена", "Наталія", "Тетяна", "Ірина", "Оксана"),
    *("Світлана", "Людмила", "Марія", "Анна", "Юлія"),
    *("Олександр", "Сергій", "Андрій", "Володимир", "Микола"),
    *("Іван", "Дмитро", "Віктор", "Катерина", "Валентина"),
)
_INITIALS = "АБВГДЖЗІКЛМНОПРСТУФХЧШЮЯ"


class People:
    """Members by number, alike in every process that has the seed."""

    def __init__(self, count: int) -> None:
        dice = random.Random(SEED)
        self.ids = sorted(dice.sample(range(1, 2**53), count))

    def member(self, number: int, version: int = 0, points: int = 0) -> FeedRow:
        """The state row of a member."""
        dice = random.Random(number)
        balance = dice.randrange(0, 50_000) + points
        body = {
            "member_id": self.ids[number],
            "name": f"{dice.choice(_NAMES)} {dice.choice(_INITIALS)}.",
            "tier": dice.choice(("", "silver", "gold")),
            "balance_points": balance,
            "lots": [{"points": balance, "expires_on": f"2027-{dice.randrange(1, 13):02d}-28"}],
        }
        row_version = version or dice.choice((1, 1, 3, 7, 150))
        return FeedRow(kind="member", key=str(self.ids[number]), version=row_version, body=body)

    def card(self, number: int) -> str:
        """Token key of the member's card."""
        body = f"042{number:09d}"
        return f"card:{body}{gtin_check_digit(body)}"

    def phone(self, number: int) -> str:
        """Token key of the member's phone: an HMAC."""
        return f"phone:{random.Random(-number - 1).getrandbits(256):064x}"

    def tokens(self, number: int) -> Iterator[FeedRow]:
        """Card and phone, the phone with the version of a transaction."""
        body = {"member_id": self.ids[number]}
        yield FeedRow(kind="token", key=self.card(number), version=1, body=body)
        version = random.Random(number).randrange(700, 3_000_000)
        yield FeedRow(kind="token", key=self.phone(number), version=version, body=body)

    def lease(self, number: int) -> FeedRow:
        """The member's lease on this register."""
        lease_id = f"r1.1.{self.ids[number]}"
        body = {
            "lease_id": lease_id,
            "member_id": self.ids[number],
            "register_id": "r1",
            "epoch": 1,
            "granted_points": 5_000,
            "state": "open",
        }
        return FeedRow(kind="lease", key=lease_id, version=1, body=body)


def make_snapshot(path: Path, people: People) -> None:
    """Write the file as the centre does: tables in key order, nothing else."""
    count = len(people.ids)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.executescript(f"{SCHEMA}; PRAGMA user_version={FORMAT}; BEGIN")
        _load(connection, "member", (people.member(n) for n in range(count)))
        for part in range(2):
            rows = (list(people.tokens(n))[part] for n in range(count))
            _load(connection, ("token", "phone")[part], rows)
        _load(connection, "lease", (people.lease(n) for n in range(0, count, 50)))
        connection.execute("COMMIT")


def _load(connection: sqlite3.Connection, table: str, rows: Iterable[FeedRow]) -> None:
    values: list[Values] = []
    for row in rows:
        ready = stored(row)
        assert ready is not None
        values.append(ready.values)
    values.sort()
    marks = ",".join("?" * len(values[0]))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)


def install(folder: Path, snapshot: Path, cache: Cache) -> float:
    """Seconds from the first request to a cache that answers."""
    key = new_private_key()
    command = [sys.executable, "-m", "bench.sync_server", str(snapshot)]
    with subprocess.Popen(
        [*command, public_key_of(key).hex()], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            client = CentreClient(url, "r1", key, None, lambda: NOW)
            fresh = FreshStart(client, cache, folder)
            began = time.monotonic()
            while not fresh.step().is_done:
                pass
            took_s = time.monotonic() - began
            client.close()
        finally:
            server.terminate()
    return took_s


def bare_copy_s(snapshot: Path, folder: Path) -> float:
    """The disk's own time for the same bytes: read, written and synced."""
    began = time.monotonic()
    with open(snapshot, "rb") as source, open(folder / "bare", "wb") as target:
        while piece := source.read(1 << 20):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    took_s = time.monotonic() - began
    (folder / "bare").unlink()
    return took_s


def forget_pages(path: Path) -> None:
    """Throw the file out of the system's page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def cold_lookups_ms(path: Path, people: People) -> tuple[list[float], list[float]]:
    """Milliseconds from a token to its member, and of two bare reads of the file beside it.

    The register has looked up before; the file is thrown out of the system's cache every 25
    lookups, and each member is looked up once."""
    dice = random.Random(SEED)
    numbers = dice.sample(range(len(people.ids)), LOOKUPS + WARM_UP)
    took, bare = [], []
    cache = Cache(path)
    descriptor = os.open(path, os.O_RDONLY)
    pages = path.stat().st_size // PAGE_BYTES
    gc.disable()
    for count, number in enumerate(numbers):
        if count >= WARM_UP and count % 25 == 0:
            forget_pages(path)
        key = dice.choice((people.card, people.phone))(number)
        began = time.perf_counter()
        found = cache.find_member_by_token(key)
        between = time.perf_counter()
        for _ in range(2):
            os.pread(descriptor, PAGE_BYTES, dice.randrange(pages) * PAGE_BYTES)
        ended = time.perf_counter()
        assert found is not None
        assert found.member_id == people.ids[number]
        if count >= WARM_UP:
            took.append((between - began) * 1_000)
            bare.append((ended - between) * 1_000)
    gc.enable()
    os.close(descriptor)
    cache.close()
    return took, bare


def feed_rows_per_s(cache: Cache, people: People) -> float:
    """Rows a second while pages of changed members are read from JSON and applied."""
    dice = random.Random(SEED)
    pages = []
    for number in range(FEED_ROWS // PAGE_ROWS):
        rows = [
            people.member(dice.randrange(len(people.ids)), 1_000 + number, 1)
            for _ in range(PAGE_ROWS)
        ]
        page = FeedPage(
            incarnation="bench", cursor=f"bench:{number}", rows=rows, more=True, server_time=NOW
        )
        pages.append(page.model_dump_json().encode())
    gc.collect()
    began = time.monotonic()
    for data in pages:
        cache.apply_page(FeedPage.model_validate_json(data))
    return FEED_ROWS / (time.monotonic() - began)


def bare_upserts_per_s(path: Path, people: People) -> float:
    """The same upserts with values made ready before, 1,000 a transaction, nothing around."""
    dice = random.Random(SEED + 1)
    ready = []
    for number in range(BARE_ROWS):
        row = stored(people.member(dice.randrange(len(people.ids)), 100_000 + number, 2))
        assert row is not None
        ready.append(row)
    with closing(connect_writer(path, "cache")) as connection:
        connection.execute("PRAGMA synchronous=NORMAL")
        began = time.monotonic()
        for start in range(0, BARE_ROWS, PAGE_ROWS):
            connection.execute("BEGIN IMMEDIATE")
            for row in ready[start : start + PAGE_ROWS]:
                apply_row(connection, row)
            connection.execute("COMMIT")
        return BARE_ROWS / (time.monotonic() - began)


def measured(members: int) -> list[Row]:
    """Every row, over a cache of so many members."""
    with tempfile.TemporaryDirectory(prefix="sync-bench-") as name:
        folder = Path(name)
        people = People(members)
        snapshot = folder / "made"
        make_snapshot(snapshot, people)
        data = folder / "data"
        data.mkdir()
        path = data / "cache.db"
        cache = Cache(path)
        installed_s = install(data, snapshot, cache)
        cache.close()
        megabytes = path.stat().st_size / 1e6
        lookups, bare_reads = cold_lookups_ms(path, people)
        bare_s = bare_copy_s(snapshot, folder)
        snapshot.unlink()
        start_s = start_to_first_sale_s(folder, people.card(members // 2))
        cache = Cache(path)
        fed = feed_rows_per_s(cache, people)
        cache.close()
        bare = bare_upserts_per_s(path, people)
        grown = path.stat().st_size / 1e6
    millions = members / 1e6
    return [
        Row("cache file", megabytes, 100 * millions, "MB", f"{grown:.1f} MB after the feed"),
        Row(
            "cold lookup p99",
            percentile(lookups, 99),
            1.0,
            "ms",
            f"p50 {percentile(lookups, 50):.3f}; two bare cold reads p50 "
            f"{percentile(bare_reads, 50):.3f}, p99 {percentile(bare_reads, 99):.3f} ms",
        ),
        Row(
            "snapshot installed",
            installed_s,
            15.0 * max(1.0, millions),
            "s",
            f"a bare copy of the file, synced: {bare_s:.2f} s",
        ),
        Row("start to first sale", start_s, 2.0, "s", f"a real agent, {members} members"),
        Row(
            "10k feed rows",
            10_000 / fed,
            1.0,
            "s",
            f"{fed:.0f} rows/s; bare upserts {bare:.0f} rows/s",
        ),
    ]


def main() -> int:
    """Measure; 0 when every budget is met, 1 when one is missed."""
    parser = argparse.ArgumentParser(description="Costs of a register's cache.")
    parser.add_argument("--members", type=int, default=MEMBERS, help="members in the programme")
    return finish("sync", measured(parser.parse_args().members))


if __name__ == "__main__":
    sys.exit(main())
