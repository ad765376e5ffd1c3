"""Which tablets may send the form: a short code from the cashier's screen, then a session.

Codes and sessions live in memory: a restart of the agent ends them all.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

CODE_S: Final = 300.0
TRIES: Final = 5
SESSION_S: Final = 12 * 3600.0
MAX_TABLETS: Final = 4


class Pairing:
    """One code at a time, used once, for five minutes and at most five wrong tries; at most four
    tablets, each for twelve hours. The oldest leaves for a fifth. Any thread may call."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._lock = threading.Lock()
        self._code = ""
        self._ends = 0.0
        self._tries = 0
        self._sessions: dict[str, float] = {}

    def new_code(self) -> str:
        """Six digits; an earlier code that nobody used is dead."""
        with self._lock:
            self._code = f"{secrets.randbelow(1_000_000):06d}"
            self._ends, self._tries = self._now() + CODE_S, TRIES
            return self._code

    def pair(self, code: str) -> str | None:
        """A session's token for the code; None for a wrong, dead or absent one."""
        with self._lock:
            if not self._code or self._ends <= self._now():
                return None
            if not hmac.compare_digest(code.encode(), self._code.encode()):
                self._tries -= 1
                if self._tries <= 0:
                    self._code = ""
                return None
            self._code = ""
            token = secrets.token_urlsafe(24)
            living = self._living()
            while len(living) >= MAX_TABLETS:
                living.pop(next(iter(living)))
            self._sessions = {**living, token: self._now() + SESSION_S}
            return token

    def accepts(self, token: str) -> bool:
        """True for a paired tablet."""
        with self._lock:
            return token in self._living()

    def tablets(self) -> int:
        """How many are paired now."""
        with self._lock:
            return len(self._living())

    def revoke(self) -> int:
        """Let no tablet in any more, and kill the code; how many tablets it ended."""
        with self._lock:
            ended = len(self._living())
            self._code, self._sessions = "", {}
            return ended

    def _living(self) -> dict[str, float]:
        return {token: ends for token, ends in self._sessions.items() if ends > self._now()}
