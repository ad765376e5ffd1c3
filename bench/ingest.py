"""The centre's ingest beside the same SQL statements run bare, and its push streams.

Ingest: batches of 500 receipts go through the service's own upload (judge, store, apply) against
a durable PostgreSQL; every statement is recorded with its parameters, pipelines and commits. Then
the same statements are replayed against a second database in the same state, by a loop that does
nothing else, in the same process and under the same garbage collector. Streams: 10,000 register
streams in one process, the client in another; memory above the same process idle, and the time
from a commit to the hint on every stream.
"""

from __future__ import annotations

import base64
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.ingest_streams import stream_rows
from bench.report import Row, finish, median
from bench.soak.central_rig import make_fact, sale_body
from central import enrolment
from central.audit import check_books
from central.db.embedded import embedded
from central.db.migrate import migrate
from central.db.session import connect, open_pool
from central.garbage import collect_seldom
from central.member_import import import_members
from central.service import CentreService
from sync.contract.chain import GENESIS
from sync.contract.messages import EnrolRequest, Fact, UploadBatch
from sync.contract.signing import new_private_key, public_key_of
from sync.serving.port import Caller

MEMBERS = 20_000
BATCHES, WARM_UP, FACTS = 24, 4, 500
LEAST_SHARE = 0.60
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)

Event = tuple[str, Any, Any]
_journal: list[Event] | None = None


# --- recording --------------------------------------------------------------------------------


def _note(kind: str, first: Any = None, second: Any = None) -> None:
    if _journal is not None:
        _journal.append((kind, first, second))


class RecordingCursor(psycopg.Cursor[Any]):
    """Notes every statement with its parameters."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Note, then execute."""
        _note("execute", query, params)
        return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        """Note, then execute."""
        rows = list(params_seq)
        _note("executemany", query, rows)
        super().executemany(query, rows, **options)


class RecordingConnection(psycopg.Connection[Any]):
    """Notes pipelines, savepoints and commits."""

    @contextmanager
    def pipeline(self) -> Iterator[Any]:
        """Note both ends."""
        _note("pipeline+")
        with super().pipeline() as pipeline:
            yield pipeline
        _note("pipeline-")

    @contextmanager
    def transaction(self, *names: Any, **options: Any) -> Iterator[Any]:
        """Note both ends of a savepoint."""
        _note("savepoint+")
        with super().transaction(*names, **options) as transaction:
            yield transaction
        _note("savepoint-")

    def commit(self) -> None:
        """Note, then commit."""
        _note("commit")
        super().commit()


def replay(connection: psycopg.Connection[Any], journal: list[Event]) -> None:
    """The same statements, and nothing else."""
    with ExitStack() as stack:
        opened: list[ExitStack] = []
        cursor = connection.cursor()
        stack.callback(cursor.close)
        for kind, first, second in journal:
            if kind == "execute":
                cursor.execute(first, second)
                if cursor.description is not None and not opened:
                    cursor.fetchall()
            elif kind == "executemany":
                cursor.executemany(first, second)
            elif kind == "commit":
                connection.commit()
            elif kind.endswith("+"):
                inner = ExitStack()
                is_pipeline = kind.startswith("pipeline")
                inner.enter_context(
                    connection.pipeline() if is_pipeline else connection.transaction()
                )
                opened.append(inner)
            else:
                opened.pop().close()


# --- the two databases --------------------------------------------------------------------------


def prepare(server_url: str, name: str, folder: Path) -> tuple[str, list[int]]:
    """A database with members and one enrolled register."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = server_url.replace("/edge_central?", f"/{name}?")
    migrate(url)
    rows = [f"067{number:07d};Олена Коваль;100" for number in range(MEMBERS)]
    file = folder / f"{name}.csv"
    file.write_text("phone;name;balance\n" + "\n".join(rows), encoding="utf-8")
    with connect(url) as connection:
        import_members(connection, file, NOW, dry_run=False, on_progress=lambda _: None)
        with connection.transaction():
            code, _ = enrolment.create_code(connection, "S1", "R1", "", 1, NOW)
            key = base64.b64encode(public_key_of(new_private_key())).decode()
            enrolment.enrol(connection, EnrolRequest(code=code, public_key=key), [], NOW)
        ids = [row[0] for row in connection.execute("select member_id from member order by 1")]
    with connect(url) as connection:
        connection.execute("vacuum analyze")
    return url, ids


def copy_of(server_url: str, name: str, original: str) -> str:
    """A second database, the same to the byte."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {original}")
    return server_url.replace("/edge_central?", f"/{name}?")


def batches(ids: list[int], count: int) -> list[UploadBatch]:
    """Consecutive batches of one register; three of four sales are a member's."""
    chance = random.Random(20261122)
    made, previous, seq = [], GENESIS, 0
    for _ in range(count):
        facts: list[Fact] = []
        for _ in range(FACTS):
            seq += 1
            member = chance.choice(ids) if chance.random() < 0.75 else None
            body = sale_body("R1", "S1", member, chance.randrange(1, 500))
            facts.append(make_fact("R1", 1, seq, body, previous))
            previous = bytes.fromhex(facts[-1].hash)
        made.append(UploadBatch(register_id="R1", epoch=1, facts=facts))
    return made


def ingest_row(folder: Path) -> Row:
    """Our upload beside the replay, one client each, the same durable server."""
    global _journal
    with embedded(folder / "centre") as server_url:
        url, ids = prepare(server_url, "ours", folder)
        bare_url = copy_of(server_url, "bare", "ours")
        all_batches = batches(ids, BATCHES)
        pool = open_pool(url, 2, RecordingConnection, RecordingCursor)
        service = CentreService(pool, [], lambda: NOW)
        caller = Caller("R1", "S1", 1, True)
        collect_seldom()
        ours: list[float] = []
        bare: list[float] = []
        with psycopg.connect(bare_url) as connection:
            connection.execute("set timezone to 'UTC'")
            connection.commit()
            # Turn by turn, so that whatever else the machine does weighs on both alike.
            for number, batch in enumerate(all_batches):
                _journal = []
                began = time.perf_counter()
                reply = service.upload(caller, batch)
                ours.append(time.perf_counter() - began)
                assert reply.head_seq == (number + 1) * FACTS
                journal, _journal = _journal, None
                began = time.perf_counter()
                replay(connection, journal)
                bare.append(time.perf_counter() - began)
        pool.close()
        for each in (url, bare_url):
            with connect(each) as connection:
                found = check_books(connection)
                assert found["ok"], found["findings"]
    ours_s, bare_s = median(ours[WARM_UP:]), median(bare[WARM_UP:])
    beside = f"{FACTS / ours_s:,.0f} receipts/s of {FACTS / bare_s:,.0f} bare, medians"
    name = f"ingest of {FACTS} a batch beside its own statements"
    return Row(name, ours_s / bare_s, 1 / LEAST_SHARE, "x", beside)


def main() -> int:
    """All rows."""
    folder = Path(tempfile.mkdtemp(prefix="bench-ingest-"))
    try:
        rows = [ingest_row(folder), *stream_rows(folder)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return finish("ingest", rows)


if __name__ == "__main__":
    sys.exit(main())
