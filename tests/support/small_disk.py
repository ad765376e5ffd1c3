"""A disk of a few MiB for one test: a tmpfs where mounting is allowed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK = 64 * 1024


class CannotMount(RuntimeError):
    """Mounting is not allowed here."""


@contextmanager
def small_disk(at: Path, mib: int) -> Iterator[Path]:
    """Mount a tmpfs of `mib` MiB at `at` until the block ends."""
    at.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(at)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CannotMount(str(error)) from error
    if done.returncode != 0:
        raise CannotMount(done.stderr.strip())
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(folder: Path, name: str = "filler") -> Path:
    """Write until the disk is full; the file that took the room."""
    path = folder / name
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"\xff" * BLOCK)
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"\xff" * 512)
    return path
