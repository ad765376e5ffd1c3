"""`edge-agent run` as a real process on a rig's files: no devices, no centre, nothing around it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from edge_agent.demo.processes import KEEPS_COMPILED, script
from tests.support.rig import TOKEN, line, payment

CONFIG = 'data_dir = "data"\nlocale = "en"\n[api]\nport = 0\n'


class AgentProcess:
    """One agent over `folder`; `wrapper` stands before its command, `env` is added to its own."""

    def __init__(
        self,
        folder: Path,
        settings: str = "",
        wrapper: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.ledger = folder / "data" / "ledger.db"
        (folder / "agent.toml").write_text(CONFIG + settings, encoding="utf-8")
        (folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
        run = [script("edge-agent"), "run", "--config", str(folder / "agent.toml")]
        self._command = [*wrapper, *run]
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **KEEPS_COMPILED, **(env or {})}
        self._process: subprocess.Popen[str] | None = None
        self.http: httpx.Client

    def start(self) -> float:
        """Start; seconds until the API answers."""
        started = time.monotonic()
        with (self.folder / "agent.out").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=log, text=True, env=self._env
            )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert ready, (self.folder / "agent.out").read_text()[-2000:]
        self.http = httpx.Client(
            base_url=json.loads(ready)["url"],
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=20,
            # Plain HTTP on loopback: reading certificates would cost each start its tenth.
            verify=False,
        )
        self.pid = int(json.loads(ready)["pid"])
        return time.monotonic() - started

    def die_in_start(self, after_s: float) -> None:
        """Start, and SIGKILL after that time, wherever the start then is."""
        with (self.folder / "agent.out").open("ab") as log:
            process = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=log, env=self._env
            )
        time.sleep(after_s)
        process.kill()
        process.wait(30)

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def strike(self) -> None:
        """SIGKILL from another thread; `kill` then tidies up."""
        os.kill(self.pid, signal.SIGKILL)

    def spent_s(self) -> float:
        """Processor seconds that the agent has used so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            os.kill(self.pid, number)
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.http.close()
        self._process = None

    def status(self) -> dict[str, Any]:
        """The register at a glance."""
        found: dict[str, Any] = self.http.get("/v1/status").json()
        return found

    def sell(self, lines: int = 3, card: str = "", points: int | None = None) -> httpx.Response:
        """Ring up and confirm as a POS does, with keys; the first answer that is no success, or
        the confirmation."""
        sale_id = str(uuid.uuid4())
        goods = [
            line(n + 1, "milk", 4_590 + n, groups=["dairy"], barcode="4820000000017")
            for n in range(lines)
        ]
        body: dict[str, Any] = {"basket": {"lines": goods}}
        if card:
            body["identity"] = {"code": card, "source": "scanner"}
        answer = self._post(f"/v1/sales/{sale_id}/open", body)
        if answer.status_code == 200 and points is not None:
            answer = self._post(f"/v1/sales/{sale_id}/redeem", {"points": points})
        if answer.status_code != 200:
            return answer
        return self._post(f"/v1/sales/{sale_id}/confirm", payment(answer.json()))

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.http.post(path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
