"""The camera's process: frames in, one line of JSON a scan out.

Standard input: the options as one line, the codes that were in view when the process before this
one ended as another, then `again` to tell a code that is still in view once more; its end ends the
process. Standard output: `{"t": "scan", …}`, `{"t": "state", …}` when the camera comes or goes, and
`{"t": "beat", …}` with rate, sharpness and exposure twice a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import IO, Any

from drivers.scanner.camera.limits import limit_this_process, memory_kib

MEMORY_LIMIT_MIB = 1024
LEAVE_OVER_KIB = 700 * 1024


class Lines:
    """Lines of JSON to the agent, from one thread."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def send(self, kind: str, **content: Any) -> None:
        """One line; `BrokenPipeError` when the agent is gone."""
        self._out.write(json.dumps({"t": kind, **content}).encode() + b"\n")
        self._out.flush()


def main() -> int:
    """Entry point of the process."""
    limit_this_process(MEMORY_LIMIT_MIB)
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what libraries print must not fall between the lines
        lines = Lines(out)
        try:
            import cv2
            import zxingcpp  # noqa: F401
        except ImportError as error:
            lines.send("fatal", code="camera_packages_missing", why=str(error))
            return 1
        from drivers.scanner.camera.looking import Looking
        from drivers.scanner.camera.options import CameraOptions

        cv2.setNumThreads(1)
        options = CameraOptions.from_json(sys.stdin.readline())
        looking = Looking(options, lines.send, json.loads(sys.stdin.readline()))
        ended = threading.Event()
        listener = threading.Thread(target=_listen, args=(looking, ended), daemon=True)
        listener.start()
        try:
            with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
                while not ended.is_set() and memory_kib() < LEAVE_OVER_KIB:
                    looking.step(time.monotonic())
        finally:
            looking.close()
    return 0


def _listen(looking: Any, ended: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "again":
            looking.again()
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
