"""Bringing one-time codes to members: whose phone, how often, and by which program.

The centre holds the phone numbers and registers do not: a register makes the code, checks it and
never shows it, the centre sends it. What sends is a port; a shop gives its own program.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TextIO

from central.db.bulk import Connection
from sync.contract.live import CodeState, OneTimeCodeRequest

log = logging.getLogger("central.code_sender")
PROGRAM_S = 4.0
AN_HOUR_S = 3600.0
MEMBER_AN_HOUR = 6
REGISTER_AN_HOUR = 120
MAX_KEPT = 100_000
_TEXTS = {
    "uk": "Код списання бонусів: {code}. Назвіть його касирові.",
    "en": "Your code to redeem bonuses: {code}. Tell it to the cashier.",
}
_PHONE = "select phone from person where member_id = %s"


class CodeSender(Protocol):
    """A way to a phone. `phone` is E.164; a failure is False, never an exception."""

    def send(self, phone: str, text: str) -> bool: ...


class ConsoleSender:
    """Writes messages to a stream: for tests and the bench, never for a shop."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, phone: str, text: str) -> bool:
        """One line of JSON for each."""
        self._stream.write(json.dumps({"phone": phone, "text": text}, ensure_ascii=False) + "\n")
        self._stream.flush()
        return True


class ProgramSender:
    """Runs a program for each message: JSON with `phone` and `text` on its standard input, exit 0
    when it has taken it."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def send(self, phone: str, text: str) -> bool:
        """Wait for the program, four seconds at most; nothing of the message is logged."""
        message = json.dumps({"phone": phone, "text": text}, ensure_ascii=False).encode()
        try:
            done = subprocess.run(
                [str(self._program)],
                input=message,
                timeout=PROGRAM_S,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.warning("the program that sends codes failed: %s", type(error).__name__)
            return False
        return done.returncode == 0


class Codes:
    """Sends codes within bounds: six in an hour for a member, 120 for a register."""

    def __init__(
        self, sender: CodeSender | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sender = sender
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {}

    def phone_of(self, connection: Connection, member_id: int) -> str:
        """The member's number, "" when none is known."""
        row = connection.execute(_PHONE, [member_id]).fetchone()
        return str(row[0]) if row and row[0] else ""

    def send(self, register_id: str, phone: str, request: OneTimeCodeRequest) -> CodeState:
        """Send, or say why not."""
        if self._sender is None:
            return "no_sender"
        if not phone:
            return "no_phone"
        bounds = {
            f"member {request.member_id}": MEMBER_AN_HOUR,
            f"register {register_id}": REGISTER_AN_HOUR,
        }
        if not self._may_send(bounds):
            return "too_many"
        text = _TEXTS[request.locale].format(code=request.code)
        return "sent" if self._sender.send(phone, text) else "failed"

    def _may_send(self, bounds: dict[str, int]) -> bool:
        now = self._monotonic()
        with self._lock:
            for name, most in bounds.items():
                times = self._sent.setdefault(name, deque(maxlen=most))
                if len(times) == most and now - times[0] <= AN_HOUR_S:
                    return False
            for name in bounds:
                # Put last again, so that the oldest names are the first to be forgotten.
                times = self._sent.pop(name)
                times.append(now)
                self._sent[name] = times
            while len(self._sent) > MAX_KEPT:
                self._sent.pop(next(iter(self._sent)))
        return True
