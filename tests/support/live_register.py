"""A whole register in this process: API, sync with a real centre, devices, its own event loop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from edge_agent.agent import Agent
from edge_agent.bootstrap import build
from edge_agent.config import load_settings
from edge_agent.head_guard import begin
from edge_agent.ledger import row_seals
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.verify import quick_check
from edge_agent.runtime import loopback_sockets
from sync.enrolment import Identity
from tests.support.rig import TOKEN

PATIENCE_S = 20.0


def until(what: str, test: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    """Wait for a true answer and return it; a sentence when it never came."""
    end = time.monotonic() + timeout_s
    while not (found := test()):
        assert time.monotonic() < end, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(0.02)
    return found


def _filler(key: str, size: int) -> Callable[[sqlite3.Connection], object]:
    row = ("filler", key, "x" * size)
    return lambda connection: connection.execute("INSERT INTO device_journal VALUES (?,?,?)", row)


class LiveRegister:
    """Runs like `edge-agent run`, on a thread. `devices` is the TOML of printer and scanner.

    `is_copy`: the folder is a copy of another one's, nobody enrolled here. `machine` stands for
    the facts of the machine that it runs on."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        centre_url: str,
        devices: str = "",
        authorise_ms: int = 500,
        is_copy: bool = False,
        machine: str = "",
    ) -> None:
        self.folder = folder
        self.identity = identity
        self.data_dir = folder / "data"
        self.config = folder / "agent.toml"
        self._agent: Agent | None = None
        self.http: httpx.Client
        self.data_dir.mkdir(parents=True, exist_ok=True)
        identity.save(self.data_dir / "identity.json")
        # The till itself must find out that the centre is gone, not a poll before it.
        self.config.write_text(
            f'data_dir = "data"\n[api]\nport = 0\n[centre]\nurl = "{centre_url}"\npoll_s = 120\n'
            f"heartbeat_s = 120\nretry_cap_s = 1\nauthorise_timeout_ms = {authorise_ms}\n{devices}",
            encoding="utf-8",
        )
        self._machine = machine
        if not is_copy:
            begin(load_settings(self.config), identity)

    # --- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve; returns when the API answers."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(PATIENCE_S)
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=15
        )

    async def _live(self, ready: threading.Event) -> None:
        sockets = loopback_sockets(0)
        port = sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        try:
            agent = self._agent = build(
                load_settings(self.config), port=port, token=TOKEN, machine=self._machine
            )
        except BaseException:
            for each in sockets:
                each.close()
            raise
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = uvicorn.Server(uvicorn.Config(agent.app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=sockets))
        syncing = asyncio.create_task(agent.run_sync(self._stop))
        agent.start_devices()
        while not server.started:
            await asyncio.sleep(0.005)
        ready.set()
        await self._stop.wait()
        server.should_exit = server.force_exit = True
        await asyncio.to_thread(agent.stop_devices)
        await asyncio.gather(serving, syncing)
        await asyncio.to_thread(agent.close)

    def stop(self) -> None:
        """Stop serving and close the files."""
        if self._agent is not None:
            self.http.close()
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive()
            self._agent = None

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """SQLite finds no room for another row of the ledger."""
        assert self._agent is not None
        ledger = self._agent.till._ledger
        ledger.query(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
        for size in (3_000, 300, 30):
            with suppress(sqlite3.OperationalError):
                for number in range(1_000):
                    ledger.query(_filler(f"{size}.{number}", size))
        try:
            yield
        finally:
            ledger.query(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
            ledger.write(lambda c: c.execute("DELETE FROM device_journal WHERE device = 'filler'"))

    def age(self, sale_id: str, by: timedelta) -> None:
        """Make a sale look untouched for that long, and let the agent look at its own state."""
        assert self._agent is not None
        at = (datetime.now(UTC) - by).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        sql = row_seals.update("sale", {"touched_at": ":at"}, "sale_id = :sale_id")
        values = {"at": at, "sale_id": sale_id}
        self._agent.till._ledger.write(lambda c: c.execute(sql, values))
        self._agent.beat()

    # --- looking ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The register at a glance."""
        found: dict[str, Any] = self.http.get("/v1/status").json()
        return found

    def sale(self, sale_id: str) -> dict[str, Any]:
        """A sale as it stands."""
        found: dict[str, Any] = self.http.get(f"/v1/sales/{sale_id}/status").json()
        return found

    def rows(self, query: str, *values: Any, file: str = "ledger.db") -> list[dict[str, Any]]:
        """Rows of one of the register's files."""
        with closing(connect_reader(self.data_dir / file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def lease_points(self, member_id: int) -> int:
        """What is granted on the member's lease of this register and epoch, 0 when none is."""
        found = self.rows(
            "SELECT granted_points FROM lease WHERE member_id = ? AND epoch = ? AND state = 'open'",
            member_id,
            self.identity.epoch,
            file="cache.db",
        )
        return int(found[0]["granted_points"]) if found else 0

    def faults(self) -> list[str]:
        """What is wrong with the ledger."""
        return quick_check(self.data_dir / "ledger.db")

    # --- waiting ----------------------------------------------------------------------------

    def until_online(self) -> None:
        """The centre answers."""
        until("online", lambda: self.status()["online"])

    def until_drained(self) -> None:
        """Every fact is at the centre, and nobody did anything for it."""
        until("an empty queue", lambda: self.status()["outbox_pending"] == 0)

    def until_paper(self, sale_id: str) -> dict[str, Any]:
        """The last print job of a sale has its verdict."""

        def decided() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sale(sale_id)["prints"][-1]
            return None if job["state"] in ("queued", "printing") else job

        found: dict[str, Any] = until("a verdict on the paper", decided)
        return found
