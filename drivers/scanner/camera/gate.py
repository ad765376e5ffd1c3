"""Is it worth looking: motion, sharpness, exposure, and a picture that stands still.

Motion is judged on means of 16 × 16 points, so that the sensor's noise is not taken for it and a
code of 60 points in a corner is. Figures are whole numbers of grey levels.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.scanner.camera.readers import Gray

CELL = 16
MOTION_LEVELS = 6
FROZEN_S = 2.5
FROZEN_LOOKS = 4
FLAT_LEVELS = 3
BRIGHT = 250
DARK = 16


class MotionGate:
    """Compares each frame with the last one in which something moved."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None

    def moved(self, pixels: Gray) -> bool:
        """Something is other than when it last moved; the first frame has moved."""
        height, width = pixels.shape
        size = (max(1, width // CELL), max(1, height // CELL))
        cells = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.int16)
        last = self._last
        if last is not None and last.shape == cells.shape:
            difference = np.abs(cells - last)
            if int(difference.max()) <= MOTION_LEVELS:
                return False
        self._last = cells
        return True


class FrozenWatch:
    """A sensor never gives the same bytes twice; a camera that hangs does."""

    def __init__(self) -> None:
        self._digest = -1
        self._since_s = 0.0
        self._looks = 0

    def is_frozen(self, pixels: Gray, now_s: float) -> bool:
        """The frames have been equal for 2.5 s. A flat frame (a cap on the lens) proves nothing."""
        digest = zlib.adler32(np.ascontiguousarray(pixels).data)
        if digest != self._digest:
            self._digest, self._since_s, self._looks = digest, now_s, 0
            return False
        self._looks += 1
        if self._looks < FROZEN_LOOKS or now_s - self._since_s < FROZEN_S:
            return False
        return int(pixels.max()) - int(pixels.min()) > FLAT_LEVELS


@dataclass(frozen=True, slots=True)
class Quality:
    """How a frame is: `sharpness` is the spread of its edges (Laplacian, half size), `mean` the
    mean grey of 0 to 255, and shares of burnt-out and black points in percent."""

    sharpness: int
    mean: int
    bright_percent: int
    dark_percent: int


def quality(pixels: Gray) -> Quality:
    """Measure one frame, about half a millisecond at 720p."""
    half = pixels[::2, ::2]
    edges = cv2.Laplacian(half, cv2.CV_16S)
    return Quality(
        sharpness=round(float(edges.std())),
        mean=round(float(half.mean())),
        bright_percent=round(100 * float((half >= BRIGHT).mean())),
        dark_percent=round(100 * float((half <= DARK).mean())),
    )
