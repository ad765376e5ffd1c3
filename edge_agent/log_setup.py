"""Where log lines go: JSON to stderr or the journal, and to a rotated file.

Logging never stops the agent: a full or broken disk pauses the file and is told when it is over.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

from edge_agent.config import ConfigError, Settings, load_settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit, event_record
from edge_agent.log_lines import HumanFormatter, JsonFormatter

FILE_NAME = "agent.log"
FILE_BYTES = 10 * 1024 * 1024
FILE_COUNT = 10
FREE_FLOOR_BYTES = 64 * 1024 * 1024
_QUIET = ("httpx", "httpcore", "uvicorn.access", "asyncio")


def free_bytes(folder: Path) -> int:
    """Bytes an ordinary user may still write where `folder` stands."""
    return shutil.disk_usage(folder).free


class GuardedFile(logging.handlers.RotatingFileHandler):
    """Rotated file that pauses while the disk is nearly full or broken, and says so after.

    `dropped` counts the lines that were not written since the pause began."""

    def __init__(
        self,
        folder: Path,
        file_bytes: int = FILE_BYTES,
        file_count: int = FILE_COUNT,
        free: Callable[[Path], int] = free_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            folder / FILE_NAME,
            maxBytes=file_bytes,
            backupCount=file_count - 1,
            encoding="utf-8",
            delay=True,
        )
        self._folder = folder
        self._free = free
        self._monotonic = monotonic
        self._look_again_at = float("-inf")
        self._has_room = True
        self._failed = False
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it as dropped. Free space is looked at once a second."""
        self._look()
        if self._has_room and self.dropped:
            resumed = event_record(Event.LOG_RESUMED, {"not_written": self.dropped})
            if self._write(resumed):
                self.dropped = 0
        if not self._has_room or self.dropped or not self._write(record):
            self.dropped += 1

    def _look(self) -> None:
        now = self._monotonic()
        if now < self._look_again_at:
            return
        self._look_again_at = now + 1
        try:
            has_room = self._free(self._folder) >= FREE_FLOOR_BYTES
        except OSError:
            has_room = False
        if self._has_room and not has_room:
            self._write(event_record(Event.LOG_PAUSED, {"free_below": FREE_FLOOR_BYTES}))
        self._has_room = has_room

    def _write(self, record: logging.LogRecord) -> bool:
        self._failed = False
        super().emit(record)
        return not self._failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - stdlib's signature
        """A failed write closes the file; the next line tries to open it again."""
        self._failed = True
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()

    def doRollover(self) -> None:
        """Rotate; where a reader holds the file (Windows), go on in the same one."""
        try:
            super().doRollover()
        except PermissionError:
            self.stream = self.stream or self._open()

    def _open(self) -> TextIOWrapper:
        torn = _ends_inside_a_line(Path(self.baseFilename))
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        stream = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
        if torn:
            stream.write("\n")
        return stream


class LogControl:
    """What `configure` has set up; `close` takes it down again."""

    def __init__(self, handlers: list[logging.Handler]) -> None:
        self.handlers = handlers

    def set_level(self, level: str) -> None:
        """Least level written from now on: debug, info, warning or error. The change itself is
        always written."""
        number = logging.getLevelNamesMapping()[level.upper()]
        root = logging.getLogger()
        if root.level != number:
            root.setLevel(logging.DEBUG)
            emit(Event.LOG_LEVEL_CHANGED, to=level)
            root.setLevel(number)

    def close(self) -> None:
        """Flush and remove the handlers."""
        for handler in self.handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        self.handlers = []


def configure(settings: Settings, service: bool) -> LogControl:
    """Send the root logger to the rotated file, and to stderr: JSON lines, with priorities when
    stderr is the journal, readable lines on a terminal. A Windows service has no stderr."""
    handlers: list[logging.Handler] = []
    if sys.stderr is not None:
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(_stream_formatter(service))
        handlers.append(stream)
    # Without its folder the file handler drops lines, and starts once the folder is there.
    with contextlib.suppress(OSError):
        settings.log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = GuardedFile(settings.log_dir)
    file.setFormatter(JsonFormatter())
    handlers.append(file)
    root = logging.getLogger()
    root.setLevel(settings.log.level.upper())
    for handler in handlers:
        root.addHandler(handler)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return LogControl(handlers)


def reload_on_hangup(control: LogControl, path: Path) -> None:
    """Read `[log] level` again on SIGHUP; nothing to do where there is no such signal."""
    if sys.platform == "win32":
        return

    def reload(_number: int, _frame: object) -> None:
        try:
            control.set_level(load_settings(path).log.level)
        except ConfigError as error:
            emit(Event.CONFIG_REJECTED, problem=str(error))

    signal.signal(signal.SIGHUP, reload)


def _ends_inside_a_line(path: Path) -> bool:
    """Whether a full disk or a power cut has left half a line at the end."""
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        return False


def _stream_formatter(service: bool) -> logging.Formatter:
    if _is_journal():
        return JsonFormatter(journal=True)
    return JsonFormatter() if service or not sys.stderr.isatty() else HumanFormatter()


def _is_journal() -> bool:
    """Whether stderr is the journal's own socket (sd-daemon: `JOURNAL_STREAM` = dev:inode)."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
