"""One HTTP exchange with the centre: bounded, timed, and with every failure named.

An answer that is not the centre's own (a captive portal's page, a proxy's 502, half a body) is
`CentreUnavailable`; only a JSON answer with a 4xx status counts as a refusal.

httpx is loaded with the first exchange, beside the till that is already open, and not before its
first sale (ADR 0031).
"""

from __future__ import annotations

import errno
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from sync.centre_address import checked_address, tls_context
from sync.contract.messages import WireModel
from sync.errors import CentreRefused, CentreUnavailable

if TYPE_CHECKING:
    import httpx

    from sync.deadline import DeadlineTransport

M = TypeVar("M", bound=WireModel)
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
Signer = Callable[[str, str, bytes], Mapping[str, str]]

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_RETRY_AFTER_S = 3600.0
_PIECE_BYTES = 64 * 1024
_TRY_LATER = frozenset({408, 425, 429})
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "loyalty-edge",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: `sent_at` is the local instant of sending (ISO 8601), `rtt_ms` its time."""

    status: int
    headers: httpx.Headers
    body: bytes
    sent_at: str
    rtt_ms: int

    def parse(self, model: type[M]) -> M:
        """The message in the body, or `CentreUnavailable` when it is not one."""
        try:
            return model.model_validate_json(self.body)
        except ValidationError as error:
            raise CentreUnavailable(
                f"the answer is not a {model.__name__} ({error.error_count()} faults)"
            ) from None


class Channel:
    """Requests to one address. `now` is this machine's own uncorrected clock, ISO 8601 UTC.
    `context` stands in for the TLS that `ca_file` or `ca_pem` would make.

    `on_answer` hears every whole answer of `call`, refusals too."""

    def __init__(
        self,
        base_url: str,
        now: Callable[[], str],
        ca_file: Path | None = None,
        ca_pem: str = "",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = checked_address(base_url)
        self.on_answer: Callable[[Answer], None] = lambda _: None
        self._now = now
        self._context = context or tls_context(self.base_url, ca_file, ca_pem)
        self._gate = threading.Lock()
        self._is_ended = False
        self._transport: DeadlineTransport | None = None
        self._http: httpx.Client | None = None

    def call(
        self,
        method: str,
        target: str,
        *,
        total_s: float,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        sign: Signer | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Send and read the whole answer within `total_s`; raises on anything but 2xx."""
        request = self._request(method, target, body, headers, sign)
        request.extensions["timeout"] = _within(total_s)
        sent_at, started = self._now(), time.monotonic()
        try:
            response = self._client().send(request, stream=True)
            try:
                content = _read(response, max_bytes)
            finally:
                response.close()
        except _network_errors() as error:
            raise unreachable(error) from error
        rtt_ms = int((time.monotonic() - started) * 1000)
        answer = Answer(response.status_code, response.headers, content, sent_at, rtt_ms)
        self.on_answer(answer)
        raise_for_status(answer)
        return answer

    def download(
        self,
        target: str,
        *,
        offset: int,
        idle_s: float,
        sign: Signer | None = None,
    ) -> Iterator[bytes]:
        """The bytes of a large answer from `offset` on, as they arrive.

        `idle_s` of silence ends it with `CentreUnavailable`; so does an answer that does not
        start where it was asked to."""
        headers = {"Accept": "application/octet-stream", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        request = self._request("GET", target, b"", headers, sign)
        request.extensions["timeout"] = _within(idle_s, read_s=idle_s)
        try:
            response = self._client().send(request, stream=True)
            try:
                if not _starts_at(response, offset):
                    content = _read(response, MAX_ANSWER_BYTES)
                    answer = Answer(response.status_code, response.headers, content, "", 0)
                    raise_for_status(answer)
                    raise CentreUnavailable("the answer is not the part that was asked for")
                yield from response.iter_raw(_PIECE_BYTES)
            finally:
                response.close()
        except _network_errors() as error:
            raise unreachable(error) from error

    def lines(
        self,
        target: str,
        *,
        connect_s: float,
        idle_s: float,
        sign: Signer | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[str]:
        """An empty line once connected, then the lines of a lasting answer.

        `idle_s` of silence ends it with `CentreUnavailable`."""
        accepted = {"Accept": "text/event-stream", **(headers or {})}
        request = self._request("GET", target, b"", accepted, sign)
        request.extensions["timeout"] = _within(connect_s, read_s=idle_s)
        sent_at = self._now()
        try:
            response = self._client().send(request, stream=True)
            try:
                if not _is_event_stream(response):
                    content = _read(response, MAX_ANSWER_BYTES)
                    answer = Answer(response.status_code, response.headers, content, sent_at, 0)
                    raise_for_status(answer)
                    raise CentreUnavailable("the answer is not an event stream")
                yield ""
                yield from _bounded_lines(response)
            finally:
                response.close()
        except _network_errors() as error:
            raise unreachable(error) from error

    def interrupt(self) -> None:
        """End all calls in flight within a tenth of a second; later calls fail."""
        with self._gate:
            self._is_ended = True
            if self._transport is not None:
                self._transport.interrupt()

    def close(self) -> None:
        """Interrupt and release every connection."""
        self.interrupt()
        if self._http is not None:
            self._http.close()

    def _client(self) -> httpx.Client:
        with self._gate:
            if self._http is None:
                import httpx

                from sync.deadline import DeadlineTransport

                self._transport = DeadlineTransport(self._context)
                if self._is_ended:
                    self._transport.interrupt()
                self._http = httpx.Client(
                    base_url=self.base_url, transport=self._transport, trust_env=False
                )
            return self._http

    def _request(
        self,
        method: str,
        target: str,
        body: bytes,
        headers: Mapping[str, str] | None,
        sign: Signer | None,
    ) -> httpx.Request:
        request = self._client().build_request(
            method, target, content=body or None, headers=_HEADERS
        )
        request.headers.update(dict(headers or {}))
        if sign is not None:
            sent_target = request.url.raw_path.decode("ascii")
            request.headers.update(dict(sign(method, sent_target, body)))
        return request


def _within(total_s: float, read_s: float | None = None) -> dict[str, float]:
    from sync.deadline import Deadline

    return Deadline(total_s).timeouts(read_s)


def _network_errors() -> tuple[type[Exception], ...]:
    from sync.deadline import NETWORK_ERRORS

    return NETWORK_ERRORS


def unreachable(error: Exception) -> CentreUnavailable:
    """A network error in the words of this package."""
    text = str(error) or type(error).__name__
    return CentreUnavailable(f"the centre cannot be reached: {text}", is_local=_is_local(error))


def _is_local(error: BaseException | None) -> bool:
    """Whether the name is not found or no route leads there; a refusal or silence may be the
    centre's own."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        if isinstance(error, OSError) and error.errno in _NO_WAY:
            return True
        error = error.__cause__ or error.__context__
    return False


def raise_for_status(answer: Answer) -> None:
    """Nothing on 2xx; `CentreUnavailable` or `CentreRefused` otherwise."""
    status = answer.status
    if 200 <= status < 300:
        return
    problem = _problem(answer)
    code = "" if problem is None else problem.get("code", "")
    code = code[:64] if isinstance(code, str) else ""
    if status in _TRY_LATER or status >= 500:
        raise CentreUnavailable(f"the centre answered {status}", retry_after_s(answer), code)
    if status < 400:
        raise CentreUnavailable(f"the centre answered {status}, a redirect, which is not followed")
    if problem is None:
        raise CentreUnavailable(f"something that is not the centre answered {status}")
    detail = problem.get("detail", "")
    raise CentreRefused(
        code or f"http_{status}", status, detail[:200] if isinstance(detail, str) else ""
    )


def _problem(answer: Answer) -> dict[str, object] | None:
    try:
        problem = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return problem if isinstance(problem, dict) else None


def retry_after_s(answer: Answer) -> float | None:
    """`Retry-After` in seconds from now, 0 … 3600: a number, or a date on the answer's clock.

    Source: RFC 9110, 10.2.3. The date is read against the answer's own `Date`, so a wrong clock
    here does not matter; without one the local instant of sending stands in.
    """
    value = answer.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(value)
        dated = answer.headers.get("Date")
        here = parsedate_to_datetime(dated) if dated else datetime.fromisoformat(answer.sent_at)
        seconds = (until - here).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _is_event_stream(response: httpx.Response) -> bool:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return response.status_code == 200 and kind == "text/event-stream"


def _starts_at(response: httpx.Response, offset: int) -> bool:
    """Whether a download's answer begins at `offset`, sent as it is."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return False
    if not offset:
        return response.status_code == 200
    part = response.headers.get("Content-Range", "")
    return response.status_code == 206 and part.startswith(f"bytes {offset}-")


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    """The decoded body; it is never larger than `max_bytes` in memory."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise CentreUnavailable(
            f"the answer is packed as {encoding[:20]!r}, which was not asked for"
        )
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    content = bytearray()
    for piece in response.iter_raw():
        if unpack is not None:
            try:
                piece = unpack.decompress(piece, max_bytes + 1 - len(content))
            except zlib.error as error:
                raise CentreUnavailable(f"the packed answer is damaged: {error}") from None
        content += piece
        if len(content) > max_bytes:
            raise CentreUnavailable(f"the answer is larger than {max_bytes} bytes")
    if unpack is not None and not unpack.eof:
        raise CentreUnavailable("the packed answer is cut short")
    return bytes(content)


def _bounded_lines(response: httpx.Response) -> Iterator[str]:
    """Text lines as they arrive; a line over 64 KiB ends the stream."""
    pending = b""
    for piece in response.iter_raw():
        pending += piece
        *lines, pending = pending.split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r").decode("utf-8", "replace")
        if len(pending) > 64 * 1024:
            raise CentreUnavailable("a line of the event stream is too long")
