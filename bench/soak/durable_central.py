"""Campaigns against the centre's durability, bounded by SOAK_S seconds and repeatable by SEED.

`python -m bench.soak.durable_central` runs: PostgreSQL killed during ingest by two service
processes (target 100 kills), and 10^6 changes by 8 writers under a following feed, with the naive
cursor beside it. The last line says how much of the targets was reached.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench.report import OUT
from bench.soak.central_rig import (
    Register,
    Service,
    await_other_postmaster,
    enrolled,
    kill_postgres,
    patiently,
    stored_bodies,
)
from central.audit import check_books
from central.changes import Changes
from central.db.bulk import Connection
from central.db.embedded import embedded
from central.db.migrate import migrate
from central.db.session import connect
from central.feed import read_page
from central.place import opened
from sync.serving.port import Caller

TARGET_KILLS = 100
TARGET_CHANGES = 1_000_000
WRITERS = 8


# --- PostgreSQL killed during ingest ----------------------------------------------------------


@dataclass
class KillReport:
    """What a campaign of kills found; `lost` are acknowledged facts that are not stored."""

    kills: int = 0
    acknowledged: int = 0
    stored: int = 0
    lost: int = 0
    posted_twice: int = 0
    books_ok: bool = False
    restart_s: list[float] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Nothing acknowledged is missing, nothing is there twice, and the books add up."""
        return self.books_ok and not self.lost and not self.posted_twice


def kill_campaign(
    folder: Path,
    kills: int,
    seed: int,
    *,
    registers: int = 3,
    until: float = float("inf"),
    progress: bool = False,
) -> KillReport:
    """Two services over one database take sales while PostgreSQL is killed again and again.

    Each batch goes to a service chosen at random, often to both at once; what was acknowledged
    before a kill must be stored after it."""
    data_dir = folder / "centre"
    report = KillReport()
    with ExitStack() as stack:
        services = []
        for number in range(2):
            service = Service(data_dir, folder / f"service{number}.log")
            stack.callback(service.stop)
            services.append(service)
        with opened(data_dir, None) as connection:
            urls = [service.url for service in services]
            tills = [enrolled(connection, urls, "S1", f"R{n}") for n in range(registers)]
        for till in tills:
            stack.callback(till.close)
        _ingest_under_fire(data_dir, tills, kills, seed, until, report, progress)
        with opened(data_dir, None) as connection:
            _judge(connection, tills, report)
    return report


def _ingest_under_fire(
    data_dir: Path,
    tills: list[Register],
    kills: int,
    seed: int,
    until: float,
    report: KillReport,
    progress: bool,
) -> None:
    done = threading.Event()
    failures: list[BaseException] = []

    def feed(till: Register, chance: random.Random) -> None:
        try:
            while not done.is_set():
                _send_some(till, chance)
            _send_rest(till)
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            failures.append(error)

    threads = [
        threading.Thread(target=feed, args=(till, random.Random(seed + number)))
        for number, till in enumerate(tills)
    ]
    for thread in threads:
        thread.start()
    chance = random.Random(seed)
    try:
        while report.kills < kills and time.monotonic() < until and not failures:
            time.sleep(chance.uniform(0.1, 0.6))
            began = time.monotonic()
            killed = kill_postgres(data_dir / "postgres")
            report.kills += 1
            await_other_postmaster(data_dir / "postgres", killed)
            before = sum(len(till.acknowledged) for till in tills)
            while sum(len(till.acknowledged) for till in tills) == before and not failures:
                time.sleep(0.02)
                if time.monotonic() - began > 60:
                    raise RuntimeError("the service did not come back within 60 s")
            report.restart_s.append(time.monotonic() - began)
            if progress and report.kills % 10 == 0:
                print(f"{report.kills} kills", file=sys.stderr, flush=True)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def _send_some(till: Register, chance: random.Random) -> None:
    first = len(till.facts) + 1
    for _ in range(chance.randrange(1, 30)):
        till.sell(chance.choice([None, 11, 12, 13, 14]), chance.randrange(1, 500))
    count = len(till.facts) - first + 1
    client = chance.choice(till.clients)
    if chance.random() < 0.5:
        patiently(lambda: till.push(client, first, count))
        return
    together = [
        threading.Thread(target=patiently, args=(lambda c=each: till.push(c, first, count),))
        for each in till.clients
    ]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()


def _send_rest(till: Register) -> None:
    """Everything once more, as a register does that has lost an answer."""
    for start in range(1, len(till.facts) + 1, 400):
        client = till.clients[0]
        patiently(lambda s=start, c=client: till.push(c, s, 400))


def _judge(connection: Connection, tills: list[Register], report: KillReport) -> None:
    for till in tills:
        held = stored_bodies(connection, till)
        report.acknowledged += len(till.acknowledged)
        report.stored += len(held)
        report.lost += sum(held.get(seq) != till.facts[seq - 1].body for seq in till.acknowledged)
    twice = connection.execute(
        "select coalesce(sum(extra), 0)::bigint from (select count(*) - 1 as extra from entry"
        " where kind = 'accrual' group by register_id, epoch, seq having count(*) > 1) more"
    ).fetchone()
    report.posted_twice = int(twice[0]) if twice else 0
    report.books_ok = _settled_books(connection)


def _settled_books(connection: Connection) -> bool:
    """The audit, once the last stored facts have been applied."""
    for _ in range(100):
        behind = connection.execute(
            "select 1 from applied a join register_epoch e using (register_id, epoch)"
            " where e.head_seq > a.seq limit 1"
        ).fetchone()
        if behind is None:
            break
        time.sleep(0.1)
    return bool(check_books(connection)["ok"])


# --- the feed under concurrent writers --------------------------------------------------------


@dataclass
class FeedReport:
    """How many rows were written, and how many each reader never saw."""

    written: int = 0
    missed: int = 0
    naive_missed: int = 0

    @property
    def is_sound(self) -> bool:
        """Our reader missed nothing, and the race was real: the naive one did."""
        return self.written > 0 and self.missed == 0 and self.naive_missed > 0


def feed_campaign(
    url: str, rows: int, seed: int, *, until: float = float("inf"), rows_a_commit: int = 25
) -> FeedReport:
    """8 writers commit rows in small transactions that stay open for a moment; a register's
    reader and a naive one (`id > last` over a sequence) follow."""
    with connect(url) as setup:
        setup.execute("drop table if exists naive_row")
        setup.execute("create table naive_row (id bigserial primary key, name text)")
    each = rows // WRITERS
    written = [0] * WRITERS
    started = threading.Barrier(WRITERS + 1)

    def write(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        with connect(url) as connection:
            started.wait()
            while written[number] < each and time.monotonic() < until:
                names = [
                    f"{number}-{written[number] + n}"
                    for n in range(min(rows_a_commit, each - written[number]))
                ]
                _commit(connection, names, chance)
                written[number] += len(names)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    started.wait()
    seen, naive = _follow(url, threads)
    total = sum(written)
    with connect(url) as connection:
        connection.execute("drop table naive_row")
    return FeedReport(total, total - seen, total - naive)


def _commit(connection: Connection, names: list[str], chance: random.Random) -> None:
    with connection.transaction():
        changes = Changes()
        for name in names:
            changes.put("good", name, {"n": name})
        changes.flush(connection)
        connection.execute("insert into naive_row (name) select unnest(%s::text[])", [names])
        time.sleep(chance.random() * 0.004)


def _follow(url: str, threads: list[threading.Thread]) -> tuple[int, int]:
    """Rows seen by the feed's reader and by the naive one. Neither sees a row twice: each row is
    written once, so counting is enough."""
    caller = Caller("R1", "S1", 1, True)
    seen = naive = last = 0
    cursor = ""
    with connect(url) as connection:
        while True:
            finished = not any(thread.is_alive() for thread in threads)
            with connection.transaction():
                connection.execute("set transaction isolation level repeatable read, read only")
                page = read_page(connection, caller, cursor, 2_000, datetime.now(UTC))
            seen += sum(row.kind == "good" for row in page.rows)
            cursor = page.cursor
            row = connection.execute(
                "select count(*), max(id) from (select id from naive_row where id > %s"
                " order by id) fresh",
                [last],
            ).fetchone()
            if row is not None and row[0]:
                naive, last = naive + row[0], row[1]
            if finished and not page.more and not page.rows:
                return seen, naive
            if not page.rows:
                time.sleep(0.005)


# --- all of it --------------------------------------------------------------------------------


def main() -> int:
    """Run within SOAK_S; 0 when nothing was lost or missed."""
    bound_s = float(os.environ.get("SOAK_S", "1200"))
    seed = int(os.environ.get("SEED", str(random.SystemRandom().randrange(1_000_000))))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="centre-soak-") as folder:
        killed = kill_campaign(
            Path(folder), TARGET_KILLS, seed, until=began + bound_s * 0.6, progress=True
        )
    with (
        tempfile.TemporaryDirectory(prefix="centre-soak-") as folder,
        embedded(Path(folder)) as url,
    ):
        migrate(url)
        fed = feed_campaign(url, TARGET_CHANGES, seed, until=began + bound_s * 0.95)
    sound = killed.is_sound and fed.is_sound
    line = {
        "soak": "durable_central",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "took_s": round(time.monotonic() - began),
        "kills": killed.kills,
        "kills_target": TARGET_KILLS,
        "changes": fed.written,
        "changes_target": TARGET_CHANGES,
        "killed": asdict(killed) | {"restart_s": round(max(killed.restart_s, default=0.0), 2)},
        "fed": asdict(fed),
        "sound": sound,
    }
    OUT.mkdir(exist_ok=True)
    with (OUT / "soak.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
    print(
        f"durable_central: {killed.kills} of {TARGET_KILLS} kills"
        f" ({killed.acknowledged} acknowledged, {killed.lost} lost,"
        f" {killed.posted_twice} posted twice, slowest restart"
        f" {max(killed.restart_s, default=0.0):.1f} s);"
        f" {fed.written} of {TARGET_CHANGES} changes ({fed.missed} missed,"
        f" naive cursor {fed.naive_missed}); seed {seed}; {'sound' if sound else 'NOT SOUND'}"
    )
    return 0 if sound else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (psycopg.Error, RuntimeError) as error:
        print(f"durable_central: could not run: {error}", file=sys.stderr)
        sys.exit(2)
