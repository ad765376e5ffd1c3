"""One agent per data folder: a lock file that names its holder.

The operating system frees the lock when the process ends, however it ends, so there is no stale
lock to remove. Two agents on one ledger would break its one-writer rule.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

FILE_NAME = "agent.lock"
MAX_BYTES = 4096
_TRIES = 6
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a data folder: process, start (UTC, ISO 8601), settings file and API port."""

    pid: int
    started_at: str
    config: str
    port: int

    def __str__(self) -> str:
        return f"process {self.pid}, started {self.started_at}, settings {self.config}"


class AlreadyRunning(Exception):
    """Another agent holds the data folder. `holder` is `None` when it has not said who it is."""

    def __init__(self, data_dir: Path, holder: Holder | None) -> None:
        super().__init__(f"another agent uses {data_dir}: {holder or 'it has not said which'}")
        self.holder = holder


@contextmanager
def lock(data_dir: Path, port: int, config: Path) -> Iterator[None]:
    """Hold `data_dir` (made when absent) until the block ends, or raise `AlreadyRunning`.

    It tries for half a second, so that a doctor's look is never taken for an agent."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _open(data_dir / FILE_NAME) as file:
        for attempt in range(_TRIES):
            if _try_lock(file):
                break
            if attempt == _TRIES - 1:
                raise AlreadyRunning(data_dir, _read(file))
            time.sleep(_PAUSE_S)
        started_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        me = Holder(os.getpid(), started_at, str(config.resolve()), port)
        _write(file, json.dumps(asdict(me), ensure_ascii=False).encode())
        try:
            yield
        finally:
            _write(file, b"")


def announce_port(data_dir: Path, port: int) -> None:
    """Put the port really bound into the lock file; only the holding process may."""
    with _open(data_dir / FILE_NAME) as file:
        known = _read(file)
        if known is not None and known.pid == os.getpid():
            _write(file, json.dumps(asdict(replace(known, port=port))).encode())


def holder(data_dir: Path) -> Holder | None:
    """Who holds `data_dir` now; `None` when nobody does. An unnamed holder has pid 0."""
    path = data_dir / FILE_NAME
    if not path.exists():
        return None
    with _open(path) as file:
        if _try_lock(file):
            return None
        return _read(file) or Holder(0, "", "", 0)


def _open(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def _write(file: IO[bytes], content: bytes) -> None:
    file.seek(0)
    file.truncate()
    file.write(content)


def _read(file: IO[bytes]) -> Holder | None:
    file.seek(0)
    try:
        return Holder(**json.loads(file.read(MAX_BYTES)))
    except (ValueError, TypeError):
        return None


if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read on Windows, so the lock sits past the text.
    _LOCK_AT = 1 << 20

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(_LOCK_AT)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
