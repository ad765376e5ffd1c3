"""An httpx transport whose calls end by one total deadline and can be interrupted.

httpx bounds each connect, read and write, so a centre that sends one byte a second holds a call
for ever, and name resolution is not bounded at all. Here every network operation gets what is
left of the call's own deadline, the resolver is waited for no longer than that, and waits are cut
into slices so that `interrupt` ends them. Proxies of the environment are not used.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future

import httpcore
import httpx

NETWORK_ERRORS = (
    httpx.HTTPError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
)
_SLICE_S = 0.1
_WRITE_PIECE = 16 * 1024
# Below uvicorn's 5 s: an idle connection is dropped here before the centre drops it.
_KEEPALIVE_S = 4.0
_MAX_CONNECTIONS = 8


class Deadline(float):
    """Seconds from now, which also remember the monotonic instant when they are over."""

    at: float

    def __new__(cls, total_s: float) -> Deadline:
        self = super().__new__(cls, total_s)
        self.at = time.monotonic() + total_s
        return self

    def timeouts(self, read_s: float | None = None) -> dict[str, float]:
        """The `timeout` extension of a request; `read_s` replaces the bound of each read."""
        read = self if read_s is None else read_s
        return {"connect": self, "pool": self, "write": self, "read": read}


def _left(timeout: float | None) -> float | None:
    return timeout.at - time.monotonic() if isinstance(timeout, Deadline) else timeout


class _Stream(httpcore.NetworkStream):
    """A connection whose waits end by the deadline, or at once when `stopped` is set."""

    def __init__(self, inner: httpcore.NetworkStream, stopped: threading.Event) -> None:
        self._inner = inner
        self._stopped = stopped

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _left(timeout)
        end = None if left is None else time.monotonic() + left
        while True:
            if self._stopped.is_set():
                raise httpcore.ReadError("interrupted")
            wait = _SLICE_S if end is None else min(_SLICE_S, end - time.monotonic())
            if wait <= 0:
                raise httpcore.ReadTimeout("deadline reached while reading")
            try:
                return self._inner.read(max_bytes, wait)
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_PIECE):
            if self._stopped.is_set():
                raise httpcore.WriteError("interrupted")
            left = _left(timeout)
            if left is not None and left <= 0:
                raise httpcore.WriteTimeout("deadline reached while writing")
            self._inner.write(buffer[start : start + _WRITE_PIECE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout)
        if left is not None and left <= 0:
            self.close()
            raise httpcore.ConnectTimeout("deadline reached before TLS")
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._stopped)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects with a bounded resolver; one lookup of a name runs at a time."""

    def __init__(self, stopped: threading.Event) -> None:
        self._inner = httpcore.SyncBackend()
        self._stopped = stopped
        self._gate = threading.Lock()
        self._lookups: dict[str, Future[list[str]]] = {}

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._addresses(host, port, _left(timeout))
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for index, address in enumerate(addresses):
            left = _left(timeout)
            if self._stopped.is_set():
                raise httpcore.ConnectError("interrupted")
            if left is not None and left <= 0:
                raise httpcore.ConnectTimeout("deadline reached while connecting")
            # One dead address (often IPv6) must not eat the time of the next.
            share = left if left is None or index == len(addresses) - 1 else left / 2
            try:
                stream = self._inner.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._stopped)
        raise failure

    def _addresses(self, host: str, port: int, left: float | None) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        with self._gate:
            lookup = self._lookups.get(host)
            if lookup is None:
                lookup = self._lookups[host] = Future()
                threading.Thread(
                    target=self._resolve, args=(host, port, lookup), name="resolver", daemon=True
                ).start()
        try:
            return lookup.result(left)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from None
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from None

    def _resolve(self, host: str, port: int, lookup: Future[list[str]]) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            lookup.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            lookup.set_exception(OSError(str(error)))
        finally:
            with self._gate:
                self._lookups.pop(host, None)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class DeadlineTransport(httpx.BaseTransport):
    """HTTP/1.1 over TLS by `context` (plain HTTP where the address says so).

    Besides httpx's own, errors of httpcore come through: catch `NETWORK_ERRORS`.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._stopped = threading.Event()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=_Backend(self._stopped),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; its `timeout` extension may hold a `Deadline`."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def interrupt(self) -> None:
        """End every wait within a tenth of a second; later calls fail at once."""
        self._stopped.set()

    def close(self) -> None:
        """Interrupt, and close idle connections."""
        self.interrupt()
        self._pool.close()
