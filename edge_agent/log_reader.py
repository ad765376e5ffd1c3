"""Reading the agent's rotated log files: merged in time and filtered."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path

from edge_agent.log_lines import Entry, parse
from edge_agent.log_setup import FILE_NAME

MAX_LINE = 1024 * 1024
_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter: entries of one sale (id or its beginning), not older than `since` (aware)."""

    sale_id: str = ""
    since: datetime | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether the entry passes."""
        if self.sale_id and not entry.sale_id.startswith(self.sale_id.lower()):
            return False
        if self.since is None:
            return True
        at = entry.instant
        return at is not None and at >= self.since


def parse_since(text: str, now: datetime) -> datetime:
    """`90s`, `10m`, `2h`, `1d` before `now`, or an ISO 8601 date or instant (local if no zone).

    Raises `ValueError` with a sentence for anything else."""
    try:
        if span := _SPAN.fullmatch(text.strip()):
            return now - timedelta(seconds=int(span.group(1)) * _UNITS[span.group(2)])
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is no time: use 10m, 2h, 1d or 2026-03-01T08:00") from None


def log_files(folder: Path) -> list[Path]:
    """The rotated files, oldest first."""
    numbered = []
    for path in folder.glob(f"{FILE_NAME}*"):
        suffix = path.name.removeprefix(FILE_NAME)
        if re.fullmatch(r"(\.\d{1,3})?", suffix):
            numbered.append((int(suffix[1:] or 0), path))
    return [path for _, path in sorted(numbered, reverse=True)]


def entries(folder: Path, wanted: Wanted) -> Iterator[Entry]:
    """Wanted entries, oldest first. A file that rotates away meanwhile is skipped."""
    for path in log_files(folder):
        file = _opened(path)
        if file is None:
            continue
        with file:
            while line := file.readline(MAX_LINE):
                entry = parse(line)
                if wanted.takes(entry):
                    yield entry


def follow(
    folder: Path, wanted: Wanted, pause: Callable[[], None] = lambda: time.sleep(0.5)
) -> Iterator[Entry]:
    """Wanted entries written from now on, across rotations; ends only when `pause` raises."""
    path = folder / FILE_NAME
    file = _opened(path)
    if file is not None:
        file.seek(0, os.SEEK_END)
    line = ""
    try:
        while True:
            line += file.readline(MAX_LINE) if file is not None else ""
            if line.endswith("\n") or len(line) >= MAX_LINE:
                entry, line = parse(line), ""
                if wanted.takes(entry):
                    yield entry
            elif (newer := _newer(file, path)) is not None:
                if file is not None:
                    file.close()
                file, line = newer, ""
            else:
                pause()
    finally:
        if file is not None:
            file.close()


def _opened(path: Path) -> TextIOWrapper | None:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _newer(file: TextIOWrapper | None, path: Path) -> TextIOWrapper | None:
    """The file now at `path`, when `file` is no longer it."""
    try:
        if file is not None and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            return None
    except FileNotFoundError:
        return None
    return _opened(path)
