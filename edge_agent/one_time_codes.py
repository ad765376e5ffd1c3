"""One-time codes: what lifts a typed phone number above the line where points may be spent.

A code lives in this process alone: five minutes, three tries, three sendings for a sale and six
in an hour for a member. The register never shows it; it leaves only through the sender.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TextIO

DIGITS = 6
LIFE_S = 300.0
MAX_TRIES = 3
MAX_SENDS = 3
MAX_SENDS_AN_HOUR = 6
MAX_OPEN = 200
_HOUR_S = 3600.0

Locale = Literal["uk", "en"]
CodeState = Literal[
    "code_sent",
    "code_right",
    "code_wrong",
    "code_expired",
    "code_used_up",
    "code_unknown",
    "code_too_many",
    "code_unsent",
    "code_no_sender",
]


class CodeSender(Protocol):
    """Brings a code to the member: a message to the phone that the programme knows of them."""

    def send(self, member_id: int, code: str, locale: Locale) -> bool:
        """Whether it is on its way; must not raise and not take over a second."""
        ...


class NoSender:
    """A register that has nobody to send codes."""

    def send(self, _member_id: int, _code: str, _locale: Locale) -> bool:
        """Never."""
        return False


class ConsoleSender:
    """Writes codes to a stream: for tests and the bench, never for a shop."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, member_id: int, code: str, locale: Locale) -> bool:
        """One line for each code."""
        text = "Код списання бонусів" if locale == "uk" else "Code to redeem bonuses"
        self._stream.write(f"{member_id}: {text} {code}\n")
        return True


@dataclass(slots=True)
class _Sent:
    member_id: int
    salt: bytes
    digest: bytes
    until: float
    tries: int = 0
    sends: int = 1
    is_open: bool = True


class OneTimeCodes:
    """Codes by sale; methods may be called from any thread. `monotonic` is in seconds."""

    def __init__(self, sender: CodeSender, monotonic: Callable[[], float]) -> None:
        self._sender = sender
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sent: dict[str, _Sent] = {}
        self._recent: dict[int, deque[float]] = {}

    def ask(self, sale_id: str, member_id: int, locale: Locale) -> CodeState:
        """Make a code and send it; an earlier one of the sale is void."""
        if isinstance(self._sender, NoSender):
            return "code_no_sender"
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        with self._lock:
            known = self._sent.get(sale_id)
            sends = known.sends + 1 if known else 1
            if sends > MAX_SENDS or not self._may_send(member_id):
                return "code_too_many"
            salt = secrets.token_bytes(16)
            until = self._monotonic() + LIFE_S
            self._sent[sale_id] = _Sent(member_id, salt, _digest(salt, code), until, sends=sends)
            while len(self._sent) > MAX_OPEN:
                self._sent.pop(next(iter(self._sent)))
        return "code_sent" if self._sender.send(member_id, code, locale) else "code_unsent"

    def check(self, sale_id: str, member_id: int, code: str) -> CodeState:
        """Judge what the buyer said; a right code counts once."""
        with self._lock:
            sent = self._sent.get(sale_id)
            if sent is None or sent.member_id != member_id or not sent.is_open:
                return "code_unknown"
            if sent.tries >= MAX_TRIES:
                return "code_used_up"
            if self._monotonic() > sent.until:
                return "code_expired"
            sent.tries += 1
            if not hmac.compare_digest(sent.digest, _digest(sent.salt, code)):
                return "code_used_up" if sent.tries >= MAX_TRIES else "code_wrong"
            sent.is_open = False
            return "code_right"

    def _may_send(self, member_id: int) -> bool:
        now = self._monotonic()
        for known in [name for name, at in self._recent.items() if now - at[-1] > _HOUR_S]:
            del self._recent[known]
        sendings = self._recent.setdefault(member_id, deque(maxlen=MAX_SENDS_AN_HOUR))
        if len(sendings) == MAX_SENDS_AN_HOUR and now - sendings[0] <= _HOUR_S:
            return False
        sendings.append(now)
        return True


def _digest(salt: bytes, code: str) -> bytes:
    return hashlib.sha256(salt + code.encode()).digest()
