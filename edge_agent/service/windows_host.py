"""Answering the Windows service control manager, by ctypes. Not yet run on Windows.

The manager gives a service 30 s to answer, so it is told "running" before the agent loads
anything. A stop reaches the agent as SIGTERM in the main thread, as everywhere else.
Source: Microsoft, "Service Program Tasks" and winsvc.h.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

if sys.platform == "win32":
    import _thread
    import ctypes
    import signal
    import threading
    from ctypes import wintypes

    _OWN_PROCESS = 0x10
    _STOPPED, _STOP_PENDING, _RUNNING = 1, 3, 4
    _ACCEPT_STOP_AND_SHUTDOWN = 0x1 | 0x4
    _CONTROL_STOP, _CONTROL_INTERROGATE, _CONTROL_SHUTDOWN = 1, 4, 5
    _NOT_STARTED_BY_MANAGER = 1063
    _NOT_IMPLEMENTED = 120
    _SPECIFIC_ERROR = 1066
    _STOP_BUDGET_MS = 10_000

    class _ServiceStatus(ctypes.Structure):
        _fields_ = [
            ("service_type", wintypes.DWORD),
            ("current_state", wintypes.DWORD),
            ("controls_accepted", wintypes.DWORD),
            ("win32_exit_code", wintypes.DWORD),
            ("specific_exit_code", wintypes.DWORD),
            ("check_point", wintypes.DWORD),
            ("wait_hint", wintypes.DWORD),
        ]

    _Main = ctypes.WINFUNCTYPE(None, wintypes.DWORD, ctypes.POINTER(wintypes.LPWSTR))
    _Handler = ctypes.WINFUNCTYPE(
        wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.LPVOID
    )

    class _TableEntry(ctypes.Structure):
        _fields_ = [("name", wintypes.LPWSTR), ("main", _Main)]

    class _Host:
        """One service: its manager's thread, and the state it reports."""

        def __init__(self) -> None:
            self._api = ctypes.WinDLL("advapi32", use_last_error=True)
            self._api.RegisterServiceCtrlHandlerExW.restype = wintypes.LPVOID
            self._api.RegisterServiceCtrlHandlerExW.argtypes = (
                wintypes.LPCWSTR,
                _Handler,
                wintypes.LPVOID,
            )
            self._api.SetServiceStatus.argtypes = (wintypes.LPVOID, ctypes.c_void_p)
            self._main = _Main(self._service_main)
            self._handler = _Handler(self._control)
            self._handle: int | None = None
            self._exit_code = 0
            self._finished = threading.Event()
            self.answered = threading.Event()
            self.error = 0
            self._thread = threading.Thread(target=self._dispatch, name="service-manager")
            self._thread.start()

        def finish(self, exit_code: int) -> None:
            """Report the end and wait until the manager has taken it."""
            self._exit_code = exit_code
            self._finished.set()
            self._thread.join()

        def _dispatch(self) -> None:
            table = (_TableEntry * 2)(_TableEntry("", self._main), _TableEntry(None, _Main()))
            if not self._api.StartServiceCtrlDispatcherW(table):
                self.error = ctypes.get_last_error()
            self.answered.set()

        def _service_main(self, _count: int, _arguments: object) -> None:
            self._handle = self._api.RegisterServiceCtrlHandlerExW("", self._handler, None)
            self._report(_RUNNING)
            self.answered.set()
            self._finished.wait()
            self._report(_STOPPED)

        def _control(self, control: int, _kind: int, _data: object, _context: object) -> int:
            if control in (_CONTROL_STOP, _CONTROL_SHUTDOWN):
                self._report(_STOP_PENDING)
                _thread.interrupt_main(signal.SIGTERM)
                return 0
            return 0 if control == _CONTROL_INTERROGATE else _NOT_IMPLEMENTED

        def _report(self, state: int) -> None:
            status = _ServiceStatus(
                _OWN_PROCESS,
                state,
                _ACCEPT_STOP_AND_SHUTDOWN if state == _RUNNING else 0,
                _SPECIFIC_ERROR if state == _STOPPED and self._exit_code else 0,
                self._exit_code,
                0,
                _STOP_BUDGET_MS if state == _STOP_PENDING else 0,
            )
            self._api.SetServiceStatus(self._handle, ctypes.byref(status))

    def run_under_manager(serve: Callable[[], int]) -> int:
        """Run `serve` in the main thread as a service; plainly when no manager started us."""
        host = _Host()
        host.answered.wait()
        if host.error == _NOT_STARTED_BY_MANAGER:
            return serve()
        if host.error:
            raise OSError(host.error, "the service control manager refused")
        exit_code = 1
        try:
            exit_code = serve()
        finally:
            host.finish(exit_code)
        return exit_code

else:

    def run_under_manager(serve: Callable[[], int]) -> int:
        """Elsewhere there is no such manager: just `serve`."""
        return serve()
