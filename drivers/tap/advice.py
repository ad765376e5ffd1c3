"""Asking the agent what to add, on a thread of its own and never longer than a moment.

POST {"total_minor": N, "width": W, "receipt": R} is answered with {"lines": ["…"], "qr": "…"};
every other answer, and none, means that nothing is added. R is the same for all questions of one
receipt, so that a second buyer with the same total never gets the first one's lines.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

MAX_ANSWER: Final = 16_384
MAX_LINES: Final = 40
MAX_QR: Final = 300
PATIENCE_S: Final = 0.030
"""From the cut on; asking begins earlier, as soon as the total has passed."""
MISTRUST_S: Final = 10.0
"""An agent that kept one receipt waiting is not waited for so long; it is asked all the same."""


@dataclass(frozen=True, slots=True)
class Addition:
    """Lines to add, and what a QR under them says."""

    lines: tuple[str, ...] = ()
    qr: str = ""


class Agent:
    """The agent's address and token; `ask` never raises and never blocks."""

    def __init__(self, url: str, token_file: Path | None, timeout_s: float = 1.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(f"the agent is on this machine: http://127.0.0.1:PORT, not {url!r}")
        self._host, self._port = parts.hostname, parts.port or 80
        self._path = parts.path or "/v1/tap/lines"
        self._token_file = token_file
        self._timeout_s = timeout_s
        self.mistrusted_until_s = 0.0

    def ask(self, total_minor: int, width: int, receipt: str) -> Question:
        """Begin to ask."""
        return Question(self, {"total_minor": total_minor, "width": width, "receipt": receipt})

    def answer(self, question: Mapping[str, object]) -> Addition:
        """Ask and wait; raises when there is no answer, or one that cannot be used."""
        headers = {"Content-Type": "application/json"}
        if self._token_file is not None:
            token = self._token_file.read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        body = json.dumps(question)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER + 1)
            if response.status != 200 or len(text) > MAX_ANSWER:
                raise ValueError(f"answer {response.status}")
        finally:
            connection.close()
        return _addition(json.loads(text))


class Question:
    """One question under way."""

    def __init__(self, agent: Agent, question: Mapping[str, object]) -> None:
        self._found = Addition()
        self._agent = agent
        self._thread = threading.Thread(
            target=self._work, args=(agent, question), name="tap-ask", daemon=True
        )
        self._thread.start()

    def result(self) -> Addition:
        """What to add, nothing when the answer is not there in time."""
        trusted = time.monotonic() >= self._agent.mistrusted_until_s
        self._thread.join(PATIENCE_S if trusted else 0.0)
        if not self._thread.is_alive():
            return self._found
        self._agent.mistrusted_until_s = time.monotonic() + MISTRUST_S
        return Addition()

    def _work(self, agent: Agent, question: Mapping[str, object]) -> None:
        try:
            self._found = agent.answer(question)
        except (OSError, ValueError, http.client.HTTPException):
            return


def _addition(found: object) -> Addition:
    """The answer checked; `ValueError` when it is of another form."""
    if not isinstance(found, dict):
        raise ValueError("not an object")
    lines, qr = found.get("lines", []), found.get("qr", "")
    if not isinstance(lines, list) or not isinstance(qr, str) or len(qr) > MAX_QR:
        raise ValueError("lines or qr of another form")
    if len(lines) > MAX_LINES or not all(isinstance(line, str) for line in lines):
        raise ValueError("too many lines, or not text")
    return Addition(tuple(lines), qr)
