"""A till's weak processor: a process that gets a quarter of one core, whatever else there is.

Where the cgroup's `cpu.max` cannot be written, the process is stopped and let go by signals: 5 ms
of every 20 it may run. That is harder than a scheduler's quota, which counts used time only."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

RUNS_S = 0.005
STANDS_S = 0.015
_GROUP = Path("/sys/fs/cgroup/loyalty-bench")


@contextlib.contextmanager
def quarter_of_a_core(pid: int) -> Iterator[str]:
    """Hold a process, and every thread of it, to 25 % of one core; how it is done."""
    if _by_quota(pid):
        try:
            yield "cgroup quota"
        finally:
            _let_go(pid)
        return
    over = threading.Event()
    holder = threading.Thread(target=_hold, args=(pid, over), daemon=True)
    holder.start()
    try:
        yield "stopped 15 ms of every 20"
    finally:
        over.set()
        holder.join()


def _by_quota(pid: int) -> bool:
    try:
        _GROUP.mkdir(exist_ok=True)
        (_GROUP / "cpu.max").write_text("25000 100000")
        (_GROUP / "cgroup.procs").write_text(str(pid))
    except OSError:
        with contextlib.suppress(OSError):
            _GROUP.rmdir()
        return False
    return True


def _let_go(pid: int) -> None:
    with contextlib.suppress(OSError):
        (_GROUP.parent / "cgroup.procs").write_text(str(pid))
    with contextlib.suppress(OSError):
        _GROUP.rmdir()


def _hold(pid: int, over: threading.Event) -> None:
    with contextlib.suppress(ProcessLookupError):
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            over.wait(STANDS_S)
            os.kill(pid, signal.SIGCONT)
            over.wait(RUNS_S)
        os.kill(pid, signal.SIGCONT)
