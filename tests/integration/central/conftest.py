"""A real PostgreSQL for the session, a fresh database and a listening centre for each test, and
registers that speak the contract over HTTP."""

from __future__ import annotations

import base64
import gzip
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from central import enrolment, keys, server
from central.audit import check_books
from central.db.embedded import embedded
from central.db.migrate import migrate
from central.db.session import connect
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.messages import canonical_json
from sync.contract.signing import new_private_key, public_key_of, sign_request
from tests.support.hub_net import UNAPPLIED
from tests.support.two_nodes import second_node

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
APPLIED_S = 5.0


@dataclass
class TestClock:
    """A clock that stands until it is moved."""

    __test__ = False
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: int) -> None:
        self.now += timedelta(**delta)


@pytest.fixture(scope="session")
def postgres_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="centre-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(postgres_dir: Path) -> Iterator[str]:
    """URL of the embedded server's own database, migrated. Nothing here has to outlive a crash.

    With CENTRE_TEST_NODES=2 its rows lie on two servers (see `tests.support.two_nodes`)."""
    programs = os.environ.get("CENTRE_TEST_POSTGRES_BIN")
    folder = Path(programs) if programs else None
    with ExitStack() as stack:
        url = stack.enter_context(embedded(postgres_dir, folder))
        if os.environ.get("CENTRE_TEST_NODES") == "2":
            stack.enter_context(second_node(url, postgres_dir / "second", folder))
        migrate(url)
        superuser = url.replace("//edge_central:", "//postgres:").replace("/edge_central?", "/?")
        with psycopg.connect(superuser, autocommit=True, dbname="postgres") as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"alter system set {setting} to off")
            connection.execute("select pg_reload_conf()")
        yield url


@pytest.fixture
def database_url(postgres: str) -> str:
    """The session's database, emptied: as after the migrations, with a new incarnation."""
    with psycopg.connect(postgres) as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " and tablename not in ('migration', 'meta')"
        ).fetchall()
        for (table,) in tables:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        connection.execute(
            "update meta set value = %s where name = 'incarnation'", [uuid.uuid4().hex]
        )
        connection.execute("update meta set value = '0' where name = 'feed_floor'")
        connection.execute(
            "delete from meta where name in"
            " ('quiet_until', 'hub_term_floor', 'forgotten_purses_until')"
        )
    return postgres


@pytest.fixture
def db(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(database_url) as connection:
        yield connection


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@dataclass
class Centre:
    """A listening centre and the ways to it."""

    url: str
    database_url: str
    data_dir: Path
    clock: TestClock
    http: httpx.Client

    def code(self, store: str, register: str, ttl_hours: int = 24) -> str:
        with connect(self.database_url) as connection, connection.transaction():
            made = enrolment.create_code(connection, store, register, "", ttl_hours, self.clock())
        return made[0]

    def till(self, store: str = "S1", register: str = "R1") -> Till:
        """Enrol a register."""
        private_key = new_private_key()
        body = {
            "code": self.code(store, register),
            "public_key": base64.b64encode(public_key_of(private_key)).decode(),
        }
        reply = self.http.post("/v1/enrol", json=body)
        assert reply.status_code == 200, reply.text
        return Till(self.http, private_key, reply.json())


@pytest.fixture
def centre(database_url: str, clock: TestClock, tmp_path: Path) -> Iterator[Centre]:
    """Served from a thread, over a real socket."""
    keys.create_key(tmp_path, clock())
    public = [key.public for key in keys.load_keys(tmp_path)]
    listening = server.bind("127.0.0.1", 0)
    ready = threading.Event()
    with server.wired(
        database_url,
        public,
        clock=clock,
        housekeeping_s=0.2,
        snapshot_dir=tmp_path / "snapshots",
        term_key=keys.load_keys(tmp_path)[0],
    ) as (app, board):
        serving = server.HttpServer(app, board, ready.set)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        assert ready.wait(10)
        url = server.url_of(listening)
        with httpx.Client(base_url=url, timeout=10, trust_env=False) as http:
            yield Centre(url, database_url, tmp_path, clock, http)
        serving.finish()
        thread.join()
        listening.close()


@dataclass
class Till:
    """A register: its key, its chain, its calls."""

    http: httpx.Client
    private_key: bytes
    identity: dict[str, Any]
    seq: int = 0
    head: bytes = GENESIS
    cursor: str = ""
    cache: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @property
    def register_id(self) -> str:
        return str(self.identity["register_id"])

    @property
    def epoch(self) -> int:
        return int(self.identity["epoch"])

    def request(
        self, method: str, target: str, body: bytes = b"", **headers: str
    ) -> httpx.Response:
        sent_at = "2026-11-22T09:00:00.000Z"
        signed = sign_request(self.private_key, self.register_id, method, target, sent_at, body)
        return self.http.request(method, target, content=body, headers={**signed, **headers})

    def post(self, target: str, message: Any) -> httpx.Response:
        return self.request("POST", target, canonical_json(message))

    # --- facts ---

    def fact(self, kind: str, body: dict[str, Any] | str) -> dict[str, Any]:
        """The next fact of the chain."""
        text = body if isinstance(body, str) else canonical_json(body).decode()
        self.seq += 1
        previous = self.head
        self.head = fact_hash(self.register_id, self.epoch, self.seq, kind, text.encode(), previous)
        return {
            "seq": self.seq,
            "kind": kind,
            "body": text,
            "prev_hash": previous.hex(),
            "hash": self.head.hex(),
        }

    def upload(self, *facts: dict[str, Any], packed: bool = True) -> dict[str, Any]:
        reply = self.upload_raw(facts, packed=packed)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def upload_raw(
        self, facts: tuple[dict[str, Any], ...], *, packed: bool = True
    ) -> httpx.Response:
        batch = {"register_id": self.register_id, "epoch": self.epoch, "facts": list(facts)}
        body = canonical_json(batch)
        if packed:
            headers = {"Content-Encoding": "gzip"}
            return self.request("POST", "/v1/facts", gzip.compress(body), **headers)
        return self.request("POST", "/v1/facts", body)

    def send(self, kind: str, body: dict[str, Any]) -> str:
        """Upload one fact; its verdict."""
        reply = self.upload(self.fact(kind, body))
        return str(reply["verdicts"][0]["verdict"])

    # --- feed ---

    def pull(self, limit: int = 500) -> list[dict[str, Any]]:
        """Follow the feed to its end; the cache keeps the newest version of each row."""
        rows: list[dict[str, Any]] = []
        more = True
        while more:
            reply = self.request("GET", f"/v1/feed?cursor={self.cursor}&limit={limit}")
            assert reply.status_code == 200, reply.text
            page = reply.json()
            rows += page["rows"]
            self.cursor, more = page["cursor"], page["more"]
        for row in rows:
            known = self.cache.get((row["kind"], row["key"]))
            if known is None or row["version"] > known["version"]:
                self.cache[row["kind"], row["key"]] = row
        return rows

    def member(self, member_id: int) -> dict[str, Any]:
        """The member's row after a pull."""
        self.pull()
        return dict(self.cache["member", str(member_id)]["body"])

    def lease(self, member_id: int) -> dict[str, Any]:
        self.pull()
        return dict(self.cache["lease", f"{self.register_id}.{self.epoch}.{member_id}"]["body"])


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def sale_body() -> Callable[..., dict[str, Any]]:
    """A version 1 sale; keyword arguments replace fields."""

    def make(till: Till, member_id: int | None = None, **changes: Any) -> dict[str, Any]:
        line = {
            "line_id": "1",
            "sku": "0001",
            "name": "Хліб",
            "qty_milli": 1000,
            "unit_price_minor": 10_000,
            "sum_minor": 10_000,
        }
        body = {
            "version": 1,
            "sale_id": new_id(),
            "register_id": till.register_id,
            "store_id": till.identity["store_id"],
            "occurred_at": "2026-11-22T09:00:00.000Z",
            "clock": {"source": "centre", "offset_ms": 0},
            "mode": "online",
            "member_id": member_id,
            "lines": [line],
            "tenders": [{"kind": "cash", "amount_minor": 10_000}],
            "gross_minor": 10_000,
            "discount_minor": 0,
            "redeemed_minor": 0,
            "payable_minor": 10_000,
            "ruleset_sequence": 1,
            "fiscal": "none",
        }
        return {**body, **changes}

    return make


@pytest.fixture
def redemption() -> Callable[..., dict[str, Any]]:
    """A redemption of `points`, from where the keyword arguments say."""

    def make(points: int, layer: str = "lease", **changes: Any) -> dict[str, Any]:
        body = {
            "requested_points": points,
            "points": points,
            "amount_minor": points,
            "shares": [],
            "layer": layer,
            "auth_id": new_id(),
        }
        return {**body, **changes}

    return make


@pytest.fixture
def add_member(db: psycopg.Connection[Any], tmp_path: Path) -> Callable[..., int]:
    """Import one member with an opening balance in bonuses; returns the id."""
    from central.csv_file import parse_hundredths
    from central.member_import import import_members
    from loyalty.codes import gtin_check_digit

    count = 0

    def add(balance: str = "0", expires_on: str = "", name: str = "Олена Коваль") -> int:
        nonlocal count
        count += 1
        digits = f"042{count:09d}"
        card = digits + gtin_check_digit(digits)
        file = tmp_path / f"member{count}.csv"
        file.write_text(
            f"card;phone;name;balance;expires_on\n{card};067123{count:04d};{name};{balance};"
            f"{expires_on}\n",
            encoding="utf-8",
        )
        result = import_members(db, file, START, dry_run=False, on_progress=lambda _rows: None)
        assert (result.created, result.opening_points) == (1, parse_hundredths(balance, "balance"))
        row = db.execute("select member_id from token where token_key = %s", [f"card:{card}"])
        found = row.fetchone()
        assert found is not None
        return int(found[0])

    return add


@pytest.fixture
def books(db: psycopg.Connection[Any]) -> Callable[[int], dict[str, int]]:
    """Balances of a member, after checking that the whole ledger adds up.

    A loaded centre answers first and applies a moment later: that moment is waited for."""

    def read(member_id: int) -> dict[str, int]:
        end = time.monotonic() + APPLIED_S
        while db.execute(UNAPPLIED).fetchone() != (0,) and time.monotonic() < end:
            time.sleep(0.02)
        found = check_books(db)
        assert found["ok"], found
        rows = db.execute("select account, balance from account where member_id = %s", [member_id])
        return dict(rows.fetchall())

    return read
