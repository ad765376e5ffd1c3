"""Our pipeline and the decoders it stands beside, each offered the same frames.

A decoder on its own gives the same answer to the same picture, so the rivals look once: further
frames would change neither their figures nor their time a frame. All are asked for the same kinds.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2

from drivers.scanner.camera.pipeline import Pipeline
from drivers.scanner.camera.readers import Gray, Prepared, read_zbar, read_zxing, zxing_formats
from drivers.scanner.camera.symbology import SYMBOLOGIES
from drivers.scanner.camera.votes import Reading
from drivers.scanner.camera.zbar_link import ZbarLink

FRAMES = 10
FRAME_S = 1 / 15
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Answer:
    """Values accepted for one picture, the processor time of each frame, ms, and which values came
    from codes repaired by Reed-Solomon words."""

    values: frozenset[str]
    frames_ms: tuple[float, ...]
    repaired: frozenset[str] = frozenset()


Decoder = Callable[[Gray], Answer]


def decoders(kinds: tuple[str, ...], zbar: ZbarLink) -> dict[str, Decoder]:
    """Ours first, then the others by name."""
    return {
        OURS: lambda pixels: _ours(pixels, kinds, zbar),
        "zxing-cpp": lambda pixels: _once(
            lambda: read_zxing(Prepared(pixels, "plain"), zxing_formats(kinds)),
            zbar,
        ),
        "pyzbar": lambda pixels: _once(
            lambda: read_zbar(Prepared(pixels, "plain"), kinds, zbar),
            zbar,
        ),
        "OpenCV": lambda pixels: _once(lambda: _opencv(pixels, kinds), zbar),
    }


def _ours(pixels: Gray, kinds: tuple[str, ...], zbar: ZbarLink) -> Answer:
    pipeline = Pipeline(kinds, zbar)
    believed: list[Reading] = []
    times = []
    for place in range(FRAMES):
        begun = _spent_ms(zbar)
        look = pipeline.look(pixels, place * FRAME_S)
        times.append(_spent_ms(zbar) - begun)
        believed += look.believed
    return _answer(believed, tuple(times))


def _once(read: Callable[[], list[Reading]], zbar: ZbarLink) -> Answer:
    begun = _spent_ms(zbar)
    readings = read()
    return _answer(readings, (_spent_ms(zbar) - begun,))


def _answer(readings: list[Reading], times: tuple[float, ...]) -> Answer:
    repaired = {r.text for r in readings if SYMBOLOGIES[r.symbology].proof == "repaired"}
    return Answer(frozenset(r.text for r in readings), times, frozenset(repaired))


def _opencv(pixels: Gray, kinds: tuple[str, ...]) -> list[Reading]:
    """Its bar code detector with all its kinds, and its QR detector in the form that is not known
    to hang (opencv/opencv#26642)."""
    readings: list[Reading] = []
    with contextlib.suppress(cv2.error):
        texts = cv2.barcode.BarcodeDetector().detectAndDecodeWithType(pixels)[1] or ()
        readings += [Reading("ean13", text, "", "opencv") for text in texts if text]
    if "qr" in kinds:
        with contextlib.suppress(cv2.error, UnicodeDecodeError):
            text = cv2.QRCodeDetector().detectAndDecode(pixels)[0]
            readings += [Reading("qr", text, "", "opencv")] if text else []
    return readings


def _spent_ms(zbar: ZbarLink) -> float:
    return time.thread_time_ns() / 1e6 + zbar.cpu_us / 1e3
