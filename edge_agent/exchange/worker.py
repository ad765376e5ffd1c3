"""The thread that looks after the exchange folder and calls the local API for it.

It goes through the API on loopback like any POS: the same checks, the same answers, no second way
into the register.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path

from edge_agent.config import Settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.exchange.folder import Answer, ExchangeFolder
from edge_agent.exchange.request import FileRequest

CALL_TIMEOUT_S = 10.0
AWAY_S = 5.0
SWEEP_EVERY_S = 600.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024


class FileExchange:
    """Polls `folder` every `poll_ms` and asks the API on 127.0.0.1:`port` with `token`."""

    def __init__(self, folder: Path, poll_ms: int, valid_s: int, port: int, token: str) -> None:
        self._path = folder
        self._folder = ExchangeFolder(folder, self._call, valid_s)
        self._poll_s = poll_ms / 1000
        self._port = port
        self._token = token
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="file-exchange", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request in hand."""
        self._stop.set()
        self._thread.join(timeout=CALL_TIMEOUT_S)

    def _work(self) -> None:
        is_away, swept = False, 0.0
        while not self._stop.is_set():
            try:
                self._path.mkdir(parents=True, exist_ok=True)
                done = self._folder.work_off()
                if time.monotonic() - swept > SWEEP_EVERY_S:
                    self._folder.sweep()
                    swept = time.monotonic()
            except OSError as error:
                if not is_away:
                    emit(Event.EXCHANGE_AWAY, problem=str(error))
                is_away = True
                self._stop.wait(AWAY_S)
                continue
            if is_away:
                emit(Event.EXCHANGE_BACK, folder=str(self._path))
            is_away = False
            if not done:
                self._stop.wait(self._poll_s)

    def _call(self, request: FileRequest) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_TIMEOUT_S)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if request.method != "GET":
            headers["Idempotency-Key"] = request.key
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            answer = connection.getresponse()
            body = answer.read(MAX_ANSWER_BYTES)
            json.loads(body)
            return answer.status, body
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 503, _silence(error, code="agent_silent")
        finally:
            connection.close()


def _silence(error: Exception, code: str) -> bytes:
    return json.dumps({"code": code, "detail": str(error), "retryable": True}).encode()


def exchange_of(settings: Settings, port: int, token: str) -> FileExchange | None:
    """The exchange that the settings ask for."""
    wanted = settings.exchange
    if wanted is None:
        return None
    return FileExchange(wanted.folder, wanted.poll_ms, wanted.valid_s, port, token)
