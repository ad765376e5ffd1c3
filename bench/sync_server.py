"""Serves one snapshot file by the contract's own routes, for `bench.sync`; prints its address."""

from __future__ import annotations

import hashlib
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

from sync.contract.cache_format import FORMAT
from sync.contract.feed import SnapshotInfo
from sync.serving.app import build_app
from sync.serving.hints import HintBoard
from sync.serving.port import Caller, RegisterKeys

NOW = "2026-11-22T09:00:00.000Z"


class SnapshotOnly:
    """What a snapshot's download needs of a centre."""

    def __init__(self, file: Path, key: bytes) -> None:
        self._file = file
        self._key = key
        with file.open("rb") as data:
            self._sha256 = hashlib.file_digest(data, "sha256").hexdigest()

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """The one register."""
        return RegisterKeys(register_id, "s1", 1, False, [(1, self._key)])

    def server_time(self) -> str:
        """Any."""
        return NOW

    def snapshot(self, caller: Caller, format_number: int) -> SnapshotInfo:
        """The file."""
        assert caller.epoch == 1
        assert format_number == FORMAT
        return SnapshotInfo(
            snapshot_id=self._sha256[:16],
            format=FORMAT,
            sha256=self._sha256,
            size=self._file.stat().st_size,
            rows=0,
            incarnation="bench",
            cursor="bench:0",
            made_at=NOW,
            server_time=NOW,
        )

    def snapshot_file(self, caller: Caller, snapshot_id: str) -> Path:
        """Its bytes."""
        assert caller.epoch == 1
        assert snapshot_id
        return self._file


def main() -> None:
    """Serve until killed."""
    server: Any = SnapshotOnly(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
    app = build_app(server, HintBoard())
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
