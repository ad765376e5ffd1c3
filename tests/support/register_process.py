"""A register as a real process, with its emulated scanner and printer in another one."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import httpx

from edge_agent.demo.processes import Child
from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from tests.support.rig import TOKEN, Rig

_CONFIG = """\
data_dir = "data"

[centre]
url = "http://127.0.0.1:9"
retry_cap_s = 5

[api]
port = 0

[scanner]
driver = "scanner.serial"
url = "serial:{folder}/scanner?baud=115200"

[printer]
driver = "fiscal.datecs_ua"
url = "serial:{folder}/printer?baud=115200"
"""

_BENCH = """\
[control]
port = 0

[[device]]
name = "scanner"
kind = "scanner"
link = "scanner"

[[device]]
name = "printer"
kind = "printer"
dialect = "datecs_ua"
link = "printer"
delay_ms = {delay_ms}
paper_dir = "paper"
"""


class RegisterProcess:
    """`edge-agent run` on a rig's files; its centre is never there. Both processes have ended
    when `close` returns."""

    def __init__(self, folder: Path, rows: Iterable[FeedRow] = (), delay_ms: int = 5) -> None:
        self.folder = folder
        rig = Rig(folder)
        rig.config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
        (folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
        with closing(Cache(folder / "data" / "cache.db")) as cache:
            cache.apply_rows(list(rows))
        bench = folder / "bench.toml"
        bench.write_text(_BENCH.format(delay_ms=delay_ms), encoding="utf-8")
        self.emulators = Child(
            "edge-emulator", ["edge-emulator", "run", str(bench)], folder / "emulators.log"
        )
        self.agent = Child(
            "edge-agent", ["edge-agent", "run", "--config", str(rig.config)], folder / "agent.log"
        )
        self.control = str(self.emulators.start()["control"])

    @property
    def ledger(self) -> Path:
        """The sacred file."""
        return self.folder / "data" / "ledger.db"

    @property
    def paper(self) -> Path:
        """Everything the printer has printed, as text."""
        return self.folder / "paper" / "paper.txt"

    def start(self) -> float:
        """Start the agent; seconds until its API answers."""
        self.agent.start()
        return self.agent.started_s

    def client(self) -> httpx.Client:
        """A connection to the running agent."""
        return httpx.Client(
            base_url=str(self.agent.ready["url"]),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=15,
        )

    def device(self, name: str, script: str) -> None:
        """Steer an emulated device."""
        answer = httpx.post(
            f"{self.control}/devices/{name}/send", json={"script": script}, timeout=15
        )
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        """Stop the agent, then its devices."""
        self.agent.stop()
        self.emulators.stop()


class Executioner:
    """Kills a register's agent after a delay, from a thread of its own."""

    def __init__(self, register: RegisterProcess) -> None:
        self._register = register
        self._thread: threading.Thread | None = None
        self.kills = 0

    def arm(self, delay_s: float) -> None:
        """SIGKILL in `delay_s` seconds."""
        self.join()
        self._thread = threading.Thread(target=self._kill, args=(delay_s,), daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Return when nothing is armed any more."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _kill(self, delay_s: float) -> None:
        time.sleep(delay_s)
        self._register.agent.kill()
        self.kills += 1


def copy_of_ledger(ledger: Path, into: Path) -> sqlite3.Connection:
    """A connection to a copy of a dead agent's file, so that looking at it repairs nothing."""
    into.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal"):
        source = ledger.with_name(ledger.name + suffix)
        target = into / source.name
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    (into / f"{ledger.name}-shm").unlink(missing_ok=True)
    return sqlite3.connect(into / ledger.name)
