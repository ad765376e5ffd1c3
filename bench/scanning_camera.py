"""`python -m bench.scanning_camera`: what a camera costs. Rows for `bench.scanning` too.

Frames are 1280 × 720: real pictures of codes and of none on an empty counter, a phone with a QR.
Times are processor time of decoding, zbar's process included. Idle and active are the processor
time of the camera's processes against two cores, over an emulated MJPEG camera at 15 frames a
second, capture and JPEG included; the emulator is not counted.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from bench.report import Row, finish, percentile
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.phone_screen import Damage, phone_scene
from drivers.scanner.camera.driver import CameraScanner
from drivers.scanner.camera.options import camera_options
from drivers.scanner.camera.pipeline import Pipeline
from drivers.scanner.camera.readers import Gray
from drivers.scanner.camera.symbology import PLAIN_FORMATS
from drivers.scanner.camera.zbar_link import ZbarLink

PICTURES = Path(__file__).parents[1] / "tests" / "data" / "barcodes"
SIZE = (1280, 720)
CODE = "LC1:0000000001Y"
ROUNDS = 8
READY_S = 60.0
SETTLE_S = 4.0
MEASURE_S = 10.0
CORES = 2


def frames() -> list[Gray]:
    """What the camera sees, code or none."""
    found = []
    for path in sorted(PICTURES.rglob("*.png")):
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            continue
        scale = min(SIZE[0] / pixels.shape[1], SIZE[1] / pixels.shape[0])
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale)[: SIZE[1], : SIZE[0]]
        scene = np.full((SIZE[1], SIZE[0]), 120, np.uint8)
        scene[: pixels.shape[0], : pixels.shape[1]] = pixels
        found.append(scene)
    for damage in (Damage(), Damage(blur=6), Damage(rotation=30, noise=6)):
        found.append(np.asarray(phone_scene(CODE, SIZE, 260, damage), dtype=np.uint8))
    return found


def camera_rows() -> list[Row]:
    """All rows; `RuntimeError` when zbar or the camera does not start."""
    cv2.setNumThreads(1)
    plain_ms, rung_ms = _frame_times(frames())
    idle, active, latency = _loads()
    beside = "zxing-cpp alone is the plain look"
    return [
        Row("720p frame, plain, p95", percentile(plain_ms, 95), 8, "ms", beside),
        Row("720p frame with a rung, p95", percentile(rung_ms, 95), 25, "ms", "plain + one rung"),
        Row("camera idle, of 2 cores", idle, 1.5, "%", "emulated MJPEG 720p at 15 fps"),
        Row("camera active, of 2 cores", active, 10, "%", "a QR in view, 15 fps"),
        Row("code shown to scan told", latency, 400, "ms", "one frame is 67 ms; p95 of 12"),
    ]


def _frame_times(scenes: list[Gray]) -> tuple[list[float], list[float]]:
    plain_ms, rung_ms = [], []
    zbar = ZbarLink()
    try:
        if not zbar.start(READY_S):
            raise RuntimeError("zbar does not start")
        for pixels in scenes:
            pipeline = Pipeline(PLAIN_FORMATS, zbar)
            for place in range(ROUNDS):
                for with_rung in (False, True):
                    begun = _spent_ms(zbar)
                    look = pipeline.look(pixels, place + with_rung / 2, with_rung)
                    (rung_ms if look.rung else plain_ms).append(_spent_ms(zbar) - begun)
    finally:
        zbar.close()
    return plain_ms, rung_ms


def _spent_ms(zbar: ZbarLink) -> float:
    return time.thread_time_ns() / 1e6 + zbar.cpu_us / 1e3


def _loads() -> tuple[float, float, float]:
    """Idle %, active %, and the time from a changed scene to its scan, ms p95."""
    emulator = CameraEmulator("bench")
    scanner = CameraScanner(camera_options(emulator.url, {}))
    try:
        scanner.wait_open(READY_S)
        idle = _load(scanner)
        waits = []
        for place in range(12):
            emulator.send("blank")
            _listen(scanner, 1.3)
            code = f"LC1:{place:010d}"
            emulator.send(f"scan {code}")
            begun = time.monotonic()
            while scanner.read_scan(10.0) is None:
                if time.monotonic() - begun > READY_S:
                    raise RuntimeError("a code was not read")
            waits.append((time.monotonic() - begun) * 1000)
        return idle, _load(scanner), percentile(waits, 95)
    finally:
        scanner.close()
        emulator.close()


def _load(scanner: CameraScanner) -> float:
    _listen(scanner, SETTLE_S)
    pids = [pid for pid in (scanner.pid, scanner.report.zbar_pid) if pid]
    before, begun = sum(_cpu_s(pid) for pid in pids), time.monotonic()
    _listen(scanner, MEASURE_S)
    spent = sum(_cpu_s(pid) for pid in pids) - before
    return 100 * spent / (time.monotonic() - begun) / CORES


def _listen(scanner: CameraScanner, for_s: float) -> None:
    until_s = time.monotonic() + for_s
    while (left := until_s - time.monotonic()) > 0:
        scanner.read_scan(min(left, 0.5))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """0 when every budget is met, 1 when one is missed, 2 when it could not run."""
    try:
        rows = camera_rows()
    except RuntimeError as error:
        print(f"scanning_camera: {error}", file=sys.stderr)
        return 2
    return finish("scanning_camera", rows)


if __name__ == "__main__":
    sys.exit(main())
