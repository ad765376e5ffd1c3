"""What keeps the cache's files clean: a log cut to nothing, broken files let go, who is gone."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.ledger.cache_file import broken_files, drop_broken
from edge_agent.ledger.database import Writer

T = TypeVar("T")

_IS_GONE = "SELECT name IS NULL FROM member WHERE member_id = ?"


class CacheUpkeep(ABC):
    """The part of the cache that housekeeping uses."""

    path: Path
    _writer: Writer
    _swapping: threading.Lock

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
        """The rows of a query, each made into an object."""

    def is_gone(self, member_id: int) -> bool | None:
        """True when the centre has taken the member back, `None` when there is no such row."""
        found = self._rows(_IS_GONE, (member_id,), lambda row: bool(row[0]))
        return found[0] if found else None

    def empty_log(self) -> bool:
        """Fold the log and cut it to nothing; False while somebody still reads an older state."""
        with self._swapping:
            return self._writer.empty_log()

    def broken(self) -> list[Path]:
        """Damaged files that were moved aside and are still there."""
        return broken_files(self.path)

    def drop_broken(self, older_than_s: float) -> int:
        """Delete damaged files that were moved aside so long ago: they hold people's names."""
        before = time.time() - older_than_s
        old = [file for file in self.broken() if file.stat().st_ctime < before]
        for file in old:
            drop_broken(file)
        return len(old)
