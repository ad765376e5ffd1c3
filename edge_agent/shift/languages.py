"""Which language each cashier reads, kept over restarts.

A file and no row of the ledger: losing it costs one press of a key."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge_agent.sentences import LANGUAGES, Language
from sync.durable_file import write_durably

MOST: Final = 500
"""Cashiers remembered; the one who chose longest ago is forgotten first."""


class Languages:
    """Languages by cashier; "" stands for nobody signed in. Any thread may call."""

    def __init__(self, path: Path, default: Language) -> None:
        self._path = path
        self._default = default
        self._lock = threading.Lock()
        self._chosen = _read(path)

    def of(self, cashier_id: str) -> Language:
        """The language of a cashier; who never chose reads the register's."""
        return self._chosen.get(cashier_id, self._default)

    def choose(self, cashier_id: str, language: Language) -> None:
        """Remember a choice; where the disk takes nothing more, until the next start."""
        with self._lock:
            chosen = {who: one for who, one in self._chosen.items() if who != cashier_id}
            chosen[cashier_id] = language
            self._chosen = dict(list(chosen.items())[-MOST:])
            kept = json.dumps(self._chosen, ensure_ascii=False).encode()
            with suppress(OSError):
                write_durably(self._path, kept)


def _read(path: Path) -> dict[str, Language]:
    """What was kept; a file that cannot be read holds no choices."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {str(who): one for who, one in kept.items() if one in LANGUAGES}
