"""Room on the register's disk: a reserve for the day it is full, and what people are told.

The reserve is a file of real blocks. When the disk is full it is given to sales in eight steps,
never at once, so that another program on the same disk cannot take all of it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sync.durable_file import sync_folder

StorageState = Literal["ok", "low", "reserve", "full", "damaged"]

FILE_NAME = "reserve.bin"
MIB = 1024 * 1024
SALE_BYTES = 48 * 1024
"""What a sale takes, until this register has sold enough to be measured."""
MEASURED_AFTER_SALES = 200
LOG_BYTES = 12 * MIB
"""What the log of commits may grow to before it is folded into the file."""
START_BYTES = MIB
"""The end of the reserve, which only a start may use: the files open even on a full disk."""
STEPS = 8
URGENT_BYTES = 2 * MIB
MARGIN_BYTES = 16 * MIB
LOW_SALES = 3_000
"""Free space for fewer sales than these (two days of a busy till) is low."""


def sale_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the ledger's file that one sale takes, from what this register has sold."""
    sales: int = connection.execute(
        "SELECT count(*) FROM sale WHERE committed_at IS NOT NULL"
    ).fetchone()[0]
    if sales < MEASURED_AFTER_SALES:
        return SALE_BYTES
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return max(8 * 1024, min(256 * 1024, (pages - free) * size // sales))


class Storage:
    """The reserve of one data folder and the state of its disk; any thread may call.

    `on_state` hears each change, on the thread that met it."""

    def __init__(
        self,
        folder: Path,
        reserve_sales: int,
        free_bytes: Callable[[Path], int],
        on_state: Callable[[StorageState, StorageState], None] = lambda _old, _new: None,
    ) -> None:
        self.path = folder / FILE_NAME
        self._folder = folder
        self._sales = reserve_sales
        self._free_bytes = free_bytes
        self.on_state = on_state
        self._lock = threading.RLock()
        self._sale_bytes = SALE_BYTES
        self._is_open = False
        self._is_full = False
        self._is_low = False
        self._is_damaged = False
        self._shown: StorageState = "ok"

    @property
    def state(self) -> StorageState:
        """The worst of what is known."""
        if self._is_full:
            return "full"
        if self._is_damaged:
            return "damaged"
        if self._is_open:
            return "reserve"
        return "low" if self._is_low else "ok"

    @property
    def target(self) -> int:
        """Bytes that the reserve should have: sales a quarter larger than those so far."""
        return self._sales * self._sale_bytes * 5 // 4 + LOG_BYTES + START_BYTES

    @property
    def held(self) -> int:
        """Bytes that the reserve has."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def ledger_bytes(self) -> int:
        """Size of the ledger's file, without its log."""
        try:
            return (self._folder / "ledger.db").stat().st_size
        except OSError:
            return 0

    @property
    def free(self) -> int:
        """Bytes free on the disk of the data folder."""
        return self._free()

    def measured(self, sale_bytes_now: int) -> None:
        """What one sale takes here; the reserve follows at the next look."""
        with self._lock:
            self._sale_bytes = sale_bytes_now

    def damaged(self, is_damaged: bool) -> None:
        """What the last check of the ledger has found."""
        with self._lock:
            self._is_damaged = is_damaged
            self._tell()

    def make_room(self) -> bool:
        """The disk is full: give a step of the reserve away. False when none is left."""
        with self._lock:
            given = self._give(START_BYTES)
            self._is_full = not given
            self._tell()
            return given

    def look(self) -> StorageState:
        """Compare free space and reserve, give or take, and say what is so now."""
        with self._lock:
            free, held = self._free(), self.held
            missing = self.target - held
            if free < URGENT_BYTES and self._give(START_BYTES):
                pass
            elif missing > 0 and free >= missing + MARGIN_BYTES:
                self._fill()
            elif held > self.target + self.target // STEPS:
                self._cut(self.target)
            if self.held >= self.target:
                self._is_open = False
            if free >= URGENT_BYTES:
                self._is_full = False
            self._is_low = free < LOW_SALES * self._sale_bytes
            self._tell()
            return self.state

    def _free(self) -> int:
        try:
            return self._free_bytes(self._folder)
        except OSError:
            return 0

    def _give(self, keep: int) -> bool:
        held = self.held
        if held <= keep:
            return False
        step = max(MIB, self.target // STEPS)
        return self._cut(max(keep, held - step))

    def _cut(self, size: int) -> bool:
        try:
            with self.path.open("r+b") as file:
                file.truncate(size)
                # Blocks are free for others only when the shorter length is on disk.
                os.fsync(file.fileno())
        except OSError:
            return False
        self._is_open = self._is_open or size < self.target
        return True

    def _fill(self) -> None:
        is_new = not self.path.exists()
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                _take(file.fileno(), self.held, self.target)
                os.fsync(file.fileno())
            if is_new:
                sync_folder(self._folder)
        except OSError:
            # Somebody was faster: what could be had stays, and the next look tries again.
            return

    def _tell(self) -> None:
        old, new = self._shown, self.state
        if old != new:
            self._shown = new
            self.on_state(old, new)


def make_room_to_start(folder: Path) -> None:
    """On a full disk give up the end of the reserve, so that the files can be opened at all."""
    path = folder / FILE_NAME
    with suppress(OSError):
        if shutil.disk_usage(folder).free < START_BYTES:
            os.truncate(path, max(0, path.stat().st_size - START_BYTES))


def _take(descriptor: int, held: int, size: int) -> None:
    """Real blocks from `held` to `size`, not a hole."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, held, size - held)
        return
    os.lseek(descriptor, held, os.SEEK_SET)
    while held < size:
        held += os.write(descriptor, bytes(min(MIB, size - held)))
