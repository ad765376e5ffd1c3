"""The camera's thread: scans in order, and whether the camera sees.

The camera's own process is started again by its driver; this thread only listens. A camera that
never opened is tried again like any device.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from drivers.base import Scan, Scanner
from drivers.errors import DeviceError, DeviceUnavailable
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.panel_state import DeviceState

READ_S = 0.5
REOPEN_S = 5.0


class CameraWorker:
    """Listens to one camera. `open_device` raises `DeviceError`; the scanner it gives stays usable
    after `DeviceUnavailable`."""

    def __init__(
        self,
        open_device: Callable[[], Scanner],
        on_scan: Callable[[Scan], object],
        on_state: Callable[[DeviceState], None],
    ) -> None:
        self._open = open_device
        self._on_scan = on_scan
        self._on_state = on_state
        self._state: DeviceState | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="device-camera", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the camera's process; returns when the thread has ended."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                camera = self._open()
            except DeviceError as error:
                self._turned("offline", str(error))
                self._stop.wait(REOPEN_S)
                continue
            try:
                self._listen(camera)
            finally:
                camera.close()

    def _listen(self, camera: Scanner) -> None:
        while not self._stop.is_set():
            try:
                scan = camera.read_scan(READ_S)
            except DeviceUnavailable as error:
                self._turned("offline", str(error))
                continue
            self._turned("ok", "")
            if scan is not None:
                self._hand_over(scan)

    def _turned(self, state: DeviceState, problem: str) -> None:
        if state == self._state:
            return
        if state == "offline":
            emit(Event.DEVICE_LOST, device="camera", problem=problem)
        elif self._state is not None:
            emit(Event.DEVICE_BACK, device="camera")
        self._state = state
        self._on_state(state)

    def _hand_over(self, scan: Scan) -> None:
        try:
            self._on_scan(scan)
        except Exception as error:  # noqa: BLE001 - a full disk must not end the thread
            emit(Event.DEVICE_FAILED, device="camera", error=error)
