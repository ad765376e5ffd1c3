"""What bounds a decoding process: its memory, its threads, its core file."""

from __future__ import annotations

import os
import sys

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    # Media Foundation opens a camera in seconds instead of tens of them without its transforms.
    "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",
    "OPENCV_LOG_LEVEL": "ERROR",
}


def limit_this_process(memory_mib: int) -> None:
    """At most so much memory of its own, and no core file. Windows has no such limit here."""
    if sys.platform == "win32":
        return
    import resource

    size = memory_mib * 1024 * 1024
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def memory_kib() -> int:
    """Resident memory of this process now, KiB; 0 where it cannot be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)
    except (OSError, ValueError, AttributeError):
        return 0
