"""The thread of one emulated device: bytes from the wire and calls from other threads, in turn."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from drivers.emulators.wire import Endpoint

T = TypeVar("T")

CALL_TIMEOUT_S = 60


class Loop(Protocol):
    """What runs a device: its own thread, or whoever writes to it."""

    endpoint: Endpoint
    clock: Callable[[], float]

    def start(self) -> None:
        """Begin."""

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` in turn with what arrives."""

    def pause(self, seconds: float) -> None:
        """Let time pass for the device."""

    def close(self) -> None:
        """Unplug."""


class DeviceLoop:
    """Runs `on_bytes` for what arrives and `call`ed functions one after the other."""

    def __init__(self, name: str, endpoint: Endpoint, on_bytes: Callable[[bytes], None]) -> None:
        self.endpoint = endpoint
        self.clock: Callable[[], float] = time.monotonic
        self._on_bytes = on_bytes
        self._calls: SimpleQueue[tuple[Callable[[], object], Future[object]]] = SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"emulator-{name}", daemon=True)

    def start(self) -> None:
        """Begin; by now `on_bytes` can use everything its owner has."""
        self._thread.start()

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` on the device's thread and return what it returns, or raise what it raises."""
        future: Future[T] = Future()
        self._calls.put((work, future))  # type: ignore[arg-type]
        self._wake()
        return future.result(CALL_TIMEOUT_S)

    def pause(self, seconds: float) -> None:
        """Sleep on the device's thread; ends early when the device is closed."""
        self._stopping.wait(seconds)

    def close(self) -> None:
        """Stop the thread and unplug."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake()
        self._thread.join()
        self.endpoint.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    def _run(self) -> None:
        while not self._stopping.is_set():
            select.select([self._wake_read, *self.endpoint.readers()], [], [])
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 1024)
            self._run_calls()
            data = self.endpoint.receive()
            if data:
                self._on_bytes(data)

    def _run_calls(self) -> None:
        while not self._stopping.is_set():
            try:
                work, future = self._calls.get_nowait()
            except Empty:
                return
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - handed to the calling thread
                future.set_exception(error)
