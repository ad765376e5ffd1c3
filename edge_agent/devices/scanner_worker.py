"""The scanner's thread: reads, reopens after an unplug, hands scans over in order."""

from __future__ import annotations

import threading
from collections.abc import Callable

from drivers.base import Scan, Scanner, ScanSignal, SignallingScanner
from drivers.errors import DeviceError, DeviceUnavailable
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.panel_state import DeviceState

READ_S = 0.5
REOPEN_S = (0.2, 0.5, 1.0, 2.0)


class ScannerWorker:
    """Owns one scanner. `open_device` blocks and raises `DeviceError`; `on_scan` says what the
    reader should sound."""

    def __init__(
        self,
        open_device: Callable[[], Scanner],
        on_scan: Callable[[Scan], ScanSignal],
        on_state: Callable[[DeviceState], None],
        on_open: Callable[[Scanner], None] = lambda _scanner: None,
    ) -> None:
        self._open = open_device
        self._on_scan = on_scan
        self._on_state = on_state
        self._on_open = on_open
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="device-scanner", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Release the port; returns when the thread has ended."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _work(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                scanner = self._open()
            except DeviceError as error:
                if failures == 0:
                    emit(Event.DEVICE_LOST, device="scanner", problem=str(error))
                    self._on_state("offline")
                self._stop.wait(REOPEN_S[min(failures, len(REOPEN_S) - 1)])
                failures += 1
                continue
            if failures:
                emit(Event.DEVICE_BACK, device="scanner")
            self._on_open(scanner)
            self._on_state("ok")
            failures = self._read(scanner)

    def _read(self, scanner: Scanner) -> int:
        try:
            while not self._stop.is_set():
                scan = scanner.read_scan(READ_S)
                if scan is not None:
                    self._hand_over(scanner, scan)
            return 0
        except DeviceUnavailable as error:
            emit(Event.DEVICE_LOST, device="scanner", problem=str(error))
            self._on_state("offline")
            return 1
        finally:
            scanner.close()

    def _hand_over(self, scanner: Scanner, scan: Scan) -> None:
        """Act on a scan and sound what it was; a scan that could not be handled is told too."""
        signal: ScanSignal = "unknown"
        try:
            signal = self._on_scan(scan)
        except Exception as error:  # noqa: BLE001 - a full disk must not end the thread
            emit(Event.DEVICE_FAILED, device="scanner", error=error)
        if isinstance(scanner, SignallingScanner):
            scanner.signal(signal)
