"""Writes that may be repeated: one key, one answer, kept in the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from edge_agent.api.problems import problem
from edge_agent.clock import Clock
from edge_agent.ledger.answers import FROM_ROWS, Answers, StoredAnswer, request_hash

JSON = "application/json"


class WriteCall:
    """The identity of one write: its key (if the caller sent one) and the hash of the request."""

    def __init__(self, key: str | None, digest: str) -> None:
        self.key = key
        self.digest = digest


async def write_call(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+$")
    ] = None,
) -> WriteCall:
    """Dependency of every write route."""
    body = await request.body()
    return WriteCall(idempotency_key, request_hash(request.method, request.url.path, body))


Call = Annotated[WriteCall, Depends(write_call)]


class Writes:
    """Runs writes once per key. Refusals are not kept: the same call may succeed later."""

    def __init__(self, answers: Answers, clock: Clock) -> None:
        self._answers = answers
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[str] = set()

    def run(
        self,
        call: WriteCall,
        work: Callable[[], BaseModel],
        *,
        durable: bool = False,
        again: Callable[[], BaseModel] | None = None,
    ) -> Response:
        """Answer from the ledger when the key is known, else do the work and keep its answer.

        `again` makes the answer from rows that do not change any more; where it gives the same
        bytes at once, no text is kept."""
        if call.key is None:
            return Response(work().model_dump_json(), media_type=JSON)
        with self._lock:
            if call.key in self._running:
                return problem(409, "in_progress", "this key is being worked on", retryable=True)
            self._running.add(call.key)
        try:
            return self._once(call, call.key, work, durable, again)
        finally:
            with self._lock:
                self._running.discard(call.key)

    def _once(
        self,
        call: WriteCall,
        key: str,
        work: Callable[[], BaseModel],
        durable: bool,
        again: Callable[[], BaseModel] | None,
    ) -> Response:
        known = self._answers.find(key)
        if known is not None and known.request_hash != call.digest:
            return problem(422, "key_reused", "this Idempotency-Key belongs to another request")
        if known is not None:
            from_rows = again is not None and known.answer == FROM_ROWS
            text = again().model_dump_json() if again and from_rows else known.answer
            return Response(text, status_code=known.status, media_type=JSON)
        text = work().model_dump_json()
        is_in_rows = again is not None and again().model_dump_json() == text
        kept = StoredAnswer(call.digest, 200, FROM_ROWS if is_in_rows else text)
        self._answers.keep(key, kept, self._clock.stamp(), durable=durable)
        return Response(text, media_type=JSON)
